using Functional.Testing;
using LanguageExt;
using Xunit;

namespace Functional.Tests.Properties.Training;

public class TrainerTests
{
    static readonly RunConfig config = TinyRun.Config with { Model = TinyRun.Config.Model with { Dropout = 0 } };

    static RunConfig Resolved(RunConfig c) => TinyRun.Get(TinyRun.Data(c).Resolve(c));

    static T With<T>(IEngine engine, RunConfig c, Func<Trainer, T> use)
    {
        using var trainer = new Trainer(engine, TinyRun.Stage(c));
        trainer.Initialise(c.Key);
        return use(trainer);
    }

    static float[] Parameters(Trainer trainer) => [.. trainer.Parts[0].Model.Values.SelectMany(static b => b.ToArray<float>())];

    [Theory]
    [InlineData(WindowOrder.Random)]
    [InlineData(WindowOrder.Ordered)]
    [InlineData(WindowOrder.Shuffled)]
    public void Micro_batches_make_the_step_of_one_batch(WindowOrder order)
    {
        using var engine = new ReferenceEngine();
        var whole = With(engine, config with { Stage = config.Stage with { Batch = 4, Source = config.Stage.Source with { Order = order } } }, OneStep);
        var parts = With(engine, config with { Stage = config.Stage with { Batch = 2, Accumulate = 2, Source = config.Stage.Source with { Order = order } } },
            OneStep);
        // The reference engine rounds to float32 only what buffers keep: the accumulators differ from whole sums in their last bits.
        for (var i = 0; i < whole.Length; i++) Assert.Equal(whole[i], parts[i], 2e-5f);
        Assert.NotEqual(whole, With(engine, config with { Stage = config.Stage with { Batch = 4, Source = config.Stage.Source with { Order = order } } },
            Parameters));

        static float[] OneStep(Trainer trainer)
        {
            trainer.Step(RunState.Start(config.Key) with { Step = 1, Place = new(0, 3) }, 1e-3);
            return Parameters(trainer);
        }
    }

    /// <summary>The batch of the next step is made ready early: that must not show, whatever happens before that step comes, or another one.</summary>
    [Theory]
    [InlineData(WindowOrder.Random, 1)]
    [InlineData(WindowOrder.Ordered, 1)]
    [InlineData(WindowOrder.Shuffled, 2)]
    public void What_lies_between_steps_does_not_change_them(WindowOrder order, int accumulate)
    {
        using var engine = new ManagedEngine(1);
        var run = config with { Model = config.Model with { Dropout = 0.2 },
            Stage = config.Stage with { Accumulate = accumulate, Source = config.Stage.Source with { Order = order } } };
        Assert.Equal(With(engine, run, t => Steps(t, evaluates: false)), With(engine, run, t => Steps(t, evaluates: true)));

        float[] Steps(Trainer trainer, bool evaluates)
        {
            var state = RunState.Start(run.Key);
            var after = state with { Step = 1, Place = trainer.Stage.Source.After(default, run.Stage.Batch * run.Stage.Accumulate) };
            List<RunState> states = [state, after, after, state with { Step = 7, Place = new(0, 2) }, state];
            foreach (var at in states)
            {
                if (evaluates) trainer.Measure();
                trainer.Step(at, 1e-2);
            }
            return Parameters(trainer);
        }
    }

    [Fact]
    public void Evaluation_takes_every_window_once_and_not_the_padding()
    {
        using var engine = new ReferenceEngine();
        var one = With(engine, config with { Stage = config.Stage with { Batch = 1, EvalBatches = 0 } }, static t => t.Measure()!.Value);
        var seven = With(engine, config with { Stage = config.Stage with { Batch = 7, EvalBatches = 0 } }, static t => t.Measure()!.Value);
        var few = With(engine, config with { Stage = config.Stage with { Batch = 1, EvalBatches = 3 } }, static t => t.Measure()!.Value);
        Assert.Equal(one, seven, 1e-6);
        Assert.NotEqual(one, few, 1e-4);
    }

    [Fact]
    public void Evaluation_stops_when_asked()
    {
        using var engine = new ReferenceEngine();
        Assert.Null(With(engine, config, static t => t.Measure(new CancellationToken(canceled: true))));
    }

    [Fact]
    public void A_step_allocates_nothing()
    {
        using var engine = new ManagedEngine(1);
        foreach (var accumulate in (int[])[1, 2])
            foreach (var order in Enum.GetValues<WindowOrder>())
                Assert.Equal(0, With(engine,
                    config with { Model = config.Model with { Dropout = 0.1 },
                        Stage = config.Stage with { Accumulate = accumulate, Source = config.Stage.Source with { Order = order } } }, trainer =>
                            Allocated(trainer)));

        static long Allocated(Trainer trainer)
        {
            using var scratch = new Scratch();
            using var metrics = TinyRun.Get(MetricsFile.Open(scratch["metrics.jsonl"], 0));
            var state = RunState.Start(config.Key);
            var before = 0L;
            for (var step = 0; step < 40; step++)
            {
                // The first steps compile methods and fill caches.
                if (step == 20) before = GC.GetAllocatedBytesForCurrentThread();
                var outcome = trainer.Step(state, 1e-3)!.Value;
                metrics.Append(new(step, outcome.Loss, 1e-3, outcome.GradientNorm, 1.5, 10));
                state = state with { Step = state.Step + 1, Place = outcome.Next };
            }
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    [Fact]
    public void A_gradient_that_is_not_finite_stops_the_run_and_is_named()
    {
        using var scratch = new Scratch();
        var broken = config with { Stage = config.Stage with { SaveEvery = 1, Steps = 50, Keep = 100,
            Optimiser = config.Stage.Optimiser with { LearningRate = 1e37, MinLearningRate = 0, Clip = 0, Schedule = ScheduleKind.Constant, Warmup = 0 } } };
        var faults = TinyRun.Faults(TinyRun.Train(scratch["run"], broken));
        Assert.Matches("^(step [0-9]+: loss .*, gradient norm .*; not finite: .+; nothing was overwritten; .*|step [0-9]+: the validation loss is not finite; .*)$", faults);
        var step = long.Parse(faults.Split(' ', ':')[1], System.Globalization.CultureInfo.InvariantCulture);
        Assert.All(new CheckpointStore(scratch["run/stages/pretrain/checkpoints"]).Steps, saved => Assert.True(saved < step));
    }

    [Fact]
    public void A_parameter_that_is_not_finite_is_named_by_its_gradient()
    {
        using var engine = new ReferenceEngine();
        With(engine, config, static trainer =>
        {
            var name = trainer.Parts[0].Model.Names.First(static n => n.Contains("down", StringComparison.Ordinal));
            var values = trainer.Parts[0].Model[name].ToArray<float>();
            values[0] = float.PositiveInfinity;
            trainer.Parts[0].Model[name].Write<float>(values);
            var before = Parameters(trainer);
            var outcome = trainer.Step(RunState.Start(config.Key), 1e-3)!.Value;
            Assert.False(outcome.IsFinite);
            Assert.Contains("loss", outcome.NotFinite);
            Assert.Contains(outcome.NotFinite, n => n == name);
            Assert.Equal(before, Parameters(trainer));
            return 0;
        });
    }

    [Fact]
    public void It_learns()
    {
        using var scratch = new Scratch();
        var longer = config with { Model = config.Model with { Width = 8 },
            Stage = config.Stage with { Steps = 60, EvalEvery = 20, EvalBatches = 0, SaveEvery = 0,
                Optimiser = config.Stage.Optimiser with { LearningRate = 1e-2, MinLearningRate = 1e-3 } } };
        TinyRun.Get(TinyRun.Train(scratch["run"], longer));
        var lines = TinyRun.Get(MetricsFile.Read(scratch["run/stages/pretrain/metrics.jsonl"]));
        var losses = lines.Select(static l => l.ValidationLoss).OfType<double>().ToArray();
        Assert.Equal(3, losses.Length);
        // The text has five characters: ln 5 = 1.61 to begin with.
        Assert.True(losses[^1] < 1.4, $"{losses[^1]}");
    }
}
