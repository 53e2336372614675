using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Unicode;

/// <summary>
/// A regular expression over code points, as the published splitting patterns of tokenizers use it: alternatives, groups, classes, <c>\p{…}</c>, greedy, lazy
/// and possessive repetition, looking ahead, <c>(?i:…)</c>. .NET's own regular expressions see UTF-16 code units, to which no letter beyond U+FFFF is a letter.
/// </summary>
public sealed class Pattern
{
    readonly PatternStep[] program, plain;
    readonly string where;

    Pattern(string source, string where, PatternNode node) =>
        (Source, this.where, program, plain) = (source, where, PatternCode.Of(node, plain: false), PatternCode.Of(node, plain: true));

    /// <summary>Its text.</summary>
    public string Source { get; }

    /// <summary>Whether what it matches depends on nothing before the match: no <c>^</c> and no <c>\b</c>.</summary>
    public bool IsLocal => !program.Any(static s => s.Op is PatternOp.Begin or PatternOp.BeginLine or PatternOp.Border or PatternOp.NoBorder);

    /// <summary>
    /// Whether a match may reach from one character to the next, or ask for it: where not, a text may be cut between them, and its parts searched apart.
    /// </summary>
    /// <param name="before">A code point.</param>
    /// <param name="after">The one behind it.</param>
    public bool MayJoin(int before, int after) => (Takes(before) && Takes(after))
        || !program.All(static s => s.Op is PatternOp.Set or PatternOp.Loop or PatternOp.Split or PatternOp.Jump or PatternOp.Atomic or PatternOp.Accept);

    bool Takes(int rune) => program.Any(s => s.Set?.Has(rune) ?? false);

    /// <summary>The pattern that a text describes, or the fault in it.</summary>
    /// <param name="source">The regular expression.</param>
    /// <param name="where">What faults call it.</param>
    /// <param name="lines">Whether <c>^</c> and <c>$</c> also match at lines, as in Oniguruma, which Hugging Face's tokenizers use, or only at the text's ends.</param>
    public static Validation<Fault, Pattern> Parse(string source, string where, bool lines = true)
    {
        try
        {
            return Success<Fault, Pattern>(new(source, where, PatternReader.Read(source, lines)));
        }
        catch (FormatException e)
        {
            return Fault.Of<Pattern>(where, e.Message, @"allowed: |, (), (?:), (?i:), (?=), (?!), (?>), [], \p{}, \s, \d, \w, \b, ^, $, *, +, ?, {n,m}");
        }
    }

    /// <summary>Finds matches in one text after the other, or in one alone. Not for several threads at once.</summary>
    /// <param name="oneText">
    /// Whether all that is asked is about one text, and each match is asked for where the one before began, or later: then all of them together take a time that grows no
    /// faster than the text, whatever the pattern.
    /// </param>
    public Finder Matcher(bool oneText = false) => Matcher(oneText, Finder.Patience);

    /// <summary>The same with another patience, that is with so many steps before what was tried is remembered.</summary>
    internal Finder Matcher(bool oneText, int patience) => new(program, plain, () => new PatternLimitException(where, Source), oneText, patience);

    /// <summary>Finds matches of a pattern. One that has to remember more of a text than is allowed throws.</summary>
    public sealed class Finder
    {
        internal const int Patience = 4096;
        const int EachCharacter = 128;
        readonly PatternRun run;
        readonly PatternStep[] plain;
        readonly Func<Exception> limit;
        readonly bool oneText;
        readonly int patience;
        PatternMemo? memo;
        int reached;

        internal Finder(PatternStep[] program, PatternStep[] plain, Func<Exception> limit, bool oneText, int patience)
        {
            (run, this.plain, this.limit, this.oneText, this.patience) = (new(program), plain, limit, oneText, patience);
            Begin(0);
        }

        void Begin(int at)
        {
            (run.Granted, reached) = (patience, at);
            memo?.Forget();
        }

        /// <summary>
        /// The end of the match that begins at <paramref name="at"/>; -1 for none.
        /// </summary>
        /// <param name="text">The text.</param>
        /// <param name="at">Where to begin.</param>
        /// <param name="open">Whether more text behind could change the answer.</param>
        public int Match(ReadOnlySpan<char> text, int at, out bool open)
        {
            if (!oneText) Begin(at);
            return At(text, at, out open);
        }

        // Each character grants some steps; whoever has used them up goes on with an account of what was tried.
        int At(ReadOnlySpan<char> text, int at, out bool open)
        {
            if (patience > 0) run.Granted = Math.Max(0, run.Granted) + ((long)EachCharacter * Math.Max(0, at - reached));
            reached = Math.Max(reached, at);
            var end = run.Granted > 0 ? run.Match(text, at) : PatternRun.GaveUp;
            open = run.Open;
            if (end != PatternRun.GaveUp) return end;
            memo ??= new(plain, limit);
            end = memo.Match(text, at);
            open = memo.Open;
            return end;
        }

        /// <summary>The first match that is not empty and begins at <paramref name="from"/> or later; (-1, -1) for none.</summary>
        /// <param name="text">The text.</param>
        /// <param name="from">Where to begin.</param>
        /// <param name="sure">
        /// Up to where more text behind changes nothing: no match begins before it but the one found, which is certain where this is its end.
        /// </param>
        public (int Start, int End) Find(ReadOnlySpan<char> text, int from, out int sure)
        {
            if (!oneText) Begin(from);
            sure = -1;
            for (var at = from; at < text.Length; at++)
            {
                if (at > from && char.IsLowSurrogate(text[at]) && char.IsHighSurrogate(text[at - 1])) continue;
                var end = At(text, at, out var open);
                if (open && sure < 0) sure = at;
                if (end <= at) continue;
                if (sure < 0) sure = end;
                return (at, end);
            }
            if (sure < 0) sure = text.Length;
            return (-1, -1);
        }
    }
}
