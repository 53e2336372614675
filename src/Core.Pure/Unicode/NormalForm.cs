using System.Text;

namespace Functional.Unicode;

/// <summary>
/// The normal forms of The Unicode Standard (Annex #15), by the tables of version 14.0.
/// </summary>
public static class NormalForm
{
    const int HangulFirst = 0xAC00, LeadFirst = 0x1100, VowelFirst = 0x1161, TrailFirst = 0x11A7, Leads = 19, Vowels = 21, Trails = 28,
        Syllables = Leads * Vowels * Trails;

    static readonly int[] Sources, CompatibilitySources, ClassStarts;
    static readonly int[][] Parts, CompatibilityParts;
    static readonly (int End, byte Class)[] ClassRuns;
    static readonly long[] PairKeys;
    static readonly int[] PairValues;

    static NormalForm()
    {
        var (sources, parts, pairs) = (new List<int>(), new List<int[]>(), new List<(long Key, int Value)>());
        foreach (var (source, kind, values) in Entries(NormalFormData.Canonical))
        {
            sources.Add(source);
            parts.Add(values);
            if ((kind & 1) == 1) pairs.Add((Key(values[0], values[1]), source));
        }
        (Sources, Parts) = ([.. sources], [.. parts]);
        pairs.Sort();
        (PairKeys, PairValues) = ([.. pairs.Select(static p => p.Key)], [.. pairs.Select(static p => p.Value)]);
        var wide = Entries(CompatibilityData.Mappings, 0).ToList();
        (CompatibilitySources, CompatibilityParts) = ([.. wide.Select(static w => w.Source)], [.. wide.Select(static w => w.Values)]);
        var bytes = Convert.FromBase64String(NormalFormData.Classes);
        var (starts, runs, at) = (new List<int>(), new List<(int, byte)>(), 0);
        for (var end = 0; at < bytes.Length;)
        {
            var start = end + Number(bytes, ref at);
            end = start + Number(bytes, ref at);
            starts.Add(start);
            runs.Add((end, (byte)Number(bytes, ref at)));
        }
        (ClassStarts, ClassRuns) = ([.. starts], [.. runs]);
    }

    static IEnumerable<(int Source, int Kind, int[] Values)> Entries(string table, int halving = 1)
    {
        var bytes = Convert.FromBase64String(table);
        for (int at = 0, source = 0; at < bytes.Length;)
        {
            source += Number(bytes, ref at);
            var kind = Number(bytes, ref at);
            var values = new int[kind >> halving];
            for (var i = 0; i < values.Length; i++) values[i] = Number(bytes, ref at);
            yield return (source, kind, values);
        }
    }

    static int Number(byte[] bytes, ref int at)
    {
        var (value, shift) = (0, 0);
        while (true)
        {
            value |= (bytes[at] & 127) << shift;
            if (bytes[at++] < 128) return value;
            shift += 7;
        }
    }

    static long Key(int a, int b) => ((long)a << 32) | (uint)b;

    /// <summary>The canonical combining class of a code point; 0 for a starter.</summary>
    public static byte Class(int rune)
    {
        if (rune < 0x300) return 0;
        var i = Array.BinarySearch(ClassStarts, rune);
        if (i < 0) i = ~i - 1;
        return i >= 0 && rune < ClassRuns[i].End ? ClassRuns[i].Class : (byte)0;
    }

    /// <summary>
    /// Whether text may be cut before this code point, whatever stands before it: it is a starter that neither it nor what it decomposes to composes with
    /// anything before.
    /// </summary>
    public static bool BeginsAnew(int rune)
    {
        if (rune < 0x300) return true;
        if (rune is >= HangulFirst and < HangulFirst + Syllables or >= LeadFirst and < LeadFirst + Leads) return true;
        if (rune is >= VowelFirst and < VowelFirst + Vowels or > TrailFirst and < TrailFirst + Trails) return false;
        if (Class(rune) != 0) return false;
        var parts = new List<int>();
        Decompose(rune, true, parts);
        return Class(parts[0]) == 0 && !IsSecond(parts[0]) && parts[0] is not (>= VowelFirst and < TrailFirst + Trails);
    }

    static bool IsSecond(int rune)
    {
        foreach (var key in PairKeys)
            if ((int)key == rune) return true;
        return false;
    }

    /// <summary>The text in a normal form, or nothing where it is in it already.</summary>
    /// <param name="text">The text.</param>
    /// <param name="compatible">Whether compatibility decompositions are applied (KC, KD).</param>
    /// <param name="composes">Whether characters are composed again (C, KC).</param>
    /// <param name="origin">
    /// For each code point of the result, the index of the code point of the text that it counts as coming from: one after the other, a composed one from its
    /// first, what decomposition adds from the one before; marks that change places do not take theirs along (as in the official tokenizers library).
    /// </param>
    public static List<int>? Of(ReadOnlySpan<char> text, bool compatible, bool composes, out List<int> origin)
    {
        origin = [];
        // Latin letters with their accents change only where they are taken apart or are compatibility characters.
        if (text.IndexOfAnyExceptInRange('\0', composes && !compatible ? '\u02FF' : '\u007F') < 0) return null;
        // How many code points of the text each replaces, less one: the first of a decomposition none, what it adds -1, a composed one more.
        var (runes, taken) = (new List<int>(text.Length), new List<int>(text.Length));
        foreach (var rune in text.EnumerateRunes())
        {
            taken.Add(0);
            Decompose(rune.Value, compatible, runes);
            while (taken.Count < runes.Count) taken.Add(-1);
        }
        Order(runes, taken);
        if (composes) Compose(runes, taken);
        var next = 0;
        foreach (var more in taken)
        {
            origin.Add(more < 0 ? Math.Max(0, next - 1) : next);
            next += Math.Max(0, more + 1);
        }
        return runes;
    }

    static void Decompose(int rune, bool compatible, List<int> into)
    {
        if (rune < 0xA0) { into.Add(rune); return; }
        if (rune is >= HangulFirst and < HangulFirst + Syllables)
        {
            var s = rune - HangulFirst;
            into.Add(LeadFirst + s / (Vowels * Trails));
            into.Add(VowelFirst + s % (Vowels * Trails) / Trails);
            if (s % Trails != 0) into.Add(TrailFirst + s % Trails);
            return;
        }
        var parts = Array.BinarySearch(Sources, rune) is >= 0 and var i ? Parts[i]
            : compatible && Array.BinarySearch(CompatibilitySources, rune) is >= 0 and var k ? CompatibilityParts[k] : null;
        if (parts is null) { into.Add(rune); return; }
        foreach (var part in parts) Decompose(part, compatible, into);
    }

    // Marks by their class, those of equal class as they came.
    static void Order(List<int> runes, List<int> taken)
    {
        for (var start = 0; start < runes.Count;)
        {
            if (Class(runes[start]) == 0) { start++; continue; }
            var end = start;
            var sorted = true;
            for (byte last = 0; end < runes.Count && Class(runes[end]) is > 0 and var c; end++, last = c) sorted &= c >= last;
            if (!sorted)
            {
                var marks = Enumerable.Range(start, end - start).Select(i => (Rune: runes[i], Taken: taken[i])).OrderBy(static m => Class(m.Rune)).ToList();
                for (var i = 0; i < marks.Count; i++) (runes[start + i], taken[start + i]) = marks[i];
            }
            start = end;
        }
    }

    static void Compose(List<int> runes, List<int> taken)
    {
        var (starter, written) = (-1, 0);
        byte last = 0;
        for (var i = 0; i < runes.Count; i++)
        {
            var rune = runes[i];
            var c = Class(rune);
            // Blocked by a mark of the same class or a higher one in between.
            var near = starter >= 0 && (starter == written - 1 || (last < c && last != 0));
            if (near && Pair(runes[starter], rune) is >= 0 and var joined)
            {
                runes[starter] = joined;
                taken[starter] += taken[i] + 1;
                continue;
            }
            if (c == 0) { starter = written; last = 0; }
            else last = c;
            (runes[written], taken[written++]) = (rune, taken[i]);
        }
        runes.RemoveRange(written, runes.Count - written);
        taken.RemoveRange(written, taken.Count - written);
    }

    static int Pair(int a, int b)
    {
        if (a is >= LeadFirst and < LeadFirst + Leads && b is >= VowelFirst and < VowelFirst + Vowels)
            return HangulFirst + ((a - LeadFirst) * Vowels + b - VowelFirst) * Trails;
        if (a is >= HangulFirst and < HangulFirst + Syllables && (a - HangulFirst) % Trails == 0 && b is > TrailFirst and < TrailFirst + Trails)
            return a + b - TrailFirst;
        return Array.BinarySearch(PairKeys, Key(a, b)) is >= 0 and var i ? PairValues[i] : -1;
    }

    /// <summary>The text in a normal form.</summary>
    public static string Of(string text, bool compatible, bool composes) => Of(text, compatible, composes, out _) is { } runes
        ? runes.Aggregate(new StringBuilder(), static (all, rune) => all.Append(new Rune(rune).ToString())).ToString() : text;
}
