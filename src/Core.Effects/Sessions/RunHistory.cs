using System.Globalization;
using Functional.Base;
using Functional.Logs;
using Functional.Settings;
using Functional.Storage;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>What is known of a stage of a run from what it has written so far: whether it is done, goes on or was broken off does not matter.</summary>
/// <param name="Name">The stage.</param>
/// <param name="Config">What it is made of.</param>
/// <param name="Metrics">Its metrics.</param>
/// <param name="Story">What happened beside.</param>
/// <param name="Progress">How far it has come.</param>
public sealed record StageHistory(string Name, RunConfig Config, MetricsTable Metrics, Vec<StoryLine> Story, StageProgress Progress)
{
    /// <summary>A number of its lines, by the names that logs have: where it stands, from the first step to the last.</summary>
    public Vec<(double Step, double Value)> Series(string name) => Metrics.Series(name);

    /// <summary>The names of all numbers that its lines have, in the order in which they come.</summary>
    public Vec<string> Names => Metrics.Names;

    /// <summary>Its metrics, a line each.</summary>
    public Vec<MetricsLine> Lines => Metrics.Lines;

    /// <summary>How many lines of its metrics could not be read.</summary>
    public int Broken => Metrics.Broken;

    /// <summary>The last step of which there is a line.</summary>
    public long Step => Lines.Count == 0 ? 0 : Lines.Max(static l => l.Training is null ? 0 : l.Step);

    /// <summary>What was known of its model, data and machine when it last began or went on; nothing where that was not written down.</summary>
    public Params<string> Facts => Story.LastOrDefault(static l => l.Began is not null)?.Began ?? Params<string>.Empty;

    /// <summary>Whether what it is measured by is minus a reward.</summary>
    public bool IsReward => Config.Stage.IsJudged;

    /// <summary>The measurements of what is not learned: losses, or rewards of a stage whose answers are judged.</summary>
    public Vec<(double Step, double Value)> Measured => IsReward ? Series("val_loss").Map(static p => (p.Step, -p.Value)) : Series("val_loss");

    /// <summary>The best of them; nothing where nothing was measured.</summary>
    public (double Step, double Value)? Best => Measured is { Count: > 0 } all ? IsReward ? all.MaxBy(static p => p.Value) : all.MinBy(static p => p.Value) : null;

    /// <summary>Milliseconds that its steps took, rollouts beside.</summary>
    public double Milliseconds => Series("step_ms").Sum(static p => p.Value) + Series("rollout/milliseconds").Sum(static p => p.Value);

    /// <summary>Bits that coding a byte takes at a loss in nats a token; nothing where nobody wrote down how long tokens are, or where it learns no text.</summary>
    public double? BitsPerByte(double loss) => Config.Stage.LearnsText && Config.Stage.Kind == StageKind.Pretrain && Facts.Contains("bytes_per_token")
        && double.TryParse(Facts["bytes_per_token"], NumberStyles.Float, CultureInfo.InvariantCulture, out var bytes) && bytes > 0 ? loss / Math.Log(2) / bytes : null;

    /// <summary>How it stands, in a word or two.</summary>
    public string Standing => Progress.IsDone ? "completed" : !Progress.IsBegun ? "not begun"
        : Story.LastOrDefault(static l => l.Began is not null || l.Ended is not null) is { Ended: { } ended } ? ended : "running, or broken off";
}

/// <summary>A run as far as it has come, for people who look at it.</summary>
/// <param name="Folder">Its folder.</param>
/// <param name="Stages">Its stages.</param>
public sealed record RunHistory(RunFolder Folder, Vec<StageHistory> Stages)
{
    /// <summary>Its name, its folder's last.</summary>
    public string Name => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(Folder.Location)));

    /// <summary>Reads a run's files; what is missing or torn in metrics is left out.</summary>
    /// <param name="location">Its folder.</param>
    public static Validation<Fault, RunHistory> Of(string location) => Of(location, static metrics => new(metrics));

    /// <summary>As <see cref="Of(string)"/>, for whoever looks again and again.</summary>
    /// <param name="location">Its folder.</param>
    /// <param name="tail">What is known already of a stage's metrics, by their file.</param>
    public static Validation<Fault, RunHistory> Of(string location, Func<string, MetricsTail> tail) =>
        from folder in RunFolder.Open(location)
        from stages in folder.Progress.Select(progress => Of(folder with { Stage = progress.Name }, progress, tail)).Gather()
        select new RunHistory(folder, stages);

    static Validation<Fault, StageHistory> Of(RunFolder stage, StageProgress progress, Func<string, MetricsTail> tail) =>
        from metrics in tail(stage.Metrics).Read()
        from story in StoryLog.Read(Path.Combine(stage.Home, StoryLog.FileName))
        select new StageHistory(stage.Stage, stage.Config, metrics, story, progress);
}
