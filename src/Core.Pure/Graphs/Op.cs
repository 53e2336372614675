using Functional.Base;

namespace Functional.Graphs;

/// <summary>Ways to combine the elements along an axis into one.</summary>
public enum ReduceKind : byte
{
    /// <summary>Their sum.</summary>
    Sum,
    /// <summary>The largest of them.</summary>
    Max,
}

/// <summary>
/// What a node of a tensor graph computes: attributes only, never operands, so that every traversal is written once.
/// The hierarchy is closed; whatever is not here is derived from it (<see cref="Fused"/> by a mandatory expansion).
/// </summary>
public abstract record Op
{
    Op() { }

    /// <summary>A named value given when the program runs.</summary>
    public sealed record Input(string Name, TensorType Type) : Op;

    /// <summary>The same value everywhere; for booleans 0 is false and all else true.</summary>
    public sealed record Fill(double Value, TensorType Type) : Op;

    /// <summary>Each element's index along an axis, as an integer.</summary>
    public sealed record Iota(Vec<int> Shape, int Axis) : Op;

    /// <summary>
    /// 32 random bits an element. The argument is a key, <c>i32[2]</c>; the element with linear index i is the first word of
    /// Threefry-2x32 at counter (i, <paramref name="Stream"/>), so every engine draws the same bits.
    /// </summary>
    public sealed record RandomBits(Vec<int> Shape, uint Stream) : Op;

    /// <summary>An elementwise function of one argument.</summary>
    public sealed record Unary(UnaryFunction Function) : Op;

    /// <summary>An elementwise function of two arguments of one type; broadcasts are nodes of their own.</summary>
    public sealed record Binary(BinaryFunction Function) : Op;

    /// <summary>An elementwise comparison; the result is boolean.</summary>
    public sealed record Compare(CompareFunction Function) : Op;

    /// <summary>Elementwise choice: (condition, whenTrue, whenFalse).</summary>
    public sealed record Where : Op;

    /// <summary>Conversion to another element type: floats to integers towards zero, to BF16 and F16 by rounding to nearest even.</summary>
    public sealed record Cast(DType To) : Op;

    /// <summary>The argument itself, through which no gradient passes.</summary>
    public sealed record StopGradient : Op;

    /// <summary>The same elements, in the same order, under another shape.</summary>
    public sealed record Reshape(Vec<int> Shape) : Op;

    /// <summary>Axes in another order: result axis i is argument axis <c>Order[i]</c>.</summary>
    public sealed record Permute(Vec<int> Order) : Op;

    /// <summary>Axes of length 1 repeated to the given lengths; the rank stays.</summary>
    public sealed record Broadcast(Vec<int> Shape) : Op;

    /// <summary>The box that begins at <paramref name="Starts"/> and has the given lengths.</summary>
    public sealed record Slice(Vec<int> Starts, Vec<int> Lengths) : Op;

    /// <summary>Zeros (false) added before and after along each axis.</summary>
    public sealed record Pad(Vec<int> Before, Vec<int> After) : Op;

    /// <summary>The arguments one behind the other along an axis.</summary>
    public sealed record Concat(int Axis) : Op;

    /// <summary>A reduction over axes, which stay with length 1.</summary>
    public sealed record Reduce(ReduceKind Kind, Vec<int> Axes) : Op;

    /// <summary>The index of the first largest element along an axis, which stays with length 1; an integer.</summary>
    public sealed record ArgMax(int Axis) : Op;

    /// <summary>Running sums along an axis, each including its own element.</summary>
    public sealed record CumSum(int Axis) : Op;

    /// <summary>Matrix products of the last two axes, <c>[…, m, k] × […, k, n] → […, m, n]</c>; leading axes are equal.</summary>
    public sealed record MatMul : Op;

    /// <summary>Rows of a table: (<c>table [rows, …]</c>, <c>indices i32[…]</c>) → <c>[indices…, …]</c>. An index outside the table is an error.</summary>
    public sealed record Gather : Op;

    /// <summary>(<c>target [rows, …]</c>, <c>indices i32[…]</c>, <c>updates [indices…, …]</c>) → target with each update added to its row.</summary>
    public sealed record ScatterAdd : Op;

    /// <summary>Result number <paramref name="Output"/> of a fused computation, whose meaning is the kind's expansion.</summary>
    public sealed record Fused(FusedKind Kind, int Output) : Op;

    /// <summary>The op as text: its name and attributes, the same in every culture.</summary>
    public sealed override string ToString() => OpText.Of(this);
}
