using Functional.Base;

namespace Functional.Runs;

/// <summary>How many of some numbers lie where: counts between limits that grow by a tenth each, as TensorBoard has them.</summary>
/// <param name="Count">How many numbers are finite; the others are left out.</param>
/// <param name="Min">The least.</param>
/// <param name="Max">The largest.</param>
/// <param name="Sum">Their sum.</param>
/// <param name="SumOfSquares">The sum of their squares.</param>
/// <param name="Buckets">Up to which limit how many, from the least limit on; no number lies above the last.</param>
public sealed record Histogram(long Count, double Min, double Max, double Sum, double SumOfSquares, Vec<(double Limit, long Count)> Buckets)
{
    const double Least = 1e-12, Growth = 1.1;
    static readonly double logGrowth = Math.Log(Growth);
    // Beyond it there are no finite numbers of 32 bits.
    static readonly int most = (int)Math.Ceiling(Math.Log(float.MaxValue / Least) / logGrowth) + 1;

    /// <summary>The histogram of numbers.</summary>
    /// <param name="parts">They may lie in several pieces.</param>
    public static Histogram Of(params IEnumerable<float[]> parts)
    {
        // In the middle what is nearer to 0 than the least limit, on both sides of it what is farther.
        var counts = new long[2 * most + 3];
        var (count, min, max, sum, squares) = (0L, double.PositiveInfinity, double.NegativeInfinity, 0.0, 0.0);
        foreach (var x in parts.SelectMany(static part => part))
        {
            if (!float.IsFinite(x)) continue;
            count++;
            (min, max, sum, squares) = (Math.Min(min, x), Math.Max(max, x), sum + x, squares + (double)x * x);
            counts[most + 1 + Place(x)]++;
        }
        if (count == 0) return new(0, 0, 0, 0, 0, []);
        var (first, last) = (System.Array.FindIndex(counts, static c => c > 0), System.Array.FindLastIndex(counts, static c => c > 0));
        return new(count, min, max, sum, squares, [.. Enumerable.Range(first, last - first + 1).Select(i => (Limit(i - most - 1), counts[i]))]);
    }

    // Its limit is the least that is not below: bucket 0 holds what lies above −1e-12 and up to 1e-12.
    static int Place(double x) => Math.Abs(x) <= Least ? 0 : (int)Math.Ceiling(Math.Log(Math.Abs(x) / Least) / logGrowth) is var i && x > 0 ? Math.Min(i, most + 1) : -Math.Min(i, most + 1);

    static double Limit(int place) => place >= 0 ? Least * Math.Pow(Growth, place) : -Least * Math.Pow(Growth, -place - 1);
}
