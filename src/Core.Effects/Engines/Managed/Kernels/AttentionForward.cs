using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Functional.Engines.Managed;

/// <summary>
/// Attention with a running softmax (FlashAttention, Dao et al., 2022): no [queries, keys] tensor in memory. A task is one block of
/// queries of one head. Scores are kept transposed, a lane a query, so that the softmax never reduces across lanes and the
/// keys are read in their own layout; logarithms inside are to base 2.
/// </summary>
internal sealed unsafe class AttentionForward : Work
{
    internal const int QueryBlock = 64;
    internal const int KeyBlock = 64;
    const float Log2E = 1.44269504f;
    const float Ln2 = 0.693147182f;

    readonly AttentionDecode decode = new();
    ThreadTeam team = null!;
    AttentionSpec spec;
    HeadsView q, k, v, output;
    HeadsView? sinkQueries;
    float* lse;
    int queryBlocks;

    /// <summary>
    /// output [batch, queries, heads, width] and, unless null, lse [batch, heads, queries] = log Σ e^score. A query that sees nothing gives 0
    /// and -inf. sinkQueries meet the sinks in place of q.
    /// </summary>
    public void Run(ThreadTeam team, in AttentionSpec spec, HeadsView q, HeadsView k, HeadsView v, HeadsView output, float* lse, HeadsView? sinkQueries = null)
    {
        spec.Validate();
        (this.team, this.spec, this.q, this.k, this.v, this.output) = (team, spec, q, k, v, output);
        this.sinkQueries = sinkQueries;
        this.lse = lse;
        if (spec.Queries == 1)
        {
            decode.Run(team, spec, q, k, v, output, lse, sinkQueries: sinkQueries);
            return;
        }
        queryBlocks = (spec.Queries + QueryBlock - 1) / QueryBlock;
        team.EnsureScratch(sizeof(float) * ((long)QueryBlock * spec.Width + KeyBlock * QueryBlock + (KeyBlock + QueryBlock) * (long)spec.Padded
            + 3 * QueryBlock + Sight.Size));
        team.Run(this, spec.Batch * spec.Heads * queryBlocks);
    }

    /// <summary>Where a worker keeps one block of queries and one of keys.</summary>
    readonly struct Memory(float* at, in AttentionSpec spec)
    {
        public readonly float* Turned = at;
        public readonly float* Scores = at + QueryBlock * spec.Width;
        public readonly float* Values = at + QueryBlock * spec.Width + KeyBlock * QueryBlock;
        public readonly float* Sums = at + QueryBlock * spec.Width + KeyBlock * QueryBlock + KeyBlock * spec.Padded;
        public readonly float* Max = at + QueryBlock * spec.Width + KeyBlock * QueryBlock + (KeyBlock + QueryBlock) * spec.Padded;

        public float* Total => Max + QueryBlock;

        public float* Alpha => Max + 2 * QueryBlock;

        public Sight Sight => new(Max + 3 * QueryBlock);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int task, int worker)
    {
        // The longest rows first: the last tasks to be claimed are then the short ones.
        var block = queryBlocks - 1 - task % queryBlocks;
        var head = task / queryBlocks % spec.Heads;
        var batch = task / queryBlocks / spec.Heads;
        var first = block * QueryBlock;
        var count = Math.Min(QueryBlock, spec.Queries - first);
        var stride = (count + 15) / 16 * 16;
        var memory = new Memory((float*)team.Scratch(worker), spec);
        for (var i = 0; i < stride; i++) (memory.Max[i], memory.Total[i]) = (float.MinValue, 0f);
        var begun = false;
        if (spec.Sinks > 0) Pass(memory, batch, head, first, count, sinkQueries ?? q, true, ref begun);
        Pass(memory, batch, head, first, count, q, false, ref begun);
        Finish(batch, head, first, count, memory);
    }

    /// <summary>One block of queries over the sinks, or over all other keys that it sees.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Pass(in Memory memory, int batch, int head, int first, int count, HeadsView queries, bool sinks, ref bool begun)
    {
        var sight = memory.Sight;
        var (from, to) = sight.Look(spec, batch, first, count, sinks);
        if (from >= to) return;
        var stride = (count + 15) / 16 * 16;
        Tiles.Transpose(queries.At(batch, first, head), queries.TokenStride, count, spec.Width, spec.Scale * Log2E, memory.Turned, stride);
        var (kv, slope) = (head / spec.Group, spec.Slope(head, Log2E));
        for (var start = from; start < to;)
        {
            var (place, run) = spec.Place(start);
            var n = Math.Min(Math.Min(KeyBlock, to - start), run);
            Scores(sight, spec, k.At(batch, place, kv), k.TokenStride, n, start, memory.Turned, stride, memory.Scores);
            if (spec.Adjusts) Adjust(sight, spec.Cap * Log2E, slope, n, start, stride, memory.Scores, null);
            Values(memory, sight, v.At(batch, place, kv), n, start, count, begun);
            begun = true;
            start += n;
        }
    }

    /// <summary>Scores become weights, and the sums of values so far take those of a block of keys in.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Values(in Memory memory, in Sight sight, float* block, int n, int start, int count, bool begun)
    {
        var (d, padded, stride) = (spec.Width, spec.Padded, (count + 15) / 16 * 16);
        for (var vector = 0; vector < stride / 16; vector++)
            Weigh(sight, memory.Scores + vector * 16, stride, vector, start, n, memory.Max, memory.Total, memory.Alpha);
        if (begun)
            for (var i = 0; i < count; i++) Multiply(memory.Sums + i * padded, padded, memory.Alpha[i]);
        Tiles.CopyRows(block, v.TokenStride, n, d, memory.Values, padded);
        for (var i = 0; i < count; i += Tiles.Rows)
        {
            var rows = Math.Min(Tiles.Rows, count - i);
            var (from, to) = sight.Rows(i, rows, start, n);
            Tiles.Multiply(memory.Scores + i + from * stride, 1, stride, memory.Values + from * padded, padded, to - from, memory.Sums + i * padded, padded, rows,
                padded / 16, begun);
        }
    }

    /// <summary>scores[key, query] = key · query for the keys of a block and those vectors of queries that see any of four keys.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Scores(in Sight sight, in AttentionSpec spec, float* k, nint tokenStride, int n, int start, float* turned, int stride, float* scores)
    {
        for (var j = 0; j < n; j += Tiles.Rows)
        {
            var rows = Math.Min(Tiles.Rows, n - j);
            var (vector, behind) = sight.Vectors(start + j, rows, stride / 16);
            if (behind > vector)
                Tiles.Multiply(k + j * tokenStride, tokenStride, 1, turned + vector * 16, stride, spec.Width, scores + j * stride + vector * 16, stride,
                    rows, behind - vector, false);
        }
    }

    /// <summary>
    /// Caps scores and takes distances off. factors, unless null, becomes the cap's derivative.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Adjust(in Sight sight, float cap, float slope, int n, int start, int stride, float* scores, float* factors)
    {
        for (var vector = 0; vector < stride / 16; vector++)
        {
            var (from, to) = sight.Some(vector, start, n);
            var at = sight.Measured(vector);
            for (var j = from; j < to; j++)
            {
                var p = scores + j * stride + vector * 16;
                var s = Vector512.Load(p);
                if (cap > 0)
                {
                    var t = VectorMath.Tanh(s * Lanes.All(1 / cap));
                    s = t * cap;
                    if (factors != null) (Lanes.All(1f) - t * t).Store(factors + j * stride + vector * 16);
                }
                Lanes.Fma(Lanes.All(start + j) - at, Lanes.All(slope), s).Store(p);
            }
        }
    }

    /// <summary>
    /// Turns one vector of queries' scores into weights 2^(score - running maximum), and updates maximum, total and the factor for older sums.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Weigh(in Sight sight, float* scores, int stride, int vector, int start, int n, float* max, float* total, float* alpha)
    {
        var query = vector * 16;
        var (from, to) = sight.Some(vector, start, n);
        var (allFrom, allTo) = sight.All(vector, start, n);
        (allFrom, allTo) = (Math.Clamp(allFrom, from, to), Math.Clamp(allTo, from, to));
        var old = Vector512.Load(max + query);
        var (m, m2) = (old, old);
        if (allFrom >= allTo) (allFrom, allTo) = (to, to);
        var j = from;
        var p = scores + j * stride;
        for (; j < allFrom; j++, p += stride) m = Vector512.MaxNative(Masked(sight, vector, start + j, p), m);
        for (; j < allTo - 1; j += 2, p += 2 * stride)
        {
            m = Vector512.MaxNative(Vector512.Load(p), m);
            m2 = Vector512.MaxNative(Vector512.Load(p + stride), m2);
        }
        for (; j < allTo; j++, p += stride) m = Vector512.MaxNative(Vector512.Load(p), m);
        for (; j < to; j++, p += stride) m = Vector512.MaxNative(Masked(sight, vector, start + j, p), m);
        m = Vector512.MaxNative(m, m2);
        var (a, b) = (Vector512<float>.Zero, Vector512<float>.Zero);
        p = scores + from * stride;
        for (j = from; j < to - 1; j += 2, p += 2 * stride)
        {
            var u = VectorMath.Exp2(Vector512.Load(p) - m);
            var w = VectorMath.Exp2(Vector512.Load(p + stride) - m);
            u.Store(p);
            w.Store(p + stride);
            a += u;
            b += w;
        }
        if (j < to)
        {
            var u = VectorMath.Exp2(Vector512.Load(p) - m);
            u.Store(p);
            a += u;
        }
        var factor = VectorMath.Exp2(old - m);
        factor.Store(alpha + query);
        m.Store(max + query);
        Lanes.Fma(Vector512.Load(total + query), factor, a + b).Store(total + query);
    }

    /// <summary>Scores of one key, −∞ in the lanes that do not see it; also in memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<float> Masked(in Sight sight, int vector, int position, float* p)
    {
        var s = Lanes.Select(sight.Sees(vector, position), Vector512.Load(p), Lanes.All(float.NegativeInfinity));
        s.Store(p);
        return s;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Finish(int batch, int head, int first, int count, in Memory memory)
    {
        float* max = memory.Max, total = memory.Total;
        for (var i = 0; i < count; i++)
        {
            var row = output.At(batch, first + i, head);
            if (total[i] == 0)
            {
                new Span<float>(row, spec.Width).Clear();
                continue;
            }
            var f = Lanes.All(1f / total[i]);
            var source = memory.Sums + i * spec.Padded;
            var j = 0;
            for (; j <= spec.Width - 16; j += 16) (Vector512.Load(source + j) * f).Store(row + j);
            if (j < spec.Width) Lanes.StoreFirst(row + j, Vector512.Load(source + j) * f, spec.Width - j);
        }
        if (lse == null) return;
        var target = lse + ((long)batch * spec.Heads + head) * spec.Queries + first;
        for (var i = 0; i < count; i += 16)
        {
            var sum = Vector512.Load(total + i);
            var value = Lanes.Fma(Vector512.Load(max + i), Lanes.All(Ln2), VectorMath.Log(sum));
            var none = Vector512.Equals(sum, Vector512<float>.Zero);
            Lanes.StoreFirst(target + i, Lanes.Select(none, Lanes.All(float.NegativeInfinity), value), Math.Min(16, count - i));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Multiply(float* row, int padded, float factor)
    {
        var f = Lanes.All(factor);
        for (var j = 0; j < padded; j += 16) (Vector512.Load(row + j) * f).Store(row + j);
    }
}
