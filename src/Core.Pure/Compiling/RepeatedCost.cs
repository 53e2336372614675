using Functional.Base;
using Functional.Graphs;

namespace Functional.Compiling;

public static partial class Cost
{
    // Programs of so many parts are made; of more, none is.
    const int Few = 3;

    /// <summary>
    /// The cost of a program of many alike parts in a row, such as a model's blocks: exactly that of the whole graph, but worked out from those of
    /// one, two and three parts, so that any number takes no longer.
    /// </summary>
    /// <param name="parts">How many parts there are, 1 or more.</param>
    /// <param name="program">The program of so many parts.</param>
    /// <exception cref="ArgumentException">The parts are not alike: three are not two with a part more wherever they repeat.</exception>
    public static ProgramCost Of(int parts, Func<int, Program> program)
    {
        if (parts <= Few) return Of(program(parts));
        var (fewer, more) = (program(2), program(3));
        var (one, two, three) = (Of(program(1)), Followed(fewer), Followed(more));
        Int128 At(Func<ProgramCost, Int128> number) => Cost.At(parts, number(one), number(two.Cost), number(three.Cost));
        return new(At(static c => c.Flops), At(static c => c.Bytes), At(static c => c.InputBytes), At(static c => c.OutputBytes),
            Peak(parts, Named(fewer, two.Passes), Named(more, three.Passes)));
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

    /// <summary>A sum over a number of alike parts, from those over one, two and three.</summary>
    /// <param name="parts">How many parts there are, 1 or more.</param>
    /// <param name="sum">The sum over so many parts; a polynomial of at most the second degree.</param>
    internal static Int128 At(int parts, Func<int, Int128> sum) => parts <= Few ? sum(parts) : At(parts, sum(1), sum(2), sum(3));

    // Newton's forward differences. Each part adds the same, except to traffic: what adds up along a chain of elementwise ops without being
    // stored, as gradients do with dropout, is read again by every part.
    static Int128 At(int parts, Int128 one, Int128 two, Int128 three)
    {
        var more = (Int128)parts - 1;
        return one + more * (two - one) + more * (more - 1) / 2 * (three - two - two + one);
    }

    // The same pass in the first part, in the last or outside, counted from the nearer end, has memory that grows evenly with the parts, and between
    // the first part and the last it goes evenly from one to the other: the peak is at one of these. Which passes are the same is found by laying
    // two parts beside three: where three have more, it is a part's passes once more.
    static Int128 Peak(int parts, Vec<(string What, Int128 Live)> two, Vec<(string What, Int128 Live)> three)
    {
        var (i, j, peak) = (0, 0, Int128.Zero);
        while (j < three.Count)
        {
            if (i < two.Count && two[i].What == three[j].What)
            {
                Grow(i++, j++);
                continue;
            }
            var length = Again(i, j);
            // What went before belongs to the part that was first and, so many passes later, to the one that is last now.
            for (var back = 1; back <= length; back++) Grow(i - back, j + length - back);
            j += length;
        }
        return i == two.Count ? peak : throw Unlike();

        void Grow(int at, int then) => peak = Int128.Max(peak, three[then].Live + (parts - Few) * (three[then].Live - two[at].Live));

        // How many passes are repeated: of all repetitions the one after which the two agree the longest.
        int Again(int at, int then)
        {
            var lengths = Enumerable.Range(1, Math.Min(at, three.Count - then)).Where(n => Same(three, then - n, three, then, n) == n)
                .Select(n => (Length: n, After: Same(two, at, three, then + n, int.MaxValue)));
            return lengths.Where(n => n.After > 0 || at == two.Count && then + n.Length == three.Count).OrderByDescending(static n => n.After)
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
