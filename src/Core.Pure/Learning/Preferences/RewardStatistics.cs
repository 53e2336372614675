using Functional.Base;

namespace Functional.Learning;

/// <summary>An answer as a model judges it.</summary>
/// <param name="Reward">What the model gives it, finite.</param>
/// <param name="Length">How many tokens it has, its end included and its prompt not.</param>
public readonly record struct RewardedAnswer(double Reward, int Length);

/// <summary>
/// What a model is worth that judges answers, on answers whose order is known. A pair is an answer and the next of its row; d is the better answer's reward less
/// the other's, σ the logistic function.
/// </summary>
/// <param name="Pairs">How many pairs.</param>
/// <param name="Accuracy">How often the better answer has more; equal rewards are no success.</param>
/// <param name="Margin">The mean of d.</param>
/// <param name="Loss">The mean of −log σ(d), in nats; log 2 for a model that knows nothing.</param>
/// <param name="CalibrationError">
/// How far confidence and accuracy lie apart (Naeini et al. 2015): pairs fall into bins of equal width by σ(|d|), from ½ to 1; the mean over all pairs of
/// |share that is right − mean confidence| of their bin, where of equal rewards half are right. In [0, 1].
/// </param>
/// <param name="Brier">The mean of (1 − σ(d))² (Brier 1950), in [0, 1]; ¼ for a model that knows nothing.</param>
/// <param name="Pearson">The correlation of reward and length over all answers, in [−1, 1]; 0 where one of them is the same of all.</param>
/// <param name="Spearman">The correlation of their ranks, those of equal numbers in the middle of them.</param>
/// <param name="LongerPreferred">Of pairs of different lengths, how often the model gives the longer answer more; equal rewards count half.</param>
/// <param name="LongerWins">How often the better answer is the longer one, equal lengths half: the accuracy of a judge that only counts tokens.</param>
public sealed record RewardStatistics(
    long Pairs, Rate Accuracy, double Margin, double Loss, double CalibrationError, double Brier, double Pearson, double Spearman, Rate LongerPreferred, Rate LongerWins)
{
    /// <summary>Of answers, row by row, in each the best first.</summary>
    /// <param name="rankings">Rows; none give zeros, and rates of nothing.</param>
    /// <param name="bins">How many bins calibration has, 1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are no bins.</exception>
    public static RewardStatistics Of(IReadOnlyCollection<Vec<RewardedAnswer>> rankings, int bins = 10)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bins, 1);
        (RewardedAnswer Better, RewardedAnswer Worse)[] pairs = [.. rankings.SelectMany(static r => Enumerable.Range(0, Math.Max(0, r.Count - 1)).Select(i => (r[i], r[i + 1])))];
        RewardedAnswer[] all = [.. rankings.SelectMany(static r => r)];
        double[] ahead = [.. pairs.Select(static p => p.Better.Reward - p.Worse.Reward)], rewards = [.. all.Select(static a => a.Reward)],
            lengths = [.. all.Select(static a => (double)a.Length)];
        var unequal = pairs.Where(static p => p.Better.Length != p.Worse.Length).ToArray();
        double Mean(Func<double, double> of) => ahead.Length == 0 ? 0 : ahead.Average(of);
        return new(pairs.Length, Rate.Of(ahead.Count(static d => d > 0), pairs.Length), Mean(static d => d), Mean(static d => Math.Max(-d, 0) + double.LogP1(Math.Exp(-Math.Abs(d)))),
            Calibration(ahead, bins), Mean(static d => Math.Pow(1 - Logistic(d), 2)), Correlation(rewards, lengths), Correlation(Ranks(rewards), Ranks(lengths)),
            Rate.Of(unequal.Sum(static p => Won(p.Better.Length > p.Worse.Length ? p.Better.Reward - p.Worse.Reward : p.Worse.Reward - p.Better.Reward)), unequal.Length),
            Rate.Of(pairs.Sum(static p => Won(p.Better.Length - p.Worse.Length)), pairs.Length));
    }

    /// <summary>Pearson's correlation, in [−1, 1]; 0 where one of them is the same throughout, or there is nothing.</summary>
    /// <exception cref="ArgumentException">They are not equally many.</exception>
    public static double Correlation(IReadOnlyList<double> x, IReadOnlyList<double> y)
    {
        if (x.Count != y.Count) throw new ArgumentException($"{x.Count} numbers are not those of {y.Count}.", nameof(y));
        if (x.Count == 0) return 0;
        var (a, b) = (x.Average(), y.Average());
        double xx = 0, yy = 0, xy = 0;
        for (var i = 0; i < x.Count; i++) (xx, yy, xy) = (xx + (x[i] - a) * (x[i] - a), yy + (y[i] - b) * (y[i] - b), xy + (x[i] - a) * (y[i] - b));
        return x.Min() == x.Max() || y.Min() == y.Max() || xx * yy <= 0 ? 0 : Math.Clamp(xy / Math.Sqrt(xx) / Math.Sqrt(yy), -1, 1);
    }

    /// <summary>The rank of each number, from 1 on; equal ones have the mean of theirs.</summary>
    public static double[] Ranks(IReadOnlyList<double> numbers)
    {
        int[] order = [.. Enumerable.Range(0, numbers.Count).OrderBy(i => numbers[i])];
        var ranks = new double[numbers.Count];
        for (int first = 0, end = 0; first < order.Length; first = end)
        {
            while (end < order.Length && numbers[order[end]].Equals(numbers[order[first]])) end++;
            for (var i = first; i < end; i++) ranks[order[i]] = (first + 1 + end) / 2.0;
        }
        return ranks;
    }

    static double Calibration(double[] ahead, int bins)
    {
        var gaps = new double[bins];
        foreach (var d in ahead)
        {
            var confidence = Logistic(Math.Abs(d));
            gaps[Math.Min(bins - 1, (int)((confidence - 0.5) * 2 * bins))] += Won(d) - confidence;
        }
        return ahead.Length == 0 ? 0 : gaps.Sum(Math.Abs) / ahead.Length;
    }

    static double Won(double difference) => difference > 0 ? 1 : difference < 0 ? 0 : 0.5;

    static double Logistic(double x) => 1 / (1 + Math.Exp(-x));
}
