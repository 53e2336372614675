using Functional.Base;

namespace Functional.Graphs;

/// <summary>Reductions, running sums and matrix products.</summary>
public static class Reductions
{
    static Tensor Reduce(ReduceKind kind, Tensor x, Vec<int> axes)
    {
        Vec<int> positive = [.. axes.Select(i => i < 0 ? i + x.Rank : i).Order()];
        return positive.Count == 0 ? x : Tensor.Of(new Op.Reduce(kind, positive), x);
    }

    extension(Tensor x)
    {
        /// <summary>Sums over axes (negative ones count from the end), which stay with length 1.</summary>
        public Tensor Sum(params Vec<int> axes) => Reduce(ReduceKind.Sum, x, axes);

        /// <summary>Maxima over axes, which stay with length 1.</summary>
        public Tensor ReduceMax(params Vec<int> axes) => Reduce(ReduceKind.Max, x, axes);

        /// <summary>The sum of all elements, a scalar.</summary>
        public Tensor SumAll() => x.Sum([.. Enumerable.Range(0, x.Rank)]).Reshape([]);

        /// <summary>Means over axes, which stay with length 1.</summary>
        public Tensor Mean(params Vec<int> axes)
        {
            var sum = x.Sum(axes);
            return sum * ((double)sum.Type.Size / x.Type.Size);
        }

        /// <summary>The index of the first largest element along the last axis, which goes: <c>[…, n] → i32[…]</c>.</summary>
        public Tensor ArgMaxLast() => Tensor.Of(new Op.ArgMax(x.Rank - 1), x).Reshape([.. x.Shape.SkipLast(1)]);

        /// <summary>Running sums along an axis (negative counts from the end).</summary>
        public Tensor CumSum(int axis) => Tensor.Of(new Op.CumSum(axis < 0 ? axis + x.Rank : axis), x);

        /// <summary>
        /// The matrix product of the last two axes. A rank-2 right operand is shared by all leading axes of the left one:
        /// <c>[…, m, k] × [k, n] → […, m, n]</c>.
        /// </summary>
        public Tensor MatMul(Tensor y)
        {
            if (y.Rank != 2 || x.Rank == 2) return Tensor.Of(new Op.MatMul(), x, y);
            var product = Tensor.Of(new Op.MatMul(), x.Reshape(-1, x.Shape[^1]), y);
            return product.Reshape([.. x.Shape.SkipLast(1), y.Shape[1]]);
        }
    }
}
