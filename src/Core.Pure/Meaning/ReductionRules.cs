using System.Diagnostics;
using Functional.Graphs;

namespace Functional.Meaning;

/// <summary>Reference evaluation of reductions, running sums and matrix products.</summary>
static class ReductionRules
{
    public static double[] Reduce(ReduceKind kind, TensorType type, Value x)
    {
        var result = new double[type.Size];
        if (kind == ReduceKind.Max) System.Array.Fill(result, type.DType == DType.I32 ? int.MinValue : double.NegativeInfinity);
        var to = MovementRules.Offsets(x.Type.Shape, MovementRules.BroadcastStrides(type.Shape));
        for (var i = 0; i < to.Length; i++) result[to[i]] = Combine(kind, type.DType, result[to[i]], x[i]);
        return result;
    }

    public static double[] ArgMax(int axis, TensorType type, Value x)
    {
        var result = new double[type.Size];
        var best = new double[type.Size];
        var to = MovementRules.Offsets(x.Type.Shape, MovementRules.BroadcastStrides(type.Shape));
        var index = MovementRules.Iota(new(x.Type.Shape, axis));
        for (var i = 0; i < to.Length; i++)
        {
            // The first NaN counts as the largest, as it does for the maximum itself.
            if (index[i] != 0 && !(x[i] > best[to[i]] || (double.IsNaN(x[i]) && !double.IsNaN(best[to[i]])))) continue;
            (best[to[i]], result[to[i]]) = (x[i], index[i]);
        }
        return result;
    }

    public static double[] CumSum(int axis, Value x)
    {
        var result = x.Items.ToArray();
        var step = MovementRules.Strides(x.Type.Shape)[axis];
        for (var i = 0; i < result.Length; i++)
            if (i / step % x.Type.Shape[axis] != 0) result[i] = Combine(ReduceKind.Sum, x.Type.DType, result[i - step], result[i]);
        return result;
    }

    public static double[] MatMul(TensorType type, Value a, Value b)
    {
        var (m, k, n) = (a.Type.Shape[^2], a.Type.Shape[^1], type.Shape[^1]);
        var result = new double[type.Size];
        for (var row = 0; row < result.Length / n; row++)
        {
            var to = result.AsSpan(row * n, n);
            var from = a.Items.Slice(row * k, k);
            var matrix = b.Items.Slice(row / m * k * n, k * n);
            for (var p = 0; p < k; p++)
            {
                var x = from[p];
                var y = matrix.Slice(p * n, n);
                for (var j = 0; j < n; j++) to[j] += x * y[j];
            }
        }
        return result;
    }

    static double Combine(ReduceKind kind, DType type, double a, double b) => (kind, type) switch
    {
        (ReduceKind.Sum, DType.I32) => unchecked((int)a + (int)b),
        (ReduceKind.Sum, _) => a + b,
        (ReduceKind.Max, _) => Math.Max(a, b),
        _ => throw new UnreachableException(kind.ToString()),
    };
}
