using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Functional.Engines.Managed;

/// <summary>
/// Gradients of attention by recomputing the weights from log-sum-exp. A task is one key head: it walks its query heads, blocks of keys and
/// blocks of queries in one order, so every sum has one order. Per block: S = qkᵀ, P = e^(S - lse), dP = dO vᵀ, dS = P (dP - Σ dO∘O),
/// dv += Pᵀ dO, dk += dSᵀ q, dq += dS k.
/// </summary>
internal sealed unsafe class AttentionBackward : Work
{
    const int QueryBlock = AttentionForward.QueryBlock;
    const int KeyBlock = AttentionForward.KeyBlock;
    const float Log2E = 1.44269504f;

    ThreadTeam team = null!;
    AttentionSpec spec;
    HeadsView q, k, v, output, dOutput, dq, dk, dv;
    (HeadsView Queries, HeadsView Gradient)? sink;
    float* lse;

    /// <summary>
    /// dq, dk, dv are overwritten, dk and dv for the first <c>spec.Keys</c> tokens. lse [batch, heads, queries] and output are the forward's.
    /// sink are the queries that meet the sinks in place of q, and their gradient, which is overwritten.
    /// </summary>
    public void Run(ThreadTeam team, in AttentionSpec spec, HeadsView q, HeadsView k, HeadsView v, HeadsView output, float* lse, HeadsView dOutput,
        HeadsView dq, HeadsView dk, HeadsView dv, (HeadsView Queries, HeadsView Gradient)? sink = null)
    {
        spec.Validate();
        (this.team, this.spec, this.q, this.k, this.v) = (team, spec, q, k, v);
        (this.output, this.dOutput, this.dq, this.dk, this.dv) = (output, dOutput, dq, dk, dv);
        this.sink = sink;
        this.lse = lse;
        long queries = (spec.Queries + QueryBlock - 1) / QueryBlock * QueryBlock;
        team.EnsureScratch(sizeof(float) * (queries * (3L * spec.Padded + 2L * spec.Width + 2) + 3L * KeyBlock * QueryBlock
            + 3L * KeyBlock * spec.Padded + queries / QueryBlock * (Sight.Size + 2)));
        team.Run(this, spec.Batch * spec.KvHeads);
    }

    /// <summary>Where a worker keeps one query head and one block of keys.</summary>
    readonly struct Memory
    {
        public readonly float* Q, DOutput, DQ, TurnedQ, TurnedDOutput, Lse, Delta, Weights, Slopes, Factors, Keys, DK, DV;
        readonly float* sights;
        readonly int blocks;

        public Memory(float* at, in AttentionSpec spec)
        {
            var queries = (nint)(spec.Queries + QueryBlock - 1) / QueryBlock * QueryBlock;
            Q = at;
            DOutput = Q + queries * spec.Padded;
            DQ = DOutput + queries * spec.Padded;
            TurnedQ = DQ + queries * spec.Padded;
            TurnedDOutput = TurnedQ + queries * spec.Width;
            Lse = TurnedDOutput + queries * spec.Width;
            Delta = Lse + queries;
            Weights = Delta + queries;
            Slopes = Weights + KeyBlock * QueryBlock;
            Factors = Slopes + KeyBlock * QueryBlock;
            Keys = Factors + KeyBlock * QueryBlock;
            DK = Keys + KeyBlock * spec.Padded;
            DV = DK + KeyBlock * spec.Padded;
            sights = DV + KeyBlock * spec.Padded;
            blocks = (int)(queries / QueryBlock);
        }

        /// <summary>What a block of queries sees.</summary>
        public Sight Sight(int block) => new(sights + (nint)block * Managed.Sight.Size);

        /// <summary>The first position that a block of queries sees, and the one behind the last.</summary>
        public int* Range(int block) => (int*)(sights + (nint)blocks * Managed.Sight.Size) + 2 * block;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int task, int worker)
    {
        var memory = new Memory((float*)team.Scratch(worker), spec);
        var (batch, kv) = (task / spec.KvHeads, task % spec.KvHeads);
        for (var member = 0; member < spec.Group; member++)
        {
            var head = kv * spec.Group + member;
            if (spec.Sinks > 0) Pass(memory, batch, kv, head, true, sink?.Queries ?? q, sink?.Gradient ?? dq, member > 0, false);
            Pass(memory, batch, kv, head, false, q, dq, member > 0 || spec.Sinks > 0, spec.Sinks > 0 && sink is null);
        }
    }

    /// <summary>One head over the sinks, or over all other keys. Gradients of keys, and of queries, are added to what is there where another pass was before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Pass(in Memory memory, int batch, int kv, int head, bool sinks, HeadsView queries, HeadsView gradient, bool addsKeys, bool addsQueries)
    {
        Prepare(memory, batch, head, queries, sinks);
        for (var start = 0; start < spec.Keys; start += KeyBlock)
        {
            var n = Math.Min(KeyBlock, spec.Keys - start);
            var begun = false;
            for (var first = 0; first < spec.Queries; first += QueryBlock)
            {
                var range = memory.Range(first / QueryBlock);
                if (range[0] >= start + n || range[1] <= start) continue;
                if (!begun) Tiles.CopyRows(k.At(batch, start, kv), k.TokenStride, n, spec.Width, memory.Keys, spec.Padded);
                Block(memory, batch, kv, head, start, n, first, begun);
                begun = true;
            }
            if (!begun && addsKeys) continue;
            if (!begun)
            {
                new Span<float>(memory.DK, n * spec.Padded).Clear();
                new Span<float>(memory.DV, n * spec.Padded).Clear();
            }
            for (var j = 0; j < n; j++)
            {
                Write(memory.DK + j * spec.Padded, spec.Scale, dk.At(batch, start + j, kv), addsKeys);
                Write(memory.DV + j * spec.Padded, 1f, dv.At(batch, start + j, kv), addsKeys);
            }
        }
        for (var i = 0; i < spec.Queries; i++) Write(memory.DQ + (nint)i * spec.Padded, spec.Scale, gradient.At(batch, i, head), addsQueries);
    }

    /// <summary>Copies and turns one head's queries and output gradients, takes Σ dO∘O of each row, and looks what each block of queries sees.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Prepare(in Memory memory, int batch, int head, HeadsView q, bool sinks)
    {
        var (d, padded, queries) = (spec.Width, spec.Padded, spec.Queries);
        new Span<float>(memory.DQ, queries * padded).Clear();
        Tiles.CopyRows(q.At(batch, 0, head), q.TokenStride, queries, d, memory.Q, padded);
        Tiles.CopyRows(dOutput.At(batch, 0, head), dOutput.TokenStride, queries, d, memory.DOutput, padded);
        var logs = lse + ((long)batch * spec.Heads + head) * queries;
        for (var first = 0; first < queries; first += QueryBlock)
        {
            var count = Math.Min(QueryBlock, queries - first);
            var stride = (count + 15) / 16 * 16;
            var range = memory.Range(first / QueryBlock);
            (range[0], range[1]) = memory.Sight(first / QueryBlock).Look(spec, batch, first, count, sinks);
            Tiles.Transpose(memory.Q + (nint)first * padded, padded, count, d, spec.Scale * Log2E, memory.TurnedQ + (nint)first * d, stride);
            Tiles.Transpose(memory.DOutput + (nint)first * padded, padded, count, d, 1f, memory.TurnedDOutput + (nint)first * d, stride);
            for (var i = 0; i < stride; i++)
            {
                var real = i < count;
                memory.Lse[first + i] = real ? logs[first + i] * Log2E : 0f;
                memory.Delta[first + i] = real ? ReduceKernels.Dot(memory.DOutput + (nint)(first + i) * padded, output.At(batch, first + i, head), d) : 0f;
            }
        }
    }

    /// <summary>One block of keys against one block of queries. The first block of queries overwrites dk and dv.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Block(in Memory memory, int batch, int kv, int head, int start, int n, int first, bool accumulate)
    {
        var (d, padded, sight) = (spec.Width, spec.Padded, memory.Sight(first / QueryBlock));
        var count = Math.Min(QueryBlock, spec.Queries - first);
        var stride = (count + 15) / 16 * 16;
        float* w = memory.Weights, s = memory.Slopes, kp = memory.Keys;
        var factors = spec.Cap > 0 ? memory.Factors : null;
        AttentionForward.Scores(sight, spec, kp, padded, n, start, memory.TurnedQ + (nint)first * d, stride, w);
        if (spec.Adjusts) AttentionForward.Adjust(sight, spec.Cap * Log2E, spec.Slope(head, Log2E), n, start, stride, w, factors);
        AttentionForward.Scores(sight, spec, v.At(batch, start, kv), v.TokenStride, n, start, memory.TurnedDOutput + (nint)first * d, stride, s);
        for (var vector = 0; vector < stride / 16; vector++)
            Slope(sight, w + vector * 16, s + vector * 16, factors == null ? null : factors + vector * 16, stride, start, n, vector,
                Vector512.Load(memory.Lse + first + vector * 16), Vector512.Load(memory.Delta + first + vector * 16));
        var queries = memory.Q + (nint)first * padded;
        var gradients = memory.DOutput + (nint)first * padded;
        for (var j = 0; j < n; j += Tiles.Rows)
        {
            var rows = Math.Min(Tiles.Rows, n - j);
            var (from, to) = Queries(start + j, rows, first, count);
            Tiles.Multiply(w + j * stride + from, stride, 1, gradients + from * padded, padded, to - from, memory.DV + j * padded, padded, rows,
                padded / 16, accumulate);
            Tiles.Multiply(s + j * stride + from, stride, 1, queries + from * padded, padded, to - from, memory.DK + j * padded, padded, rows, padded / 16,
                accumulate);
        }
        for (var i = 0; i < count; i += Tiles.Rows)
        {
            var rows = Math.Min(Tiles.Rows, count - i);
            var (from, to) = sight.Rows(i, rows, start, n);
            Tiles.Multiply(s + i + from * stride, 1, stride, kp + from * padded, padded, to - from, memory.DQ + (nint)(first + i) * padded, padded, rows,
                padded / 16, true);
        }
    }

    /// <summary>The queries of a block that may see any of some keys: causality and the window say so, whatever else hides them.</summary>
    (int From, int To) Queries(int position, int keys, int first, int count)
    {
        var at = (long)position - spec.Offset - first;
        var from = spec.Causal ? (int)Math.Clamp(at, 0, count) : 0;
        return (from, spec.Window > 0 && spec.Sinks == 0 ? (int)Math.Clamp(at + keys - 1 + spec.Window, from, count) : count);
    }

    /// <summary>For one vector of queries: weights = 2^(score - lse), slopes = weights (slopes - delta) times the cap's; zero where the key is not seen.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Slope(in Sight sight, float* weights, float* slopes, float* factors, int stride, int start, int n, int vector, Vector512<float> lse,
        Vector512<float> delta)
    {
        var (from, to) = sight.Some(vector, start, n);
        var (allFrom, allTo) = sight.All(vector, start, n);
        // The sums over queries read all keys of whole vectors.
        for (var j = 0; j < n; j++, weights += stride, slopes += stride)
        {
            if (j < from || j >= to)
            {
                Vector512<float>.Zero.Store(weights);
                Vector512<float>.Zero.Store(slopes);
                continue;
            }
            var p = VectorMath.Exp2(Vector512.Load(weights) - lse);
            var slope = p * (Vector512.Load(slopes) - delta);
            if (factors != null) slope *= Vector512.Load(factors + j * stride);
            if (j < allFrom || j >= allTo)
            {
                var seen = sight.Sees(vector, start + j);
                (p, slope) = (p & seen, slope & seen);
            }
            p.Store(weights);
            slope.Store(slopes);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Write(float* source, float factor, float* target, bool accumulate)
    {
        var f = Lanes.All(factor);
        for (var j = 0; j < spec.Width; j += 16)
        {
            var count = Math.Min(16, spec.Width - j);
            var value = Vector512.Load(source + j) * f;
            if (accumulate) value += Lanes.LoadFirst(target + j, count, 0f);
            Lanes.StoreFirst(target + j, value, count);
        }
    }
}
