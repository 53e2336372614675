using FsCheck;
using Xunit;

namespace Functional.Tests.Properties.Sampling;

/// <summary>The best of k of some answers is the mean over all subsets of k, however it is computed.</summary>
public sealed class BestOfLaws
{
    // Few different scores, so that there are ties, and some that are not known.
    static double[] Scores(int seed, int count) => [.. Enumerable.Range(0, count).Select(i => Key.Seed((ulong)seed).FoldIn("scores").Below(i, 6) is var s && s == 5 ? double.NaN : s - 2.0)];

    static double[] Values(int seed, int count) => [.. Enumerable.Range(0, count).Select(i => Key.Seed((ulong)seed).FoldIn("values").Normal(i))];

    // Over every subset of k that holds an answer with a score: of those that have most, each as often.
    static double ByHand(double[] scores, double[] values, int k)
    {
        var (sum, count) = (0.0, 0);
        for (var set = 0; set < 1 << scores.Length; set++)
        {
            if (System.Numerics.BitOperations.PopCount((uint)set) != k) continue;
            int[] known = [.. Enumerable.Range(0, scores.Length).Where(i => (set >> i & 1) == 1 && double.IsFinite(scores[i]))];
            if (known.Length == 0) continue;
            var most = known.Max(i => scores[i]);
            (sum, count) = (sum + known.Where(i => scores[i] == most).Average(i => values[i]), count + 1);
        }
        return count == 0 ? double.NaN : sum / count;
    }

    [Property(MaxTest = 60)]
    public void The_best_of_k_is_the_mean_over_all_subsets(PositiveInt seed, PositiveInt size)
    {
        var n = 1 + size.Get % 9;
        var (scores, values) = (Scores(seed.Get, n), Values(seed.Get, n));
        for (var k = 1; k <= n; k++)
        {
            Assert.Equal(ByHand(scores, values, k), BestOf.Expected(scores, values, k), 1e-9);
            Assert.Equal(ByHand(scores, scores, k), BestOf.Expected(scores, scores, k), 1e-9);
        }
    }

    /// <summary>The mean of all, the most of all, and never less of more.</summary>
    [Property(MaxTest = 60)]
    public void A_judges_own_reward_never_falls(PositiveInt seed, PositiveInt size)
    {
        var scores = Scores(seed.Get, 1 + size.Get % 40);
        double[] known = [.. scores.Where(double.IsFinite)];
        double[] curve = [.. Enumerable.Range(1, scores.Length).Select(k => BestOf.Expected(scores, scores, k))];
        if (known.Length == 0)
        {
            Assert.All(curve, static one => Assert.True(double.IsNaN(one)));
            Assert.Null(BestOf.Pick(scores));
            return;
        }
        Assert.Equal(known.Average(), curve[0], 1e-12);
        Assert.Equal(known.Max(), curve[^1], 1e-12);
        Assert.All(curve.Zip(curve.Skip(1)), static pair => Assert.True(pair.Item2 >= pair.Item1 - 1e-12));
        Assert.Equal(Array.FindIndex(scores, s => s == known.Max()), BestOf.Pick(scores));
        // In any order, with other values beside.
        var values = Values(seed.Get, scores.Length);
        int[] order = [.. Enumerable.Range(0, scores.Length).OrderBy(i => Key.Seed((ulong)seed.Get).FoldIn("order").Uniform(i))];
        var k = 1 + seed.Get % scores.Length;
        Assert.Equal(BestOf.Expected(scores, values, k), BestOf.Expected([.. order.Select(i => scores[i])], [.. order.Select(i => values[i])], k), 1e-9);
    }

    /// <summary>Binomials of thousands fit no number; their ratios do.</summary>
    [Fact]
    public void Many_answers_are_no_trouble()
    {
        double[] ranks = [.. Enumerable.Range(0, 5000).Select(static i => (double)i)];
        // The largest of k of 0 … n − 1 is k (n + 1) / (k + 1) − 1 in the mean.
        foreach (var k in (int[])[1, 2, 3, 70, 2500, 4999, 5000]) Assert.Equal(k * 5001.0 / (k + 1) - 1, BestOf.Expected(ranks, ranks, k), 1e-7);
    }

    [Theory, InlineData(0), InlineData(4)]
    public void There_are_so_many_answers_or_it_is_said(int k) => Assert.Throws<ArgumentOutOfRangeException>(() => BestOf.Expected([1, 2, 3], [1, 2, 3], k));

    [Fact]
    public void Curves_look_at_powers_of_two_and_at_all()
    {
        Assert.Equal([1], BestOf.Sizes(1));
        Assert.Equal([1, 2], BestOf.Sizes(2));
        Assert.Equal([1, 2, 3], BestOf.Sizes(3));
        Assert.Equal([1, 2, 4, 8, 16], BestOf.Sizes(16));
        Assert.Equal([1, 2, 4, 8, 16, 17], BestOf.Sizes(17));
        Assert.Throws<ArgumentOutOfRangeException>(() => BestOf.Sizes(0));
    }

    /// <summary>The bound holds: of answers that all differ, the best of n has the density n F^(n − 1), whose divergence it is.</summary>
    [Fact]
    public void The_distance_is_that_of_the_best_of_many_different_answers()
    {
        Assert.Equal(0, BestOf.Kl(1));
        foreach (var n in (int[])[2, 5, 64])
        {
            const int Steps = 200_000;
            var sum = Enumerable.Range(0, Steps).Sum(i => (i + 0.5) / Steps is var u ? n * Math.Pow(u, n - 1) * (Math.Log(n) + (n - 1) * Math.Log(u)) : 0) / Steps;
            Assert.Equal(sum, BestOf.Kl(n), 1e-4);
        }
    }

    static Vec<Candidate> Drawn(int seed, int count) => Scores(seed, count) is var scores && Values(seed, count) is var values
        ? [.. scores.Select((s, i) => new Candidate($"{(char)('a' + i % 3)}", 1 + i, -0.1 * i, s, values[i]))] : [];

    /// <summary>Whatever is not known, a curve of the judge's own reward never falls; tokens are those of so many answers; prompts without a reward count for nothing.</summary>
    [Property(MaxTest = 40)]
    public void Curves_are_means_over_prompts(PositiveInt seed, PositiveInt size, PositiveInt count)
    {
        var n = 1 + size.Get % 12;
        Vec<Vec<Candidate>> prompts = [.. Enumerable.Range(0, 1 + count.Get % 5).Select(i => Drawn(seed.Get + 1000 * i, n))];
        var curve = Curves.OfBest(prompts, Key.Seed(1));
        Assert.Equal(BestOf.Sizes(n), curve.Map(static p => p.Answers));
        var counted = prompts.Where(static p => p.Any(static c => double.IsFinite(c.Reward))).ToVec();
        foreach (var point in curve)
        {
            Assert.Equal(point.Answers * (n + 1) / 2.0, point.Tokens, 1e-9);
            Assert.Equal(BestOf.Kl(point.Answers), point.Kl);
            Assert.Equal(counted.Count == 0 ? double.NaN : counted.Average(p => BestOf.Expected([.. p.Select(static c => c.Reward)], [.. p.Select(static c => c.Reward)], point.Answers)), point.Reward.Value, 1e-9);
            Assert.Equal(counted.Count == 0 ? double.NaN : counted.Average(p => BestOf.Expected([.. p.Select(static c => c.Reward)], [.. p.Select(static c => c.Value)], point.Answers)), point.Value.Value, 1e-9);
        }
        if (counted.Count > 0) Assert.All(curve.Zip(curve.Skip(1)), static pair => Assert.True(pair.Item2.Reward.Value >= pair.Item1.Reward.Value - 1e-12));
        Assert.Equal(curve, Curves.OfBest(prompts, Key.Seed(1)));
        // A prompt of which a value is missing that could be chosen is not measured, but judged.
        var lame = prompts.With(0, [.. prompts[0].Select(static c => c with { Value = double.NaN })]);
        Assert.Equal(curve.Map(static p => p.Reward), Curves.OfBest(lame, Key.Seed(1)).Map(static p => p.Reward));
        if (prompts.Count == 1) Assert.All(Curves.OfBest(lame, Key.Seed(1)), static p => Assert.True(double.IsNaN(p.Value.Value)));
        Assert.Empty(Curves.OfBest([], Key.Seed(1)));
    }
}
