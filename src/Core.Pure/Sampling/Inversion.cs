namespace Functional.Sampling;

/// <summary>Draws from masses by a number: tokens are gone through by their numbers until the number is used up.</summary>
static class Inversion
{
    /// <summary>The token; one of mass 0 never is.</summary>
    /// <param name="masses">0 or more each.</param>
    /// <param name="total">Their sum, above 0.</param>
    /// <param name="u">In [0, 1).</param>
    public static int Draw(ReadOnlySpan<double> masses, double total, double u)
    {
        var (left, last) = (u * total, -1);
        for (var i = 0; i < masses.Length; i++)
        {
            if (masses[i] == 0) continue;
            last = i;
            if ((left -= masses[i]) < 0) break;
        }
        return last;
    }
}
