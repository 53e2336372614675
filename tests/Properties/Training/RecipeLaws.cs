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
        // The story of a run tells each time that it is gone on with.
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(static f => !f.EndsWith("run.lock", StringComparison.Ordinal) && !f.EndsWith(StoryLog.FileName, StringComparison.Ordinal))
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
        Assert.Equal("stage second: was begun, and is no longer at its place; allowed: stages after second may be others", Change("  second:", "  zweite:"));
        Assert.Equal("stage second: order: is random, but the run was begun with shuffled; allowed: shuffled", Change("order: shuffled", "order: random"));
        Assert.Equal("stage first: heads: is 1, but the run was begun with 2; allowed: 2", Change("heads: 2", "heads: 1").Split('\n')[0]);
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
        // Sizes of the model bound those of a step, and not every model can see both sides.
        let both = shared.Model.Window == 0 && shared.Model.Positions != Positions.Alibi
        select empty.Map((name, _) =>
            shared with { Stage = stages.ElementAt(names.IndexOf(name)).Stage is var s ? s with { Batch = shared.Stage.Batch, Accumulate = 1, Distill = s.Distill with { OwnShare = s.Distill.OwnShare > 0 ? 1 : 0 }, Preference = s.Preference with { Bidirectional = both && s.Preference.Bidirectional },
                Practice = s.Practice with { Prompts = shared.Stage.Batch, Tokens = 1 + s.Practice.Tokens % (shared.Model.Context - 1) },
                Reward = s.Reward with { OverlongTokens = s.Reward.OverlongTokens % (2 + s.Practice.Tokens % (shared.Model.Context - 1)) } } is var t && t.Kind == StageKind.Trpo
                // A step within a trust region takes a whole round.
                ? t with { Batch = 2 * Math.Max(1, t.Batch / 2), Practice = t.Practice with { Prompts = Math.Max(1, t.Batch / 2), Answers = 2, Epochs = 1 } } : t : s,
                Execution = shared.Execution with { Precision = Precision.BF16 } }));

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
        Assert.Equal(["pretrain"], Read("steps: 3").Stages.Names);
        Assert.Equal(["sft"], Read("kind: sft").Stages.Names);
        var longer = recipe.Then("d", recipe.Stages["a"].Stage with { Steps = 8 });
        Assert.Equal(("d", 8, 2, "c"), (longer.Stages.Names[^1], longer.Stages["d"].Stage.Steps, longer.Stages["d"].Model.Layers, longer.Before("d")));
        Assert.Throws<ArgumentException>(() => recipe.Then("a", new()));
        Assert.Throws<ArgumentException>(() => recipe.Then("../a", new()));
        // One stage's change is its own but for what all share.
        var changed = recipe.With("b", recipe.Stages["b"] with { Seed = 9, Stage = recipe.Stages["b"].Stage with { Steps = 1 } });
        Assert.Equal([(9, 60), (9, 1), (9, 50)], changed.Stages.Values.Select(static c => (c.Seed, c.Stage.Steps)));
    }

    /// <summary>A stage is done with its last checkpoint, though a last sample was not shown; not while its last measurement is due.</summary>
    [Theory]
    [InlineData(Due.None, true)]
    [InlineData(Due.Draw, true)]
    [InlineData(Due.Measure, false)]
    [InlineData(Due.Measure | Due.Draw, false)]
    public void A_last_sample_keeps_nothing_from_coming_after(Due due, bool done)
    {
        using var scratch = new Scratch();
        using var stop = new CancellationTokenSource();
        TinyRun.Get(Carry(scratch["run"], Read(Stages), Disk.Real, new After(4, stop), stop.Token));
        var first = TinyRun.Get(RunFolder.Open(scratch["run"], "first"));
        using (var engine = new ReferenceEngine())
        using (var trainer = new Trainer(engine, TinyRun.Stage(first.Config)))
        {
            var last = TinyRun.Get(first.Checkpoint());
            Assert.Equal(4, last.Step);
            TinyRun.Get(trainer.Load(last));
            TinyRun.Get(first.Checkpoints.Save(last.Training with { Due = due }, last.Identity, trainer.Parts, 9));
        }
        Assert.Equal(done, first.Progress[0].IsDone);
        Assert.Equal(done ? "second" : "first", TinyRun.Get(RunSession.Planned(scratch["run"], null)).Stage);
    }

    /// <summary>A stage that names weights begins with those, not with those of the stage before; named anew, it keeps those that it began with.</summary>
    [Fact]
    public void A_later_stage_may_name_its_weights()
    {
        using var scratch = new Scratch();
        TinyRun.Get(Carry(scratch["other"], Read(Stages.Replace("run: {", "run: {seed: 2, ", StringComparison.Ordinal)), Disk.Real));
        var named = Stages.Replace("third: {", $"third: {{save-every: 1, from: {scratch["other/stages/first"]}, ", StringComparison.Ordinal);
        TinyRun.Get(Carry(scratch["run"], Read(named), Disk.Real));
        Assert.Equal(Weights(scratch["other"], "first", CheckpointChoice.Last), Weights(scratch["run"], "third", 0));
        Assert.NotEqual(Weights(scratch["run"], "second", CheckpointChoice.Last), Weights(scratch["run"], "third", 0));
        var again = TinyRun.Get(RunSession.Planned(scratch["run"], RunSession.ChangeTo(Read(named.Replace("other/stages/first", "other/stages/second", StringComparison.Ordinal)))));
        Assert.Equal(scratch["other/stages/first"], again.Recipe.Stages["third"].Stage.From);
    }

    /// <summary>A stage of which nothing is said is one, however nothing is said.</summary>
    [Theory]
    [InlineData("stages: {a: {}, b: {steps: 3000}}")]
    [InlineData("stages:\n  a:\n  b: {steps: 3000}")]
    [InlineData("stages:\n  a: {learning: {}}\n  b: {steps: 3000}")]
    [InlineData("stages:\n  a:\n    source:\n  b: {steps: 3000}")]
    public void A_stage_may_say_nothing(string yaml) =>
        Assert.Equal([("a", new RunConfig().Stage.Steps), ("b", 3000)], Read(yaml).Stages.Select(static s => (s.Name, s.Value.Stage.Steps)));

    /// <summary>What a run keeps does not depend on where it was begun.</summary>
    [Fact]
    public void Paths_are_kept_whole()
    {
        var config = TinyRun.Config with { Stage = TinyRun.Config.Stage with { From = "weights", Source = TinyRun.Config.Stage.Source with { File = "text.txt" } } };
        foreach (var kept in (RunConfig[])[TinyRun.Get(TinyRun.Data(config).Resolve(config)), .. TinyRun.Get(TinyRun.Data(config).Resolve(Recipe.Of(config))).Stages.Values])
            Assert.Equal((Path.GetFullPath("weights"), Path.GetFullPath("text.txt")), (kept.Stage.From, kept.Stage.Source.File));
    }

    /// <summary>A fault of one stage among several says which.</summary>
    [Fact]
    public void A_fault_names_its_stage()
    {
        var recipe = Read("stages:\n  a:\n  b:");
        RunConfig Without(RunConfig config) => config with { Stage = config.Stage with { Batch = 0 } };
        Assert.Equal("b: batch: is 0; allowed: a whole number, 1 or more", TinyRun.Faults(recipe.With("b", Without(recipe.Stages["b"])).Validate()));
        Assert.Equal("batch: is 0; allowed: a whole number, 1 or more", TinyRun.Faults(Recipe.Of(Without(new())).Validate()));
    }

    /// <summary>What holds for all stages stands outside of them, whichever of its headings it belongs to.</summary>
    [Fact]
    public void What_all_share_cannot_stand_in_a_stage()
    {
        foreach (var field in RunConfig.Fields)
        {
            var (shared, faults) = (field.Section is "model" or "rope" or "experts" or "text" or "run", Faults($"stages:\n  a:\n    {field.Name}: x\n  b:"));
            Assert.Equal(shared, faults.Contains($"recipe.yaml, line 3, {field.Name}: is the same in all stages; allowed: under {field.Section}, outside of stages", StringComparison.Ordinal));
        }
        Assert.Equal(["experts", "model", "rope", "run", "text"], RunConfig.Fields.Where(static f => f.IsShared).Select(static f => f.Section).Distinct().Order(StringComparer.Ordinal));
    }

    /// <summary>What is over a file holds in every stage, whatever the file says there.</summary>
    [Fact]
    public void What_is_over_a_recipe_holds_in_every_stage()
    {
        var file = TinyRun.Get(Entries("stages:\n  a: {batch: 2}\n  b:\n  c: {batch: 3}"));
        Assert.Equal([7, 7, 7], TinyRun.Get(Recipe.Read(new(), file, adapts: true, [ConfigEntry.Option("batch", "7")])).Stages.Values.Select(static c => c.Stage.Batch));
        Assert.Equal(["batch", "batch"], Recipe.First(TinyRun.Get(Entries("batch: 1\nstages:\n  a: {batch: 2}\n  b: {lr: 3}"))).Select(static e => e.Key));
    }

    /// <summary>Begun with the weights of one stage, a stage is not begun with another's later on; and what was begun is compared in each stage.</summary>
    [Fact]
    public void A_stage_that_was_begun_keeps_what_is_fixed_whichever_it_is()
    {
        using var scratch = new Scratch();
        using var stop = new CancellationTokenSource();
        TinyRun.Get(Carry(scratch["run"], Read(Stages), Disk.Real, new After(5, stop), stop.Token));
        Assert.Equal("stage first: order: is ordered, but the run was begun with random; allowed: random",
            TinyRun.Faults(RunSession.Planned(scratch["run"], RunSession.ChangeTo(Read(Stages.Replace("first: {", "first: {source: {order: ordered}, ", StringComparison.Ordinal))))));
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

    /// <summary>What another stage began from is gone: the run neither goes on over it nor takes it up again from before.</summary>
    [Fact]
    public void A_stage_whose_beginning_is_gone_is_refused()
    {
        using var scratch = new Scratch();
        TinyRun.Get(Carry(scratch["run"], Read(Stages), Disk.Real));
        Directory.Delete(scratch["run/stages/first/checkpoints/step-00000004"], recursive: true);
        Assert.Equal("stage first: is at step 2 of 4, but third was begun after it; expected its last checkpoint; without stages/third, the run goes on from here",
            TinyRun.Faults(Carry(scratch["run"], Read(Stages), Disk.Real)));
        foreach (var later in (string[])["second", "third"]) Directory.Delete(scratch[$"run/stages/{later}"], recursive: true);
        TinyRun.Get(Carry(scratch["run"], Read(Stages), Disk.Real));
        Assert.Equal("", Differences(scratch["run"]));
    }

    /// <summary>A stage that could not begin, for want of the weights before it, has not begun.</summary>
    [Fact]
    public void A_stage_that_did_nothing_waits_for_the_one_before()
    {
        using var scratch = new Scratch();
        TinyRun.Get(Carry(scratch["run"], Read(Stages), Disk.Real));
        foreach (var later in (string[])["second", "third"]) Directory.Delete(scratch[$"run/stages/{later}"], recursive: true);
        Directory.CreateDirectory(scratch["run/stages/second"]);
        File.WriteAllText(scratch["run/stages/second/metrics.jsonl"], "");
        Directory.Delete(scratch["run/stages/first/checkpoints/step-00000004"], recursive: true);
        TinyRun.Get(Carry(scratch["run"], Read(Stages), Disk.Real));
        Assert.Equal("", Differences(scratch["run"]));
    }

    /// <summary>A checkpoint that lacks but its name is the newest, and its lines stay.</summary>
    [Fact]
    public void A_checkpoint_that_was_written_whole_counts_with_its_lines()
    {
        using var scratch = new Scratch();
        TinyRun.Get(Carry(scratch["run"], Read(Stages), Disk.Real));
        var last = scratch["run/stages/third/checkpoints/step-00000002"];
        Directory.Move(last, $"{last}.partial");
        TinyRun.Get(Carry(scratch["run"], Read(Stages), new FailingDisk(int.MaxValue, kill: true)));
        Assert.Equal("", Differences(scratch["run"]));
    }

    /// <summary>A stage may be called as a setting or a heading is.</summary>
    [Theory]
    [InlineData("steps")]
    [InlineData("data")]
    [InlineData("model")]
    [InlineData("stages")]
    public void A_stage_may_be_called_as_a_setting_is(string name)
    {
        foreach (var yaml in (string[])[$"steps: 5\nstages:\n  {name}:\n  b: {{steps: 6}}", $"stages:\n  {name}: {{steps: 5}}\n  b: {{steps: 6}}"])
        {
            var recipe = Read(yaml);
            Assert.Equal([(name, 5), ("b", 6)], recipe.Stages.Select(static s => (s.Name, s.Value.Stage.Steps)));
            Assert.Equal(recipe.Stages, Read(ConfigYaml.Write(recipe)).Stages);
        }
    }
}
