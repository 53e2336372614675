using Functional.Base;

namespace Functional.Settings;

/// <summary>Where a run's numbers go beside its <c>metrics.jsonl</c>; several at once, or none.</summary>
[Flags]
public enum LogKinds
{
    /// <summary>Nowhere else.</summary>
    None = 0,
    /// <summary><c>metrics.csv</c>, a row a line of <c>metrics.jsonl</c>.</summary>
    Csv = 1,
    /// <summary>Event files in <c>tensorboard/</c>.</summary>
    TensorBoard = 2,
    /// <summary>OpenTelemetry's collector, by OTLP over HTTP.</summary>
    Otlp = 4,
}

/// <summary>What is told of a run beside its own files. Nothing here touches what is learned, so all of it may change when a run goes on.</summary>
public sealed record LogConfig
{
    /// <summary>Where its numbers go.</summary>
    public LogKinds Kinds { get; init; }

    /// <summary>
    /// The collector's address, such as <c>http://localhost:4318</c>; nothing for what <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> says, or that address where it says
    /// nothing.
    /// </summary>
    public string? Endpoint { get; init; }

    /// <summary>Steps between norms of gradients, updates and weights by layer; 0 for none.</summary>
    public long NormsEvery { get; init; }

    /// <summary>Steps between histograms of gradients, updates and weights by layer, which TensorBoard shows; 0 for none.</summary>
    public long HistogramsEvery { get; init; }

    /// <summary>Whether each step says what share of the machine's peak it used, which is measured at the beginning.</summary>
    public bool PeakShare { get; init; }

    /// <summary>Whether histograms are made: where nobody takes them, none are.</summary>
    public bool HasHistograms => HistogramsEvery > 0 && Kinds.HasFlag(LogKinds.TensorBoard);

    static readonly (string Text, LogKinds Kind)[] words = [("csv", LogKinds.Csv), ("tensorboard", LogKinds.TensorBoard), ("otlp", LogKinds.Otlp)];

    /// <summary>The text of kinds, such as <c>csv+tensorboard</c>.</summary>
    public static string Text(LogKinds kinds) => kinds == LogKinds.None ? "none"
        : string.Join('+', words.Where(w => kinds.HasFlag(w.Kind)).Select(static w => w.Text));

    /// <summary>The kinds of a text, joined by + or by commas; nothing where it has another word, or one twice.</summary>
    public static LogKinds? Parse(string? text)
    {
        if (text is null or "none") return LogKinds.None;
        var all = LogKinds.None;
        foreach (var part in text.Split('+', ','))
        {
            var kind = words.FirstOrDefault(w => w.Text == part.Trim()).Kind;
            if (kind == LogKinds.None || all.HasFlag(kind)) return null;
            all |= kind;
        }
        return all;
    }

    static bool IsAddress(string text) => (text.StartsWith("http://", StringComparison.Ordinal) || text.StartsWith("https://", StringComparison.Ordinal))
        && Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Host.Length > 0;

    internal static Vec<Field<LogConfig>> Fields { get; } =
    [
        Make.Custom<LogConfig>("logs", "where the run's numbers go beside metrics.jsonl", "none, or some of csv, tensorboard, otlp, joined by + or ,", static c => Text(c.Kinds),
            static (c, text) => Parse(text) is { } kinds ? c with { Kinds = kinds } : null, static c => (c.Kinds & ~(LogKinds.Csv | LogKinds.TensorBoard | LogKinds.Otlp)) == 0, "c.Kinds")
            with { IsDetail = true, Aliases = ["report-to", "log-to", "loggers"] },
        new("otlp-endpoint", nameof(Endpoint), "address of OpenTelemetry's collector", "an address that begins with http:// or https://, or nothing for OTEL_EXPORTER_OTLP_ENDPOINT's",
            static c => c.Endpoint, static (c, text) => c with { Endpoint = text }, static c => c.Endpoint is null || IsAddress(c.Endpoint)) { IsText = true, IsDetail = true },
        Make.Whole<LogConfig>("norms-every", "steps between norms by layer; 0 for none", static c => c.NormsEvery, static (c, v) => c with { NormsEvery = v }, 0) with { IsDetail = true },
        Make.Whole<LogConfig>("log-histograms-every", "steps between histograms by layer, for TensorBoard; 0 for none", static c => c.HistogramsEvery,
            static (c, v) => c with { HistogramsEvery = v }, 0) with { IsDetail = true },
        Make.Truth<LogConfig>("peak-share", "tells what share of the machine's peak each step used", static c => c.PeakShare, static (c, v) => c with { PeakShare = v }) with { IsDetail = true },
    ];
}
