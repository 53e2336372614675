using FsCheck;

namespace Functional.Tests.Properties.Learning;

/// <summary>What judges are measured by, and shares with intervals.</summary>
public sealed class RewardStatisticsLaws
{
    const double Exact = 1e-9;

    static RewardStatistics Of(params (double Better, double Worse, int BetterLength, int WorseLength)[] pairs) =>
        RewardStatistics.Of([.. pairs.Select(static p => (Vec<RewardedAnswer>)[new(p.Better, p.BetterLength), new(p.Worse, p.WorseLength)])]);

    static (double, double, int, int)[] Any(ulong seed, int count) => [.. Enumerable.Range(0, count).Select(i => Key.Seed(seed).FoldIn(i) is var k
        ? (2 * k.Normal(0), 2 * k.Normal(1), 1 + (int)k.Below(2, 5), 1 + (int)k.Below(3, 5)) : default)];

    /// <summary>A judge whose σ(d) is how often it is right has next to no calibration error, and its Brier score is p (1 − p); one that is twice as sure has some.</summary>
    [Fact]
    public void A_calibrated_judge_is_calibrated()
    {
        (double Better, double Worse, int, int)[] Drawn(double sureness) => [.. Enumerable.Range(0, 20_000).Select(i => Key.Seed(5).FoldIn(i) is var k && 2 * k.Normal(0) is var d
            && k.Uniform(9) < 1 / (1 + Math.Exp(-d)) ? (sureness * d, 0.0, 3, 3) : (0.0, sureness * d, 3, 3))];
        Assert.InRange(Of(Drawn(1)).CalibrationError, 0, 0.012);
        Assert.InRange(Of(Drawn(3)).CalibrationError, 0.05, 0.5);
        Assert.Equal(Enumerable.Range(0, 20_000).Average(i => 1 / (1 + Math.Exp(-2 * Key.Seed(5).FoldIn(i).Normal(0))) is var p ? p * (1 - p) : 0), Of(Drawn(1)).Brier, 0.005);
        Assert.True(Of(Drawn(3)).Brier > Of(Drawn(1)).Brier && Of(Drawn(3)).Loss > Of(Drawn(1)).Loss);
    }

    [Fact]
    public void By_hand()
    {
        var three = Of((2, 1, 5, 3), (0, 1, 2, 2), (1, 1, 1, 4));
        Assert.Equal((3, 1 / 3.0, 0.0), (three.Pairs, three.Accuracy.Value, Math.Round(three.Margin, 12)));
        var sure = 1 / (1 + Math.Exp(-1));
        // Both pairs one apart are in one bin; the tie is right as often as it says.
        Assert.Equal(2 / 3.0 * Math.Abs(0.5 - sure), three.CalibrationError, Exact);
        Assert.Equal(((1 - sure) * (1 - sure) + sure * sure + 0.25) / 3, three.Brier, Exact);
        Assert.Equal((-Math.Log(sure) - Math.Log(1 - sure) + Math.Log(2)) / 3, three.Loss, Exact);
        Assert.Equal((1.5 / 3, 1.5 / 2), (three.LongerWins.Value, three.LongerPreferred.Value));
        // Sure and right; sure and wrong.
        Assert.Equal((0.0, 1.0), (Math.Round(Of((50, 0, 1, 1)).CalibrationError, 9), Math.Round(Of((0, 50, 1, 1)).CalibrationError, 9)));
        Assert.True(double.IsFinite(Of((0, 1e300, 1, 1)).Loss));
        Assert.Equal(new(0, new(0, 0, 1), 0, 0, 0, 0, 0, 0, new(0, 0, 1), new(0, 0, 1)), Of());
        Assert.Throws<ArgumentOutOfRangeException>(() => RewardStatistics.Of([], 0));
        // Each answer with the next, and each answer's length once.
        Assert.Equal(2, RewardStatistics.Of([[new(3, 1), new(2, 1), new(1, 2)]]).Pairs);
        Assert.Equal([1, 2.5, 2.5, 4], RewardStatistics.Ranks([-1, 7, 7, 9]));
        Assert.Equal(-1, RewardStatistics.Correlation([3, 2, 1], [10, 20, 30]), Exact);
        Assert.Equal(0, RewardStatistics.Correlation([0.1, 0.1, 0.1], [10, 20, 30]));
    }

    /// <summary>A constant on all rewards changes nothing; the order of pairs neither; a scale above 0 leaves accuracy and correlations.</summary>
    [Property(MaxTest = 30)]
    public void Only_what_should_matter_matters(ushort seed, byte count)
    {
        var pairs = Any(seed, 2 + count % 40);
        var (plain, moved, turned, scaled) = (Of(pairs), Of([.. pairs.Select(static p => (p.Item1 + 4, p.Item2 + 4, p.Item3, p.Item4))]), Of([.. pairs.Reverse()]),
            Of([.. pairs.Select(static p => (p.Item1 * 3, p.Item2 * 3, p.Item3, p.Item4))]));
        foreach (var (name, of) in ((string, Func<RewardStatistics, double>)[])[("accuracy", static s => s.Accuracy.Value), ("margin", static s => s.Margin), ("loss", static s => s.Loss),
            ("calibration", static s => s.CalibrationError), ("brier", static s => s.Brier), ("pearson", static s => s.Pearson), ("spearman", static s => s.Spearman),
            ("preferred", static s => s.LongerPreferred.Value), ("wins", static s => s.LongerWins.Value)])
        {
            Assert.True(Math.Abs(of(plain) - of(moved)) < 1e-6 && Math.Abs(of(plain) - of(turned)) < Exact, name);
            if (name is not ("margin" or "loss" or "calibration" or "brier")) Assert.Equal(of(plain), of(scaled), Exact);
        }
        Assert.InRange(plain.CalibrationError, 0, 1);
        Assert.InRange(plain.Spearman, -1, 1);
        // A judge of lengths alone: it is right as often as the longer one is the better one, and prefers it always.
        var lengths = Of([.. pairs.Select(static p => ((double)p.Item3, (double)p.Item4, p.Item3, p.Item4))]);
        Assert.Equal(1, lengths.LongerPreferred.Value is var always && pairs.All(static p => p.Item3 == p.Item4) ? 1 : always);
        Assert.Equal(lengths.LongerWins.Value, lengths.Accuracy.Value + pairs.Count(static p => p.Item3 == p.Item4) / 2.0 / pairs.Length, Exact);
    }

    [Fact]
    public void Rates_have_intervals()
    {
        // Wilson (1927): 8 of 10 at 95 %.
        var eight = Rate.Of(8, 10);
        Assert.Equal((0.8, 0.4901625, 0.9433178), (eight.Value, Math.Round(eight.Low, 7), Math.Round(eight.High, 7)));
        Assert.Equal(new(0, 0, 1), Rate.Of(0, 0));
        Assert.Equal(0.2775328, Rate.Of(0, 10).High, 1e-7);
        Assert.Equal(0.7224672, Rate.Of(10, 10).Low, 1e-7);
        Assert.Equal(0.7, Rate.OfWins(6, 2, 2).Value, Exact);
        Assert.Throws<ArgumentOutOfRangeException>(() => Rate.Of(2, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Rate.Of(double.NaN, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Rate.OfWins(-1, 0, 1));
    }

    [Property]
    public void Intervals_hold_their_share_and_shrink(byte hits, byte misses)
    {
        var (n, once) = (hits + misses, Rate.Of(hits, hits + misses));
        Assert.InRange(once.Value, once.Low, once.High);
        Assert.True(once.Low >= 0 && once.High <= 1);
        if (n == 0) return;
        var more = Rate.Of(4 * hits, 4 * n);
        Assert.True(more.High - more.Low < once.High - once.Low);
        // The other side's interval is the mirror image.
        var other = Rate.Of(misses, n);
        Assert.Equal(once.Low, 1 - other.High, Exact);
    }

    [Property(MaxTest = 20)]
    public void Drawing_again_gives_an_interval_around_the_mean(ushort seed)
    {
        double[] scores = [.. Enumerable.Range(0, 60).Select(i => Key.Seed(seed).Uniform(i))];
        var rate = Rate.OfMean(scores, Key.Seed(1), 400);
        Assert.Equal(rate, Rate.OfMean(scores, Key.Seed(1), 400));
        Assert.InRange(rate.Value, rate.Low, rate.High);
        // About ±1.96 standard errors.
        var error = Math.Sqrt(scores.Average(s => Math.Pow(s - scores.Average(), 2)) / 60);
        Assert.InRange(rate.High - rate.Low, 3.1 * error, 4.7 * error);
        Assert.True(Rate.OfMean(scores, Key.Seed(1), 400, 0.5) is var narrow && narrow.High - narrow.Low < rate.High - rate.Low);
        Assert.Equal(new(0.25, 0.25, 0.25), Rate.OfMean([0.25, 0.25], Key.Seed(seed)));
    }
}
