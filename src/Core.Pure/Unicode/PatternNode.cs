namespace Functional.Unicode;

/// <summary>A pattern as it is written.</summary>
abstract record PatternNode
{
    public sealed record Chars(CharSet Set) : PatternNode;

    public sealed record Row(IReadOnlyList<PatternNode> Parts) : PatternNode;

    public sealed record OneOf(IReadOnlyList<PatternNode> Parts) : PatternNode;

    public sealed record Repeat(PatternNode Part, int Least, int Most, Eagerness How) : PatternNode;

    public sealed record Look(PatternNode Part, bool Not) : PatternNode;

    public sealed record Atomic(PatternNode Part) : PatternNode;

    public sealed record Mark(PatternOp Op) : PatternNode;

    public enum Eagerness { Greedy, Lazy, Possessive }
}

/// <summary>Programs of patterns.</summary>
static class PatternCode
{
    const int MostSteps = 20_000;

    /// <summary>The program of a pattern.</summary>
    /// <param name="node">The pattern.</param>
    /// <param name="plain">Whether each step of repeating a class without an end is a step of the program, so that none takes longer than the pattern is long.</param>
    /// <exception cref="FormatException">The program would be too long.</exception>
    public static PatternStep[] Of(PatternNode node, bool plain)
    {
        var code = new List<PatternStep>();
        Emit(node, code, plain);
        code.Add(new(PatternOp.Accept));
        return [.. code];
    }

    static void Emit(PatternNode node, List<PatternStep> code, bool plain)
    {
        if (code.Count > MostSteps) throw new FormatException("is too long");
        switch (node)
        {
            case PatternNode.Chars c: code.Add(new(PatternOp.Set, c.Set.Quick())); break;
            case PatternNode.Row r:
                foreach (var part in r.Parts) Emit(part, code, plain);
                break;
            case PatternNode.Mark m: code.Add(new(m.Op)); break;
            case PatternNode.Look l: Within(PatternOp.Look, l.Part, l.Not ? 1 : 0, code, plain); break;
            case PatternNode.Atomic a: Within(PatternOp.Atomic, a.Part, 0, code, plain); break;
            case PatternNode.OneOf o: EmitOneOf(o.Parts, code, plain); break;
            case PatternNode.Repeat { How: PatternNode.Eagerness.Possessive } r:
                Within(PatternOp.Atomic, r with { How = PatternNode.Eagerness.Greedy }, 0, code, plain);
                break;
            case PatternNode.Repeat { How: PatternNode.Eagerness.Greedy, Part: PatternNode.Chars c } r when !plain || r.Most < int.MaxValue:
                code.Add(new(PatternOp.Loop, c.Set.Quick(), r.Least, r.Most));
                break;
            // As many as there must be have no choice.
            case PatternNode.Repeat { Least: > 0, Most: int.MaxValue, Part: PatternNode.Chars c } r when plain:
                code.Add(new(PatternOp.Loop, c.Set.Quick(), r.Least, r.Least));
                EmitRepeat(r with { Least = 0 }, code, plain);
                break;
            case PatternNode.Repeat r: EmitRepeat(r, code, plain); break;
        }
    }

    static void Within(PatternOp op, PatternNode part, int b, List<PatternStep> code, bool plain)
    {
        var at = code.Count;
        code.Add(default);
        Emit(part, code, plain);
        code.Add(new(PatternOp.Accept));
        code[at] = new(op, null, code.Count, b);
    }

    static void EmitOneOf(IReadOnlyList<PatternNode> parts, List<PatternStep> code, bool plain)
    {
        var exits = new List<int>();
        for (var i = 0; i < parts.Count; i++)
        {
            var split = code.Count;
            if (i < parts.Count - 1) code.Add(default);
            Emit(parts[i], code, plain);
            if (i == parts.Count - 1) break;
            exits.Add(code.Count);
            code.Add(default);
            code[split] = new(PatternOp.Split, null, split + 1, code.Count);
        }
        foreach (var exit in exits) code[exit] = new(PatternOp.Jump, null, code.Count);
    }

    static void EmitRepeat(PatternNode.Repeat r, List<PatternStep> code, bool plain)
    {
        var lazy = r.How == PatternNode.Eagerness.Lazy;
        PatternStep Choice(int go, int leave) => lazy ? new(PatternOp.Split, null, leave, go) : new(PatternOp.Split, null, go, leave);
        for (var i = 0; i < r.Least; i++) Emit(r.Part, code, plain);
        var splits = new List<int>();
        if (r.Most == int.MaxValue)
        {
            var start = code.Count;
            splits.Add(start);
            code.Add(default);
            Emit(r.Part, code, plain);
            code.Add(new(PatternOp.Jump, null, start));
        }
        else
            for (var i = r.Least; i < r.Most; i++)
            {
                splits.Add(code.Count);
                code.Add(default);
                Emit(r.Part, code, plain);
            }
        foreach (var split in splits) code[split] = Choice(split + 1, code.Count);
    }
}
