using System.Buffers.Binary;

namespace Functional.Formats;

/// <summary>Reads Protocol Buffers' wire format: fields by number, in whichever order (https://protobuf.dev/programming-guides/encoding).</summary>
ref struct WireReader(ReadOnlySpan<byte> message)
{
    ReadOnlySpan<byte> rest = message;

    /// <summary>The number of the field that was read.</summary>
    public int Field { get; private set; }

    /// <summary>Its value, where it is a number; a fixed one is its bits.</summary>
    public ulong Number { get; private set; }

    /// <summary>Its value, where it is bytes; the bounds of a message in it are known, nothing else.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>Its value as a 32-bit floating-point number.</summary>
    public readonly float Float => BitConverter.UInt32BitsToSingle((uint)Number);

    /// <summary>Goes on to the next field; false at the end.</summary>
    /// <exception cref="FormatException">The message ends inside of a field, or has a field of a kind that there is not.</exception>
    public bool Next()
    {
        if (rest.IsEmpty) return false;
        var tag = Varint();
        (Field, Number) = ((int)Math.Min(tag >> 3, int.MaxValue), 0);
        Bytes = default;
        switch (tag & 7)
        {
            case 0: Number = Varint(); break;
            case 1: Number = BinaryPrimitives.ReadUInt64LittleEndian(Take(8)); break;
            case 2:
                var length = Varint();
                Bytes = Take(length > int.MaxValue ? int.MaxValue : (int)length);
                break;
            case 5: Number = BinaryPrimitives.ReadUInt32LittleEndian(Take(4)); break;
            default: throw new FormatException($"has a field of wire type {tag & 7}");
        }
        return true;
    }

    ReadOnlySpan<byte> Take(int count)
    {
        if (count > rest.Length) throw new FormatException("ends inside of a field");
        var taken = rest[..count];
        rest = rest[count..];
        return taken;
    }

    ulong Varint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var b = Take(1)[0];
            value |= (ulong)(b & 127) << shift;
            if (b < 128) return value;
        }
        throw new FormatException("has a number of more than ten bytes");
    }
}
