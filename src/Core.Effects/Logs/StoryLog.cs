using System.Text;
using System.Text.Json;
using Functional.Base;
using Functional.Files;
using Functional.Runs;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Logs;

/// <summary>What happened to a run beside its numbers.</summary>
/// <param name="Step">The step.</param>
/// <param name="Time">When, in the form <c>2026-01-31T12:00:00Z</c>.</param>
public sealed record StoryLine(long Step, string Time)
{
    /// <summary>What is known of the model, the data and the machine, where the run began or went on; nothing elsewhere.</summary>
    public Params<string>? Began { get; init; }

    /// <summary>What the model wrote; nothing elsewhere.</summary>
    public string? Written { get; init; }

    /// <summary>Why the run ended; nothing elsewhere.</summary>
    public string? Ended { get; init; }
}

/// <summary>
/// <c>story.jsonl</c>, which every run keeps: when it began and went on, and on which machine; what it wrote; how it ended. Texts after the step that a run goes on from
/// come again, and are removed. Like any log, it ends no run where it cannot be written.
/// </summary>
public sealed class StoryLog : ILog
{
    /// <summary>What the file is called.</summary>
    public const string FileName = "story.jsonl";

    readonly TimeProvider clock;
    readonly FileStream file;

    /// <summary>Opens it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="step">Steps done.</param>
    /// <param name="draws">Whether what that step is to write is still to come.</param>
    /// <param name="clock">What time it is.</param>
    internal StoryLog(string path, long step, bool draws, TimeProvider clock)
    {
        this.clock = clock;
        if (File.Exists(path)) Disk.Real.Replace(path, [.. Lines(path).Where(l => l.Written is null || l.Step < step || (l.Step == step && !draws)).SelectMany(Text)]);
        file = new(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
    }

    string ILog.Name => FileName;

    void ILog.Write(LogRecord record)
    {
        var line = new StoryLine(record.Step, clock.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture));
        if (record is LogRecord.Began began) Add(line with { Began = began.Facts });
        else if (record is LogRecord.Written written) Add(line with { Written = written.What });
        else if (record is LogRecord.Ended ended) Add(line with { Ended = Word(ended.Reason) });
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    /// <summary>The lines of a file; what is no line of it is passed over, and a file that is not there has none.</summary>
    public static Validation<Fault, Vec<StoryLine>> Read(string path) =>
        !File.Exists(path) ? Success<Fault, Vec<StoryLine>>([]) : Disk.Guard(path, "expected what happened in a run", () => Success<Fault, Vec<StoryLine>>([.. Lines(path)]));

    static string Word(StopReason reason) => reason switch
    {
        StopReason.Completed => "completed",
        StopReason.Interrupted => "interrupted",
        StopReason.NotFinite => "not finite",
        _ => "failed",
    };

    void Add(StoryLine line) => file.Write(Text(line));

    static byte[] Text(StoryLine line)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteNumber("step", line.Step);
            json.WriteString("time", line.Time);
            if (line.Began is { } facts)
            {
                json.WriteStartObject("began");
                foreach (var (name, value) in facts) json.WriteString(name, value);
                json.WriteEndObject();
            }
            // A half of a pair of surrogates is in no UTF-8.
            if (line.Written is { } text) json.WriteString("written", Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)));
            if (line.Ended is { } reason) json.WriteString("ended", reason);
            json.WriteEndObject();
        }
        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }

    static IEnumerable<StoryLine> Lines(string path)
    {
        using var shared = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(shared);
        var lines = new List<StoryLine>();
        while (reader.ReadLine() is { } text)
            if (Parse(text) is { } line) lines.Add(line);
        return lines;
    }

    static StoryLine? Parse(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            var json = document.RootElement;
            return new(json.GetProperty("step").GetInt64(), json.GetProperty("time").GetString() ?? "")
            {
                Began = json.TryGetProperty("began", out var facts) ? facts.EnumerateObject().DistinctBy(static f => f.Name).Select(static f => (f.Name, f.Value.GetString() ?? "")).ToParams() : null,
                Written = json.TryGetProperty("written", out var written) ? written.GetString() : null,
                Ended = json.TryGetProperty("ended", out var ended) ? ended.GetString() : null,
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            return null;
        }
    }
}
