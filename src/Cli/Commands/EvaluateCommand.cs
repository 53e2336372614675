using System.Globalization;
using Functional.Sessions;
using Functional.Storage;

namespace Functional.Cli;

/// <summary><c>functional evaluate</c>: how a model answers questions, by itself or beside another.</summary>
static class EvaluateCommand
{
    static readonly AnswerOptions standard = new() { Questions = 100 };

    public static CommandSpec Spec => new("evaluate", "Asks a model questions, and compares its answers with those that are expected.",
        [
            new("--from", "DIR", "folder of the run") { Required = true },
            new("--checkpoint", "NAME", "which of its checkpoints: best, last or a step") { Default = "last" },
            new("--stage", "NAME", "of which of its stages") { Default = "the last that has one" },
            Models.Adapter,
            new("--beside", "DIR", "another run, which is asked the same"),
            new("--data", "FILE", "rows of questions and answers; by default those that the run kept for evaluation"),
            new("--template", "NAME", "how they are asked") { Default = "as the run was trained" },
            new("--columns", "NAMES", "which columns are meant, as prompt=question,response=answer"),
            new("--questions", "N", "how many, spread evenly over all; 0 for all") { Default = $"{standard.Questions}" },
            new("--tokens", "N", "tokens of an answer at most") { Default = $"{standard.Tokens}" },
            new("--temperature", "T", "0 takes the likeliest token each time") { Default = Show.Number(standard.Temperature) },
            new("--seed", "N", "the same seed draws the same answers") { Default = $"{standard.Seed}" },
            new("--show", "N", "how many questions are shown with their answers") { Default = "3" },
            new("--json", null, "one line of JSON and nothing else: scores, and every question with its answers"),
            .. EngineFlags.All,
        ], Run)
    {
        Details = """
            loss and perplexity are of the expected answers. An answer is exact when it is the expected one but for case, white
            space, and full stops or quotation marks around it. F1 (which is ROUGE-1) counts words, ROUGE-2 pairs of words, ROUGE-L
            the longest common subsequence of words; combining marks are parts of their letters.

            """,
        Examples = [new("evaluate --from runs/answers", "questions that it was not trained on"),
            new("evaluate --from runs/answers --beside runs/base --data questions.jsonl", "before and after")],
    };

    static async Task<int> Run(Given given, Terminal terminal, Interruption interruption)
    {
        var (engine, checkpoint, questions, tokens) = (EngineFlags.Of(given), CheckpointChoice.Parse(given.Text("--checkpoint"), "--checkpoint"),
            given.Whole("--questions", standard.Questions, 0), given.Whole("--tokens", standard.Tokens, 1)).Checked();
        var (temperature, seed, shown) = (given.Number("--temperature", standard.Temperature), given.Whole64("--seed", standard.Seed, 0),
            given.Whole("--show", 3, 0)).Checked();
        var options = standard with
        {
            File = given.Text("--data"), Template = given.Text("--template"), Columns = given.Text("--columns"), Questions = questions, Tokens = tokens,
            Temperature = temperature, Seed = seed,
        };
        var all = new List<(string Name, AnswerScores Scores)>();
        foreach (var run in (string[])[given.Text("--from")!, .. given.Text("--beside") is { } other ? (string[])[other] : []])
        {
            var first = all.Count == 0;
            using var model = await (first ? Models.Load(given, run, engine, checkpoint, given.Text("--stage"), interruption.Token)
                : LanguageModel.LoadAsync(run, engine, cancellation: interruption.Token)).ConfigureAwait(false);
            // Both are asked what the first would be, however it was trained.
            all.Add((run, await model.AnswerAsync(options with { Like = first ? null : given.Text("--from") }, null, interruption.Token).ConfigureAwait(false)));
        }
        if (given.Has("--json")) terminal.Line(Json(all));
        else Tell(terminal, all, shown);
        return interruption.ExitCode;
    }

    static void Tell(Terminal terminal, List<(string Name, AnswerScores Scores)> all, int shown)
    {
        var answers = all[0].Scores.Answers;
        terminal.Line($"{Show.Count(answers.Count)} questions");
        (string Name, Func<AnswerScores, double> Of)[] rows =
        [
            ("loss", static s => s.Loss), ("perplexity", static s => s.Perplexity), ("exact", static s => s.Exact), ("F1, ROUGE-1", static s => s.Mean(static m => m.F1)),
            ("ROUGE-2", static s => s.Mean(static m => m.Rouge2)), ("ROUGE-L", static s => s.Mean(static m => m.RougeL)),
        ];
        var width = Math.Max(10, all.Max(static a => a.Name.Length));
        if (all.Count > 1) terminal.Line($"{"",-14}{string.Join("  ", all.Select(a => a.Name.PadLeft(width)))}");
        foreach (var (name, of) in rows)
            terminal.Line($"{name,-14}{string.Join("  ", all.Select(a => of(a.Scores).ToString("0.0000", CultureInfo.InvariantCulture).PadLeft(width)))}");
        for (var i = 0; i < Math.Min(shown, answers.Count); i++)
        {
            terminal.Line($"\n{TrainText.Indented(answers[i].Prompt)}");
            terminal.Line($"  expected:  {OneLine(answers[i].Expected)}");
            foreach (var (name, scores) in all) terminal.Line($"  {(all.Count == 1 ? "answer" : name)}:  {OneLine(scores.Answers[i].Answer.Text)}");
        }
    }

    static string OneLine(string text) => Show.Harmless(text.Trim().ReplaceLineEndings(" ⏎ "));

    static string Json(List<(string Name, AnswerScores Scores)> all) => JsonLine.Of(json =>
    {
        json.WriteStartArray("runs");
        foreach (var (name, s) in all)
        {
            json.WriteStartObject();
            json.WriteString("run", name);
            json.WriteNumber("questions", s.Answers.Count);
            json.WriteNumber("loss", s.Loss);
            json.WriteNumber("perplexity", s.Perplexity);
            json.WriteNumber("exact", s.Exact);
            json.WriteNumber("f1", s.Mean(static m => m.F1));
            json.WriteNumber("rouge1", s.Mean(static m => m.Rouge1));
            json.WriteNumber("rouge2", s.Mean(static m => m.Rouge2));
            json.WriteNumber("rouge_l", s.Mean(static m => m.RougeL));
            json.WriteStartArray("answers");
            foreach (var a in s.Answers)
            {
                json.WriteStartObject();
                json.WriteString("prompt", a.Prompt);
                json.WriteString("expected", a.Expected);
                json.WriteString("answer", a.Answer.Text);
                json.WriteString("end", a.Answer.End.ToString().ToLowerInvariant());
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
    });
}
