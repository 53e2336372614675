using System.Text;

namespace Functional.Tests.Properties.Families;

/// <summary>A GGUF file as its specification says it is read; nothing of it is the writer's.</summary>
sealed class GgufFile
{
    readonly byte[] bytes;
    int at;

    public GgufFile(byte[] file)
    {
        bytes = file;
        Xunit.Assert.Equal("GGUF"u8.ToArray(), file[..4]);
        at = 4;
        Xunit.Assert.Equal(3u, U32());
        var (tensors, values) = (U64(), U64());
        for (var i = 0UL; i < values; i++) Metadata.Add(Text(), Value(U32()));
        var listed = Enumerable.Range(0, (int)tensors).Select(_ =>
        {
            var name = Text();
            var sizes = Enumerable.Range(0, (int)U32()).Select(_ => (long)U64()).ToArray();
            return (name, sizes, Type: U32(), Offset: U64());
        }).ToList();
        var start = (at + 31) / 32 * 32;
        var end = 0UL;
        foreach (var (name, sizes, type, offset) in listed)
        {
            Xunit.Assert.Equal(0UL, offset % 32);
            Xunit.Assert.True(offset >= end, name);
            var numbers = Numbers(type, sizes.Aggregate(1L, static (n, s) => n * s), start + (int)offset, out var size);
            end = offset + (ulong)size;
            Tensors.Add(name, (sizes, type, numbers));
        }
        Xunit.Assert.Equal((end + 31) / 32 * 32, (ulong)(file.Length - start));
    }

    public Dictionary<string, object> Metadata { get; } = [];

    /// <summary>Sizes from the innermost on, the number of the type, and the numbers.</summary>
    public Dictionary<string, (long[] Sizes, uint Type, float[] Numbers)> Tensors { get; } = [];

    uint U32() => BitConverter.ToUInt32(bytes, (at += 4) - 4);

    ulong U64() => BitConverter.ToUInt64(bytes, (at += 8) - 8);

    string Text()
    {
        var length = (int)U64();
        at += length;
        return new UTF8Encoding(false, true).GetString(bytes, at - length, length);
    }

    object Value(uint kind)
    {
        switch (kind)
        {
            case 4: return U32();
            case 5: return (int)U32();
            case 6: return BitConverter.UInt32BitsToSingle(U32());
            case 7: return bytes[at++] switch { 0 => false, 1 => true, var b => throw new InvalidDataException($"{b} is no truth") };
            case 8: return Text();
            case 9:
                var of = U32();
                return Enumerable.Range(0, (int)U64()).Select(_ => Value(of)).ToArray();
            default: throw new InvalidDataException($"kind {kind}");
        }
    }

    float[] Numbers(uint type, long count, int from, out long size)
    {
        var numbers = new float[count];
        size = type switch { 0 => 4 * count, 1 => 2 * count, 8 => count / 32 * 34, 2 => count / 32 * 18, _ => throw new InvalidDataException($"type {type}") };
        for (var i = 0; i < count; i++)
        {
            var (block, k) = (from + (i / 32 * (type == 8 ? 34 : 18)), i % 32);
            numbers[i] = type switch
            {
                0 => BitConverter.ToSingle(bytes, from + 4 * i),
                1 => (float)BitConverter.ToHalf(bytes, from + 2 * i),
                8 => (sbyte)bytes[block + 2 + k] * (float)BitConverter.ToHalf(bytes, block),
                _ => ((k < 16 ? bytes[block + 2 + k] & 15 : bytes[block + 2 + k - 16] >> 4) - 8) * (float)BitConverter.ToHalf(bytes, block),
            };
        }
        return numbers;
    }
}
