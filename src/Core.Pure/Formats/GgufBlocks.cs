using System.Buffers.Binary;
using Functional.Graphs;

namespace Functional.Formats;

/// <summary>Numbers as the bytes of a GGUF tensor.</summary>
public static class GgufBlocks
{
    /// <summary>Writes numbers; those of blocks to the nearest, by the least scale that reaches the largest of its 32.</summary>
    /// <param name="numbers">The numbers; of blocks a multiple of 32.</param>
    /// <param name="scales">For each number the scale of its block, where it is known: a number is then a whole number of it. Nothing, to choose it.</param>
    /// <param name="type">How they are kept.</param>
    /// <param name="bytes">Where they go.</param>
    /// <returns>Nothing, or the first number that the type cannot hold.</returns>
    public static float? Write(ReadOnlySpan<float> numbers, ReadOnlySpan<float> scales, GgufType type, Span<byte> bytes)
    {
        switch (type)
        {
            case GgufType.F32:
                for (var i = 0; i < numbers.Length; i++) BinaryPrimitives.WriteSingleLittleEndian(bytes[(4 * i)..], numbers[i]);
                return null;
            case GgufType.F16:
                for (var i = 0; i < numbers.Length; i++)
                {
                    var half = (Half)numbers[i];
                    if (!Half.IsFinite(half)) return numbers[i];
                    BinaryPrimitives.WriteHalfLittleEndian(bytes[(2 * i)..], half);
                }
                return null;
            default: return Blocks(numbers, scales, new(type == GgufType.Q8_0 ? 8 : 4), bytes);
        }
    }

    static float? Blocks(ReadOnlySpan<float> numbers, ReadOnlySpan<float> scales, PanelPacking packing, Span<byte> bytes)
    {
        const int group = PanelPacking.Group;
        Span<sbyte> digits = stackalloc sbyte[group];
        var size = 2 + group * packing.Bits / 8;
        for (var b = 0; b < numbers.Length / group; b++)
        {
            var block = numbers.Slice(b * group, group);
            var to = bytes.Slice(b * size, size);
            if ((scales.IsEmpty ? packing.Round(block, digits) : PanelPacking.Round(block, (Half)scales[b * group], digits)) is not { } scale)
                return packing.Unkept(block);
            BinaryPrimitives.WriteHalfLittleEndian(to, scale);
            if (packing.Bits == 8)
                for (var i = 0; i < group; i++) to[2 + i] = (byte)digits[i];
            else
                for (var i = 0; i < group / 2; i++) to[2 + i] = (byte)(digits[i] + 8 | digits[i + group / 2] + 8 << 4);
        }
        return null;
    }
}
