using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Grammars;

/// <summary>Which tokens may come at a state of a <see cref="Constraint"/>.</summary>
/// <param name="bits">A bit a token.</param>
/// <param name="count">How many there are.</param>
/// <param name="furthest">The longest of the shortest ways on from any of them, in tokens.</param>
public sealed class TokenMask(ulong[] bits, int count, int furthest)
{
    /// <summary>How many tokens may come.</summary>
    public int Count => count;

    internal int Furthest => furthest;

    /// <summary>Whether a token may come.</summary>
    public bool Has(int token) => (bits[token >> 6] >> token & 1) != 0;

    /// <summary>Makes the logits of all others −∞; those of some are left as they are, too.</summary>
    /// <param name="logits"><c>[vocabulary]</c>.</param>
    /// <param name="but">Tokens that may come, too.</param>
    public void Apply(Span<float> logits, ReadOnlySpan<int> but)
    {
        Span<float> kept = but.Length <= 32 ? stackalloc float[but.Length] : new float[but.Length];
        for (var i = 0; i < but.Length; i++) kept[i] = logits[but[i]];
        for (var word = 0; word < bits.Length; word++)
        {
            var part = logits.Slice(word << 6, Math.Min(64, logits.Length - (word << 6)));
            if (bits[word] == 0) part.Fill(float.NegativeInfinity);
            else if (bits[word] != ulong.MaxValue)
                for (var i = 0; i < part.Length; i++)
                    if ((bits[word] >> i & 1) == 0) part[i] = float.NegativeInfinity;
        }
        for (var i = 0; i < but.Length; i++) logits[but[i]] = kept[i];
    }
}

/// <summary>
/// What a text must look like, as an automaton over the tokens of a vocabulary: a regular expression, or a JSON schema. In each state it knows which tokens may come (a mask, kept
/// once it was asked for), whether the text may end, and how many tokens end it. From every state that tokens lead to, tokens lead to the end.
/// </summary>
/// <remarks>States are numbers that mean something in this constraint alone. It remembers what it has worked out; not for several threads at once.</remarks>
public sealed class Constraint
{
    const int MostMasks = 4096;
    readonly Grammar grammar;
    readonly TokenTrie vocabulary;
    readonly byte[][] bytes;
    readonly Dictionary<int, TokenMask> masks = [];
    readonly int[] stack;

    Constraint(Grammar grammar, TokenTrie vocabulary, int start)
    {
        (this.grammar, this.vocabulary, Start, stack) = (grammar, vocabulary, start, new int[vocabulary.Deepest + 1]);
        bytes = vocabulary.AllBytes();
    }

    /// <summary>Texts that a regular expression matches as a whole.</summary>
    /// <param name="pattern">
    /// The regular expression: |, (), (?:), (?i:), classes, \p{}, \s, \d, \w, *, +, ?, {n,m}; ^ and $ at its ends change nothing. No looking ahead, no borders.
    /// </param>
    /// <param name="vocabulary">The tokens.</param>
    /// <param name="where">What faults call it.</param>
    public static Validation<Fault, Constraint> Regex(string pattern, TokenTrie vocabulary, string where = "regex")
    {
        var grammar = new Grammar(vocabulary);
        return RegexTerms.Of(grammar, pattern, where).Bind(start => Of(grammar, vocabulary, start, where, "matches no text"));
    }

    /// <summary>JSON texts that a schema accepts; see <see cref="SchemaTerms"/> for what of JSON Schema it may say.</summary>
    /// <param name="schema">The schema.</param>
    /// <param name="vocabulary">The tokens.</param>
    /// <param name="where">What faults call it.</param>
    /// <param name="optional">Whether a text that does not begin as objects do may be written, too.</param>
    public static Validation<Fault, Constraint> Schema(Json schema, TokenTrie vocabulary, string where = "schema", bool optional = false)
    {
        var grammar = new Grammar(vocabulary);
        return SchemaTerms.Of(grammar, schema, where).Map(term => optional ? grammar.Either(term, grammar.Row(grammar.Chars(RuneRanges.Both(RuneRanges.All, [('\0', 'z'), ('|', 0x10FFFF)])),
            grammar.Repeat(grammar.Chars(RuneRanges.All), 0, Grammar.Endless))) : term).Bind(start => Of(grammar, vocabulary, start, where, "accepts no value that can be written"));
    }

    static Validation<Fault, Constraint> Of(Grammar grammar, TokenTrie vocabulary, int start, string where, string what) => start != Grammar.None
        ? Success<Fault, Constraint>(new(grammar, vocabulary, start))
        : Fault.Of<Constraint>(where, what, grammar.Missing.Count == 0 ? "allowed: one that some text fits"
            : $"the vocabulary cannot write {string.Join(' ', grammar.Missing.Take(20).Select(static r => $"U+{r:X4}"))}");

    /// <summary>The state before any token.</summary>
    public int Start { get; }

    /// <summary>The state behind a token; −1 where the token may not come.</summary>
    /// <param name="state">The state before it.</param>
    /// <param name="token">A token of the vocabulary.</param>
    public int Next(int state, int token)
    {
        if (bytes[token].Length == 0) return -1;
        foreach (var b in bytes[token])
            if ((state = grammar.Next(state, b)) == Grammar.None) return -1;
        return state;
    }

    /// <summary>Whether the text may end.</summary>
    public bool Accepts(int state) => grammar.IsNullable(state);

    /// <summary>Whether the text must end, for nothing may come.</summary>
    public bool IsOver(int state) => Mask(state).Count == 0;

    /// <summary>How many tokens end the text at most, if it is ended as soon as possible.</summary>
    public int Shortest(int state) => grammar.Shortest(state);

    /// <summary>Which tokens may come.</summary>
    public TokenMask Mask(int state)
    {
        if (masks.TryGetValue(state, out var mask)) return mask;
        if (masks.Count >= MostMasks) masks.Clear();
        masks.Add(state, mask = Walk(state, int.MaxValue));
        return mask;
    }

    /// <summary>
    /// Which tokens may come where no more than some tokens are left: those after which the rest has room. Where even the shortest end has none, as without a limit.
    /// </summary>
    /// <param name="state">The state.</param>
    /// <param name="left">How many tokens there may be, 1 or more.</param>
    public TokenMask Mask(int state, int left) => Mask(state) is var mask && (mask.Furthest < left || grammar.Shortest(state) > left) ? mask : Walk(state, left - 1);

    // All tokens at once, in the order of their bytes: what a beginning does not allow is passed over with all that begins so.
    TokenMask Walk(int state, int most)
    {
        var (bits, count, furthest) = (new ulong[(vocabulary.Size + 63) / 64], 0, 0);
        stack[0] = state;
        for (var node = 0; node < vocabulary.Nodes;)
        {
            var depth = vocabulary.Depth(node);
            var next = stack[depth] = grammar.Next(stack[depth - 1], vocabulary.Label(node));
            if (next == Grammar.None)
            {
                node = vocabulary.End(node);
                continue;
            }
            if (vocabulary.Tokens(node) is { IsEmpty: false } tokens && grammar.Shortest(next) is var rest && rest <= most)
            {
                foreach (var token in tokens) bits[token >> 6] |= 1UL << token;
                (count, furthest) = (count + tokens.Length, Math.Max(furthest, rest));
            }
            node++;
        }
        return new(bits, count, furthest);
    }
}
