using Functional.Base;
using Functional.Dialogues;
using Functional.Text;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Files;

/// <summary>
/// Rows in files: a list of objects in JSON, an object a line, CSV and TSV (RFC 4180) with a line of names, and Parquet; each plain or gzipped, one file or a
/// folder of them. All but Parquet are read as a stream, so that memory does not grow with the file; a row has at most <see cref="MostRow"/> bytes.
/// </summary>
public static class RowFiles
{
    /// <summary>The most bytes of a row, when it is unpacked.</summary>
    public const int MostRow = 64 << 20;

    const string Allowed = "allowed: .json, .jsonl, .ndjson, .csv, .tsv, .parquet, each with or without .gz";

    /// <summary>
    /// The rows of a file, or of the files of a folder in the order of their names; files in it of other kinds are passed over. What is wrong is a fault with
    /// file and line in place of a row; where reading cannot go on after it, the rows of that file end.
    /// </summary>
    /// <param name="path">The file or folder. It is read when the rows are gone through, each time anew.</param>
    /// <param name="stop">Asks to give up, between rows.</param>
    public static IEnumerable<Validation<Fault, Row>> Read(string path, CancellationToken stop = default) => FilesOf(path).Match(
        files => files.SelectMany(Rows).Select(row =>
        {
            stop.ThrowIfCancellationRequested();
            return row;
        }),
        faults => [Validation<Fault, Row>.Fail(faults)]);

    /// <summary>The files that rows are read from.</summary>
    /// <param name="path">The file or folder.</param>
    public static Validation<Fault, Vec<string>> FilesOf(string path) => FileFaults.Guard(path, () =>
    {
        if (!Directory.Exists(path))
            return KindOf(path) is null && File.Exists(path) ? Fault.Of<Vec<string>>(path, "is no kind of file that rows are read from", Allowed)
                : Success<Fault, Vec<string>>([path]);
        string[] files = [.. Directory.EnumerateFiles(path).Where(static f => KindOf(f) is not null && Path.GetFileName(f)[0] != '.')
            .OrderBy(static f => Path.GetFileName(f), StringComparer.Ordinal)];
        return files.Length > 0 ? Success<Fault, Vec<string>>([.. files]) : Fault.Of<Vec<string>>(path, "holds no file that rows are read from", Allowed);
    });

    static string? KindOf(string path)
    {
        var name = Path.GetFileName(path).ToLowerInvariant();
        var kind = Path.GetExtension(name.EndsWith(".gz", StringComparison.Ordinal) ? name[..^3] : name);
        return kind is ".json" or ".jsonl" or ".ndjson" or ".csv" or ".tsv" or ".parquet" ? kind : null;
    }

    static IEnumerable<Validation<Fault, Row>> Rows(string path)
    {
        using var rows = Unguarded(path).GetEnumerator();
        for (var goes = true; goes;)
        {
            // A faulty block of a gzipped file is known only when it is read.
            var next = FileFaults.Guard(path, () =>
            {
                try
                {
                    return Success<Fault, bool>(rows.MoveNext());
                }
                catch (InvalidDataException) { return Fault.Of<bool>(path, "is damaged or cut off: it is not gzipped to its end", "expected a whole file"); }
            });
            goes = next.IfFail(false);
            if (next.IsFail) yield return next.Map(static _ => default(Row)!);
            else if (goes) yield return rows.Current;
        }
    }

    static IEnumerable<Validation<Fault, Row>> Unguarded(string path)
    {
        var opened = FileFaults.Open(path);
        if (opened.IsFail)
        {
            yield return opened.Map(static _ => default(Row)!);
            yield break;
        }
        using var file = opened.IfFail(static _ => throw new InvalidOperationException());
        using var stream = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new WholeGzip(file) : (Stream)file;
        var kind = KindOf(path);
        if (kind == ".parquet")
        {
            foreach (var row in ParquetRows.Read(stream, path)) yield return row;
            yield break;
        }
        var feed = new ByteFeed(stream);
        if (feed.IsEmpty) yield return Fault.Of<Row>(path, "is empty", "expected rows");
        else if (TextEncoding.Other(feed.Begin) is (var name, var sign)) yield return Fault.Of<Row>(path, $"looks like {name}, as {sign}", "expected UTF-8 text: save it as UTF-8");
        else
            foreach (var row in kind switch
            {
                ".json" => JsonRows.Values(feed, path),
                ".csv" => SeparatedRows.Read(feed, path, ','),
                ".tsv" => SeparatedRows.Read(feed, path, '\t'),
                _ => JsonRows.Lines(feed, path),
            }) yield return row;
    }
}
