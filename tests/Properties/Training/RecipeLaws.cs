using FsCheck;
using FsCheck.Fluent;
using Functional.Testing;
using LanguageExt;
using Xunit;

namespace Functional.Tests.Properties.Training;

/// <summary>
/// Stages one after the other: each begins with the weights of the one before, whatever is done is not done again, and stopped anywhere they end in the
/// bits of a run that never stopped.
/// </summary>
public class RecipeLaws
{
    const string Stages = """
        model: {layers: 1, heads: 2, width: 4, context: 3, bias: false, dropout: 0.2}
        run: {threads: 1, engine: managed, device: cpu}
        batch: 2
        stages:
          first: {steps: 4, eval-every: 2, save-every: 2, learning: {warmup: 0}}
          second:
            steps: 3
            keep: 9
            save-every: 1
            learning:
              warmup: 1
              lr: 3e-3
            source: {order: shuffled}
          third: {steps: 2, keep: 9, learning: {warmup: 0}}
        """;

    static Recipe Read(string yaml) => TinyRun.Get(Entries(yaml).Bind(static entries => Recipe.Read(new(), entries, adapts: true)));

    static Validation<Fault, Vec<ConfigEntry>> Entries(string yaml) => ConfigYaml.Entries(yaml, "recipe.yaml");

    static string Faults(string yaml) => TinyRun.Faults(Entries(yaml).Bind(static entries => Recipe.Read(new(), entries, adapts: true)));

    // As the façade does, on the text of all these runs.
    static Validation<Fault, RunResult> Carry(string folder, Recipe recipe, Disk disk, IRunObserver? observer = null, CancellationToken stop = default)
    {
        using var engine = new ReferenceEngine();
        RunData Data(RunFolder f) => TinyRun.Data(f.Config);
        var session = RunFolder.IsBegun(folder) ? GoOn(RunSession.ChangeTo(recipe))
            : RunSession.Begin(folder, recipe, TinyRun.Data(recipe.Stages.Values[0]), disk);
        while (true)
        {
            if (session.IsFail) return session.Bind(static _ => Fault.Of<RunResult>("", "", ""));
            using var now = TinyRun.Get(session);
            var result = Loop.Run(engine, now, observer, StillClock.Instance, stop);
            if (result.Match(static r => r.Reason != StopReason.Completed, static _ => true) || now.Folder.IsLast) return result;
            now.Dispose();
            session = GoOn(null);
        }

        Validation<Fault, RunSession> GoOn(RunSession.Change? change) =>
            RunSession.Planned(folder, change).Bind(planned => RunSession.Resume(planned, Data(planned), disk));
    }

    static SortedDictionary<string, byte[]> Remains(string folder) => new(
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(static f => !f.EndsWith("run.lock", StringComparison.Ordinal))
            .ToDictionary(f => Path.GetRelativePath(folder, f), File.ReadAllBytes), StringComparer.Ordinal);

    static readonly Lazy<SortedDictionary<string, byte[]>> unbroken = new(static () =>
    {
        using var scratch = new Scratch();
        Assert.Equal(StopReason.Completed, TinyRun.Get(Carry(scratch["run"], Read(Stages), Disk.Real)).Reason);
        return Remains(scratch["run"]);
    });

    static string Differences(string folder) => TinyRun.Differences(unbroken.Value, Remains(folder));

    static float[] Weights(string folder, string stage, CheckpointChoice choice)
    {
        using var engine = new ReferenceEngine();
        var run = TinyRun.Get(RunFolder.Open(folder, stage));
        using var model = TinyRun.Get(run.Load(engine, TinyRun.Get(run.Checkpoint(choice))));
        return [.. model.Buffers.Values.SelectMany(static b => b.ToArray<float>())];
    }

    [Fact]
    public void A_stage_begins_with_the_weights_of_the_one_before_and_nothing_else_of_it()
    {
        using var scratch = new Scratch();
        TinyRun.Get(Carry(scratch["run"], Read(Stages), Disk.Real));
        Assert.Equal(Weights(scratch["run"], "first", CheckpointChoice.Last), Weights(scratch["run"], "second", 0));
        Assert.Equal(Weights(scratch["run"], "second", CheckpointChoice.Last), Weights(scratch["run"], "third", 0));
        Assert.NotEqual(Weights(scratch["run"], "second", 0), Weights(scratch["run"], "second", CheckpointChoice.Last));
        var begun = TinyRun.Get(TinyRun.Get(RunFolder.Open(scratch["run"], "second")).Checkpoint(0));
        Assert.Equal((0, 0, double.PositiveInfinity, -1), (begun.Training.Step, begun.Training.Tokens, begun.Training.BestLoss, begun.Training.BestStep));
        Assert.Equal(["first", "second", "third"], TinyRun.Get(RunFolder.Open(scratch["run"])).Progress.Where(static p => p.IsDone && p.Done == p.Steps)
            .Select(static p => p.Name));
        Assert.Equal("third", TinyRun.Get(RunFolder.Open(scratch["run"])).Stage);
        Assert.Equal("second", TinyRun.Get(RunFolder.Open(scratch["run/stages/second"])).Stage);
        Assert.Equal($"{scratch["run"]}: has no stage fourth; allowed: first, second, third", TinyRun.Faults(RunFolder.Open(scratch["run"], "fourth")));
    }

    /// <summary>What is done already is not done again, and leaves no trace.</summary>
    [Fact]
    public void A_run_that_is_done_is_left_as_it_is()
    {
        using var scratch = new Scratch();
        TinyRun.Get(Carry(scratch["run"], Read(Stages), Disk.Real));
        using var counting = new CancellationTokenSource();
        Assert.Equal(("third", StopReason.Completed), TinyRun.Get(Carry(scratch["run"], Read(Stages), Disk.Real)) is var r ? (r.Stage, r.Reason) : default);
        Assert.Equal("", Differences(scratch["run"]));
    }

    [Fact]
    public void Killed_at_any_event_and_resumed_is_never_killed()
    {
        // Every third disk operation, which falls between stages, too.
        for (int at = 0, done = int.MaxValue; at < done; at += 3)
        {
            using var scratch = new Scratch();
            var disk = new FailingDisk(at, kill: true);
            try
            {
                TinyRun.Get(Carry(scratch["run"], Read(Stages), disk));
                done = disk.Done;
                Assert.True(done > 60, $"only {done} operations were tried");
            }
            catch (KilledException)
            {
                Assert.Equal(StopReason.Completed, TinyRun.Get(Carry(scratch["run"], Read(Stages), Disk.Real)).Reason);
            }
            Assert.Equal("", Differences(scratch["run"]));
        }
    }

    [Property(MaxTest = 15)]
    public void Interrupted_again_and_again_is_never_interrupted(byte pace)
    {
        using var scratch = new Scratch();
        for (var attempt = 0; ; attempt++)
        {
            using var stop = new CancellationTokenSource();
            if (TinyRun.Get(Carry(scratch["run"], Read(Stages), Disk.Real, new After(1 + pace % 4, stop), stop.Token)).Reason == StopReason.Completed) break;
            Assert.True(attempt < 20);
        }
        foreach (var stage in (string[])["first", "second", "third"])
            Assert.Equal(unbroken.Value[$"stages/{stage}/metrics.jsonl"], File.ReadAllBytes(scratch[$"run/stages/{stage}/metrics.jsonl"]));
        Assert.Equal(unbroken.Value["stages/third/checkpoints/step-00000002/model.safetensors"],
            File.ReadAllBytes(scratch["run/stages/third/checkpoints/step-00000002/model.safetensors"]));
    }

    sealed class After(int steps, CancellationTokenSource stop) : IRunObserver
    {
        int seen;

        public void Stepped(in StepMetrics metrics)
        {
            if (++seen == steps) stop.Cancel();
        }
    }

    /// <summary>What was begun stays what it is; what comes after it may be another.</summary>
    [Fact]
    public void What_is_not_begun_may_be_changed_and_nothing_else()
    {
        using var scratch = new Scratch();
        using var stop = new CancellationTokenSource();
        // In the second stage.
        Assert.Equal("second", TinyRun.Get(Carry(scratch["run"], Read(Stages), Disk.Real, new After(5, stop), stop.Token)).Stage);
        string Change(string from, string to) =>
            TinyRun.Faults(RunSession.Planned(scratch["run"], RunSession.ChangeTo(Read(Stages.Replace(from, to, StringComparison.Ordinal)))));
        Assert.Equal("stage first: steps: is 5, but second was begun after 4; allowed: 4", Change("first: {steps: 4", "first: {steps: 5"));
        Assert.Equal("stage second: was begun, and is no longer there; allowed: stages after second may be others", Change("  second:", "  zweite:"));
        Assert.Equal("order: is random, but the run was begun with shuffled; allowed: shuffled", Change("order: shuffled", "order: random"));
        Assert.Equal("heads: is 1, but the run was begun with 2; allowed: 2", Change("heads: 2", "heads: 1").Split('\n')[0]);
        Assert.Equal("", Change("third: {steps: 2", "other: {steps: 7"));
        Assert.Equal("", Change("    steps: 3", "    steps: 30"));
        var longer = Read(Stages.Replace("third: {steps: 2", "other: {steps: 1", StringComparison.Ordinal));
        Assert.Equal(("other", 1), TinyRun.Get(Carry(scratch["run"], longer, Disk.Real)) is var r ? (r.Stage, r.Step) : default);
        Assert.Equal(["first", "second", "other"], TinyRun.Get(RunFolder.Open(scratch["run"])).Recipe.Stages.Names);
    }

    /// <summary>Settings of several stages, each changed at random.</summary>
    public static Arbitrary<Recipe> Recipes() => Arb.From(
        from count in Gen.Choose(1, 4)
        from shared in Configuration.ConfigLaws.Configs().Generator
        from stages in Configuration.ConfigLaws.Configs().Generator.ListOf(count)
        let names = stages.Select((_, i) => $"s-{i}").ToList()
        let empty = Read(string.Concat(["stages:\n", .. names.Select(static n => $"  {n}:\n")]))
        // Sizes of the model bound those of a step.
        select empty.Map((name, _) =>
            shared with { Stage = stages.ElementAt(names.IndexOf(name)).Stage is var s ? s with { Batch = shared.Stage.Batch, Accumulate = 1 } : s }));

    [Property(Arbitrary = [typeof(RecipeLaws)])]
    public void Written_recipes_read_back(Recipe recipe)
    {
        Assert.Equal("", TinyRun.Faults(recipe.Validate()));
        Assert.Equal(recipe.Stages, TinyRun.Get(Entries(ConfigYaml.Write(recipe)).Bind(static entries => Recipe.Read(new(), entries, adapts: false))).Stages);
    }

    /// <summary>A setting of a stage is its own, one outside of stages is everybody's, and a stage's own word counts more.</summary>
    [Fact]
    public void What_stands_outside_holds_for_all()
    {
        var recipe = Read("layers: 2\nsteps: 50\nlearning: {lr: 0.5}\nstages:\n  a: {steps: 60}\n  b:\n  c: {learning: {lr: 0.25}, batch: 7}");
        Assert.Equal([("a", 60, 0.5, 12), ("b", 50, 0.5, 12), ("c", 50, 0.25, 7)],
            recipe.Stages.Select(static s => (s.Name, s.Value.Stage.Steps, s.Value.Stage.Optimiser.LearningRate, s.Value.Stage.Batch)));
        Assert.All(recipe.Stages.Values, static c => Assert.Equal(2, c.Model.Layers));
        Assert.Equal((null, "a", "b"), (recipe.Before("a"), recipe.Before("b"), recipe.Before("c")));
        Assert.Equal([Recipe.Only], Read("steps: 3").Stages.Names);
        // One stage's change is its own but for what all share.
        var changed = recipe.With("b", recipe.Stages["b"] with { Seed = 9, Stage = recipe.Stages["b"].Stage with { Steps = 1 } });
        Assert.Equal([(9, 60), (9, 1), (9, 50)], changed.Stages.Values.Select(static c => (c.Seed, c.Stage.Steps)));
    }

    [Theory]
    [InlineData("stages: 3", "recipe.yaml, line 1, stages: is 3; expected a heading with the name of a stage under it, and under that its settings")]
    [InlineData("stages: {a: 3}", "recipe.yaml, line 1, a: is 3; expected the settings of a stage, or nothing")]
    [InlineData("stages: {a/b: {steps: 3}}", "recipe.yaml, line 1, steps: stands under 'a/b', which is no name of a stage; allowed: letters, digits, - and _")]
    [InlineData("stages:\n  ..:", "recipe.yaml, line 2, ..: stands under '..', which is no name of a stage; allowed: letters, digits, - and _")]
    [InlineData("stages:\n  a:\n    layers: 3", "recipe.yaml, line 3, layers: is the same in all stages; allowed: under model, outside of stages")]
    [InlineData("stages:\n  a:\n    lr: 3\n    lr: 4", "recipe.yaml, line 4, lr: is given twice; first at recipe.yaml, line 3, lr")]
    [InlineData("model:\n  lr: 3", "recipe.yaml, line 2, lr: stands under model; allowed: under learning, or under nothing")]
    [InlineData("stages:\n  a:\n    source:\n      lr: 3", "recipe.yaml, line 4, lr: stands under source; allowed: under learning, or under nothing")]
    [InlineData("lr: {a: 3}", "recipe.yaml, line 1, lr: is a mapping; allowed: a number, above 0")]
    [InlineData("layers: x\nstages:\n  a:\n  b:", "recipe.yaml, line 1, layers: is x; allowed: a whole number, 1 or more")]
    public void A_recipe_that_is_none_is_faults(string yaml, string fault) => Assert.Equal(fault, Faults(yaml));
}
