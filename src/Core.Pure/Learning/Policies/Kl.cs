using Functional.Base;
using Functional.Graphs;

namespace Functional.Learning;

/// <summary>What says from log-probabilities of a drawn token how far a policy is from another (Schulman 2020), with d = log π − log π_ref.</summary>
public enum KlEstimator
{
    /// <summary>e⁻ᵈ − 1 + d: never below 0, its expectation is KL(π ‖ π_ref).</summary>
    K3,
    /// <summary>d: its expectation is KL(π ‖ π_ref), each one may be of either sign.</summary>
    K1,
    /// <summary>½ d²: nearly KL(π ‖ π_ref) where both are near, with its gradient.</summary>
    K2,
    /// <summary>|d|.</summary>
    Abs,
}

/// <summary>Estimates of KL(π ‖ π_ref).</summary>
public static class Kl
{
    /// <summary>Of one token.</summary>
    /// <param name="estimator">Which.</param>
    /// <param name="policy">log π.</param>
    /// <param name="reference">log π_ref.</param>
    public static double Of(KlEstimator estimator, double policy, double reference)
    {
        var d = policy - reference;
        return estimator switch
        {
            KlEstimator.K1 => d,
            KlEstimator.K2 => d * d / 2,
            KlEstimator.Abs => Math.Abs(d),
            _ => Math.Exp(-d) - 1 + d,
        };
    }

    /// <summary>Of each token, as an expression; the third grows no further than to e²⁰, where a number that it is weighed by would no longer fit in a float.</summary>
    public static Tensor Of(KlEstimator estimator, Tensor policy, Tensor reference)
    {
        var d = policy - reference;
        return estimator switch
        {
            KlEstimator.K1 => d,
            KlEstimator.K2 => d.Square() * 0.5,
            KlEstimator.Abs => d.Abs(),
            _ => (-d).Min(d.Like(20)).Exp() - 1 + d,
        };
    }

    /// <summary>The sum over an answer's tokens.</summary>
    /// <param name="estimator">Which.</param>
    /// <param name="policy">log π of each token.</param>
    /// <param name="reference">log π_ref of each token.</param>
    /// <param name="counts">Which tokens count.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static double Sum(KlEstimator estimator, Vec<double> policy, Vec<double> reference, Vec<bool> counts)
    {
        Advantages.SameLength(policy.Count, reference.Count, counts.Count);
        var sum = 0.0;
        for (var t = 0; t < counts.Count; t++) sum += counts[t] ? Of(estimator, policy[t], reference[t]) : 0;
        return sum;
    }
}

/// <summary>What the distance from the reference costs in rewards, as it is now (Ziegler et al. 2019).</summary>
/// <param name="Coefficient">What a nat of it costs, 0 or more.</param>
public sealed record KlControl(double Coefficient)
{
    /// <summary>The distance that is wished, in nats an answer, above 0; nothing for a coefficient that stays.</summary>
    public double? Target { get; init; }

    /// <summary>In how many answers the coefficient may grow by a fifth, above 0.</summary>
    public double Horizon { get; init; } = 10000;

    /// <summary>
    /// After some answers: where they are further away than is wished the coefficient grows, else it falls, by at most a fifth · answers / horizon. It is never below 0.
    /// </summary>
    /// <param name="kl">The mean distance of the answers, in nats.</param>
    /// <param name="answers">How many there were.</param>
    public KlControl After(double kl, int answers) => Target is { } target && double.IsFinite(kl)
        ? this with { Coefficient = Coefficient * Math.Max(0, 1 + Math.Clamp(kl / target - 1, -0.2, 0.2) * answers / Horizon) }
        : this;
}
