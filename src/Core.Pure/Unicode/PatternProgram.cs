using System.Runtime.CompilerServices;

namespace Functional.Unicode;

enum PatternOp { Set, Loop, Split, Jump, Look, Atomic, Begin, BeginLine, End, EndLine, Border, NoBorder, Accept }

/// <summary>One instruction of a pattern's program.</summary>
/// <param name="Op">What it does.</param>
/// <param name="Set">The characters that <c>Set</c> and <c>Loop</c> take.</param>
/// <param name="A">Where to go on: first choice of <c>Split</c>, target of <c>Jump</c>, what follows <c>Look</c> and <c>Atomic</c>, whose part stands right behind them;
/// the least number of a <c>Loop</c>.</param>
/// <param name="B">Second choice of <c>Split</c>; 1 where <c>Look</c> must fail; the most of a <c>Loop</c>.</param>
readonly record struct PatternStep(PatternOp Op, CharSet? Set = null, int A = 0, int B = 0);

/// <summary>What the steps of programs ask of a text, over code points of UTF-16.</summary>
static class PatternText
{
    /// <summary>Whether a set has the character at a place, and its length in code units; at the end of a text that depends on what follows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Takes(ReadOnlySpan<char> text, int at, CharSet set, out int length, ref bool open)
    {
        if (at < text.Length) return Takes(text, at, set, out length);
        (length, open) = (0, true);
        return false;
    }

    static bool Takes(ReadOnlySpan<char> text, int at, CharSet set, out int length)
    {
        int rune = text[at];
        length = 1;
        if (char.IsHighSurrogate((char)rune) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]))
        {
            rune = char.ConvertToUtf32((char)rune, text[at + 1]);
            length = 2;
        }
        return set.Has(rune);
    }

    /// <summary>The place one character before.</summary>
    public static int Before(ReadOnlySpan<char> text, int at, int low) =>
        at - (at - low >= 2 && char.IsLowSurrogate(text[at - 1]) && char.IsHighSurrogate(text[at - 2]) ? 2 : 1);

    /// <summary>Whether what a step asks of a place is so, and whether that may depend on what follows the text.</summary>
    public static bool Holds(PatternOp mark, ReadOnlySpan<char> text, int at, ref bool open)
    {
        if (at == text.Length && mark is not (PatternOp.Begin or PatternOp.BeginLine)) open = true;
        return mark switch
        {
            PatternOp.Begin => at == 0,
            PatternOp.BeginLine => at == 0 || text[at - 1] == '\n',
            PatternOp.End => at == text.Length,
            PatternOp.EndLine => at == text.Length || text[at] == '\n',
            _ => IsBorder(text, at) == (mark == PatternOp.Border),
        };
    }

    static bool IsBorder(ReadOnlySpan<char> text, int at) => (at > 0 && IsWordBefore(text, at)) != (at < text.Length && IsWordAt(text, at));

    static bool IsWordAt(ReadOnlySpan<char> text, int at) => CharClasses.IsWord(
        at + 1 < text.Length && char.IsSurrogatePair(text[at], text[at + 1]) ? char.ConvertToUtf32(text[at], text[at + 1]) : text[at]);

    static bool IsWordBefore(ReadOnlySpan<char> text, int at) => IsWordAt(text, at > 1 && char.IsSurrogatePair(text[at - 2], text[at - 1]) ? at - 2 : at - 1);
}
