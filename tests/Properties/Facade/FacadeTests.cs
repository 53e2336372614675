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
            return new RunConfig { Stage = new() { EvalEvery = 10, EvalBatches = 0, SampleEvery = 20 } }.OnFile(this["text.txt"]).Sized(layers: 1, heads: 2,
                width: 16, context: 8).For(steps: 30, batch: 4, learningRate: 1e-2);
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
        // Whoever writes them down gets a line each.
        Assert.All(events.Where(static e => e is not TrainingEvent.Sampled), static e => Assert.Matches(@"^[^{}\n]{10,200}$", e.ToString()));
        Assert.Equal(events.OfType<TrainingEvent.Evaluated>().Last(static e => e.Best), new TrainingEvent.Evaluated(result.BestStep, result.BestLoss, true));

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
        var result = await Training.RunAsync(Config with { Stage = Config.Stage with { Steps = 400, EvalEvery = 400, SampleEvery = 0 } }, this["run"]);
        using var model = await LanguageModel.LoadAsync(this["run"]);
        var (score, simple) = (await model.EvaluateAsync(), await model.BaselinesAsync());
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
        var resumed = await Assert.ThrowsAsync<FunctionalException>(() => Training.ResumeAsync(this["copy"]));
        Assert.Equal($"{this["copy/stages/pretrain/checkpoints/step-00000030"]}: was saved without the optimiser's state; allowed: a run of its own that begins with its weights", resumed.Message);
    }

    [Fact]
    public async Task Interrupted_and_resumed_a_run_is_completed()
    {
        using var stop = new CancellationTokenSource();
        var first = await Training.RunAsync(Config, this["run"], new Listener(e => { if (e is TrainingEvent.Stepped { Metrics.Step: 7 }) stop.Cancel(); }),
            stop.Token);
        // The step after may be under way already.
        Assert.Equal(StopReason.Interrupted, first.Reason);
        Assert.InRange(first.Step, 7, 8);
        var second = await Training.ResumeAsync(this["run"], changes: [("steps", "40")]);
        Assert.Equal((StopReason.Completed, 40), (second.Reason, second.Step));
    }

    /// <summary>Whoever goes on in another precision is told, and the run's story says which was when.</summary>
    [Fact]
    public async Task Another_precision_is_told()
    {
        var began = new List<(Precision? Before, Precision Now)>();
        var told = new Listener(e => { if (e is TrainingEvent.Started s) began.Add((s.PrecisionBefore, s.Config.Execution.Precision)); });
        await Training.RunAsync(Config with { Execution = Config.Execution with { Precision = Precision.BF16 } }, this["run"], told);
        await Training.ResumeAsync(this["run"], told, changes: [("steps", "45"), ("precision", "f32")]);
        Assert.Equal([(null, Precision.BF16), (Precision.BF16, Precision.F32)], began);
        var page = await RunReport.HtmlAsync(this["run"]);
        Assert.Contains("cpu, bf16", page, StringComparison.Ordinal);
        Assert.Contains("cpu, f32", page, StringComparison.Ordinal);
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
        var bad = Config.Sized(heads: 3, layers: 0) with { Stage = Config.Sized(heads: 3,
            layers: 0).Stage with { Optimiser = Config.Sized(heads: 3, layers: 0).Stage.Optimiser with { LearningRate = -1 } } };
        var failed = await Assert.ThrowsAsync<FunctionalException>(() => Training.RunAsync(bad, this["run"]));
        Assert.Equal(["Model.Layers", "Model.Width", "Stage.Optimiser.LearningRate"],
            failed.Faults.Select(static f => f.Where).Distinct().Order(StringComparer.Ordinal).Except(["Stage.Optimiser.MinLearningRate"]));
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
        Assert.Equal("memory: weights and optimiser take 900.1 GiB; allowed: up to 16.0 GiB on this machine; fewer layers or a smaller width make it less",
            Memory.Check(large, new OfferedDevice(Device.Cpu, "", 16L << 30)).Match(static _ => "", static faults => faults.Lines()));
        Assert.Contains("up to 16.0 GiB on cuda:1 (A small one);",
            Memory.Check(large, new OfferedDevice(Device.Cuda(1), "A small one", 16L << 30)).Match(static _ => "", static faults => faults.Lines()),
                StringComparison.Ordinal);
        Assert.True(Memory.Check(new(), new OfferedDevice(Device.Cpu, "", 1L << 30)).IsSuccess);
    }

    [Fact]
    public void Settings_of_a_file_give_way_to_those_given_beside_it()
    {
        File.WriteAllText(this["run.yaml"], "heads: 3\nwidth: 64\nlr: 0.5\n");
        var config = Configuration.FromYaml(this["run.yaml"], ("width", "96"));
        Assert.Equal((3, 96, 0.5), (config.Model.Heads, config.Model.Width, config.Stage.Optimiser.LearningRate));
        Assert.Throws<FunctionalException>(() => Configuration.FromYaml(this["run.yaml"]));
        Assert.Throws<FunctionalException>(() => Configuration.From(new(), ("widht", "96")));
    }

    /// <summary>A few words of C# are fitted as settings of a file are: nobody who asks for one thing is refused for another.</summary>
    [Fact]
    public void A_short_run_at_a_low_rate_is_fitted_in_either_way_of_asking()
    {
        foreach (var (steps, rate) in ((long, double)[])[(200, 5e-5), (200, 1e-4), (20_000, 2e-3), (1, 1e-9)])
            Assert.Equal(Configuration.From(new(), ("steps", $"{steps}"), ("lr", rate.ToString("R", System.Globalization.CultureInfo.InvariantCulture))),
                new RunConfig().For(steps, learningRate: rate));
        Assert.Equal(new RunConfig().Stage.Optimiser.MinLearningRate, new RunConfig().For(200).Stage.Optimiser.MinLearningRate);
    }

    /// <summary>An observer that throws is said in the result; the run is whole.</summary>
    [Fact]
    public async Task An_observer_that_throws_ends_nothing()
    {
        var result = await Training.RunAsync(Config, this["run"],
            new Listener(static e => throw new InvalidOperationException($"cannot show {e.GetType().Name}")));
        Assert.Equal((StopReason.Completed, 30, "cannot show Started"), (result.Reason, result.Step, result.WatchFailure?.Message));
        await Training.RunAsync(Config, this["quiet"]);
        Assert.Equal(File.ReadAllBytes(Model(this["quiet"])), File.ReadAllBytes(Model(this["run"])));

        static string Model(string run) => Path.Combine(run, "stages", "pretrain", "checkpoints", "step-00000030", "model.safetensors");
    }

    [Fact]
    public async Task Cancelled_before_it_begins_it_touches_nothing()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Training.RunAsync(Config, this["run"], cancellation: new(canceled: true)));
        Assert.False(Directory.Exists(this["run"]));
        await Training.RunAsync(Config, this["run"]);
        var before = Directory.GetFiles(this["run"], "*", SearchOption.AllDirectories).Select(File.GetLastWriteTimeUtc).ToArray();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            Training.ResumeAsync(this["run"], cancellation: new(canceled: true), changes: [("steps", "40")]));
        Assert.Equal(before, Directory.GetFiles(this["run"], "*", SearchOption.AllDirectories).Select(File.GetLastWriteTimeUtc).ToArray());
        using var model = await LanguageModel.LoadAsync(this["run"]);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Collect(model.GenerateAsync("T", cancellation: new(canceled: true))));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => model.EvaluateAsync(cancellation: new(canceled: true)));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => LanguageModel.LoadAsync(this["run"], cancellation: new(canceled: true)));
    }

    /// <summary>While a long text is read, too: nothing is left of a run that had not begun.</summary>
    [Fact]
    public async Task Cancelled_while_its_text_is_read_it_leaves_nothing()
    {
        var config = Config;
        File.WriteAllText(this["long.txt"], string.Concat(Enumerable.Repeat(Corpus.Text(1, 3000), 100)));
        using var stop = new CancellationTokenSource();
        var pieces = 0;
        Assert.Throws<OperationCanceledException>(() => TextFile.Fold(this["long.txt"], LineEnds.Lf, 0, (n, _) =>
        {
            if (++pieces == 2) stop.Cancel();
            return LanguageExt.Prelude.Success<Fault, int>(n);
        }, stop.Token));
        Assert.Equal(2, pieces);
        foreach (var read in (Action[])
        [
            () => RunSession.Begin(this["run"], Recipe.Of(config.OnFile(this["long.txt"])), stop.Token), () =>
                RunSession.BeginAnew(this["run"], Recipe.Of(config.OnFile(this["long.txt"], "byte")), stop.Token),
        ])
            Assert.Throws<OperationCanceledException>(read);
        Assert.False(Directory.Exists(this["run"]));
        await Training.RunAsync(config, this["run"]);
        Assert.Throws<OperationCanceledException>(() => RunSession.Resume(this["run"], stop: stop.Token));
    }

    /// <summary>An evaluation tells whether it is the best so far, also where losses rise again; the result names the best.</summary>
    [Fact]
    public async Task The_best_evaluation_is_told_from_others()
    {
        var events = new List<TrainingEvent.Evaluated>();
        var rising = Config with { Stage = Config.Stage with { EvalEvery = 2,
            Optimiser = Config.Stage.Optimiser with { LearningRate = 3, MinLearningRate = 3, Warmup = 10, Schedule = ScheduleKind.Constant, Clip = 0 } } };
        var result = await Training.RunAsync(rising, this["run"], new Listener(e => { if (e is TrainingEvent.Evaluated v) events.Add(v); }));
        var lowest = double.PositiveInfinity;
        foreach (var e in events)
        {
            Assert.Equal(e.Loss < lowest, e.Best);
            lowest = Math.Min(lowest, e.Loss);
        }
        Assert.Contains(events, static e => !e.Best);
        Assert.Equal(events.Last(static e => e.Best), new TrainingEvent.Evaluated(result.BestStep, result.BestLoss, true));
        Assert.NotEqual(result.Step, result.BestStep);
    }

    /// <summary>The token that a run is given is heard before there is a run: while its text is read.</summary>
    [Fact]
    public async Task A_run_is_cancelled_while_its_text_is_read()
    {
        var config = Config;
        await Training.RunAsync(config, this["run"]);
        // Long enough to take a while to read.
        await File.WriteAllTextAsync(this["text.txt"], string.Concat(Enumerable.Repeat(await File.ReadAllTextAsync(this["text.txt"]), 20000)));
        foreach (var begin in (Func<CancellationToken, Task>[])
        [
            stop => Training.RunAsync(config, this["other"], cancellation: stop), stop =>
                Training.ResumeAsync(this["run"], cancellation: stop, changes: [("steps", "40")]),
        ])
        {
            using var stop = new CancellationTokenSource();
            var reading = begin(stop.Token);
            await Task.Delay(50);
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        }
        Assert.False(Directory.Exists(this["other"]));
        Assert.Equal(30, RunFolder.Open(this["run"]).OrThrow().Config.Stage.Steps);
    }

    /// <summary>A text that is being written can be given up, whichever way the token comes; and so can waiting for another's.</summary>
    [Fact]
    public async Task Writing_and_waiting_are_given_up_when_asked()
    {
        await Training.RunAsync(Config, this["run"]);
        using var model = await LanguageModel.LoadAsync(this["run"]);
        foreach (var way in (Func<IAsyncEnumerable<string>, CancellationToken, IAsyncEnumerable<string>>[])
        [
            (_, stop) => model.GenerateAsync("T", new() { Tokens = 20_000 }, stop), (text, stop) => WithCancellation(text, stop),
        ])
        {
            using var stop = new CancellationTokenSource();
            var pieces = 0;
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            {
                await foreach (var _ in way(model.GenerateAsync("T", new() { Tokens = 20_000 }), stop.Token))
                    if (++pieces == 3) await stop.CancelAsync();
            });
            Assert.Equal(3, pieces);
        }
        // Somebody else has the model, and keeps it until those who wait have given up.
        var (has, done) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously),
            new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        var other = Task.Run(async () => { await foreach (var _ in model.GenerateAsync("T", new() { Tokens = 2 })) { has.TrySetResult(); await done.Task; } });
        await has.Task;
        using var patience = new CancellationTokenSource(50);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            Collect(model.GenerateAsync("T", cancellation: patience.Token)).WaitAsync(TimeSpan.FromSeconds(30)));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            Collect(WithCancellation(model.GenerateAsync("T"), patience.Token)).WaitAsync(TimeSpan.FromSeconds(30)));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => model.EvaluateAsync(cancellation: patience.Token).WaitAsync(TimeSpan.FromSeconds(30)));
        done.SetResult();
        await other;
        Assert.Equal(256, (await Collect(model.GenerateAsync("T"))).Length);

        static async IAsyncEnumerable<string> WithCancellation(IAsyncEnumerable<string> text,
            [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
        {
            await foreach (var piece in text.WithCancellation(stop)) yield return piece;
        }
    }

    /// <summary>Whatever a call ends with, the model is free afterwards.</summary>
    [Fact]
    public async Task A_call_that_fails_leaves_the_model_to_others()
    {
        await Training.RunAsync(Config, this["run"]);
        using var model = await LanguageModel.LoadAsync(this["run"]);
        var score = await model.EvaluateAsync();
        await Assert.ThrowsAsync<FunctionalException>(() => model.EvaluateAsync(this["missing.txt"]));
        Assert.Equal(score, await model.EvaluateAsync().WaitAsync(TimeSpan.FromSeconds(30)));
        await Assert.ThrowsAsync<FunctionalException>(() => Collect(model.GenerateAsync("☃")));
        await Assert.ThrowsAsync<InvalidOperationException>(async () =>
            { await foreach (var _ in model.GenerateAsync("T")) throw new InvalidOperationException(); });
        Assert.Equal(score, await model.EvaluateAsync().WaitAsync(TimeSpan.FromSeconds(30)));
    }

    /// <summary>A call within a loop over the same model's text fails at once; after the loop, or from elsewhere, it waits its turn.</summary>
    [Fact]
    public async Task A_call_within_a_call_fails_at_once()
    {
        await Training.RunAsync(Config, this["run"]);
        using LanguageModel model = await LanguageModel.LoadAsync(this["run"]), other = await LanguageModel.LoadAsync(this["run"]);
        var nested = 0;
        await foreach (var _ in model.GenerateAsync("T", new() { Tokens = 5 }))
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => model.EvaluateAsync());
            await Assert.ThrowsAsync<InvalidOperationException>(() => Collect(model.GenerateAsync("T")));
            await Assert.ThrowsAsync<InvalidOperationException>(() => Task.Run(() => Collect(model.GenerateAsync("T"))));
            await Collect(other.GenerateAsync("T", new() { Tokens = 2 }));
            nested++;
        }
        Assert.Equal(5, nested);
        var again = await Collect(model.GenerateAsync("T"));
        Assert.Equal(await model.EvaluateAsync(), await other.EvaluateAsync());
        await foreach (var _ in model.GenerateAsync("T")) break;
        Assert.Equal(again, await Collect(model.GenerateAsync("T")));
        // Somebody else waits for a loop, and has the model after it.
        var order = new List<string>();
        using var begun = new SemaphoreSlim(0);
        var first = Task.Run(async () =>
            { await foreach (var _ in model.GenerateAsync("T",
                new() { Tokens = 3 })) { begun.Release(); await Task.Delay(30); lock (order) order.Add("loop"); } });
        await begun.WaitAsync();
        var second = Task.Run(async () => { await model.EvaluateAsync(); lock (order) order.Add("score"); });
        await Task.WhenAll(first, second);
        Assert.Equal(["loop", "loop", "loop", "score"], order);
    }

    [Fact]
    public async Task What_is_no_argument_is_refused_by_its_name()
    {
        Assert.Throws<ArgumentNullException>("config", () => { _ = Training.RunAsync(null!); });
        Assert.Throws<ArgumentException>("folder", () => { _ = Training.RunAsync(Config, ""); });
        Assert.Throws<ArgumentNullException>("folder", () => { _ = Training.ResumeAsync(null!); });
        Assert.Throws<ArgumentNullException>("folder", () => { _ = LanguageModel.LoadAsync(null!); });
        Assert.Throws<ArgumentNullException>("config", () => { _ = Training.OutlookAsync(null!); });
        Assert.Throws<ArgumentNullException>("folder", () => { _ = Training.MetricsAsync(null!); });
        Assert.Throws<ArgumentNullException>("path", () => Configuration.FromYaml(null!));
        Assert.Throws<ArgumentNullException>("start", () => Configuration.From(null!));
        Assert.Throws<ArgumentNullException>("folder", () => Configuration.FromRun(null!));
        Assert.Throws<ArgumentNullException>("path", () => new RunConfig().OnFile(null!));
        await Training.RunAsync(Config, this["run"]);
        using var model = await LanguageModel.LoadAsync(this["run"]);
        Assert.Throws<ArgumentNullException>("prompt", () => model.GenerateAsync(null!));
        Assert.Throws<ArgumentNullException>("folder", () => { _ = model.SaveAsync(null!); });
        var wrong = Assert.Throws<FunctionalException>(() => model.GenerateAsync("T", new() { Tokens = -1, Temperature = -0.5, TopK = -2, TopP = 0 }));
        Assert.Equal(["Tokens", "Temperature", "TopK", "TopP"], wrong.Faults.Select(static f => f.Where));
        var engine = Assert.Throws<FunctionalException>(() =>
            Functional.Engine.Create(new() { Engine = EngineKind.Managed, Device = Device.Cuda(), Threads = -1 }));
        Assert.Equal(["Device", "Threads"], engine.Faults.Select(static f => f.Where));
    }

    /// <summary>A checkpoint from just before its run diverged may hold numbers that lead to none.</summary>
    [Fact]
    public async Task A_model_whose_numbers_are_not_finite_is_said_to_be_none()
    {
        // One step so large that the second has no loss.
        var config = Config with { Stage = Config.Stage with { SaveEvery = 1, EvalEvery = 30,
            Optimiser = Config.Stage.Optimiser with { Warmup = 0, LearningRate = 3e18, MinLearningRate = 3e18, WeightDecay = 0 } } };
        await Assert.ThrowsAsync<FunctionalException>(() => Training.RunAsync(config, this["run"]));
        using var model = await LanguageModel.LoadAsync(this["run"]);
        Func<Task>[] uses = [() => model.EvaluateAsync(), () => model.EvaluateAsync(this["text.txt"]), () =>
            Collect(model.GenerateAsync("The ", new() { Tokens = 5 }))];
        foreach (var use in uses)
            Assert.Equal($"{this["run/stages/pretrain/checkpoints/step-00000001"]}: the model's numbers are not finite, as after a run that diverged; allowed: another checkpoint, if the run has one",
                (await Assert.ThrowsAsync<FunctionalException>(use)).Message);
    }

    [Fact]
    public async Task Any_checkpoint_can_be_loaded()
    {
        var result = await Training.RunAsync(Config with { Stage = Config.Stage with { SaveEvery = 5, Keep = 9 } }, this["run"]);
        foreach (var (choice, step) in ((CheckpointChoice, long)[])[(CheckpointChoice.Last, 30), ("best", result.BestStep), (15, 15)])
        {
            using var model = await LanguageModel.LoadAsync(this["run"], checkpoint: choice);
            Assert.Equal(step, model.Step);
        }
        var missing = await Assert.ThrowsAsync<FunctionalException>(() => LanguageModel.LoadAsync(this["run"], checkpoint: 7));
        Assert.Equal($"{this["run"]}: has no checkpoint of step 7; allowed: last, 5, 10, 15, 20, 25, 30", missing.Message);
    }

    /// <summary>A run that begins with another's weights is that model until its first step, and is resumed as itself.</summary>
    [Fact]
    public async Task A_run_begins_with_the_weights_of_another()
    {
        await Training.RunAsync(Config with { Stage = Config.Stage with { SaveEvery = 10, Keep = 9 } }, this["first"]);
        using var stop = new CancellationTokenSource();
        var next = Configuration.From(Configuration.FromRun(this["first"], 10).OnFile(this["text.txt"]).For(steps: 6, batch: 4), ("seed", "5"),
            ("eval-every", "0"));
        Assert.Equal((16, 8), (next.Model.Width, next.Model.Context));
        var first = await Training.RunAsync(next, this["next"], new Listener(e => { if (e is TrainingEvent.Saved { Step: 0 }) stop.Cancel(); }), stop.Token);
        Assert.Equal((StopReason.Interrupted, 0), (first.Reason, first.Step));
        using (LanguageModel source = await LanguageModel.LoadAsync(this["first"], checkpoint: 10), begun = await LanguageModel.LoadAsync(this["next"]))
            Assert.Equal(await source.EvaluateAsync(), await begun.EvaluateAsync());
        // What it began with may be gone by now.
        Directory.Delete(Path.Combine(this["first"], "stages", "pretrain", "checkpoints", "step-00000010"), recursive: true);
        Assert.Equal(Configuration.From(RunFolder.Open(this["next"]).OrThrow().Config, ("warmup", "0"), ("steps", "7")),
            (await Training.OutlookOfResumeAsync(this["next"], ("steps", "7"))).Config);
        await Training.ResumeAsync(this["next"]);
        using var trained = await LanguageModel.LoadAsync(this["next"]);
        Assert.True((await trained.BaselinesAsync()).Bigram > 0);
        await Training.RunAsync(Config with { Stage = Config.Stage with { SaveEvery = 10, Keep = 9 } }, this["again"]);
        await Training.RunAsync(Configuration.From(Configuration.FromRun(this["again"], 10).OnFile(this["text.txt"]).For(steps: 6, batch: 4), ("seed", "5"),
            ("eval-every", "0")), this["unbroken"]);
        foreach (var file in (string[])["model.safetensors", "optimizer.safetensors"])
            Assert.Equal(File.ReadAllBytes(Path.Combine(this["unbroken"], "stages", "pretrain", "checkpoints", "step-00000006", file)),
                File.ReadAllBytes(Path.Combine(this["next"], "stages", "pretrain", "checkpoints", "step-00000006", file)));

        var wider = await Assert.ThrowsAsync<FunctionalException>(() =>
            Training.RunAsync(next.Sized(width: 32) with { Stage = next.Sized(width: 32).Stage with { From = this["first"] } }, this["wider"]));
        Assert.Equal($"Model.Width: is 32, but the weights of {this["first"]} have 16; allowed with them: 16", wider.Message);
        Assert.False(RunFolder.Holds(this["wider"]));
    }

    /// <summary>A run's own configuration serves for another text, relative to its own folder.</summary>
    [Fact]
    public async Task The_configuration_of_a_run_serves_for_another_text()
    {
        await Training.RunAsync(Config, this["run"]);
        Directory.CreateDirectory(this["elsewhere"]);
        File.WriteAllText(this["elsewhere/other.txt"], string.Concat(Enumerable.Repeat("0123456789 another text 0123456789\n", 40)));
        var other = Configuration.FromYaml(Path.Combine(this["run"], "config.yaml"), ("data", this["elsewhere/other.txt"]), ("steps", "4"));
        Assert.Equal(4, (await Training.RunAsync(other, this["other"])).Step);
        File.WriteAllText(this["elsewhere/own.yaml"], $"data: other.txt\nfrom: {Path.Combine("..", "run")}\n");
        var own = Configuration.FromYaml(this["elsewhere/own.yaml"]);
        Assert.Equal(Path.Combine(this["elsewhere"], "other.txt"), own.Stage.Source.File);
        Assert.Equal((1, 16), (own.Model.Layers, own.Model.Width));
        Assert.Equal(Path.Combine(this["run"], "stages", "pretrain", "checkpoints", "step-00000030"), own.Stage.From);
        // What is given beside the file is what counts, also for what is inherited.
        File.WriteAllText(this["elsewhere/own.yaml"], "data: other.txt\nfrom: nowhere\n");
        Assert.Equal(own, Configuration.FromYaml(this["elsewhere/own.yaml"], ("from", this["run"])));
        Assert.Equal($"{Path.Combine(this["elsewhere"], "nowhere")}: does not exist; expected a run's folder, with config.yaml in it",
            Assert.Throws<FunctionalException>(() => Configuration.FromYaml(this["elsewhere/own.yaml"])).Message);
    }

    /// <summary>Whoever begins at the same moment gets a folder of his own.</summary>
    [Fact]
    public async Task Runs_that_begin_together_get_folders_of_their_own()
    {
        var config = Config;
        var sessions = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => RunSession.BeginAnew(this["runs"], Recipe.Of(config)).OrThrow())));
        Assert.Equal(new[] { this["runs"] }.Concat(Enumerable.Range(2, 7).Select(i => $"{this["runs"]}-{i}")).Order(StringComparer.Ordinal),
            sessions.Select(static s => s.Folder.Location).Order(StringComparer.Ordinal));
        foreach (var session in sessions) session.Dispose();
        using var next = RunSession.BeginAnew(this["runs"], Recipe.Of(config)).OrThrow();
        Assert.Equal($"{this["runs"]}-9", next.Folder.Location);
    }

    [Fact]
    public async Task A_run_that_goes_on_for_longer_says_where_its_rate_goes_on()
    {
        await Training.RunAsync(Config, this["run"]);
        var events = new List<TrainingEvent>();
        await Training.ResumeAsync(this["run"], new Listener(events.Add), changes: [("steps", "60")]);
        var started = Assert.IsType<TrainingEvent.Started>(events[0]);
        var config = Config;
        Assert.Equal((config.Stage.LearningRates.At(29), (config with { Stage = config.Stage with { Steps = 60 } }).Stage.LearningRates.At(30)),
            (started.LearningRateBefore!.Value, started.LearningRate));
        Assert.NotEqual(started.LearningRateBefore!.Value, started.LearningRate, 1e-3);
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
