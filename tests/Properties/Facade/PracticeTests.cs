using Functional.Tests.Properties.Training;
using LanguageExt;
using Xunit;

namespace Functional.Tests.Properties.Facade;

/// <summary>A policy that learns from a function of the caller's, through the façade; and what cannot be judged.</summary>
public sealed class PracticeTests : IDisposable
{
    readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    async Task<string> Base()
    {
        var folder = scratch["base"];
        if (RunFolder.Holds(folder)) return folder;
        await Functional.Training.RunAsync(Configured(new(), ("layers", "1"), ("heads", "1"), ("width", "8"), ("context", "48"), ("tokenizer", "byte"), ("steps", "1"), ("batch", "1"),
            ("corpus-size", "2000"), ("save-every", "0"), ("eval-batches", "1"), ("engine", "managed")), folder);
        return folder;
    }

    static RunConfig Configured(RunConfig start, params (string, string)[] settings) => Functional.Configuration.From(start, settings);

    async Task<RunConfig> Policy(StageKind kind, params (string, string)[] more)
    {
        await File.WriteAllLinesAsync(scratch["prompts.jsonl"], Enumerable.Range(0, 6).Select(static i => $$"""{"prompt": "say {{i}}"}"""));
        (string Name, string)[] all = [("from", await Base()), ("data", scratch["prompts.jsonl"]), ("template", "user-assistant"), ("judge", "function"), ("round-prompts", "2"),
            ("round-answers", "2"), ("answer-tokens", "4"), ("batch", "2"), ("accumulate", "1"), ("steps", "4"), ("warmup", "0"), ("eval-every", "0"), ("validation-part", "0.3"), .. more];
        // What is said last holds.
        return Configured(RunConfig.For(kind), [.. all.Reverse().DistinctBy(static s => s.Name)]);
    }

    /// <summary>The function judges every answer that is written, and what it cannot judge is dropped and counted; the run goes on.</summary>
    [Fact]
    public async Task A_function_judges()
    {
        var (judged, told) = (0, new List<Params<float>>());
        var config = await Policy(StageKind.Grpo);
        var result = await Functional.Training.RunAsync(config, (asked, answer) => ++judged is 3 or 7 ? throw new InvalidOperationException("no") : judged is 4 or 8 ? double.NaN : asked.Prompt.Count + judged,
            scratch["run"], new Told(told));
        Assert.Equal((StopReason.Completed, 4), (result.Reason, result.Step));
        // Two steps a round, four answers each; and before the first and after the last step one to each prompt that is kept.
        Assert.Equal(2 + 2 * 4 + 2, judged);
        Assert.All(told, static numbers => Assert.Equal(2, numbers["dropped"]));
        Assert.Equal(2, told.Count);
        var lines = await Functional.Training.MetricsAsync(scratch["run"]);
        Assert.Equal([0L, 4L], lines.Where(static l => l.ValidationLoss is not null).Select(static l => l.Step));
        Assert.Equal([1L, 3L], lines.Where(static l => l.RollOut is not null).Select(static l => l.Step));
    }

    /// <summary>Whoever gives a function need not say so in the configuration.</summary>
    [Fact]
    public async Task A_function_is_judge_enough()
    {
        await File.WriteAllLinesAsync(scratch["some.jsonl"], Enumerable.Range(0, 4).Select(static i => $$"""{"prompt": "say {{i}}"}"""));
        var config = Configured(RunConfig.For(StageKind.Grpo), ("from", await Base()), ("round-prompts", "1"), ("round-answers", "2"), ("answer-tokens", "4"), ("batch", "2"), ("accumulate", "1"),
            ("steps", "1"), ("eval-every", "0"), ("data", scratch["some.jsonl"]), ("template", "plain"));
        Assert.Null(config.Stage.Practice.Judge);
        var result = await Functional.Training.RunAsync(config, static (_, answer) => answer.Length, scratch["run"]);
        Assert.Equal((StopReason.Completed, "function"), (result.Reason, RunFolder.Open(scratch["run"]).OrThrow().Config.Stage.Practice.Judge));
        Assert.Matches(@"^completed after step 1 of grpo, in .*; the highest reward of kept prompts was -?[0-9.]+, after step [01]$", result.ToString());
    }

    sealed class Told(List<Params<float>> told) : IProgress<TrainingEvent>
    {
        public void Report(TrainingEvent value)
        {
            if (value is TrainingEvent.RolledOut e) told.Add(e.Numbers);
        }
    }

    /// <summary>What can be judged by nobody is said before anything is written.</summary>
    [Theory]
    [InlineData("", "round-prompts", "3", "makes round-prompts × round-answers × round-epochs = 6 rows a round, of which a step takes batch × accumulate = 4; allowed: a multiple of 4")]
    [InlineData("", "round-answers", "1", "is 1, and answers to a prompt are compared with each other; allowed: 2 or more, or kind ppo")]
    [InlineData("", "answer-tokens", "48", "is 48, which leaves a context of 48 no room for a prompt; allowed: less than context")]
    public async Task What_cannot_be_is_said(string prefix, string name, string value, string expected)
    {
        var error = await Assert.ThrowsAsync<FunctionalException>(() => Policy(StageKind.Grpo, (name, value), ("batch", name == "round-prompts" ? "4" : "2")));
        Assert.Contains(prefix + expected, error.Message, StringComparison.Ordinal);
    }

    /// <summary>A function that nobody gives, a run that judges nothing, and prompts without an expected answer are faults.</summary>
    [Fact]
    public async Task What_does_not_judge_is_said()
    {
        async Task<string> Error(RunConfig config, string folder) => (await Assert.ThrowsAsync<FunctionalException>(() => Functional.Training.RunAsync(config, scratch[folder]))).Message;
        Assert.Contains("judge: is function, and no function is given", await Error(await Policy(StageKind.Grpo), "a"), StringComparison.Ordinal);
        Assert.Contains("whose model gives no reward; allowed: a run that has learned rewards", await Error(await Policy(StageKind.Ppo, ("judge", await Base())), "b"), StringComparison.Ordinal);
        Assert.Contains("line 1: fits no form of rows", await Error(await Policy(StageKind.Dpo, ("judge", "exact")), "c"), StringComparison.Ordinal);
        var unjudged = await Policy(StageKind.Grpo);
        unjudged = unjudged with { Stage = unjudged.Stage with { Practice = unjudged.Stage.Practice with { Judge = null } } };
        Assert.Contains("Judge: is not given, and a policy learns from answers that are judged; allowed: exact, f1, rouge-l or number for nearness", await Error(unjudged, "f"), StringComparison.Ordinal);
        // In a recipe, before anything of the stages before is done.
        var recipe = Recipe.Of(unjudged with { Stage = unjudged.Stage with { Kind = StageKind.Sft, Source = new() } }).Then("second", unjudged.Stage with { From = null });
        Assert.Contains("stage second: judge: is not given", (await Assert.ThrowsAsync<FunctionalException>(() => Functional.Training.RunAsync(recipe, scratch["g"]))).Message, StringComparison.Ordinal);
        await File.WriteAllTextAsync(scratch["long.jsonl"], $$"""{"prompt": "{{new string('x', 60)}}"}{{"\n"}}{"prompt": "b"}{{"\n"}}""");
        Assert.Contains("line 1: is a prompt of", await Error(await Policy(StageKind.Grpo, ("data", scratch["long.jsonl"])), "d"), StringComparison.Ordinal);
        // A judge that gives nothing a number ends the run when that is seen.
        var config = await Policy(StageKind.Grpo);
        var none = await Assert.ThrowsAsync<FunctionalException>(() => Functional.Training.RunAsync(config, static (_, _) => double.NaN, scratch["e"]));
        Assert.Contains("judge: gave none of the answers to kept prompts a number", none.Message, StringComparison.Ordinal);
    }

    /// <summary>
    /// Several functions judge by their weights: one that gives no number drops out of that answer's sum, an answer without any is dropped, and each is told by its own name.
    /// </summary>
    [Fact]
    public async Task Several_functions_judge()
    {
        var (told, calls) = (new List<Params<float>>(), 0);
        var config = await Policy(StageKind.Grpo, ("judge", "function:one=2+function:other=0.5+length:4=1e-9"), ("steps", "2"));
        var result = await Functional.Training.RunAsync(config, new Dictionary<string, Reward>
        {
            ["one"] = (_, _) => ++calls % 3 == 0 ? double.NaN : 3, ["other"] = static (_, answer) => throw new InvalidOperationException(answer),
        }, scratch["run"], new Told(told));
        Assert.Equal(StopReason.Completed, result.Reason);
        var numbers = Assert.Single(told);
        // Length judges all, so that no answer is dropped; the second gives nothing at all.
        Assert.Equal((0f, 3f, 4f), (numbers["dropped"], numbers["reward/function:one"], numbers["dropped/function:other"]));
        Assert.True(float.IsNaN(numbers["reward/function:other"]));
        Assert.InRange(numbers["dropped/function:one"], 1, 2);
        Assert.Equal(6 * (4 - numbers["dropped/function:one"]) / 4, numbers["reward"], 1e-5);
        var missing = await Assert.ThrowsAsync<FunctionalException>(() => Functional.Training.RunAsync(config, new Dictionary<string, Reward> { ["one"] = static (_, _) => 1 }, scratch["other"]));
        Assert.Contains("judge: is function:other, and no function is given by that name", missing.Message, StringComparison.Ordinal);
    }

    /// <summary>
    /// Prompts whose answers are all worth the same give way to others, as often as is allowed; which prompts come is the order of all, and what is left is counted.
    /// </summary>
    [Theory, InlineData("0"), InlineData("1"), InlineData("9")]
    public async Task Other_prompts_are_asked_in_place_of_even_ones(string times)
    {
        var (asked, told, calls) = (new List<string>(), new List<Params<float>>(), 0);
        // One prompt of two is even.
        double Worth(Asked a, string _)
        {
            asked.Add(a.Prompt[^1].Text);
            return a.Prompt[^1].Text[^1] % 2 == 0 ? 1 : ++calls;
        }
        var config = await Policy(StageKind.Grpo, ("resample", times), ("steps", "2"), ("validation-part", "0.2"));
        await Functional.Training.RunAsync(config, Worth, scratch["run"], new Told(told));
        var numbers = Assert.Single(told);
        // Before the first step and after the last each prompt that is kept is asked once.
        var kept = (asked.Count - 2 * (2 + (int)(times == "0" ? 0 : numbers["resampled"]))) / 2;
        var rounds = asked.Skip(kept).SkipLast(kept).Chunk(2).Select(static pair => Assert.Single(pair.Distinct())).ToArray();
        var even = rounds.Take(2).Count(static p => p[^1] % 2 == 0);
        if (times == "0") Assert.Equal(even / 2f, numbers["even"]);
        else
        {
            Assert.Equal(rounds.Length - 2, numbers["resampled"]);
            if (even == 0) Assert.Equal(0, numbers["resampled"]);
            else Assert.InRange(numbers["resampled"], even, 18);
            if (times == "9") Assert.Equal(0, numbers["even"]);
            Assert.Equal(rounds.Length, rounds.Length <= 4 ? rounds.Distinct().Count() : rounds.Length);
        }
    }
}
