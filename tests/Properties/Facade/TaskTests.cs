using Functional.Cli;
using Functional.Tests.Properties.Training;
using System.Text.Json;
using Xunit;

namespace Functional.Tests.Properties.Facade;

/// <summary>Choosing, and answering more than once, through the façade and the command; and what cannot be.</summary>
public sealed class TaskTests : IDisposable
{
    readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    async Task<string> Run(string name = "base", params (string, string)[] more)
    {
        if (RunFolder.Holds(scratch[name])) return scratch[name];
        (string Name, string)[] all = [("layers", "1"), ("heads", "2"), ("width", "8"), ("context", "256"), ("tokenizer", "byte"), ("steps", "1"), ("batch", "1"), ("corpus-size", "12000"),
            ("save-every", "0"), ("eval-every", "0"), ("engine", "managed"), .. more];
        await Functional.Training.RunAsync(Functional.Configuration.From(new(), [.. all.Reverse().DistinctBy(static s => s.Name)]), scratch[name]);
        return scratch[name];
    }

    async Task<LanguageModel> Load(string? run = null, int threads = 1) => await LanguageModel.LoadAsync(run ?? await Run(), new() { Engine = EngineKind.Managed, Threads = threads });

    string Rows(string name, params string[] rows)
    {
        File.WriteAllLines(scratch[name], rows);
        return scratch[name];
    }

    string Questions => Rows("questions.jsonl", [.. Enumerable.Range(0, 4).Select(static i => $$"""{"question": "tell me {{i}}", "answer": "{{new string('e', 1 + i)}}"}""")]);

    static async Task<(int Code, string Text)> Command(params string[] args)
    {
        using var output = new StringWriter { NewLine = "\n" };
        var code = await App.Run(args, new(output, output, Live: false, Width: 100));
        return (code, output.ToString());
    }

    static readonly BestOfOptions few = new() { Answers = 6, Tokens = 8, Questions = 3, Template = "user-assistant" };

    /// <summary>Of a fresh run the world's questions that it has not learned; they are the same for another run beside it; and scores are the command's.</summary>
    [Fact]
    public async Task A_run_chooses_among_the_worlds_answers()
    {
        using var model = await Load();
        var scores = await model.ChooseAsync(new() { Questions = 12 });
        Assert.Equal(12, scores.Questions.Count);
        Assert.All(scores.Questions, static q => Assert.EndsWith("\nAnswer:", q.Question.Text, StringComparison.Ordinal));
        Assert.All(scores.Questions, q => Assert.True(Tutor.IsKept(q.Question.Prompt[0].Text, model.Config.Stage.Source.ValidationPart)));
        // It goes on with a text: each choice is behind a blank. By a template it would be an answer.
        Assert.All(scores.Questions, static q => Assert.Equal(q.Question.Choices.Map(static c => 1 + c.Length), q.Choices.Map(static c => c.Tokens)));
        var asked = await model.ChooseAsync(new() { Questions = 12, Template = "user-assistant" });
        Assert.True(asked.HasQuestionsOf(scores));
        Assert.All(asked.Questions, static q => Assert.Equal(q.Question.Choices.Map(static c => c.Length), q.Choices.Map(static c => c.Tokens)));
        Assert.NotEqual(asked.Loss, scores.Loss);

        var (code, text) = await Command("evaluate", "--from", await Run(), "--beside", await Run("other", ("seed", "2"), ("corpus-seed", "5")), "--choices", "--questions", "12", "--engine", "managed", "--json");
        Assert.Equal(0, code);
        using var told = JsonDocument.Parse(text);
        var runs = told.RootElement.GetProperty("runs");
        Assert.Equal(scores.Accuracy(ChoiceRule.PerCharacter).Value, runs[0].GetProperty("acc_norm").GetDouble());
        Assert.Equal(scores.Accuracy(ChoiceRule.Sum).High, runs[0].GetProperty("acc_high").GetDouble());
        Assert.Equal(scores.Loss, runs[0].GetProperty("loss").GetDouble(), 1e-5);
        Assert.Equal(runs[0].GetProperty("choices").EnumerateArray().Select(static q => q.GetProperty("question").GetString()), runs[1].GetProperty("choices").EnumerateArray().Select(static q => q.GetProperty("question").GetString()));
        Assert.Equal(runs[0].GetProperty("acc_bytes").GetDouble() - runs[1].GetProperty("acc_bytes").GetDouble(), told.RootElement.GetProperty("differences").GetProperty("acc_bytes").GetDouble(), 1e-12);
        Assert.Contains("… by token, ", (await Command("evaluate", "--from", await Run(), "--beside", scratch["other"], "--choices", "--questions", "3", "--engine", "managed")).Text, StringComparison.Ordinal);
    }

    /// <summary>Rows of a file; those that cannot be are faults with their lines, and a run on a file has no questions of its own.</summary>
    [Fact]
    public async Task A_run_chooses_among_the_answers_of_a_file()
    {
        using var model = await Load();
        var file = Rows("arc.jsonl", """{"question":"q","choices":{"text":["yes","no","maybe"],"label":["A","B","C"]},"answerKey":"C"}""", """{"question":"r","choices":{"text":["yes","no"],"label":["1","2"]},"answerKey":"1"}""");
        var scores = await model.ChooseAsync(new() { File = file });
        Assert.Equal([2, 0], scores.Questions.Select(static q => q.Question.Right));
        Assert.Equal(5 / 12.0, scores.Chance, 1e-12);
        async Task<string> Error(Func<Task> work) => (await Assert.ThrowsAsync<FunctionalException>(work)).Message;
        Assert.EndsWith("line 2: its choice 1 has 301 tokens; allowed: up to 256, so that one stands before it in a context of 256",
            await Error(() => model.ChooseAsync(new() { File = Rows("long.jsonl", """{"question":"q","choices":["a","b"],"answer":0}""", $$"""{"question":"q","choices":["{{new string('a', 300)}}","b"],"answer":0}""") })), StringComparison.Ordinal);
        Assert.Contains("its answer is 2; allowed: 0 to 1", await Error(() => model.ChooseAsync(new() { File = Rows("far.jsonl", """{"question":"q","choices":["a","b"],"answer":2}""") })), StringComparison.Ordinal);
        File.WriteAllText(scratch["text.txt"], string.Concat(Enumerable.Repeat("some text or other. ", 300)));
        using var other = await Load(await Run("text", ("data", scratch["text.txt"])));
        Assert.Contains("has no questions with choices of its own; expected rows, as with --data FILE", await Error(() => other.ChooseAsync()), StringComparison.Ordinal);
        Assert.Contains("--judge: is given beside --choices", (await Command("evaluate", "--from", scratch["base"], "--choices", "--judge", "x")).Text, StringComparison.Ordinal);
    }

    /// <summary>What is drawn depends on the seed alone, and the answers of fewer are the first of more; a judge's own reward never falls.</summary>
    [Fact]
    public async Task The_best_of_more_is_no_worse()
    {
        using var model = await Load();
        var options = few with { File = Questions, Judge = "f1" };
        var (first, again) = (await model.BestOfAsync(options), await model.BestOfAsync(options));
        Assert.Equal(first.Prompts.Map(static p => p.Answers), again.Prompts.Map(static p => p.Answers));
        Assert.Equal(first.Best, again.Best);
        using var threads = await Load(threads: 3);
        Assert.Equal(first.Best, (await threads.BestOfAsync(options)).Best);
        Assert.NotEqual(first.Prompts[0].Answers, (await model.BestOfAsync(options with { Seed = 2 })).Prompts[0].Answers);
        var fewer = await model.BestOfAsync(options with { Answers = 2 });
        Assert.Equal(first.Prompts.Map(static p => string.Join('|', p.Answers.Take(2).Select(static a => a.Text))), fewer.Prompts.Map(static p => string.Join('|', p.Answers.Select(static a => a.Text))));
        Assert.Equal([1, 2, 4, 6], first.Best.Select(static p => p.Answers));
        Assert.All(first.Best.Zip(first.Best.Skip(1)), static pair => Assert.True(pair.Item2.Reward.Value >= pair.Item1.Reward.Value));
        Assert.Equal(3, first.Prompts.Count);
        foreach (var prompt in first.Prompts)
        {
            Assert.Equal(prompt.Answers.Max(static a => a.Reward), prompt.Best!.Reward);
            Assert.All(prompt.Answers, a => Assert.Equal(AnswerMatch.Of(a.Text, prompt.Asked.Expected!).F1, a.Reward));
            Assert.All(prompt.Answers, static a => Assert.Equal(a.Reward, a.Value));
            Assert.All(prompt.Answers, static a => Assert.True(a.LogProb <= 0 && a.Tokens is >= 1 and <= 8));
        }
        Assert.Empty(first.Revisions);
    }

    /// <summary>Functions judge and measure; what one cannot judge is never the best, and is counted.</summary>
    [Fact]
    public async Task Functions_judge_and_measure()
    {
        using var model = await Load();
        var file = Rows("prompts.jsonl", """{"prompt":"a"}""", """{"prompt":"b"}""");
        var judged = 0;
        var result = await model.BestOfAsync(few with { File = file }, (_, answer) => ++judged switch { 2 => double.NaN, 3 => throw new InvalidOperationException(), _ => answer.Length }, (asked, answer) => -answer.Length);
        Assert.Equal((12, 2), (judged, result.Dropped));
        Assert.All(result.Prompts, static p => Assert.Equal(-p.Best!.Reward, p.Best.Value));
        Assert.Equal(result.Best.Map(static p => Math.Round(-p.Reward.Value, 9)), result.Best.Map(static p => Math.Round(p.Value.Value, 9)));
        // The vote is measured, and by nothing where that is not known.
        Assert.All(result.Votes, static p => Assert.True(double.IsFinite(p.Value.Value)));
        var same = await model.BestOfAsync(few with { File = file, Normal = static _ => "" }, static (_, _) => 1);
        Assert.All(same.Prompts, static p => Assert.Equal((p.Answers[0], p.Answers[0]), (p.Best, p.Voted)));
        async Task<string> Error(BestOfOptions options, Reward? judge = null) => (await Assert.ThrowsAsync<FunctionalException>(() => model.BestOfAsync(options with { File = options.File ?? file }, judge))).Message;
        Assert.Equal("judge: gives none of 12 answers a number; expected one that can read them", await Error(few, static (_, _) => double.PositiveInfinity));
        Assert.Equal("Judge: is f1, and a function is given, too; allowed: one of them", await Error(few with { Judge = "f1" }, static (_, _) => 1));
        Assert.Contains("line 1: fits no form of rows: it has prompt", await Error(few), StringComparison.Ordinal);
        Assert.Contains("line 1: fits no form of rows: it has prompt", await Error(few with { Judge = await Run(), Measure = "exact" }), StringComparison.Ordinal);
        Assert.Contains("whose model gives no reward", await Error(few with { Judge = await Run() }), StringComparison.Ordinal);
        Assert.StartsWith("measure: is ", await Error(few with { Measure = await Run() }, static (_, _) => 1), StringComparison.Ordinal);
        Assert.Equal("Answers: is 0; allowed: 1 to 65536\nTokens: is 0; allowed: 1 or more\nTemperature: is 0, which would draw the same answer every time; allowed: above 0\nTopP: is 2; allowed: above 0, up to 1 (off)",
            await Error(few with { Answers = 0, Tokens = 0, Temperature = 0, TopP = 2 }));
        Assert.Contains("line 1: is a prompt of 19 tokens; allowed: 1 to 6, so that 250", await Error(few with { Tokens = 250 }, static (_, _) => 1), StringComparison.Ordinal);
    }

    /// <summary>Of the world there is a rule for what is right, and questions that have no room are left out.</summary>
    [Fact]
    public async Task The_world_says_what_is_right()
    {
        using var model = await Load();
        var result = await model.BestOfAsync(few with { Questions = 0, Tokens = 100, Answers = 1 });
        Assert.NotEmpty(result.Prompts);
        Assert.All(result.Prompts, static p => Assert.Equal(p.Asked.IsRight!(p.Answers[0].Text) ? 1 : 0, p.Answers[0].Reward));
        Assert.All(result.Prompts, static p => Assert.True("User: \nAssistant: ".Length + p.Asked.Prompt[0].Text.Length <= 156));
        Assert.Contains("asks nothing that has room in a context of 256", (await Assert.ThrowsAsync<FunctionalException>(() => model.BestOfAsync(few with { Tokens = 250 }))).Message, StringComparison.Ordinal);
    }

    /// <summary>Each round criticises the best beside the worst, and writes anew; the best so far never falls, and every token counts.</summary>
    [Fact]
    public async Task Revisions_keep_the_best_so_far()
    {
        using var model = await Load();
        var texts = new Functional.Sampling.RevisionTexts("{best}/{worst}", "{critique}?", "{question}: {advice}");
        var options = few with { File = Questions, Revisions = 3, RevisionAnswers = 2, RevisionTexts = texts };
        static double Length(Asked asked, string answer) => answer.Length;
        var result = await model.BestOfAsync(options, Length);
        Assert.Equal([0, 1, 2, 3], result.Revisions.Select(static p => p.Round));
        Assert.Equal([6.0, 8, 10, 12], result.Revisions.Select(static p => p.Answers));
        Assert.All(result.Revisions.Zip(result.Revisions.Skip(1)), static pair => Assert.True(pair.Item2.Reward.Value >= pair.Item1.Reward.Value));
        Assert.All(result.Revisions.Skip(1), static p => Assert.Equal(3, p.Revised));
        Assert.Equal(result.Best[^1].Reward.Value, result.Revisions[0].Reward.Value, 1e-12);
        Assert.Equal(result.Best[^1].Tokens, result.Revisions[0].Tokens, 1e-9);
        // Four more texts a round, of a token or more and of eight at most.
        Assert.All(result.Revisions.Zip(result.Revisions.Skip(1)), static pair => Assert.InRange(pair.Item2.Tokens - pair.Item1.Tokens, 4, 32));
        Assert.All(result.Prompts, static p => Assert.True(p.Revised!.Reward >= p.Best!.Reward));
        Assert.Equal(result.Revisions[^1].Reward.Value, result.Prompts.Average(static p => p.Revised!.Reward), 1e-12);
        Assert.Equal(result.Revisions, (await model.BestOfAsync(options, Length)).Revisions);
        // The answers of the first draw are what they are without revisions; and other texts lead elsewhere.
        Assert.Equal(result.Best, (await model.BestOfAsync(options with { Revisions = 0 }, Length)).Best);
        // A question that leaves no room stays as it was, and is told; where none has room, that is a fault.
        var one = Rows("one.jsonl", """{"prompt":"short"}""", $$"""{"prompt":"{{new string('x', 200)}}"}""");
        Assert.All((await model.BestOfAsync(options with { File = one, RevisionTexts = texts with { Loss = $"{{best}}/{{worst}}{{question}}{new string('y', 30)}" } }, Length)).Revisions.Skip(1), static p => Assert.Equal(1, p.Revised));
        Assert.Contains("revisions: ask more than a context of 256 holds, of every prompt", (await Assert.ThrowsAsync<FunctionalException>(() =>
            model.BestOfAsync(options with { RevisionTexts = texts with { Update = "{question}{advice}" + new string('y', 256) } }, Length))).Message, StringComparison.Ordinal);
    }

    /// <summary>Rounds draw apart, also where they are asked the same; and what a round asks has room to the last token.</summary>
    [Fact]
    public async Task Rounds_draw_apart_and_have_room_to_the_edge()
    {
        using var model = await Load();
        var (judged, file) = (new List<string>(), Rows("one.jsonl", """{"prompt":"q"}"""));
        var options = few with { File = file, Revisions = 2, RevisionAnswers = 2, RevisionTexts = new("{best}/{worst}", "{critique}?", "{question}: {advice}") };
        double Same(Asked asked, string answer)
        {
            judged.Add(answer);
            return 1;
        }

        var best = (await model.BestOfAsync(options, Same)).Prompts[0].Answers[0].Text;
        Assert.Equal(10, judged.Count);
        Assert.NotEqual(judged[6..8], judged[8..]);
        int Length(string text) => System.Text.Encoding.UTF8.GetByteCount($"User: {text}\nAssistant: ");
        var fits = new string('y', 256 - 8 - Length(best + best));
        Functional.Sampling.RevisionTexts Padded(string with) => options.RevisionTexts with { Loss = "{best}{worst}" + with };
        Assert.Equal(1, (await model.BestOfAsync(options with { Revisions = 1, RevisionTexts = Padded(fits) }, Same)).Revisions[1].Revised);
        Assert.Contains("revisions: ask more than a context of 256 holds", (await Assert.ThrowsAsync<FunctionalException>(() =>
            model.BestOfAsync(options with { Revisions = 1, RevisionTexts = Padded(fits + "y") }, Same))).Message, StringComparison.Ordinal);
    }

    /// <summary>Each option does what it says: seen from its effect, for both doors could forget the same one.</summary>
    [Fact]
    public async Task Options_have_effects()
    {
        using var model = await Load();
        var options = few with { File = Questions, Judge = "f1" };
        // One token, the likeliest, in whatever way it is asked for.
        foreach (var sure in (BestOfOptions[])[options with { TopK = 1 }, options with { TopP = 1e-9 }, options with { Temperature = 1e-9 }])
            Assert.All((await model.BestOfAsync(sure)).Prompts, static p => Assert.Single(p.Answers.Select(static a => a.Text).Distinct()));
        async Task<string> Error(BestOfOptions wrong) => (await Assert.ThrowsAsync<FunctionalException>(() => model.BestOfAsync(wrong))).Message;
        Assert.StartsWith("template: is nothing", await Error(options with { Template = "nothing" }), StringComparison.Ordinal);
        Assert.Contains("has no column b", await Error(options with { Columns = "prompt=question,response=b" }), StringComparison.Ordinal);
        Assert.StartsWith("template: is nothing", (await Assert.ThrowsAsync<FunctionalException>(() => model.ChooseAsync(new() { Template = "nothing" }))).Message, StringComparison.Ordinal);
        var other = Rows("other.jsonl", """{"ask":"q","of":["a","b"],"is":1}""");
        Assert.Equal(1, (await model.ChooseAsync(new() { File = other, Columns = "question=ask,choices=of,answer=is" })).Questions[0].Question.Right);
        // Of a vote by likelihood the weights decide, as of the curve so of what is chosen.
        var even = await model.BestOfAsync(options with { Normal = static text => text.Length > 4 ? "long" : "short", Answers = 9 });
        var weighted = await model.BestOfAsync(options with { Normal = static text => text.Length > 4 ? "long" : "short", Answers = 9, Weighted = true });
        foreach (var (a, b) in even.Prompts.Zip(weighted.Prompts))
        {
            double Of(Vec<Functional.Sampling.Candidate> all, bool isLong, bool byWeight) => all.Where(c => c.Text.Length > 4 == isLong).Sum(c => byWeight ? Math.Exp(c.LogProb) : 1);
            Assert.Equal(Of(a.Answers, true, false) > Of(a.Answers, false, false), a.Voted.Text.Length > 4);
            Assert.Equal(Of(b.Answers, true, true) > Of(b.Answers, false, true), b.Voted.Text.Length > 4);
        }
        // Where no two answers are the same, the first wins, or the likeliest.
        var (own, sum) = (await model.BestOfAsync(options with { Normal = static text => text }), await model.BestOfAsync(options with { Normal = static text => text, Weighted = true }));
        var different = Enumerable.Range(0, 3).Where(i => own.Prompts[i].Answers.DistinctBy(static a => a.Text).Count() == 6).ToList();
        Assert.NotEmpty(different);
        Assert.All(different, i => Assert.Equal((own.Prompts[i].Answers[0], sum.Prompts[i].Answers.MaxBy(static a => a.LogProb)), (own.Prompts[i].Voted, sum.Prompts[i].Voted)));
        // Equal prompts are answered apart, and a row that is not asked may be too long.
        var twice = await model.BestOfAsync(few with { File = Rows("twice.jsonl", """{"prompt":"a"}""", """{"prompt":"a"}""") }, static (_, _) => 1);
        Assert.NotEqual(twice.Prompts[0].Answers, twice.Prompts[1].Answers);
        Assert.Single((await model.BestOfAsync(few with { Questions = 1, File = Rows("longer.jsonl", """{"prompt":"a"}""", $$"""{"prompt":"{{new string('x', 300)}}"}""") }, static (_, _) => 1)).Prompts);
        // Texts of one token each: a critique, advice and two answers.
        var short1 = await model.BestOfAsync(options with { Tokens = 1, Revisions = 2, RevisionAnswers = 2, RevisionTexts = new("{best}/{worst}", "{critique}?", "{question}: {advice}") });
        Assert.Equal([6.0, 10, 14], short1.Revisions.Select(static p => p.Tokens));
        var told = new List<int>();
        _ = await model.BestOfAsync(options with { Questions = 2, Answers = 3 }, progress: new Told(told));
        Assert.Equal([1, 2, 3, 4, 5, 6], told);
        using var gone = new CancellationTokenSource();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => model.BestOfAsync(options, cancellation: gone.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => model.ChooseAsync(cancellation: gone.Token));
    }

    sealed class Told(List<int> told) : IProgress<int>
    {
        public void Report(int value) => told.Add(value);
    }

    /// <summary>The command says what the façade does; every option reaches it.</summary>
    [Fact]
    public async Task The_command_says_the_same()
    {
        var run = await Run();
        using var model = await Load();
        var file = Rows("asked.jsonl", """{"ask": "one", "say": "e"}""", """{"ask": "two", "say": "ee e"}""");
        File.WriteAllText(scratch["texts.json"], """{"loss":"{best}/{worst}","gradient":"{critique}?","update":"{question}: {advice}"}""");
        var result = await model.BestOfAsync(new()
        {
            File = file, Template = "human-assistant", Columns = "prompt=ask,response=say", Questions = 2, Answers = 3, Tokens = 5, Temperature = 1.3, TopK = 40, TopP = 0.9, Seed = 7, Judge = "rouge-l",
            Measure = "exact", Weighted = true, Revisions = 1, RevisionAnswers = 2, RevisionTexts = new("{best}/{worst}", "{critique}?", "{question}: {advice}"),
        });
        string[] args = ["bestof", "--from", run, "--data", file, "--template", "human-assistant", "--columns", "prompt=ask,response=say", "--questions", "2", "--answers", "3", "--tokens", "5",
            "--temperature", "1.3", "--top-k", "40", "--top-p", "0.9", "--seed", "7", "--judge", "rouge-l", "--measure", "exact", "--weighted", "--revisions", "1", "--revision-answers", "2",
            "--revision-texts", scratch["texts.json"], "--engine", "managed"];
        var (code, text) = await Command([.. args, "--json"]);
        Assert.Equal(0, code);
        using var told = JsonDocument.Parse(text);
        var root = told.RootElement;
        Assert.Equal(("rouge-l", "exact", 2, 3), (root.GetProperty("judge").GetString(), root.GetProperty("measure").GetString(), root.GetProperty("questions").GetInt32(), root.GetProperty("answers").GetInt32()));
        Assert.Equal(result.Best.Select(static p => (p.Answers, p.Tokens, p.Reward.Value, p.Value.High, p.Kl)), root.GetProperty("best_of").EnumerateArray().Select(static p => (p.GetProperty("n").GetInt32(),
            p.GetProperty("tokens").GetDouble(), p.GetProperty("reward").GetDouble(), p.GetProperty("value_high").GetDouble(), p.GetProperty("kl_bound").GetDouble())));
        Assert.Equal(result.Votes.Select(static p => p.Value.Value), root.GetProperty("vote").EnumerateArray().Select(static p => p.GetProperty("value").GetDouble()));
        Assert.Equal(result.Revisions.Select(static p => (p.Round, p.Answers, p.Tokens, p.Revised)), root.GetProperty("revisions").EnumerateArray().Select(static p => (p.GetProperty("round").GetInt32(),
            p.GetProperty("answers").GetDouble(), p.GetProperty("tokens").GetDouble(), p.GetProperty("revised").GetInt32())));
        Assert.Equal(result.Prompts.SelectMany(static p => p.Answers.Select(static a => (a.Text, a.Tokens, a.LogProb))), root.GetProperty("prompts").EnumerateArray()
            .SelectMany(static p => p.GetProperty("answers").EnumerateArray().Select(static a => (a.GetProperty("answer").GetString()!, a.GetProperty("tokens").GetInt32(), a.GetProperty("logprob").GetDouble()))));
        Assert.Equal(result.Prompts.Select(static p => p.Voted.Text), root.GetProperty("prompts").EnumerateArray().Select(static p => p.GetProperty("voted").GetString()));
        (code, text) = await Command(args);
        Assert.Equal(0, code);
        Assert.Contains("best of n, chosen by rouge-l", text, StringComparison.Ordinal);
        Assert.Contains("vote of n, weighted, measured by exact", text, StringComparison.Ordinal);
        Assert.Contains("revisions, judged by rouge-l", text, StringComparison.Ordinal);
        Assert.Equal((1, "error: --temperature: is 0, which would draw the same answer every time; allowed: above 0\nerror: --top-p: is 0; allowed: above 0, up to 1 (off)\n"),
            await Command("bestof", "--from", run, "--temperature", "0", "--top-p", "0"));
    }
}
