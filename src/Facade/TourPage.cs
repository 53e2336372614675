using System.Globalization;
using Functional.Base;
using Functional.Reports;
using Functional.Settings;
using Functional.Storage;

namespace Functional;

/// <summary>The page that tells of a tour, in one file.</summary>
static class TourPage
{
    const int Shown = 8, Bins = 20;

    public static async Task<string> Of(TourResult result, Recipe recipe)
    {
        var metrics = new List<(TourScore Score, IReadOnlyList<MetricsLine> Lines)>();
        foreach (var score in result.Scores) metrics.Add((score, await Training.MetricsAsync(result.Folder, score.Stage).ConfigureAwait(false)));
        return new Page("A tour: from text to preferences",
        [
            Page.Text("One small model, pretrained on the embedded world, taught to answer, and then bettered in several ways by what is true of that world. "
                + $"Every stage was asked the same {result.Scores.Max(static s => s.Answers.Count)} questions, of which none was learned from; each answer was drawn once, at temperature 1."),
            Page.Table(Columns, Rows(result)),
            Page.Text("Intervals are those in which the value lies with 95 %; gains are over the stage that it began with, on the same questions. KL is an estimate of the divergence from that stage, in nats an answer."),
            Page.Heading("What they answer"),
            Samples(result),
            Page.Heading("How they learned"),
            Page.Pictures([.. Charts(metrics).Select(static c => c.Svg())]),
            Page.Heading("What it was made of"),
            $"<details><summary>the recipe</summary><pre><code>{Page.Safe(Functional.Files.ConfigYaml.Write(recipe))}</code></pre></details>",
            Page.Text("Any stage is gone on from by its folder, such as functional grpo --from stages/sft, and asked by functional sample and functional evaluate."),
        ]).Html;
    }

    /// <summary>The columns of the table of scores.</summary>
    public static Vec<string> Columns { get; } = ["stage", "kind", "right", "gain", "judge#", "KL#", "tokens#", "seconds#"];

    /// <summary>The table of scores, a row a stage.</summary>
    public static Vec<Vec<string>> Rows(TourResult result) => result.Scores.Map(s => (Vec<string>)
    [
        s.Stage, s.Kind, $"{Share(s.Reward.Value)} ({Share(s.Reward.Low)} to {Share(s.Reward.High)}){(s.Right is null ? "" : $" of {s.Pairs} pairs")}",
        result[s.Beside] is { Answers.Count: > 0 } before && s.Right is null && s.Gain(before) is var gain ? $"{Signed(gain.Value)} ({Signed(gain.Low)} to {Signed(gain.High)}) over {before.Stage}" : "",
        Number(s.Judged, "0.00"), Number(s.Kl, "0.00"), s.Right is null ? Number(s.Length, "0.0") : "", Number(s.Seconds, "0"),
    ]);

    /// <summary>Questions by their places, those first on which the stages after the first differ: of the others there is little to see.</summary>
    public static IEnumerable<int> Telling(TourResult result) => result.Scores.Where(static s => s.Right is null).ToArray() is var writers
        ? Enumerable.Range(0, writers.Min(static w => w.Answers.Count)).OrderByDescending(i => writers.Skip(1).Select(w => w.Answers[i].Reward).Distinct().Count()).ThenBy(static i => i) : [];

    static string Samples(TourResult result)
    {
        var writers = result.Scores.Where(static s => s.Right is null).ToArray();
        return Page.Table(["question", .. writers.Select(static w => $"{w.Stage}~")],
            [.. Telling(result).Take(Shown).Select(i => (Vec<string>)[writers[0].Answers[i].Question, .. writers.Select(w => $"{(w.Answers[i].Reward > 0 ? "✓" : "✗")} {Brief(w.Answers[i].Answer)}")])]);
    }

    /// <summary>An answer, or its beginning.</summary>
    public static string Brief(string answer) => answer.Length <= 80 ? answer : $"{answer[..80]}…";

    static IEnumerable<Chart> Charts(List<(TourScore Score, IReadOnlyList<MetricsLine> Lines)> all)
    {
        var taught = all.Where(static s => s.Score.Kind is "pretrain" or "sft").ToArray();
        yield return new("Loss while texts and answers are learned", "step", "nats a token",
            [.. taught.Select(static s => new Trace(s.Score.Stage, Means([.. s.Lines.Where(static l => l.Training is not null).Select(static l => ((double)l.Step, (double)l.Training!.Value.Loss))])))]);
        var practising = all.Where(static s => s.Lines.Any(static l => l.RollOut is not null)).ToArray();
        if (practising.Length > 0)
            yield return new("Reward of what policies write", "step", "mean reward of a round", [.. practising.Select(static s => new Trace(s.Score.Stage, Means(Rewards(s.Lines))))]);
        var moved = all.Where(static s => s.Score is { Kl: not null, Right: null, Kind: not "sft" }).ToArray();
        if (moved.Length > 0)
            yield return new("What the distance from the beginning buys", "KL, nats an answer", "share of right answers",
            [
                .. moved.GroupBy(static s => s.Score.Beside).Select(g => all.FirstOrDefault(a => a.Score.Stage == g.Key)).Where(static s => s.Score is not null)
                    .Select(static s => new Trace(s.Score.Stage, [(0, s.Score.Reward.Value)]) { IsLine = false }),
                .. moved.Select(static s => new Trace(s.Score.Stage, [(s.Score.Kl!.Value, s.Score.Reward.Value)]) { IsLine = false }),
            ]);
    }

    static Vec<(double, double)> Rewards(IReadOnlyList<MetricsLine> lines) =>
        [.. lines.Where(static l => l.RollOut is { } r && r.Contains("reward") && float.IsFinite(r["reward"])).Select(static l => ((double)l.Step, (double)l.RollOut!["reward"]))];

    // Steps are noisy: means of neighbours show where they go.
    static Vec<(double, double)> Means(Vec<(double X, double Y)> points) => points.Count <= 2 * Bins ? points
        : [.. points.Chunk((points.Count + Bins - 1) / Bins).Select(static some => (some.Average(static p => p.X), some.Average(static p => p.Y)))];

    static string Share(double value) => value.ToString("P1", CultureInfo.InvariantCulture);

    static string Signed(double value) => (value * 100).ToString("+0.0;−0.0;0.0", CultureInfo.InvariantCulture);

    static string Number(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "";
}
