using System.Text;
using Functional.Base;
using Functional.Dialogues;
using Functional.Files;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>Judgements in a file, a line of JSON each; what is there already is kept.</summary>
public sealed class AnnotationFile
{
    readonly string path;
    readonly Disk disk;
    readonly List<(Annotation Row, string Line)> all;
    readonly System.Collections.Generic.HashSet<string> known = new(StringComparer.Ordinal);
    long end;

    AnnotationFile(string path, Disk disk, long end, IEnumerable<(Annotation, string)> all)
    {
        (this.path, this.disk, this.end, this.all) = (path, disk, end, [.. all]);
        foreach (var (a, _) in this.all) known.Add(Of(a.Prompt, a.Annotator));
    }

    /// <summary>
    /// Opens a file, or begins one; a line that is no judgement is a fault, so that nothing of somebody else's is added to. What was cut off as it was written is taken
    /// away: a line, or the rows of a judgement (<see cref="Judgement.RowsOf"/>) of which some are missing at the end. It was never told to be there.
    /// </summary>
    /// <param name="path">The file.</param>
    public static Validation<Fault, AnnotationFile> Open(string path) => Open(path, Disk.Real);

    internal static Validation<Fault, AnnotationFile> Open(string path, Disk disk) => !File.Exists(path)
        ? Directory.Exists(path) ? Fault.Of<AnnotationFile>(path, "is a folder", "expected the name of a file")
            : Success<Fault, AnnotationFile>(new AnnotationFile(path, disk, 0, []))
        : RowFiles.FilesOf(path).Bind(_ => Bytes(path)).Bind(bytes => Read(path, bytes).Bind(read => Cut(path, bytes, read.End)
            .Map(_ => new AnnotationFile(path, disk, read.End, read.Rows))));

    static Validation<Fault, byte[]> Bytes(string path) => FileFaults.Reading(path, file =>
    {
        if (file.Length > System.Array.MaxLength) return Fault.Of<byte[]>(path, $"has {file.Length} bytes", $"allowed: up to {System.Array.MaxLength}");
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    });

    // The rows that are whole, and how many bytes they have.
    static Validation<Fault, (int End, Vec<(Annotation, string)> Rows)> Read(string path, byte[] bytes)
    {
        var whole = bytes.AsSpan().LastIndexOf((byte)'\n') + 1;
        // A line without an end that says all is kept: somebody's editor may have taken the end away.
        return IsBegun(bytes.AsSpan(whole)) && Json.Parse(Encoding.UTF8.GetString(bytes.AsSpan(whole)), path).IsFail ? Lines(path, bytes.AsSpan(0, whole)).Map(rows => Together(whole, rows))
            : Lines(path, bytes).Map(rows => Together(bytes.Length, rows));
    }

    static Validation<Fault, Vec<(Annotation Row, string Line, int End)>> Lines(string path, ReadOnlySpan<byte> bytes)
    {
        var lines = new List<(string Line, int End)>();
        for (var at = 0; at < bytes.Length;)
        {
            var length = bytes[at..].IndexOf((byte)'\n') is >= 0 and var ends ? ends : bytes.Length - at;
            var end = Math.Min(bytes.Length, at + length + 1);
            if (bytes.Slice(at, length).IndexOfAnyExcept(" \t\r"u8) >= 0) lines.Add((Encoding.UTF8.GetString(bytes.Slice(at, length)), end));
            at = end;
        }
        return JsonRows.Lines(new ByteFeed(new MemoryStream(bytes.ToArray())), path).Select(static row => row.Bind(Annotation.Read)).Gather()
            .Map(read => (Vec<(Annotation, string, int)>)[.. read.Zip(lines, static (row, line) => (row, line.Line, line.End))]);
    }

    // The beginning of what is written here, which ends anywhere.
    static bool IsBegun(ReadOnlySpan<byte> line) => line.Length < Beginning.Length ? Beginning.StartsWith(line) : line.StartsWith(Beginning);

    static ReadOnlySpan<byte> Beginning => "{\"prompt\":"u8;

    // Without the last rows where these are of one judgement and not all of it.
    static (int End, Vec<(Annotation, string)> Rows) Together(int end, Vec<(Annotation Row, string Line, int End)> rows)
    {
        var own = rows.Count == 0 || Judgement.IdOf(rows[^1].Row) is not { } id ? 0 : rows.Reverse().TakeWhile(r => Judgement.IdOf(r.Row) == id).Count();
        var kept = own > 0 && own < Judgement.RowsOf(rows[^1].Row) ? rows.Count - own : rows.Count;
        return (kept == rows.Count ? end : kept == 0 ? 0 : rows[kept - 1].End, [.. rows.Take(kept).Select(static r => (r.Row, r.Line))]);
    }

    static Validation<Fault, Unit> Cut(string path, byte[] bytes, int end) => end == bytes.Length ? Success<Fault, Unit>(unit) : FileFaults.Guard(path, () =>
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        file.SetLength(end);
        file.Flush(flushToDisk: true);
        return Success<Fault, Unit>(unit);
    });

    /// <summary>The judgements, in order.</summary>
    public IReadOnlyList<Annotation> All => [.. all.Select(static a => a.Row)];

    /// <summary>Whether somebody has judged answers to a prompt.</summary>
    public bool Has(Vec<Message> prompt, string annotator) => known.Contains(Of(prompt, annotator));

    /// <summary>One more, which is on the disk when this returns.</summary>
    public Validation<Fault, Unit> Add(Annotation judged) => Add([judged]);

    /// <summary>The rows of one judgement, in one write; they are on the disk when this returns. Where it fails the file is as it was.</summary>
    /// <param name="judged">One or more.</param>
    public Validation<Fault, Unit> Add(Vec<Annotation> judged) => FileFaults.Guard(path, () =>
    {
        Vec<(Annotation, string)> rows = judged.Map(static a => (a, a.Row.Line()));
        using (var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0))
        {
            if (file.Length != end) return Fault.Of<Unit>(path, "was changed by something else meanwhile", "allowed: to open it again");
            var begun = end == 0;
            if (!begun)
            {
                file.Position = end - 1;
                begun = file.ReadByte() == '\n';
            }
            file.Position = end;
            try
            {
                file.Write(Encoding.UTF8.GetBytes($"{(begun ? "" : "\n")}{string.Concat(rows.Select(static r => r.Item2 + "\n"))}"));
                file.Flush(flushToDisk: true);
                end = file.Position;
            }
            catch (IOException)
            {
                file.SetLength(end);
                throw;
            }
        }
        all.AddRange(rows);
        foreach (var a in judged) known.Add(Of(a.Prompt, a.Annotator));
        return Success<Fault, Unit>(unit);
    });

    /// <summary>Takes a judgement back: its rows are gone from the disk when this returns, and all others are as they were; or nothing has changed.</summary>
    /// <param name="id">The judgement's <see cref="Judgement.Id"/>.</param>
    public Validation<Fault, Unit> TakeBack(string id) => Disk.Guard(path, "allowed: to try it again: nothing was taken back", () =>
    {
        List<(Annotation Row, string Line)> kept = [.. all.Where(a => Judgement.IdOf(a.Row) != id)];
        if (kept.Count == all.Count) return Success<Fault, Unit>(unit);
        if (new FileInfo(path).Length != end) return Fault.Of<Unit>(path, "was changed by something else meanwhile", "allowed: to open it again");
        var bytes = Encoding.UTF8.GetBytes(string.Concat(kept.Select(static a => a.Line + "\n")));
        disk.Replace(path, bytes);
        end = bytes.Length;
        all.Clear();
        all.AddRange(kept);
        known.Clear();
        foreach (var (a, _) in all) known.Add(Of(a.Prompt, a.Annotator));
        return Success<Fault, Unit>(unit);
    });

    static string Of(Vec<Message> prompt, string annotator) => $"{annotator}\0{string.Join('\0', prompt.Select(static m => $"{m.Role} {m.Whole}"))}";
}
