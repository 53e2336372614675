using System.Buffers.Binary;
using System.Text;

namespace Functional.Logs;

/// <summary>A message in the wire format of protocol buffers: fields one after the other, each with its number and kind before it.</summary>
sealed class WireWriter
{
    readonly List<byte> bytes = [];

    /// <summary>A message of what is written into it.</summary>
    public static byte[] Of(Action<WireWriter> write)
    {
        var message = new WireWriter();
        write(message);
        return [.. message.bytes];
    }

    public WireWriter Whole(int field, long value)
    {
        Tag(field, 0);
        Varint((ulong)value);
        return this;
    }

    public WireWriter Double(int field, double value)
    {
        Tag(field, 1);
        Fixed(value);
        return this;
    }

    public WireWriter Float(int field, float value)
    {
        Tag(field, 5);
        Span<byte> four = stackalloc byte[4];
        BinaryPrimitives.WriteSingleLittleEndian(four, value);
        bytes.AddRange(four);
        return this;
    }

    /// <summary>Numbers packed into one field.</summary>
    public WireWriter Doubles(int field, IReadOnlyCollection<double> values)
    {
        Tag(field, 2);
        Varint((ulong)values.Count * 8);
        foreach (var value in values) Fixed(value);
        return this;
    }

    public WireWriter Bytes(int field, ReadOnlySpan<byte> value)
    {
        Tag(field, 2);
        Varint((ulong)value.Length);
        bytes.AddRange(value);
        return this;
    }

    /// <summary>A text; a half of a pair of surrogates, which no UTF-8 has, becomes the sign for what cannot be shown.</summary>
    public WireWriter Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    public WireWriter Message(int field, Action<WireWriter> write) => Bytes(field, Of(write));

    void Tag(int field, int kind) => Varint((ulong)(field << 3 | kind));

    void Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7) bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
    }

    void Fixed(double value)
    {
        Span<byte> eight = stackalloc byte[8];
        BinaryPrimitives.WriteDoubleLittleEndian(eight, value);
        bytes.AddRange(eight);
    }
}
