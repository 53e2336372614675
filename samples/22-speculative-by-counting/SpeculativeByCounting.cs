using System.Text;
using Functional.Sampling;

namespace Functional.Samples;

/// <summary>Lesson 22: why drafts change nothing. Every way in which a draft may go is counted, and the sum is what the model alone gives.</summary>
public static class SpeculativeByCounting
{
    const int Grid = 12;

    static readonly string[] words = ["sun", "sea", "sky"];

    /// <summary>The lesson.</summary>
    public static string Text()
    {
        double[] p = [0.5, 0.25, 0.25], q = [0.25, 0.75, 0];
        var text = new StringBuilder("""
            Speculative decoding, by counting
            =================================
            1. A large model finds the next word p likely; a small one, which drafts, finds it q likely. A draft is kept with the chance
               min(1, p/q). Where it is not, the word is drawn from what the large model has beyond the small one, max(0, p - q):

                      p      q   min(1, p/q)   max(0, p - q)

            """);
        text.Append('\n');
        for (var i = 0; i < 3; i++)
            text.Append(FormattableString.Invariant(
                $"   {words[i]} {p[i],5:0.00}  {q[i],5:0.00}   {(q[i] == 0 ? "   -" : $"{Speculation.Acceptance(p, q, i):0.00}"),11}   {Speculation.Residual(p, q, i)[i],13:0.00}\n"));
        text.Append("""

            2. Nothing is drawn by chance here. A draft is one of three words; whether it is kept, and what comes instead, are decided by two
               numbers between 0 and 1. All edges are twelfths, so twelve numbers between them stand for all: 12 × 12 for each draft, each with
               the draft's own weight. Of 144 parts, where a draft goes:


            """);
        text.Append($"   {"draft",-8}{"weight",8}{string.Concat(words.Select(static w => $"{"→ " + w,8}"))}\n");
        var total = new double[3];
        for (var d = 0; d < 3; d++)
        {
            var parts = Count(p, q, d);
            for (var i = 0; i < 3; i++) total[i] += q[d] * parts[i] / (Grid * Grid);
            text.Append(FormattableString.Invariant($"   {words[d],-8}{q[d],8:0.00}{string.Concat(parts.Select(n => $"{(q[d] == 0 ? "-" : $"{n}"),8}"))}\n"));
        }
        text.Append(FormattableString.Invariant($"   {"together",-8}{1.0,8:0.00}{string.Concat(total.Select(static t => $"{t,8:0.00}"))}\n"));
        text.Append("""

               The last line is p. So it is for any two models: sum over drafts of q · min(1, p/q) is min(q, p), and what was refused, 1 less their
               sum, is just what max(0, p - q) sums to.

            3. What is gained: a draft is kept with the chance Σ min(p, q), here one half. Drafts are kept up to the first that is not, and one
               word more comes always; so many words come with each reading of the large model, by how many are drafted:


            """);
        for (var k = 0; k <= 6; k++)
            text.Append(FormattableString.Invariant($"   {k} drafts: {Words(Kept(p, q), k):0.00}  {new string('█', (int)Math.Round(16 * Words(Kept(p, q), k)))}\n"));
        text.Append("""

            Exercise: a draft that is certain of "sea" (q is 1 there). With what chance is it kept, and what comes instead?

            """);
        return text.ToString();
    }

    /// <summary>Of all numbers for a draft, how many end in each word.</summary>
    public static int[] Count(double[] p, double[]? q, int draft)
    {
        var parts = new int[p.Length];
        for (var a = 0; a < Grid; a++)
            for (var b = 0; b < Grid; b++)
            {
                var (accepted, next) = Speculation.Accept([p, p], [q], [draft], [(a + 0.5) / Grid], [(b + 0.5) / Grid, 0]);
                parts[accepted == 1 ? draft : next]++;
            }
        return parts;
    }

    // The chance that a draft is kept.
    internal static double Kept(double[] p, double[] q) => p.Zip(q).Sum(static both => Math.Min(both.Item1, both.Item2));

    // 1 + a + a² + … + aᵏ.
    internal static double Words(double chance, int drafts) => Enumerable.Range(0, drafts + 1).Sum(k => Math.Pow(chance, k));
}
