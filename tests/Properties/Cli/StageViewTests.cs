using System.Text.RegularExpressions;
using Functional.Cli;
using Functional.Tests.Properties.Training;
using LanguageExt;
using Xunit;

namespace Functional.Tests.Properties.Cli;

/// <summary>What people see of stages that learn preferences or from their own answers: numbers that say how good these are, and times that are true.</summary>
public sealed class StageViewTests : IDisposable
{
    readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    static async Task<(int Code, string Out, string Error)> Command(params string[] args)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var code = await App.Run(args, new(output, error, Live: false, 100));
        return (code, output.ToString(), error.ToString());
    }

    static async Task<string> Out(params string[] args)
    {
        var (code, text, error) = await Command(args);
        Assert.True(code == 0, error);
        return text;
    }

    async Task<string> Base()
    {
        await Out("train", "--out", scratch["base"], "--layers", "1", "--heads", "1", "--width", "8", "--context", "64", "--tokenizer", "byte", "--steps", "1", "--batch", "1", "--corpus-size", "3000",
            "--save-every", "0", "--eval-batches", "1", "--threads", "1");
        return scratch["base"];
    }

    string Rows(string name, string more)
    {
        File.WriteAllLines(scratch[name], Enumerable.Range(0, 12).Select(i => $$"""{"prompt": "say {{i}}"{{more.Replace("#", $"{(char)('a' + i)}", StringComparison.Ordinal)}}}"""));
        return scratch[name];
    }

    async Task<string[]> Practice(string kind) => [kind, "--from", await Base(), "--data", Rows("prompts.jsonl", ", \"answer\": \"#\""), "--judge", "f1", "--template", "plain", "--round-prompts", "2",
        "--round-answers", "2", "--answer-tokens", "4", "--batch", "2", "--accumulate", "1", "--steps", "4", "--eval-every", "0", "--threads", "1"];

    /// <summary>A policy's loss is not shown: near 0, it says nothing. What is shown of it is what its last round was worth.</summary>
    [Theory, InlineData("grpo", "reward -?\\d+\\.\\d{3}  even \\d+ %  KL \\d\\.\\d{4}"), InlineData("dpo", "reward -?\\d+\\.\\d{3}  even \\d+ %(  accuracy \\d+ %)?")]
    public async Task A_policy_shows_its_reward(string kind, string expected)
    {
        string[] more = kind == "grpo" ? ["--kl-weight", "0.1"] : [];
        var text = await Out([.. await Practice(kind), .. more, "--out", scratch["run"]]);
        var steps = text.Split('\n').Where(static l => Regex.IsMatch(l, @"^step +\d+/4 ")).ToArray();
        Assert.Equal(4, steps.Length);
        Assert.All(steps, line => Assert.Matches($@"^step +\d/4  {expected}  \S+ .*tokens/s  .* left$", line));
        Assert.Contains("a question of your own: functional ask --from ", text, StringComparison.Ordinal);
        var rounds = (await Functional.Training.MetricsAsync(scratch["run"])).Where(static l => l.RollOut is not null).ToArray();
        Assert.All(rounds, static l => Assert.True(l.RollOut!["milliseconds"] >= 0));
    }

    /// <summary>The time that is left has that of the rounds in it that are still to come.</summary>
    [Theory, InlineData(1, 7 * 2 + 8), InlineData(4, 4 * 2 + 8), InlineData(5, 3 * 2), InlineData(8, 0)]
    public void The_time_that_is_left_knows_rounds(int steps, double seconds)
    {
        var config = RunConfig.For(StageKind.Grpo) with { };
        config = config with { Stage = config.Stage with { Steps = 8, Batch = 2, Accumulate = 1, Practice = new() { Judge = "f1", Prompts = 2, Answers = 4 } } };
        Assert.Equal(4, config.Stage.RoundSteps);
        var pace = new Pace();
        pace.Begin(new(config, "run", 1, 1, 1, 0));
        for (var step = 1; step <= steps; step++)
        {
            if (step % 4 == 1) pace.Wrote(new(step, Params.Of(("reward", 1f), ("even", 0.5f), ("milliseconds", step == 1 ? 8000f : 12000f))));
            pace.Add(new(step, 0, 0, 0, 2000, 5));
        }
        Assert.Equal(seconds, pace.SecondsLeft, 1e-9);
    }

    /// <summary>A plan of a policy says what its answers take, and more of them more.</summary>
    [Fact]
    public async Task A_plan_knows_rounds()
    {
        Assert.Matches(@"estimated time: .* for 4 steps, and up to .* for the answers that they learn from, in 2 rounds, beside what the judge takes, on a machine", await Out([.. await Practice("grpo"), "--dry-run"]));
        var config = RunConfig.For(StageKind.Grpo) with { Model = new() { Layers = 5, Vocabulary = 256, Context = 128 } };
        RollOutCost Of(RunConfig c) => RollOutCost.Of(c, 20)!;
        RunConfig With(string name, string value) => RunConfig.Field(name)!.Set(config, value)!;
        Assert.Equal(2 * Of(config).Flops, Of(With("round-prompts", "16") is var more ? more with { Stage = more.Stage with { Batch = 32 } } : config).Flops, Of(config).Flops * 1e-9);
        Assert.True(Of(With("answer-tokens", "100")).Flops > Of(config).Flops && Of(With("answer-tokens", "100")).Bytes > Of(config).Bytes);
        Assert.Equal(100, Of(With("steps", "100")).Rounds);
        Assert.True(RollOutCost.Of(config, 40)!.Flops > Of(config).Flops);
        Assert.Null(RollOutCost.Of(RunConfig.For(StageKind.Dpo) with { Model = config.Model }, 20));
    }

    /// <summary>A stage that learned comparisons ends with how it does on those that were kept.</summary>
    [Theory, InlineData(""), InlineData("--preference-loss kto")]
    public async Task Preferences_end_with_what_they_are_worth(string more)
    {
        var judged = more.Length > 0;
        var rows = judged ? Rows("judged.jsonl", ", \"completion\": \"#\", \"label\": true") : Rows("pairs.jsonl", ", \"chosen\": \"##\", \"rejected\": \"no\"");
        var text = await Out(["dpo", "--from", await Base(), "--data", rows, "--template", "plain", "--validation-part", "0.3", "--steps", "3", "--batch", "2", "--lr", "0.01", "--eval-every", "0",
            "--out", scratch["preferred"], "--threads", "1", .. more.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        using var model = await LanguageModel.LoadAsync(scratch["preferred"], new() { Engine = EngineKind.Managed, Threads = 1 });
        var (loss, shown, count) = await model.MeasureAsync();
        Assert.Equal(4, count);
        Assert.Contains(judged ? $"of 4 judged answers that were kept: loss {Show.Loss(loss)}; good ones have become likelier by {Show.Loss(shown["good"])}"
            : $"of 4 comparisons that were kept: loss {Show.Loss(loss)}; the better answer has become likelier beside the worse one in {Show.Percent(shown["accuracy"])}, by {Show.Loss(shown["margin"])} in the mean\n",
            text, StringComparison.Ordinal);
        if (!judged) Assert.Matches(@"step +3/3  loss \d\.\d{4}  accuracy \d+ %  ", text);
    }

    /// <summary>Who is to become better has to know something: the message says what to do, whatever else is missing.</summary>
    [Theory, InlineData("dpo"), InlineData("grpo"), InlineData("ppo")]
    public async Task Without_weights_a_policy_says_what_it_needs(string kind)
    {
        var expected = $"error: --from: is not given, and {kind} makes answers better that a model gives already; expected --from DIR, a run that has learned answers, as functional sft makes\n";
        Assert.Equal((1, "", expected), await Command(kind, "--out", scratch["run"]));
        Assert.Equal((1, "", expected), await Command(kind, "--judge", "exact", "--dry-run"));
        await File.WriteAllTextAsync(scratch["config.yaml"], "steps: 3\ncontext: 128\nbatch: 1\n");
        Assert.Equal((1, "", expected), await Command(kind, "--config", scratch["config.yaml"], "--out", scratch["run"]));
        Assert.False(Directory.Exists(scratch["run"]));
        Assert.Contains("error: judge: is not given", (await Command("grpo", "--from", await Base(), "--answer-tokens", "4", "--out", scratch["run"])).Error, StringComparison.Ordinal);
    }
}
