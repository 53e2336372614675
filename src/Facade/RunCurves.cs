using Functional.Base;
using Functional.Reports;
using Functional.Sessions;

namespace Functional;

/// <summary>A stage of a run, under the name that it has beside others.</summary>
/// <param name="Name">The name.</param>
/// <param name="Stage">What is known of it so far.</param>
public sealed record NamedStage(string Name, StageHistory Stage);

/// <summary>Curves of several runs, a picture a number, on which each run that has it is a line.</summary>
public static class RunCurves
{
    // Those that say most come first; what is by layer or by text has pictures of its own in a report.
    static readonly string[] first = ["loss", "lr", "grad_norm", "tokens_per_second"], hidden = ["val_loss", "step_ms", "rollout/milliseconds", "peak_share", "loss_scale", "skipped"];

    /// <summary>The pictures, of what there are numbers of.</summary>
    /// <param name="stages">The runs' stages.</param>
    public static IReadOnlyList<Chart> Of(IReadOnlyList<NamedStage> stages)
    {
        ArgumentNullException.ThrowIfNull(stages);
        return [.. Charts(stages).Select(static c => c with { NamesBelow = true, Traces = [.. c.Traces.Where(static t => t.Points.Count > 0).Select(static t => t with { IsLine = t.Points.Count > 1 })] })
            .Where(static c => c.Traces.Count > 0)];
    }

    static IEnumerable<Chart> Charts(IReadOnlyList<NamedStage> stages)
    {
        Chart Picture(string title, string unit, Func<StageHistory, Vec<(double, double)>> of) => new(title, "step", unit, [.. stages.Select(s => new Trace(s.Name, of(s.Stage)))]);
        Chart Series(string title, string unit, string name) => Picture(title, unit, s => RunCharts.Thinned(s.Series(name)));
        var unit = stages.Select(static s => RunCharts.UnitOf(s.Stage.Config.Stage)).Distinct().ToArray() is [var one] ? one : "loss";
        yield return Picture("Reward of kept prompts", "mean reward", static s => s.IsReward ? s.Measured : []);
        yield return Series("Reward of a round", "mean reward", "rollout/reward");
        yield return Picture("Validation loss", unit, static s => s.IsReward ? [] : s.Measured);
        yield return Series("Training loss", unit, "loss");
        foreach (var name in stages.SelectMany(static s => s.Stage.Names).Distinct(StringComparer.Ordinal).Where(static n => !first.Contains(n) && !hidden.Contains(n) && n != "rollout/reward"
            && !n.StartsWith("norm/", StringComparison.Ordinal) && !n.StartsWith("val_losses/", StringComparison.Ordinal)))
            yield return Series(name.Replace("rollout/", "of a round: ", StringComparison.Ordinal).Replace("shown/", "", StringComparison.Ordinal), "", name);
        yield return Series("Learning rate", "rate", "lr");
        yield return Series("Gradient norm, before clipping", "norm", "grad_norm") with { LogY = true };
        yield return Series("Speed", "tokens a second", "tokens_per_second");
    }

    /// <summary>Settings of a stage that are not what they are where nothing is said: name, value, usual value, what it is.</summary>
    /// <param name="stage">The stage.</param>
    public static IReadOnlyList<(string Name, string Value, string Usual, string Summary)> Settings(StageHistory stage)
    {
        ArgumentNullException.ThrowIfNull(stage);
        return [.. RunTexts.Changed(stage.Config).Select(static c => (c.Field.Name, c.Value, c.Usual, c.Field.Summary))];
    }

    /// <summary>What a stage is measured by, in words.</summary>
    /// <param name="stage">The stage.</param>
    public static string Measure(StageHistory stage)
    {
        ArgumentNullException.ThrowIfNull(stage);
        return RunTexts.Measure(stage);
    }
}
