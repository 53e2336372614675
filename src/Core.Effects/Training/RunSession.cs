using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional;

/// <summary>A run folder while its run is training: locked, cleaned up, and open for metrics and checkpoints.</summary>
public sealed class RunSession : IDisposable
{
    readonly RunLock held;

    RunSession(RunFolder folder, RunData data, RunLock held, MetricsFile metrics, CheckpointStore store, Option<Checkpoint> from) =>
        (Folder, Data, this.held, Metrics, Checkpoints, From) = (folder, data, held, metrics, store, from);

    /// <summary>The folder.</summary>
    public RunFolder Folder { get; }

    /// <summary>The configuration, resolved.</summary>
    public RunConfig Config => Folder.Config;

    /// <summary>The run's text.</summary>
    public RunData Data { get; }

    /// <summary>Where to go on from; nothing to begin at the beginning.</summary>
    public Option<Checkpoint> From { get; }

    /// <summary>Where lines go.</summary>
    public MetricsFile Metrics { get; }

    /// <summary>Where checkpoints go.</summary>
    public CheckpointStore Checkpoints { get; }

    /// <summary>Begins a run in a folder that holds none, or one that ended before its first step; the folder is made.</summary>
    /// <param name="location">The folder.</param>
    /// <param name="config">The run.</param>
    public static Validation<Fault, RunSession> Begin(string location, RunConfig config) =>
        RunData.Load(config).Bind(data => Begin(location, config, data, Disk.Real));

    /// <summary>Goes on with the run in a folder, bit for bit, from its newest checkpoint, or from the beginning when it has none yet.</summary>
    /// <param name="location">The folder.</param>
    /// <param name="change">What is to be different from here on; not the architecture, the tokenizer, the text or the optimiser.</param>
    public static Validation<Fault, RunSession> Resume(string location, IEnumerable<ConfigEntry>? change = null) =>
        from folder in RunFolder.Open(location)
        from config in RunConfig.Read(folder.Config, change ?? [])
        from allowed in RunConfig.Resume(folder.Config, config)
        from data in RunData.Load(allowed)
        from session in Resume(location, allowed, data, Disk.Real)
        select session;

    internal static Validation<Fault, RunSession> Begin(string location, RunConfig config, RunData data, Disk disk) =>
        from resolved in data.Resolve(config)
        from made in Disk.Guard(location, "expected a folder that can be written", () => { disk.CreateFolder(location); return Success<Fault, Unit>(unit); })
        from session in Locked(location, held =>
            from free in Fault.Unless((!RunFolder.Holds(location) || RunFolder.IsUntouched(location)) && new CheckpointStore(RunFolder.CheckpointsOf(location)).Steps.Count == 0,
                location, "already holds a run", "allowed: resume it, or choose another folder")
            let folder = new RunFolder(location, resolved, data.Tokenizer)
            from written in folder.Write(disk)
            from opened in Opened(folder, data, held, None, disk)
            select opened)
        select session;

    internal static Validation<Fault, RunSession> Resume(string location, RunConfig config, RunData data, Disk disk) => Locked(location, held =>
        from folder in RunFolder.Open(location)
        from same in Fault.Unless(folder.Tokenizer.Equals(data.Tokenizer), "tokenizer", $"is a {data.Tokenizer} for {config.DataName}, other than the run's {folder.Tokenizer}",
            "allowed: the tokenizer that the run was begun with")
        from resolved in data.Resolve(config)
        from allowed in RunConfig.Resume(folder.Config, resolved)
        from newest in new CheckpointStore(RunFolder.CheckpointsOf(location), disk).Newest()
        from text in newest.Match(c => Fault.Unless(c.Identity == data.Identity, "data", $"{config.DataName} is not the text that the run was begun with",
            $"allowed: that text, of {c.Identity.Tokens} tokens"), static () => Success<Fault, Unit>(unit))
        let changed = folder with { Config = allowed }
        from written in allowed == folder.Config ? Success<Fault, Unit>(unit) : changed.Write(disk)
        from opened in Opened(changed, data, held, newest, disk)
        select opened);

    // Metrics are opened last, so that nothing needs to be closed when something before fails.
    static Validation<Fault, RunSession> Opened(RunFolder folder, RunData data, RunLock held, Option<Checkpoint> last, Disk disk)
    {
        var store = new CheckpointStore(RunFolder.CheckpointsOf(folder.Location), disk);
        return from clean in store.Clean()
               from metrics in MetricsFile.Open(RunFolder.MetricsOf(folder.Location), last.Match(static c => c.Step, static () => 0), disk)
               select new RunSession(folder, data, held, metrics, store, last);
    }

    static Validation<Fault, RunSession> Locked(string location, Func<RunLock, Validation<Fault, RunSession>> open) => RunLock.Take(location).Bind(held =>
    {
        Validation<Fault, RunSession> opened = default;
        try { return opened = open(held); }
        finally { if (!opened.IsSuccess) held.Dispose(); }
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        Metrics.Dispose();
        held.Dispose();
    }
}
