using Functional.Base;
using Functional.Layers;
using Functional.Models;
using static Functional.Families.TheirTensor;

namespace Functional.Families;

/// <summary>Tensors that many families name alike.</summary>
static class Norms
{
    /// <summary>A norm of the model's width: its weight and, where it has one, its bias.</summary>
    public static Vec<TheirTensor> Of(string theirs, string ours, DecoderConfig c) => Of(theirs, ours, c, c.Width);

    /// <summary>A norm of some width.</summary>
    public static Vec<TheirTensor> Of(string theirs, string ours, DecoderConfig c, int width) => !c.NormWeights ? [] :
    [
        Same($"{theirs}.weight", $"{ours}.weight", width),
        .. c.Norm == NormKind.Layer && c.Bias.HasFlag(Biases.Norms) ? (Vec<TheirTensor>)[Same($"{theirs}.bias", $"{ours}.bias", width)] : [],
    ];
}
