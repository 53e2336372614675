using System.Diagnostics;
using System.Globalization;
using Functional.Base;
using Functional.Logs;
using Functional.Runs;
using Functional.Storage;

namespace Functional.Bench;

/// <summary>What logs take of a step, in microseconds: the mean of many, in a folder of its own. Beside a step's time it is a share that runs side by side are too unsteady to show.</summary>
static class LogSpeed
{
    const int Steps = 20_000;

    public static void Run()
    {
        var folder = Directory.CreateTempSubdirectory("functional-logs").FullName;
        try
        {
            using (var metrics = MetricsFile.Open(Path.Combine(folder, "metrics.jsonl"), 0).IfFail(static f => throw new InvalidDataException(Faults.Lines(f))))
                Timed("metrics.jsonl", step => _ = metrics.Append(step));
            using (var csv = new CsvLog(Path.Combine(folder, CsvLog.FileName), [])) Timed("csv", step => csv.Write(new LogRecord.Stepped(step)));
            using (var events = new TensorBoardLog(Path.Combine(folder, TensorBoardLog.FolderName), 0, [], TimeProvider.System))
                Timed("tensorboard", step => events.Write(new LogRecord.Stepped(step)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static void Timed(string what, Action<StepMetrics> write)
    {
        var clock = Stopwatch.StartNew();
        for (var i = 1; i <= 2 * Steps; i++)
        {
            if (i == Steps + 1) clock.Restart();
            write(new(i, 1 / (i + 1f), 1e-3, 1.5f, 20, 768));
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{{\"what\":\"{what}\",\"microseconds_per_step\":{clock.Elapsed.TotalMicroseconds / Steps:0.0}}}"));
    }
}
