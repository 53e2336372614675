using Functional.Base;
using Functional.Models;
using LanguageExt;
using static Functional.Families.TheirTensor;

namespace Functional.Families;

/// <summary>Mixtures of experts in a <c>config.json</c>, and their tensors.</summary>
static class ExpertParts
{
    /// <summary>How many experts there are; the name and its like in other versions are both read.</summary>
    public static ConfigPart Count(string name, int absent)
    {
        var other = name == "num_experts" ? "num_local_experts" : "num_experts";
        return new([name, other],
            (from, c) => (from.Whole(name, 1), from.Whole(other, 1)).Apply((one, two) =>
                c with { Experts = c.Experts with { Count = one.IfNone(two.IfNone(absent)) } }),
            c => [(name, new Json.Whole(c.Experts.Count))]);
    }

    /// <summary>How many a token goes to.</summary>
    public static ConfigPart Chosen(int absent) => ConfigPart.Whole(
        "num_experts_per_tok", absent, static c => c.Experts.Chosen, static (c, n) => c with { Experts = c.Experts with { Chosen = n } });

    /// <summary>The coefficient of the loss that balances them.</summary>
    public static ConfigPart Balance(double absent) => ConfigPart.Real(
        "router_aux_loss_coef", absent, static c => c.Experts.Balance, static (c, b) => c with { Experts = c.Experts with { Balance = b } });

    /// <summary>Whether the weights of the chosen sum to 1.</summary>
    public static ConfigPart Renormalised() => ConfigPart.Flag(
        "norm_topk_prob", false, static c => c.Experts.Renormalised, static (c, on) => c with { Experts = c.Experts with { Renormalised = on } });

    /// <summary>The hidden width of an expert.</summary>
    public static ConfigPart Hidden(int absent) => ConfigPart.Whole("moe_intermediate_size", absent, static c => c.Experts.Hidden > 0 ? c.Experts.Hidden
        : c.HiddenWidth,
        static (c, n) => c with { Experts = c.Experts with { Hidden = n } });

    /// <summary>Which layers have experts: each so many-th, but for those that are listed.</summary>
    public static ConfigPart Layers() => new(
        ["decoder_sparse_step", "mlp_only_layers"],
        static (from, c) => (from.Whole("decoder_sparse_step", 1), from.Reals("mlp_only_layers")).Apply((step, dense) => c with
        {
            Experts = c.Experts with
            {
                Pattern = ConfigParts.Shortest([.. Enumerable.Range(0, Math.Min(c.Layers, 100_000)).Select(i =>
                    (i + 1) % step.IfNone(1) == 0 && !dense.IfNone([]).Contains(i))], 'e', 'd'),
            },
        }),
        static c => [("decoder_sparse_step", new Json.Whole(1)),
            ("mlp_only_layers", new Json.List([.. Enumerable.Range(0, c.Layers).Where(i => !c.Experts.Has(i)).Select(static i => (Json)new Json.Whole(i))]))]);

    /// <summary>The experts of a layer, one by one there and side by side here.</summary>
    public static IEnumerable<TheirTensor> Tensors(DecoderConfig c, string theirs, string ours, string gate, string up, string down)
    {
        var hidden = c.Experts.Hidden > 0 ? c.Experts.Hidden : c.HiddenWidth;
        return Enumerable.Range(0, c.Experts.Count).SelectMany(e => (Vec<TheirTensor>)
        [
            OneOf($"{theirs}.{e}.{gate}.weight", $"{ours}.experts.gate", e, c.Experts.Count, c.Width, hidden),
            OneOf($"{theirs}.{e}.{up}.weight", $"{ours}.experts.up", e, c.Experts.Count, c.Width, hidden),
            OneOf($"{theirs}.{e}.{down}.weight", $"{ours}.experts.down", e, c.Experts.Count, hidden, c.Width),
        ]);
    }

    /// <summary>The MLP of a layer in the words of most families: a router and its experts, a shared expert where there is one, or a dense MLP.</summary>
    public static Vec<TheirTensor> Feed(DecoderConfig c, int layer, string theirs, string ours) => !c.Experts.Has(layer)
        ? LlamaNames.Gated(theirs, ours, c.Width, c.HiddenWidth, false)
        :
        [
            Turned($"{theirs}.gate.weight", $"{ours}.router.weight", c.Width, c.Experts.Count),
            .. Tensors(c, $"{theirs}.experts", ours, "gate_proj", "up_proj", "down_proj"),
            .. c.Experts.Shared > 0 ? LlamaNames.Gated($"{theirs}.shared_expert", $"{ours}.shared", c.Width, c.Experts.Shared, false) : [],
            .. c.Experts is { Shared: > 0, SharedGate: true } ? (Vec<TheirTensor>)[Turned($"{theirs}.shared_expert_gate.weight",
                $"{ours}.shared_gate.weight", c.Width, 1)] : [],
        ];
}
