using System.Buffers.Binary;
using System.Text;
using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Weights;

/// <summary>
/// Where the entries of a ZIP archive stand in its file (PKWARE's APPNOTE 6.3, with ZIP64). Only entries that are stored as they are: what is compressed has
/// no place of its own, and PyTorch compresses nothing.
/// </summary>
/// <param name="Entries">The first byte and the length of each, by name.</param>
sealed record ZipDirectory(Params<(long Start, long Length)> Entries)
{
    const int MostBytes = 100_000_000;

    /// <summary>The directory of a file.</summary>
    /// <param name="stream">The file; any position.</param>
    /// <param name="file">What faults call it.</param>
    public static Validation<Fault, ZipDirectory> Read(Stream stream, string file)
    {
        if (End(stream) is not { } end) return Fault.Of<ZipDirectory>(file, "has no end of a ZIP archive", "it is cut off");
        if (end.Length is < 0 or > MostBytes || end.Start < 0 || end.Start + end.Length > stream.Length)
            return Fault.Of<ZipDirectory>(file, $"has a directory of {end.Length} bytes at byte {end.Start}", "it is damaged");
        var bytes = new byte[end.Length];
        stream.Position = end.Start;
        stream.ReadExactly(bytes);
        var found = new List<Validation<Fault, (string, (long, long))>>();
        var names = new System.Collections.Generic.HashSet<string>(StringComparer.Ordinal);
        for (var rest = bytes.AsSpan(); rest.Length > 0;)
        {
            if (rest.Length < 46 || BinaryPrimitives.ReadUInt32LittleEndian(rest) != 0x02014b50 || rest.Length < Size(rest))
                return Fault.Of<ZipDirectory>(file, $"has a directory that is damaged after {found.Count} entries",
                    "expected a ZIP archive as PyTorch writes it");
            var name = Encoding.UTF8.GetString(rest.Slice(46, UInt16(rest, 28)));
            found.Add(names.Add(name) ? Entry(stream, rest, $"{file}: {name}").Map(place => (name, place))
                : Fault.Of<(string, (long, long))>($"{file}: {name}", "is there twice"));
            rest = rest[Size(rest)..];
        }
        return found.Gather().Map(static entries => new ZipDirectory(entries.ToParams()));
    }

    static int UInt16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    static int Size(ReadOnlySpan<byte> entry) => 46 + UInt16(entry, 28) + UInt16(entry, 30) + UInt16(entry, 32);

    // The record stands at the very end, before a comment of unknown length.
    static (long Start, long Length)? End(Stream stream)
    {
        var tail = new byte[Math.Min(stream.Length, 22 + ushort.MaxValue)];
        stream.Position = stream.Length - tail.Length;
        stream.ReadExactly(tail);
        var at = tail.AsSpan().LastIndexOf("PK\u0005\u0006"u8);
        if (at < 0 || at + 22 > tail.Length) return null;
        var end = tail.AsSpan(at);
        (long, long) place = (BinaryPrimitives.ReadUInt32LittleEndian(end[16..]), BinaryPrimitives.ReadUInt32LittleEndian(end[12..]));
        if (at < 20 || !tail.AsSpan(at - 20, 4).SequenceEqual("PK\u0006\u0007"u8)) return place;
        var wide = BinaryPrimitives.ReadInt64LittleEndian(tail.AsSpan(at - 12));
        if (wide < 0 || wide > stream.Length - 56) return null;
        var record = new byte[56];
        stream.Position = wide;
        stream.ReadExactly(record);
        return record.AsSpan().StartsWith("PK\u0006\u0006"u8)
            ? (BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(48)), BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(40)))
            : null;
    }

    static Validation<Fault, (long Start, long Length)> Entry(Stream stream, ReadOnlySpan<byte> entry, string where)
    {
        if (UInt16(entry, 10) != 0) return Fault.Of<(long, long)>(where, $"is compressed by method {UInt16(entry, 10)}", "allowed: 0, that is stored as it is");
        if ((UInt16(entry, 8) & 1) != 0) return Fault.Of<(long, long)>(where, "is encrypted", "allowed: stored as it is");
        long packed = BinaryPrimitives.ReadUInt32LittleEndian(entry[20..]), length = BinaryPrimitives.ReadUInt32LittleEndian(entry[24..]);
        long header = BinaryPrimitives.ReadUInt32LittleEndian(entry[42..]);
        // What does not fit into 32 bits stands in a field of its own, in this order.
        for (var extra = entry.Slice(46 + UInt16(entry, 28), UInt16(entry, 30)); extra.Length >= 4;)
        {
            var size = UInt16(extra, 2);
            if (size > extra.Length - 4) break;
            if (UInt16(extra, 0) == 1)
            {
                var wide = extra.Slice(4, size);
                if (length == uint.MaxValue && Take(ref wide) is { } a) length = a;
                if (packed == uint.MaxValue && Take(ref wide) is { } b) packed = b;
                if (header == uint.MaxValue && Take(ref wide) is { } c) header = c;
            }
            extra = extra[(4 + size)..];
        }
        var local = new byte[30];
        if (header < 0 || header > stream.Length - 30) return Fault.Of<(long, long)>(where, $"begins at byte {header}",
            $"the file has {stream.Length}; it is damaged");
        stream.Position = header;
        stream.ReadExactly(local);
        var start = header + 30 + UInt16(local, 26) + UInt16(local, 28);
        return !local.AsSpan().StartsWith("PK\u0003\u0004"u8) || packed != length || length < 0 || start > stream.Length - length
            ? Fault.Of<(long, long)>(where, $"has {length} bytes at byte {start}", $"the file has {stream.Length}; it is damaged or cut off")
            : Success<Fault, (long, long)>((start, length));
    }

    static long? Take(ref ReadOnlySpan<byte> wide)
    {
        if (wide.Length < 8) return null;
        var value = BinaryPrimitives.ReadInt64LittleEndian(wide);
        wide = wide[8..];
        return value;
    }
}
