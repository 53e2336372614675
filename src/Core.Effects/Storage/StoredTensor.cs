using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional;

/// <summary>A tensor as a safetensors file lists it.</summary>
/// <param name="DType">What one element is, in the file's word, such as <c>F16</c>.</param>
/// <param name="Shape">The length of each axis, outermost first; empty for a scalar.</param>
/// <param name="Begin">Its first byte, counted from the end of the header.</param>
/// <param name="End">The byte after its last.</param>
public sealed record StoredTensor(string DType, Vec<long> Shape, long Begin, long End)
{
    /// <summary>The bytes that it takes in the file.</summary>
    public long Bytes => End - Begin;

    /// <summary>Its type, when a tensor can be of it, or nothing.</summary>
    public Option<TensorType> Held => Parse(DType) is { } type && Elements is >= 1 and <= int.MaxValue
        ? Some(new TensorType(Shape.Map(static d => (int)d), type))
        : None;

    /// <summary>As <c>F16[2, 3]</c>.</summary>
    public override string ToString() => $"{DType}{Shape}";

    internal static StoredTensor Of(TensorType type, long begin) =>
        new(type.DType == Functional.DType.Bool ? "BOOL" : type.DType.ToString(), type.Shape.Map(static d => (long)d), begin, begin + type.Bytes);

    /// <summary>The number of elements; nothing when a <see cref="long"/> cannot hold it.</summary>
    internal long? Elements
    {
        get
        {
            if (Shape.Contains(0)) return 0;
            var n = 1L;
            foreach (var d in Shape.Span)
            {
                if (d > long.MaxValue / n) return null;
                n *= d;
            }
            return n;
        }
    }

    static DType? Parse(string text) => text switch
    {
        "F32" => Functional.DType.F32,
        "BF16" => Functional.DType.BF16,
        "I32" => Functional.DType.I32,
        "BOOL" => Functional.DType.Bool,
        _ => null,
    };
}
