using System.Globalization;
using System.Text;
using Functional.Runs;

namespace Functional.Logs;

/// <summary>
/// <c>metrics.csv</c> (RFC 4180): a row a line of <c>metrics.jsonl</c>, a column a number. When it is opened it is written anew from those lines, so that a run
/// that goes on has no row twice and lacks none, whatever the last process left; a number that was not there before becomes a column at the end.
/// </summary>
sealed class CsvLog : ILog
{
    public const string FileName = "metrics.csv";

    readonly List<string> columns = ["step", .. LogRecord.Usual];
    readonly Dictionary<string, int> places;
    readonly string path;
    FileStream file;

    /// <summary>Opens it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="before">What the run has told before.</param>
    public CsvLog(string path, IEnumerable<LogRecord> before)
    {
        (this.path, places) = (path, columns.Select(static (name, i) => (name, i)).ToDictionary(static c => c.name, static c => c.i, StringComparer.Ordinal));
        var known = before.ToList();
        foreach (var record in known) _ = Add(record);
        file = new(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        try
        {
            var text = new StringBuilder(Row(columns));
            foreach (var record in known) text.Append(Row(record));
            file.Write(Encoding.UTF8.GetBytes(text.ToString()));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public string Name => FileName;

    public void Write(LogRecord record)
    {
        if (Add(record)) Widen();
        if (Row(record) is { Length: > 0 } row) file.Write(Encoding.UTF8.GetBytes(row));
    }

    public void Dispose() => file.Dispose();

    // Whether it has a number that no record before had.
    bool Add(LogRecord record)
    {
        var before = columns.Count;
        foreach (var (name, _) in record.Numbers)
            if (places.TryAdd(name, columns.Count)) columns.Add(name);
        return columns.Count > before;
    }

    // Only while a run begins: the rows that are there get the new columns, empty.
    void Widen()
    {
        file.Dispose();
        var text = new StringBuilder(Row(columns));
        foreach (var line in File.ReadLines(path).Skip(1)) text.Append(line).Append(',', Math.Max(0, columns.Count - 1 - Commas(line))).Append('\n');
        file = new(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        file.Write(Encoding.UTF8.GetBytes(text.ToString()));
    }

    // Of a row, whose cells are numbers.
    static int Commas(string line) => line.AsSpan().Count(',');

    string Row(LogRecord record)
    {
        var cells = new string[columns.Count];
        System.Array.Fill(cells, "");
        var any = false;
        foreach (var (name, value) in record.Numbers) (cells[places[name]], any) = (value.ToString("R", CultureInfo.InvariantCulture), true);
        cells[0] = record.Step.ToString(CultureInfo.InvariantCulture);
        return any ? Row(cells) : "";
    }

    static string Row(IEnumerable<string> cells) => string.Join(',', cells.Select(Quoted)) + "\n";

    static string Quoted(string cell) => cell.AsSpan().ContainsAny(",\"\r\n") ? $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : cell;
}
