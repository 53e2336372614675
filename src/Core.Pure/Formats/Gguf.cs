using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Functional.Base;

namespace Functional.Formats;

/// <summary>How GGUF keeps a tensor's numbers.</summary>
public enum GgufType
{
    /// <summary>float32.</summary>
    F32 = 0,
    /// <summary>float16.</summary>
    F16 = 1,
    /// <summary>Blocks of 32 numbers: a float16 scale, and 4 bits each.</summary>
    Q4_0 = 2,
    /// <summary>Blocks of 32 numbers: a float16 scale, and a byte each.</summary>
    Q8_0 = 8,
}

/// <summary>A value of GGUF's metadata, of the kinds that are written here.</summary>
public abstract record GgufValue
{
    GgufValue() { }

    /// <summary>uint32.</summary>
    public sealed record Whole(uint Value) : GgufValue;

    /// <summary>float32.</summary>
    public sealed record Real(float Value) : GgufValue;

    /// <summary>A truth.</summary>
    public sealed record Flag(bool Value) : GgufValue;

    /// <summary>A text.</summary>
    public sealed record Word(string Value) : GgufValue;

    /// <summary>An array of texts.</summary>
    public sealed record Words(Vec<string> Values) : GgufValue;

    /// <summary>An array of float32.</summary>
    public sealed record Reals(Vec<float> Values) : GgufValue;

    /// <summary>An array of int32.</summary>
    public sealed record Wholes(Vec<int> Values) : GgufValue;
}

/// <summary>A tensor as GGUF lists it.</summary>
/// <param name="Name">Its name, such as <c>blk.0.attn_q.weight</c>.</param>
/// <param name="Shape">Its shape, row-major, the innermost axis last; the file has it the other way round.</param>
/// <param name="Type">How its numbers are kept.</param>
public sealed record GgufTensor(string Name, Vec<long> Shape, GgufType Type)
{
    /// <summary>Its numbers.</summary>
    public long Count => Shape.Aggregate(1L, static (n, size) => n * size);

    /// <summary>Bytes of its data, without what fills them up.</summary>
    public long Bytes => Type switch { GgufType.F32 => 4 * Count, GgufType.F16 => 2 * Count, GgufType.Q8_0 => Count / 32 * 34, _ => Count / 32 * 18 };
}

/// <summary>GGUF, version 3, the file that llama.cpp reads: a header with metadata and a list of tensors, then their data, each at a multiple of 32 bytes.</summary>
public static class Gguf
{
    /// <summary>What data begin at a multiple of.</summary>
    public const int Alignment = 32;

    /// <summary>Everything before the data, filled up to <see cref="Alignment"/>.</summary>
    /// <param name="metadata">Values by key.</param>
    /// <param name="tensors">The tensors in the order of their data.</param>
    public static byte[] Header(Params<GgufValue> metadata, Vec<GgufTensor> tensors)
    {
        var to = new ArrayBufferWriter<byte>();
        Put(to, "GGUF"u8);
        Put(to, 3u);
        Put(to, (ulong)tensors.Count);
        Put(to, (ulong)metadata.Count);
        foreach (var (key, value) in metadata)
        {
            Put(to, key);
            Put(to, value);
        }
        var at = 0L;
        foreach (var tensor in tensors)
        {
            Put(to, tensor.Name);
            Put(to, (uint)tensor.Shape.Count);
            foreach (var size in tensor.Shape.Reverse()) Put(to, (ulong)size);
            Put(to, (uint)tensor.Type);
            Put(to, (ulong)at);
            at += Filled(tensor.Bytes);
        }
        Put(to, new byte[Filled(to.WrittenCount) - to.WrittenCount]);
        return to.WrittenSpan.ToArray();
    }

    /// <summary>A number of bytes, filled up to <see cref="Alignment"/>.</summary>
    public static long Filled(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;

    static void Put(ArrayBufferWriter<byte> to, GgufValue value)
    {
        switch (value)
        {
            case GgufValue.Whole v: Put(to, 4u); Put(to, v.Value); break;
            case GgufValue.Real v: Put(to, 6u); Put(to, BitConverter.SingleToUInt32Bits(v.Value)); break;
            case GgufValue.Flag v: Put(to, 7u); Put(to, [v.Value ? (byte)1 : (byte)0]); break;
            case GgufValue.Word v: Put(to, 8u); Put(to, v.Value); break;
            case GgufValue.Words v:
                List(8, v.Values.Count);
                foreach (var item in v.Values) Put(to, item);
                break;
            case GgufValue.Reals v:
                List(6, v.Values.Count);
                foreach (var item in v.Values) Put(to, BitConverter.SingleToUInt32Bits(item));
                break;
            case GgufValue.Wholes v:
                List(5, v.Values.Count);
                foreach (var item in v.Values) Put(to, (uint)item);
                break;
        }

        void List(uint kind, int count)
        {
            Put(to, 9u);
            Put(to, kind);
            Put(to, (ulong)count);
        }
    }

    static void Put(ArrayBufferWriter<byte> to, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Put(to, (ulong)bytes.Length);
        Put(to, bytes);
    }

    static void Put(ArrayBufferWriter<byte> to, uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(to.GetSpan(4), value);
        to.Advance(4);
    }

    static void Put(ArrayBufferWriter<byte> to, ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(to.GetSpan(8), value);
        to.Advance(8);
    }

    static void Put(ArrayBufferWriter<byte> to, ReadOnlySpan<byte> bytes) => to.Write(bytes);
}
