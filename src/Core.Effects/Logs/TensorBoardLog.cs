using System.Globalization;
using Functional.Base;
using Functional.Runs;

namespace Functional.Logs;

/// <summary>
/// Event files that TensorBoard reads, a new one each time the run begins or goes on. Such a file says first which steps of the others count no more, as
/// TensorBoard's convention for restarts is; where there is none yet it begins with all that the run has told before.
/// </summary>
sealed class TensorBoardLog : ILog
{
    public const string FolderName = "tensorboard";
    const string Prefix = "events.out.tfevents.";

    readonly TimeProvider clock;
    readonly FileStream file;

    /// <summary>Opens one.</summary>
    /// <param name="folder">The folder; it is made.</param>
    /// <param name="step">Steps done.</param>
    /// <param name="before">What the run has told before, in order.</param>
    /// <param name="clock">What time it is.</param>
    public TensorBoardLog(string folder, long step, IEnumerable<LogRecord> before, TimeProvider clock)
    {
        this.clock = clock;
        Directory.CreateDirectory(folder);
        var newest = Directory.EnumerateFiles(folder, Prefix + "*").Select(static path => StampOf(Path.GetFileName(path))).DefaultIfEmpty(-1).Max();
        // They are read in the order of their names, whatever the clock does.
        var stamp = Math.Max(clock.GetUtcNow().ToUnixTimeSeconds(), newest + 1);
        file = new(Path.Combine(folder, FormattableString.Invariant($"{Prefix}{stamp:0000000000}.functional.{Environment.ProcessId}.0")), FileMode.CreateNew, FileAccess.Write,
            FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        try
        {
            file.Write(TensorBoardEvents.Version(Now));
            if (newest >= 0) file.Write(TensorBoardEvents.Purge(Now, step + 1));
            // Of a round that is not written again, the numbers stand where the first step that learns from it will.
            foreach (var record in newest < 0 ? before : before.Where(r => r.Step > step)) Write(record);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public string Name => FolderName;

    double Now => clock.GetUtcNow().ToUnixTimeMilliseconds() / 1e3;

    public void Write(LogRecord record)
    {
        switch (record)
        {
            case LogRecord.Began began:
                file.Write(TensorBoardEvents.Begins(Now, "", began.Settings));
                file.Write(TensorBoardEvents.Text(Now, began.Step, "settings", Lines(began.Settings)));
                file.Write(TensorBoardEvents.Text(Now, began.Step, "facts", Lines(began.Facts)));
                break;
            case LogRecord.Written written:
                file.Write(TensorBoardEvents.Text(Now, written.Step, "sample", written.What));
                break;
            case LogRecord.Spread spread:
                file.Write(TensorBoardEvents.Histogram(Now, spread.Step, $"histogram/{spread.Of}", spread.Counts));
                break;
            case LogRecord.Ended ended:
                file.Write(TensorBoardEvents.Ends(Now, ended.Step, ended.Reason));
                break;
            default:
                if (record.Numbers.ToArray() is { Length: > 0 } numbers) file.Write(TensorBoardEvents.Scalars(Now, record.Step, numbers));
                break;
        }
    }

    public void Dispose() => file.Dispose();

    static long StampOf(string name) =>
        long.TryParse(name.AsSpan(Prefix.Length).ToString().Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var stamp) ? stamp : 0;

    static string Lines(Params<string> of) => string.Join('\n', of.Select(static s => $"{s.Name}: {s.Value}"));
}
