using Functional.Base;

namespace Functional.Dialogues;

/// <summary>How far several people agree on the same answers.</summary>
/// <param name="Shared">Comparisons that two or more have judged.</param>
/// <param name="Same">The share of pairs of judgements that prefer the same answer, or both neither.</param>
/// <param name="Alpha">Krippendorff's alpha over the five steps as numbers: 1 for agreement, 0 for chance; NaN where all judgements are equal.</param>
public sealed record Agreement(int Shared, double Same, double Alpha)
{
    /// <summary>Of judgements, in any order; those without a verdict do not count, and of one person's on the same answers the last does.</summary>
    /// <param name="all">The judgements.</param>
    public static Agreement Of(IEnumerable<Annotation> all)
    {
        // Of the two answers the lesser in ordinal order is asked about, whichever was shown first.
        var units = all.Where(static a => Annotation.Score(a.Verdict) is not null).GroupBy(static a => (string.Join('\0', a.Prompt.Select(static m => m.ToString())),
                string.CompareOrdinal(a.First, a.Second) < 0 ? (a.First, a.Second) : (a.Second, a.First)))
            .Select(static g => g.GroupBy(static a => a.Annotator, StringComparer.Ordinal).Select(static own => Oriented(own.Last())).ToList())
            .Where(static u => u.Count > 1).ToList();
        if (units.Count == 0) return new(0, double.NaN, double.NaN);
        var pairs = units.SelectMany(static u => u.SelectMany((a, i) => u.Skip(i + 1).Select(b => Math.Sign(a) == Math.Sign(b)))).ToList();
        return new(units.Count, pairs.Count(static same => same) / (double)pairs.Count, Krippendorff(units));
    }

    /// <summary>Of each two who have judged something both, in the order of their names.</summary>
    /// <param name="all">The judgements.</param>
    public static Vec<(string One, string Other, Agreement Agreement)> Pairwise(IReadOnlyCollection<Annotation> all)
    {
        var people = all.GroupBy(static a => a.Annotator, StringComparer.Ordinal).OrderBy(static g => g.Key, StringComparer.Ordinal).ToList();
        return [.. people.SelectMany((one, i) => people.Skip(i + 1).Select(other => (one.Key, other.Key, Of(one.Concat(other))))).Where(static p => p.Item3.Shared > 0)];
    }

    static int Oriented(Annotation a) => (string.CompareOrdinal(a.First, a.Second) < 0 ? 1 : -1) * Annotation.Score(a.Verdict)!.Value;

    // Krippendorff (2011), "Computing Krippendorff's alpha-reliability", with the squared difference of numbers.
    static double Krippendorff(List<List<int>> units)
    {
        var values = units.SelectMany(static u => u).ToList();
        double n = values.Count;
        var observed = units.Sum(static u => u.Sum(a => u.Sum(b => (double)(a - b) * (a - b))) / (u.Count - 1)) / n;
        var (sum, squares) = (values.Sum(static v => (double)v), values.Sum(static v => (double)v * v));
        var expected = (2 * n * squares - 2 * sum * sum) / (n * (n - 1));
        return expected == 0 ? double.NaN : 1 - observed / expected;
    }
}
