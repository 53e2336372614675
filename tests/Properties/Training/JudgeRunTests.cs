using LanguageExt;
using Xunit;

namespace Functional.Tests.Properties.Training;

/// <summary>Runs that learned rewards: what they say of comparisons and of two models' answers, read as they learned to read.</summary>
public sealed class JudgeRunTests : IDisposable
{
    readonly Scratch scratch = new();
    readonly ReferenceEngine engine = new();

    public void Dispose()
    {
        engine.Dispose();
        scratch.Dispose();
    }

    static readonly RunConfig basis = new()
    {
        Model = new() { Layers = 1, Heads = 2, Width = 8, Context = 96, Vocabulary = 0, Bias = Biases.None, TiedHead = false }, Tokenizer = "byte",
        Stage = new() { Batch = 2, Steps = 2, EvalEvery = 0, SaveEvery = 0, Source = new() { CorpusSize = 2000 }, Optimiser = new() { Warmup = 0, LearningRate = 0.03 } },
    };

    string Train(string name, RunConfig config)
    {
        if (RunFolder.Holds(scratch[name])) return scratch[name];
        using var session = TinyRun.Get(RunSession.Begin(scratch[name], Recipe.Of(config)));
        TinyRun.Get(Loop.Run(engine, session, null, StillClock.Instance));
        return scratch[name];
    }

    string Rows(string name, IEnumerable<string> rows)
    {
        File.WriteAllLines(scratch[name], rows);
        return scratch[name];
    }

    RunConfig Reward(string file, string template = "chatml", Pooling pooling = Pooling.Last, bool both = false, double kept = 0.3) => basis with
    {
        Stage = basis.Stage with
        {
            Kind = StageKind.Reward, Steps = 6, Rows = new() { Template = template }, Source = new() { File = file, ValidationPart = kept },
            Preference = new() { Pooling = pooling, Bidirectional = both },
        },
    };

    string Pairs => Rows("pairs.jsonl", Enumerable.Range(0, 12).Select(static i =>
        $$"""{"prompt": "say {{i}}", "chosen": "{{new string((char)('a' + i), 1 + i % 4)}}", "rejected": "no {{i}}{{new string('!', i % 3)}}"}"""));

    string Questions => Rows("questions.jsonl", Enumerable.Range(0, 6).Select(static i => $$"""{"prompt": "tell me {{i}}", "completion": "{{new string('x', 1 + i)}}"}"""));

    TrainedModel Open(string run) => TinyRun.Get(TrainedModel.Open(engine, run));

    AnswerScores Ask(string run, string file)
    {
        using var model = Open(run);
        var asked = TinyRun.Get(Functional.Sessions.Questions.Of(model.Run, file, "user-assistant"));
        return TinyRun.Get(model.Ask(asked, new() { Temperature = 1 }, 6, Key.Seed(4))).IfNone(() => throw new InvalidOperationException());
    }

    /// <summary>Statistics of the rows that were kept say what training's own measure says.</summary>
    [Theory, InlineData(Pooling.Last, false), InlineData(Pooling.Mean, true)]
    public void A_judge_is_worth_what_its_run_measured(Pooling pooling, bool both)
    {
        using var judge = Open(Train("judge", Reward(Pairs, pooling: pooling, both: both)));
        var (loss, shown, rows) = TinyRun.Get(judge.Measure());
        var worth = TinyRun.Get(judge.Judge());
        Assert.Equal((rows, Math.Round(loss, 5)), (worth.Pairs, Math.Round(worth.Loss, 5)));
        Assert.Equal(shown["accuracy"], worth.Accuracy.Value, 1e-6);
        Assert.Equal(shown["margin"], worth.Margin, 1e-5);
        var data = (RankingData)TinyRun.Get(RunData.Load(judge.Run.Config, judge.Run.Tokenizer, judge.Run.Note));
        Example[] answers = [.. Enumerable.Range(0, data.Kept.Answers.Count).Select(i => data.Kept.Answers[i])];
        Assert.Equal(RewardStatistics.Correlation([.. answers.Select(a => (double)TinyRun.Get(judge.Logits([.. a.Ids]))[0][0])], [.. answers.Select(static a => (double)(a.Ids.Count - a.LastAnswer))]),
            worth.Pearson, 1e-5);
        // Lengths are those of answers alone, with their ends: "no 9" is longer than "j", whatever is asked. Of a file as of the run's own.
        Assert.Equal(worth, TinyRun.Get(judge.Judge(Rows("kept.jsonl", File.ReadLines(Pairs).Skip(8)))));
        Assert.Equal(4, TinyRun.Get(judge.Judge(Pairs, most: 4)).Pairs);
    }

    /// <summary>Rewards of answers are those of the judge's own template and pooling.</summary>
    [Theory, InlineData(Pooling.Last, false), InlineData(Pooling.Mean, true)]
    public void A_judge_reads_by_its_own_template(Pooling pooling, bool both)
    {
        using var judge = Open(Train("judge", Reward(Pairs, pooling: pooling, both: both)));
        var policy = Train("policy", basis);
        var other = Train("other", basis with { Seed = 2 });
        var (first, second) = (Ask(policy, Questions), Ask(other, Questions));
        var compared = TinyRun.Get(judge.Compare(first, second));
        var encoder = TinyRun.Get(DialogueEncoder.Of(TinyRun.Get(DialogueEncoders.Template("chatml", Option<PublishedNote>.None)), judge.Run.Tokenizer));
        for (var i = 0; i < 6; i++)
        {
            double Of(string answer) => TinyRun.Get(judge.Logits([.. TinyRun.Get(encoder.Encode([new(Role.User, $"tell me {i}")], answer, "here")).Ids]))[0][0];
            Assert.Equal(Of(first.Answers[i].Answer.Text), compared.First[i], 1e-5);
            Assert.Equal(Of(second.Answers[i].Answer.Text), compared.Second[i], 1e-5);
        }
        Assert.Equal(compared.First[2], TinyRun.Get(judge.Reward([new(([new(Role.User, "tell me 2")], first.Answers[2].Answer.Text), "here")]))[0], 1e-6);
        Assert.Equal(Enumerable.Range(0, 6).Count(i => compared.First[i] > compared.Second[i]), compared.Wins);
        // Seen from the other side, and beside oneself.
        var turned = TinyRun.Get(judge.Compare(second, first));
        Assert.Equal((compared.Wins, compared.Ties, compared.Losses), (turned.Losses, turned.Ties, turned.Wins));
        Assert.Equal(1, compared.WinRate.Value + turned.WinRate.Value, 1e-12);
        var same = TinyRun.Get(judge.Compare(first, first));
        Assert.Equal((6, 0.5, new Rate(0, 0, 0)), (same.Ties, same.WinRate.Value, same.Difference(Key.Seed(1))));
        Assert.Equal(new(0, 0, 0), first.Difference(first, static m => m.F1, Key.Seed(1)));
        Assert.Throws<ArgumentException>(() => first.Difference(Ask(policy, Rows("fewer.jsonl", File.ReadLines(Questions).Take(2))), static m => m.F1, Key.Seed(1)));
        Assert.Contains("is to compare answers to different questions", TinyRun.Faults(judge.Compare(first, Ask(policy, Rows("fewer.jsonl", File.ReadLines(Questions).Take(2))))),
            StringComparison.Ordinal);
    }

    /// <summary>The same from C#.</summary>
    [Fact]
    public async Task A_judge_from_the_facade()
    {
        var (judge, policy, other) = (Train("judge", Reward(Pairs, pooling: Pooling.Mean)), Train("policy", basis), Train("other", basis with { Seed = 2 }));
        var options = new AnswerOptions { File = Questions, Tokens = 5, Temperature = 1, Template = "user-assistant" };
        async Task<AnswerScores> Answers(string run)
        {
            using var model = await LanguageModel.LoadAsync(run, new() { Engine = EngineKind.Managed, Threads = 1 });
            return await model.AnswerAsync(options);
        }
        var (first, second) = (await Answers(policy), await Answers(other));
        using var judging = await LanguageModel.LoadAsync(judge, new() { Engine = EngineKind.Managed, Threads = 1 });
        var compared = await judging.CompareAsync(first, second);
        for (var i = 0; i < 6; i++) Assert.Equal(await judging.RewardAsync($"tell me {i}", second.Answers[i].Answer.Text), compared.Second[i], 1e-5);
        Assert.Equal(4, (await judging.JudgeAsync()).Pairs);
        using var writer = await LanguageModel.LoadAsync(policy, new() { Engine = EngineKind.Managed, Threads = 1 });
        Assert.Contains("has no rewards to give", (await Assert.ThrowsAsync<FunctionalException>(() => writer.CompareAsync(first, second))).Message, StringComparison.Ordinal);
        Assert.Contains("it has no next token to say", (await Assert.ThrowsAsync<FunctionalException>(() => judging.AnswerAsync(options))).Message, StringComparison.Ordinal);
    }

    /// <summary>Who writes does not judge, and who judges does not write.</summary>
    [Fact]
    public void What_is_no_judge_is_refused()
    {
        using var policy = Open(Train("policy", basis));
        using var judge = Open(Train("judge", Reward(Pairs)));
        const string Refused = "is a model that writes: it has no rewards to give; expected a run that learned rewards";
        Assert.Contains(Refused, TinyRun.Faults(policy.Judge(Pairs)), StringComparison.Ordinal);
        Assert.Contains(Refused, TinyRun.Faults(policy.Reward([new(([new(Role.User, "a")], "b"), "here")])), StringComparison.Ordinal);
        Assert.Contains("it has no next token to say", TinyRun.Faults(judge.Generator()), StringComparison.Ordinal);
    }

    /// <summary>Rows of more answers may all be in one part; both parts then have places for as many.</summary>
    [Theory, InlineData(false, 4, 3), InlineData(true, 3, 4), InlineData(false, 2, 3), InlineData(false, 3, 2)]
    public void The_parts_of_rankings_may_have_different_most_answers(bool few, int learned, int kept)
    {
        var file = Rows("ranked.jsonl", Enumerable.Range(0, 10).Select(i =>
            $$"""{"prompt": "say {{i}}", "answers": [{{string.Join(", ", Enumerable.Range(0, i < 5 ? Math.Max(2, learned - i % 2) : Math.Max(2, kept - i % 2)).Select(n => $"\"{new string((char)('a' + n), 1 + n)}\""))}}]}"""));
        var config = Reward(file, kept: 0.5);
        using var judge = Open(Train("judge", config with { Stage = config.Stage with { EvalBatches = few ? 1 : 0, EvalEvery = 2 } }));
        var encoder = TinyRun.Get(DialogueEncoder.Of(TinyRun.Get(DialogueEncoders.Template("chatml", Option<PublishedNote>.None)), judge.Run.Tokenizer));
        var loss = Enumerable.Range(5, 5).Average(i =>
        {
            double[] rewards = [.. Enumerable.Range(0, Math.Max(2, kept - i % 2)).Select(n => (double)TinyRun.Get(judge.Logits(
                [.. TinyRun.Get(encoder.Encode([new(Role.User, $"say {i}")], new string((char)('a' + n), 1 + n), "here")).Ids]))[0][0])];
            return Enumerable.Range(0, rewards.Length - 1).Sum(n => Math.Log(rewards.Skip(n).Sum(Math.Exp)) - rewards[n]);
        });
        Assert.Equal(loss, TinyRun.Get(judge.Measure()).Loss, 1e-5);
        Assert.Equal(TinyRun.Get(judge.Measure()).Shown["accuracy"], TinyRun.Get(judge.Judge()).Accuracy.Value, 1e-6);
    }
}
