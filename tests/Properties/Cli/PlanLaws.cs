using FsCheck;
using Functional.Cli;

namespace Functional.Tests.Properties.Cli;

/// <summary>A plan is checked like a run: for any sizes it comes soon, and refuses what the run would refuse, in its words.</summary>
public sealed class PlanLaws : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("functional-plans-").FullName;

    public PlanLaws() => File.WriteAllText(this["text.txt"], Corpus.Text(1, 3000));

    public void Dispose() => Directory.Delete(folder, recursive: true);

    string this[string name] => Path.Combine(folder, name);

    // A number that is negative or none.
    const string Wrong = @"(?<![\w.])-\d|NaN|∞|Infinity";

    static async Task<(int Code, string Out, string Error)> Run(params string[] args)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var code = await App.Run(args, new(output, error, Live: false, Width: 100));
        return (code, output.ToString(), error.ToString());
    }

    // As options, and as lines of a file: everything that has a size.
    static (string Name, string Value)[] Sizes(RunConfig c)
    {
        string[] names = ["layers", "heads", "width", "context", "batch", "accumulate", "steps", "warmup", "dropout", "bias"];
        return [.. names.Select(name => (name, RunConfig.Field(name)!.Get(c)!))];
    }

    string[] Options(RunConfig c) =>
    [
        "train", "--data", this["text.txt"], "--out", this["run"], "--device", "cpu",
        .. Sizes(c).SelectMany(static s => (string[])[$"--{s.Name}", s.Value]),
    ];

    // Of the embedded text there are no more tokens than this.
    static RunConfig Short(RunConfig c) => c with { Model = c.Model with { Context = 1 + c.Model.Context % 200 } };

    [Property(Arbitrary = [typeof(AnySizes)], MaxTest = 30)]
    public Task Any_sizes_are_planned_or_refused(AnySizes any, bool shortens) => Agree(shortens ? Short(any.Config) : any.Config);

    [Property(Arbitrary = [typeof(ValidSizes)], MaxTest = 8)]
    public Task So_are_sizes_that_only_memory_forbids(ValidSizes any) => Agree(Short(any.Config) is var c && c.Validate().IsSuccess ? c : any.Config);

    async Task Agree(RunConfig config)
    {
        var plan = await Run([.. Options(config), "--dry-run"]).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.True(plan.Code is 0 or 1, plan.Error);
        Assert.DoesNotContain("defect", plan.Error, StringComparison.Ordinal);
        Assert.DoesNotMatch(Wrong, plan.Out + plan.Error);
        Assert.Equal(plan.Code == 0, plan.Error.Length == 0);
        Assert.Equal(plan.Code == 0, plan.Out.Contains("estimated time:", StringComparison.Ordinal));
        var withoutRoom = plan.Error.StartsWith("error: memory:", StringComparison.Ordinal);
        if (plan.Code == 0 || withoutRoom) Assert.Contains("weights", plan.Out, StringComparison.Ordinal);
        // What it does not refuse would train for ages.
        if (plan.Code == 1)
        {
            var run = await Run(Options(config)).WaitAsync(TimeSpan.FromSeconds(20));
            Assert.Equal((1, plan.Error), (run.Code, run.Error));
        }
        Assert.False(Directory.Exists(this["run"]));

        File.WriteAllLines(this["run.yaml"], [$"data: {this["text.txt"]}", "device: cpu", .. Sizes(config).Select(static s => $"{s.Name}: {s.Value}")]);
        var inspected = await Run("inspect", "--config", this["run.yaml"]).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(plan.Code, inspected.Code);
        Assert.DoesNotMatch(Wrong, inspected.Out + inspected.Error);
        if (withoutRoom) Assert.Equal(plan.Error, inspected.Error);
        Assert.Equal(plan.Error.Count(static c => c == '\n'), inspected.Error.Count(static c => c == '\n'));
        if (plan.Code == 0 || withoutRoom)
        {
            var standard = new RunConfig().Model;
            var parameters = RunByHand.Parameters(config.Model with
            {
                Vocabulary = Vocabulary, TiedHead = standard.TiedHead, NormPlacement = standard.NormPlacement, Positions = standard.Positions,
            });
            Assert.StartsWith(FormattableString.Invariant($"a decoder of {parameters:N0} parameters"), inspected.Out, StringComparison.Ordinal);
            Assert.Contains(FormattableString.Invariant($"  {parameters:N0} "), plan.Out, StringComparison.Ordinal);
        }
    }

    int Vocabulary => CharTokenizer.Of(RuneSet.Empty.Add(File.ReadAllText(this["text.txt"]))).VocabularySize;

    /// <summary>The same rule measures a step and a model that decodes.</summary>
    [Theory]
    [InlineData("step", "--layers", "2000000000")]
    [InlineData("step", "--layers", "2000000000", "--batch", "2000000000")]
    [InlineData("step", "--batch", "2000000000")]
    [InlineData("step", "--context", "2000000000")]
    [InlineData("decode", "--layers", "2000000000")]
    [InlineData("decode", "--width", "2000000000", "--heads", "2000000000")]
    public async Task Nothing_absurd_is_measured(params string[] args)
    {
        var (code, _, error) = await Run(["bench", .. args, "--device", "cpu"]).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.True(code == 1, error);
        Assert.DoesNotContain("defect", error, StringComparison.Ordinal);
        Assert.DoesNotMatch(@"= -\d|there is not enough", error);
    }

    [Fact]
    public async Task What_cannot_be_resumed_is_not_planned()
    {
        await Run([.. Options(new() { Model = new() { Layers = 1, Heads = 1, Width = 8, Context = 8 },
            Stage = new() { Batch = 2, Steps = 2, Optimiser = new() { Warmup = 0 } } }), "--eval-batches", "1"]);
        string[] resume = ["train", "--out", this["run"], "--resume", "--layers", "2"];
        var run = await Run(resume);
        Assert.Equal((1, run.Error), await Run([.. resume, "--dry-run"]) is var plan ? (plan.Code, plan.Error) : default);
        Assert.Contains("layers: is 2, but the run was begun with 1", run.Error, StringComparison.Ordinal);
    }

    /// <summary>What the weights to begin with do not fit is said by the plan, too.</summary>
    [Fact]
    public async Task What_cannot_begin_with_its_weights_is_not_planned()
    {
        await Run([.. Options(new() { Model = new() { Layers = 1, Heads = 1, Width = 8, Context = 8 },
            Stage = new() { Batch = 2, Steps = 2, Optimiser = new() { Warmup = 0 } } }), "--eval-batches", "1"]);
        string[] next = ["train", "--data", this["text.txt"], "--out", this["next"], "--from", this["run"], "--layers", "2"];
        var run = await Run(next);
        Assert.Equal((1, run.Error), await Run([.. next, "--dry-run"]) is var plan ? (plan.Code, plan.Error) : default);
        Assert.Contains("layers: is 2, but the weights of ", run.Error, StringComparison.Ordinal);
    }

    /// <summary>The smallest that there is to measure has finite speeds.</summary>
    [Theory]
    [InlineData("gemm", "--n", "1")]
    [InlineData("step", "--layers", "1", "--heads", "1", "--width", "1", "--vocab", "1", "--context", "1", "--batch", "1", "--steps", "1")]
    [InlineData("decode", "--layers", "1", "--heads", "1", "--width", "1", "--vocab", "1", "--context", "1", "--tokens", "1")]
    public async Task The_smallest_is_measured(params string[] args)
    {
        var (code, text, error) = await Run(["bench", .. args, "--json", "--threads", "1", "--engine", "managed"]);
        Assert.True(code == 0, error);
        using var json = System.Text.Json.JsonDocument.Parse(text);
        Assert.Contains(json.RootElement.EnumerateObject(), static p => p.Name is "gflops" or "tokens_per_second" && double.IsFinite(p.Value.GetDouble()));
    }

    /// <summary>A run of another machine that has no room here is shown, with a warning.</summary>
    [Fact]
    public async Task A_run_that_has_no_room_here_can_be_looked_at()
    {
        Directory.CreateDirectory(this["run"]);
        File.WriteAllText(Path.Combine(this["run"], "config.yaml"),
            ConfigYaml.Write(Recipe.Of(new RunConfig { Execution = new() { Device = Device.Cpu } }.Sized(layers: 2_000_000_000))));
        Assert.True(TokenizerFile.Write(Path.Combine(this["run"], "tokenizer.json"), ByteTokenizer.Instance).IsSuccess);
        var (code, text, error) = await Run("inspect", "--run", this["run"]).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(0, code);
        Assert.StartsWith("a decoder of 393,728,000,073,856 parameters", text, StringComparison.Ordinal);
        Assert.Contains("2000000000 × 65,536", text, StringComparison.Ordinal);
        Assert.Matches(@"^warning: memory: weights and optimiser take [\d.]+ GiB; allowed: up to [\d.]+ GiB on this machine; fewer layers.*\n$", error);
        Assert.Equal(error.Replace("warning", "error", StringComparison.Ordinal), (await Run("train", "--out", this["run"], "--resume")).Error);
    }
}
