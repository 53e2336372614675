using System.Buffers.Binary;
using System.Numerics;

namespace Functional.Files;

/// <summary>
/// CRC-32C (Castagnoli 1993): finds every change of up to 32 neighbouring bits, and others but for one in 2³². Against accidents, not
/// against forgers.
/// </summary>
static class Crc32C
{
    public static uint Of(ReadOnlySpan<byte> bytes) => ~Append(~0u, bytes);

    /// <summary>The state after more bytes; begins at ~0 and is inverted at the end.</summary>
    public static uint Append(uint state, ReadOnlySpan<byte> bytes)
    {
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            state = BitOperations.Crc32C(state, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (var b in bytes) state = BitOperations.Crc32C(state, b);
        return state;
    }

    /// <summary>The checksum and length of what is left of a stream.</summary>
    public static (long Bytes, uint Crc) Of(Stream stream)
    {
        var block = new byte[1 << 16];
        var (bytes, state) = (0L, ~0u);
        for (int count; (count = stream.Read(block)) > 0; bytes += count) state = Append(state, block.AsSpan(0, count));
        return (bytes, ~state);
    }
}

/// <summary>Passes writes on and sums them up.</summary>
sealed class SummingStream(Stream inner)
{
    uint state = ~0u;

    public long Bytes { get; private set; }

    public uint Crc => ~state;

    public void Write(ReadOnlySpan<byte> bytes)
    {
        inner.Write(bytes);
        state = Crc32C.Append(state, bytes);
        Bytes += bytes.Length;
    }
}
