using System.Collections.Immutable;

namespace Functional.Grammars;

/// <summary>Sets of numbers, such as code points, as ranges in order that do not touch.</summary>
static class RuneRanges
{
    /// <summary>Every character that UTF-8 can write: all code points but surrogates.</summary>
    public static ImmutableArray<(int First, int Last)> All { get; } = [(0, 0xD7FF), (0xE000, 0x10FFFF)];

    /// <summary>What is in any of them.</summary>
    public static ImmutableArray<(int First, int Last)> Union(IEnumerable<(int First, int Last)> ranges)
    {
        var result = ImmutableArray.CreateBuilder<(int First, int Last)>();
        foreach (var (first, last) in ranges.OrderBy(static r => r.First))
            if (result.Count > 0 && first <= result[^1].Last + 1) result[^1] = (result[^1].First, Math.Max(last, result[^1].Last));
            else result.Add((first, last));
        return result.ToImmutable();
    }

    /// <summary>What is in both.</summary>
    public static ImmutableArray<(int First, int Last)> Both(ImmutableArray<(int First, int Last)> a, ImmutableArray<(int First, int Last)> b)
    {
        var result = ImmutableArray.CreateBuilder<(int First, int Last)>();
        for (int i = 0, j = 0; i < a.Length && j < b.Length;)
        {
            var (first, last) = (Math.Max(a[i].First, b[j].First), Math.Min(a[i].Last, b[j].Last));
            if (first <= last) result.Add((first, last));
            if (a[i].Last < b[j].Last) i++;
            else j++;
        }
        return result.ToImmutable();
    }

    /// <summary>Those of a range alone, counted from its beginning.</summary>
    public static ImmutableArray<(int First, int Last)> Within(ImmutableArray<(int First, int Last)> ranges, int first, int last) =>
        [.. Both(ranges, [(first, last)]).Select(r => (r.First - first, r.Last - first))];
}
