using Functional.Base;

namespace Functional.Graphs;

/// <summary>Attention with linear biases (Press et al. 2021): each head takes a slope times the distance off its scores.</summary>
public static class Alibi
{
    /// <summary>
    /// The slopes of a number of heads: of a power of two n, 2^(−8i/n) for i from 1 to n; of any other number, those of the next lower power of two and
    /// then every other one of twice that.
    /// </summary>
    public static Vec<double> SlopesOf(int heads) => [.. Enumerable.Range(0, heads).Select(head => SlopeOf(heads, head))];

    /// <summary>That of one head, counted from 0.</summary>
    public static double SlopeOf(int heads, int head)
    {
        var power = 1 << System.Numerics.BitOperations.Log2((uint)heads);
        return head < power ? Math.Pow(2, -8.0 * (head + 1) / power) : Math.Pow(2, -8.0 * (2 * (head - power) + 1) / (2 * power));
    }

    /// <summary>As a tensor, <c>[heads]</c>.</summary>
    internal static Tensor Slopes(int heads) => Listed.Of(SlopesOf(heads));
}
