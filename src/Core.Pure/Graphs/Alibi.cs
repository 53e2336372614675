using Functional.Base;

namespace Functional.Graphs;

/// <summary>Attention with linear biases (Press et al. 2021): each head takes a slope times the distance off its scores.</summary>
public static class Alibi
{
    /// <summary>
    /// The slopes of a number of heads: of a power of two n, 2^(−8i/n) for i from 1 to n; of any other number, those of the next lower power of two and
    /// then every other one of twice that.
    /// </summary>
    public static Vec<double> SlopesOf(int heads)
    {
        var power = 1;
        while (power * 2 <= heads) power *= 2;
        return [.. Of(power), .. Of(2 * power).Where(static (_, i) => i % 2 == 0).Take(heads - power)];

        static IEnumerable<double> Of(int n) => Enumerable.Range(1, n).Select(i => Math.Pow(2, -8.0 * i / n));
    }

    /// <summary>As a tensor, <c>[heads]</c>.</summary>
    internal static Tensor Slopes(int heads) => Listed.Of(SlopesOf(heads));
}
