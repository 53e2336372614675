using Functional.Base;
using Functional.Files;
using Functional.Runs;
using Functional.Settings;
using Functional.Storage;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>A run folder while its run is training: locked, cleaned up, and open for metrics and checkpoints.</summary>
public sealed class RunSession : IDisposable
{
    readonly RunLock held;

    RunSession(RunFolder folder, RunData data, RunLock held, MetricsFile metrics, CheckpointStore store) =>
        (Folder, Data, Stage, this.held, Metrics, Checkpoints) = (folder, data, data.Stage(folder.Config), held, metrics, store);

    /// <summary>The folder.</summary>
    public RunFolder Folder { get; }

    /// <summary>The configuration, resolved.</summary>
    public RunConfig Config => Folder.Config;

    /// <summary>The run's text.</summary>
    public RunData Data { get; }

    /// <summary>What is to be done.</summary>
    public Stage Stage { get; }

    /// <summary>What its checkpoints belong to.</summary>
    public RunIdentity Identity => RunIdentity.Of(Data.Identity, Config);

    /// <summary>Where to go on from; nothing to begin at the beginning.</summary>
    public Option<Checkpoint> From { get; private init; }

    /// <summary>Another run's checkpoint, whose weights are the first ones; nothing for fresh ones.</summary>
    public Option<Checkpoint> Weights { get; private init; }

    /// <summary>The configuration before this session changed it; nothing when it is new.</summary>
    public RunConfig? Before { get; private init; }

    /// <summary>Where lines go.</summary>
    public MetricsFile Metrics { get; }

    /// <summary>Where checkpoints go.</summary>
    public CheckpointStore Checkpoints { get; }

    /// <summary>Begins a run in a folder that holds none, or one that ended before its first step; the folder is made.</summary>
    /// <param name="location">The folder.</param>
    /// <param name="config">The run.</param>
    /// <param name="stop">Asks to give up while its text is read.</param>
    public static Validation<Fault, RunSession> Begin(string location, RunConfig config, CancellationToken stop = default) =>
        WithRoom(config, stop).Bind(data => Begin(location, config, data, Disk.Real));

    /// <summary>
    /// Begins a run in the first of <c>NAME</c>, <c>NAME-2</c>, <c>NAME-3</c> … that is not there yet, also when others choose at the same moment.
    /// </summary>
    /// <param name="name">The folder that is wanted.</param>
    /// <param name="config">The run.</param>
    /// <param name="stop">Asks to give up while its text is read.</param>
    public static Validation<Fault, RunSession> BeginAnew(string name, RunConfig config, CancellationToken stop = default) => WithRoom(config, stop).Bind(data =>
    {
        for (var i = 1; ; i++)
        {
            var location = i == 1 ? name : $"{name}-{i}";
            if (Path.Exists(location)) continue;
            var begun = Begin(location, config, data, Disk.Real);
            if (begun.Match(static _ => true, faults => !faults.Exists(f => f == RunLock.Taken(location) || f == RunFolder.Occupied(location)))) return begun;
        }
    });

    /// <summary>Goes on with the run in a folder, bit for bit, from its newest checkpoint, or from the beginning when it has none yet.</summary>
    /// <param name="location">The folder.</param>
    /// <param name="change">What is to be different from here on; not the architecture, the tokenizer, the text or the optimiser.</param>
    /// <param name="stop">Asks to give up while its text is read.</param>
    public static Validation<Fault, RunSession> Resume(string location, IEnumerable<ConfigEntry>? change = null, CancellationToken stop = default) =>
        from planned in Plan(location, change, stop)
        from fits in Memory.Check(planned.Config)
        from session in Resume(location, planned.Config, planned.Data, Disk.Real)
        select session;

    /// <summary>
    /// What <see cref="Resume(string, IEnumerable{ConfigEntry}?, CancellationToken)"/> would go on with, as far as can be told without its
    /// checkpoints; nothing is locked or written.
    /// </summary>
    /// <param name="location">The folder.</param>
    /// <param name="change">What is to be different from here on.</param>
    /// <param name="stop">Asks to give up while its text is read.</param>
    public static Validation<Fault, (RunConfig Config, RunData Data)> Plan(string location, IEnumerable<ConfigEntry>? change = null, CancellationToken stop = default) =>
        from folder in RunFolder.Open(location)
        from config in RunConfig.Read(folder.Config, change ?? [])
        from allowed in RunConfig.Resume(folder.Config, config)
        // What it began with may be gone by now; its tokenizer is the run's own.
        from data in allowed.InitialWeights is null ? RunData.Load(allowed, stop) : RunData.Load(allowed, folder.Tokenizer, stop)
        select (allowed, data);

    // The run's text, if there is room for the run. Only with the text is the vocabulary known, and with it how much that takes.
    static Validation<Fault, RunData> WithRoom(RunConfig config, CancellationToken stop) =>
        from device in Memory.DeviceOf(config)
        from data in RunData.Load(config, stop)
        from resolved in data.Resolve(config)
        from fits in Memory.Check(resolved, device)
        select data;

    internal static Validation<Fault, RunSession> Begin(string location, RunConfig config, RunData data, Disk disk) =>
        from resolved in data.Resolve(config)
        from made in Disk.Guard(location, "expected a folder that can be written", () => { disk.CreateFolder(location); return Success<Fault, Unit>(unit); })
        from session in Locked(location, held =>
            from free in Fault.Unless((!RunFolder.Holds(location) || RunFolder.IsUntouched(location)) && new CheckpointStore(RunFolder.CheckpointsOf(location)).Steps.Count == 0,
                RunFolder.Occupied(location))
            let folder = new RunFolder(location, resolved, data.Tokenizer)
            from weights in WeightsOf(resolved)
            from written in folder.Write(disk)
            from opened in Opened(folder, 0, disk)
            select new RunSession(folder, data, held, opened.Metrics, opened.Store) { Weights = weights })
        select session;

    internal static Validation<Fault, RunSession> Resume(string location, RunConfig config, RunData data, Disk disk) => Locked(location, held =>
        from folder in RunFolder.Open(location)
        from same in Fault.Unless(folder.Tokenizer.Equals(data.Tokenizer), "tokenizer", $"is a {data.Tokenizer} for {config.DataName}, other than the run's {folder.Tokenizer}",
            "allowed: the tokenizer that the run was begun with")
        from resolved in data.Resolve(config)
        from begun in data.Resolve(folder.Config)
        from allowed in RunConfig.Resume(begun, resolved)
        from newest in new CheckpointStore(RunFolder.CheckpointsOf(location), disk).Newest()
        from ahead in newest.Match(c => Fault.Unless(c.Step <= allowed.Steps, "steps", $"is {allowed.Steps}, but the run has done {c.Step}", $"allowed: {c.Step} or more"),
            static () => Success<Fault, Unit>(unit))
        from drifted in newest.Match(folder.Check, static () => Success<Fault, Unit>(unit))
        from text in newest.Match(c => SameText(c.Identity.Text, data, config), static () => Success<Fault, Unit>(unit))
        from weights in newest.IsSome ? Success<Fault, Option<Checkpoint>>(None) : WeightsOf(allowed)
        let changed = folder with { Config = allowed }
        from written in allowed == folder.Config ? Success<Fault, Unit>(unit) : changed.Write(disk)
        from opened in Opened(changed, newest.Match(static c => c.Step, static () => 0), disk)
        select new RunSession(changed, data, held, opened.Metrics, opened.Store) { From = newest, Weights = weights, Before = folder.Config });

    /// <summary>Whether a text is the one that a checkpoint was written with.</summary>
    internal static Validation<Fault, Unit> SameText(TextIdentity written, RunData data, RunConfig config) => Fault.Unless(
        written == data.Identity, "data", $"{config.DataName} is not the text that the run was begun with", $"allowed: that text, of {written.Tokens} tokens");

    static Validation<Fault, Option<Checkpoint>> WeightsOf(RunConfig config) => config.InitialWeights is { } weights
        ? InitialWeights.Open(config, weights).Map(Some)
        : Success<Fault, Option<Checkpoint>>(None);

    // Metrics are opened last, so that nothing needs to be closed when something before fails.
    static Validation<Fault, (CheckpointStore Store, MetricsFile Metrics)> Opened(RunFolder folder, long step, Disk disk)
    {
        var store = new CheckpointStore(RunFolder.CheckpointsOf(folder.Location), disk);
        return from clean in store.Clean()
               from metrics in MetricsFile.Open(RunFolder.MetricsOf(folder.Location), step, disk)
               select (store, metrics);
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
