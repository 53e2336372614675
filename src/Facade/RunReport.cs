using Functional.Base;
using Functional.Engines;
using Functional.Reports;
using Functional.Sessions;
using Functional.Settings;

namespace Functional;

/// <summary>Tells of a run on one page that needs nothing else: what it is, its curves, what it wrote, its numbers, what it was made of.</summary>
/// <example><code>
/// await RunReport.WriteAsync("runs/poems", "poems.html");
/// </code></example>
public static class RunReport
{
    /// <summary>Writes the page of a run, whether it is done, goes on or was broken off.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="file">The page; one that is there is replaced.</param>
    /// <param name="looks">Whether its models are looked at, too: attention on a sample, and how experts are used.</param>
    /// <param name="cancellation">Gives up before it is written.</param>
    /// <exception cref="FunctionalException">There is no run, or the page cannot be written.</exception>
    public static Task WriteAsync(string folder, string file, bool looks = true, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        return Task.Run(async () =>
        {
            var page = await HtmlAsync(folder, looks, cancellation).ConfigureAwait(false);
            _ = PageFile.Write(file, page).OrThrow();
        }, cancellation);
    }

    /// <summary>The page of a run, as a text.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="looks">Whether its models are looked at, too.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FunctionalException">There is no run.</exception>
    public static Task<string> HtmlAsync(string folder, bool looks = true, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return Task.Run(() =>
        {
            var run = RunHistory.Of(folder).OrThrow();
            return RunPage.Of(run, looks ? run.Stages.Select(s => (s.Name, Seen(run, s, cancellation))).ToParams() : Params<string>.Empty);
        }, cancellation);
    }

    // What cannot be looked at is no failure of a report: a checkpoint may be gone, or there may be no room for it.
    static string Seen(RunHistory run, StageHistory stage, CancellationToken cancellation)
    {
        if (!stage.Progress.IsBegun || stage.Config.Decoder.Labels > 0 || stage.Config.Stage.Kind == StageKind.Reward || (run.Folder with { Stage = stage.Name }).Checkpoints.Steps.Count == 0) return "";
        try
        {
            using var engine = Engine.Create(stage.Config.Execution);
            return TrainedModel.Open(engine, run.Folder.Location, stage: stage.Name).Match(model =>
            {
                using (model) return Attention(model, stage, cancellation) + Experts(model, cancellation);
            }, static _ => "");
        }
        catch (Exception e) when (e is FunctionalException or DeviceMemoryException or IOException or NotFiniteNumberException or OutOfMemoryException or ArgumentException)
        {
            return Page.Text($"Its model could not be looked at: {e.Message.ReplaceLineEndings(" ")}");
        }
    }

    static string Attention(TrainedModel model, StageHistory stage, CancellationToken cancellation)
    {
        var text = stage.Story.LastOrDefault(static l => l.Written is { Length: > 0 })?.Written ?? "";
        return AttentionMaps.Of(model, text, layer: null, most: AttentionMaps.InReports, cancellation).Match(
            static maps => Page.Subheading("Attention") + Page.Text(maps.Said) + Page.Pictures([.. maps.Charts.Take(AttentionMaps.MostInReports).Select(static c => c.Svg())]), static _ => "");
    }

    static string Experts(TrainedModel model, CancellationToken cancellation) => model.Run.Config.Model.Experts.Count == 0 ? ""
        : model.Data(cancellation).Bind(data => model.ExpertLoad(data.Validation, cancellation)).Match(static loads => Page.Subheading("Experts")
            + Page.Text("How often each is chosen on text that it does not learn from: 1 where all are chosen alike.")
            + Page.Pictures([new HeatChart("load by layer and expert", [.. Enumerable.Range(0, loads.Max(static l => l.Shares.Count)).Select(static i => $"{i}")], loads.Map(static l => l.Layer),
                loads.Map(static l => l.Shares)).Svg(520, Math.Clamp(80 + 22 * loads.Count, 160, 900))]), static _ => "");
}
