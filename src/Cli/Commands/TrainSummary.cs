using Functional.Graphs;
using Functional.Sessions;
using Functional.Settings;

namespace Functional.Cli;

/// <summary>What is shown when a run is complete: samples, the curve of losses, and how well the model does beside simpler ones.</summary>
static class TrainSummary
{
    const int Samples = 3, SampleTokens = 240, Bar = 40, Questions = 50;

    public static async Task Print(Terminal terminal, RunResult result, CancellationToken stop)
    {
        var run = RunFolder.Open(result.Folder, result.Stage).OrThrow();
        using var model = await LanguageModel.LoadAsync(result.Folder, run.Config.Execution, stage: result.Stage, cancellation: stop).ConfigureAwait(false);
        if (run.Config.Stage.LearnsText) await Write(terminal, result, model, stop).ConfigureAwait(false);
        else if (run.Config.Stage.Kind != StageKind.Reward) await Answer(terminal, result, model, stop).ConfigureAwait(false);
        var lines = await Training.MetricsAsync(result.Folder, result.Stage).ConfigureAwait(false);
        var practises = run.Config.Stage.IsJudged;
        terminal.Line(practises ? "\nreward of what it wrote to learn from (o: for prompts that are kept)"
            : run.Config.Stage.Kind == StageKind.Distill ? "\ndivergence from the teacher, nats a token (o: on rows or text that it does not learn from)"
            : run.Config.Stage.Kind is StageKind.Pretrain or StageKind.Sft ? "\nloss, nats a token (o: on text that it does not learn from)"
            : "\nloss (o: on rows that it does not learn from)");
        terminal.Out.Write(LossCurve.Draw(practises
            ? [.. lines.Where(static l => l.RollOut is { } r && r.Contains("reward") && float.IsFinite(r["reward"])).Select(static l => (l.Step, (double)l.RollOut!["reward"]))]
            : [.. lines.Where(static l => l.Training is not null).Select(static l => (l.Step, (double)l.Training!.Value.Loss))],
            [.. lines.Where(static l => l.ValidationLoss is not null).Select(l => (l.Step, practises ? -l.ValidationLoss!.Value : l.ValidationLoss!.Value))],
            Math.Min(terminal.Width, 100)));
        if (run.Config.Stage.Kind is StageKind.Reward or StageKind.Distill || (run.Config.Stage.Kind == StageKind.Dpo && !practises))
            terminal.Line($"\n{Measured(run.Config.Stage, await model.MeasureAsync(stop).ConfigureAwait(false))}");
        if (run.Config.Stage.LearnsText) await Score(terminal, result, model, stop).ConfigureAwait(false);
        if (result.BestStep >= 0 && result.BestStep != result.Step)
            terminal.Line($"\nthe {(practises ? "highest" : "lowest")}, {Show.Loss(practises ? -result.BestLoss : result.BestLoss)} when it was evaluated, was after step {result.BestStep}: functional sample --run {result.Folder} --checkpoint best");
    }

    static string Measured(StageConfig stage, (double Loss, IReadOnlyDictionary<string, double> Shown, long Rows) of)
    {
        string Given(string name, Func<double, string> text) => of.Shown.TryGetValue(name, out var value) ? text(value) : "";
        var kind = stage.Kind;
        if (kind == StageKind.Distill)
            return $"of {Show.Count(of.Rows)} {(stage.LearnsText ? "windows" : "rows")} that were kept: {Show.Loss(of.Loss)} nats a token from the teacher{Given("cross-entropy", static e => $", cross-entropy {Show.Loss(e)}")}";
        return $"of {Show.Count(of.Rows)} {(of.Shown.ContainsKey("accuracy") ? "comparisons" : "judged answers")} that were kept: loss {Show.Loss(of.Loss)}"
            + Given("accuracy", share => $"; the better answer {(kind == StageKind.Reward ? "has more" : "has become likelier beside the worse one")} in {Show.Percent(share)}")
            + Given("margin", margin => $", by {Show.Loss(margin)} in the mean")
            + Given("good", reward => $"; good ones have become likelier by {Show.Loss(reward)}") + Given("bad", reward => $", bad ones by {Show.Loss(reward)}");
    }

    static async Task Write(Terminal terminal, RunResult result, LanguageModel model, CancellationToken stop)
    {
        terminal.Line($"\nafter step {result.Step} it writes:");
        for (var seed = 1; seed <= Samples; seed++)
        {
            var text = new System.Text.StringBuilder();
            await foreach (var piece in model.GenerateAsync("", new() { Tokens = SampleTokens, Seed = seed }, stop).ConfigureAwait(false)) text.Append(piece);
            terminal.Line(TrainText.Indented(text.ToString()));
            if (seed < Samples) terminal.Line();
        }
    }

    // Questions that it was not trained on.
    static async Task Answer(Terminal terminal, RunResult result, LanguageModel model, CancellationToken stop)
    {
        var scores = await model.AnswerAsync(new() { Questions = Questions }, null, stop).ConfigureAwait(false);
        terminal.Line($"\nafter step {result.Step} it answers:");
        foreach (var a in scores.Answers.Take(Samples))
        {
            terminal.Line(TrainText.Indented(a.Prompt));
            terminal.Line($"    {Show.OneLine(a.Answer.Text)}{(a.Expected is { } expected ? $"    (expected: {Show.OneLine(expected)})" : "")}");
        }
        if (scores.Compared > 0)
            terminal.Line($"on {scores.Compared} of the questions that were kept: exact {scores.Exact:P0}, F1 {Show.Number(Math.Round(scores.Mean(static m => m.F1), 3))}; "
                + $"all of them: functional evaluate --from {Show.Word(result.Folder)} --questions 0");
        terminal.Line($"a question of your own: functional ask --from {Show.Word(result.Folder)} \"…\"");
    }

    static async Task Score(Terminal terminal, RunResult result, LanguageModel model, CancellationToken stop)
    {
        var score = await model.EvaluateAsync(cancellation: stop).ConfigureAwait(false);
        var simple = await model.BaselinesAsync(stop).ConfigureAwait(false);
        terminal.Line("\nvalidation loss, nats a token");
        (string Name, double Loss)[] rows = [("frequencies of tokens (unigram)", simple.Unigram),
            ("frequencies after the token before (bigram)", simple.Bigram), ("this model", score.Loss)];
        foreach (var (name, loss) in rows)
            terminal.Line($"  {name,-44}{Show.Loss(loss)}  {new string('█', (int)Math.Round(Bar * loss / rows.Max(static r => r.Loss)))}");
        terminal.Line($"\nperplexity {Show.Number(score.Perplexity)}, {Show.Number(score.BitsPerByte)} bits a byte. To read more: functional sample --run {result.Folder}");
    }
}
