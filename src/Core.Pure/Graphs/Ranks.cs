using Functional.Base;

namespace Functional.Graphs;

/// <summary>
/// Where each number would stand if its row were sorted from the largest down, equal ones in the order of their places, and how much stands
/// before it. Arguments: x and mass, both <c>f32[rows, n]</c>; no x is NaN. Results: rank <c>i32[rows, n]</c>, 0 … n − 1 in each row, and before
/// <c>f32[rows, n]</c>, the sum of the masses of smaller rank. The meaning compares all pairs; a kernel sorts.
/// </summary>
public sealed record Ranks : FusedKind
{
    /// <inheritdoc/>
    public override string Text => "ranks";

    /// <inheritdoc/>
    public override Vec<TensorType> Types(Vec<TensorType> args)
    {
        Require(args.Count == 2 && args[0] is { Rank: 2, DType: DType.F32 } && args[1] == args[0], args, "needs x and mass f32[rows, n]");
        return [args[0] with { DType = DType.I32 }, args[0]];
    }

    /// <inheritdoc/>
    public override Vec<Tensor> Expand(Vec<Tensor> args)
    {
        var (rows, n) = (args[0].Shape[0], args[0].Shape[1]);
        Tensor x = args[0].Reshape(rows, n, 1), other = args[0].Reshape(rows, 1, n);
        // [rows, n, n]: whether the last axis' number stands before the middle one's.
        var ahead = other.Greater(x).Or(other.EqualTo(x).And(Create.Iota([n, n], 1).Less(Create.Iota([n, n], 0))));
        return
        [
            ahead.Cast(DType.I32).Sum(-1).Reshape(rows, n),
            ahead.Where(args[1].Reshape(rows, 1, n), Create.Scalar(0)).Sum(-1).Reshape(rows, n),
        ];
    }

    /// <inheritdoc/>
    public override double Flops(Vec<TensorType> args) => args[0].Size;
}
