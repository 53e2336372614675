using FsCheck;

namespace Functional.Tests.Properties.Learning;

/// <summary>The loss's scale is a small machine: halved by an overflow, doubled by patience, and nothing else changes with it.</summary>
public sealed class LossScaleLaws
{
    static readonly DecoderConfig tiny = new() { Layers = 1, Heads = 1, Width = 8, Context = 4, Vocabulary = 5, TiedHead = false };
    static readonly Models.Model model = Models.Transformer.Of(tiny);
    static readonly BatchShape batch = new(2, 4);
    static readonly Objective half = Objectives.NextToken(model, batch) with { Precision = new(DType.F16) };

    static Dictionary<string, Value> Given(ulong seed, double scale, double steps, double weights = 0.4) => Runs.Parameters(model, seed, weights)
        .With((Names.Inputs, Runs.Tokens(batch, 5, seed)), (Names.Labels, Runs.Labels(batch, 5, seed)),
            ("slot/loss_scale/scale", Value.Scalar(scale)), ("slot/loss_scale/steps", Value.Scalar(steps)))
        .With(Runs.Scalars(Programs.StepScalars(Optimisers.Sgd(), 1, 0.5)));

    static IReadOnlyDictionary<string, Value> Step(Dictionary<string, Value> given) => Programs.Step(half, Optimisers.Sgd(), GradientClip.None).Evaluate(given);

    /// <summary>Any row of overflows and good steps leads where the machine says, from every scale, the first of a run, the least and the largest among them.</summary>
    [Property(MaxTest = 30)]
    public void The_machine_is_the_one_that_is_told_of(bool[] fits, byte begin)
    {
        var after = Program.Of(LossScale.After(half, Create.Input("fits", [], DType.Bool)));
        for (var power = -1; power < 16; power++)
        {
            var (scale, steps) = (power < 0 ? 0.0 : Math.ScaleB(1, power), (double)(LossScale.Growth - 1 - begin % 4));
            foreach (var fit in fits)
            {
                var result = after.Evaluate(new Dictionary<string, Value>
                {
                    ["slot/loss_scale/scale"] = Value.Scalar(scale), ["slot/loss_scale/steps"] = Value.Scalar(steps), ["fits"] = new(new([], DType.Bool), [fit ? 1 : 0]),
                });
                var now = scale == 0 ? 4096 : scale;
                (scale, steps) = !fit ? (Math.Max(1, now / 2), 0) : steps + 1 >= LossScale.Growth ? (Math.Min(32768, now * 2), 0) : (now, steps + 1);
                Assert.Equal((scale, steps), (result["slot/loss_scale/scale"][0], result["slot/loss_scale/steps"][0]));
            }
        }
    }

    /// <summary>What is not in F16 has no such states, and what is has them with the first part that learns.</summary>
    [Fact]
    public void Only_f16_has_a_scale()
    {
        Assert.Equal(["slot/loss_scale/scale", "slot/loss_scale/steps"], Programs.Slots(half, Optimisers.Sgd()).Names);
        Assert.Empty(Programs.Slots(half with { Precision = new(DType.BF16) }, Optimisers.Sgd()).Names);
        Assert.Null(LossScale.Of(half with { Precision = null }));
    }

    /// <summary>An overflow at a scale above 1 changes no weight, is no failure, and halves the scale; at 1 the norm tells.</summary>
    [Theory]
    [InlineData(32768, 1000, true), InlineData(64, 1000, false), InlineData(2, 1e9, true), InlineData(1, 1e9, false)]
    public void An_overflow_is_skipped(double scale, double slope, bool skipped)
    {
        // A loss of 0 whose gradient by a product is the slope: half precision holds it times the scale, or not.
        var steep = new Objective([new Part("", model)], half.Feed, scene =>
        {
            var product = scene.Of("")["tokens"].MatMul(scene.Of("")["tokens"].T().StopGradient());
            return new WeightedSum((product - product.StopGradient()).SumAll() * slope, Create.Scalar(1));
        }) with { Precision = new(DType.F16) };
        var given = Given(3, scale, 7);
        var after = Programs.Step(steep, Optimisers.Sgd(), GradientClip.None).Evaluate(given);
        Assert.Equal(0, after[Names.Loss][0]);
        if (scale * slope < 65504)
        {
            Assert.True(Runs.LargestDifference(given["param/tokens"], after["param/tokens"]) > 0);
            Assert.Equal((0.0, scale, 8.0), (after[Names.Shown("skipped")][0], after["slot/loss_scale/scale"][0], after["slot/loss_scale/steps"][0]));
            return;
        }
        foreach (var p in half.Learned) Runs.Close(given[p.Name], after[p.Name], 0, p.Name);
        Assert.Equal(skipped ? 1 : 0, after[Names.Shown("skipped")][0]);
        Assert.Equal(scale, after[Names.Shown(Names.LossScale)][0]);
        Assert.Equal((Math.Max(1, scale / 2), 0.0), (after["slot/loss_scale/scale"][0], after["slot/loss_scale/steps"][0]));
        if (skipped) Assert.Equal(0, after[Names.GradientNorm][0]);
        else Assert.False(double.IsFinite(after[Names.GradientNorm][0]));
    }

    /// <summary>Scales are taken out again: an update is that of another scale, but for what half precision loses near 0.</summary>
    [Property(MaxTest = 20)]
    public void Updates_do_not_depend_on_the_scale(ulong seed)
    {
        var (a, b) = (Step(Given(seed, 256, 0)), Step(Given(seed, 1024, 0)));
        foreach (var p in half.Learned) Runs.Close(a[p.Name], b[p.Name], 1e-4, p.Name);
        Assert.Equal(a[Names.GradientNorm][0], b[Names.GradientNorm][0], 1e-3);
        Assert.Equal((0.0, 1.0), (a[Names.Shown("skipped")][0], a["slot/loss_scale/steps"][0]));
    }

    /// <summary>Norms, those of single gradients among them, and the limit on them are without the scale: nearly those of float32.</summary>
    [Property(MaxTest = 10)]
    public void A_limit_is_on_what_is_left_without_the_scale(ulong seed)
    {
        var given = Given(seed, 1024, 0);
        var (scaled, plain) = (Of(half), Of(half with { Precision = null }));
        foreach (var p in half.Learned)
        {
            Runs.Close(plain[p.Name], scaled[p.Name], 0.01, p.Name);
            var square = p.Part.GradientSquares(p.Spec.Name);
            Assert.Equal(plain[square][0], scaled[square][0], 0.02 * (1 + plain[square][0]));
        }
        Assert.Equal(plain[Names.GradientNorm][0], scaled[Names.GradientNorm][0], 0.02 * plain[Names.GradientNorm][0]);

        IReadOnlyDictionary<string, Value> Of(Objective objective) => Programs.Step(objective, Optimisers.Sgd(), GradientClip.To(0.5)).Evaluate(given);
    }

    /// <summary>A micro-batch that overflows leaves nothing behind: the step is skipped, and the sums of the next begin at 0.</summary>
    [Theory, InlineData(double.PositiveInfinity), InlineData(double.NaN)]
    public void Sums_that_overflowed_are_cleared(double sum)
    {
        var (optimiser, one) = (Optimisers.Sgd(0.9).Then(Optimisers.Averaged(0.9)), half.Learned[0]);
        var given = Runs.Zeros(Programs.Slots(half, optimiser)).With(Given(3, 512, 3));
        var sums = Programs.Accumulate(half).Evaluate(given.With(Runs.Zeros(Programs.Accumulators(half))));
        var name = one.Part.Gradient(one.Spec.Name);
        var applied = Programs.Apply(half, optimiser, GradientClip.None).Evaluate(given.With(sums).With((name, Runs.Changed(sums[name], (e, i) => i == 0 ? sum : e))));
        foreach (var accumulator in Programs.Accumulators(half).Names) Assert.All(applied[accumulator].Items.ToArray(), static e => Assert.Equal(0, e));
        foreach (var p in half.Learned) Runs.Close(given[p.Name], applied[p.Name], 0, p.Name);
        foreach (var slot in optimiser.Slots(one.Spec)) Assert.All(applied[one.Part.Slot(slot.Name, one.Spec.Name)].Items.ToArray(), static e => Assert.Equal(0, e));
        Assert.Equal((256.0, 0.0, 1.0), (applied["slot/loss_scale/scale"][0], applied["slot/loss_scale/steps"][0], applied[Names.Shown("skipped")][0]));
    }

    /// <summary>Micro-batches add up to the same step, scale included.</summary>
    [Property(MaxTest = 10)]
    public void Micro_batches_use_the_same_scale(ulong seed)
    {
        var given = Given(seed, 512, 3);
        var whole = Step(given);
        var sums = Programs.Accumulate(half).Evaluate(given.With(Runs.Zeros(Programs.Accumulators(half))));
        var applied = Programs.Apply(half, Optimisers.Sgd(), GradientClip.None).Evaluate(given.With(sums));
        foreach (var (name, value) in whole) Runs.Close(value, applied[name], 1e-9, name);
    }
}
