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
    float* lse;
    int queryBlocks;

    /// <summary>
    /// output [batch, queries, heads, width] and, unless null, lse [batch, heads, queries] = log Σ e^(scale q·k). A query that sees nothing gives 0
    /// and -inf.
    /// </summary>
    public void Run(ThreadTeam team, in AttentionSpec spec, HeadsView q, HeadsView k, HeadsView v, HeadsView output, float* lse)
    {
        spec.Validate();
        (this.team, this.spec, this.q, this.k, this.v, this.output) = (team, spec, q, k, v, output);
        this.lse = lse;
        if (spec.Queries == 1)
        {
            decode.Run(team, spec, q, k, v, output, lse);
            return;
        }
        queryBlocks = (spec.Queries + QueryBlock - 1) / QueryBlock;
        team.EnsureScratch(sizeof(float) * ((long)QueryBlock * spec.Width + KeyBlock * QueryBlock + (KeyBlock + QueryBlock) * (long)spec.Padded + 3 * QueryBlock));
        team.Run(this, spec.Batch * spec.Heads * queryBlocks);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int task, int worker)
    {
        var (d, padded) = (spec.Width, spec.Padded);
        // The longest rows first: the last tasks to be claimed are then the short ones.
        var block = queryBlocks - 1 - task % queryBlocks;
        var head = task / queryBlocks % spec.Heads;
        var batch = task / queryBlocks / spec.Heads;
        var first = block * QueryBlock;
        var count = Math.Min(QueryBlock, spec.Queries - first);
        var vectors = (count + 15) / 16;
        var stride = vectors * 16;

        var turned = (float*)team.Scratch(worker);
        var scores = turned + QueryBlock * d;
        var values = scores + KeyBlock * QueryBlock;
        var sums = values + KeyBlock * padded;
        var max = sums + QueryBlock * padded;
        var total = max + QueryBlock;
        var alpha = total + QueryBlock;

        Tiles.Transpose(q.At(batch, first, head), q.TokenStride, count, d, spec.Scale * Log2E, turned, stride);
        for (var i = 0; i < stride; i++) (max[i], total[i]) = (float.MinValue, 0f);
        var kv = head / spec.Group;
        var keys = spec.Visible(first + count - 1);
        for (var start = 0; start < keys; start += KeyBlock)
        {
            var n = Math.Min(KeyBlock, keys - start);
            Scores(spec, k.At(batch, start, kv), k.TokenStride, n, start, turned, stride, first, scores);
            for (var vector = 0; vector < vectors; vector++)
                Weigh(scores + vector * 16, stride, vector * 16, start, n, first, max, total, alpha);
            if (start > 0)
                for (var i = 0; i < count; i++) Multiply(sums + i * padded, padded, alpha[i]);
            Tiles.CopyRows(v.At(batch, start, kv), v.TokenStride, n, d, values, padded);
            for (var i = 0; i < count; i += Tiles.Rows)
            {
                var rows = Math.Min(Tiles.Rows, count - i);
                var depth = Math.Min(n, spec.Visible(first + i + rows - 1) - start);
                Tiles.Multiply(scores + i, 1, stride, values, padded, depth, sums + i * padded, padded, rows, padded / 16, start > 0);
            }
        }
        Finish(batch, head, first, count, keys, sums, max, total);
    }

    /// <summary>scores[key, query] = key · query for the keys of a block and those vectors of queries that see any of four keys.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Scores(in AttentionSpec spec, float* k, nint tokenStride, int n, int start, float* turned, int stride, int first, float* scores)
    {
        for (var j = 0; j < n; j += Tiles.Rows)
        {
            var skip = FirstVector(spec, start + j, first);
            Tiles.Multiply(k + j * tokenStride, tokenStride, 1, turned + skip * 16, stride, spec.Width, scores + j * stride + skip * 16, stride,
                Math.Min(Tiles.Rows, n - j), stride / 16 - skip, false);
        }
    }

    /// <summary>The first vector of a block of queries that holds one which sees <paramref name="key"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int FirstVector(in AttentionSpec spec, int key, int firstQuery) =>
        spec.Causal ? Math.Max(0, key - spec.Offset - firstQuery) / 16 : 0;

    /// <summary>
    /// Turns one vector of queries' scores into weights 2^(score - running maximum), and updates maximum, total and the factor for older sums.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Weigh(float* scores, int stride, int query, int start, int n, int first, float* max, float* total, float* alpha)
    {
        var some = Math.Min(n, spec.Visible(first + query + 15) - start);
        var all = Math.Min(some, spec.Visible(first + query) - start);
        var old = Vector512.Load(max + query);
        var (m, m2) = (old, old);
        var p = scores;
        var j = 0;
        for (; j < all - 1; j += 2, p += 2 * stride)
        {
            m = Vector512.MaxNative(Vector512.Load(p), m);
            m2 = Vector512.MaxNative(Vector512.Load(p + stride), m2);
        }
        for (; j < all; j++, p += stride) m = Vector512.MaxNative(Vector512.Load(p), m);
        for (; j < some; j++, p += stride)
        {
            var seen = Sees(spec, start + j, first + query);
            var s = Lanes.Select(seen, Vector512.Load(p), Lanes.All(float.NegativeInfinity));
            s.Store(p);
            m = Vector512.MaxNative(s, m);
        }
        m = Vector512.MaxNative(m, m2);
        var (a, b) = (Vector512<float>.Zero, Vector512<float>.Zero);
        p = scores;
        for (j = 0; j < some - 1; j += 2, p += 2 * stride)
        {
            var u = VectorMath.Exp2(Vector512.Load(p) - m);
            var w = VectorMath.Exp2(Vector512.Load(p + stride) - m);
            u.Store(p);
            w.Store(p + stride);
            a += u;
            b += w;
        }
        if (j < some)
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

    /// <summary>The lanes, queries from <paramref name="query"/> on, that see <paramref name="key"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> Sees(in AttentionSpec spec, int key, int query) =>
        Vector512.GreaterThanOrEqual(Vector512<int>.Indices, Vector512.Create(key - spec.Offset - query)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Finish(int batch, int head, int first, int count, int keys, float* sums, float* max, float* total)
    {
        for (var i = 0; i < count; i++)
        {
            var row = output.At(batch, first + i, head);
            if (keys == 0)
            {
                new Span<float>(row, spec.Width).Clear();
                continue;
            }
            var f = Lanes.All(1f / total[i]);
            var source = sums + i * spec.Padded;
            var j = 0;
            for (; j <= spec.Width - 16; j += 16) (Vector512.Load(source + j) * f).Store(row + j);
            if (j < spec.Width) Lanes.StoreFirst(row + j, Vector512.Load(source + j) * f, spec.Width - j);
        }
        if (lse == null) return;
        var target = lse + ((long)batch * spec.Heads + head) * spec.Queries + first;
        for (var i = 0; i < count; i += 16)
        {
            var sum = VectorMath.Log(Vector512.Load(total + i));
            var value = Lanes.Fma(Vector512.Load(max + i), Lanes.All(Ln2), sum);
            Lanes.StoreFirst(target + i, keys == 0 ? Lanes.All(float.NegativeInfinity) : value, Math.Min(16, count - i));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Multiply(float* row, int padded, float factor)
    {
        var f = Lanes.All(factor);
        for (var j = 0; j < padded; j += 16) (Vector512.Load(row + j) * f).Store(row + j);
    }
}
