using System.Buffers;
using System.Text.Json;
using Functional.Base;
using Functional.Engines;
using Functional.Files;
using Functional.Graphs;
using Functional.Runs;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Storage;

/// <summary>A line of a run's metrics: of a step, of an evaluation, whose loss alone is given, or of what a policy wrote to learn from.</summary>
/// <param name="Step">The step.</param>
/// <param name="Training">A step's numbers.</param>
/// <param name="ValidationLoss">An evaluation's loss in nats a token.</param>
public readonly record struct MetricsLine(long Step, StepMetrics? Training, double? ValidationLoss)
{
    /// <summary>What is known of a rollout, from which the step is the first to learn; nothing on other lines.</summary>
    public Params<float>? RollOut { get; init; }

    /// <summary>An evaluation's loss of the mean of the weights; nothing where none is kept.</summary>
    public double? AverageLoss { get; init; }

    /// <summary>An evaluation's loss of each of several texts, by name; nothing where there is one.</summary>
    public Params<float>? PartLosses { get; init; }

    /// <summary>Norms by layer, by the names of <see cref="LayerNorms"/>; nothing on other lines.</summary>
    public Params<float>? Norms { get; init; }

    /// <summary>The line as it is told to logs.</summary>
    public LogRecord Record => this switch
    {
        { Training: { } step } => new LogRecord.Stepped(step),
        { RollOut: { } numbers } => new LogRecord.RolledOut(Step, numbers),
        { Norms: { } norms } => new LogRecord.Normed(Step, norms),
        _ => new LogRecord.Measured(Step, ValidationLoss ?? double.NaN, AverageLoss) { Parts = PartLosses ?? Params<float>.Empty },
    };
}

/// <summary>
/// <c>metrics.jsonl</c>: a line a step with <c>step</c>, <c>loss</c>, <c>lr</c>, <c>grad_norm</c>, <c>step_ms</c> and
/// <c>tokens_per_second</c>, a line an evaluation with <c>step</c>, <c>val_loss</c> and, where a mean of weights is kept,
/// <c>val_loss_average</c>, and, of several texts, the loss of each by name in <c>val_losses</c>, and a line a rollout with <c>step</c> and
/// <c>rollout</c>; where they are asked for, <c>peak_share</c> with a step, and lines with <c>step</c> and <c>norms</c>. Each line reaches the system whole before the
/// next step begins. Appending allocates nothing.
/// </summary>
public sealed class MetricsFile : IDisposable
{
    readonly ArrayBufferWriter<byte> line = new(256);
    readonly Utf8JsonWriter json;
    readonly Stream file;
    readonly Disk disk;
    readonly string path;

    MetricsFile(Stream file, Disk disk, string path) => (this.file, this.disk, this.path, json) = (file, disk, path, new(line));

    /// <summary>
    /// Opens a file to go on after a step: lines of later steps, which will come again, and lines that a crash cut off are removed.
    /// </summary>
    /// <param name="path">The file; made when it is not there.</param>
    /// <param name="step">The last step that counts.</param>
    public static Validation<Fault, MetricsFile> Open(string path, long step) => Open(path, step, Disk.Real);

    // A round that a checkpoint keeps is not written again, though the step that is the first to learn from it still comes.
    internal static Validation<Fault, MetricsFile> Open(string path, long step, Disk disk, long rolledOut = -1) => Disk.Guard(path, "expected a file that can be written", () =>
    {
        if (File.Exists(path))
        {
            var text = File.ReadAllBytes(path);
            var kept = Lines(text).Where(l => Parse(text.AsSpan(l)) is { } m && (m.Step <= step || m.RollOut is not null && m.Step == rolledOut + 1)).ToList();
            // Whatever is not kept makes the kept bytes fewer, as does a last line without its end.
            if (kept.Sum(r => r.GetOffsetAndLength(text.Length).Length + 1) != text.Length)
                disk.Replace(path, kept.SelectMany(r => text[r].Append((byte)'\n')).ToArray());
        }
        return Success<Fault, MetricsFile>(new(new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0), disk, path));
    });

    /// <summary>Every whole line of a file, in order.</summary>
    public static Validation<Fault, Vec<MetricsLine>> Read(string path) => new MetricsTail(path).There().Map(static read => read.Lines);

    /// <summary>Adds the line of a step.</summary>
    public Validation<Fault, Unit> Append(in StepMetrics metrics)
    {
        Begin(metrics.Step);
        json.WriteNumber("loss", metrics.Loss);
        json.WriteNumber("lr", metrics.LearningRate);
        json.WriteNumber("grad_norm", metrics.GradientNorm);
        json.WriteNumber("step_ms", Math.Round(metrics.Milliseconds, 3));
        json.WriteNumber("tokens_per_second", Math.Round(metrics.TokensPerSecond, 1));
        if (metrics.PeakShare is { } share) json.WriteNumber("peak_share", Math.Round(share, 6));
        if (metrics.Shown is { } shown) Write("shown", shown);
        return End();
    }

    /// <summary>Adds the line of norms by layer after a step.</summary>
    public Validation<Fault, Unit> AppendNorms(long step, Params<float> norms)
    {
        Begin(step);
        Write("norms", norms);
        return End();
    }

    /// <summary>Adds the line of a rollout.</summary>
    /// <param name="step">The first step that learns from it.</param>
    /// <param name="numbers">What is known of it.</param>
    public Validation<Fault, Unit> AppendRollOut(long step, Params<float> numbers)
    {
        Begin(step);
        Write("rollout", numbers);
        return End();
    }

    /// <summary>Adds the line of a measurement.</summary>
    /// <param name="step">The step.</param>
    /// <param name="loss">What was measured.</param>
    /// <param name="average">The same of the mean of the weights; nothing where none is kept.</param>
    /// <param name="parts">What was measured of each of several texts, by name; nothing or none where there is one.</param>
    public Validation<Fault, Unit> AppendMeasured(long step, double loss, double? average = null, Params<double>? parts = null)
    {
        Begin(step);
        json.WriteNumber("val_loss", loss);
        if (average is { } mean && double.IsFinite(mean)) json.WriteNumber("val_loss_average", mean);
        if (parts is { Count: > 0 }) Write("val_losses", parts.Map(static its => (float)its));
        return End();
    }

    /// <summary>Returns when all lines are on the medium.</summary>
    public Validation<Fault, Unit> Flush() => Disk.Guard(path, "expected room for metrics", () =>
    {
        disk.Flush(file);
        return Success<Fault, Unit>(unit);
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        json.Dispose();
        file.Dispose();
    }

    void Begin(long step)
    {
        line.ResetWrittenCount();
        json.Reset(line);
        json.WriteStartObject();
        json.WriteNumber("step", step);
    }

    void Write(string name, Params<float> numbers)
    {
        json.WriteStartObject(name);
        foreach (var (number, value) in numbers)
            if (float.IsFinite(value)) json.WriteNumber(number, value); else json.WriteNull(number);
        json.WriteEndObject();
    }

    Validation<Fault, Unit> End()
    {
        json.WriteEndObject();
        json.Flush();
        line.Write("\n"u8);
        try
        {
            file.Write(line.WrittenSpan);
            return written;
        }
        catch (Exception e) when (e is IOException or ArgumentOutOfRangeException)
        {
            return Fault.Of<Unit>(path, Disk.Reason(e), "expected room for metrics");
        }
    }

    static readonly Validation<Fault, Unit> written = Success<Fault, Unit>(unit);

    // Lines without their ends; what follows the last end is none.
    static IEnumerable<Range> Lines(byte[] text)
    {
        for (int start = 0, end; (end = System.Array.IndexOf(text, (byte)'\n', start)) >= 0; start = end + 1) yield return start..end;
    }

    internal static MetricsLine? Parse(ReadOnlySpan<byte> text)
    {
        try
        {
            var reader = new Utf8JsonReader(text);
            using var document = JsonDocument.ParseValue(ref reader);
            var json = document.RootElement;
            if (reader.Read() || json.ValueKind != JsonValueKind.Object || !json.TryGetProperty("step", out var at)
                || !at.TryGetInt64(out var step)) return null;
            if (json.TryGetProperty("val_loss", out var loss))
                return new(step, null, loss.GetDouble())
                {
                    AverageLoss = json.TryGetProperty("val_loss_average", out var mean) ? mean.GetDouble() : null,
                    PartLosses = json.TryGetProperty("val_losses", out var parts) ? Numbers(parts) : null,
                };
            if (json.TryGetProperty("rollout", out var numbers)) return new(step, null, null) { RollOut = Numbers(numbers) };
            if (json.TryGetProperty("norms", out var norms)) return new(step, null, null) { Norms = Numbers(norms) };
            return new(step, new(step, json.GetProperty("loss").GetSingle(), json.GetProperty("lr").GetDouble(), json.GetProperty("grad_norm").GetSingle(),
                json.GetProperty("step_ms").GetDouble(), json.GetProperty("tokens_per_second").GetDouble())
            {
                Shown = json.TryGetProperty("shown", out var shown) ? Numbers(shown) : null, PeakShare = json.TryGetProperty("peak_share", out var share) ? share.GetDouble() : null,
            }, null);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            return null;
        }
    }

    static Params<float> Numbers(JsonElement json) =>
        json.EnumerateObject().Select(static s => (s.Name, s.Value.ValueKind == JsonValueKind.Null ? float.NaN : s.Value.GetSingle())).ToParams();
}
