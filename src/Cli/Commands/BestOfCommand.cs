using System.Globalization;
using Functional.Base;
using Functional.Files;
using Functional.Sampling;
using Functional.Sessions;
using Functional.Storage;

namespace Functional.Cli;

/// <summary><c>functional bestof</c>: what asking a model more than once buys.</summary>
static class BestOfCommand
{
    const int Bar = 30, Height = 10;

    static readonly BestOfOptions standard = new();

    public static CommandSpec Spec => new("Asks a model each question several times; a judge, a vote or the model's own criticism makes the best of it.",
        [
            new("--from", "DIR", "folder of the run") { Required = true },
            Models.Checkpoint,
            new("--stage", "NAME", "of which of its stages") { Default = "the last that has one" },
            Models.Adapter,
            new("--data", "FILE", "rows of prompts, with answers for judges that compare; by default the questions that the run kept"),
            new("--template", "NAME", "how they are asked") { Default = "as the run was trained" },
            new("--columns", "NAMES", "which columns are meant, as prompt=question,response=answer"),
            new("--questions", "N", "how many, spread evenly over all; 0 for all") { Default = $"{standard.Questions}" },
            new("--answers", "N", "answers to each") { Default = $"{standard.Answers}" },
            new("--tokens", "N", "tokens of an answer at most") { Default = $"{standard.Tokens}" },
            new("--temperature", "T", "how freely answers are drawn, above 0") { Default = Show.Number(standard.Temperature) },
            new("--top-k", "N", "only so many of the likeliest tokens may be drawn; 0 for all") { Default = $"{standard.TopK}" },
            new("--top-p", "P", "only the likeliest tokens that have this share together") { Default = Show.Number(standard.TopP) },
            new("--seed", "N", "the same seed draws the same answers") { Default = $"{standard.Seed}" },
            new("--judge", "NAME", "who chooses: exact, f1 or rouge-l, nearness to the row's answer; or the folder of a run that learned rewards") { Default = "exact" },
            new("--measure", "NAME", "what the answers are measured by, of the same kinds") { Default = "the judge" },
            new("--weighted", null, "likelier answers count more in a vote"),
            new("--revisions", "N", "how often the model criticises its best answer beside its worst and writes anew") { Default = $"{standard.Revisions}" },
            new("--revision-answers", "N", "answers that each of these rounds writes") { Default = $"{standard.RevisionAnswers}" },
            new("--revision-texts", "FILE", "what it is asked then: JSON with loss, gradient and update"),
            new("--show", "N", "how many questions are shown with what was chosen") { Default = "3" },
            new("--json", null, "one line of JSON and nothing else: curves, and every question with its answers"),
            .. EngineFlags.All,
        ], Run)
    {
        Details = """
            Best of n: the reward of the answer that the judge gives most, for 1, 2, 4, … answers, each the mean over all subsets of
            so many, which is without bias; chosen by one judge and measured by another, a curve that rises with the one and falls
            with the other shows a judge that is gamed. KL is at most log n - (n - 1) / n nats away from the model that answers.
            The vote needs no judge: the answer that most of n give, but for case, blanks and full stops, first seen first. It is
            measured by --measure. Intervals are those of drawing the questions again and again (95 %).

            Revisions (test-time preference optimisation) ask the model what is better about its best answer than about its worst,
            what follows from that, and for new answers; the best so far is kept, so that its reward never falls. That is for models
            which follow instructions and have room for the texts in their context; a small one that knows only questions of one
            kind gains nothing but more draws. A text has places in braces: loss {question}, {best}, {worst}; gradient these and
            {critique}; update {question}, {best}, {advice}. Curves are over the tokens that were written for a question.

            """,
        Examples = [new("bestof --from runs/answers", "best of 1 to 16, and votes, on questions that it was not trained on"),
            new("bestof --from runs/answers --judge runs/judge --measure exact --answers 64", "whether the judge chooses what is right"),
            new("bestof --from runs/chat --data questions.jsonl --judge runs/judge --revisions 3", "criticism beside more draws")],
    };

    static async Task<int> Run(Given given, Terminal terminal, Interruption interruption)
    {
        var (engine, checkpoint, questions, answers) = (EngineFlags.Reading(given), CheckpointChoice.Parse(given.Text("--checkpoint"), "--checkpoint"),
            given.Whole("--questions", standard.Questions, 0), given.Whole("--answers", standard.Answers, 1, BestOfOptions.MostAnswers)).Checked();
        var (tokens, seed, shown, topK) = (given.Whole("--tokens", standard.Tokens, 1), given.Whole64("--seed", standard.Seed, 0), given.Whole("--show", 3, 0),
            given.Whole("--top-k", standard.TopK, 0)).Checked();
        var (temperature, topP, rounds, each) = (given.Number("--temperature", standard.Temperature), given.Number("--top-p", standard.TopP),
            given.Whole("--revisions", standard.Revisions, 0, BestOfOptions.MostAnswers), given.Whole("--revision-answers", standard.RevisionAnswers, 1, BestOfOptions.MostAnswers)).Checked();
        var texts = given.Text("--revision-texts") is { } file ? RevisionFile.Read(file).OrThrow() : RevisionTexts.Standard;
        var options = standard with
        {
            File = given.Text("--data"), Template = given.Text("--template"), Columns = given.Text("--columns"), Questions = questions, Answers = answers, Tokens = tokens,
            Temperature = temperature, TopK = topK, TopP = topP, Seed = seed, Judge = given.Text("--judge"), Measure = given.Text("--measure"), Weighted = given.Has("--weighted"),
            Revisions = rounds, RevisionAnswers = each, RevisionTexts = texts,
        };
        // What is out of range is said before a model is loaded.
        _ = options.Validate().MapFail(Named).OrThrow();
        using var model = await Models.Load(given, given.Text("--from")!, engine, checkpoint, given.Text("--stage"), interruption.Token).ConfigureAwait(false);
        var result = await model.BestOfAsync(options, cancellation: interruption.Token).ConfigureAwait(false);
        if (given.Has("--json")) terminal.Line(Json(given.Text("--from")!, options, result));
        else Tell(terminal, options, result, shown);
        return interruption.ExitCode;
    }

    // As the option is called: TopP is --top-p.
    static Fault Named(Fault fault) => fault.Where.Contains(' ', StringComparison.Ordinal) ? fault : fault with
    {
        Where = "-" + string.Concat(fault.Where.Select(static c => char.IsAsciiLetterUpper(c) ? $"-{char.ToLowerInvariant(c)}" : c.ToString())),
    };

    static string Judge(BestOfOptions options) => options.Judge ?? "exact";

    static string Measure(BestOfOptions options) => options.Measure ?? Judge(options);

    static void Tell(Terminal terminal, BestOfOptions options, TestTimeResult result, int shown)
    {
        var (judge, measure, measured) = (Judge(options), Measure(options), options.Measure is not null);
        terminal.Line($"{Show.Count(result.Prompts.Count)} questions, {Show.Count(options.Answers)} answers to each{(result.Dropped > 0 ? $"; {Show.Count(result.Dropped)} answers have no reward" : "")}");
        terminal.Line($"\nbest of n, chosen by {judge}");
        Curve(terminal, result.Best.Map(p => (p.Answers, p.Tokens, p.Reward, measured ? p.Value : (Rate?)null, $"{p.Kl.ToString("0.000", CultureInfo.InvariantCulture)}")), "n", measured ? measure : null, "KL at most");
        if (result.Prompts.Any(p => p.Answers.All(static c => double.IsFinite(c.Value))))
        {
            terminal.Line($"\nvote of n{(options.Weighted ? ", weighted" : "")}, measured by {measure}");
            Curve(terminal, result.Votes.Map(static p => (p.Answers, p.Tokens, p.Reward, (Rate?)null, "")), "n", null, "");
        }
        if (result.Revisions.Count > 0)
        {
            terminal.Line($"\nrevisions, judged by {judge}");
            Curve(terminal, result.Revisions.Map(p => (p.Round, p.Tokens, p.Reward, measured ? p.Value : (Rate?)null, Show.Count(p.Revised))), "round", measured ? measure : null, "revised");
        }
        var all = result.Best.Select(static p => (p.Tokens, p.Reward)).Concat(result.Revisions.Select(static p => (p.Tokens, p.Reward)));
        if (all.Select(static p => p.Reward.Value).Distinct().Skip(1).Any())
        {
            terminal.Line($"\nreward against tokens written for a question: best of n{(result.Revisions.Count > 0 ? " as a line, revisions as o" : "")}");
            terminal.Line(LossCurve.Draw([.. result.Best.Select(static p => ((long)Math.Round(p.Tokens), p.Reward.Value))],
                [.. result.Revisions.Select(static p => ((long)Math.Round(p.Tokens), p.Reward.Value))], height: Height).TrimEnd('\n'));
        }
        foreach (var one in result.Prompts.Take(shown))
        {
            terminal.Line($"\n{TrainText.Indented(string.Join("\n\n", one.Asked.Prompt.Select(static m => m.Whole)))}");
            if (one.Asked.Expected is { } expected) terminal.Line($"  expected:  {Show.OneLine(expected)}");
            terminal.Line($"  best:      {Of(one.Best)}");
            terminal.Line($"  vote:      {Show.OneLine(one.Voted.Text)}");
            if (result.Revisions.Count > 0) terminal.Line($"  revised:   {Of(one.Revised)}");
        }
    }

    static string Of(Candidate? candidate) => candidate is null ? "none has a reward" : $"{Show.OneLine(candidate.Text)}  ({Show.Number(candidate.Reward)})";

    static void Curve(Terminal terminal, Vec<(int N, double Tokens, Rate Reward, Rate? Value, string More)> points, string name, string? measure, string more)
    {
        var (low, high) = (points.Min(static p => p.Reward.Value), points.Max(static p => p.Reward.Value));
        terminal.Line($"  {name,5}  {"tokens",8}  {"reward",-26}  {(measure is null ? "" : $"{measure,-26}  ")}{(more.Length > 0 ? $"{more,10}" : "")}".TrimEnd());
        foreach (var (n, tokens, reward, value, last) in points)
            terminal.Line($"  {n,5}  {tokens.ToString("0", CultureInfo.InvariantCulture),8}  {reward,-26}  {(value is { } v ? $"{v,-26}  " : "")}{(more.Length > 0 ? $"{last,10}  " : "")}{new string('█',
                high > low ? 1 + (int)Math.Round((Bar - 1) * (reward.Value - low) / (high - low)) : 0)}".TrimEnd());
    }

    static string Json(string run, BestOfOptions options, TestTimeResult result) => JsonLine.Of(json =>
    {
        json.WriteString("run", run);
        json.WriteString("judge", Judge(options));
        json.WriteString("measure", Measure(options));
        json.WriteNumber("questions", result.Prompts.Count);
        json.WriteNumber("answers", options.Answers);
        json.WriteNumber("dropped", result.Dropped);
        json.Objects("best_of", result.Best, p =>
        {
            json.WriteNumber("n", p.Answers);
            json.WriteNumber("tokens", p.Tokens);
            json.Rate("reward", p.Reward);
            json.Rate("value", p.Value);
            json.WriteNumber("kl_bound", p.Kl);
        });
        json.Objects("vote", result.Votes, p =>
        {
            json.WriteNumber("n", p.Answers);
            json.WriteNumber("tokens", p.Tokens);
            json.Rate("value", p.Value);
        });
        json.Objects("revisions", result.Revisions, p =>
        {
            json.WriteNumber("round", p.Round);
            json.WriteNumber("answers", p.Answers);
            json.WriteNumber("tokens", p.Tokens);
            json.Rate("reward", p.Reward);
            json.Rate("value", p.Value);
            json.WriteNumber("revised", p.Revised);
        });
        json.Objects("prompts", result.Prompts, p =>
        {
            json.WriteString("prompt", string.Join("\n\n", p.Asked.Prompt.Select(static m => m.Whole)));
            json.WriteString("expected", p.Asked.Expected);
            json.WriteString("best", p.Best?.Text);
            json.WriteString("voted", p.Voted.Text);
            if (result.Revisions.Count > 0) json.WriteString("revised", p.Revised?.Text);
            json.Objects("answers", p.Answers, c =>
            {
                json.WriteString("answer", c.Text);
                json.WriteNumber("tokens", c.Tokens);
                json.WriteNumber("logprob", c.LogProb);
                json.Number("reward", c.Reward);
                json.Number("value", c.Value);
            });
        });
    });
}
