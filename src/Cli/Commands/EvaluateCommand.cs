using System.Globalization;
using System.Text.Json;
using Functional.Base;
using Functional.Dialogues;
using Functional.Learning;
using Functional.Sessions;
using Functional.Settings;
using Functional.Storage;

namespace Functional.Cli;

/// <summary><c>functional evaluate</c>: how a model answers questions, by itself or beside another; or what one is worth that judges answers.</summary>
static partial class EvaluateCommand
{
    static readonly AnswerOptions standard = new() { Questions = 100 };

    public static CommandSpec Spec => new("Asks a model questions, and compares its answers with those that are expected; or tries a judge.",
        [
            new("--from", "DIR", "folder of the run") { Required = true },
            Models.Checkpoint,
            new("--stage", "NAME", "of which of its stages") { Default = "the last that has one" },
            Models.Adapter,
            new("--beside", "DIR", "another run, which is asked the same"),
            new("--judge", "DIR", "a run that learned rewards, which says how good answers are, and whose are better"),
            new("--choices", null, "questions with answers to choose from, by how likely each is, in place of answers that the model writes"),
            new("--data", "FILE", "rows of questions, with answers that are expected or without; of comparisons for a judge; by default those that the run kept"),
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
            the longest common subsequence of words; combining marks are parts of their letters. Shares stand with the interval in
            which they lie with 95 % (Wilson's), differences on the same questions with that of drawing these again and again.

            Of rows without answers nothing is compared: what is answered is shown, and judged where --judge is given. Of two runs of which
            one alone has learned answers, both are asked what that one keeps, as it was trained.

            With --choices the rows are questions with answers to choose from (question, choices, answer; ARC's, HellaSwag's and
            PIQA's columns), without --data the embedded world's that the run has not learned. The choice whose tokens are likeliest
            wins: by the sum of their log-probabilities (acc), by that divided by characters (acc_norm), bytes or tokens. A run that
            learned a text goes on with "Question: … Answer:" and a blank, others answer by their template. Choices are scored
            without what would end the answer; a question longer than the context is cut at its beginning, alike for all choices.

            A run of functional reward is asked nothing: it is tried on comparisons. Its calibration error is how far from the truth
            it is where it is so and so sure, its Brier score the mean square of what it lacks to be sure and right.

            """,
        Examples = [new("evaluate --from runs/answers", "questions that it was not trained on"),
            new("evaluate --from runs/answers --beside runs/base --data questions.jsonl", "before and after"),
            new("evaluate --from runs/answers --data prompts.jsonl --judge runs/judge", "what it answers to questions alone, and how good that is"),
            new("evaluate --from runs/base --choices --data arc.jsonl", "multiple choice by log-likelihood"),
            new("evaluate --from runs/preferred --beside runs/answers --judge runs/judge", "how often which is better"),
            new("evaluate --from runs/judge", "what the judge is worth")],
    };

    static async Task<int> Run(Given given, Terminal terminal, Interruption interruption)
    {
        var (engine, checkpoint, questions, tokens) = (EngineFlags.Reading(given), CheckpointChoice.Parse(given.Text("--checkpoint"), "--checkpoint"),
            given.Whole("--questions", standard.Questions, 0), given.Whole("--tokens", standard.Tokens, 1)).Checked();
        var (temperature, seed, shown) = (given.Number("--temperature", standard.Temperature), given.Whole64("--seed", standard.Seed, 0),
            given.Whole("--show", 3, 0)).Checked();
        var options = standard with
        {
            File = given.Text("--data"), Template = given.Text("--template"), Columns = given.Text("--columns"), Questions = questions, Tokens = tokens,
            Temperature = temperature, Seed = seed,
        };
        if (given.Has("--choices"))
        {
            if (given.Has("--judge")) throw new FunctionalException(new Fault("--judge", "is given beside --choices, which nobody judges", "allowed: one of them"));
            var chosen = await Choices(given, engine, checkpoint, options, interruption.Token).ConfigureAwait(false);
            if (given.Has("--json")) terminal.Line(ChoicesJson(chosen, Key.Seed((ulong)seed)));
            else TellChoices(terminal, chosen, shown, Key.Seed((ulong)seed));
            return interruption.ExitCode;
        }
        var (all, judges) = (new List<(string Name, AnswerScores Scores)>(), new List<(string Name, RewardStatistics Scores)>());
        var (from, beside) = (given.Text("--from")!, given.Text("--beside"));
        // Both are asked the same in the same way, however each was trained: as the first, unless only the other has learned answers.
        var like = beside is not null && !HasLearnedAnswers(from, given.Text("--stage")) && HasLearnedAnswers(beside) ? beside : from;
        foreach (var run in (string[])[from, .. beside is { } other ? (string[])[other] : []])
        {
            var first = all.Count + judges.Count == 0;
            using var model = await (first ? Models.Load(given, run, engine, checkpoint, given.Text("--stage"), interruption.Token)
                : LanguageModel.LoadAsync(run, engine, cancellation: interruption.Token)).ConfigureAwait(false);
            var asked = options with { Like = first == (like == from) ? null : like };
            if (given.Text("--judge") is null && (first ? model.Config.Decoder.Labels > 0 : judges.Count > 0))
                judges.Add((run, await model.JudgeAsync(asked, interruption.Token).ConfigureAwait(false)));
            else all.Add((run, await model.AnswerAsync(asked, null, interruption.Token).ConfigureAwait(false)));
        }
        var verdict = await Judged(given.Text("--judge"), all, engine, interruption.Token).ConfigureAwait(false);
        var key = Key.Seed((ulong)seed);
        if (like != from) terminal.Error.WriteLine(Show.Harmless($"note: {from} has learned no answers; both are asked {(options.File is null ? $"what {like} keeps, " : "")}as {like} was trained"));
        if (judges.Count > 0) TellJudges(terminal, judges, given.Has("--json"));
        else if (given.Has("--json")) terminal.Line(Json(all, verdict, key));
        else Tell(terminal, all, shown, verdict, key);
        if (verdict is not null && temperature == 0 && all.Count > 1 && Equal(all) is var equal && equal * 3 >= all[0].Scores.Answers.Count)
            terminal.Error.WriteLine($"note: {Show.Count(equal)} of {Show.Count(all[0].Scores.Answers.Count)} answers are the same text of both; --temperature 1 draws answers as the models believe, which differ more often");
        return interruption.ExitCode;
    }

    static int Equal(List<(string Name, AnswerScores Scores)> all) => all[0].Scores.Answers.Zip(all[1].Scores.Answers, static (a, b) => a.Answer.Text == b.Answer.Text).Count(static same => same);

    // A published model's folder, which may stand beside adapters, keeps nothing.
    static bool HasLearnedAnswers(string run, string? stage = null) =>
        RunFolder.Open(run, stage).Exists(static r => r.Config.Stage is { LearnsText: false, Kind: not StageKind.Reward });

    // One model's answers are beside themselves: then only their rewards are told.
    static async Task<Comparison?> Judged(string? judge, List<(string Name, AnswerScores Scores)> all, Execution.EngineOptions engine, CancellationToken stop)
    {
        if (judge is null) return null;
        using var model = await LanguageModel.LoadAsync(judge, engine, cancellation: stop).ConfigureAwait(false);
        return await model.CompareAsync(all[0].Scores, all[^1].Scores, stop).ConfigureAwait(false);
    }

    static Vec<(string Name, Func<AnswerMatch, double> Of)> Differences =>
        [("exact", static m => m.Exact ? 1 : 0), ("F1, ROUGE-1", static m => m.F1), ("ROUGE-2", static m => m.Rouge2), ("ROUGE-L", static m => m.RougeL)];

    static void Tell(Terminal terminal, List<(string Name, AnswerScores Scores)> all, int shown, Comparison? verdict, Key key)
    {
        var answers = all[0].Scores.Answers;
        terminal.Line($"{Show.Count(answers.Count)} questions");
        (string Name, Func<AnswerScores, double> Of)[] rows =
        [
            ("loss", static s => s.Loss), ("perplexity", static s => s.Perplexity), ("exact", static s => s.Exact), ("F1, ROUGE-1", static s => s.Mean(static m => m.F1)),
            ("ROUGE-2", static s => s.Mean(static m => m.Rouge2)), ("ROUGE-L", static s => s.Mean(static m => m.RougeL)),
        ];
        var (width, compared) = (Math.Max(10, all.Max(static a => a.Name.Length)), all[0].Scores.Compared);
        if (compared < answers.Count) terminal.Line(compared == 0 ? "no answers are expected, so that nothing is compared with them" : $"{Show.Count(compared)} of them expect an answer; scores are of these");
        if (all.Count > 1 && (compared > 0 || verdict is not null)) terminal.Line($"{"",-14}{string.Join("  ", all.Select(a => a.Name.PadLeft(width)))}");
        foreach (var (name, of) in rows.Where(_ => compared > 0))
            terminal.Line($"{name,-14}{string.Join("  ", all.Select(a => of(a.Scores).ToString("0.0000", CultureInfo.InvariantCulture).PadLeft(width)))}");
        if (verdict is not null)
            terminal.Line($"{"reward",-14}{string.Join("  ", ((Vec<double>[])[verdict.First, verdict.Second]).Take(all.Count)
                .Select(r => Mean(r).ToString("0.0000", CultureInfo.InvariantCulture).PadLeft(width)))}");
        foreach (var (name, scores) in all.Where(_ => compared > 0)) terminal.Line($"{Under(all.Count, name, "exact")}: {scores.ExactRate}");
        if (all.Count > 1)
        {
            foreach (var (name, of) in Differences.Where(_ => compared > 0)) terminal.Line($"{name}, {all[0].Name} less {all[1].Name}: {all[0].Scores.Difference(all[1].Scores, of, key)}");
            if (verdict is not null)
            {
                terminal.Line($"reward, {all[0].Name} less {all[1].Name}: {verdict.Difference(key)}");
                terminal.Line($"{all[0].Name} wins {verdict.WinRate}: {verdict.Wins} better, {verdict.Ties} as good, {verdict.Losses} worse");
            }
        }
        for (var i = 0; i < Math.Min(shown, answers.Count); i++)
        {
            terminal.Line($"\n{TrainText.Indented(answers[i].Prompt)}");
            if (answers[i].Expected is { } expected) terminal.Line($"  expected:  {Show.OneLine(expected)}");
            foreach (var (name, scores) in all) terminal.Line($"  {(all.Count == 1 ? "answer" : name)}:  {Show.OneLine(scores.Answers[i].Answer.Text)}");
        }
    }

    static string Under(int runs, string run, string name) => runs == 1 ? name : $"{name}, {run}";

    static double Mean(Vec<double> rewards) => rewards.Count == 0 ? 0 : rewards.Average();

    static string Json(List<(string Name, AnswerScores Scores)> all, Comparison? verdict, Key key) => JsonLine.Of(json =>
    {
        json.WriteStartArray("runs");
        foreach (var ((name, s), run) in all.Select(static (a, i) => (a, i)))
        {
            var rewards = run == 0 ? verdict?.First : verdict?.Second;
            json.WriteStartObject();
            json.WriteString("run", name);
            json.WriteNumber("questions", s.Answers.Count);
            json.WriteNumber("compared", s.Compared);
            if (rewards is { } given) json.WriteNumber("reward", Mean(given));
            if (s.Compared > 0) Scores(json, s);
            json.WriteStartArray("answers");
            foreach (var (a, i) in s.Answers.Select(static (a, i) => (a, i)))
            {
                json.WriteStartObject();
                json.WriteString("prompt", a.Prompt);
                if (a.Expected is { } expected) json.WriteString("expected", expected);
                json.WriteString("answer", a.Answer.Text);
                json.WriteString("end", a.Answer.End.ToString().ToLowerInvariant());
                if (rewards is { } each) json.WriteNumber("reward", each[i]);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
        if (all.Count < 2) return;
        json.WriteStartObject("differences");
        foreach (var (name, (_, of)) in ((string[])["exact", "f1", "rouge2", "rouge_l"]).Zip(Differences).Where(_ => all[0].Scores.Compared > 0)) json.Rate(name, all[0].Scores.Difference(all[1].Scores, of, key));
        if (verdict is not null) json.Rate("reward", verdict.Difference(key));
        json.WriteEndObject();
        if (verdict is null) return;
        json.Rate("win_rate", verdict.WinRate);
        json.WriteNumber("wins", verdict.Wins);
        json.WriteNumber("ties", verdict.Ties);
        json.WriteNumber("losses", verdict.Losses);
    });

    static void Scores(Utf8JsonWriter json, AnswerScores s)
    {
        json.WriteNumber("loss", s.Loss);
        json.WriteNumber("perplexity", s.Perplexity);
        json.Rate("exact", s.ExactRate);
        json.WriteNumber("f1", s.Mean(static m => m.F1));
        json.WriteNumber("rouge1", s.Mean(static m => m.Rouge1));
        json.WriteNumber("rouge2", s.Mean(static m => m.Rouge2));
        json.WriteNumber("rouge_l", s.Mean(static m => m.RougeL));
    }
}
