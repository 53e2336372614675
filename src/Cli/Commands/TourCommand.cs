using Functional.Base;

namespace Functional.Cli;

/// <summary><c>functional tour</c>: all of it in one command.</summary>
static class TourCommand
{
    const int Shown = 4;
    static readonly TourOptions standard = new();

    public static CommandSpec Spec => new("Pretrains a model, teaches it to answer, betters it in three ways, and shows what came of it, in about five minutes.",
        [
            new("--out", "DIR", "folder that keeps the run") { Default = "runs/tour" },
            new("--recipe", "FILE", "a recipe in place of the tour's own; paths in it are relative to the run's folder"),
            new("--seed", "N", "another tour: other first values, other draws") { Default = "1" },
            new("--questions", "N", "questions that every stage answers at the end") { Default = $"{standard.Questions}" },
            new("--compared", "N", "questions of which answers are compared, to learn from") { Default = $"{standard.Compared}" },
            new("--answers", "N", "answers that each of those has") { Default = $"{standard.Answers}" },
            new("--json", null, "one line of JSON at the end and no table"),
            .. EngineFlags.All,
        ], Run)
    {
        Details = """
            pretrain learns the embedded world's texts; sft, to answer questions about it; reward, to judge answers. sft's own answers
            to questions that it learned from are compared by what is true, and written to preferences.jsonl in the run's folder. ppo
            learns from what is true beside a critic, grpo from it in groups of answers, dpo from the comparisons; all three begin
            with what sft learned. At the end every stage answers the same questions, which none has learned from, and report.html
            shows it.

            Stopped in any way, the same command goes on. Each stage is a run's, in stages/NAME of the folder: it is resumed, replaced
            and branched by that. The recipe is recipes/tour.yaml.

            """,
        Examples = [new("tour", "all of it"), new("tour --seed 2 --out runs/tour-2", "once more, otherwise"),
            new("grpo --from runs/tour/stages/sft --judge runs/tour/stages/reward", "another branch of it"),
            new("evaluate --from runs/tour/stages/grpo --beside runs/tour/stages/sft", "two stages beside each other")],
    };

    static async Task<int> Run(Given given, Terminal terminal, Interruption interruption)
    {
        var (questions, compared, answers, seed) = (given.Whole("--questions", standard.Questions, 1), given.Whole("--compared", standard.Compared, 2),
            given.Whole("--answers", standard.Answers, 2), given.Whole64("--seed", 1, 0)).Checked();
        var folder = given.Text("--out") ?? "runs/tour";
        var options = new TourOptions
        {
            Recipe = given.Text("--recipe"), Questions = questions, Compared = compared, Answers = answers,
            Settings = [.. given.Has("--seed") ? [("seed", $"{seed}")] : Array.Empty<(string, string)>(), .. EngineFlags.Names.Where(name => given.Has($"--{name}")).Select(name => (name, given.Text($"--{name}")!))],
        };
        EngineFlags.Check(given, Tour.RecipeOf(folder, options).Stages.Values[0].Execution).OrThrow();
        interruption.Saves();
        var view = terminal.Forgiving();
        TourResult? result = null;
        try
        {
            await (view.Live ? LiveView.Run(view, interruption, Go) : Go(new PlainView(view))).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (interruption.ExitCode != 0)
        {
            // What is not a stage's is done again, or goes on where it stands.
        }
        if (result is not { IsDone: true })
        {
            view.Line($"stopped; everything is saved. To go on: functional tour --out {Show.Word(folder)}");
            return interruption.ExitCode;
        }
        if (given.Has("--json")) terminal.Line(Json(result));
        else Tell(terminal, result);
        return 0;

        async Task Go(ITrainView shown) => result = await Tour.RunAsync(folder, options, shown, shown, interruption.Token).ConfigureAwait(false);
    }

    static void Tell(Terminal terminal, TourResult result)
    {
        terminal.Line();
        var (heads, rows) = (TourPage.Columns.Map(static h => h.TrimEnd('#')), TourPage.Rows(result));
        Vec<int> widths = [.. Enumerable.Range(0, heads.Count).Select(i => Math.Max(heads[i].Length, rows.Max(r => r[i].Length)))];
        foreach (var row in rows.Prepend(heads))
            terminal.Line(string.Join("  ", row.Select((cell, i) => TourPage.Columns[i].EndsWith('#') ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i]))).TrimEnd());
        var writers = result.Scores.Where(static s => s.Right is null).ToArray();
        foreach (var i in TourPage.Telling(result).Take(Shown))
        {
            terminal.Line($"\n{TrainText.Indented(writers[0].Answers[i].Question)}");
            foreach (var writer in writers)
                terminal.Line($"    {writer.Stage,-10}{(writer.Answers[i].Reward > 0 ? "right  " : "wrong  ")}{Show.OneLine(TourPage.Brief(writer.Answers[i].Answer))}");
        }
        terminal.Line($"\n{result.Page} shows more. To go on: functional grpo --from {Show.Word(Path.Combine(result.Folder, "stages", "sft"))} --judge exact");
    }

    static string Json(TourResult result) => JsonLine.Of(json =>
    {
        json.WriteString("folder", result.Folder);
        json.Objects("stages", result.Scores, score =>
        {
            json.WriteString("stage", score.Stage);
            json.WriteString("kind", score.Kind);
            json.Rate("right", score.Reward);
            if (score.Right is null && result[score.Beside] is { Answers.Count: > 0 } before)
            {
                json.WriteString("over", before.Stage);
                json.Rate("gain", score.Gain(before));
            }
            if (score.Kl is { } kl) json.WriteNumber("kl", kl);
            if (score.Judged is { } judged && double.IsFinite(judged)) json.WriteNumber("judge", judged);
            if (score.Right is null) json.WriteNumber("tokens", score.Length);
            json.WriteNumber("seconds", score.Seconds);
        });
    });
}
