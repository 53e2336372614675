using Functional.Base;
using Functional.Graphs;

namespace Functional.Meaning;

/// <summary>Reference evaluation of ops that make or move elements without computing on them.</summary>
static class MovementRules
{
    public static double[] Fill(Op.Fill op)
    {
        var result = new double[op.Type.Size];
        System.Array.Fill(result, Numbers.Convert(op.Value, op.Type.DType));
        return result;
    }

    public static double[] Iota(Op.Iota op) =>
        System.Array.ConvertAll(Offsets(op.Shape, [.. op.Shape.Select((_, i) => i == op.Axis ? 1 : 0)]), static i => (double)i);

    public static double[] Permute(Op.Permute op, Vec<int> shape, Value x)
    {
        var strides = Strides(x.Type.Shape);
        return Read(x, Offsets(shape, op.Order.Map(i => strides[i])));
    }

    public static double[] Broadcast(Vec<int> shape, Value x) => Read(x, Offsets(shape, BroadcastStrides(x.Type.Shape)));

    public static double[] Slice(Op.Slice op, Value x) => Read(x, Offsets(op.Lengths, Strides(x.Type.Shape), op.Starts));

    public static double[] Pad(Op.Pad op, TensorType type, Value x)
    {
        var result = new double[type.Size];
        var to = Offsets(x.Type.Shape, Strides(type.Shape), op.Before);
        for (var i = 0; i < to.Length; i++) result[to[i]] = x[i];
        return result;
    }

    public static double[] Concat(int axis, TensorType type, Vec<Value> parts)
    {
        var result = new double[type.Size];
        var start = 0;
        foreach (var part in parts)
        {
            var to = Offsets(part.Type.Shape, Strides(type.Shape), type.Shape.Map((_, i) => i == axis ? start : 0));
            for (var i = 0; i < to.Length; i++) result[to[i]] = part[i];
            start += part.Type.Shape[axis];
        }
        return result;
    }

    /// <summary>How far apart neighbours along each axis are in row-major order.</summary>
    public static Vec<int> Strides(Vec<int> shape)
    {
        var strides = new int[shape.Count];
        for (int i = shape.Count - 1, stride = 1; i >= 0; stride *= shape[i--]) strides[i] = stride;
        return [.. strides];
    }

    /// <summary>As <see cref="Strides"/>, but 0 along axes of length 1: what is there serves every index.</summary>
    public static Vec<int> BroadcastStrides(Vec<int> shape) => Strides(shape).Map((s, i) => shape[i] == 1 ? 0 : s);

    /// <summary>The position Σ (start + index) · stride of every index of <paramref name="shape"/>, in row-major order.</summary>
    public static int[] Offsets(Vec<int> shape, Vec<int> strides, Vec<int> start = default)
    {
        var offsets = new int[new TensorType(shape).Size];
        for (var i = 0; i < start.Count; i++) offsets[0] += start[i] * strides[i];
        // Grows from one index of the axes so far to all indices of one more, the innermost axis first.
        var done = 1;
        for (var axis = shape.Count - 1; axis >= 0; axis--)
        {
            for (var k = 1; k < shape[axis]; k++)
                for (var i = 0; i < done; i++) offsets[k * done + i] = offsets[i] + k * strides[axis];
            done *= shape[axis];
        }
        return offsets;
    }

    static double[] Read(Value x, int[] from) => System.Array.ConvertAll(from, i => x[i]);
}
