using Functional.Base;
using Functional.Files;
using Functional.Logs;
using Functional.Runs;
using Functional.Settings;
using Functional.Storage;

namespace Functional.Sessions;

/// <summary>
/// The logs of a run. What any of them throws, when it is opened, written or closed, is kept from the run: it is told once and closed, and the others hear of everything
/// as if nothing had happened.
/// </summary>
sealed class RunLogs : IDisposable
{
    readonly List<ILog> open = [];
    readonly HashSet<string> told = new(StringComparer.Ordinal);
    readonly List<Fault> faults = [];
    readonly Action<Fault> tell;

    RunLogs(Action<Fault> tell) => this.tell = tell;

    /// <summary>What failed, each log once.</summary>
    public Vec<Fault> Faults => [.. faults];

    /// <summary>The logs that a run's settings ask for, and those that every run has.</summary>
    public static Vec<(string Name, Func<ILog> Open)> Of(LogScene scene)
    {
        var (folder, kinds, step) = (scene.Session.Folder, scene.Session.Config.Logs.Kinds, scene.State.Step);
        // Read once, and only where somebody takes what was told before.
        var before = new Lazy<Vec<LogRecord>>(() => MetricsFile.Read(folder.Metrics).Match(static lines => lines.Map(static l => l.Record), static f => throw new IOException(f.Head.What)));
        return
        [
            (StoryLog.FileName, () => new StoryLog(Path.Combine(folder.Home, StoryLog.FileName), step, (scene.State.Due & Due.Draw) != Due.None, scene.Clock)),
            ("meter", () => new MeterLog(scene.Run, folder.Stage)),
            .. Asked(LogKinds.Csv, CsvLog.FileName, () => new CsvLog(Path.Combine(folder.Home, CsvLog.FileName), before.Value)),
            .. Asked(LogKinds.TensorBoard, TensorBoardLog.FolderName, () => new TensorBoardLog(Path.Combine(folder.Home, TensorBoardLog.FolderName), step, before.Value, scene.Clock)),
            .. Asked(LogKinds.Otlp, "otlp", () => new OtlpLog(OtlpAddress.Of(scene.Session.Config.Logs.Endpoint, Environment.GetEnvironmentVariable),
                OtlpAddress.Headers(Environment.GetEnvironmentVariable), Params.Of(("service.name", "functional"), ("functional.run", scene.Run), ("functional.stage", folder.Stage)), scene.Clock)),
        ];

        Vec<(string, Func<ILog>)> Asked(LogKinds kind, string name, Func<ILog> make) => kinds.HasFlag(kind) ? [(name, make)] : [];
    }

    /// <summary>Opens logs, and tells them that the run begins.</summary>
    /// <param name="scene">The run.</param>
    /// <param name="all">The logs.</param>
    /// <param name="tell">Is told of each that fails, once.</param>
    public static RunLogs Open(LogScene scene, Vec<(string Name, Func<ILog> Open)> all, Action<Fault> tell)
    {
        var logs = new RunLogs(tell);
        foreach (var (name, make) in all) logs.Guard(name, () => logs.open.Add(make()));
        logs.Guard("facts", () => logs.Write(scene.Began));
        return logs;
    }

    /// <summary>Tells all of a record.</summary>
    public void Write(LogRecord record)
    {
        for (var i = open.Count - 1; i >= 0; i--)
        {
            var log = open[i];
            if (!Guard(log.Name, () => log.Write(record)))
            {
                open.RemoveAt(i);
                Guard(log.Name, log.Dispose);
            }
            else if (log.Fault is { } fault) Tell(log.Name, fault);
        }
    }

    /// <summary>Does work that must not end the run; what it throws is told once for each name.</summary>
    /// <returns>Whether all is well.</returns>
    public bool Guard(string name, Action work)
    {
        try
        {
            work();
            return true;
        }
        catch (Exception e)
        {
            Tell(name, new(name, e is IOException ? Disk.Reason(e) : e.Message.ReplaceLineEndings(" "), "the run goes on without it"));
            return false;
        }
    }

    /// <summary>Closes all; what fails even then stands among <see cref="Faults"/>.</summary>
    public void Dispose()
    {
        foreach (var log in open)
        {
            Guard(log.Name, log.Dispose);
            if (log.Fault is { } fault) Tell(log.Name, fault);
        }
        open.Clear();
    }

    void Tell(string name, Fault fault)
    {
        if (!told.Add(name)) return;
        faults.Add(fault);
        tell(fault);
    }
}
