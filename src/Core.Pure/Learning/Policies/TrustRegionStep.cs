using Functional.Base;
using Functional.Compiling;
using Functional.Graphs;
using Functional.Layers;

namespace Functional.Learning;

/// <summary>How a step within a trust region is found.</summary>
public sealed record TrustOptions
{
    /// <summary>How far the policy may go in a step: the mean KL(old ‖ new) in nats a token, above 0.</summary>
    public double Bound { get; init; } = 0.01;

    /// <summary>Products with the Fisher matrix in the search for the step's direction, 1 or more.</summary>
    public int Iterations { get; init; } = 10;

    /// <summary>What of a direction is added to its product with the Fisher matrix, 0 or more.</summary>
    public double Damping { get; init; } = 0.1;

    /// <summary>How many lengths of the step are tried at most, each half of the one before, 1 or more.</summary>
    public int Tries { get; init; } = 10;

    /// <summary>Which share of the gain that the slope promises is enough, 0 or more.</summary>
    public double Share { get; init; } = 0.1;
}

public static partial class Programs
{
    /// <summary>
    /// A step of trust-region policy optimisation (Schulman et al. 2015) as one graph: the natural gradient F⁻¹g by conjugate gradients, as long as the bound allows to
    /// second order, then halved until what is measured keeps the bound and the surrogate gains; where no length does, nothing changes. Inputs: the parameters and the
    /// batch. Outputs: new parameters in place of the old; <c>loss</c>, before the step, <c>weight</c>, <c>grad_norm</c>, <c>grad_sq/NAME</c>; shown beside what the
    /// objective shows are the distance gone (<c>kl_step</c>), what the surrogate gained (<c>gain</c>), and what the full step was multiplied by (<c>step_scale</c>).
    /// Nothing drops out.
    /// </summary>
    /// <param name="objective">What is learned: minus the surrogate.</param>
    /// <param name="policy">Logits of each place, <c>[places, vocabulary]</c>, and which of them count, <c>[places]</c>.</param>
    /// <param name="options">How.</param>
    public static Program TrustRegion(Objective objective, Func<Scene, (Tensor Logits, Tensor Mask)> policy, TrustOptions options)
    {
        var (learned, loss) = (objective.Learned, objective.Loss(training: false));
        var at = learned.Map(static p => Create.Input(p.Name, p.Spec.Type));
        var read = objective.Numbers(scene => policy(scene) is var (logits, mask) ? [new("logits", logits), new("mask", mask)] : []).Outputs;
        var (old, counts) = (read[0].Value, read[1].Value);
        var uphill = Vjp.Gradients(loss.Total.Sum, at).Map(g => -g / loss.Total.Weight);
        Vec<Tensor> Times(Vec<Tensor> v) => Learning.TrustRegion.FisherTimes(old, counts, at, v, options.Damping);

        var direction = Conjugate(Times, uphill, options.Iterations);
        var curved = Dot(direction, Times(direction));
        var length = curved.Greater(Zero).Where((Create.Scalar(2 * options.Bound) / curved.Max(Create.Scalar(1e-30))).Sqrt(), Zero);
        var (promised, mean) = (Dot(uphill, direction) * length, loss.Total.Sum / loss.Total.Weight);
        var (scale, gone, gain) = (Zero, Zero, Zero);
        for (var (i, share) = (0, 1.0); i < options.Tries; i++, share /= 2)
        {
            var tried = length * share;
            var there = at.Map((p, k) => (p, Moved: p + direction[k] * tried)).ToDictionary(static p => p.p, static p => p.Moved);
            var moved = Graph.Substitute([loss.Total.Sum / loss.Total.Weight, old], there);
            var (gains, away) = (mean - moved[0], Distance(old, moved[1], counts));
            var good = scale.Greater(Zero).Not().And(away.Greater(Create.Scalar(options.Bound)).Not()).And(gains.Greater(Zero))
                .And(gains.Less(promised * (options.Share * share)).Not()).And(away.IsFinite()).And(gains.IsFinite());
            (scale, gone, gain) = (good.Where(tried, scale), good.Where(away, gone), good.Where(gains, gain));
        }
        var squares = uphill.Map(static g => (g * g).SumAll());
        var norm = squares.Aggregate(static (a, b) => a + b).Sqrt();
        var ok = mean.IsFinite().And(norm.IsFinite()).And(scale.Greater(Zero));
        Vec<Named> after = [.. learned.Select((p, i) => new Named(p.Name, ok.Where(at[i] + direction[i] * scale, at[i])))];
        return Program.Of(
            [
                .. after, new(Names.Loss, mean), new(Names.Weight, loss.Total.Weight), new(Names.GradientNorm, norm),
                .. loss.Shown.Select(static s => new Named(Names.Shown(s.Name), s.Value.Mean)),
                new(Names.Shown("kl_step"), gone), new(Names.Shown("gain"), gain), new(Names.Shown("step_scale"), scale / length.Max(Create.Scalar(1e-30))),
                .. learned.Select((p, i) => new Named(p.Part.GradientSquares(p.Spec.Name), squares[i])),
            ], after.Map(static p => new Donation(p.Name, p.Name)));
    }

    static Tensor Zero => Create.Scalar(0);

    // As TrustRegion.Conjugate, unrolled: where a direction has no curvature, or nothing is left, the solution stays.
    static Vec<Tensor> Conjugate(Func<Vec<Tensor>, Vec<Tensor>> times, Vec<Tensor> right, int iterations)
    {
        var (x, r, p) = (right.Map(static b => b.Like(0)), right, right);
        var squares = Dot(r, r);
        for (var i = 0; i < iterations; i++)
        {
            var product = times(p);
            var curvature = Dot(p, product);
            var step = curvature.Greater(Zero).And(squares.Greater(Create.Scalar(1e-20))).Where(squares / curvature.Max(Create.Scalar(1e-30)), Zero);
            (x, r) = (x.Map((a, k) => a + p[k] * step), r.Map((a, k) => a - product[k] * step));
            var next = Dot(r, r);
            var share = step.Greater(Zero).Where(next / squares.Max(Create.Scalar(1e-30)), Zero);
            (p, squares) = (r.Map((a, k) => a + p[k] * share), next);
        }
        return x;
    }

    static Tensor Dot(Vec<Tensor> a, Vec<Tensor> b) => a.Select((x, i) => (x * b[i]).SumAll()).Aggregate(static (s, t) => s + t);

    // The mean KL(old ‖ new) of the places that count.
    static Tensor Distance(Tensor old, Tensor moved, Tensor mask)
    {
        var log = old.LogSoftmax();
        var each = (log.Exp() * (log - moved.LogSoftmax())).Sum(-1).Reshape(mask.Shape);
        return mask.Greater(mask.Like(0.5)).Where(each, each.Like(0)).SumAll() / mask.SumAll().Max(Create.Scalar(1));
    }
}
