using System.Buffers;
using Functional.Base;
using Functional.Unicode;

namespace Functional.Subwords;

/// <summary>A token that stands beside what a model was trained to find, and is found before it.</summary>
/// <param name="Id">Its id, which may be one of the model's, if that is the same text.</param>
/// <param name="Content">Its text.</param>
/// <param name="SingleWord">Whether it is found only where no part of a word stands next to it.</param>
/// <param name="LeftStrip">Whether it takes the white space before it.</param>
/// <param name="RightStrip">Whether it takes the white space behind it.</param>
/// <param name="Normalized">Whether it is looked for in the text that was made even.</param>
/// <param name="Special">Whether it is no text but a sign, such as the end of a document.</param>
public sealed record AddedToken(int Id, string Content, bool SingleWord = false, bool LeftStrip = false, bool RightStrip = false, bool Normalized = false,
    bool Special = true)
{
    /// <summary>That it stands in a text that must hold none.</summary>
    /// <param name="position">Where, in UTF-16 code units.</param>
    internal Fault Refused(long position) => new($"position {position}", $"{Content} is a special token", "allowed: text without special tokens; or have them read, or taken as text");
}

/// <summary>Finds added tokens: the leftmost, of several the longest.</summary>
sealed class AddedTokens
{
    readonly Dictionary<string, AddedToken> tokens = new(StringComparer.Ordinal);
    readonly Dictionary<char, int[]> lengths;
    readonly SearchValues<char> firsts;
    readonly bool strips;

    /// <param name="tokens">The tokens, and what each is found as.</param>
    public AddedTokens(IEnumerable<(AddedToken Token, string Text)> tokens)
    {
        foreach (var (token, text) in tokens)
            if (text.Length > 0) this.tokens[text] = token;
        lengths = this.tokens.Keys.GroupBy(static t => t[0])
            .ToDictionary(static g => g.Key, static g => g.Select(static t => t.Length).Distinct().OrderDescending().ToArray());
        firsts = SearchValues.Create([.. lengths.Keys]);
        Longest = this.tokens.Keys.Select(static t => t.Length).DefaultIfEmpty(0).Max();
        strips = this.tokens.Values.Any(static t => t.LeftStrip);
    }

    public bool IsEmpty => tokens.Count == 0;

    public int Longest { get; }

    /// <summary>The next token in a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="from">Where to begin looking.</param>
    /// <param name="before">The character before the text; 0 for none.</param>
    /// <param name="ends">Whether the text ends here, rather than goes on.</param>
    /// <returns>
    /// The token and the place that it takes; without one, where <c>Start</c> is: up to there it is certain that none begins.
    /// </returns>
    public (AddedToken? Token, int Start, int End) Find(ReadOnlySpan<char> text, int from, char before, bool ends)
    {
        if (IsEmpty) return (null, text.Length, text.Length);
        var lookup = tokens.GetAlternateLookup<ReadOnlySpan<char>>();
        for (var at = from; ; at++)
        {
            var skip = text[at..].IndexOfAny(firsts);
            at = skip < 0 ? text.Length : at + skip;
            // The longest could begin here and not yet be here; what stands behind it counts, too.
            if (!ends && at + Longest + 1 > text.Length) return (null, Kept(text, from, Math.Max(from, text.Length - Longest)), 0);
            if (at == text.Length) return (null, at, at);
            foreach (var length in lengths[text[at]])
            {
                if (at + length > text.Length || !lookup.TryGetValue(text.Slice(at, length), out var token)) continue;
                var end = at + length;
                if (token.SingleWord && (IsWord(at > 0 ? text[at - 1] : before) || (end < text.Length && IsWord(text[end]))))
                {
                    at = end - 1;
                    break;
                }
                while (token.RightStrip && end < text.Length && CharClasses.IsWhite(text[end])) end++;
                if (token.RightStrip && !ends && end == text.Length) return (null, Kept(text, from, at), 0);
                var start = at;
                while (token.LeftStrip && start > from && CharClasses.IsWhite(text[start - 1])) start--;
                return (token, start, end);
            }
        }
    }

    // White space that a token yet to come may take stays; and so does half a pair.
    int Kept(ReadOnlySpan<char> text, int from, int until)
    {
        while (strips && until > from && CharClasses.IsWhite(text[until - 1])) until--;
        return until > from && until < text.Length && char.IsLowSurrogate(text[until]) ? until - 1 : until;
    }

    static bool IsWord(char c) => c != 0 && CharClasses.IsWord(c);
}
