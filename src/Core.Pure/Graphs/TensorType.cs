using Functional.Base;

namespace Functional.Graphs;

/// <summary>The shape and element type of a tensor.</summary>
/// <param name="Shape">The length of each axis, outermost first; empty for a scalar.</param>
/// <param name="DType">What one element is.</param>
public sealed record TensorType(Vec<int> Shape, DType DType = DType.F32)
{
    /// <summary>The number of axes.</summary>
    public int Rank => Shape.Count;

    /// <summary>The number of elements.</summary>
    public long Size
    {
        get
        {
            long size = 1;
            foreach (var d in Shape.Span) size *= d;
            return size;
        }
    }

    /// <summary>The bytes that a dense copy takes.</summary>
    public long Bytes => Size * DType.Size();

    /// <summary>As <c>f32[2, 3]</c>.</summary>
    public override string ToString() => $"{DType.ToString().ToLowerInvariant()}{Shape}";
}
