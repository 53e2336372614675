using Functional.Base;
using Functional.Dialogues;

namespace Functional.Sampling;

/// <summary>Self-consistency: of several answers the one that most of them give (Wang et al. 2022, "Self-consistency improves chain of thought reasoning").</summary>
public static class Vote
{
    /// <summary>What an answer counts, where likelier ones count more: the geometric mean of its tokens' probabilities, in (0, 1].</summary>
    /// <param name="meanLogProb">The mean logarithm of the probability with which each token was drawn.</param>
    public static double Weight(double meanLogProb) => Math.Exp(meanLogProb);

    /// <summary>The form in which answers are the same: <see cref="AnswerMatch.Plain"/>.</summary>
    public static string Normal(string answer) => AnswerMatch.Plain(answer);

    /// <summary>The first answer of those that have most together; of such groups with as much, the one that is seen first. Nothing where nobody votes.</summary>
    /// <param name="answers">What each says, in the form in which answers are the same.</param>
    /// <param name="weights">What each counts, 0 or more.</param>
    public static int? Of(IReadOnlyList<string> answers, IReadOnlyList<double> weights)
    {
        Same(answers.Count, weights.Count);
        return answers.Count == 0 ? null : Winners(answers, weights, 0, [answers.Count])[0];
    }

    /// <summary>
    /// What the majority of <paramref name="sizes"/> answers is worth in the mean, over every run of so many neighbours, the first behind the last: each is as
    /// good a draw. Of one answer it is the mean of all; of all of them only who is seen first in a tie changes.
    /// </summary>
    /// <param name="answers">What each says, in the form in which answers are the same.</param>
    /// <param name="weights">What each counts, 0 or more.</param>
    /// <param name="values">What each is worth.</param>
    /// <param name="sizes">How many vote, each 1 to all, the fewest first. Takes answers · the last of them steps.</param>
    /// <returns>One number for each size.</returns>
    public static Vec<double> Expected(IReadOnlyList<string> answers, IReadOnlyList<double> weights, IReadOnlyList<double> values, Vec<int> sizes)
    {
        Same(answers.Count, weights.Count);
        Same(answers.Count, values.Count);
        if (sizes.Any(k => k < 1 || k > answers.Count)) throw new ArgumentOutOfRangeException(nameof(sizes), sizes, $"of {answers.Count} answers 1 to all vote.");
        var sums = new double[sizes.Count];
        for (var start = 0; start < answers.Count; start++)
        {
            var winners = Winners(answers, weights, start, sizes);
            for (var i = 0; i < sums.Length; i++) sums[i] += values[winners[i]];
        }
        return [.. sums.Select(sum => sum / answers.Count)];
    }

    // Who wins when the first so many behind a start have voted. A group's first answer stands for it.
    static int[] Winners(IReadOnlyList<string> answers, IReadOnlyList<double> weights, int start, Vec<int> sizes)
    {
        var (groups, winners) = (new Dictionary<string, (int First, int Rank, double Weight)>(StringComparer.Ordinal), new int[sizes.Count]);
        var best = (First: -1, Rank: -1, Weight: -1.0);
        for (int i = 0, size = 0; size < sizes.Count; i++)
        {
            var at = (start + i) % answers.Count;
            var group = groups.TryGetValue(answers[at], out var known) ? known with { Weight = known.Weight + weights[at] } : (First: at, Rank: groups.Count, Weight: weights[at]);
            groups[answers[at]] = group;
            // Weights only grow, so that the best so far loses to this group alone.
            if (group.Weight > best.Weight || (group.Weight == best.Weight && group.Rank < best.Rank) || group.Rank == best.Rank) best = group;
            while (size < sizes.Count && sizes[size] == i + 1) winners[size++] = best.First;
        }
        return winners;
    }

    static void Same(int answers, int others)
    {
        if (answers != others) throw new ArgumentException($"{answers} answers are not {others}.");
    }
}
