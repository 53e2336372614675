using Functional.Base;
using Functional.Graphs;

namespace Functional.Compiling;

public static partial class Cost
{
    // Programs of so many parts are made; of more, none is.
    const int Few = 4;

    /// <summary>
    /// The cost of a program of many alike parts in a row, such as a model's blocks: exactly that of the whole graph, but worked out from those of
    /// two, three and four parts, so that any number takes no longer. One part would not do: what is said of all parts together may be its own.
    /// </summary>
    /// <param name="parts">How many parts there are, 1 or more.</param>
    /// <param name="program">The program of so many parts.</param>
    /// <exception cref="ArgumentException">The parts are not alike: four are not three with a part more wherever they repeat.</exception>
    public static ProgramCost Of(int parts, Func<int, Program> program)
    {
        if (parts <= Few) return Of(program(parts));
        var (fewer, more) = (program(3), program(4));
        var (two, three, four) = (Of(program(2)), Followed(fewer), Followed(more));
        Int128 At(Func<ProgramCost, Int128> number) => Cost.At(parts, number(two), number(three.Cost), number(four.Cost));
        return new(At(static c => c.Flops), At(static c => c.Bytes), At(static c => c.InputBytes), At(static c => c.OutputBytes),
            Peak(parts, Named(fewer, three.Passes), Named(more, four.Passes)));
    }

    /// <summary>The same where the kinds of parts take turns, so that only after so many of them all is as before.</summary>
    /// <param name="parts">How many parts there are, 1 or more.</param>
    /// <param name="period">After how many the kinds begin again, 1 where all are alike.</param>
    /// <param name="program">The program of so many parts, from the first on.</param>
    /// <exception cref="ArgumentException">The parts do not repeat as said.</exception>
    public static ProgramCost Of(int parts, int period, Func<int, Program> program) => parts / period <= Few ? Of(program(parts))
        : Of(parts / period, turns => program(turns * period + parts % period));

    /// <summary>As <see cref="At(int, Func{int, Int128})"/> where the kinds of parts take turns.</summary>
    internal static Int128 At(int parts, int period, Func<int, Int128> sum) => parts / period <= Few ? sum(parts)
        : At(parts / period, turns => sum(turns * period + parts % period));

    /// <summary>A sum over a number of alike parts, from those over two, three and four.</summary>
    /// <param name="parts">How many parts there are, 1 or more.</param>
    /// <param name="sum">The sum over so many parts; a polynomial of at most the second degree.</param>
    internal static Int128 At(int parts, Func<int, Int128> sum) => parts <= Few ? sum(parts) : At(parts, sum(2), sum(3), sum(4));

    // Newton's forward differences. Each part adds the same, except to traffic: what adds up along a chain of elementwise ops without being
    // stored, as gradients do with dropout, is read again by every part.
    static Int128 At(int parts, Int128 two, Int128 three, Int128 four)
    {
        var more = (Int128)parts - 2;
        return two + more * (three - two) + more * (more - 1) / 2 * (four - three - three + two);
    }

    // The same pass in the first part, in the last or outside, counted from the nearer end, has memory that grows evenly with the parts, and between
    // the first part and the last it goes evenly from one to the other: the peak is at one of these, or, since at the very ends something may not be
    // there yet or not be any more, next to them. Which passes are the same is found by laying three parts beside four: where four have more, it is a
    // part's passes once more.
    static Int128 Peak(int parts, Vec<(string What, Int128 Live)> fewer, Vec<(string What, Int128 Live)> more)
    {
        var (i, j, same) = (0, 0, new List<(int At, int Then)>());
        while (j < more.Count)
        {
            if (i < fewer.Count && fewer[i].What == more[j].What)
            {
                same.Add((i++, j++));
                continue;
            }
            var length = Again(i, j);
            // What went before is the last part of the fewer: it is not the part of its number of the more, but their last, so many passes later.
            var last = same.FindIndex(pair => pair.At >= i - length && pair.Then >= j - length);
            if (last >= 0) same.RemoveRange(last, same.Count - last);
            same.AddRange(Enumerable.Range(1, Math.Min(2 * length, i)).Select(back => (i - back, j + length - back))
                .Where(pair => fewer[pair.Item1].What == more[pair.Item2].What).Reverse());
            j += length;
        }
        if (i != fewer.Count) throw Unlike();
        return same.Aggregate(Int128.Zero, (peak, pair) =>
            Int128.Max(peak, more[pair.Then].Live + (parts - Few) * (more[pair.Then].Live - fewer[pair.At].Live)));

        // How many passes are repeated: of all repetitions the one after which the two agree the longest.
        int Again(int at, int then)
        {
            var lengths = Enumerable.Range(1, Math.Min(at, more.Count - then)).Where(n => Same(more, then - n, more, then, n) == n)
                .Select(n => (Length: n, After: Same(fewer, at, more, then + n, int.MaxValue)));
            return lengths.Where(n => n.After > 0 || at == fewer.Count && then + n.Length == more.Count).OrderByDescending(static n => n.After)
                .Select(static n => n.Length).FirstOrDefault() is var found and > 0 ? found : throw Unlike();
        }

        static int Same(Vec<(string What, Int128 Live)> a, int i, Vec<(string What, Int128 Live)> b, int j, int most)
        {
            var n = 0;
            while (n < most && i + n < a.Count && j + n < b.Count && a[i + n].What == b[j + n].What) n++;
            return n;
        }

        static ArgumentException Unlike() => new("the parts of the program are not alike.");
    }

    // The same for the same place of every part, and as far as can be told for no other: ops, types, and inputs and outputs by their names without
    // the number of the part. Attributes such as random streams differ from part to part.
    static Vec<(string What, Int128 Live)> Named(Program program, Vec<(Tensor Result, Int128 Live)> passes)
    {
        var outputs = program.Outputs.ToLookup(static o => o.Value, static o => Unnumbered(o.Name));
        return passes.Map(pass => (What(pass.Result), pass.Live));

        string What(Tensor node) => string.Join(' ', node.Op is Op.Fused fused ? fused.Kind.Text : node.Op.GetType().Name, node.Type,
            string.Join(", ", node.Args.Map(Source)), string.Join(", ", outputs[node]));
    }

    static string Source(Tensor node)
    {
        while (node.Op is Op.Reshape or Op.Broadcast or Op.Permute or Op.Slice) node = node.Args[0];
        return node.Op is Op.Input input ? Unnumbered(input.Name) : $"{node.Type}";
    }

    static string Unnumbered(string name) => string.Join('.', name.Split('.').Where(static word => !word.All(char.IsAsciiDigit)));
}
