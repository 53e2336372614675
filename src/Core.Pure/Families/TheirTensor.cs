using Functional.Base;

namespace Functional.Families;

/// <summary>Some elements of a published tensor and where they stand in one of ours.</summary>
/// <param name="From">Which of the published tensor's elements.</param>
/// <param name="Ours">The name of our tensor.</param>
/// <param name="To">Their places in it, of the same sizes.</param>
public sealed record TensorPiece(ElementView From, string Ours, ElementView To);

/// <summary>A tensor of a published model, and where its elements stand in ours: read from left to right to load, from right to left to save.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Shape">Its shape there.</param>
/// <param name="Pieces">Its parts; elements in none of them are used by nobody, and are written as 0.</param>
public sealed record TheirTensor(string Name, Vec<long> Shape, Vec<TensorPiece> Pieces)
{
    /// <summary>The same tensor by another name.</summary>
    public static TheirTensor Same(string theirs, string ours, params ReadOnlySpan<int> shape) => ElementView.Of(shape) is var all
        ? new(theirs, all.Sizes, [new(all, ours, all)]) : new(theirs, [], []);

    /// <summary>A matrix that is <c>[outputs, inputs]</c> there and <c>[inputs, outputs]</c> here.</summary>
    public static TheirTensor Turned(string theirs, string ours, int inputs, int outputs) => Columns(theirs, ours, inputs, outputs, 0, outputs);

    /// <summary>A matrix <c>[outputs, inputs]</c> that is some columns of one of ours, <c>[inputs, all]</c>.</summary>
    public static TheirTensor Columns(string theirs, string ours, int inputs, int outputs, int first, int all) => new(theirs, [outputs, inputs],
        [new(ElementView.Of(outputs, inputs).Transpose(), ours, ElementView.Of(inputs, all).Slice(1, first, outputs))]);

    /// <summary>A vector that is a stretch of one of ours.</summary>
    public static TheirTensor Stretch(string theirs, string ours, int count, int first, int all) => new(theirs, [count],
        [new(ElementView.Of(count), ours, ElementView.Of(all).Slice(0, first, count))]);

    /// <summary>A matrix <c>[outputs, inputs]</c> that is one of several side by side here, <c>[count, inputs, outputs]</c>.</summary>
    public static TheirTensor OneOf(string theirs, string ours, int place, int count, int inputs, int outputs) => new(theirs, [outputs, inputs],
        [new(ElementView.Of(outputs, inputs).Transpose(), ours, ElementView.Of(count, inputs, outputs).At(0, place))]);

    /// <summary>A linear layer: its turned weight and, where it has one, its bias.</summary>
    public static Vec<TheirTensor> Linear(string theirs, string ours, int inputs, int outputs, bool bias) =>
        [Turned($"{theirs}.weight", $"{ours}.weight", inputs, outputs), .. bias ? (Vec<TheirTensor>)[Same($"{theirs}.bias", $"{ours}.bias", outputs)] : []];

    /// <summary>A linear layer that is some outputs of one of ours.</summary>
    public static Vec<TheirTensor> LinearColumns(string theirs, string ours, int inputs, int outputs, int first, int all, bool bias) =>
    [
        Columns($"{theirs}.weight", $"{ours}.weight", inputs, outputs, first, all),
        .. bias ? (Vec<TheirTensor>)[Stretch($"{theirs}.bias", $"{ours}.bias", outputs, first, all)] : [],
    ];
}
