using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Functional.Engines.Managed;

/// <summary>
/// One query a head against a cache of keys and values, each read once. A task is a chunk of consecutive keys, of one key head where a head's
/// tokens lie together in memory, of all heads where a token's heads do: memory is read in its own order either way. The chunks'
/// softmaxes are joined afterwards in their order. Cost follows the keys that each row sees, not the cache's size nor the longest row.
/// </summary>
internal sealed unsafe class AttentionDecode : Work
{
    // Tokens that one head takes before the next head's turn, and tokens of a task.
    const int ScatteredRun = 16, ScatteredChunk = 64;
    const int TogetherRun = 64, TogetherChunk = 256;
    const float Log2E = 1.44269504f;
    const float Ln2 = 0.693147182f;

    ThreadTeam team = null!;
    AttentionSpec spec;
    HeadsView k, v, output;
    int chunk, chunks, run, headsPerTask;
    int* offsets, rows, seen;
    float* queries, sinkQueries, partials, lse;
    readonly Joins joins;

    public AttentionDecode() => joins = new(this);

    /// <summary>
    /// As <see cref="AttentionForward.Run(ThreadTeam, in AttentionSpec, HeadsView, HeadsView, HeadsView, HeadsView, float*, HeadsView?)"/> for one query of
    /// each row of the batch. offsets, unless null, has each row's position in place of the spec's, and rows, unless null, which row of k and v is its.
    /// </summary>
    public void Run(ThreadTeam team, in AttentionSpec spec, HeadsView q, HeadsView k, HeadsView v, HeadsView output, float* lse,
        int* offsets = null, int* rows = null, HeadsView? sinkQueries = null)
    {
        (this.team, this.spec, this.k, this.v, this.output) = (team, spec, k, v, output);
        this.offsets = offsets;
        this.rows = rows;
        this.lse = lse;
        (chunk, run, headsPerTask) = k.HeadStride < k.TokenStride ? (ScatteredChunk, ScatteredRun, spec.KvHeads) : (TogetherChunk, TogetherRun, 1);
        var longest = 0;
        for (var batch = 0; batch < spec.Batch; batch++)
        {
            Spec(batch).Validate();
            var (sinks, others) = Look(batch);
            longest = Math.Max(longest, sinks.To - sinks.From + others.To - others.From);
        }
        chunks = (longest + chunk - 1) / chunk;
        var heads = (long)spec.Batch * spec.Heads;
        var own = (long)headsPerTask * spec.Group * chunk;
        team.EnsureScratch(sizeof(float) * (own + 2 * heads * spec.Padded + chunks * heads * Partial) + sizeof(int) * 4L * spec.Batch);
        queries = (float*)team.Scratch(0) + own;
        this.sinkQueries = sinkQueries is null ? queries : queries + heads * spec.Padded;
        partials = queries + 2 * heads * spec.Padded;
        seen = (int*)(partials + chunks * heads * Partial);
        for (var batch = 0; batch < spec.Batch; batch++)
            ((seen[4 * batch], seen[4 * batch + 1]), (seen[4 * batch + 2], seen[4 * batch + 3])) = Look(batch);
        for (var head = 0; head < heads; head++)
        {
            CopyQuery(q.At(head / spec.Heads, 0, head % spec.Heads), queries + head * spec.Padded);
            if (sinkQueries is { } s) CopyQuery(s.At(head / spec.Heads, 0, head % spec.Heads), this.sinkQueries + head * spec.Padded);
        }
        team.Run(this, spec.Batch * (spec.KvHeads / headsPerTask) * chunks);
        team.Run(joins, spec.Batch);
    }

    /// <summary>Joins the chunks of a row's heads, a row a task.</summary>
    sealed class Joins(AttentionDecode whole) : Work
    {
        public override void Run(int task, int worker)
        {
            for (var head = 0; head < whole.spec.Heads; head++) whole.Join(task, head);
        }
    }

    AttentionSpec Spec(int batch) => offsets == null ? spec : spec with { Offset = offsets[batch] };

    /// <summary>How many keys a row of the batch sees: its sinks, and behind them all others.</summary>
    int Keys(int batch)
    {
        var (sinks, others) = Seen(batch);
        return sinks.To - sinks.From + others.To - others.From;
    }

    ((int From, int To) Sinks, (int From, int To) Others) Seen(int batch) => ((seen[4 * batch], seen[4 * batch + 1]), (seen[4 * batch + 2], seen[4 * batch + 3]));

    ((int From, int To) Sinks, (int From, int To) Others) Look(int batch)
    {
        var own = Spec(batch);
        return (own.Sinks > 0 ? Some(own.Sees(batch, 0, true)) : (0, 0), Some(own.Sees(batch, 0, false)));

        static (int, int) Some((int From, int To) seen) => seen.From < seen.To ? seen : (0, 0);
    }

    /// <summary>Floats of one head's result of one chunk: the sums, then maximum and total in a vector of their own.</summary>
    int Partial => spec.Padded + 16;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int task, int worker)
    {
        var (part, start) = (task / chunks, task % chunks * chunk);
        var (batch, firstKv) = (part * headsPerTask / spec.KvHeads, part * headsPerTask % spec.KvHeads);
        var (group, padded, d) = (spec.Group, spec.Padded, spec.Width);
        // A row that is shorter than the longest has nothing here.
        var n = Math.Min(chunk, Keys(batch) - start);
        if (n <= 0) return;
        var row = rows == null ? batch : rows[batch];
        var heads = headsPerTask * group;
        var weights = (float*)team.Scratch(worker);
        var firstRow = (nint)batch * spec.Heads + firstKv * group;
        for (var from = 0; from < n;)
        {
            var (position, place, length, sinks) = At(batch, start + from);
            length = Math.Min(Math.Min(run, n - from), length);
            for (var head = 0; head < heads; head++)
            {
                var scores = weights + head * chunk + from;
                Scores((sinks ? sinkQueries : queries) + (firstRow + head) * padded, k.At(row, place, firstKv + head / group), k.TokenStride, length, d, scores);
                if (spec.Adjusts) Adjust(scores, length, position, batch, firstKv * group + head, sinks);
            }
            from += length;
        }
        for (var head = 0; head < heads; head++)
        {
            var partial = PartialAt(firstRow + head, task % chunks);
            Weigh(weights + head * chunk, n, partial + padded);
            new Span<float>(partial, padded).Clear();
        }
        for (var from = 0; from < n;)
        {
            var (_, place, length, _) = At(batch, start + from);
            length = Math.Min(Math.Min(run, n - from), length);
            for (var head = 0; head < heads; head++)
                Add(weights + head * chunk + from, length, v.At(row, place, firstKv + head / group), v.TokenStride, d,
                    PartialAt(firstRow + head, task % chunks));
            from += length;
        }
    }

    /// <summary>Of the keys that a row sees, the i-th: its position, where it lies, how many lie behind it in order, itself among them, and whether it is a sink.</summary>
    (int Position, int Place, int Length, bool Sinks) At(int batch, int i)
    {
        var (sinks, others) = Seen(batch);
        var count = sinks.To - sinks.From;
        var isSink = i < count;
        var position = isSink ? sinks.From + i : others.From + i - count;
        var (place, length) = spec.Place(position);
        return (position, place, Math.Min(length, (isSink ? sinks.To : others.To) - position), isSink);
    }

    /// <summary>Caps scores and takes distances off.</summary>
    void Adjust(float* scores, int n, int position, int batch, int head, bool sinks)
    {
        var (cap, slope, measured) = (spec.Cap * Log2E, spec.Slope(head, Log2E), Spec(batch).Measured(batch, 0, sinks));
        for (var j = 0; j < n; j += 16)
        {
            var count = Math.Min(16, n - j);
            var s = Lanes.LoadFirst(scores + j, count, 0f);
            if (cap > 0) s = VectorMath.Tanh(s * Lanes.All(1 / cap)) * cap;
            var distance = Vector512.ConvertToSingle(Vector512<int>.Indices + Vector512.Create(position + j - measured));
            Lanes.StoreFirst(scores + j, Lanes.Fma(distance, Lanes.All(slope), s), count);
        }
    }

    float* PartialAt(nint row, int chunk) => partials + (row * chunks + chunk) * Partial;

    void CopyQuery(float* source, float* target)
    {
        var f = Lanes.All(spec.Scale * Log2E);
        for (var j = 0; j < spec.Padded; j += 16) (Lanes.LoadFirst(source + j, Math.Clamp(spec.Width - j, 0, 16), 0f) * f).Store(target + j);
    }

    /// <summary>Joins the chunks of one head of one row: each chunk's sums count 2^(its maximum - the largest).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Join(int batch, int head)
    {
        var (padded, d, step, row) = (spec.Padded, spec.Width, (nint)Partial, (nint)batch * spec.Heads + head);
        var first = PartialAt(row, 0);
        var to = output.At(batch, 0, head);
        var keys = Keys(batch);
        var own = (keys + chunk - 1) / chunk;
        var (max, total) = (float.NegativeInfinity, 0f);
        for (var c = 0; c < own; c++) max = MathF.Max(max, first[c * step + padded]);
        for (var c = 0; c < own; c++)
        {
            var at = first + c * step + padded;
            at[0] = MathF.Pow(2f, at[0] - max);
            total += at[0] * at[1];
        }
        var f = Lanes.All(keys == 0 ? 0f : 1f / total);
        for (var j = 0; j < d; j += 16)
        {
            var sum = Vector512<float>.Zero;
            for (var c = 0; c < own; c++) sum = Lanes.Fma(Lanes.All(first[c * step + padded]), Vector512.Load(first + c * step + j), sum);
            Lanes.StoreFirst(to + j, sum * f, Math.Min(16, d - j));
        }
        if (lse != null) lse[row] = keys == 0 ? float.NegativeInfinity : max * Ln2 + MathF.Log(total);
    }

    /// <summary>scores[j] = q · k[j].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Scores(float* q, float* k, nint stride, int n, int d, float* scores)
    {
        var j = 0;
        for (; j <= n - 4; j += 4, k += 4 * stride)
        {
            var (a, b, c, e) = (Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero);
            var i = 0;
            var p = k;
            for (; i <= d - 16; i += 16, p += 16)
            {
                var x = Vector512.Load(q + i);
                a = Lanes.Fma(x, Vector512.Load(p), a);
                b = Lanes.Fma(x, Vector512.Load(p + stride), b);
                c = Lanes.Fma(x, Vector512.Load(p + 2 * stride), c);
                e = Lanes.Fma(x, Vector512.Load(p + 3 * stride), e);
            }
            if (i < d)
            {
                var x = Vector512.Load(q + i);
                a = Lanes.Fma(x, Lanes.LoadFirst(p, d - i, 0f), a);
                b = Lanes.Fma(x, Lanes.LoadFirst(p + stride, d - i, 0f), b);
                c = Lanes.Fma(x, Lanes.LoadFirst(p + 2 * stride, d - i, 0f), c);
                e = Lanes.Fma(x, Lanes.LoadFirst(p + 3 * stride, d - i, 0f), e);
            }
            FourSums(a, b, c, e).Store(scores + j);
        }
        for (; j < n; j++, k += stride) scores[j] = ReduceKernels.Dot(q, k, d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<float> FourSums(Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d)
    {
        if (!Sse.IsSupported) return Vector128.Create(Lanes.Sum(a), Lanes.Sum(b), Lanes.Sum(c), Lanes.Sum(d));
        var (p, q, r, s) = (Quarter(a), Quarter(b), Quarter(c), Quarter(d));
        var x = Sse.UnpackLow(p, q) + Sse.UnpackHigh(p, q);
        var y = Sse.UnpackLow(r, s) + Sse.UnpackHigh(r, s);
        return Sse.MoveLowToHigh(x, y) + Sse.MoveHighToLow(y, x);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<float> Quarter(Vector512<float> v)
    {
        var half = v.GetLower() + v.GetUpper();
        return half.GetLower() + half.GetUpper();
    }

    /// <summary>Scores become weights 2^(score - maximum); writes maximum and total.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Weigh(float* weights, int n, float* maxAndTotal)
    {
        var max = Lanes.All(float.MinValue);
        for (var j = 0; j < n; j += 16) max = Vector512.MaxNative(Lanes.LoadFirst(weights + j, Math.Min(16, n - j), float.MinValue), max);
        var m = Lanes.Max(max);
        var sum = Vector512<float>.Zero;
        for (var j = 0; j < n; j += 16)
        {
            var count = Math.Min(16, n - j);
            var w = VectorMath.Exp2(Lanes.LoadFirst(weights + j, count, float.NegativeInfinity) - Lanes.All(m));
            Lanes.StoreFirst(weights + j, w, count);
            sum += w;
        }
        (maxAndTotal[0], maxAndTotal[1]) = (m, Lanes.Sum(sum));
    }

    /// <summary>sums += Σ weights[j] v[j].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Add(float* weights, int n, float* v, nint stride, int d, float* sums)
    {
        var i = 0;
        for (; i <= d - 64; i += 64)
        {
            var (a, b, c, e) = (Vector512.Load(sums + i), Vector512.Load(sums + i + 16), Vector512.Load(sums + i + 32), Vector512.Load(sums + i + 48));
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
        // Of few numbers even and odd keys are added apart, so that no sum waits for the one before.
        for (; i <= d - 32; i += 32)
        {
            var (a, b) = (Vector512.Load(sums + i), Vector512.Load(sums + i + 16));
            var (odd, behind) = (Vector512<float>.Zero, Vector512<float>.Zero);
            var p = v + i;
            var j = 0;
            for (; j <= n - 2; j += 2, p += 2 * stride)
            {
                var (w, x) = (Lanes.All(weights[j]), Lanes.All(weights[j + 1]));
                a = Lanes.Fma(w, Vector512.Load(p), a);
                b = Lanes.Fma(w, Vector512.Load(p + 16), b);
                odd = Lanes.Fma(x, Vector512.Load(p + stride), odd);
                behind = Lanes.Fma(x, Vector512.Load(p + stride + 16), behind);
            }
            if (j < n)
            {
                var w = Lanes.All(weights[j]);
                a = Lanes.Fma(w, Vector512.Load(p), a);
                b = Lanes.Fma(w, Vector512.Load(p + 16), b);
            }
            (a + odd).Store(sums + i);
            (b + behind).Store(sums + i + 16);
        }
        for (; i < d; i += 16)
        {
            var count = Math.Min(16, d - i);
            var a = Vector512.Load(sums + i);
            var p = v + i;
            for (var j = 0; j < n; j++, p += stride) a = Lanes.Fma(Lanes.All(weights[j]), Lanes.LoadFirst(p, count, 0f), a);
            a.Store(sums + i);
        }
    }
}
