using Functional.Base;
using Functional.Files;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Storage;

/// <summary>
/// The lines of a <c>metrics.jsonl</c> that grows while a run goes on: what was read once is not read again. A file that is another one by now, as that of a run that goes on from an
/// earlier step, is read from its beginning. For several threads.
/// </summary>
/// <param name="path">The file; where there is none there are no lines.</param>
public sealed class MetricsTail(string path)
{
    readonly Lock gate = new();
    MetricsTable.Growing known = new();
    MetricsTable table = MetricsTable.Empty;
    long end;
    int broken;
    byte[] last = [];

    /// <summary>Every whole line so far, in order; what is none of metrics is passed over, as is a last one without its end.</summary>
    public Validation<Fault, MetricsTable> Read() =>
        File.Exists(path) ? There() : Success<Fault, MetricsTable>(MetricsTable.Empty);

    /// <summary>As <see cref="Read"/>, where a file that is not there is a fault.</summary>
    internal Validation<Fault, MetricsTable> There()
    {
        lock (gate) return Disk.Guard(path, "expected the metrics of a run", Grown);
    }

    Validation<Fault, MetricsTable> Grown()
    {
        // Whoever writes goes on writing, and may put another file in its place.
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        if (!IsSame(file)) Forget();
        file.Position = end;
        var before = end;
        var (block, held) = (new byte[(int)Math.Clamp(file.Length - end + 1, 1 << 12, 1 << 20)], 0);
        for (int count; (count = file.Read(block, held, block.Length - held)) > 0;)
        {
            var (filled, start, lastStart) = (held + count, 0, 0);
            for (int length; (length = block.AsSpan(start, filled - start).IndexOf((byte)'\n')) >= 0; start += length + 1)
            {
                lastStart = start;
                if (MetricsFile.Parse(block.AsSpan(start, length)) is { } line) known.Add(line);
                else broken++;
                end += length + 1;
            }
            if (start > 0) last = block[Math.Max(lastStart, start - Remembered)..start];
            held = filled - start;
            if (held == block.Length) System.Array.Resize(ref block, 2 * block.Length);
            else block.AsSpan(start, held).CopyTo(block);
        }
        if (end != before) table = known.Now(broken);
        return Success<Fault, MetricsTable>(table);
    }

    // What stands where the last line stood: two lines of a step that is done twice differ in the time that it took. Not every file system knows when a file was made.
    const int Remembered = 256;

    bool IsSame(FileStream file)
    {
        if (file.Length < end) return false;
        var there = new byte[last.Length];
        file.Position = end - last.Length;
        return file.ReadAtLeast(there, there.Length, throwOnEndOfStream: false) == there.Length && there.AsSpan().SequenceEqual(last);
    }

    void Forget() => (known, table, end, broken, last) = (new(), MetricsTable.Empty, 0, 0, []);
}
