using Functional.Base;
using Functional.Graphs;
using Functional.Layers;

namespace Functional.Learning;

/// <summary>The transforms that optimisers are chains of, and the chains. g is the update that comes in, u the one that goes out.</summary>
public static class Optimisers
{
    /// <summary>
    /// Adam's scaling (Kingma &amp; Ba 2015): m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², u = (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε), as PyTorch.
    /// State: <c>m</c>, <c>v</c>. The corrections 1 − βᵗ are scalars of the step, in float32 exact to its last place at every t.
    /// </summary>
    public static GradientTransform ScaleByAdam(double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8)
    {
        var (first, second) = (Correction(beta1), Correction(beta2));
        return new(
            static spec => [new("m", spec.Type), new("v", spec.Type)],
            beta1 == beta2 ? [first] : [first, second],
            c =>
            {
                var m = c.Slots["m"] * beta1 + c.Update * (1 - beta1);
                var v = c.Slots["v"] * beta2 + c.Update * c.Update * (1 - beta2);
                var (unbias1, unbias2) = (1 / c.Scalar(first.Name), 1 / c.Scalar(second.Name));
                return new(m * unbias1 / ((v * unbias2).Sqrt() + epsilon), Params.Of(("m", m), ("v", v)));
            });
    }

    /// <summary>
    /// A running sum b ← μb + g (Polyak 1964); u = b, or with Nesterov's look-ahead u = g + μb, as PyTorch. State: <c>momentum</c>.
    /// </summary>
    public static GradientTransform Momentum(double decay, bool nesterov = false) => new(
        static spec => [new("momentum", spec.Type)],
        [],
        c =>
        {
            var sum = c.Slots["momentum"] * decay + c.Update;
            return new(nesterov ? c.Update + sum * decay : sum, Params.Of(("momentum", sum)));
        });

    /// <summary>u = g + decay · parameter, for parameters that decay.</summary>
    public static GradientTransform AddDecayedWeights(double decay) => AddDecayedWeights(spec => spec.Decays ? decay : 0);

    /// <summary>u = g + decay · parameter, each parameter with its own decay.</summary>
    public static GradientTransform AddDecayedWeights(Func<ParamSpec, double> decay) =>
        GradientTransform.Stateless(c => decay(c.Spec) is var own && own != 0 ? c.Update + c.Param * own : c.Update);

    /// <summary>u = −lr · g, with the learning rate of the step.</summary>
    public static GradientTransform ScaleByLearningRate() => GradientTransform.Stateless(static c => c.Update * -c.Scalar("lr"));

    /// <summary>u = factor · g.</summary>
    public static GradientTransform Scale(double factor) => GradientTransform.Stateless(c => c.Update * factor);

    /// <summary>u = factor · g for some parameters, and g for the rest: behind an optimiser, they have so many times its rate.</summary>
    /// <param name="some">Which parameters.</param>
    /// <param name="factor">The factor.</param>
    public static GradientTransform ScaleSome(Func<ParamSpec, bool> some, double factor) =>
        factor == 1 ? GradientTransform.Identity : GradientTransform.Where(some, Scale(factor), GradientTransform.Identity);

    /// <summary>u = g with every element brought into [−limit, limit].</summary>
    public static GradientTransform ClipByValue(double limit) => limit > 0
        ? GradientTransform.Stateless(c => c.Update.Min(c.Update.Like(limit)).Max(c.Update.Like(-limit)))
        : throw new ArgumentException($"a limit must be above 0; given {limit}.");

    /// <summary>Stochastic gradient descent, with momentum and decay (added to the gradient) if wanted, as PyTorch's SGD.</summary>
    /// <param name="momentum">In [0, 1); 0 for none.</param>
    /// <param name="nesterov">Whether to look ahead.</param>
    /// <param name="decay">The weight decay.</param>
    public static GradientTransform Sgd(double momentum = 0, bool nesterov = false, double decay = 0) => GradientTransform.Chain(
    [
        .. decay == 0 ? Array.Empty<GradientTransform>() : [AddDecayedWeights(decay)],
        .. momentum == 0 ? Array.Empty<GradientTransform>() : [Momentum(momentum, nesterov)],
        ScaleByLearningRate(),
    ]);

    /// <summary>Adam (Kingma &amp; Ba 2015).</summary>
    public static GradientTransform Adam(double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8) =>
        ScaleByAdam(beta1, beta2, epsilon).Then(ScaleByLearningRate());

    /// <summary>Adam with decoupled weight decay (Loshchilov &amp; Hutter 2019): p ← p − lr (adam + decay · p).</summary>
    public static GradientTransform AdamW(double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double decay = 0.01) =>
        GradientTransform.Chain(ScaleByAdam(beta1, beta2, epsilon), AddDecayedWeights(decay), ScaleByLearningRate());

    /// <summary>
    /// Lion's direction (Chen et al. 2023, "Symbolic discovery of optimization algorithms"): u = sign(β₁m + (1 − β₁)g), m ← β₂m + (1 − β₂)g. State:
    /// <c>m</c>. Every element moves by as much, so rates are 3 to 10 times smaller than Adam's, and decay is as much larger.
    /// </summary>
    public static GradientTransform ScaleByLion(double beta1 = 0.9, double beta2 = 0.99) => new(
        static spec => [new("m", spec.Type)],
        [],
        c =>
        {
            var (m, look) = (c.Slots["m"], c.Slots["m"] * beta1 + c.Update * (1 - beta1));
            var sign = look.Greater(look.Like(0)).Where(look.Like(1), look.Less(look.Like(0)).Where(look.Like(-1), look.Like(0)));
            return new(sign, Params.Of(("m", m * beta2 + c.Update * (1 - beta2))));
        });

    /// <summary>Lion with decoupled weight decay: p ← p − lr (sign + decay · p).</summary>
    public static GradientTransform Lion(double beta1 = 0.9, double beta2 = 0.99, double decay = 0) =>
        GradientTransform.Chain(ScaleByLion(beta1, beta2), AddDecayedWeights(decay), ScaleByLearningRate());

    /// <summary>
    /// AdEMAMix's scaling (Pagliardini et al. 2024): Adam's with a second, much longer memory of gradients m₂ ← β₃m₂ + (1 − β₃)g beside the first,
    /// u = (m / (1 − β₁ᵗ) + α m₂) / (√(v / (1 − β₂ᵗ)) + ε). Over the first steps α grows from 0, and β₃ from β₁ so that the memory's half-life grows evenly. State:
    /// <c>m</c>, <c>m2</c>, <c>v</c>.
    /// </summary>
    /// <param name="beta1">The short memory, in [0, 1).</param>
    /// <param name="beta2">The memory of squares.</param>
    /// <param name="beta3">The long memory, at least the short one.</param>
    /// <param name="alpha">What the long memory counts.</param>
    /// <param name="steps">Steps until α and β₃ are what is said; 0 for at once.</param>
    /// <param name="epsilon">Keeps from dividing by nothing.</param>
    public static GradientTransform ScaleByAdEMAMix(double beta1 = 0.9, double beta2 = 0.999, double beta3 = 0.9999, double alpha = 5, long steps = 0, double epsilon = 1e-8)
    {
        double Share(long t) => steps <= 0 ? 1 : Math.Min(1, (double)t / steps);
        StepScalar memory = new("ademamix-beta3", t => beta1 == 0 || beta3 == 0 ? beta3
            : Math.Min(beta3, Math.Exp(Math.Log(beta1) * Math.Log(beta3) / ((1 - Share(t)) * Math.Log(beta3) + Share(t) * Math.Log(beta1)))));
        StepScalar part = new("ademamix-alpha", t => alpha * Share(t));
        var (first, second) = (Correction(beta1), Correction(beta2));
        return new(
            static spec => [new("m", spec.Type), new("m2", spec.Type), new("v", spec.Type)],
            [.. beta1 == beta2 ? [first] : (StepScalar[])[first, second], memory, part],
            c =>
            {
                var (kept, share) = (c.Scalar(memory.Name), c.Scalar(part.Name));
                var m = c.Slots["m"] * beta1 + c.Update * (1 - beta1);
                var m2 = c.Slots["m2"] * kept + c.Update * (1 - kept);
                var v = c.Slots["v"] * beta2 + c.Update * c.Update * (1 - beta2);
                var (unbias1, unbias2) = (1 / c.Scalar(first.Name), 1 / c.Scalar(second.Name));
                return new((m * unbias1 + m2 * share) / ((v * unbias2).Sqrt() + epsilon), Params.Of(("m", m), ("m2", m2), ("v", v)));
            });
    }

    /// <summary>AdEMAMix with decoupled weight decay.</summary>
    public static GradientTransform AdEMAMix(double beta1 = 0.9, double beta2 = 0.999, double beta3 = 0.9999, double alpha = 5, long steps = 0, double epsilon = 1e-8,
        double decay = 0.01) =>
        GradientTransform.Chain(ScaleByAdEMAMix(beta1, beta2, beta3, alpha, steps, epsilon), AddDecayedWeights(decay), ScaleByLearningRate());

    /// <summary>
    /// The mean of a parameter's values after each step, the later the heavier: a ← decay · a + (1 − decay)(p + u), s ← decay · s + 1 − decay, u unchanged; the mean is
    /// a / s (Polyak &amp; Juditsky 1992, as an exponential mean), whatever steps were skipped. State: <c>average</c>, <c>average.share</c>. Stands at the end of a
    /// chain, whose update is what is added.
    /// </summary>
    /// <param name="decay">In [0, 1).</param>
    public static GradientTransform Averaged(double decay) => new(
        static spec => [new(Average, spec.Type), new(AverageShare, new([]))],
        [],
        c => new(c.Update, Params.Of((Average, c.Slots[Average] * decay + (c.Param + c.Update) * (1 - decay)),
            (AverageShare, c.Slots[AverageShare] * decay + (1 - decay)))));

    /// <summary>What <see cref="Averaged"/> calls the sum of its mean.</summary>
    public const string Average = "average";

    /// <summary>What <see cref="Averaged"/> calls what its sum has to be divided by; 0 before the first step.</summary>
    public const string AverageShare = "average.share";

    static StepScalar Correction(double beta) => new(FormattableString.Invariant($"1-{beta:R}^t"), t => OneMinusPower(beta, t));

    // 1 − βᵗ = (1 − β)(1 + β + … + βᵗ⁻¹): by squaring, without the cancellation of the difference.
    static double OneMinusPower(double beta, long t)
    {
        var (result, gap, power) = (0.0, 1 - beta, beta);
        for (; t > 0; t >>= 1)
        {
            // 1 − ab = (1 − a) + a(1 − b), and 1 − a² = (1 − a)(1 + a).
            if ((t & 1) == 1) result = gap + power * result;
            (gap, power) = (gap * (1 + power), power * power);
        }
        return result;
    }
}
