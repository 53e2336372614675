using System.Text;

namespace Functional.Templates;

/// <summary>Texts by Unicode scalars, as Python counts them; a lone surrogate counts as one.</summary>
static class CodePoints
{
    /// <summary>How many there are.</summary>
    public static int Count(string text)
    {
        var count = text.Length;
        for (var i = 0; i + 1 < text.Length; i++) if (char.IsSurrogatePair(text[i], text[i + 1])) count--;
        return count;
    }

    /// <summary>Each as a text of its own.</summary>
    public static IEnumerable<string> Each(string text)
    {
        for (var i = 0; i < text.Length; i++)
            if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1])) yield return text.Substring(i++, 2);
            else yield return text[i].ToString();
    }

    /// <summary>How many stand before a place that is counted in UTF-16 code units.</summary>
    public static int Before(string text, int index) => index < 0 ? index : Count(text[..index]);

    /// <summary>Those at the places of <paramref name="which"/>.</summary>
    public static string Pick(string text, IEnumerable<int> which)
    {
        var picked = new StringBuilder();
        if (Count(text) == text.Length) foreach (var i in which) _ = picked.Append(text[i]);
        else
        {
            string[] all = [.. Each(text)];
            foreach (var i in which) _ = picked.Append(all[i]);
        }
        return picked.ToString();
    }

    /// <summary>The places of a slice, as Python has it: from, to and step may be negative or missing.</summary>
    /// <param name="count">How many items there are.</param>
    /// <param name="from">The first place; negative counts from the end.</param>
    /// <param name="to">The place after the last.</param>
    /// <param name="step">Not 0.</param>
    public static IEnumerable<int> Slice(int count, long? from, long? to, long step)
    {
        long Clamp(long? place, long otherwise)
        {
            var at = place is { } p ? p < 0 ? p + count : p : otherwise;
            return step > 0 ? Math.Clamp(at, 0, count) : Math.Clamp(at, -1, count - 1);
        }
        var first = Clamp(from, step > 0 ? 0 : count - 1);
        // The place before the first cannot be written, so it is not counted from the end.
        var end = to is null && step < 0 ? -1 : Clamp(to, count);
        for (Int128 i = first; step > 0 ? i < end : i > end; i += step) yield return (int)i;
    }
}
