using Functional.Base;

namespace Functional.Graphs;

/// <summary>
/// How rows are put in order by the expert that each goes to. Argument: experts <c>i32[rows]</c>; a number that is none of 0 … <paramref name="Experts"/> − 1
/// stands behind all others. Results: place <c>i32[rows]</c>, where each row goes, rows of one expert in their own order; row <c>i32[rows]</c>, which row is
/// at each place; and ends <c>i32[experts]</c>, the place behind the last row of each expert. The meaning compares all pairs; a kernel counts.
/// </summary>
/// <param name="Experts">How many experts there are, 1 or more.</param>
public sealed record ExpertOrder(int Experts) : FusedKind
{
    /// <inheritdoc/>
    public override string Text => FormattableString.Invariant($"expert_order(experts={Experts})");

    /// <inheritdoc/>
    public override Vec<TensorType> Types(Vec<TensorType> args)
    {
        Require(args is [{ Rank: 1, DType: DType.I32 }] && Experts >= 1, args, "needs experts i32[rows]");
        return [args[0], args[0], new([Experts], DType.I32)];
    }

    /// <inheritdoc/>
    public override Vec<Tensor> Expand(Vec<Tensor> args)
    {
        var rows = args[0].Shape[0];
        Tensor Whole(int value) => Create.Scalar(value, DType.I32);
        var known = args[0].Greater(Whole(-1)).And(args[0].Less(Whole(Experts))).Where(args[0], Whole(Experts));
        Tensor mine = known.Reshape(rows, 1), other = known.Reshape(1, rows);
        var ahead = other.Less(mine).Or(other.EqualTo(mine).And(Create.Iota([rows, rows], 1).Less(Create.Iota([rows, rows], 0))));
        var place = ahead.Cast(DType.I32).Sum(1).Reshape(rows);
        var at = place.Reshape(1, rows).EqualTo(Create.Iota([rows, rows], 0)).Where(Create.Iota([rows, rows], 1), Whole(0));
        var counts = known.Reshape(1, rows).Less(Create.Iota([Experts, rows], 0) + Whole(1));
        return [place, at.Sum(1).Reshape(rows), counts.Cast(DType.I32).Sum(1).Reshape(Experts)];
    }

    /// <inheritdoc/>
    public override double Flops(Vec<TensorType> args) => args[0].Size;
}
