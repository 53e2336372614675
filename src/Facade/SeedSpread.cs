namespace Functional;

/// <summary>How a number varies between runs that differ in their seed alone.</summary>
/// <param name="Count">How many runs have it.</param>
/// <param name="Mean">Its mean.</param>
/// <param name="Deviation">Its standard deviation, over one less than their count; 0 for one.</param>
/// <param name="Low">The lower end of the mean's interval of 95 %, by Student's t (Student 1908).</param>
/// <param name="High">The upper end.</param>
public sealed record SeedSpread(int Count, double Mean, double Deviation, double Low, double High)
{
    // Two-sided 95 % for 1, 2, … degrees of freedom.
    static readonly double[] t =
    [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
    ];

    /// <summary>The spread of numbers; nothing where there is none.</summary>
    public static SeedSpread? Of(IEnumerable<double> numbers)
    {
        var all = numbers.Where(double.IsFinite).ToArray();
        if (all.Length == 0) return null;
        var mean = all.Average();
        if (all.Length == 1) return new(1, mean, 0, mean, mean);
        var deviation = Math.Sqrt(all.Sum(x => (x - mean) * (x - mean)) / (all.Length - 1));
        var half = (all.Length - 1 <= t.Length ? t[all.Length - 2] : 1.96) * deviation / Math.Sqrt(all.Length);
        return new(all.Length, mean, deviation, mean - half, mean + half);
    }

    /// <summary>As <c>1.234 ± 0.012 (95 %: 1.21 to 1.26)</c>.</summary>
    public override string ToString() => Count < 2 ? RunTexts.Loss(Mean) : $"{RunTexts.Loss(Mean)} ± {RunTexts.Loss(Deviation)} (95 %: {RunTexts.Loss(Low)} to {RunTexts.Loss(High)})";
}
