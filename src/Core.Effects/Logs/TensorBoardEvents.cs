using System.Buffers.Binary;
using System.Globalization;
using Functional.Base;
using Functional.Files;
using Functional.Runs;

namespace Functional.Logs;

/// <summary>
/// Events as TensorBoard reads them: the messages of <c>event.proto</c>, <c>summary.proto</c>, <c>histogram.proto</c>, <c>tensor.proto</c> and the hyper-parameters'
/// <c>plugin_data.proto</c>, field by field, in the records of TFRecord.
/// </summary>
static class TensorBoardEvents
{
    const int WallTime = 1, Step = 2, FileVersion = 3, Summary = 5, SessionLog = 7;
    const int SessionStart = 1, Float = 1, String = 7, Success = 1, Failure = 2, HParamsStart = 3, HParamsEnd = 4;

    /// <summary>A record: length, its checksum, the data, theirs; checksums are rotated and moved, so that one over data with checksums in them is none of these.</summary>
    public static byte[] Framed(ReadOnlySpan<byte> data)
    {
        var record = new byte[data.Length + 16];
        BinaryPrimitives.WriteUInt64LittleEndian(record, (ulong)data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(8), Masked(record.AsSpan(0, 8)));
        data.CopyTo(record.AsSpan(12));
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(12 + data.Length), Masked(data));
        return record;
    }

    static uint Masked(ReadOnlySpan<byte> data) => Crc32C.Of(data) is var crc ? ((crc >> 15) | (crc << 17)) + 0xa282ead8 : 0;

    /// <summary>What every file begins with.</summary>
    public static byte[] Version(double time) => Event(time, 0, static e => e.Text(FileVersion, "brain.Event:2"));

    /// <summary>The run goes on: what stands elsewhere of this step and later ones counts no more.</summary>
    public static byte[] Purge(double time, long from) => Event(time, from, static e => e.Message(SessionLog, static log => log.Whole(1, SessionStart)));

    /// <summary>Numbers by name.</summary>
    public static byte[] Scalars(double time, long step, IEnumerable<(string Name, double Value)> numbers) => Event(time, step, e => e.Message(Summary, summary =>
    {
        foreach (var (name, value) in numbers) summary.Message(1, v => v.Text(1, name).Float(2, (float)value));
    }));

    /// <summary>A histogram. Buckets are given by their upper limits.</summary>
    public static byte[] Histogram(double time, long step, string name, Histogram of) => Event(time, step, e => e.Message(Summary, summary =>
        summary.Message(1, v => v.Text(1, name).Message(5, h => h.Double(1, of.Min).Double(2, of.Max).Double(3, of.Count).Double(4, of.Sum).Double(5, of.SumOfSquares)
            .Doubles(6, of.Buckets.Map(static b => b.Limit)).Doubles(7, of.Buckets.Map(static b => (double)b.Count))))));

    /// <summary>A text, which TensorBoard takes for Markdown: as it is, in lines that are set in.</summary>
    public static byte[] Text(double time, long step, string name, string text) => Event(time, step, e => e.Message(Summary, summary => summary.Message(1, v => v
        .Text(1, $"{name}/text_summary")
        .Message(9, static metadata => metadata.Message(1, static plugin => plugin.Text(1, "text")).Whole(4, 2))
        .Message(8, tensor => tensor.Whole(1, String).Message(2, static shape => shape.Message(2, static dim => dim.Whole(1, 1))).Text(8, AsIs(text))))));

    /// <summary>The run's settings, as its hyper-parameters.</summary>
    public static byte[] Begins(double time, string group, Params<string> settings) => HParams(time, 0, "session_start_info", data => data.Message(HParamsStart, info =>
    {
        foreach (var (name, text) in settings) info.Message(1, entry => entry.Text(1, name).Message(2, value => Value(value, text)));
        if (group.Length > 0) info.Text(4, group);
        info.Double(5, time);
    }));

    /// <summary>How the run ended.</summary>
    public static byte[] Ends(double time, long step, StopReason reason) => HParams(time, step, "session_end_info",
        data => data.Message(HParamsEnd, info => info.Whole(1, reason is StopReason.Completed or StopReason.Interrupted ? Success : Failure).Double(2, time)));

    // The tensor is an empty one: whoever reads hyper-parameters looks at what describes it.
    static byte[] HParams(double time, long step, string what, Action<WireWriter> data) => Event(time, step, e => e.Message(Summary, summary => summary.Message(1, v => v
        .Text(1, $"_hparams_/{what}")
        .Message(9, metadata => metadata.Message(1, plugin => plugin.Text(1, "hparams").Message(2, data)).Whole(4, 2))
        .Message(8, static tensor => tensor.Whole(1, Float).Message(2, static shape => shape.Message(2, static dim => dim.Whole(1, 0)))))));

    static void Value(WireWriter value, string text)
    {
        if (text is "true" or "false") value.Whole(4, text == "true" ? 1 : 0);
        else if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)) value.Double(2, number);
        else value.Text(3, text);
    }

    static byte[] Event(double time, long step, Action<WireWriter> what) => Framed(WireWriter.Of(e =>
    {
        e.Double(WallTime, time);
        if (step != 0) e.Whole(Step, step);
        what(e);
    }));

    static string AsIs(string text) => "    " + text.ReplaceLineEndings("\n").Replace("\n", "\n    ", StringComparison.Ordinal);
}
