using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Functional.Engines;

/// <summary>
/// One query a head against a cache of keys and values, each read once. A task is one key head; the query heads that share it take
/// their turns while a chunk of the cache is in the first-level cache. Cost follows the keys that are seen, not the cache's size.
/// </summary>
internal static unsafe class AttentionDecode
{
    const int Chunk = 64;
    const float Log2E = 1.44269504f;
    const float Ln2 = 0.693147182f;

    /// <summary>Bytes of scratch memory: a chunk of weights, and a group's sums, maxima and totals.</summary>
    public static long ScratchBytes(in AttentionSpec spec) => sizeof(float) * (Chunk + spec.Group * (2L * spec.Padded + 2));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(in AttentionSpec spec, HeadsView q, HeadsView k, HeadsView v, HeadsView output, float* lse, int task, float* scratch)
    {
        var (batch, kv) = (task / spec.KvHeads, task % spec.KvHeads);
        var (group, padded, d) = (spec.Group, spec.Padded, spec.Width);
        var weights = scratch;
        var queries = weights + Chunk;
        var sums = queries + group * padded;
        var max = sums + group * padded;
        var total = max + group;
        for (var member = 0; member < group; member++)
        {
            Tiles.CopyRows(q.At(batch, 0, kv * group + member), 0, 1, d, queries + member * padded, padded);
            for (var j = 0; j < padded; j += 16) (Vector512.Load(queries + member * padded + j) * Lanes.All(spec.Scale * Log2E)).Store(queries + member * padded + j);
            (max[member], total[member]) = (float.MinValue, 0f);
        }
        new Span<float>(sums, group * padded).Clear();
        var keys = spec.Visible(0);
        for (var start = 0; start < keys; start += Chunk)
        {
            var n = Math.Min(Chunk, keys - start);
            for (var member = 0; member < group; member++)
            {
                var m = Scores(queries + member * padded, k.At(batch, start, kv), k.TokenStride, n, d, weights);
                m = MathF.Max(max[member], m);
                var sum = Weigh(weights, n, m);
                var factor = MathF.Pow(2f, max[member] - m);
                total[member] = total[member] * factor + sum;
                max[member] = m;
                Add(weights, n, v.At(batch, start, kv), v.TokenStride, d, factor, sums + member * padded);
            }
        }
        for (var member = 0; member < group; member++)
        {
            var head = kv * group + member;
            var row = output.At(batch, 0, head);
            var f = Lanes.All(keys == 0 ? 0f : 1f / total[member]);
            for (var j = 0; j < d; j += 16) Lanes.StoreFirst(row + j, Vector512.Load(sums + member * padded + j) * f, Math.Min(16, d - j));
            if (lse != null) lse[(long)batch * spec.Heads + head] = keys == 0 ? float.NegativeInfinity : max[member] * Ln2 + MathF.Log(total[member]);
        }
    }

    /// <summary>weights[j] = q · k[j]; the largest.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static float Scores(float* q, float* k, nint stride, int n, int d, float* weights)
    {
        var max = float.MinValue;
        for (var j = 0; j < n; j++, k += stride)
        {
            var (a, b) = (Vector512<float>.Zero, Vector512<float>.Zero);
            var i = 0;
            for (; i <= d - 32; i += 32)
            {
                a = Lanes.Fma(Vector512.Load(q + i), Vector512.Load(k + i), a);
                b = Lanes.Fma(Vector512.Load(q + i + 16), Vector512.Load(k + i + 16), b);
            }
            for (; i < d; i += 16) a = Lanes.Fma(Vector512.Load(q + i), i + 16 <= d ? Vector512.Load(k + i) : Lanes.LoadFirst(k + i, d - i, 0f), a);
            var score = Lanes.Sum(a + b);
            weights[j] = score;
            max = MathF.Max(max, score);
        }
        return max;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static float Weigh(float* weights, int n, float max)
    {
        var sum = Vector512<float>.Zero;
        for (var j = 0; j < n; j += 16)
        {
            var count = Math.Min(16, n - j);
            var w = VectorMath.Exp2(Lanes.LoadFirst(weights + j, count, float.NegativeInfinity) - Lanes.All(max));
            Lanes.StoreFirst(weights + j, w, count);
            sum += w;
        }
        return Lanes.Sum(sum);
    }

    /// <summary>sums = factor · sums + Σ weights[j] v[j].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Add(float* weights, int n, float* v, nint stride, int d, float factor, float* sums)
    {
        var f = Lanes.All(factor);
        var i = 0;
        for (; i <= d - 64; i += 64)
        {
            var (a, b, c, e) = (Vector512.Load(sums + i) * f, Vector512.Load(sums + i + 16) * f, Vector512.Load(sums + i + 32) * f, Vector512.Load(sums + i + 48) * f);
            var p = v + i;
            for (var j = 0; j < n; j++, p += stride)
            {
                var w = Lanes.All(weights[j]);
                a = Lanes.Fma(w, Vector512.Load(p), a);
                b = Lanes.Fma(w, Vector512.Load(p + 16), b);
                c = Lanes.Fma(w, Vector512.Load(p + 32), c);
                e = Lanes.Fma(w, Vector512.Load(p + 48), e);
            }
            a.Store(sums + i);
            b.Store(sums + i + 16);
            c.Store(sums + i + 32);
            e.Store(sums + i + 48);
        }
        for (; i < d; i += 16)
        {
            var count = Math.Min(16, d - i);
            var a = Vector512.Load(sums + i) * f;
            var p = v + i;
            for (var j = 0; j < n; j++, p += stride) a = Lanes.Fma(Lanes.All(weights[j]), Lanes.LoadFirst(p, count, 0f), a);
            a.Store(sums + i);
        }
    }
}
