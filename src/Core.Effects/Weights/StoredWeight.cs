using Functional.Base;

namespace Functional.Weights;

/// <summary>A tensor as a folder of weights lists it.</summary>
/// <param name="DType">What one element is, in safetensors' word, such as <c>F16</c>; it may be one that nobody here has heard of.</param>
/// <param name="Shape">The length of each axis, outermost first; empty for a scalar.</param>
/// <param name="File">The name of the file in which it is.</param>
public sealed record StoredWeight(string DType, Vec<long> Shape, string File)
{
    /// <summary>The byte of the file at which its first element stands.</summary>
    internal long Start { get; init; }

    /// <summary>How far apart neighbours on each axis stand in the file, in elements.</summary>
    internal Vec<long> Strides { get; init; }

    /// <summary>Bytes in the file.</summary>
    internal long Bytes { get; init; }

    /// <summary>As <c>F16[2, 3]</c>.</summary>
    public override string ToString() => $"{DType}{Shape}";
}
