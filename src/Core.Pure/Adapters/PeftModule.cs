using Functional.Base;
using Functional.Families;
using Functional.Models;

namespace Functional.Adapters;

/// <summary>Outputs of a published layer that stand side by side here: theirs in the order of some axes, and where those stand among a site's.</summary>
/// <param name="Sizes">The lengths of the axes.</param>
/// <param name="Theirs">How far apart neighbours are there, in outputs.</param>
/// <param name="TheirFirst">The first of them there.</param>
/// <param name="Ours">How far apart neighbours are here.</param>
/// <param name="OurFirst">The first of them here.</param>
sealed record OutputRows(Vec<long> Sizes, Vec<long> Theirs, long TheirFirst, Vec<long> Ours, long OurFirst);

/// <summary>A layer of a published model, as PEFT sees it.</summary>
/// <param name="Name">Its name there, such as <c>model.layers.0.self_attn.q_proj</c>.</param>
/// <param name="Site">The place here that is the same layer; nothing where there is none, as of norms, and of experts, which stand side by side.</param>
/// <param name="Rows">Where its outputs are here.</param>
sealed record PeftModule(string Name, Site? Site, Vec<OutputRows> Rows)
{
    /// <summary>All layers with a weight of a published model.</summary>
    public static Vec<PeftModule> Of(PublishedModel published)
    {
        var sites = Transformer.Of(published.Config).Sites;
        var tensors = published.Tensors;
        var head = HeadName(published);
        return
        [
            .. tensors.Where(static t => t.Name.EndsWith(".weight", StringComparison.Ordinal)).Select(t => Of(t, sites, head)),
            // A tied head is in no file, but a layer nevertheless.
            .. tensors.Any(t => t.Name == $"{head}.weight") ? (Vec<PeftModule>)[] : [Whole(head, sites.First(static s => s.Kind == SiteKind.Head))],
        ];
    }

    /// <summary>The name of the layer that gives logits or labels.</summary>
    public static string HeadName(PublishedModel published) => published.Config.Labels > 0 ? "score" : LoraPlan.ModuleOf(published.Family.Head);

    static PeftModule Of(TheirTensor tensor, Vec<Site> sites, string head)
    {
        var name = LoraPlan.ModuleOf(tensor.Name);
        if (name == head) return Whole(name, sites.First(static s => s.Kind == SiteKind.Head));
        if (tensor.Pieces is [{ Ours: "tokens" } all] && all.From == all.To) return Whole(name, sites.First(static s => s.Kind == SiteKind.Table));
        return tensor.Shape.Count == 2 && sites.FirstOrDefault(s => s.Kind == SiteKind.Linear && Is(s, tensor)) is { } site
            ? new(name, site, [.. tensor.Pieces.Select(piece => RowsOf(tensor, site, piece))]) : new(name, null, []);
    }

    static PeftModule Whole(string name, Site site) => new(name, site, [new([site.Outputs], [1], 0, [1], 0)]);

    static bool Is(Site site, TheirTensor tensor) => site.Stretches.Count == tensor.Pieces.Count && tensor.Pieces.All(piece =>
        site.Stretches.Any(s => s.Matrix == piece.Ours && piece.From.Count == (long)site.Inputs * s.Count && InputAxis(site, s, piece) >= 0
            && Columns(site, s, piece) == (s.First, s.First + s.Count)));

    // Here a step on the axis of inputs is a row of [inputs, all].
    static int InputAxis(Site site, Stretch stretch, TensorPiece piece) =>
        Enumerable.Range(0, piece.To.Sizes.Count).FirstOrDefault(k => piece.To.Strides[k] == stretch.All && piece.To.Sizes[k] == site.Inputs, -1);

    static (long First, long End) Columns(Site site, Stretch stretch, TensorPiece piece) =>
        piece.To.Slice(InputAxis(site, stretch, piece), 0, 1) is var row ? (row.Offset, row.End) : (0, 0);

    static OutputRows RowsOf(TheirTensor tensor, Site site, TensorPiece piece)
    {
        var (stretch, at) = (site.Stretches.First(s => s.Matrix == piece.Ours), 0);
        foreach (var before in site.Stretches.TakeWhile(s => s != stretch)) at += before.Count;
        var axis = InputAxis(site, stretch, piece);
        var (from, to) = (piece.From.At(axis, 0), piece.To.At(axis, 0));
        // Theirs is [outputs, inputs], or, where inputs are not neighbours, [inputs, outputs].
        var output = piece.From.Strides[axis] == 1 && tensor.Shape[1] == site.Inputs ? tensor.Shape[1] : 1;
        return new(from.Sizes, from.Strides.Map(s => s / output), from.Offset / output, to.Strides, to.Offset - stretch.First + at);
    }

    /// <summary>The tensors of an adapter on this layer, as PEFT's files have them.</summary>
    public Vec<TheirTensor> Tensors(Adapter adapter)
    {
        var (inputs, outputs, r) = ((long)adapter.Site.Inputs, (long)adapter.Site.Outputs, (long)adapter.Rank);
        var path = $"{Peft.Prefix}{Name}";
        var (a, b) = adapter.Site.Kind == SiteKind.Table ? ($"{path}.lora_embedding_A", $"{path}.lora_embedding_B")
            : ($"{path}.lora_A.weight", $"{path}.lora_B.weight");
        return
        [
            new(a, [r, inputs], [new(ElementView.Of([r, inputs]).Transpose(), adapter.A, ElementView.Of([inputs, r]))]),
            new(b, [outputs, r], Rows.Map(rows => new TensorPiece(
                new([r, .. rows.Sizes], [1, .. rows.Theirs.Map(s => s * r)], rows.TheirFirst * r), adapter.B,
                    new([r, .. rows.Sizes], [outputs, .. rows.Ours], rows.OurFirst)))),
            .. adapter.Dora ? (Vec<TheirTensor>)[new($"{path}.lora_magnitude_vector", [outputs], Rows.Map(rows => new TensorPiece(
                new(rows.Sizes, rows.Theirs, rows.TheirFirst), adapter.Magnitude, new(rows.Sizes, rows.Ours, rows.OurFirst))))] : [],
        ];
    }
}
