using Functional.Tests.Properties.Dialogues;
using Functional.Tests.Properties.Training;
using Xunit;

namespace Functional.Tests.Properties.Facade;

/// <summary>Answers that are drawn to be judged, and what is learned from what was judged.</summary>
public sealed class StudyTests : IDisposable
{
    readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    static Vec<Vec<Message>> Questions(int count) => [.. Enumerable.Range(0, count).Select(static i => (Vec<Message>)[new(Role.User, $"q{i}")])];

    /// <summary>Answers differ, are of models by turns, and are the same for the same seed, whoever is faster; equal ones are drawn again with other seeds.</summary>
    [Theory, InlineData(1, 2), InlineData(2, 2), InlineData(2, 3), InlineData(3, 4), InlineData(4, 2)]
    public async Task Answers_differ_and_models_have_turns(int models, int answers)
    {
        var options = new StudyOptions { Models = [.. Enumerable.Range(0, models).Select(static m => $"m{m}")], Answers = answers, Seed = 5 };
        var asked = new System.Collections.Concurrent.ConcurrentBag<(string, string, long)>();
        async Task<IReadOnlyList<string>> Write(string model, Vec<Message> prompt, int texts, long seed, CancellationToken stop)
        {
            asked.Add((model, prompt[0].Text, seed));
            await Task.Delay(Random.Shared.Next(3), stop);
            // Few words, so that many are equal.
            return [.. Enumerable.Range(0, texts).Select(i => $" {(ulong)(seed + i) % 5} ")];
        }
        var (one, other) = (await StudyDrawing.DrawAsync(options, Questions(30), Write), await StudyDrawing.DrawAsync(options, Questions(30), Write));
        Assert.Equal(one.Written, other.Written);
        Assert.Equal(30, one.Questions.Count + one.PassedOver);
        Assert.True(one.Questions.Count > 10);
        Assert.All(one.Questions, q => Assert.Equal((answers, answers), (q.Answers.Count, q.Answers.Select(static a => a.Text).Distinct().Count())));
        Assert.All(one.Questions, q => Assert.All(q.Answers, static a => Assert.Equal(a.Text.Trim(), a.Text)));
        if (models <= answers) Assert.All(one.Questions, q => Assert.Equal(models, q.Answers.Select(static a => a.Model).Distinct().Count()));
        Assert.Equal(options.Models, one.Models);
        Assert.Equal(models, one.Questions.SelectMany(static q => q.Answers).Select(static a => a.Model).Distinct().Count());
        Assert.Equal(asked.Distinct().Count() * 2, asked.Count);
        Assert.NotEqual(one.Questions, (await StudyDrawing.DrawAsync(options with { Seed = 6 }, Questions(30), Write)).Questions);
    }

    /// <summary>A question to which a model always says the same is passed over, and so is one that it cannot read; where none is left, the reason is told.</summary>
    [Fact]
    public async Task What_is_always_the_same_is_passed_over()
    {
        Task<IReadOnlyList<string>> Write(string model, Vec<Message> prompt, int texts, long seed, CancellationToken stop) => prompt[0].Text switch
        {
            "q0" => Task.FromResult<IReadOnlyList<string>>([.. Enumerable.Repeat("same", texts)]),
            "q1" => throw new FunctionalException(new Fault("q1", "is unreadable", "")),
            "q2" => Task.FromResult<IReadOnlyList<string>>(["", " "]),
            _ => Task.FromResult<IReadOnlyList<string>>([.. Enumerable.Range(0, texts).Select(static i => $"{i}")]),
        };
        var study = await StudyDrawing.DrawAsync(new() { Models = ["m"] }, Questions(4), Write);
        Assert.Equal((1, 3), (study.Questions.Count, study.PassedOver));
        Assert.Contains("unreadable", (await Assert.ThrowsAsync<FunctionalException>(() => StudyDrawing.DrawAsync(new() { Models = ["m"] }, Questions(2), Write))).Message, StringComparison.Ordinal);
        Assert.Contains("differ", (await Assert.ThrowsAsync<FunctionalException>(() => StudyDrawing.DrawAsync(new() { Models = ["m"] }, Questions(1), Write))).Message, StringComparison.Ordinal);
        foreach (var (wrong, where) in new (StudyOptions, string)[] { (new(), "models"), (new() { Models = ["m", "m"] }, "models"), (new() { Models = ["m"], Answers = 5 }, "answers"),
            (new() { Models = ["m"], Answers = 1 }, "answers"), (new() { Models = ["m"], Temperature = 0 }, "temperature"), (new() { Models = ["m"], Tokens = 0 }, "tokens"), (new() { Models = ["m"], Seed = -1 }, "seed") })
            Assert.Equal(where, Assert.Single((await Assert.ThrowsAsync<FunctionalException>(() => StudyDrawing.DrawAsync(wrong, Questions(1), Write))).Faults).Where);
    }

    [Fact]
    public void Questions_are_lines_or_rows()
    {
        static Vec<Vec<Message>> Read(string text) => TinyRun.Get(QuestionText.Read(text, "questions"));
        Assert.Equal([[new(Role.User, "a b")], [new(Role.User, "c")]], Read("  a b \r\n\n c\na b\n"));
        Assert.Equal([[new(Role.User, "a")], [new(Role.System, "s"), new(Role.User, "b")]], Read("""{"prompt": "a"}""" + "\n" + """{"prompt": "b", "system": "s"}"""));
        Assert.Equal([[new(Role.User, "a")]], Read(""" [{"question": "a", "answer": "x"}] """));
        foreach (var wrong in new[] { "", " \n ", "{", "[]", """{"other": 1}""", """[{"prompt": 3}]""", string.Join('\n', Enumerable.Range(0, 2001)) })
            Assert.StartsWith("questions", TinyRun.Faults(QuestionText.Read(wrong, "questions")), StringComparison.Ordinal);
    }

    static readonly PreferenceCounts twenty = new(20, 2, 20, 16);
    static readonly PreferencePlaces places = new("base", "user-assistant", "pairs", "questions", "judge");

    /// <summary>Every wish reaches its setting, and nothing else; what is not asked has a value that each kind of stage takes.</summary>
    [Fact]
    public void Wishes_reach_settings()
    {
        Params<string> Of(PreferenceWishes wishes, bool reward = false, PreferenceCounts? rows = null) => TinyRun.Get(PreferencePlan.Of(new(), 1000, rows ?? twenty, places, wishes)) is var plan
            ? (reward ? plan.Reward : plan.Policy).ToParams() : Params<string>.Empty;
        string Changes(Params<string> a, Params<string> b) => string.Join(' ', a.Names.Where(n => !b.Contains(n) || b[n] != a[n]).Select(n => $"{n}={a[n]}"));
        var (dpo, judge, ppo) = (Of(new()), Of(new(), true), Of(new() { Method = StageKind.Ppo }));
        Assert.Equal("steps=7 warmup=0 eval-every=1", Changes(Of(new() { Steps = 7 }), dpo));
        Assert.Equal("lr=0.5 min-lr=0.05", Changes(Of(new() { Rate = 0.5 }), dpo));
        Assert.Equal("beta=0.25", Changes(Of(new() { Beta = 0.25 }), dpo));
        Assert.Equal("", Changes(Of(new() { RewardSteps = 7 }), dpo));
        Assert.Equal("steps=7 warmup=0 eval-every=1", Changes(Of(new() { RewardSteps = 7 }, true), judge));
        Assert.Equal("", Changes(Of(new() { Steps = 7, Rate = 0.5, Beta = 1 }, true), judge));
        Assert.Equal("kl-weight=0.25", Changes(Of(new() { Method = StageKind.Ppo, Beta = 0.25 }), ppo));
        Assert.Equal(("pairs", "0.1", "pairs", "questions", "judge", "16"), (dpo["data"], dpo["validation-part"], judge["data"], ppo["data"], ppo["judge"], ppo["answer-tokens"]));
        Assert.Equal(("8", "2"), (dpo["batch"], Of(new(), false, new(3, 1, 3, 9))["batch"]));
        Assert.False(dpo.Contains("lora-rank"));
        foreach (var kind in new[] { StageKind.Dpo, StageKind.Ppo })
            foreach (var large in new[] { false, true })
            {
                var plan = TinyRun.Get(PreferencePlan.Of(new(), large ? PreferencePlan.Large : 1, twenty, places, new() { Method = kind }));
                Assert.All([(StageKind.Reward, plan.Reward), (kind, plan.Policy)], p =>
                {
                    var config = Functional.Configuration.From(RunConfig.For(p.Item1), [.. p.Item2.Where(static s => s.Name != "from")]);
                    Assert.Equal((large ? 8 : 0, 2), (config.Stage.Adapter.Rank, (int)Math.Round(config.Stage.Source.ValidationPart * 20)));
                    Assert.All(p.Item2.Select(static s => RunConfig.Field(s.Name)!), f => Assert.True(f.Kinds.Count == 0 || f.Kinds.Contains(p.Item1), $"{f.Name} is none of {p.Item1}'s"));
                });
            }
    }

    [Fact]
    public void What_cannot_be_planned_is_told()
    {
        string Told(PreferenceWishes wishes, PreferenceCounts? rows = null, RunConfig? begun = null) => TinyRun.Faults(PreferencePlan.Of(begun ?? new(), 1, rows ?? twenty, places, wishes)).Split(':')[0];
        Assert.Equal("method", Told(new() { Method = StageKind.Sft }));
        Assert.Equal("steps", Told(new() { Steps = 0 }));
        Assert.Equal("steps", Told(new() { Steps = PreferencePlan.MostSteps + 1 }));
        Assert.Equal("", Told(new() { Steps = PreferencePlan.MostSteps, RewardSteps = 1, Rate = 1, Beta = 10 }));
        Assert.Equal("reward_steps", Told(new() { RewardSteps = 0 }));
        Assert.Equal("rate", Told(new() { Rate = 0 }));
        Assert.Equal("rate", Told(new() { Rate = 1.01 }));
        Assert.Equal("beta", Told(new() { Beta = double.NaN }));
        Assert.Equal("beta", Told(new() { Beta = 11 }));
        Assert.Equal("pairs", Told(new(), new(0, 0, 5, 5)));
        Assert.Equal("pairs", Told(new(), new(4, 0, 5, 5)));
        Assert.Equal("questions", Told(new() { Method = StageKind.Ppo }, new(20, 2, 1, 5)));
        Assert.Equal("base", Told(new(), null, RunConfig.For(StageKind.Reward)));
    }

    // A base, a study of it, and judgements that prefer the shorter answer.
    async Task<(StudyFolder Study, string Base)> Judged(int questions = 8)
    {
        const string recipe = """
            model: {layers: 1, heads: 1, width: 16, context: 64, bias: false}
            text: {tokenizer: byte}
            run: {engine: managed}
            stages:
              pretrain: {batch: 2, steps: 2, eval-batches: 1, source: {corpus-size: 3000}}
              sft: {kind: sft, batch: 4, steps: 4, eval-batches: 1, source: {corpus-size: 9000}, rows: {lessons: count+compare, template: user-assistant}, learning: {lr: 0.01, min-lr: 0.01}}
            """;
        await File.WriteAllTextAsync(scratch["recipe.yaml"], recipe);
        var start = Path.Combine(scratch["runs"], "base", "stages", "sft");
        await Functional.Training.RunAsync(Functional.Configuration.RecipeFromYaml(scratch["recipe.yaml"]), scratch[Path.Combine("runs", "base")]);
        var study = new Study(["base/sft"], [.. Enumerable.Range(0, questions).Select(static q => new StudyQuestion([new(Role.User, $"Why {q}?")], [new($"yes {q}", "base/sft"), new($"no, and {q} more", "base/sft")]))]) { Tokens = 6, Temperature = 1 };
        var folder = TinyRun.Get(StudyFolder.Begin(scratch["study"], study));
        while (folder.Next("ann") is { } q)
            TinyRun.Get(folder.Add(new($"a{q}", "ann", q, q == 2 ? new Said.Skipped() : new Said.Compared(study.Shown("ann", q)[0] == 0 ? Verdict.Better : Verdict.MuchWorse))));
        return (folder, start);
    }

    /// <summary>From judgements to a judge, a policy and what changed, of which all is told and kept; what is judged later changes nothing of it.</summary>
    /// <summary>As many questions as are wanted, where there are so many: what is passed over is made up for by the next, and the same ones come whatever is quick; nothing that is not needed is asked.</summary>
    [Fact]
    public async Task What_is_passed_over_is_made_up_for()
    {
        var asked = new System.Collections.Concurrent.ConcurrentDictionary<string, bool>();
        Task<IReadOnlyList<string>> Some(string model, Vec<Message> prompt, int texts, long seed, CancellationToken stop)
        {
            asked[prompt[^1].Text] = true;
            // Every third has one answer alone.
            var number = int.Parse(prompt[^1].Text["Why ".Length..^1], System.Globalization.CultureInfo.InvariantCulture);
            return Task.FromResult<IReadOnlyList<string>>([.. Enumerable.Range(0, texts).Select(i => number % 3 == 0 ? "same" : $"{seed} {i}")]);
        }
        Vec<Vec<Message>> questions = [.. Enumerable.Range(0, 40).Select(static i => (Vec<Message>)[new(Role.User, $"Why {i}?")])];
        var study = await StudyDrawing.DrawAsync(new() { Models = ["m"], Questions = 10 }, questions, Some);
        Assert.Equal(Enumerable.Range(0, 40).Where(static i => i % 3 != 0).Take(10), study.Questions.Select(static q => int.Parse(q.Prompt[0].Text["Why ".Length..^1], System.Globalization.CultureInfo.InvariantCulture)));
        Assert.Equal((10, 5, 15), (study.Questions.Count, study.PassedOver, asked.Count));
        // Where there are fewer, all of them.
        Assert.Equal(6, (await StudyDrawing.DrawAsync(new() { Models = ["m"], Questions = 20 }, [.. questions.Take(9)], Some)).Questions.Count);
    }

    [Theory, InlineData(StageKind.Dpo), InlineData(StageKind.Ppo)]
    public async Task What_is_judged_is_learned_and_measured(StageKind method)
    {
        var (study, start) = await Judged();
        var training = StudyTraining.Begin(study, scratch["runs"], "mine", start, new() { Method = method, Steps = 4, RewardSteps = 3, Rate = 1e-3 });
        Assert.Equal((1, 7, 1, 0, "user-assistant", 6), (training.Number, training.Pairs, training.Kept, training.LeftOut, training.Template, training.Asking.Tokens));
        Assert.Equal([$"mine-1-{$"{method}".ToLowerInvariant()}", "mine-1-reward"], new[] { training.Policy, training.Judge }.Select(Path.GetFileName));
        Assert.Equal((4L, 3L), (training.PolicyConfig.Stage.Steps, training.JudgeConfig.Stage.Steps));
        Assert.False(training.IsDone);
        var told = new List<string>();
        Assert.True(await training.RunAsync(null, told.Add));
        Assert.Equal(["judge", "policy", "answers after", "answers before", "what the judge gives"], told);
        var change = Assert.Single(StudyTraining.All(study)).Change!;
        Assert.Equal((6, 1, 8), (change.Learned.Pairs, change.Kept.Pairs, change.Answers.Count));
        // What was not learned from first: question 2 was skipped, and 7 kept for evaluation.
        Assert.Equal([("Why 2?", false), ("Why 7?", false)], change.Answers.Take(2).Select(static a => (a.Question, a.Judged)));
        Assert.All(change.Answers.Skip(2), static a => Assert.True(a.Judged));
        Assert.All(change.Answers, static a => Assert.True(double.IsFinite(a.BeforeReward) && double.IsFinite(a.AfterReward)));
        Assert.True(double.IsFinite(change.Distance) && change.Learned.Margin != 0);
        Assert.InRange(change.WinRate.Value, 0, 1);
        Assert.Equal(training.Written(), StudyTraining.All(study)[0].Written());
        TinyRun.Get(study.Add(new("late", "bob", 0, new Said.Compared(Verdict.Worse))));
        var next = StudyTraining.Begin(study, scratch["runs"], "mine", start, new() { Steps = 1 });
        Assert.Equal((2, 8), (next.Number, next.Pairs));
        Assert.Equal([7, 8], StudyTraining.All(study).Select(static t => t.Pairs));
        // What is done is not done again.
        told.Clear();
        Assert.True(await StudyTraining.All(study)[0].RunAsync(null, told.Add));
        Assert.Empty(told);
    }

    /// <summary>Stopped after any step and gone on with, it is what it would have been.</summary>
    [Fact]
    public async Task Stopped_anywhere_it_goes_on()
    {
        var (study, start) = await Judged();
        var wishes = new PreferenceWishes { Steps = 3, RewardSteps = 3 };
        var whole = StudyTraining.Begin(study, scratch["runs"], "whole", start, wishes);
        await whole.RunAsync();
        var parts = StudyTraining.Begin(study, scratch["runs"], "parts", start, wishes);
        var tries = 0;
        for (var done = false; !done; tries++)
        {
            Assert.True(tries < 20, "it does not end");
            using var stop = new CancellationTokenSource();
            done = await StudyTraining.All(study).First(t => t.Number == parts.Number).RunAsync(new Stopping(stop), null, stop.Token);
        }
        Assert.True(tries > 4);
        Assert.Equal(whole.Change!.Written, parts.Change!.Written);
    }

    sealed class Stopping(CancellationTokenSource stop) : IProgress<TrainingEvent>
    {
        public void Report(TrainingEvent value)
        {
            if (value is TrainingEvent.Stepped) stop.Cancel();
        }
    }

    /// <summary>Too little, a judge as a base, and no base are told before anything is written.</summary>
    [Fact]
    public async Task What_cannot_be_learned_from_is_told()
    {
        var (study, start) = await Judged(2);
        Assert.Contains("pairs", Assert.Throws<FunctionalException>(() => StudyTraining.Begin(TinyRun.Get(StudyFolder.Begin(scratch["none"], study.Study)), scratch["runs"], "x", start)).Message, StringComparison.Ordinal);
        Assert.Contains("nowhere", Assert.Throws<FunctionalException>(() => StudyTraining.Begin(study, scratch["runs"], "x", scratch["nowhere"])).Message, StringComparison.Ordinal);
        Assert.Empty(StudyTraining.All(study));
        var training = StudyTraining.Begin(study, scratch["runs"], "x", start, new() { Steps = 1, RewardSteps = 1 });
        await training.RunAsync();
        Assert.Contains("judges texts", Assert.Throws<FunctionalException>(() => StudyTraining.Begin(study, scratch["runs"], "x", training.Judge)).Message, StringComparison.Ordinal);
        // A base that was only pretrained goes on with questions.
        Assert.Equal("plain", StudyTraining.Begin(study, scratch["runs"], "y", Path.Combine(scratch["runs"], "base", "stages", "pretrain")).Template);
    }
}
