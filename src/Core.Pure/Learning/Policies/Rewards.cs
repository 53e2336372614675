using Functional.Base;

namespace Functional.Learning;

/// <summary>Rewards of answers and of their tokens.</summary>
public static class Rewards
{
    /// <summary>Several rewards of each answer as one: their weighted sum. A reward that is NaN is left out; NaN where an answer has none.</summary>
    /// <param name="kinds">Of each kind those of all answers.</param>
    /// <param name="weights">What each kind counts.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static Vec<double> Sum(Vec<Vec<double>> kinds, Vec<double> weights)
    {
        Advantages.SameLength(kinds.Count, weights.Count);
        Advantages.SameLength([.. kinds.Select(static k => k.Count)]);
        return kinds.Count == 0 ? [] : kinds[0].Map((_, i) => kinds.All(k => double.IsNaN(k[i])) ? double.NaN
            : kinds.Select((k, at) => double.IsNaN(k[i]) ? 0 : weights[at] * k[i]).Sum());
    }

    /// <summary>
    /// The rewards of an answer's tokens: each costs its distance from the reference (Ziegler et al. 2019), and the answer's reward stands at its last token.
    /// </summary>
    /// <param name="reward">The answer's reward.</param>
    /// <param name="policy">log π of each token when it was drawn.</param>
    /// <param name="reference">log π_ref of each token.</param>
    /// <param name="counts">Which tokens count; the others have no reward.</param>
    /// <param name="coefficient">What a nat costs.</param>
    /// <param name="estimator">How the distance is estimated.</param>
    /// <param name="behind">
    /// Whether the answer's reward stands one place behind its last token where the row has one, as TRL's PPO has it, whose values are asked there, too
    /// (<see cref="ValueOptions.Longer"/>).
    /// </param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static Vec<double> OfTokens(double reward, Vec<double> policy, Vec<double> reference, Vec<bool> counts, double coefficient,
        KlEstimator estimator = KlEstimator.K1, bool behind = false)
    {
        Advantages.SameLength(policy.Count, reference.Count, counts.Count);
        var last = counts.Count - 1;
        while (last >= 0 && !counts[last]) last--;
        var at = behind && last >= 0 && last + 1 < counts.Count ? last + 1 : last;
        return counts.Map((c, t) => (c ? -coefficient * Kl.Of(estimator, policy[t], reference[t]) : 0) + (t == at ? reward : 0));
    }
}
