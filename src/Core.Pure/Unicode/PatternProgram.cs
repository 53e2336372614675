namespace Functional.Unicode;

enum PatternOp { Set, Loop, Split, Jump, Look, Atomic, Begin, BeginLine, End, EndLine, Border, NoBorder, Accept }

/// <summary>One instruction of a pattern's program.</summary>
/// <param name="Op">What it does.</param>
/// <param name="Set">The characters that <c>Set</c> and <c>Loop</c> take.</param>
/// <param name="A">Where to go on: first choice of <c>Split</c>, target of <c>Jump</c>, what follows <c>Look</c> and <c>Atomic</c>, whose part stands right behind them;
/// the least number of a <c>Loop</c>.</param>
/// <param name="B">Second choice of <c>Split</c>; 1 where <c>Look</c> must fail; the most of a <c>Loop</c>.</param>
readonly record struct PatternStep(PatternOp Op, CharSet? Set = null, int A = 0, int B = 0);

/// <summary>
/// Runs a pattern's program from one place by backtracking, over code points of UTF-16 text. After many steps it remembers which states have failed, so
/// that no pattern takes longer than its size times the text's (as RE2's bit-state matcher does).
/// </summary>
sealed class PatternRun(PatternStep[] program)
{
    const int Patience = 4096;
    readonly Stack<(int Step, int At, int Low)> pending = new();
    int steps;

    /// <summary>Whether the outcome may depend on what follows the text.</summary>
    public bool Open { get; private set; }

    /// <summary>The end of the match that begins at <paramref name="at"/>; -1 where there is none.</summary>
    public int Match(ReadOnlySpan<char> text, int at)
    {
        Open = false;
        steps = 0;
        return Run(text, 0, at);
    }

    // Every part of the program that is run by itself has its own states, between its own marks on the stack.
    int Run(ReadOnlySpan<char> text, int start, int at)
    {
        var floor = pending.Count;
        var step = start;
        HashSet<long>? failed = null;
        while (true)
        {
            var code = program[step];
            if (++steps > Patience && (code.Op is PatternOp.Split or PatternOp.Loop) && !(failed ??= []).Add(((long)at << 32) | (uint)step)) goto Back;
            switch (code.Op)
            {
                case PatternOp.Set:
                    if (!Take(text, at, code.Set!, out var length)) goto Back;
                    at += length;
                    step++;
                    continue;
                case PatternOp.Loop:
                    var count = 0;
                    var least = at;
                    while (count < code.B && Take(text, at, code.Set!, out length))
                    {
                        at += length;
                        if (++count == code.A) least = at;
                    }
                    if (count < code.A) goto Back;
                    step++;
                    if (at > least) pending.Push((step, at, least));
                    continue;
                case PatternOp.Split:
                    pending.Push((code.B, at, at));
                    step = code.A;
                    continue;
                case PatternOp.Jump:
                    step = code.A;
                    continue;
                case PatternOp.Look:
                    if (Run(text, step + 1, at) >= 0 == (code.B == 1)) goto Back;
                    step = code.A;
                    continue;
                case PatternOp.Atomic:
                    if (Run(text, step + 1, at) is not (>= 0 and var end)) goto Back;
                    at = end;
                    step = code.A;
                    continue;
                case PatternOp.Begin:
                    if (at != 0) goto Back;
                    step++;
                    continue;
                case PatternOp.End:
                    if (at != text.Length) goto Back;
                    Open = true;
                    step++;
                    continue;
                case PatternOp.BeginLine:
                    if (at != 0 && text[at - 1] != '\n') goto Back;
                    step++;
                    continue;
                case PatternOp.EndLine:
                    if (at == text.Length) Open = true;
                    else if (text[at] != '\n') goto Back;
                    step++;
                    continue;
                case PatternOp.Border or PatternOp.NoBorder:
                    if (at == text.Length) Open = true;
                    if (IsBorder(text, at) != (code.Op == PatternOp.Border)) goto Back;
                    step++;
                    continue;
                default:
                    while (pending.Count > floor) pending.Pop();
                    return at;
            }
        Back:
            if (pending.Count == floor) return -1;
            (step, at, var low) = pending.Pop();
            // A loop gives back one character at a time.
            if (at > low)
            {
                at -= at - low >= 2 && char.IsLowSurrogate(text[at - 1]) && char.IsHighSurrogate(text[at - 2]) ? 2 : 1;
                if (at > low) pending.Push((step, at, low));
            }
        }
    }

    bool Take(ReadOnlySpan<char> text, int at, CharSet set, out int length)
    {
        length = 1;
        if (at >= text.Length) { Open = true; return false; }
        int rune = text[at];
        if (char.IsHighSurrogate((char)rune) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]))
        {
            rune = char.ConvertToUtf32((char)rune, text[at + 1]);
            length = 2;
        }
        return set.Has(rune);
    }

    static bool IsBorder(ReadOnlySpan<char> text, int at) => (at > 0 && IsWordBefore(text, at)) != (at < text.Length && IsWordAt(text, at));

    static bool IsWordAt(ReadOnlySpan<char> text, int at) => CharClasses.IsWord(
        at + 1 < text.Length && char.IsSurrogatePair(text[at], text[at + 1]) ? char.ConvertToUtf32(text[at], text[at + 1]) : text[at]);

    static bool IsWordBefore(ReadOnlySpan<char> text, int at) => IsWordAt(text, at > 1 && char.IsSurrogatePair(text[at - 2], text[at - 1]) ? at - 2 : at - 1);
}
