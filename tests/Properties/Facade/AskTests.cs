using Functional.Cli;
using Functional.Tests.Properties.Training;
using LanguageExt;
using Xunit;

namespace Functional.Tests.Properties.Facade;

/// <summary>Questions of one's own: asked as training had them, in a talk or alone, from C# and by the command.</summary>
public sealed class AskTests(AskTests.Runs runs) : IClassFixture<AskTests.Runs>
{
    /// <summary>Runs that all these tests ask.</summary>
    public sealed class Runs : IDisposable
    {
        readonly Scratch scratch = new();

        static readonly RunConfig basis = new()
        {
            Model = new() { Layers = 1, Heads = 2, Width = 8, Context = 96, Vocabulary = 0, Bias = Biases.None, TiedHead = false }, Tokenizer = "byte",
            Stage = new() { Batch = 2, Steps = 2, EvalEvery = 0, SaveEvery = 0, Source = new() { CorpusSize = 2000 }, Optimiser = new() { Warmup = 0, LearningRate = 0.03 } },
        };

        public Runs()
        {
            File.WriteAllText(scratch["text.txt"], string.Concat(Enumerable.Repeat("abcab cabba. ", 200)));
            Base = Train("base", basis with { Stage = basis.Stage with { Source = new() { File = scratch["text.txt"] } } });
            Rows = Write("rows.jsonl", Enumerable.Range(0, 12).Select(static i => $$"""{"prompt": "say {{i}}", "completion": "{{new string((char)('a' + i), 1 + i % 4)}}"}"""));
            Prompts = Write("prompts.jsonl", Enumerable.Range(0, 5).Select(static i => $$"""{"prompt": "ask {{i}}"}"""));
            Pairs = Write("pairs.jsonl", Enumerable.Range(0, 12).Select(static i => $$"""{"prompt": "say {{i}}", "chosen": "{{new string((char)('a' + i), 2)}}", "rejected": "no"}"""));
            Answers = Train("answers", Of(StageKind.Sft, Rows, "user-assistant"));
            Judge = Train("judge", Of(StageKind.Reward, Pairs, "chatml"));
        }

        RunConfig Of(StageKind kind, string rows, string template) => basis with
        {
            Stage = basis.Stage with { Kind = kind, Steps = 8, Rows = new() { Template = template }, Source = new() { File = rows, ValidationPart = 0.3 } },
        };

        public string Base { get; }

        public string Answers { get; }

        public string Judge { get; }

        public string Rows { get; }

        public string Prompts { get; }

        public string Pairs { get; }

        public string this[string name] => scratch[name];

        public string Write(string name, IEnumerable<string> lines)
        {
            File.WriteAllLines(scratch[name], lines);
            return scratch[name];
        }

        string Train(string name, RunConfig config)
        {
            using var engine = new ReferenceEngine();
            using var session = TinyRun.Get(RunSession.Begin(scratch[name], Recipe.Of(config)));
            TinyRun.Get(Loop.Run(engine, session, null, StillClock.Instance));
            return scratch[name];
        }

        public void Dispose() => scratch.Dispose();
    }

    static Task<LanguageModel> Load(string run) => LanguageModel.LoadAsync(run, new() { Engine = EngineKind.Managed, Threads = 1 });

    static async Task<(int Code, string Out, string Error)> Command(string input, params string[] args)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var code = await App.Run(args, new(output, error, Live: false, 100) { In = () => new StringReader(input) });
        return (code, output.ToString(), error.ToString());
    }

    static async Task<string> Fault(Func<Task> work) => (await Assert.ThrowsAsync<FunctionalException>(work)).Message;

    sealed class Pieces : IProgress<string>
    {
        public List<string> All { get; } = [];

        public void Report(string value) => All.Add(value);
    }

    /// <summary>What is answered to a question alone is what is answered to it among others; by whatever way it is asked.</summary>
    [Theory, InlineData(0), InlineData(1.5)]
    public async Task A_question_alone_is_the_question_of_rows(double temperature)
    {
        using var model = await Load(runs.Answers);
        var options = new AskOptions { Tokens = 9, Temperature = temperature, Seed = 3 };
        var told = new Pieces();
        var reply = await model.AskAsync("say 9", options, told);
        Assert.Equal(reply.Text, string.Concat(told.All));
        Assert.Equal(reply.Text, reply.ToString());
        var streamed = new List<string>();
        await foreach (var piece in model.AskStreamAsync("say 9", options)) streamed.Add(piece);
        Assert.Equal(told.All, streamed);
        if (temperature == 0)
            Assert.Equal((await model.AnswerAsync(new() { Tokens = 9 })).Answers.First(static a => a.Prompt == "say 9").Answer.Text, reply.Text);
        var (code, text, error) = await Command("", "ask", "--from", runs.Answers, "say 9", "--tokens", "9", "--temperature", $"{temperature}", "--seed", "3", "--threads", "1");
        Assert.Equal((0, reply.Text + "\n"), (code, text));
        Assert.Equal(reply.Answer.End == AnswerEnd.Length ? "note: the answer is cut after 9 tokens, and --tokens allows more\n" : "", error);
    }

    /// <summary>Each option reaches what it is for.</summary>
    [Fact]
    public async Task Options_are_passed_on()
    {
        string[] basis = ["ask", "--from", runs.Answers, "say 1", "--tokens", "20", "--temperature", "1.5", "--engine", "managed"];
        var plain = await Command("", basis);
        foreach (var more in (string[][])[["--system", "Be brief."], ["--template", "chatml"], ["--seed", "2"], ["--top-k", "1"], ["--top-p", "0.01"], ["--checkpoint", "0"]])
            Assert.True(plain.Out != (await Command("", [.. basis, .. more])).Out, $"{more[0]} changes nothing");
        using var model = await Load(runs.Answers);
        var options = new AskOptions { Tokens = 20, Temperature = 1.5 };
        Assert.Equal((await model.AskAsync("say 1", options with { System = "Be brief." })).Text + "\n", (await Command("", [.. basis, "--system", "Be brief."])).Out);
        Assert.Equal((await model.AskAsync("say 1", options with { Template = "chatml" })).Text + "\n", (await Command("", [.. basis, "--template", "chatml"])).Out);
        Assert.Equal((await model.AskAsync("say 1", options with { TopK = 1 })).Text + "\n", (await Command("", [.. basis, "--top-k", "1"])).Out);
    }

    /// <summary>The question may stand before or behind the options, come from standard input, or look like an option.</summary>
    [Fact]
    public async Task A_question_comes_from_anywhere()
    {
        string[] options = ["--from", runs.Answers, "--tokens", "5", "--threads", "1"];
        var expected = await Command("", ["ask", .. options, "say 3"]);
        Assert.Equal(0, expected.Code);
        Assert.Equal(expected, await Command("", ["ask", "say 3", .. options]));
        Assert.Equal(expected, await Command("say 3\n", ["ask", "-", .. options]));
        Assert.Equal(expected, await Command("say 3\r\n", ["ask", .. options, "-"]));
        Assert.Equal(expected, await Command("", ["ask", .. options, "--", "say 3"]));
        Assert.Equal(0, (await Command("", ["ask", .. options, "--", "-3 + 4?"])).Code);
        Assert.Equal((2, "error: QUESTION is empty; expected functional ask QUESTION\nfunctional ask --help lists what it takes.\n"), await Command("", ["ask", .. options, ""]) is var (code, _, error) ? (code, error) : default);
        Assert.Equal((1, "error: question: is missing; expected functional ask --from DIR QUESTION, - to read it from standard input, or --chat\n"), await Command("", ["ask", .. options]) is var (c, _, e) ? (c, e) : default);
        Assert.Equal((1, "error: question: is empty; expected a text\n"), await Command(" \n", ["ask", .. options, "-"]) is var (c2, _, e2) ? (c2, e2) : default);
        Assert.Equal(2, (await Command("", ["ask", .. options, "say", "3"])).Code);
    }

    /// <summary>In a talk each question comes behind what was said before; what cannot be asked is no part of it.</summary>
    [Fact]
    public async Task A_talk_knows_what_was_said()
    {
        using var model = await Load(runs.Answers);
        var options = new AskOptions { Tokens = 8, System = "S", Temperature = 1 };
        var first = await model.AskAsync("say 1", options);
        var second = await model.AskAsync("say 2", options with { Before = [new(Role.User, "say 1"), new(Role.Assistant, first.Text)] });
        Assert.NotEqual(second.Answer.LogProbs, (await model.AskAsync("say 2", options)).Answer.LogProbs);
        string[] args = ["ask", "--from", runs.Answers, "--chat", "--system", "S", "--tokens", "8", "--temperature", "1", "--threads", "1"];
        var (code, text, _) = await Command("say 1\n\nsay 2\n", args);
        Assert.Equal((0, $"{first.Text}\n{second.Text}\n"), (code, text));
        Assert.Equal(text, (await Command("say 2", [.. args, "say 1"])).Out);
        var failed = await Command($"say 1\n{new string('x', 200)}\nsay 2\n", args);
        Assert.Equal((1, text), (failed.Code, failed.Out));
        Assert.Contains("error: question: is ", failed.Error, StringComparison.Ordinal);
        Assert.Contains("error: question: is -, and --chat reads standard input, too; allowed: one of them", (await Command("", [.. args, "-"])).Error, StringComparison.Ordinal);
        Assert.Equal((0, ""), await Command("", args) is var (none, nothing, _) ? (none, nothing) : default);
    }

    /// <summary>Where a talk has no room, whole questions with their answers go first, and no more of them than must; what the system says stays.</summary>
    [Fact]
    public void The_oldest_is_forgotten_first()
    {
        var encoder = TinyRun.Get(DialogueEncoders.Of(ByteTokenizer.Instance, "user-assistant"));
        Message[] system = [new(Role.System, "be brief")], talk = [.. Enumerable.Range(0, 6).SelectMany(static i => (Message[])[new(Role.User, $"q{i}"), new(Role.Assistant, $"a{i}"), new(Role.Assistant, "b")])];
        int Length(IEnumerable<Message> messages) => TinyRun.Get(encoder.Prompt([.. messages])).Count;
        Message question = new(Role.User, "and now?");
        for (var context = Length([.. system, question]); context < Length([.. system, .. talk, question]) + 9; context++)
        {
            var model = Transformer.Of(new() { Layers = 1, Heads = 1, Width = 4, Context = context, Vocabulary = 256 });
            var asking = Asking.Of(encoder, [.. system, .. talk, question], model, 8);
            if (context == Length([.. system, question]))
            {
                Assert.Contains($"is {context} tokens long, with all that its template puts around it; allowed: up to {context - 1}", TinyRun.Faults(asking), StringComparison.Ordinal);
                continue;
            }
            var (ids, most, forgotten) = TinyRun.Get(asking);
            Assert.Equal(0, forgotten % 3);
            Assert.Equal(TinyRun.Get(encoder.Prompt([.. system, .. talk.Skip(forgotten), question])), ids);
            Assert.Equal(Math.Min(8, context - ids.Count), most);
            Assert.True(forgotten == 18 || ids.Count + 8 <= context);
            if (forgotten > 0) Assert.True(Length([.. system, .. talk.Skip(forgotten - 3), question]) + 8 > context);
        }
    }

    [Fact]
    public async Task What_is_forgotten_is_said()
    {
        var (code, _, error) = await Command(string.Concat(Enumerable.Repeat("tell me more of it\n", 5)), "ask", "--from", runs.Answers, "--chat", "--tokens", "6", "--threads", "1");
        Assert.Equal(0, code);
        Assert.Contains("note: the oldest 2 messages are forgotten, for the model's context has no room for them\n", error, StringComparison.Ordinal);
    }

    /// <summary>What nobody knows is guessed, and said; what is known is not.</summary>
    [Fact]
    public async Task A_guessed_template_is_said()
    {
        string[] Args(string run) => ["ask", "--from", run, "ab", "--tokens", "2", "--threads", "1"];
        // A prompt of Alpaca's has no room here.
        Assert.Equal(1, (await Command("", Args(runs.Base))).Code);
        Assert.Contains($"note: {runs.Base} has learned no answers; it is asked with the template alpaca, and --template takes another\n", (await Command("", Args(runs.Base))).Error, StringComparison.Ordinal);
        Assert.DoesNotContain("template", (await Command("", [.. Args(runs.Base), "--template", "plain"])).Error, StringComparison.Ordinal);
        Assert.DoesNotContain("template", (await Command("", Args(runs.Answers))).Error, StringComparison.Ordinal);
        using var model = await Load(runs.Answers);
        Assert.Equal(("user-assistant", true), model.UsualTemplate);
    }

    [Fact]
    public async Task What_cannot_be_asked_is_said()
    {
        using var model = await Load(runs.Answers);
        Assert.Contains("question: is empty", await Fault(() => model.AskAsync("  ")), StringComparison.Ordinal);
        Assert.Contains("allowed: up to 95, so that an answer has room in the model's context of 96", await Fault(() => model.AskAsync(new string('x', 96))), StringComparison.Ordinal);
        Assert.Contains("template: is vicuna", await Fault(() => model.AskAsync("a", new() { Template = "vicuna" })), StringComparison.Ordinal);
        Assert.Contains("Tokens: is 0; allowed: 1 or more\nSeed: is -1; allowed: 0 or more\nTopP: is 2", await Fault(() => model.AskAsync("a", new() { Tokens = 0, Seed = -1, TopP = 2 })), StringComparison.Ordinal);
        using var judge = await Load(runs.Judge);
        Assert.Contains("is a model that judges texts", await Fault(() => judge.AskAsync("a")), StringComparison.Ordinal);
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => model.AskAsync("a", cancellation: stop.Token));
    }

    /// <summary>Rows without answers are asked and shown, and nothing is compared; with a judge they are judged.</summary>
    [Fact]
    public async Task Rows_without_answers_are_asked()
    {
        string[] args = ["evaluate", "--from", runs.Answers, "--data", runs.Prompts, "--tokens", "4", "--threads", "1"];
        var (code, text, error) = await Command("", args);
        Assert.True(code == 0, error);
        Assert.StartsWith("5 questions\nno answers are expected, so that nothing is compared with them\n\n  │ ask 0\n  answer:  ", text, StringComparison.Ordinal);
        Assert.DoesNotContain("exact", text, StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", text, StringComparison.Ordinal);
        var json = System.Text.Json.JsonDocument.Parse((await Command("", [.. args, "--json", "--beside", runs.Base])).Out).RootElement;
        Assert.Equal(0, json.GetProperty("runs")[0].GetProperty("compared").GetInt32());
        Assert.False(json.GetProperty("runs")[0].TryGetProperty("loss", out _));
        Assert.Equal(5, json.GetProperty("runs")[1].GetProperty("answers").GetArrayLength());
        var judged = await Command("", [.. args, "--judge", runs.Judge, "--beside", runs.Base]);
        Assert.True(judged.Code == 0, judged.Error);
        Assert.Contains("\nreward  ", judged.Out, StringComparison.Ordinal);
        Assert.Contains($"{runs.Answers} wins ", judged.Out, StringComparison.Ordinal);
        using var model = await Load(runs.Answers);
        var scores = await model.AnswerAsync(new() { File = runs.Prompts, Tokens = 4 });
        Assert.Equal((5, 0, true, "5 questions, without answers that are expected"), (scores.Answers.Count, scores.Compared, double.IsNaN(scores.Loss), scores.ToString()));
        Assert.Equal((await model.AskAsync("ask 2", new() { Tokens = 4 })).Text, scores.Answers[2].Answer.Text);
        Assert.Matches(@"^4 questions: loss \d\.\d{4}, exact .*, F1 0\.\d{3}, ROUGE-L 0\.\d{3}$", (await model.AnswerAsync(new() { Tokens = 4 })).ToString());
    }

    /// <summary>A folder may have both, and what is compared is of those rows that expect an answer; messages that end with a question ask it.</summary>
    [Fact]
    public async Task Some_rows_may_expect_an_answer()
    {
        Directory.CreateDirectory(runs["mixed"]);
        File.Copy(runs.Prompts, Path.Combine(runs["mixed"], "a.jsonl"), overwrite: true);
        File.Copy(runs.Rows, Path.Combine(runs["mixed"], "b.jsonl"), overwrite: true);
        await File.WriteAllLinesAsync(Path.Combine(runs["mixed"], "c.jsonl"), ["""{"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]}""",
            """{"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}, {"role": "user", "content": "he"}]}""", """{"messages": [{"role": "user", "content": "ha"}]}"""]);
        using var model = await Load(runs.Answers);
        var (mixed, alone) = (await model.AnswerAsync(new() { File = runs["mixed"], Tokens = 4 }), await model.AnswerAsync(new() { File = runs.Rows, Tokens = 4 }));
        Assert.Equal((20, 13), (mixed.Answers.Count, mixed.Compared));
        Assert.Equal(["hi", "hi\n\nho\n\nhe", "ha"], mixed.Answers.Skip(17).Select(static a => a.Prompt));
        Assert.Equal(["ho", null, null], mixed.Answers.Skip(17).Select(static a => a.Expected));
        Assert.Equal(alone.Answers.Select(static a => (a.Prompt, a.Expected, a.Answer.Text)), mixed.Answers.Skip(5).Take(12).Select(static a => (a.Prompt, a.Expected, a.Answer.Text)));
        var long_ = runs.Write("long.jsonl", [$$"""{"prompt": "{{new string('x', 120)}}"}"""]);
        Assert.Contains("line 1: is a prompt of ", await Fault(() => model.AnswerAsync(new() { File = long_ })), StringComparison.Ordinal);
    }

    /// <summary>Whichever of two runs stands first, both are asked what the one keeps that has learned answers, as it was trained.</summary>
    [Fact]
    public async Task Either_may_stand_first()
    {
        async Task<(string Text, string Error)> Ran(string first, string second)
        {
            var (code, text, error) = await Command("", "evaluate", "--from", first, "--beside", second, "--tokens", "4", "--json", "--threads", "1");
            Assert.True(code == 0, error);
            return (text, error);
        }
        var ((there, silent), (back, said)) = (await Ran(runs.Answers, runs.Base), await Ran(runs.Base, runs.Answers));
        string[] Of(string json) => [.. System.Text.Json.JsonDocument.Parse(json).RootElement.GetProperty("runs").EnumerateArray().Select(static r => r.GetRawText())];
        Assert.Equal(Of(there), Of(back).Reverse());
        Assert.Equal(("", $"note: {runs.Base} has learned no answers; both are asked what {runs.Answers} keeps, as {runs.Answers} was trained\n"), (silent, said));
    }

    /// <summary>Greedy answers that are the same text say little of who is better; how to draw others is said.</summary>
    [Fact]
    public async Task Equal_answers_are_remarked()
    {
        string[] args = ["evaluate", "--from", runs.Answers, "--beside", runs.Answers, "--judge", runs.Judge, "--tokens", "4", "--threads", "1"];
        const string Remark = "note: 4 of 4 answers are the same text of both; --temperature 1 draws answers";
        Assert.Contains(Remark, (await Command("", args)).Error, StringComparison.Ordinal);
        Assert.DoesNotContain("note", (await Command("", [.. args, "--temperature", "1"])).Error, StringComparison.Ordinal);
    }

    /// <summary>A judge is shown with the head that it has.</summary>
    [Fact]
    public async Task A_judge_has_a_head_that_judges()
    {
        var (code, text, error) = await Command("", "inspect", "--run", runs.Judge);
        Assert.True(code == 0, error);
        Assert.StartsWith("a judge of texts of ", text, StringComparison.Ordinal);
        Assert.Contains("score.weight", text, StringComparison.Ordinal);
        Assert.DoesNotContain("head.weight", text, StringComparison.Ordinal);
    }
}
