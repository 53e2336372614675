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
/// <param name="Lines">Its metrics.</param>
/// <param name="Broken">How many lines of its metrics could not be read.</param>
/// <param name="Story">What happened beside.</param>
/// <param name="Progress">How far it has come.</param>
public sealed record StageHistory(string Name, RunConfig Config, Vec<MetricsLine> Lines, int Broken, Vec<StoryLine> Story, StageProgress Progress)
{
    /// <summary>A number of its lines, by the names that logs have: where it stands, from the first step to the last.</summary>
    public Vec<(double Step, double Value)> Series(string name) =>
        [.. Lines.SelectMany(l => l.Record.Numbers.Where(n => n.Name == name).Select(n => ((double)l.Step, n.Value)))];

    /// <summary>The names of all numbers that its lines have, in the order in which they come.</summary>
    public Vec<string> Names => [.. Lines.SelectMany(static l => l.Record.Numbers.Select(static n => n.Name)).Distinct(StringComparer.Ordinal)];

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
    public static Validation<Fault, RunHistory> Of(string location) =>
        from folder in RunFolder.Open(location)
        from stages in folder.Progress.Select(progress => Of(folder with { Stage = progress.Name }, progress)).Gather()
        select new RunHistory(folder, stages);

    static Validation<Fault, StageHistory> Of(RunFolder stage, StageProgress progress) =>
        from lines in File.Exists(stage.Metrics) ? MetricsFile.Read(stage.Metrics) : Success<Fault, Vec<MetricsLine>>([])
        from story in StoryLog.Read(Path.Combine(stage.Home, StoryLog.FileName))
        select new StageHistory(stage.Stage, stage.Config, lines, File.Exists(stage.Metrics) ? Math.Max(0, Ends(stage.Metrics) - lines.Count) : 0, story, progress);

    // Lines that have an end; of a run that goes on there may be more by now.
    static int Ends(string file)
    {
        using var shared = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var (block, ends) = (new byte[1 << 16], 0);
        for (int count; (count = shared.Read(block)) > 0;) ends += block.AsSpan(0, count).Count((byte)'\n');
        return ends;
    }
}
