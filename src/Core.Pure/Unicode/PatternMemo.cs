using Functional.Base;

namespace Functional.Unicode;

/// <summary>A pattern that would need more steps or memory for a text than it may.</summary>
sealed class PatternLimitException(string where, string source) : Exception
{
    /// <summary>What is said of it.</summary>
    public Fault Fault => new(where, $"the regular expression {(source.Length > 60 ? source[..60] + "…" : source)} needs more steps or memory for a text than are granted",
        "allowed: one that repeats less inside of what it repeats");
}

/// <summary>
/// Runs a pattern's program by backtracking that remembers what became of each state, that is of a step at a place: no state is gone through twice in one text, wherever
/// matches begin, so that all matches take a time of the pattern's size times the text's (as packrat parsers do; Ford 2002). A step has no memory of how it was come to, for
/// there are no groups to refer to, and so its outcome is the same whoever asks. What lies before the place where matches begin is forgotten.
/// </summary>
/// <param name="program">A plain program.</param>
/// <param name="limit">What is thrown where more steps would have to be made or remembered than are granted.</param>
/// <param name="most">How many states may be remembered.</param>
sealed class PatternMemo(PatternStep[] program, Func<Exception> limit, int most = 1 << 24)
{
    const int PageBits = 8, PageSize = 1 << PageBits;
    // 0 for what is not known; this and the place on the trail for what is on its way; else twice 2 + the end, and whether that is open.
    const uint Busy = 1u << 31;

    // No published pattern takes a hundredth of it.
    const long EachCharacter = 1024, Patience = 1 << 16;

    readonly int[] slots = Slots(program, out _);
    readonly int width = Width(program);
    readonly Dictionary<int, uint[]> pages = [];
    readonly Stack<uint[]> spare = new();
    readonly Stack<(int Step, int At, int Low)> pending = new();
    readonly List<(int Slot, int At, int Depth, bool Open)> trail = [];
    readonly List<(int Slot, int At)> doubtful = [];
    int doubted = int.MaxValue, doubts, forgotten, current = -1;
    uint[] page = [];
    long steps;
    bool open;

    /// <summary>Whether the outcome may depend on what follows the text.</summary>
    public bool Open => open;

    /// <summary>Another text.</summary>
    public void Forget()
    {
        foreach (var old in pages.Values) spare.Push(old);
        pages.Clear();
        (forgotten, current, steps) = (0, -1, 0);
    }

    /// <summary>The end of the match that begins at <paramref name="at"/>; -1 where there is none. Each match of a text begins where the one before did, or later.</summary>
    public int Match(ReadOnlySpan<char> text, int at)
    {
        if (text.Length > 1 << 29) throw limit();
        for (; forgotten < at >> PageBits; forgotten++)
            if (pages.Remove(forgotten, out var old)) spare.Push(old);
        if (current < forgotten) current = -1;
        open = false;
        pending.Clear();
        trail.Clear();
        doubtful.Clear();
        return Run(text, 0, at);
    }

    // Where the steps that are remembered stand in a row of the table: those with a choice, and those that a loop with a choice leads to.
    static int[] Slots(PatternStep[] program, out int count)
    {
        var slots = new int[program.Length];
        count = 0;
        for (var i = 0; i < program.Length; i++)
            slots[i] = program[i].Op is PatternOp.Split or PatternOp.Loop or PatternOp.Look or PatternOp.Atomic
                || (i > 0 && program[i - 1] is { Op: PatternOp.Loop } loop && loop.B > loop.A) ? count++ : -1;
        return slots;
    }

    static int Width(PatternStep[] program)
    {
        _ = Slots(program, out var count);
        return count;
    }

    ref uint Cell(int slot, int at)
    {
        if (at >> PageBits != current)
        {
            current = at >> PageBits;
            if (!pages.TryGetValue(current, out var known))
            {
                if ((long)(pages.Count + 1) * width * PageSize > Math.Max(most, 4L * width * PageSize)) throw limit();
                if (spare.TryPop(out known)) System.Array.Clear(known);
                pages[current] = known ??= new uint[width * PageSize];
            }
            page = known;
        }
        return ref page[((at & (PageSize - 1)) * width) + slot];
    }

    // A part that is run by itself never comes to a state of what it is a part of, so that its doubts are its own.
    int Run(ReadOnlySpan<char> text, int start, int at)
    {
        var outer = (doubted, doubts);
        (doubted, doubts) = (int.MaxValue, doubtful.Count);
        var end = Within(text, start, at);
        (doubted, doubts) = outer;
        return end;
    }

    int Within(ReadOnlySpan<char> text, int start, int at)
    {
        var (floor, ground, step) = (pending.Count, trail.Count, start);
        while (true)
        {
            var code = program[step];
            if (++steps > EachCharacter * (text.Length + Patience)) throw limit();
            if (slots[step] is >= 0 and var slot)
            {
                ref var cell = ref Cell(slot, at);
                if (cell >= Busy)
                {
                    // A repetition of nothing leads nowhere new.
                    doubted = Math.Min(doubted, (int)(cell - Busy));
                    goto Back;
                }
                if (cell > 0)
                {
                    open |= (cell & 1) != 0;
                    if ((int)(cell >> 1) - 2 is not (>= 0 and var known)) goto Back;
                    return Accepted(floor, ground, known);
                }
                cell = Busy + (uint)trail.Count;
                trail.Add((slot, at, pending.Count, open));
                open = false;
            }
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
                    }
                    steps += count;
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
                    if (end >= 0 == (code is { Op: PatternOp.Look, B: 1 })) goto Back;
                    if (code.Op == PatternOp.Atomic) at = end;
                    step = code.A;
                    continue;
                case PatternOp.Accept: return Accepted(floor, ground, at);
                default:
                    if (!PatternText.Holds(code.Op, text, at, ref open)) goto Back;
                    step++;
                    continue;
            }
        Back:
            while (trail.Count > ground && trail[^1].Depth >= pending.Count) Failed();
            if (pending.Count == floor) return -1;
            (step, at, var low) = pending.Pop();
            if (at > low)
            {
                at = PatternText.Before(text, at, low);
                if (at > low) pending.Push((step, at, low));
            }
        }
    }

    // The last state of the trail has no choice left. What leads back to a state before it may yet succeed another way.
    void Failed()
    {
        var (slot, at, _, before) = trail[^1];
        trail.RemoveAt(trail.Count - 1);
        var own = open ? 1u : 0;
        Cell(slot, at) = (1u << 1) | own;
        open |= before;
        if (doubted < trail.Count) doubtful.Add((slot, at));
        else if (doubted != int.MaxValue)
        {
            // This is the first of those that were led back to: all have failed, and what made this one open is what makes them so.
            foreach (var (other, place) in doubtful.Skip(doubts)) Cell(other, place) |= own;
            doubted = int.MaxValue;
            doubtful.RemoveRange(doubts, doubtful.Count - doubts);
        }
    }

    // All states of the trail lead to the end, but for those of which it is in doubt how they do.
    int Accepted(int floor, int ground, int end)
    {
        while (trail.Count > ground)
        {
            var (slot, at, _, before) = trail[^1];
            trail.RemoveAt(trail.Count - 1);
            Cell(slot, at) = doubted < trail.Count ? 0 : ((uint)(end + 2) << 1) | (open ? 1u : 0);
            open |= before;
        }
        foreach (var (slot, at) in doubtful.Skip(doubts)) Cell(slot, at) = 0;
        doubtful.RemoveRange(doubts, doubtful.Count - doubts);
        while (pending.Count > floor) pending.Pop();
        return end;
    }
}
