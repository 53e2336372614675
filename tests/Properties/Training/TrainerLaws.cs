using FsCheck;
using LanguageExt;
using Xunit;

namespace Functional.Tests.Properties.Training;

/// <summary>
/// What the trainer does in a step, against the same by hand: the update of AdamW at any step, one large batch in place of many small ones, and the
/// numbers that it reports.
/// </summary>
public class TrainerLaws
{
    static readonly RunConfig plain = TinyRun.Config with
    { Model = TinyRun.Config.Model with { Dropout = 0, Bias = Biases.All },
        Stage = TinyRun.Config.Stage with { Accumulate = 2, LabelSmoothing = 0.1,
            Optimiser = TinyRun.Config.Stage.Optimiser with { Clip = 0.05, WeightDecay = 0.5, Beta1 = 0.8, Beta2 = 0.95, Epsilon = 1e-3 } } };

    static T With<T>(RunConfig config, Func<Trainer, T> use)
    {
        using var engine = new ReferenceEngine();
        using var trainer = new Trainer(engine, TinyRun.Stage(config));
        trainer.Initialise(config.Key);
        return use(trainer);
    }

    static Params<float[]> Read(Params<IBuffer> buffers) => buffers.Map(static b => b.ToArray<float>());

    /// <summary>
    /// p ← p − lr (m̂ / (√v̂ + ε) + decay · p), with m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ) and t the step's own number, counted from 1: at the first
    /// steps, and
    /// where 1 − βᵗ is long 1. Matrices decay, vectors do not.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(999)]
    [InlineData(1000)]
    [InlineData(1001)]
    [InlineData(20000)]
    public void A_step_is_AdamWs(long t)
    {
        foreach (var config in (RunConfig[])[plain, plain with { Stage = plain.Stage with { Accumulate = 1 } },
            plain with { Stage = plain.Stage with { Optimiser = plain.Stage.Optimiser with { Beta2 = 0.9999 } } },
                plain with { Stage = plain.Stage with { Optimiser = plain.Stage.Optimiser with { Beta1 = 0.99, Beta2 = 0.99, Epsilon = 1e-8 } } }])
            With(config, trainer =>
            {
                const double rate = 0.02;
                var before = Read(trainer.Parts[0].Model);
                trainer.Step(RunState.Start(config.Key) with { Step = t - 1 }, rate);
                var (after, slots) = (Read(trainer.Parts[0].Model), Read(trainer.Parts[0].Slots));
                foreach (var (name, spec) in trainer.Stage.Objective.Parts[0].Model.Specs)
                    for (var i = 0; i < before[name].Length; i++)
                    {
                        double p = before[name][i], m = slots[$"m/{name}"][i], v = slots[$"v/{name}"][i];
                        // Slots began at 0, so that one gradient made them both: g² = (m / (1 − β₁))² = v / (1 − β₂).
                        Near(m * m / ((1 - config.Stage.Optimiser.Beta1) * (1 - config.Stage.Optimiser.Beta1)), v / (1 - config.Stage.Optimiser.Beta2), 1e-5);
                        var adam = m / (1 - Math.Pow(config.Stage.Optimiser.Beta1,
                            t)) / (Math.Sqrt(v / (1 - Math.Pow(config.Stage.Optimiser.Beta2, t))) + config.Stage.Optimiser.Epsilon);
                        Near(p - rate * (adam + (spec.Type.Rank > 1 ? config.Stage.Optimiser.WeightDecay * p : 0)), after[name][i], 1e-6);
                    }
                return 0;
            });

        static void Near(double expected, double actual, double tolerance) =>
            Assert.True(Math.Abs(expected - actual) <= tolerance * (1e-2 + Math.Abs(expected)), $"{expected} and not {actual}");
    }

    /// <summary>The gradient that a step works with is brought to the limit, with micro-batches as without; below it, it stays.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void A_gradient_is_clipped_to_its_limit(int accumulate)
    {
        double Norm(double clip) =>
            With(plain with { Stage = plain.Stage with { Accumulate = accumulate, Batch = 4 / accumulate,
                Optimiser = plain.Stage.Optimiser with { Clip = clip } } }, trainer =>
        {
            var reported = trainer.Step(RunState.Start(plain.Key), 0.01)!.Value.GradientNorm;
            Assert.Equal(Free(), reported, 1e-5);
            return Math.Sqrt(Read(trainer.Parts[0].Slots).Where(static s => s.Name.StartsWith("m/", StringComparison.Ordinal)).Sum(s =>
                s.Value.Sum(m => Math.Pow(m / (1 - plain.Stage.Optimiser.Beta1), 2))));
        });

        var free = Free();
        Assert.Equal(0.05, Norm(0.05), 1e-6);
        Assert.Equal(free / 2, Norm(free / 2), 1e-5);
        Assert.Equal(free, Norm(free * 1.01), 1e-5);
        Assert.Equal(free, Norm(0), 1e-5);

        static double Free() =>
            With(plain with { Stage = plain.Stage with { Accumulate = 1, Batch = 4, Optimiser = plain.Stage.Optimiser with { Clip = 0 } } }, static t =>
                (double)t.Step(RunState.Start(plain.Key), 0.01)!.Value.GradientNorm);
    }

    /// <summary>Any split of a batch into micro-batches makes the same step and reports the same numbers, clipped and smoothed.</summary>
    [Property(MaxTest = 20)]
    public void Any_split_of_a_batch_makes_the_same_step(PositiveInt seed, bool smooth, bool clips, byte order)
    {
        var config = plain with
        { Seed = seed.Get, Stage = plain.Stage with { LabelSmoothing = smooth ? 0.2 : 0, Batch = 6, Accumulate = 1,
            Source = plain.Stage.Source with { Order = (WindowOrder)(order % 3) }, Optimiser = plain.Stage.Optimiser with { Clip = clips ? 0.02 : 0 } } };
        var whole = With(config, Steps);
        foreach (var parts in (int[])[2, 3, 6])
        {
            var split = With(config with { Stage = config.Stage with { Batch = 6 / parts, Accumulate = parts } }, Steps);
            for (var i = 0; i < whole.Length; i++) Assert.True(Math.Abs(whole[i] - split[i]) < 2e-5,
                $"{parts} parts: number {i} is {split[i]} and not {whole[i]}");
        }

        float[] Steps(Trainer trainer)
        {
            var (state, numbers) = (RunState.Start(config.Key), new List<float>());
            for (var step = 0; step < 3; step++)
            {
                var outcome = trainer.Step(state, 0.02)!.Value;
                numbers.AddRange([outcome.Loss, outcome.GradientNorm, outcome.Tokens]);
                state = state with { Step = state.Step + 1, Place = outcome.Next };
            }
            return [.. numbers, .. Read(trainer.Parts[0].Model).Values.SelectMany(static v => v)];
        }
    }

    /// <summary>An evaluation is of the plain cross-entropy, whatever the run trains with.</summary>
    [Fact]
    public void An_evaluation_knows_neither_smoothing_nor_dropout()
    {
        double Score(RunConfig config) => With(config, static t => t.Measure()!.Value);
        var expected = Score(plain with { Stage = plain.Stage with { LabelSmoothing = 0 } });
        Assert.Equal(expected, Score(plain with { Stage = plain.Stage with { LabelSmoothing = 0.4 } }));
        Assert.Equal(expected, Score(plain with { Model = plain.Model with { Dropout = 0.5 } }));
        Assert.Equal(expected,
            Score(plain with { Stage = plain.Stage with { Accumulate = 1, Optimiser = plain.Stage.Optimiser with { Clip = 0, WeightDecay = 0 } } }));
    }

    /// <summary>The loss of a step is the smoothed cross-entropy of its batch under the parameters before it, in nats a token.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_step_reports_the_loss_before_it(int accumulate) => With(plain with { Stage = plain.Stage with { Accumulate = accumulate } }, trainer =>
    {
        var (state, model) = (RunState.Start(plain.Key), trainer.Stage.Objective.Parts[0].Model);
        var (before, shape) = (Read(trainer.Parts[0].Model), new BatchShape(plain.Stage.Batch * accumulate, plain.Model.Context));
        var batch = new Batch(shape.Rows, shape.Feed);
        trainer.Stage.Source.Fill(default, 0, batch);
        Value Tokens(string name) =>
            Value.Of(shape.Tokens, [.. Enumerable.Range(0, shape.Rows).SelectMany(row => batch.Ints(name, row).ToArray()).Select(static v => (double)v)]);
        var given = model.Specs.Select(s => (Names.Param(s.Name), Value.Of(s.Value.Type, [.. before[s.Name].Select(static v => (double)v)])))
            .Append((Names.Inputs, Tokens("inputs"))).Append((Names.Labels, Tokens("labels"))).ToDictionary(static g => g.Item1, static g => g.Item2);
        var loss = Objectives.NextToken(model, shape, plain.Stage.LabelSmoothing).Loss(training: true);
        var expected = Program.Of([new(Names.Loss, loss.Total.Mean)]).Evaluate(given)[Names.Loss][0];
        Assert.Equal(expected, trainer.Step(state, 0.02)!.Value.Loss, 1e-5);
        return 0;
    });
}
