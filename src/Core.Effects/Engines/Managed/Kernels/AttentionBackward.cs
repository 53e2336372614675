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
    float* lse;

    /// <summary>
    /// dq, dk, dv are overwritten, dk and dv for the first <c>spec.Keys</c> tokens. lse [batch, heads, queries] and output are the forward's.
    /// </summary>
    public void Run(ThreadTeam team, in AttentionSpec spec, HeadsView q, HeadsView k, HeadsView v, HeadsView output, float* lse, HeadsView dOutput,
        HeadsView dq, HeadsView dk, HeadsView dv)
    {
        spec.Validate();
        (this.team, this.spec, this.q, this.k, this.v) = (team, spec, q, k, v);
        (this.output, this.dOutput, this.dq, this.dk, this.dv) = (output, dOutput, dq, dk, dv);
        this.lse = lse;
        long queries = (spec.Queries + QueryBlock - 1) / QueryBlock * QueryBlock;
        team.EnsureScratch(sizeof(float) * (queries * (3L * spec.Padded + 2L * spec.Width + 2) + 2L * KeyBlock * QueryBlock + 3L * KeyBlock * spec.Padded));
        team.Run(this, spec.Batch * spec.KvHeads);
    }

    /// <summary>Where a worker keeps one query head and one block of keys.</summary>
    readonly struct Memory
    {
        public readonly float* Q, DOutput, DQ, TurnedQ, TurnedDOutput, Lse, Delta, Weights, Slopes, Keys, DK, DV;

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
            Keys = Slopes + KeyBlock * QueryBlock;
            DK = Keys + KeyBlock * spec.Padded;
            DV = DK + KeyBlock * spec.Padded;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int task, int worker)
    {
        var memory = new Memory((float*)team.Scratch(worker), spec);
        var (batch, kv) = (task / spec.KvHeads, task % spec.KvHeads);
        for (var member = 0; member < spec.Group; member++)
        {
            var head = kv * spec.Group + member;
            Prepare(memory, batch, head);
            for (var start = 0; start < spec.Keys; start += KeyBlock)
            {
                var n = Math.Min(KeyBlock, spec.Keys - start);
                Tiles.CopyRows(k.At(batch, start, kv), k.TokenStride, n, spec.Width, memory.Keys, spec.Padded);
                var from = spec.Causal ? Math.Max(0, start - spec.Offset) / QueryBlock * QueryBlock : 0;
                for (var first = from; first < spec.Queries; first += QueryBlock)
                    Block(memory, batch, kv, start, n, first, first > from);
                if (from >= spec.Queries)
                {
                    new Span<float>(memory.DK, n * spec.Padded).Clear();
                    new Span<float>(memory.DV, n * spec.Padded).Clear();
                }
                for (var j = 0; j < n; j++)
                {
                    Write(memory.DK + j * spec.Padded, spec.Scale, dk.At(batch, start + j, kv), member > 0);
                    Write(memory.DV + j * spec.Padded, 1f, dv.At(batch, start + j, kv), member > 0);
                }
            }
            for (var i = 0; i < spec.Queries; i++)
                if (spec.Keys > 0) Write(memory.DQ + (nint)i * spec.Padded, spec.Scale, dq.At(batch, i, head), false);
                else new Span<float>(dq.At(batch, i, head), spec.Width).Clear();
        }
    }

    /// <summary>Copies and turns one head's queries and output gradients, and takes Σ dO∘O of each row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Prepare(in Memory memory, int batch, int head)
    {
        var (d, padded, queries) = (spec.Width, spec.Padded, spec.Queries);
        Tiles.CopyRows(q.At(batch, 0, head), q.TokenStride, queries, d, memory.Q, padded);
        Tiles.CopyRows(dOutput.At(batch, 0, head), dOutput.TokenStride, queries, d, memory.DOutput, padded);
        var logs = lse + ((long)batch * spec.Heads + head) * queries;
        for (var first = 0; first < queries; first += QueryBlock)
        {
            var count = Math.Min(QueryBlock, queries - first);
            var stride = (count + 15) / 16 * 16;
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

    /// <summary>One block of keys against one block of queries. The first block of queries overwrites dk and dv, the first of keys dq.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Block(in Memory memory, int batch, int kv, int start, int n, int first, bool accumulate)
    {
        var (d, padded) = (spec.Width, spec.Padded);
        var count = Math.Min(QueryBlock, spec.Queries - first);
        var stride = (count + 15) / 16 * 16;
        float* w = memory.Weights, s = memory.Slopes, kp = memory.Keys;
        AttentionForward.Scores(spec, kp, padded, n, start, memory.TurnedQ + (nint)first * d, stride, first, w);
        AttentionForward.Scores(spec, v.At(batch, start, kv), v.TokenStride, n, start, memory.TurnedDOutput + (nint)first * d, stride, first, s);
        for (var query = 0; query < count; query += 16)
            Slope(w + query, s + query, stride, start, n, first + query, Vector512.Load(memory.Lse + first + query),
                Vector512.Load(memory.Delta + first + query));
        var queries = memory.Q + (nint)first * padded;
        var gradients = memory.DOutput + (nint)first * padded;
        for (var j = 0; j < n; j += Tiles.Rows)
        {
            var rows = Math.Min(Tiles.Rows, n - j);
            var skip = spec.Causal ? Math.Clamp(start + j - spec.Offset - first, 0, count) : 0;
            Tiles.Multiply(w + j * stride + skip, stride, 1, gradients + skip * padded, padded, count - skip, memory.DV + j * padded, padded, rows,
                padded / 16, accumulate);
            Tiles.Multiply(s + j * stride + skip, stride, 1, queries + skip * padded, padded, count - skip, memory.DK + j * padded, padded, rows, padded / 16,
                accumulate);
        }
        for (var i = 0; i < count; i += Tiles.Rows)
        {
            var rows = Math.Min(Tiles.Rows, count - i);
            var depth = Math.Min(n, spec.Visible(first + i + rows - 1) - start);
            Tiles.Multiply(s + i, 1, stride, kp, padded, depth, memory.DQ + (nint)(first + i) * padded, padded, rows, padded / 16, start > 0);
        }
    }

    /// <summary>For one vector of queries: weights = 2^(score - lse), slopes = weights (slopes - delta), zero where the key is not seen.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Slope(float* weights, float* slopes, int stride, int start, int n, int query, Vector512<float> lse, Vector512<float> delta)
    {
        // To the end of the last row tile that any of the queries sees: the sums over queries read all of its rows.
        var some = Math.Min(n, (spec.Visible(query + 15) - start + Tiles.Rows - 1) / Tiles.Rows * Tiles.Rows);
        var all = Math.Min(some, spec.Visible(query) - start);
        var j = 0;
        for (; j < all; j++, weights += stride, slopes += stride)
        {
            var p = VectorMath.Exp2(Vector512.Load(weights) - lse);
            p.Store(weights);
            (p * (Vector512.Load(slopes) - delta)).Store(slopes);
        }
        for (; j < some; j++, weights += stride, slopes += stride)
        {
            var seen = AttentionForward.Sees(spec, start + j, query);
            var p = VectorMath.Exp2(Vector512.Load(weights) - lse) & seen;
            p.Store(weights);
            (p * (Vector512.Load(slopes) - delta) & seen).Store(slopes);
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
