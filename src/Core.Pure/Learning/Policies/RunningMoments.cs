namespace Functional.Learning;

/// <summary>Mean and deviation of all numbers that have come so far, without keeping them (Chan et al. 1979).</summary>
/// <param name="Count">How many there were.</param>
/// <param name="Mean">Their mean; 0 of none.</param>
/// <param name="Squares">The sum of the squares of their distances from it.</param>
public sealed record RunningMoments(double Count, double Mean, double Squares)
{
    /// <summary>Of no numbers.</summary>
    public static RunningMoments None { get; } = new(0, 0, 0);

    /// <summary>Their standard deviation, with n; 0 of none.</summary>
    public double Deviation => Count > 0 ? Math.Sqrt(Squares / Count) : 0;

    /// <summary>With more numbers; those that are not finite are left out.</summary>
    /// <param name="numbers">The numbers.</param>
    public RunningMoments With(IEnumerable<double> numbers)
    {
        var more = numbers.Where(double.IsFinite).ToArray();
        if (more.Length == 0) return this;
        var mean = more.Average();
        var (squares, count, away) = (more.Sum(x => (x - mean) * (x - mean)), Count + more.Length, mean - Mean);
        return new(count, Mean + away * more.Length / count, Squares + squares + away * away * Count * more.Length / count);
    }

    /// <summary>A number in deviations from the mean; where all are the same, its distance from the mean.</summary>
    /// <param name="number">The number.</param>
    public double Normalised(double number) => Deviation is > 0 and var deviation ? (number - Mean) / deviation : number - Mean;
}
