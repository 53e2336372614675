using Functional.Base;
using Functional.Reports;
using Functional.Runs;
using Functional.Sessions;
using Functional.Settings;

namespace Functional;

/// <summary>Pictures of a stage's numbers.</summary>
static class RunCharts
{
    const string TextLosses = "val_losses/";

    const int Bins = 60, MostLayers = 12, Width = 520, Height = 330;

    // Numbers that have pictures of their own, or need none.
    static readonly string[] shown = ["loss", "lr", "grad_norm", "step_ms", "tokens_per_second", "val_loss", "val_loss_average", "peak_share", "rollout/milliseconds"];

    /// <summary>The pictures of a stage, as SVG elements.</summary>
    public static Vec<string> Of(StageHistory stage) => [.. Charts(stage).Where(static c => c.Traces.Any(static t => t.Points.Count > 0)).Select(Svg)];

    /// <summary>Norms by layer.</summary>
    public static Vec<string> Norms(StageHistory stage) => [.. new[] { LayerNorms.Gradient, LayerNorms.Update, LayerNorms.Weight }
        .Select(of => Chart($"{char.ToUpperInvariant(of[0])}{of[1..]} norms by layer", "norm", [.. Layers(stage, of).Select(layer => new Trace(layer, Thinned(stage.Series($"norm/{of}/{layer}"))))]) with { LogY = true })
        .Where(static c => c.Traces.Count > 0).Select(Svg)];

    /// <summary>A chart as all of a report are drawn.</summary>
    public static string Svg(Chart chart) => chart.Svg(Width, Height);

    /// <summary>Points that are few enough to see: means of neighbours stand for the others.</summary>
    public static Vec<(double X, double Y)> Thinned(Vec<(double X, double Y)> points) => points.Count <= 2 * Bins ? points
        : [.. points.Chunk((points.Count + Bins - 1) / Bins).Select(static some => (some.Average(static p => p.X), some.Average(static p => p.Y)))];

    /// <summary>What a stage's loss is counted in.</summary>
    public static string UnitOf(StageConfig stage) => stage.Kind is StageKind.Pretrain or StageKind.Sft or StageKind.Distill ? "nats a token" : "loss";

    static IEnumerable<Chart> Charts(StageHistory stage)
    {
        var (unit, measured) = (UnitOf(stage.Config.Stage), stage.Measured);
        if (stage.IsReward) yield return Chart("Reward", "mean reward", [new("of a round", Thinned(stage.Series("rollout/reward"))), new("kept prompts", measured)]);
        yield return Chart("Loss", unit, [new("training", Thinned(stage.Series("loss"))), .. stage.IsReward || measured.Count == 0 ? Array.Empty<Trace>() : [new Trace("validation", measured)],
            new("validation, by the mean of the weights", stage.Series("val_loss_average"))]);
        if (Parts(stage) is { Count: > 0 } texts) yield return Chart("Validation loss of each text", unit, [.. texts.Select(name => new Trace(name[TextLosses.Length..], Thinned(stage.Series(name))))]);
        foreach (var name in stage.Names.Where(n => !shown.Contains(n) && n != "rollout/reward" && !n.StartsWith("norm/", StringComparison.Ordinal) && !n.StartsWith(TextLosses, StringComparison.Ordinal)
            && !(n is "loss_scale" or "skipped" && stage.Series(n).Select(static p => p.Value).Distinct().Count() < 2)))
            yield return Chart(name.Replace("rollout/", "of a round: ", StringComparison.Ordinal).Replace("shown/", "", StringComparison.Ordinal), "", [new(name, Thinned(stage.Series(name)))]);
        yield return Chart("Gradient norm, before clipping", "norm", [new("norm", Thinned(stage.Series("grad_norm")))]) with { LogY = true };
        yield return Chart("Learning rate", "rate", [new("rate", Thinned(stage.Series("lr")))]);
        yield return Chart("Speed", "tokens a second", [new("tokens", Thinned(stage.Series("tokens_per_second")))]);
        yield return Chart("Share of the machine's peak", "share", [new("share", Thinned(stage.Series("peak_share")))]);
    }

    static Chart Chart(string title, string unit, Vec<Trace> traces) => new(title, "step", unit, [.. traces.Where(static t => t.Points.Count > 0)
        .Select(static t => t.Points.Count == 1 ? t with { IsLine = false } : t)]) { NamesBelow = true };

    static Vec<string> Parts(StageHistory stage) => [.. stage.Names.Where(static n => n.StartsWith(TextLosses, StringComparison.Ordinal))];

    // Of very many layers some, evenly.
    static string[] Layers(StageHistory stage, string of)
    {
        var all = stage.Names.Where(n => n.StartsWith($"norm/{of}/", StringComparison.Ordinal)).Select(n => n[$"norm/{of}/".Length..]).Where(static n => !n.Contains('/', StringComparison.Ordinal)).ToArray();
        return all.Length <= MostLayers ? all : [.. Enumerable.Range(0, MostLayers).Select(i => all[i * (all.Length - 1) / (MostLayers - 1)])];
    }
}
