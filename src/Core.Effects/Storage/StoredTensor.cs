using Functional.Base;
using Functional.Graphs;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Storage;

/// <summary>
/// A tensor as a safetensors file lists it. Files may hold more than tensors can be here: other elements, axes of length 0, more elements
/// than an <see cref="int"/> counts; such tensors are listed all the same, so that the others can be read.
/// </summary>
/// <param name="DType">What one element is, in the file's word, such as <c>F16</c>; it may be one that nobody here has heard of.</param>
/// <param name="Shape">The length of each axis, outermost first, each 0 or more; empty for a scalar.</param>
/// <param name="Begin">Its first byte, counted from the end of the header.</param>
/// <param name="End">The byte after its last.</param>
public sealed record StoredTensor(string DType, Vec<long> Shape, long Begin, long End)
{
    /// <summary>The bytes that it takes in the file.</summary>
    public long Bytes => End - Begin;

    /// <summary>Its type here; nothing unless its elements are F32, F16, BF16, I32 or BOOL and there are 1 to 2147483647 of them.</summary>
    public Option<TensorType> Held => Known(DType) is { } type && Elements is >= 1 and <= int.MaxValue
        ? Some(new TensorType(Shape.Map(static d => (int)d), type))
        : None;

    /// <summary>As <c>F16[2, 3]</c>.</summary>
    public override string ToString() => $"{DType}{Shape}";

    /// <summary>A tensor of a type that can be held, from a byte on.</summary>
    internal static StoredTensor Of(TensorType type, long begin) =>
        new(type.DType == Graphs.DType.Bool ? "BOOL" : type.DType.ToString(), type.Shape.Map(static d => (long)d), begin, begin + type.Bytes);

    /// <summary>The number of elements, 0 when any axis has length 0; nothing when no <see cref="long"/> can hold it.</summary>
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

    /// <summary>The bits of one element, as the format has them; nothing when the dtype is unknown.</summary>
    internal int? Width => DType switch
    {
        "F4" => 4,
        "F6_E2M3" or "F6_E3M2" => 6,
        "BOOL" or "I8" or "U8" or "F8_E4M3" or "F8_E5M2" or "F8_E8M0" or "F8_E4M3FNUZ" or "F8_E5M2FNUZ" => 8,
        "F16" or "BF16" or "I16" or "U16" => 16,
        "F32" or "I32" or "U32" => 32,
        "F64" or "I64" or "U64" or "C64" => 64,
        _ => null,
    };

    static DType? Known(string text) => text switch
    {
        "F32" => Graphs.DType.F32,
        "F16" => Graphs.DType.F16,
        "BF16" => Graphs.DType.BF16,
        "I32" => Graphs.DType.I32,
        "BOOL" => Graphs.DType.Bool,
        _ => null,
    };
}
