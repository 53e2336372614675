using System.Text;
using Functional.Base;
using Functional.Graphs;
using Functional.Learning;
using Functional.Meaning;

namespace Functional.Samples;

/// <summary>Lesson 19: TRPO in a page. How far a step goes is measured in what the policy does, and not in its parameters.</summary>
public static class TrustedStep
{
    // What three tokens are worth beside what was expected, and a policy that hardly ever draws the best.
    internal static readonly double[] advantages = [-0.2, 0.1, 2], start = [2, 1, -2];

    /// <summary>The lesson.</summary>
    public static string Text()
    {
        const double Bound = 0.05;
        var (gradient, natural) = (Gradient(start), Natural(start));
        var step = Step(start, Bound);
        var text = new StringBuilder("""
            A trusted step
            ==============
            A gradient says where to go and not how far: the same change of a parameter may change what the policy does a lot, or not at all.
            TRPO (Schulman et al. 2015) bounds the step by what it does, KL(old ‖ new) ≤ δ, and asks for the best within:

            1. g: the gradient of the expected advantage, Σ π A.
            2. F: the second derivative of the KL, Fisher's matrix; to second order the KL of a step x is ½ xᵀFx. Only products F v are needed,
               each a gradient of a gradient, and conjugate gradients solve F x = g from a few of them.
            3. The natural direction x = F⁻¹g, as long as √(2δ / xᵀFx), so that ½ of its square under F is δ.
            4. Second order is not the truth: half the step, and half again, until the KL keeps the bound and the gain is there.

            Three tokens, δ = 0.05:

                  token  before  advantage  gradient  natural   after

            """);
        var after = Softmax(step.After);
        for (var i = 0; i < 3; i++)
            text.Append(FormattableString.Invariant($"      {i + 1}      {Softmax(start)[i]:0.000}  {advantages[i],9:+0.0;-0.0}  {gradient[i],8:+0.0000;-0.0000} {natural[i],8:+0.000;-0.000}   {after[i]:0.000}  "))
                .Append(new string('█', (int)Math.Round(40 * after[i]))).Append('\n');
        text.Append(FormattableString.Invariant($"""

               The best token is drawn in {Softmax(start)[2]:P1} of cases, so its gradient is small. At the same KL of {step.Kl:0.0000}, to which the line search
               came after {step.Tries} {(step.Tries == 1 ? "try" : "tries")}, a step along the gradient gains {Gain(Plain(step.Kl)):0.000}, the natural one {step.Gain:0.000}. The law: whatever the
               advantages are, the KL of a step is never above δ.

            Exercise: how much smaller is a step under a bound that is four times smaller, to second order?

            """));
        return text.ToString();
    }

    /// <summary>A step, its KL and its gain.</summary>
    /// <param name="After">The logits after it.</param>
    /// <param name="Full">How long the full step is.</param>
    /// <param name="Kl">KL(old ‖ new).</param>
    /// <param name="Gain">How much the expected advantage grows.</param>
    /// <param name="Tries">How many lengths were tried.</param>
    public sealed record Taken(double[] After, double Full, double Kl, double Gain, int Tries);

    /// <summary>The step from some logits under a bound.</summary>
    public static Taken Step(double[] from, double bound)
    {
        var (g, x) = (Gradient(from), Natural(from));
        var length = TrustRegion.Length(x, Times(from, x), bound);
        double[] At(double scale) => [.. from.Select((logit, i) => logit + scale * length * x[i])];
        var line = TrustRegion.Search(scale => (Worth(At(scale)) - Worth(from), Distance(from, At(scale))), length * g.Zip(x, static (a, b) => a * b).Sum(), bound);
        return new(At(line.Scale), length, Distance(from, At(line.Scale)), Worth(At(line.Scale)) - Worth(from), line.Tries);
    }

    // The step along the gradient that goes as far, by what the policy does; more goes further.
    internal static double[] Plain(double distance)
    {
        double[] At(double scale) => [.. start.Zip(Gradient(start), (logit, g) => logit + scale * g)];
        var (low, high) = (0.0, 1000.0);
        for (var i = 0; i < 60; i++) (low, high) = Distance(start, At((low + high) / 2)) < distance ? ((low + high) / 2, high) : (low, (low + high) / 2);
        return At(low);
    }

    internal static double Gain(double[] logits) => Worth(logits) - Worth(start);

    internal static double[] Softmax(double[] logits) => logits.Select(static l => Math.Exp(l)).ToArray() is var e ? [.. e.Select(v => v / e.Sum())] : [];

    static double Worth(double[] logits) => Softmax(logits).Zip(advantages, static (p, a) => p * a).Sum();

    static double Distance(double[] old, double[] now) => Softmax(old).Zip(Softmax(now), static (p, q) => p * Math.Log(p / q)).Sum();

    static Vec<double> Gradient(double[] logits) => Softmax(logits) is var p ? [.. p.Select((v, i) => v * (advantages[i] - p.Zip(advantages, static (a, b) => a * b).Sum()))] : [];

    static Vec<double> Natural(double[] logits) => TrustRegion.Conjugate(v => Times(logits, v), Gradient(logits)).Solution;

    // A little of the identity: logits that are all shifted alike change nothing, and F knows nothing of that direction.
    static Vec<double> Times(double[] logits, Vec<double> direction)
    {
        var (input, along) = (Create.Input("logits", [1, 3]), Create.Input("v", [1, 3]));
        var product = TrustRegion.FisherTimes(input, Create.Fill(1, [1]), [input], [along], damping: 1e-6)[0];
        var result = Compiling.Program.Of([new("Fv", product)]).Evaluate(new Dictionary<string, Value>
        {
            ["logits"] = Value.Of(new([1, 3]), logits), ["v"] = Value.Of(new([1, 3]), [.. direction]),
        })["Fv"];
        return [result[0], result[1], result[2]];
    }
}
