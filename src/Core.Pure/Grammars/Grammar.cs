using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Functional.Base;

namespace Functional.Grammars;

/// <summary>
/// Sets of texts as terms, and what of a text may still come after each byte as another term: derivatives (Brzozowski 1964), over the bytes of UTF-8. Equal terms are one, so that terms
/// are the states of an automaton that is built as far as somebody goes. Only characters that a vocabulary can write are in any of them, so that every term but
/// <see cref="None"/> can be completed.
/// </summary>
/// <remarks>Grows as it is asked, and gives the same answers whatever was asked before. Not for several threads at once.</remarks>
sealed class Grammar
{
    /// <summary>No text at all.</summary>
    public const int None = 0;

    /// <summary>The empty text alone.</summary>
    public const int Empty = 1;

    /// <summary>For a repetition without end.</summary>
    public const int Endless = int.MaxValue;

    enum Kind { None, Empty, Chars, Row, Either, Repeat }

    // Chars: A is the index of ranges, B how many bytes of a character that has begun are missing. Row: A, then B. Either: A is the index of terms. Repeat: A from B to C times.
    readonly record struct Node(Kind Kind, int A = 0, int B = 0, int C = 0);

    readonly List<Node> nodes = [default, new(Kind.Empty)];
    readonly List<bool> nullable = [false, true];
    readonly List<int> shortest = [int.MaxValue, 0];
    readonly List<int[]?> next = [null, null];
    readonly Dictionary<Node, int> known = [];
    readonly List<ImmutableArray<(int First, int Last)>> ranges = [];
    readonly Dictionary<Vec<(int, int)>, int> rangesKnown = [];
    readonly List<int[]> choices = [];
    readonly Dictionary<Vec<int>, int> choicesKnown = [];
    readonly TokenTrie vocabulary;
    readonly SortedSet<int> missing = [];

    /// <summary>A grammar of texts of a vocabulary.</summary>
    public Grammar(TokenTrie vocabulary) => this.vocabulary = vocabulary;

    /// <summary>Single characters that were asked for and that the vocabulary cannot write.</summary>
    public IReadOnlyCollection<int> Missing => missing;

    /// <summary>Whether the empty text is among them.</summary>
    public bool IsNullable(int term) => nullable[term];

    /// <summary>How many tokens complete it at most, if it is written character by character on the shortest way.</summary>
    public int Shortest(int term) => shortest[term];

    /// <summary>One character of these.</summary>
    public int Chars(IEnumerable<(int First, int Last)> of)
    {
        var asked = RuneRanges.Union(of);
        var found = RuneRanges.Both(asked, vocabulary.Writable);
        if (found.IsEmpty && asked is [var (first, last)] && first == last) missing.Add(first);
        return Chars(found, 0);
    }

    /// <summary>This text alone.</summary>
    public int Literal(string text) => Row([.. text.EnumerateRunes().Select(r => Chars([(r.Value, r.Value)]))]);

    /// <summary>Any of these texts. What they begin with alike is there once: a choice among thousands would be gone through for each byte.</summary>
    public int AnyOf(IReadOnlyCollection<string> texts) => Behind([.. texts.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)], 0);

    int Behind(ReadOnlySpan<string> texts, int from)
    {
        if (texts.Length == 1) return Literal(texts[0][from..]);
        var terms = new List<int>();
        for (var i = 0; i < texts.Length;)
        {
            if (texts[i].Length == from)
            {
                terms.Add(Empty);
                i++;
                continue;
            }
            // All that they begin with at once: long texts are no deeper than short ones. Of a pair of surrogates both or none; JSON has no halves.
            var (first, least) = (i, char.IsHighSurrogate(texts[i][from]) ? 2 : 1);
            while (i < texts.Length && string.CompareOrdinal(texts[i], from, texts[first], from, least) == 0) i++;
            var alike = texts[first].AsSpan(from).CommonPrefixLength(texts[i - 1].AsSpan(from));
            if (alike > least && char.IsHighSurrogate(texts[first][from + alike - 1])) alike--;
            terms.Add(Row(Literal(texts[first][from..(from + alike)]), Behind(texts[first..i], from + alike)));
        }
        return Either(CollectionsMarshal.AsSpan(terms));
    }

    /// <summary>One after the other.</summary>
    public int Row(params ReadOnlySpan<int> terms)
    {
        var result = Empty;
        for (var i = terms.Length - 1; i >= 0; i--) result = Row(terms[i], result);
        return result;
    }

    /// <summary>Any of them.</summary>
    public int Either(params ReadOnlySpan<int> terms)
    {
        var all = new SortedSet<int>();
        foreach (var term in terms)
            if (nodes[term].Kind == Kind.Either) all.UnionWith(choices[nodes[term].A]);
            else if (term != None) all.Add(term);
        // Characters beside characters are characters.
        foreach (var group in all.Where(t => nodes[t].Kind == Kind.Chars).GroupBy(t => nodes[t].B).Where(static g => g.Count() > 1).ToList())
        {
            all.ExceptWith(group);
            all.Add(Chars(RuneRanges.Union(group.SelectMany(t => ranges[nodes[t].A])), group.Key));
        }
        if (all.Count < 2) return all.Count == 0 ? None : all.Min;
        int[] list = [.. all];
        if (!choicesKnown.TryGetValue([.. list], out var at))
        {
            choicesKnown.Add([.. list], at = choices.Count);
            choices.Add(list);
        }
        return Of(new(Kind.Either, at), System.Array.Exists(list, t => nullable[t]), list.Min(t => shortest[t]));
    }

    /// <summary>The same some times.</summary>
    public int Repeat(int term, int least, int most)
    {
        if (most == 0 || term == Empty) return Empty;
        if (nullable[term]) least = 0;
        if (term == None) return least == 0 ? Empty : None;
        return least == 1 && most == 1 ? term : Of(new(Kind.Repeat, term, least, most), least == 0, Times(shortest[term], least));
    }

    /// <summary>It or nothing.</summary>
    public int Maybe(int term) => Repeat(term, 0, 1);

    /// <summary>What may follow a byte; <see cref="None"/> where the byte may not.</summary>
    public int Next(int term, byte b)
    {
        var table = next[term];
        if (table is null)
        {
            next[term] = table = new int[256];
            table.AsSpan().Fill(-1);
        }
        return table[b] >= 0 ? table[b] : table[b] = Derivative(term, b);
    }

    int Derivative(int term, byte b)
    {
        // A row whose first parts may be empty: a loop, for there may be thousands.
        var found = new List<int>();
        while (nodes[term] is { Kind: Kind.Row } row)
        {
            if (Next(row.A, b) is not None and var rest) found.Add(Row(rest, row.B));
            if (!nullable[row.A]) return Either(CollectionsMarshal.AsSpan(found));
            term = row.B;
        }
        var node = nodes[term];
        found.Add(node.Kind switch
        {
            Kind.Chars => Character(ranges[node.A], node.B, b),
            Kind.Either => Either([.. choices[node.A].Select(t => Next(t, b))]),
            Kind.Repeat when Next(node.A, b) is not None and var rest => Row(rest, Repeat(node.A, Math.Max(0, node.B - 1), node.C == Endless ? Endless : node.C - 1)),
            _ => None,
        });
        return Either(CollectionsMarshal.AsSpan(found));
    }

    // What of a character may follow its first bytes. Longer forms of what is shorter, and surrogates, are in no range.
    int Character(ImmutableArray<(int First, int Last)> of, int missingBytes, byte b) => (missingBytes, b) switch
    {
        (0, < 0x80) => RuneRanges.Both(of, [(b, b)]).IsEmpty ? None : Empty,
        (0, >= 0xC2 and < 0xE0) => Chars(Part(RuneRanges.Both(of, [(0x80, 0x7FF)]), b & 0x1F, 6), 1),
        (0, >= 0xE0 and < 0xF0) => Chars(Part(RuneRanges.Both(of, [(0x800, 0xFFFF)]), b & 0xF, 12), 2),
        (0, >= 0xF0 and <= 0xF4) => Chars(Part(RuneRanges.Both(of, [(0x10000, 0x10FFFF)]), b & 7, 18), 3),
        (1, >= 0x80 and < 0xC0) => Part(of, b & 0x3F, 0).IsEmpty ? None : Empty,
        ( > 1, >= 0x80 and < 0xC0) => Chars(Part(of, b & 0x3F, 6 * (missingBytes - 1)), missingBytes - 1),
        _ => None,
    };

    static ImmutableArray<(int First, int Last)> Part(ImmutableArray<(int First, int Last)> of, int digit, int bits) =>
        RuneRanges.Within(of, digit << bits, (digit << bits) + (1 << bits) - 1);

    int Chars(ImmutableArray<(int First, int Last)> of, int missingBytes)
    {
        if (of.IsEmpty) return None;
        var key = of.ToVec();
        if (!rangesKnown.TryGetValue(key, out var at))
        {
            rangesKnown.Add(key, at = ranges.Count);
            ranges.Add(of);
        }
        return Of(new(Kind.Chars, at, missingBytes), false, missingBytes > 0 ? missingBytes : !RuneRanges.Both(of, vocabulary.Whole).IsEmpty ? 1
            : new System.Text.Rune(of[0].First).Utf8SequenceLength);
    }

    int Row(int first, int second)
    {
        if (first == None || second == None) return None;
        if (first == Empty || second == Empty) return first == Empty ? second : first;
        // The first part of a row is none, so that equal rows are one.
        var parts = new List<int>();
        for (; nodes[first].Kind == Kind.Row; first = nodes[first].B) parts.Add(nodes[first].A);
        parts.Add(first);
        for (var i = parts.Count - 1; i >= 0; i--)
            second = Of(new(Kind.Row, parts[i], second), nullable[parts[i]] && nullable[second], Plus(shortest[parts[i]], shortest[second]));
        return second;
    }

    int Of(Node node, bool isNullable, int least)
    {
        if (known.TryGetValue(node, out var id)) return id;
        known.Add(node, id = nodes.Count);
        nodes.Add(node);
        nullable.Add(isNullable);
        shortest.Add(least);
        next.Add(null);
        return id;
    }

    static int Plus(int a, int b) => (int)Math.Min((long)a + b, int.MaxValue);

    static int Times(int a, int b) => (int)Math.Min((long)a * b, int.MaxValue);
}
