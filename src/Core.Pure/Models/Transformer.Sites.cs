using Functional.Base;
using Functional.Layers;

namespace Functional.Models;

public static partial class Transformer
{
    static Vec<Site> SitesOf(DecoderConfig c, int blocks, Params<ParamSpec> specs, ParamSpec head)
    {
        var prefixes = Enumerable.Range(0, blocks).Select(static i => FormattableString.Invariant($"blocks.{i}"));
        var tokens = specs["tokens"].Type.Shape;
        return
        [
            new("tokens", SiteKind.Table, tokens[0], [new("tokens", 0, tokens[1], tokens[1])]) { IsUsual = false },
            .. Whole(specs, "embedding_in"),
            .. prefixes.SelectMany(block => Attending(c, specs, $"{block}.qkv", block).Concat(Feeding(specs, block))),
            .. Whole(specs, "embedding_out"),
            new("head", SiteKind.Head, head.Type.Shape[1], [new(head.Name, 0, head.Type.Shape[0], head.Type.Shape[0])]) { IsUsual = false },
        ];
    }

    static IEnumerable<Site> Attending(DecoderConfig c, Params<ParamSpec> specs, string packed, string block)
    {
        var (matrix, q, k) = ($"{packed}.weight", c.HeadsWidth, c.KeyHeadCount * c.SizeOfHead);
        Site Part(string name, int first, int count) => new($"{block}.{name}", SiteKind.Linear, c.Width, [new(matrix, first, count, q + 2 * k)]);
        return [Part("q", 0, q), Part("k", q, k), Part("v", q + k, k), Part("qkv", 0, q + 2 * k) with { IsComposite = true }, .. Whole(specs, $"{block}.out")];
    }

    // An MLP, or a router with a shared MLP; experts themselves are no sites.
    static IEnumerable<Site> Feeding(Params<ParamSpec> specs, string block) => new[] { block, $"{block}.shared" }.SelectMany(mlp =>
    {
        var (gate, up) = (Whole(specs, $"{mlp}.gate"), Whole(specs, $"{mlp}.up"));
        return (Vec<Site>)
        [
            .. gate, .. up,
            .. gate is [var g] && up is [var u]
                ? (Vec<Site>)[new($"{mlp}.gate_up", SiteKind.Linear, g.Inputs, [.. g.Stretches, .. u.Stretches]) { IsComposite = true }] : [],
            .. Whole(specs, $"{mlp}.down"),
        ];
    }).Concat(new[] { "router", "shared_gate" }.SelectMany(name => Whole(specs, $"{block}.{name}").Map(static s => s with { IsUsual = false })));

    static Vec<Site> Whole(Params<ParamSpec> specs, string name) => !specs.Contains($"{name}.weight") ? []
        : specs[$"{name}.weight"].Type.Shape is var shape ? [new(name, SiteKind.Linear, shape[0], [new($"{name}.weight", 0, shape[1], shape[1])])] : [];
}
