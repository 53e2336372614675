using Functional.Base;
using Functional.Graphs;

namespace Functional.Compiling;

/// <summary>
/// A strided window onto a plan's buffer: the element at coordinates c lies at Offset + Σ cᵢ · Strideᵢ, in elements. Permuting,
/// slicing and broadcasting make views, not copies.
/// </summary>
/// <param name="Buffer">The index of the buffer in the plan.</param>
/// <param name="DType">What one element is.</param>
/// <param name="Offset">Where the first element lies.</param>
/// <param name="Shape">The length of each axis.</param>
/// <param name="Strides">The step along each axis; 0 repeats.</param>
public readonly record struct View(int Buffer, DType DType, long Offset, Vec<int> Shape, Vec<int> Strides)
{
    /// <summary>A whole buffer in row-major order.</summary>
    public static View Dense(int buffer, TensorType type) => new(buffer, type.DType, 0, type.Shape, RowMajor(type.Shape));

    /// <summary>The strides of a dense tensor.</summary>
    public static Vec<int> RowMajor(Vec<int> shape)
    {
        var strides = new int[shape.Count];
        for (int i = shape.Count - 1, step = 1; i >= 0; i--)
        {
            strides[i] = step;
            step *= shape[i];
        }
        return [.. strides];
    }

    /// <summary>Whether at least the elements of the innermost axis lie one behind the other.</summary>
    public bool HasRows => IsDense || (Shape.Count > 0 && (Strides[^1] == 1 || Shape[^1] == 1));

    /// <summary>Whether the elements lie one behind the other in row-major order.</summary>
    public bool IsDense
    {
        get
        {
            for (int i = Shape.Count - 1, step = 1; i >= 0; i--)
            {
                if (Shape[i] != 1 && Strides[i] != step) return false;
                step *= Shape[i];
            }
            return true;
        }
    }

    /// <summary>The view of a movement op's result, or null where only a copy can give it.</summary>
    public View? Through(Op op) => op switch
    {
        Op.StopGradient => this,
        Op.Permute o => Permute(o.Order),
        Op.Slice o => Slice(o.Starts, o.Lengths),
        Op.Broadcast o => Broadcast(o.Shape),
        Op.Reshape o => Reshape(o.Shape),
        _ => null,
    };

    View Permute(Vec<int> order)
    {
        var (shape, strides) = (Shape, Strides);
        return this with { Shape = order.Map(i => shape[i]), Strides = order.Map(i => strides[i]) };
    }

    /// <summary>The box that begins at <paramref name="starts"/>.</summary>
    public View Slice(Vec<int> starts, Vec<int> lengths)
    {
        var offset = Offset;
        for (var i = 0; i < starts.Count; i++) offset += (long)starts[i] * Strides[i];
        return this with { Offset = offset, Shape = lengths };
    }

    View Broadcast(Vec<int> shape)
    {
        var (from, strides) = (Shape, Strides);
        return this with { Shape = shape, Strides = shape.Map((d, i) => d == from[i] ? strides[i] : 0) };
    }

    /// <summary>The same elements under another shape, or null where the strides do not allow it.</summary>
    public View? Reshape(Vec<int> shape)
    {
        var strides = new int[shape.Count];
        // Match runs of old axes with runs of new axes of the same product; within a run the old axes must merge into one.
        int i = Shape.Count - 1, j = shape.Count - 1;
        while (i >= 0 || j >= 0)
        {
            if (i >= 0 && Shape[i] == 1) { i--; continue; }
            if (j >= 0 && shape[j] == 1) { strides[j--] = 0; continue; }
            long have = Shape[i], want = shape[j];
            var (step, start) = (Strides[i], j);
            while (have != want)
            {
                if (have > want) want *= shape[--j];
                else
                {
                    i--;
                    if (Shape[i] != 1 && Strides[i] != step * have) return null;
                    have *= Shape[i];
                }
            }
            for (var k = start; k >= j; k--)
            {
                strides[k] = step;
                step *= shape[k];
            }
            (i, j) = (i - 1, j - 1);
        }
        return this with { Shape = shape, Strides = [.. strides] };
    }
}
