using Functional.Base;
using Functional.Files;
using Functional.Learning;
using Functional.Runs;
using Functional.Settings;
using Functional.Storage;
using Functional.Text;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>A stage of a run while it is training: its folder locked, cleaned up, and open for metrics and checkpoints.</summary>
public sealed class RunSession : IDisposable
{
    readonly RunLock held;

    RunSession(RunFolder folder, RunData data, RunLock held, MetricsFile metrics, CheckpointStore store) =>
        (Folder, Data, Stage, this.held, Metrics, Checkpoints) = (folder, data, data.Stage(folder.Config), held, metrics, store);

    /// <summary>The folder, at the stage.</summary>
    public RunFolder Folder { get; }

    /// <summary>The stage's configuration, resolved.</summary>
    public RunConfig Config => Folder.Config;

    /// <summary>The stage's text.</summary>
    public RunData Data { get; }

    /// <summary>What is to be done.</summary>
    public Stage Stage { get; }

    /// <summary>What its checkpoints belong to.</summary>
    public RunIdentity Identity => RunIdentity.Of(Data.Identity, Config);

    /// <summary>Where to go on from; nothing to begin at the beginning.</summary>
    public Option<Checkpoint> From { get; private init; }

    /// <summary>The weights that it begins with, of another run or of a stage before; nothing for fresh ones.</summary>
    public Option<StartWeights> Weights { get; private init; }

    /// <summary>The weights that a critic and a teacher begin with, by what the objective calls them, where they are a run's of their own.</summary>
    public Params<StartWeights> Others { get; private init; } = Params<StartWeights>.Empty;

    /// <summary>What judges answers where the stage asks a program for it, by the judges' names; none where it does not.</summary>
    public Params<Reward> Rewards { get; set; } = Params<Reward>.Empty;

    /// <summary>Floating-point operations a second that the engine does at most, to say what share of them steps use; nothing to say nothing.</summary>
    public double? Peak { get; set; }

    /// <summary>The configuration before this session changed it; nothing when it is new.</summary>
    public RunConfig? Before { get; private init; }

    /// <summary>Where lines go.</summary>
    public MetricsFile Metrics { get; }

    /// <summary>Where checkpoints go.</summary>
    public CheckpointStore Checkpoints { get; }

    /// <summary>Begins a run, at its first stage, in a folder that holds none, or one that ended before its first step; the folder is made.</summary>
    /// <param name="location">The folder.</param>
    /// <param name="recipe">The run.</param>
    /// <param name="stop">Asks to give up while its text is read.</param>
    public static Validation<Fault, RunSession> Begin(string location, Recipe recipe, CancellationToken stop = default) =>
        WithRoom(recipe, stop).Bind(data => Begin(location, recipe, data, Disk.Real));

    /// <summary>
    /// Begins a run in the first of <c>NAME</c>, <c>NAME-2</c>, <c>NAME-3</c> … that is not there yet, also when others choose at the same moment.
    /// </summary>
    /// <param name="name">The folder that is wanted.</param>
    /// <param name="recipe">The run.</param>
    /// <param name="stop">Asks to give up while its text is read.</param>
    public static Validation<Fault, RunSession> BeginAnew(string name, Recipe recipe, CancellationToken stop = default) => WithRoom(recipe, stop).Bind(data =>
    {
        for (var i = 1; ; i++)
        {
            var location = i == 1 ? name : $"{name}-{i}";
            if (Path.Exists(location)) continue;
            var begun = Begin(location, recipe, data, Disk.Real);
            if (begun.Match(static _ => true, faults => !faults.Exists(f => f == RunLock.Taken(location) || f == RunFolder.Occupied(location)))) return begun;
        }
    });

    /// <summary>
    /// Goes on with the run in a folder, bit for bit: with the first stage of which something is left, from its newest checkpoint or from the beginning
    /// when it has none yet; where nothing is left, with the last.
    /// </summary>
    /// <param name="location">The folder.</param>
    /// <param name="change">What is to be different from here on; not the architecture, the tokenizer, the text or the optimiser.</param>
    /// <param name="stop">Asks to give up while its text is read.</param>
    public static Validation<Fault, RunSession> Resume(string location, Change? change = null, CancellationToken stop = default) =>
        from planned in Plan(location, change, stop)
        from fits in Memory.Check(planned.Folder.Config)
        from session in Resume(planned.Folder, planned.Data, Disk.Real)
        select session;

    /// <summary>What a folder's recipe is to be from here on.</summary>
    /// <param name="Of">The recipe, given the folder at the stage that is next.</param>
    /// <param name="KeepsWhatIsDone">Whether a stage that is done, and gets no more steps, stays as it stands there.</param>
    public sealed record Change(Func<RunFolder, Validation<Fault, Recipe>> Of, bool KeepsWhatIsDone);

    /// <summary>The change of settings of the stage that is next; those that stages share change for all.</summary>
    public static Change ChangeOf(IEnumerable<ConfigEntry> entries) =>
        new(folder => RunConfig.Read(folder.Config, entries.Where(e => !IsAsBegun(e, folder.Config.Stage))).Map(config => folder.Recipe.With(folder.Stage, config)), KeepsWhatIsDone: false);

    // Whoever names a run says what stands in the folder as the checkpoint that it then had.
    static bool IsAsBegun(ConfigEntry entry, StageConfig begun) =>
        (entry.Key switch { "from" => begun.From, "teacher" => begun.Distill.Teacher, _ => null }, entry.Value) is ({ } was, ConfigValue.Quoted { Text.Length: > 0 } named)
        && $"{was}{Path.DirectorySeparatorChar}".StartsWith($"{Path.TrimEndingDirectorySeparator(Path.GetFullPath(named.Text))}{Path.DirectorySeparatorChar}", StringComparison.Ordinal);

    /// <summary>The change to another recipe. What a stage began with is history, whatever the run that it came from has done since.</summary>
    public static Change ChangeTo(Recipe recipe) => new(folder =>
    {
        var begun = folder.Progress.Where(static p => p.IsBegun).Select(static p => p.Name).ToHashSet(StringComparer.Ordinal);
        return Success<Fault, Recipe>(recipe.Map((name, asked) =>
        {
            var config = asked with { Model = asked.Model with { Vocabulary = folder.Tokenizer.VocabularySize } };
            if (!begun.Contains(name)) return config;
            var was = folder.Recipe.Stages[name].Stage;
            return config with
            {
                Stage = config.Stage with
                {
                    From = asked.Stage.From is not null ? was.From ?? config.Stage.From : null,
                    Distill = config.Stage.Distill with { Teacher = asked.Stage.Distill.Teacher is not null ? was.Distill.Teacher ?? config.Stage.Distill.Teacher : null },
                    Adapter = config.Stage.Adapter with { From = asked.Stage.Adapter.From is not null ? was.Adapter.From ?? config.Stage.Adapter.From : null },
                },
            };
        }));
    }, KeepsWhatIsDone: true);

    /// <summary>
    /// What <see cref="Resume(string, Change?, CancellationToken)"/> would go on with, as far as can be told without its checkpoints; nothing is locked or
    /// written.
    /// </summary>
    /// <param name="location">The folder.</param>
    /// <param name="change">What is to be different from here on.</param>
    /// <param name="stop">Asks to give up while its text is read.</param>
    public static Validation<Fault, (RunFolder Folder, RunData Data)> Plan(string location, Change? change = null, CancellationToken stop = default) =>
        from planned in Planned(location, change)
        from data in RunData.Load(planned.Config, planned.Tokenizer, planned.Note, stop)
        select (planned, data);

    /// <summary>The folder at the stage that is next, with what is to be different from here on.</summary>
    public static Validation<Fault, RunFolder> Planned(string location, Change? change) =>
        from begun in RunFolder.Open(location)
        from own in HasText(begun)
        from learns in Learns(begun)
        let folder = begun with { Stage = Next(begun) }
        from recipe in change is null ? Success<Fault, Recipe>(folder.Recipe) : change.Of(folder)
        from changed in Changed(folder, recipe, change is { KeepsWhatIsDone: true })
        select changed;

    // What was imported has nothing to go on with: neither a text nor an optimiser's state.
    static Validation<Fault, Unit> HasText(RunFolder run) => Fault.Unless(!run.IsImported, run.Location, "was imported, and has no training to go on with",
        $"allowed: a run of its own that begins with its weights, as with --from {run.Location}");

    // Numbers of few bits take no steps.
    static Validation<Fault, Unit> Learns(RunFolder run) => Fault.Unless(run.Panels is null, run.Location, $"has weights of {run.Panels?.Bits} bits, which are not trained",
        $"allowed: a run of its own that begins with them as float32, as with --from {run.Location}; or the run that it was made of");

    // The first of which something is left; where nothing is, the last.
    static string Next(RunFolder folder)
    {
        var progress = folder.Progress;
        return (progress.FirstOrDefault(static p => !p.IsDone) ?? progress[^1]).Name;
    }

    // What was begun stays where it is and what it is; what comes after it may be another. What another stage has begun from is history.
    static Validation<Fault, RunFolder> Changed(RunFolder folder, Recipe recipe, bool keepsWhatIsDone)
    {
        var progress = folder.Progress;
        var begun = progress.Take(progress.ToList().FindLastIndex(static p => p.IsBegun) + 1).ToList();
        return begun.Select((p, i) => recipe.Stages.Count <= i || recipe.Stages.Names[i] != p.Name
                ? Fault.Of<Unit>($"stage {p.Name}", "was begun, and is no longer at its place", $"allowed: stages after {begun[^1].Name} may be others")
                : RunConfig.Resume(folder.Recipe.Stages[p.Name], recipe.Stages[p.Name])
                    .MapFail(f => begun.Count > 1 ? f with { Where = $"stage {p.Name}: {f.Where}" } : f)
                    .Bind(now => i == begun.Count - 1 ? Success<Fault, Unit>(unit) : IsHistory(p, now.Stage.Steps, begun[^1].Name)))
            .Gather()
            .Map(_ => folder with { Recipe = recipe.Map((name, c) => IsKept(begun.FindIndex(p => p.Name == name), c.Stage.Steps)
                ? c with { Stage = folder.Recipe.Stages[name].Stage } : c) })
            .Map(static changed => changed with { Stage = Next(changed) });

        bool IsKept(int i, long steps) => i >= 0 && (i < begun.Count - 1 || keepsWhatIsDone && begun[i].IsDone && steps == begun[i].Steps);
    }

    static Validation<Fault, Unit> IsHistory(StageProgress stage, long steps, string later) => new[]
    {
        Fault.Unless(steps == stage.Steps, $"stage {stage.Name}: steps", $"is {steps}, but {later} was begun after {stage.Steps}", $"allowed: {stage.Steps}"),
        Fault.Unless(stage.IsDone, $"stage {stage.Name}", $"is at step {stage.Done} of {stage.Steps}, but {later} was begun after it",
            $"expected its last checkpoint; without stages/{later}, the run goes on from here"),
    }.Gather().Map(static _ => unit);

    // The run's text, if there is room for the run. Only with the text is the vocabulary known, and with it how much that takes. What the stages after the
    // first need is looked at now, not when those before have trained.
    static Validation<Fault, RunData> WithRoom(Recipe recipe, CancellationToken stop) =>
        from valid in recipe.Validate()
        from device in Memory.DeviceOf(recipe.Stages.Values[0])
        from learns in recipe.Stages.Skip(1).Select(static s => s.Value.Learns().MapFail(f => f with { Where = $"stage {s.Name}: {f.Where}" })).Gather()
        from data in RunData.Load(recipe, stop)
        from resolved in data.Resolve(recipe)
        from fits in resolved.Stages.Values.Select(config => Memory.Check(config, device)).Gather()
        from note in RunData.NoteOf(resolved)
        from adapters in resolved.Stages.Names.Select(name => StartAdapter.Check(new("", resolved, name, data.Tokenizer) { Note = note })
            .MapFail(f => resolved.Stages.Count > 1 ? f with { Where = $"stage {name}: {f.Where}" } : f)).Gather()
        from ready in resolved.Stages.Skip(1).Select(s => Ready(s.Value, data, resolved, stop)
            .MapFail(f => f with { Where = $"stage {s.Name}: {f.Where}" })).Gather()
        select data;

    static Validation<Fault, Unit> Ready(RunConfig config, RunData first, Recipe recipe, CancellationToken stop) =>
        from note in RunData.NoteOf(recipe)
        from text in recipe.Stages.Values[0].Stage is var begin && (config.Stage.Source, config.Stage.Kind, config.Stage.LearnsText, config.Stage.Rows) == (begin.Source, begin.Kind, begin.LearnsText, begin.Rows)
            ? Success<Fault, Unit>(unit) : RunData.Load(config, first.Tokenizer, note, stop).Map(static _ => unit)
        from weights in config.Stage.From is { } begin ? InitialWeights.Open(config, begin, first.Tokenizer).Map(static _ => unit) : Success<Fault, Unit>(unit)
        from others in OthersOf(config, first.Tokenizer)
        select unit;

    // A critic learns, and is then its own; a teacher is always what it was.
    static Validation<Fault, Params<StartWeights>> OthersOf(RunConfig config, Tokenizer tokenizer, bool begun = false) =>
        from critic in begun ? Success<Fault, Option<StartWeights>>(None) : StartCritic.Of(config, tokenizer)
        from teacher in StartTeacher.Of(config, tokenizer)
        select new[] { (Critic.Name, critic), (Distillation.Teacher, teacher) }.SelectMany(static o => o.Item2.Map(weights => (o.Item1, weights)).AsEnumerable()).ToParams();

    internal static Validation<Fault, RunSession> Begin(string location, Recipe recipe, RunData data, Disk disk) =>
        from resolved in data.Resolve(recipe)
        from made in Disk.Guard(location, "expected a folder that can be written", () => { disk.CreateFolder(location); return Success<Fault, Unit>(unit); })
        from session in Locked(location, held =>
            from free in Fault.Unless(RunFolder.IsFree(location), RunFolder.Occupied(location))
            from note in resolved.Stages.Values[0].Stage.From is { } first ? InitialWeights.Note(first) : Success<Fault, Option<PublishedNote>>(None)
            let folder = new RunFolder(location, resolved, resolved.Stages.Names[0], data.Tokenizer) { Note = note }
            from own in folder.IsOwnTokenizer
            from weights in WeightsOf(folder)
            from others in OthersOf(folder.Config, data.Tokenizer)
            from fits in StartAdapter.Check(folder)
            from emptied in Emptied(location, disk)
            from kept in StartAdapter.Keep(folder, begun: false, disk)
            from written in folder.Write(disk)
            from opened in Opened(folder, 0, disk)
            select new RunSession(folder, data, held, opened.Metrics, opened.Store) { Weights = weights, Others = others })
        select session;

    internal static Validation<Fault, RunSession> Resume(RunFolder planned, RunData data, Disk disk) => Locked(planned.Location, held =>
        from begun in RunFolder.Open(planned.Location)
        from known in Fault.Unless(begun.Tokenizer.Equals(data.Tokenizer), "tokenizer",
            $"is a {data.Tokenizer} for {planned.Config.Stage.Source.Name}, other than the run's {begun.Tokenizer}",
                "allowed: the tokenizer that the run was begun with")
        from resolved in data.Resolve(planned.Recipe)
        let changed = begun with { Recipe = resolved, Stage = planned.Stage }
        // A stage may be new, and one of which there is nothing yet may be another.
        let before = begun.Recipe.Stages.Contains(planned.Stage) ? begun with { Stage = planned.Stage } : null
        from clean in changed.CheckpointsIn(disk).Clean()
        from newest in changed.CheckpointsIn(disk).Newest()
        from same in before is not null && (newest.IsSome || begun.Recipe.Before(planned.Stage) is null) ? RunConfig.Resume(before.Config, changed.Config)
            : Success<Fault, RunConfig>(changed.Config)
        let steps = changed.Config.Stage.Steps
        from ahead in newest.Match(c => Fault.Unless(c.Step <= steps, "steps", $"is {steps}, but the run has done {c.Step}", $"allowed: {c.Step} or more"),
            static () => Success<Fault, Unit>(unit))
        from drifted in newest.Match(c => (before ?? changed).Check(c), static () => Success<Fault, Unit>(unit))
        from text in newest.Match(c => SameText(c.Identity.Text, data, changed.Config), static () => Success<Fault, Unit>(unit))
        from weights in newest.IsSome && !changed.Config.KeepsStart ? Success<Fault, Option<StartWeights>>(None) : WeightsOf(changed)
        from others in OthersOf(changed.Config, data.Tokenizer, newest.IsSome)
        from kept in StartAdapter.Keep(changed, newest.IsSome, disk)
        from written in changed.Recipe == begun.Recipe ? Success<Fault, Unit>(unit) : changed.Write(disk)
        from opened in Opened(changed, newest.Match(static c => c.Step, static () => 0), disk, newest.Match(static c => c.Training.RolledOut, static () => -1))
        select new RunSession(changed, data, held, opened.Metrics, opened.Store) { From = newest, Weights = weights, Others = others, Before = before?.Config });

    /// <summary>Whether a text is the one that a checkpoint was written with.</summary>
    internal static Validation<Fault, Unit> SameText(TextIdentity written, RunData data, RunConfig config) => Fault.Unless(
        written == data.Identity, "data", $"{config.Stage.Source.Name} is not the text that the run was begun with",
            $"allowed: that text, of {written.Tokens} tokens");

    static Validation<Fault, Option<StartWeights>> WeightsOf(RunFolder folder) => StartWeights.Of(folder);

    // What a run left that did no step: its stages may have had other names.
    static Validation<Fault, Unit> Emptied(string location, Disk disk) => Disk.Guard(location, "expected a folder that can be written", () =>
    {
        foreach (var stage in RunFolder.StagesIn(location)) disk.DeleteFolder(stage);
        return Success<Fault, Unit>(unit);
    });

    // Metrics are opened last, so that nothing needs to be closed when something before fails.
    static Validation<Fault, (CheckpointStore Store, MetricsFile Metrics)> Opened(RunFolder folder, long step, Disk disk, long rolledOut = -1)
    {
        var store = folder.CheckpointsIn(disk);
        return from made in Disk.Guard(folder.Home, "expected a folder that can be written", () =>
            { disk.CreateFolder(folder.Home); return Success<Fault, Unit>(unit); })
               from metrics in MetricsFile.Open(folder.Metrics, step, disk, rolledOut)
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
