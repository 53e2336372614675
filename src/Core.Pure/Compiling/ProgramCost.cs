using Functional.Base;
using Functional.Graphs;

namespace Functional.Compiling;

/// <summary>
/// What a program costs, worked out from its graph. Work is exact by stated rules; memory traffic and memory are estimates. The numbers are whole
/// and wide enough for any sum over a graph.
/// </summary>
/// <param name="Flops">Floating-point operations; see <see cref="Cost.Flops(Tensor)"/>.</param>
/// <param name="Bytes">Bytes read and written, when chains of elementwise ops run as one pass and every other op reads and writes memory once.</param>
/// <param name="InputBytes">Bytes of all inputs.</param>
/// <param name="OutputBytes">Bytes of the outputs that need buffers of their own: those that no donation writes in place.</param>
/// <param name="WorkBytes">The most bytes of intermediate values alive at once, where each gradient is taken as soon as the backward pass reaches it.</param>
public sealed record ProgramCost(Int128 Flops, Int128 Bytes, Int128 InputBytes, Int128 OutputBytes, Int128 WorkBytes)
{
    /// <summary>Floating-point operations for each byte moved: below a machine's ratio of the two rates, memory limits the program.</summary>
    public double Intensity => (double)Flops / Math.Max((double)Bytes, 1);

    /// <summary>The shortest time in seconds on a machine of these rates: whichever of work and traffic takes longer (Williams et al. 2009).</summary>
    /// <param name="flopsPerSecond">The rate of arithmetic.</param>
    /// <param name="bytesPerSecond">The rate of memory.</param>
    public double Seconds(double flopsPerSecond, double bytesPerSecond) => Math.Max((double)Flops / flopsPerSecond, (double)Bytes / bytesPerSecond);
}

/// <summary>The cost model.</summary>
public static partial class Cost
{
    /// <summary>
    /// The floating-point operations of one node, its arguments' not counted: an arithmetic or transcendental function is 1 an element, a
    /// matrix product 2mnk, a reduction or running sum 1 for each element that goes in; comparing, choosing and moving are free, integer
    /// work too. A fused op counts what its kind says, with all its results together.
    /// </summary>
    public static double Flops(Tensor node) => node.Op switch
    {
        Op.Fused o => o.Kind.Flops(node.Args.Map(static a => a.Type)),
        _ when !node.DType.IsFloat() => 0,
        Op.Unary or Op.Binary => node.Type.Size,
        Op.Reduce { Kind: ReduceKind.Sum } or Op.CumSum => node.Args[0].Type.Size,
        Op.MatMul => 2.0 * node.Type.Size * node.Args[0].Shape[^1],
        Op.ScatterAdd => node.Args[2].Type.Size,
        _ => 0,
    };

    /// <summary>The cost of a program.</summary>
    public static ProgramCost Of(Program program) => Followed(program).Cost;

    // Besides, pass over memory by pass, a result of it and the bytes of intermediate values that are alive then.
    static (ProgramCost Cost, Vec<(Tensor Result, Int128 Live)> Passes) Followed(Program program)
    {
        var order = EagerOrder.Of(program.Outputs.Map(static o => o.Value));
        var stored = Stored(program, order);
        var runs = Runs(order, stored);
        var donated = program.Donations.Select(static d => d.Output).ToHashSet();
        var live = Live(program, runs);
        var flops = order.Where(static n => n.Op is not Op.Fused).Concat(runs.Select(static r => r.Results[0]).Where(static n => n.Op is Op.Fused));
        var cost = new ProgramCost(
            Sum(flops, static n => (Int128)Flops(n)),
            Sum(runs, static r => Sum(r.Reads, Bytes) + Sum(r.Results, Bytes)),
            Sum(program.Inputs, static i => Bytes(i.Value)),
            Sum(program.Outputs.Where(o => !donated.Contains(o.Name)), static o => Bytes(o.Value)),
            live.Aggregate(Int128.Zero, Int128.Max));
        return (cost, runs.Select((r, i) => (r.Results[0], live[i])).ToVec());
    }

    static Int128 Bytes(Tensor node) => node.Type.Bytes;

    static Int128 Sum<T>(IEnumerable<T> items, Func<T, Int128> number) => items.Aggregate(Int128.Zero, (sum, item) => sum + number(item));

    // One pass over memory: what it writes, and what it reads.
    sealed record Run(Vec<Tensor> Results, Vec<Tensor> Reads);

    static bool IsElementwise(Tensor node) => node.Op is Op.Unary or Op.Binary or Op.Compare or Op.Where or Op.Cast;

    // Views and constants: no memory of their own.
    static bool IsFree(Tensor node) => node.Op is Op.Reshape or Op.Broadcast or Op.StopGradient or Op.Fill or Op.Iota or Op.Permute or Op.Slice;

    // An elementwise result is written only when it is an output or something other than an elementwise op or a reduction reads it.
    static System.Collections.Generic.HashSet<Tensor> Stored(Program program, IReadOnlyList<Tensor> order)
    {
        var needed = program.Outputs.Select(static o => o.Value).ToHashSet();
        var stored = new System.Collections.Generic.HashSet<Tensor>();
        for (var i = order.Count - 1; i >= 0; i--)
        {
            var node = order[i];
            if (node.Op is Op.Input) continue;
            var writes = !IsFree(node) && (!IsElementwise(node) || needed.Contains(node));
            if (writes) stored.Add(node);
            if (IsFree(node) ? needed.Contains(node) : !IsElementwise(node) && node.Op is not Op.Reduce)
                foreach (var arg in node.Args) needed.Add(arg);
        }
        return stored;
    }

    static List<Run> Runs(IReadOnlyList<Tensor> order, System.Collections.Generic.HashSet<Tensor> stored)
    {
        var fused = new Dictionary<(FusedKind, Vec<Tensor>), int>();
        var runs = new List<Run>();
        foreach (var node in order.Where(stored.Contains))
        {
            if (node.Op is Op.Fused f)
            {
                if (fused.TryGetValue((f.Kind, node.Args), out var at))
                {
                    runs[at] = runs[at] with { Results = [.. runs[at].Results, node] };
                    continue;
                }
                fused[(f.Kind, node.Args)] = runs.Count;
            }
            runs.Add(new([node], Sources(node, stored)));
        }
        return runs;
    }

    // What is really read: through everything that is not in memory itself.
    static Vec<Tensor> Sources(Tensor node, System.Collections.Generic.HashSet<Tensor> stored)
    {
        var (seen, found, open) = (new System.Collections.Generic.HashSet<Tensor>(), new List<Tensor>(), new Stack<Tensor>(node.Args));
        while (open.TryPop(out var next))
        {
            if (!seen.Add(next)) continue;
            if (stored.Contains(next) || next.Op is Op.Input) found.Add(next);
            else foreach (var arg in next.Args) open.Push(arg);
        }
        return found.ToVec();
    }

    static List<Int128> Live(Program program, List<Run> runs)
    {
        var last = new Dictionary<Tensor, int>();
        for (var i = 0; i < runs.Count; i++)
            foreach (var read in runs[i].Reads) last[read] = i;
        var outputs = program.Outputs.Select(static o => o.Value).ToHashSet();
        var dying = last.Where(l => l.Key.Op is not Op.Input && !outputs.Contains(l.Key)).ToLookup(static l => l.Value, static l => l.Key);
        var (now, live) = (Int128.Zero, new List<Int128>(runs.Count));
        for (var i = 0; i < runs.Count; i++)
        {
            now += Sum(runs[i].Results.Where(r => !outputs.Contains(r)), Bytes);
            live.Add(now);
            now -= Sum(dying[i], Bytes);
        }
        return live;
    }
}
