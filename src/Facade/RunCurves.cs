using Functional.Base;
using Functional.Reports;
using Functional.Sessions;

namespace Functional;

/// <summary>A stage of a run, under the name that it has beside others.</summary>
/// <param name="Name">The name.</param>
/// <param name="Stage">What is known of it so far.</param>
public sealed record NamedStage(string Name, StageHistory Stage);

/// <summary>A picture of one number of several runs.</summary>
/// <param name="Chart">The picture.</param>
/// <param name="IsDetail">Whether only who looks closely wants it.</param>
public sealed record RunCurve(Chart Chart, bool IsDetail);

/// <summary>Curves of several runs, a picture a number, on which each run that has it is a line.</summary>
public static class RunCurves
{
    // Those that say most come first; what is by layer or by text has pictures of its own in a report.
    static readonly string[] first = ["loss", "lr", "grad_norm", "tokens_per_second"], hidden = ["val_loss", "step_ms", "rollout/milliseconds", "peak_share", "loss_scale", "skipped"];

    /// <summary>The pictures, of what there are numbers of, those that say most first.</summary>
    /// <param name="stages">The runs' stages.</param>
    public static IReadOnlyList<RunCurve> Of(IReadOnlyList<NamedStage> stages)
    {
        ArgumentNullException.ThrowIfNull(stages);
        return [.. Curves(stages).Select(c => c with { Chart = c.Chart with { NamesBelow = true, NamesAlways = stages.Count > 1, Traces = [.. c.Chart.Traces.Where(static t => t.Points.Count > 0).Select(static t => t with { IsLine = t.Points.Count > 1 })] } })
            .Where(static c => c.Chart.Traces.Count > 0).OrderBy(static c => c.IsDetail)];
    }

    static IEnumerable<RunCurve> Curves(IReadOnlyList<NamedStage> stages)
    {
        RunCurve Picture(string title, string unit, Func<StageHistory, Vec<(double, double)>> of) => new(new(title, "step", unit, [.. stages.Select((s, i) => new Trace(s.Name, of(s.Stage)) { Colour = i })]), false);
        RunCurve Series(string title, string unit, string name) => Picture(title, unit, s => RunCharts.Thinned(s.Series(name)));
        var unit = stages.Select(static s => RunCharts.UnitOf(s.Stage.Config.Stage)).Distinct().ToArray() is [var one] ? one : "loss";
        yield return Picture("Reward of kept prompts", "mean reward", static s => s.IsReward ? s.Measured : []);
        yield return Series("Reward of a round", "mean reward", "rollout/reward");
        yield return Picture("Validation loss", unit, static s => s.IsReward ? [] : s.Measured);
        yield return Series("Training loss", unit, "loss");
        foreach (var name in stages.SelectMany(static s => s.Stage.Names).Distinct(StringComparer.Ordinal).Where(static n => !first.Contains(n) && !hidden.Contains(n) && n != "rollout/reward"
            && !n.StartsWith("norm/", StringComparison.Ordinal) && !n.StartsWith("val_losses/", StringComparison.Ordinal)))
            yield return Series(name.Replace("rollout/", "of a round: ", StringComparison.Ordinal).Replace("shown/", "", StringComparison.Ordinal), "", name) with { IsDetail = true };
        yield return Series("Learning rate", "rate", "lr");
        var norms = Series("Gradient norm, before clipping", "norm", "grad_norm");
        yield return norms with { Chart = norms.Chart with { LogY = true } };
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
