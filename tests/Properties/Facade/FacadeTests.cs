namespace Functional.Tests.Properties.Facade;

// Within this namespace: folders of other tests are called the same.
using Configuration = Functional.Configuration;
using Training = Functional.Training;

/// <summary>The few lines of C# that a user writes, from a text to text.</summary>
public sealed class FacadeTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("functional-facade-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    string this[string name] => Path.Combine(folder, name);

    RunConfig Config
    {
        get
        {
            File.WriteAllText(this["text.txt"], Corpus.Text(1, 3000));
            return new RunConfig { EvalEvery = 10, EvalBatches = 0, SampleEvery = 20 }.OnFile(this["text.txt"]).Sized(layers: 1, heads: 2, width: 16, context: 8).For(steps: 30, batch: 4, learningRate: 1e-2);
        }
    }

    [Fact]
    public async Task A_run_tells_what_happens_and_its_model_writes()
    {
        var events = new List<TrainingEvent>();
        var result = await Training.RunAsync(Config, this["run"], new Listener(events.Add));

        Assert.Equal(StopReason.Completed, result.Reason);
        Assert.IsType<TrainingEvent.Started>(events[0]);
        Assert.Equal(Enumerable.Range(1, 30).Select(static i => (long)i), events.OfType<TrainingEvent.Stepped>().Select(static e => e.Metrics.Step));
        Assert.Equal([10, 20, 30], events.OfType<TrainingEvent.Evaluated>().Select(static e => e.Step));
        Assert.Equal(200, Assert.Single(events.OfType<TrainingEvent.Sampled>()).Text.Length);
        Assert.Contains(events, static e => e is TrainingEvent.Saved { Step: 30 });
        Assert.Equal(events.OfType<TrainingEvent.Evaluated>().Min(static e => e.Loss), result.BestLoss);

        using var model = await LanguageModel.LoadAsync(this["run"]);
        var text = await Collect(model.GenerateAsync("The ", new() { Tokens = 50, Seed = 3 }));
        Assert.Equal(50, text.Length);
        Assert.Equal(text, await Collect(model.GenerateAsync("The ", new() { Tokens = 50, Seed = 3 })));
        Assert.Equal((30, 1), (model.Step, model.Config.Model.Layers));
        var lines = await Training.MetricsAsync(this["run"]);
        Assert.Equal(30, lines.Count(static l => l.Training is not null));
    }

    [Fact]
    public async Task A_model_scores_a_text_as_training_does_and_better_than_frequencies()
    {
        var result = await Training.RunAsync(Config with { Steps = 400, EvalEvery = 400, SampleEvery = 0 }, this["run"]);
        using var model = await LanguageModel.LoadAsync(this["run"]);
        var (score, simple) = (await model.EvaluateAsync(), await Training.BaselinesAsync(model.Config));
        // Training leaves out the last tokens that fill no window: a few of three hundred.
        Assert.Equal(result.BestLoss, score.Loss, 0.05);
        Assert.True(score.Loss < simple.Unigram);
        Assert.Equal(Math.Exp(score.Loss), score.Perplexity, 1e-9);
        Assert.Equal(score.Loss / Math.Log(2), score.BitsPerByte, 1e-9);
    }

    [Fact]
    public async Task A_saved_model_is_the_same_model()
    {
        await Training.RunAsync(Config, this["run"]);
        using var model = await LanguageModel.LoadAsync(this["run"]);
        await model.SaveAsync(this["copy"]);
        using var copy = await LanguageModel.LoadAsync(this["copy"]);
        Assert.Equal(await model.EvaluateAsync(), await copy.EvaluateAsync());
        Assert.Equal(await Collect(model.GenerateAsync("A")), await Collect(copy.GenerateAsync("A")));
        var refused = await Assert.ThrowsAsync<FunctionalException>(() => model.SaveAsync(this["copy"]));
        Assert.Equal($"{this["copy"]}: already holds a run; allowed: another folder", refused.Message);
    }

    [Fact]
    public async Task Interrupted_and_resumed_a_run_is_completed()
    {
        using var stop = new CancellationTokenSource();
        var first = await Training.RunAsync(Config, this["run"], new Listener(e => { if (e is TrainingEvent.Stepped { Metrics.Step: 7 }) stop.Cancel(); }), stop.Token);
        // The step after may be under way already.
        Assert.Equal(StopReason.Interrupted, first.Reason);
        Assert.InRange(first.Step, 7, 8);
        var second = await Training.ResumeAsync(this["run"], changes: [("steps", "40")]);
        Assert.Equal((StopReason.Completed, 40), (second.Reason, second.Step));
    }

    [Fact]
    public async Task One_model_may_be_used_by_many_at_once_and_left_early()
    {
        await Training.RunAsync(Config, this["run"]);
        using var model = await LanguageModel.LoadAsync(this["run"]);
        var alone = await Collect(model.GenerateAsync("T"));
        await foreach (var _ in model.GenerateAsync("T")) break;
        var together = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Collect(model.GenerateAsync("T"))));
        Assert.All(together, text => Assert.Equal(alone, text));
    }

    [Fact]
    public async Task Everything_that_is_wrong_is_said_at_once()
    {
        var bad = Config.Sized(heads: 3, layers: 0) with { LearningRate = -1 };
        var failed = await Assert.ThrowsAsync<FunctionalException>(() => Training.RunAsync(bad, this["run"]));
        Assert.Equal(["layers", "lr", "width"], failed.Faults.Select(static f => f.Where).Distinct().Order(StringComparer.Ordinal).Except(["min-lr"]));
        Assert.Equal(failed.Faults.Count, failed.Message.Split('\n').Length);
        Assert.False(Directory.Exists(this["run"]));
        await Assert.ThrowsAsync<FunctionalException>(() => LanguageModel.LoadAsync(this["run"]));

        await Training.RunAsync(Config, this["run"]);
        using var model = await LanguageModel.LoadAsync(this["run"]);
        await Assert.ThrowsAsync<FunctionalException>(() => Collect(model.GenerateAsync("☃")));
        await Assert.ThrowsAsync<FunctionalException>(() => Collect(model.GenerateAsync("T", new() { TopP = 2 })));
        Assert.Equal(256, (await Collect(model.GenerateAsync("T"))).Length);
    }

    [Fact]
    public void A_run_that_has_no_room_is_refused_before_anything_is_made()
    {
        var large = new RunConfig().Sized(layers: 100, heads: 8, width: 8192);
        Assert.Equal("memory: weights and optimiser take 900.0 GiB; allowed: up to 16.0 GiB on this machine; fewer layers or a smaller width make it less",
            Memory.Check(large, new OfferedDevice(Device.Cpu, "", 16L << 30)).Match(static _ => "", static faults => faults.Lines()));
        Assert.Contains("up to 16.0 GiB on cuda:1 (A small one);", Memory.Check(large, new OfferedDevice(Device.Cuda(1), "A small one", 16L << 30)).Match(static _ => "", static faults => faults.Lines()), StringComparison.Ordinal);
        Assert.True(Memory.Check(new(), new OfferedDevice(Device.Cpu, "", 1L << 30)).IsSuccess);
    }

    [Fact]
    public void Settings_of_a_file_give_way_to_those_given_beside_it()
    {
        File.WriteAllText(this["run.yaml"], "heads: 3\nwidth: 64\nlr: 0.5\n");
        var config = Configuration.FromYaml(this["run.yaml"], ("width", "96"));
        Assert.Equal((3, 96, 0.5), (config.Model.Heads, config.Model.Width, config.LearningRate));
        Assert.Throws<FunctionalException>(() => Configuration.FromYaml(this["run.yaml"]));
        Assert.Throws<FunctionalException>(() => Configuration.From(new(), ("widht", "96")));
    }

    static async Task<string> Collect(IAsyncEnumerable<string> pieces)
    {
        var text = new System.Text.StringBuilder();
        await foreach (var piece in pieces) text.Append(piece);
        return text.ToString();
    }

    sealed class Listener(Action<TrainingEvent> hear) : IProgress<TrainingEvent>
    {
        public void Report(TrainingEvent value) => hear(value);
    }
}
