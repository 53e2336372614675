using System.Text;
using Functional.Base;

namespace Functional.Subwords;

/// <summary>How SentencePiece makes text even.</summary>
/// <param name="Prefix">Whether a blank is put before the text.</param>
/// <param name="RemovesExtra">Whether blanks at the text's ends go, and those side by side are one.</param>
/// <param name="Escapes">Whether a blank becomes U+2581.</param>
/// <param name="Symbols">What users defined as tokens: the table leaves it alone.</param>
/// <param name="Reserved">Ids of tokens that no text is, such as control symbols.</param>
sealed record SentencePieceRules(bool Prefix, bool RemovesExtra, bool Escapes, Vec<string> Symbols, Vec<int> Reserved);

/// <summary>
/// Makes text even as SentencePiece does (Kudo and Richardson 2018): at each place the longest beginning that the table has becomes what stands for it, and of
/// blanks the rules say what becomes. Places are those of what was replaced; a blank that is put before the text is where its first character is.
/// </summary>
sealed class SentencePieceNormalizer(CharacterTable? table, SentencePieceRules rules) : TextNormalizer
{
    const char Escaped = '▁';
    readonly Dictionary<char, string[]> symbols = rules.Symbols.Where(static s => s.Length > 0).GroupBy(static s => s[0])
        .ToDictionary(static g => g.Key, static g => g.OrderByDescending(static s => s.Length).ToArray());
    readonly System.Collections.Generic.HashSet<int> insideSymbols = [.. rules.Symbols.SelectMany(static s => s.EnumerateRunes().Skip(1)).Select(static r => r.Value)];

    public Vec<int> Reserved => rules.Reserved;

    public override Shaped Apply(Shaped text, bool begins, bool ends)
    {
        var all = text.Text.AsSpan();
        var (at, blank) = (0, rules.Escapes ? Escaped : ' ');
        var built = new Shaped.Builder(text);
        if (begins && rules.RemovesExtra)
            for (int length; at < all.Length && IsBlank(all[at..], out length); at += length) { }
        if (at == all.Length) return built.Build();
        if (begins && rules.Prefix) built.Put([blank], at, at + Width(all[at..]));
        var afterBlank = begins && rules.RemovesExtra;
        for (int length; at < all.Length; at += length)
        {
            var by = Becomes(all[at..], out length);
            if (by is null && all[at] != ' ')
            {
                built.Keep(at, at + length);
                afterBlank = false;
                continue;
            }
            var rest = (by ?? " ").AsSpan();
            if (afterBlank) rest = rest.TrimStart(' ');
            if (rest.IsEmpty) continue;
            built.Put(rest.ToString().Replace(' ', blank), at, at + length);
            afterBlank = rules.RemovesExtra && rest[^1] == ' ';
        }
        if (ends && rules.RemovesExtra) built.TrimEnd(blank);
        return built.Build();
    }

    bool IsBlank(ReadOnlySpan<char> text, out int length) => (Becomes(text, out length) ?? text[..1].ToString()) == " ";

    static int Width(ReadOnlySpan<char> text) => text.Length > 1 && char.IsSurrogatePair(text[0], text[1]) ? 2 : 1;

    // What stands for the beginning of a text, and how much of it that is; nothing for one that stays.
    string? Becomes(ReadOnlySpan<char> text, out int length)
    {
        if (symbols.TryGetValue(text[0], out var those))
            foreach (var symbol in those)
                if (text.StartsWith(symbol, StringComparison.Ordinal)) { length = symbol.Length; return symbol; }
        length = 0;
        var by = table?.Longest(text, out length);
        if (by is null) length = Width(text);
        return by;
    }

    // Behind a character that surely stands by itself and leaves neither nothing nor a blank, what follows does not ask what was before.
    public override bool MayCut(Rune before, Rune after) => !IsInside(before) && !IsInside(after)
        && (Becomes(before.ToString(), out _) ?? before.ToString()) is { Length: > 0 } by && by[^1] is not (' ' or Escaped);

    bool IsInside(Rune rune) => insideSymbols.Contains(rune.Value) || (table?.IsInside(rune) ?? false);
}
