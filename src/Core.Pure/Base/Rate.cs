namespace Functional.Base;

/// <summary>A share or a mean, and between which numbers it lies with 95 % unless another level is asked for.</summary>
/// <param name="Value">The share, in [0, 1] where it is one of counts.</param>
/// <param name="Low">The lower end of the interval.</param>
/// <param name="High">The upper end.</param>
public readonly record struct Rate(double Value, double Low, double High)
{
    const double TwoSided95 = 1.959963984540054;

    /// <summary>A share of counts with Wilson's interval (Wilson 1927), which holds for few trials and for shares near 0 and 1 as well.</summary>
    /// <param name="hits">How many were right; halves count, as for ties.</param>
    /// <param name="trials">Of how many; 0 gives 0 between 0 and 1.</param>
    /// <param name="deviations">The width in standard deviations, above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than 0 hits or more than trials, or no width.</exception>
    public static Rate Of(double hits, long trials, double deviations = TwoSided95)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(trials);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(deviations);
        if (!(hits >= 0 && hits <= trials)) throw new ArgumentOutOfRangeException(nameof(hits), hits, $"of {trials} trials at least 0 and at most all are hits.");
        if (trials == 0) return new(0, 0, 1);
        var (p, n, z) = (hits / trials, (double)trials, deviations);
        var (middle, spread) = (p + z * z / (2 * n), z * Math.Sqrt(p * (1 - p) / n + z * z / (4 * n * n)));
        var scale = 1 + z * z / n;
        return new(p, p == 0 ? 0 : Math.Max(0, (middle - spread) / scale), p == 1 ? 1 : Math.Min(1, (middle + spread) / scale));
    }

    /// <summary>How often one side wins: ties count half, with Wilson's interval, which is then rather too wide than too narrow.</summary>
    /// <param name="wins">Won.</param>
    /// <param name="ties">Neither.</param>
    /// <param name="losses">Lost.</param>
    /// <exception cref="ArgumentOutOfRangeException">One of them is below 0.</exception>
    public static Rate OfWins(long wins, long ties, long losses)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(wins);
        ArgumentOutOfRangeException.ThrowIfNegative(ties);
        ArgumentOutOfRangeException.ThrowIfNegative(losses);
        return Of(wins + ties / 2.0, wins + ties + losses);
    }

    /// <summary>
    /// A mean with the interval that drawing its numbers again and again gives (Efron 1979): percentiles of the means. Of differences between two runs on the
    /// same questions, it is the paired comparison.
    /// </summary>
    /// <param name="numbers">Finite numbers; none give 0 between 0 and 0.</param>
    /// <param name="key">What decides the draws: the same key gives the same interval.</param>
    /// <param name="draws">How often all are drawn anew, 1 or more; numbers · draws steps.</param>
    /// <param name="level">How much of the means lies between the ends, above 0 and less than 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are no draws, or no such level.</exception>
    public static Rate OfMean(IReadOnlyList<double> numbers, Key key, int draws = 1000, double level = 0.95)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(draws, 1);
        if (level is not (> 0 and < 1)) throw new ArgumentOutOfRangeException(nameof(level), level, "a level is above 0 and less than 1.");
        if (numbers.Count == 0) return new(0, 0, 0);
        var means = new double[draws];
        for (var draw = 0; draw < draws; draw++)
        {
            var own = key.FoldIn((uint)draw);
            var sum = 0.0;
            for (var i = 0; i < numbers.Count; i++) sum += numbers[(int)own.Below(i, numbers.Count)];
            means[draw] = sum / numbers.Count;
        }
        Array.Sort(means);
        var (mean, outside) = (numbers.Average(), (1 - level) / 2);
        return new(mean, Math.Min(mean, At(means, outside)), Math.Max(mean, At(means, 1 - outside)));
    }

    // Between the two means beside a share of all of them.
    static double At(double[] sorted, double share)
    {
        var place = share * (sorted.Length - 1);
        var below = (int)Math.Floor(place);
        return below + 1 >= sorted.Length ? sorted[^1] : sorted[below] + (place - below) * (sorted[below + 1] - sorted[below]);
    }

    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{Value:0.0000} ({Low:0.0000} to {High:0.0000})");
}
