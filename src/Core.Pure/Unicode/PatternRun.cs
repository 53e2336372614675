namespace Functional.Unicode;

/// <summary>
/// Runs a pattern's program from one place by backtracking, over code points of UTF-16 text, for as many steps as it is granted. It keeps no account of what it has
/// tried, which is the fastest for patterns that seldom turn back; whatever needs more steps is for <see cref="PatternMemo"/>.
/// </summary>
sealed class PatternRun(PatternStep[] program)
{
    readonly Stack<(int Step, int At, int Low)> pending = new();
    bool open;

    /// <summary>The outcome of steps that were not granted.</summary>
    public const int GaveUp = -2;

    /// <summary>Whether the outcome may depend on what follows the text.</summary>
    public bool Open => open;

    /// <summary>How many steps may still be made.</summary>
    public long Granted { get; set; }

    /// <summary>The end of the match that begins at <paramref name="at"/>; -1 where there is none.</summary>
    public int Match(ReadOnlySpan<char> text, int at)
    {
        open = false;
        pending.Clear();
        return Run(text, 0, at);
    }

    // Every part of the program that is run by itself has its own states, between its own marks on the stack.
    int Run(ReadOnlySpan<char> text, int start, int at)
    {
        var floor = pending.Count;
        var step = start;
        while (true)
        {
            var code = program[step];
            if (--Granted < 0) return GaveUp;
            switch (code.Op)
            {
                case PatternOp.Set:
                    if (!PatternText.Takes(text, at, code.Set!, out var length, ref open)) goto Back;
                    at += length;
                    step++;
                    continue;
                case PatternOp.Loop:
                    var (count, least) = (0, at);
                    while (count < code.B && PatternText.Takes(text, at, code.Set!, out length, ref open))
                    {
                        at += length;
                        if (++count == code.A) least = at;
                        if (--Granted < 0) return GaveUp;
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
                case PatternOp.Look or PatternOp.Atomic:
                    var end = Run(text, step + 1, at);
                    if (end == GaveUp) return GaveUp;
                    if (end >= 0 == (code is { Op: PatternOp.Look, B: 1 })) goto Back;
                    if (code.Op == PatternOp.Atomic) at = end;
                    step = code.A;
                    continue;
                case PatternOp.Accept:
                    while (pending.Count > floor) pending.Pop();
                    return at;
                default:
                    if (!PatternText.Holds(code.Op, text, at, ref open)) goto Back;
                    step++;
                    continue;
            }
        Back:
            if (pending.Count == floor) return -1;
            (step, at, var low) = pending.Pop();
            // A loop gives back one character at a time.
            if (at > low)
            {
                at = PatternText.Before(text, at, low);
                if (at > low) pending.Push((step, at, low));
            }
        }
    }
}
