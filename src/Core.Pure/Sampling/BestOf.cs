using Functional.Base;

namespace Functional.Sampling;

/// <summary>
/// Best of n: of n answers to a prompt the one that a judge gives most. What is true of n answers is known of fewer, too: every subset of them is as good a
/// draw, and the mean over all subsets has a closed form.
/// </summary>
public static class BestOf
{
    /// <summary>How many answers a curve looks at: 1, 2, 4, … and all of them.</summary>
    /// <param name="answers">How many there are, 1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are none.</exception>
    public static Vec<int> Sizes(int answers)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(answers, 1);
        var sizes = new List<int>();
        for (long k = 1; k < answers; k *= 2) sizes.Add((int)k);
        return [.. sizes, answers];
    }

    /// <summary>The first of the answers with the highest score; nothing where no score is a finite number.</summary>
    /// <param name="scores">What the judge gives each; one that is not finite is never the best.</param>
    public static int? Pick(IReadOnlyList<double> scores)
    {
        int? best = null;
        for (var i = 0; i < scores.Count; i++)
            if (double.IsFinite(scores[i]) && (best is not { } at || scores[i] > scores[at])) best = i;
        return best;
    }

    /// <summary>
    /// What the best of <paramref name="k"/> answers is worth in the mean, over all subsets of so many: of answers in the order of their scores, the i-th from
    /// below is the best of C(i, k − 1) of the C(n, k) subsets (as pass@k is estimated: Chen et al. 2021, "Evaluating large language models trained on code").
    /// Without bias, whatever n is; the order of the answers does not matter, for those with equal scores are the best equally often.
    /// </summary>
    /// <remarks>Answers without a score are never chosen: the mean is over subsets in which some answer has one. Takes n log n steps, and no large number.</remarks>
    /// <param name="scores">What the judge gives each answer, by which the best is chosen.</param>
    /// <param name="values">What each is worth, the same scores or other ones: finite wherever there is a score.</param>
    /// <param name="k">How many are looked at, 1 to all.</param>
    /// <returns>NaN where no answer has a score.</returns>
    /// <exception cref="ArgumentException">There are as many values as scores, or not so many answers.</exception>
    public static double Expected(IReadOnlyList<double> scores, IReadOnlyList<double> values, int k)
    {
        if (values.Count != scores.Count) throw new ArgumentException($"{scores.Count} scores are not {values.Count} values.", nameof(values));
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(k, scores.Count);
        int[] order = [.. Enumerable.Range(0, scores.Count).Where(i => double.IsFinite(scores[i])).OrderBy(i => scores[i])];
        var (below, sum, all, weight) = (scores.Count - order.Length, 0.0, 0.0, (double)k / scores.Count);
        for (var end = order.Length; end > 0 && weight > 0;)
        {
            var (first, group, worth) = (end, 0.0, 0.0);
            for (; first > 0 && scores[order[first - 1]] == scores[order[end - 1]]; first--)
            {
                (group, worth) = (group + weight, worth + values[order[first - 1]]);
                // Of C(i, k - 1) / C(n, k) the next below; nothing is the best of k where fewer than k - 1 are worse.
                var worse = below + first - 1;
                weight = worse == 0 ? 0 : weight * Math.Max(0, worse - k + 1) / worse;
            }
            (sum, all, end) = (sum + group * worth / (end - first), all + group, first);
        }
        return all > 0 ? sum / all : double.NaN;
    }

    /// <summary>
    /// How far the best of n can be from what draws them, in nats: log n − (n − 1) / n bounds the Kullback-Leibler divergence (Stiennon et al. 2020; proved as a
    /// bound by Beirami et al. 2024).
    /// </summary>
    /// <param name="n">1 or more.</param>
    public static double Kl(int n)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(n, 1);
        return Math.Log(n) - (n - 1.0) / n;
    }
}
