using Functional.Base;
using Functional.Graphs;

namespace Functional.Learning;

/// <summary>What an iteration toward the solution of linear equations came to.</summary>
/// <param name="Solution">x.</param>
/// <param name="Residual">The length of b − Ax.</param>
/// <param name="Iterations">How many products with A it took.</param>
public sealed record ConjugateSolution(Vec<double> Solution, double Residual, int Iterations);

/// <summary>Where a line search ended.</summary>
/// <param name="Scale">What the full step is multiplied by; 0 where no step was good.</param>
/// <param name="Tries">How many were looked at.</param>
public readonly record struct LineStep(double Scale, int Tries);

/// <summary>
/// The parts of trust-region policy optimisation (Schulman et al. 2015): a step along F⁻¹g, where F is the Fisher matrix, as long as the mean distance from the
/// old policy allows.
/// </summary>
public static class TrustRegion
{
    /// <summary>
    /// F · v without F: the second derivative of the mean KL(old ‖ π) at π = old, in the form of Gauss and Newton, Jᵀ (diag p − p pᵀ) J v / n, which never has a
    /// negative eigenvalue. J v is a gradient of a gradient, since the first is linear in its cotangent.
    /// </summary>
    /// <param name="logits">Of each place, <c>[places, vocabulary]</c>, as an expression of the parameters.</param>
    /// <param name="mask">1 for a place that counts, 0 for another, <c>[places]</c>.</param>
    /// <param name="parameters">What F is a matrix over: float inputs.</param>
    /// <param name="direction">v, of the parameters' types.</param>
    /// <param name="damping">What of v is added, 0 or more.</param>
    /// <returns>F · v + damping · v, of the parameters' types.</returns>
    /// <exception cref="ArgumentException">There are not as many directions as parameters, or a type differs.</exception>
    public static Vec<Tensor> FisherTimes(Tensor logits, Tensor mask, Vec<Tensor> parameters, Vec<Tensor> direction, double damping = 0)
    {
        if (parameters.Count != direction.Count || parameters.Zip(direction).Any(static p => p.Item1.Type != p.Item2.Type))
            throw new ArgumentException("a direction has the parameters' types.", nameof(direction));
        var cotangent = Create.Input("$cotangent", logits.Type);
        var pulled = Vjp.Pull(logits, cotangent, parameters);
        var along = pulled.Zip(direction).Select(static p => (p.Item1 * p.Item2).SumAll()).Aggregate(static (a, b) => a + b);
        // Linear in the cotangent: at 0 as anywhere.
        var pushed = Graph.Substitute(Vjp.Gradients(along, [cotangent]), new Dictionary<Tensor, Tensor> { [cotangent] = logits.Like(0) })[0];
        var p = logits.Softmax().StopGradient();
        var centred = p * (pushed - (p * pushed).Sum(-1));
        var weight = mask.Reshape(-1, 1) / mask.SumAll().Max(Create.Scalar(1));
        var back = Vjp.Pull(logits, centred * weight, parameters);
        return back.Map((b, i) => damping > 0 ? b + direction[i] * damping : b);
    }

    /// <summary>
    /// x with Ax = b for a symmetric matrix whose eigenvalues are above 0, of which only products are known (Hestenes and Stiefel 1952). It ends early where a
    /// direction has no curvature above 0.
    /// </summary>
    /// <param name="times">A · v.</param>
    /// <param name="right">b.</param>
    /// <param name="iterations">The most products, 0 or more; as many as b has numbers are enough but for rounding.</param>
    /// <param name="tolerance">The length of the residual beside that of b at which it is good enough.</param>
    public static ConjugateSolution Conjugate(Func<Vec<double>, Vec<double>> times, Vec<double> right, int iterations = 10, double tolerance = 1e-10)
    {
        var (x, r, p) = (right.Map(static _ => 0.0), right, right);
        var (squares, goal, done) = (Dot(r, r), tolerance * tolerance * Dot(right, right), 0);
        while (done < iterations && squares > goal)
        {
            var product = times(p);
            var curvature = Dot(p, product);
            if (!(curvature > 0)) break;
            done++;
            var step = squares / curvature;
            (x, r) = (Plus(x, p, step), Plus(r, product, -step));
            var next = Dot(r, r);
            (p, squares) = (Plus(r, p, next / squares), next);
        }
        return new(x, Math.Sqrt(squares), done);
    }

    /// <summary>What F⁻¹g is multiplied by so that half its square under F, the distance to second order, is the bound: √(2δ / xᵀFx); 0 where there is no curvature.</summary>
    /// <param name="direction">x, F⁻¹g.</param>
    /// <param name="curved">F · x.</param>
    /// <param name="bound">δ, in nats a place, above 0.</param>
    public static double Length(Vec<double> direction, Vec<double> curved, double bound) =>
        Dot(direction, curved) is > 0 and var curvature && double.IsFinite(curvature) ? Math.Sqrt(2 * bound / curvature) : 0;

    /// <summary>
    /// The longest of the steps 1, s, s², … that keeps the bound and gains at least a share of what the slope promises; 0 where none does. What is not a number is
    /// no gain and keeps no bound.
    /// </summary>
    /// <param name="measured">The gain of the objective and the distance from the old policy of a step.</param>
    /// <param name="expected">The gain that the slope promises of the full step.</param>
    /// <param name="bound">The largest distance.</param>
    /// <param name="shrink">s, in (0, 1).</param>
    /// <param name="share">Which share of what is promised is enough, 0 or more.</param>
    /// <param name="tries">The most steps.</param>
    public static LineStep Search(Func<double, (double Gain, double Distance)> measured, double expected, double bound, double shrink = 0.5, double share = 0.1,
        int tries = 10)
    {
        var scale = 1.0;
        for (var i = 1; i <= tries; i++, scale *= shrink)
            if (measured(scale) is var (gain, distance) && distance <= bound && gain > 0 && gain >= share * expected * scale) return new(scale, i);
        return new(0, tries);
    }

    static double Dot(Vec<double> a, Vec<double> b)
    {
        var sum = 0.0;
        for (var i = 0; i < a.Count; i++) sum += a[i] * b[i];
        return sum;
    }

    static Vec<double> Plus(Vec<double> a, Vec<double> b, double times) => a.Map((x, i) => x + times * b[i]);
}
