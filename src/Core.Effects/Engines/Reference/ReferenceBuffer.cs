using System.Runtime.InteropServices;
using Functional.Graphs;
using Functional.Meaning;

namespace Functional.Engines.Reference;

/// <summary>A managed array of bytes, as the declared element type lays them out.</summary>
sealed class ReferenceBuffer : IBuffer
{
    readonly ReferenceEngine owner;
    readonly TensorType type;
    byte[]? bytes;

    public ReferenceBuffer(ReferenceEngine owner, TensorType type)
    {
        (this.owner, this.type, bytes) = (owner, type, new byte[type.Bytes]);
        owner.CountBuffer(type.Bytes);
    }

    public ReferenceEngine Owner => owner;

    public TensorType Type => type;

    byte[] Bytes => bytes ?? throw new ObjectDisposedException($"a buffer of {type}");

    public void Write(ReadOnlySpan<byte> source) => source.CopyTo(Checked(source.Length));

    public void Read(Span<byte> target) => Checked(target.Length).CopyTo(target);

    public Value Load()
    {
        var items = new double[type.Size];
        for (var i = 0; i < items.Length; i++) items[i] = At(Bytes, i);
        return Value.Of(type, items);
    }

    public void Store(Value value)
    {
        for (var i = 0; i < value.Items.Length; i++) Put(Bytes, i, value[i]);
    }

    public void Dispose()
    {
        if (bytes is not null) owner.CountBuffer(-type.Bytes);
        bytes = null;
    }

    Span<byte> Checked(int length) => length == type.Bytes ? Bytes
        : throw new ArgumentException($"a buffer of {type} has {type.Bytes} bytes; given {length}.");

    // As doubles in every arm: their common type would be float, which cannot hold every integer.
    double At(ReadOnlySpan<byte> data, int i) => type.DType switch
    {
        DType.F32 => (double)MemoryMarshal.Cast<byte, float>(data)[i],
        DType.BF16 => (double)BitConverter.Int32BitsToSingle(MemoryMarshal.Cast<byte, ushort>(data)[i] << 16),
        DType.F16 => (double)MemoryMarshal.Cast<byte, Half>(data)[i],
        DType.I32 => (double)MemoryMarshal.Cast<byte, int>(data)[i],
        _ => (double)data[i],
    };

    void Put(Span<byte> data, int i, double value)
    {
        switch (type.DType)
        {
            case DType.F32: MemoryMarshal.Cast<byte, float>(data)[i] = (float)value; break;
            // The value has the precision of BF16 already, so the lower half is zero.
            case DType.BF16: MemoryMarshal.Cast<byte, ushort>(data)[i] = (ushort)(BitConverter.SingleToUInt32Bits((float)value) >> 16); break;
            case DType.F16: MemoryMarshal.Cast<byte, Half>(data)[i] = (Half)value; break;
            case DType.I32: MemoryMarshal.Cast<byte, int>(data)[i] = (int)value; break;
            default: data[i] = (byte)value; break;
        }
    }
}
