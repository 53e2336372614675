using System.Globalization;
using System.Text;

namespace Functional.Subwords;

/// <summary>
/// A table of SentencePiece's as the official tokenizers library uses it (its <c>Precompiled</c>): a grapheme cluster of fewer than six bytes in UTF-8 whose beginning
/// the table has becomes, as a whole, what stands for the shortest such beginning; all other clusters are looked at character by character. Places are that library's, too.
/// </summary>
sealed class PrecompiledNormalizer(CharacterTable table) : TextNormalizer
{
    const int LongestCluster = 5;

    public CharacterTable Table => table;

    public override Shaped Apply(Shaped text, bool begins, bool ends)
    {
        ReadOnlySpan<char> all = text.Text;
        // Where a text goes on, it is cut by the places of what was encoded, which must be where things come from.
        var changes = ends ? new List<(Rune Rune, int Change)>(all.Length) : null;
        var built = ends ? null : new Shaped.Builder(text);
        var changed = false;
        for (int at = 0, length; at < all.Length; at += length)
        {
            length = Cluster(all[at..]);
            var cluster = all.Slice(at, length);
            if (Encoding.UTF8.GetByteCount(cluster) <= LongestCluster && table.Shortest(cluster) is { } whole)
            {
                changed = true;
                Replace(changes, cluster, whole);
                built?.Put(whole, at, at + length);
                continue;
            }
            for (int i = 0, used; i < length; i += used)
            {
                Rune.DecodeFromUtf16(cluster[i..], out var rune, out used);
                var by = table.Shortest(cluster.Slice(i, used));
                changed |= by is not null;
                if (by is null) changes?.Add((rune, 0));
                else Replace(changes, cluster.Slice(i, used), by);
                built?.Put(by is null ? cluster.Slice(i, used) : by.AsSpan(), at + i, at + i + used);
            }
        }
        return !changed ? text : built?.Build() ?? Placed(text, changes!);
    }

    static int Cluster(ReadOnlySpan<char> text) =>
        text.Length == 1 || (char.IsAscii(text[0]) && char.IsAscii(text[1]) && text[0] != '\r') ? 1 : StringInfo.GetNextTextElementLength(text);

    // One character for one; those beyond are put in, and what is left over goes with the last character before it, wherever that comes from.
    static void Replace(List<(Rune Rune, int Change)>? changes, ReadOnlySpan<char> old, string by)
    {
        if (changes is null) return;
        var (count, before) = (0, 0);
        foreach (var _ in old.EnumerateRunes()) before++;
        foreach (var rune in by.EnumerateRunes()) changes.Add((rune, count++ < before ? 0 : 1));
        if (count < before && changes.Count > 0) changes[^1] = changes[^1] with { Change = changes[^1].Change - (before - count) };
    }

    // A character that is put in is where the one before it is; any other is at the next that was not used, of which some may be left out behind it.
    static Shaped Placed(Shaped text, List<(Rune Rune, int Change)> changes)
    {
        var starts = new List<int>(text.Text.Length + 1);
        for (int at = 0, used; at < text.Text.Length; at += used)
        {
            Rune.DecodeFromUtf16(text.Text.AsSpan(at), out _, out used);
            starts.Add(at);
        }
        var last = starts.Count - 1;
        starts.Add(text.Text.Length);
        var built = new Shaped.Builder(text);
        Span<char> units = stackalloc char[2];
        var next = 0;
        foreach (var (rune, change) in changes)
        {
            var place = Math.Clamp(change > 0 ? next - 1 : next, 0, last);
            built.Put(units[..rune.EncodeToUtf16(units)], starts[place], starts[place + 1]);
            if (change <= 0) next += 1 - change;
        }
        return built.Build();
    }

    // Clusters end between most characters, whatever stands around them; marks, joiners and flags' letters ask for more than two.
    public override bool MayCut(Rune before, Rune after)
    {
        if (before.IsAscii && after.IsAscii) return before.Value != '\r' || after.Value != '\n';
        if (Rune.GetUnicodeCategory(before) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark
            or UnicodeCategory.Format or UnicodeCategory.ModifierSymbol) return false;
        Span<char> both = stackalloc char[4];
        var length = before.EncodeToUtf16(both);
        return StringInfo.GetNextTextElementLength(both[..(length + after.EncodeToUtf16(both[length..]))]) == length;
    }
}
