using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Functional.Weights;

/// <summary>What one element of a stored tensor is.</summary>
/// <param name="Name">As safetensors has it, such as <c>BF16</c>.</param>
/// <param name="Bytes">Bytes of one element.</param>
/// <param name="IsReal">Whether it is a floating-point number, which can be read into float32.</param>
sealed record ElementType(string Name, int Bytes, bool IsReal)
{
    static readonly ElementType[] all =
    [
        new("F32", 4, true), new("F16", 2, true), new("BF16", 2, true), new("F64", 8, true), new("I64", 8, false), new("I32", 4, false), new("I16", 2, false),
        new("I8", 1, false), new("U8", 1, false), new("BOOL", 1, false),
    ];

    /// <summary>The type of that name; nothing for one that is not known.</summary>
    public static ElementType? Of(string name) => Array.Find(all, t => t.Name == name);

    /// <summary>Types that weights may be written in.</summary>
    public static string Written => "F32, F16, BF16";

    /// <summary>Elements as float32; exact from F16 and BF16, rounded from F64.</summary>
    public void Read(ReadOnlySpan<byte> from, Span<float> to)
    {
        switch (Name)
        {
            case "F32": from.CopyTo(MemoryMarshal.AsBytes(to)); break;
            case "F16": TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(from), to); break;
            case "BF16": Widen(MemoryMarshal.Cast<byte, ushort>(from), MemoryMarshal.Cast<float, uint>(to)); break;
            case "F64":
                var wide = MemoryMarshal.Cast<byte, double>(from);
                for (var i = 0; i < wide.Length; i++) to[i] = (float)wide[i];
                break;
            default: throw new System.Diagnostics.UnreachableException();
        }
    }

    /// <summary>Float32 as elements, to the nearest, ties to even.</summary>
    public void Write(ReadOnlySpan<float> from, Span<byte> to)
    {
        switch (Name)
        {
            case "F32": MemoryMarshal.AsBytes(from).CopyTo(to); break;
            case "F16": TensorPrimitives.ConvertToHalf(from, MemoryMarshal.Cast<byte, Half>(to)); break;
            case "BF16": Narrow(MemoryMarshal.Cast<float, uint>(from), MemoryMarshal.Cast<byte, ushort>(to)); break;
            default: throw new System.Diagnostics.UnreachableException();
        }
    }

    static void Widen(ReadOnlySpan<ushort> from, Span<uint> to)
    {
        var lanes = Vector<ushort>.Count;
        var i = 0;
        for (; i + lanes <= from.Length; i += lanes)
        {
            Vector.Widen(new Vector<ushort>(from[i..]), out var low, out var high);
            (low << 16).CopyTo(to[i..]);
            (high << 16).CopyTo(to[(i + (lanes / 2))..]);
        }
        for (; i < from.Length; i++) to[i] = (uint)from[i] << 16;
    }

    static void Narrow(ReadOnlySpan<uint> from, Span<ushort> to)
    {
        for (var i = 0; i < from.Length; i++)
        {
            var bits = from[i];
            to[i] = (ushort)((bits & 0x7FFFFFFF) > 0x7F800000 ? (bits >> 16) | 0x40 : (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
        }
    }
}
