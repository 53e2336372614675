using System.IO.Compression;

namespace Functional.Files;

/// <summary>A gzipped file that is read to its end and then says so, or that it is cut off: the base library takes any end for the end (RFC 1952).</summary>
sealed class WholeGzip(FileStream file) : Stream
{
    // A header, an empty block and a trailer have so many bytes.
    const int Least = 18, MostParts = 16;
    readonly GZipStream inner = new(file, CompressionMode.Decompress, leaveOpen: true);
    uint bytes;
    bool isDone;

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (isDone || buffer.IsEmpty) return 0;
        var count = inner.Read(buffer);
        bytes += (uint)count;
        if (count == 0 && !(isDone = EndsWhole())) throw new InvalidDataException("cut off");
        return count;
    }

    // The last four bytes are how many there are unpacked; in a file of several parts, how many the last part has.
    bool EndsWhole()
    {
        if (file.Length < Least) return false;
        Span<byte> last = stackalloc byte[sizeof(uint)];
        file.Position = file.Length - last.Length;
        file.ReadExactly(last);
        var size = BitConverter.ToUInt32(last);
        return size == bytes || Parts().Any(part => Unpacked(part) == size);
    }

    // Where a part may begin, the last first; but for the first, which was looked at already.
    IEnumerable<long> Parts()
    {
        var (found, block) = (new Queue<long>(), new byte[1 << 20]);
        for (long at = 1; at < file.Length; at += block.Length - 2)
        {
            file.Position = at;
            var read = file.ReadAtLeast(block, block.Length, throwOnEndOfStream: false);
            for (var i = 0; i + 2 < read; i++)
            {
                if (block[i] != 0x1F || block[i + 1] != 0x8B || block[i + 2] != 8) continue;
                found.Enqueue(at + i);
                if (found.Count > MostParts) found.Dequeue();
            }
            if (read < block.Length) break;
        }
        return found.Reverse();
    }

    uint? Unpacked(long from)
    {
        try
        {
            file.Position = from;
            using var part = new GZipStream(file, CompressionMode.Decompress, leaveOpen: true);
            var (block, sum) = (new byte[1 << 16], 0u);
            for (int count; (count = part.Read(block)) > 0;) sum += (uint)count;
            return sum;
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) inner.Dispose();
        base.Dispose(disposing);
    }
}
