using Functional.Base;
using Functional.Unicode;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Grammars;

/// <summary>Regular expressions as terms of a grammar.</summary>
static class RegexTerms
{
    const string Allowed = @"allowed: |, (), (?:), (?i:), [], \p{}, \s, \d, \w, *, +, ?, {n,m}, and ^ and $ at the ends";

    // Whether a place is at an end of the text for certain.
    enum At { Yes, No, Maybe }

    /// <summary>The texts that it matches as a whole.</summary>
    public static Validation<Fault, int> Of(Grammar grammar, string pattern, string where) => Read(pattern, where, false, node => Term(grammar, node, At.Yes, At.Yes, grammar.Chars));

    /// <summary>The texts in which it is found, as JSON Schema has it, \d, \w and \s too; each character as another term says.</summary>
    /// <param name="grammar">The grammar.</param>
    /// <param name="pattern">The regular expression.</param>
    /// <param name="where">What faults call it.</param>
    /// <param name="written">A character of some, as it is written.</param>
    public static Validation<Fault, int> Within(Grammar grammar, string pattern, string where, Func<IEnumerable<(int First, int Last)>, int> written) =>
        Read(pattern, where, true, node => Found(grammar, node, written));

    static Validation<Fault, int> Read(string pattern, string where, bool ascii, Func<PatternNode, int> term)
    {
        try
        {
            return Success<Fault, int>(term(PatternReader.Read(pattern, lines: false, ascii)));
        }
        catch (FormatException e)
        {
            return Fault.Of<int>(where, e.Message, Allowed);
        }
    }

    static int Found(Grammar grammar, PatternNode node, Func<IEnumerable<(int First, int Last)>, int> written)
    {
        if (node is PatternNode.OneOf { Parts: var parts }) return grammar.Either([.. parts.Select(p => Found(grammar, p, written))]);
        var row = node is PatternNode.Row r ? r.Parts : [node];
        var (begins, ends) = (row is [PatternNode.Mark { Op: PatternOp.Begin }, ..], row is [.., PatternNode.Mark { Op: PatternOp.End }]);
        var anything = grammar.Repeat(written(RuneRanges.All), 0, Grammar.Endless);
        return grammar.Row(begins ? Grammar.Empty : anything, Term(grammar, node, begins ? At.Yes : At.Maybe, ends ? At.Yes : At.Maybe, written), ends ? Grammar.Empty : anything);
    }

    static int Term(Grammar grammar, PatternNode node, At start, At end, Func<IEnumerable<(int First, int Last)>, int> written) => node switch
    {
        PatternNode.Chars c => written(c.Set.Ranges),
        PatternNode.OneOf o => grammar.Either([.. o.Parts.Select(p => Term(grammar, p, start, end, written))]),
        PatternNode.Repeat { How: PatternNode.Eagerness.Possessive } or PatternNode.Atomic => throw new FormatException("has a possessive part, which keeps what it takes"),
        PatternNode.Repeat r => Repeated(grammar, r, start, end, written),
        PatternNode.Mark { Op: PatternOp.Begin } => Mark(start, "^"),
        PatternNode.Mark { Op: PatternOp.End } => Mark(end, "$"),
        PatternNode.Mark => throw new FormatException(@"has a border of words (\b), which asks for what stands beside"),
        PatternNode.Row r => Row(grammar, r.Parts, start, end, written),
        _ => throw new FormatException("looks ahead"),
    };

    static int Mark(At at, string mark) => at switch
    {
        At.Yes => Grammar.Empty,
        At.No => Grammar.None,
        _ => throw new FormatException($"has {mark} where the text may or may not be at its end"),
    };

    // Inside of what may come more than once, nothing is at an end for certain.
    static int Repeated(Grammar grammar, PatternNode.Repeat r, At start, At end, Func<IEnumerable<(int First, int Last)>, int> written)
    {
        var once = r.Most <= 1;
        return grammar.Repeat(Term(grammar, r.Part, once ? start : At.Maybe, once ? end : At.Maybe, written), r.Least, r.Most == int.MaxValue ? Grammar.Endless : r.Most);
    }

    static int Row(Grammar grammar, IReadOnlyList<PatternNode> parts, At start, At end, Func<IEnumerable<(int First, int Last)>, int> written)
    {
        return grammar.Row([.. parts.Select((part, i) => Term(grammar, part, Beside(0, i, start), Beside(i + 1, parts.Count, end), written))]);

        // Whether a part stands at an end, by what stands between; marks are nothing.
        At Beside(int from, int to, At outer)
        {
            var between = Enumerable.Range(from, to - from).Where(i => parts[i] is not PatternNode.Mark).ToArray();
            return outer == At.No || !between.All(i => MayBeEmpty(parts[i])) ? At.No : between.Length > 0 ? At.Maybe : outer;
        }
    }

    static bool MayBeEmpty(PatternNode node) => node switch
    {
        PatternNode.Chars => false,
        PatternNode.OneOf o => o.Parts.Any(MayBeEmpty),
        PatternNode.Row r => r.Parts.All(MayBeEmpty),
        PatternNode.Repeat r => r.Least == 0 || MayBeEmpty(r.Part),
        _ => true,
    };
}
