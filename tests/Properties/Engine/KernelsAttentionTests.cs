using Xunit;

namespace Functional.Tests.Properties;

/// <summary>Attention against the naive formula in double precision; its laws; the same bits for any number of threads.</summary>
public sealed unsafe class KernelsAttentionTests
{
    const double Tolerance = 1e-5;

    // Batch, heads, key heads, queries, keys, width, causal, offset.
    public static TheoryData<int, int, int, int, int, int, bool, int> Shapes => new()
    {
        { 1, 1, 1, 1, 1, 16, true, 0 },
        { 2, 3, 3, 64, 64, 32, true, 0 },
        { 1, 2, 2, 65, 65, 64, true, 0 },
        { 1, 2, 2, 130, 130, 16, false, 0 },
        { 2, 4, 2, 33, 33, 48, true, 0 },
        { 1, 6, 1, 17, 40, 80, true, 23 },
        { 1, 2, 1, 5, 200, 128, true, 100 },
        { 1, 2, 2, 100, 30, 20, false, 0 },
        { 1, 1, 1, 70, 20, 7, true, 0 },
        { 1, 1, 1, 20, 150, 33, true, 0 },
        { 1, 2, 2, 200, 200, 96, true, 0 },
        { 1, 4, 2, 1, 1, 64, true, 0 },
        { 2, 4, 2, 1, 77, 64, true, 76 },
        { 1, 4, 4, 1, 600, 40, true, 300 },
        { 1, 2, 2, 1, 33, 32, true, 32 },
        { 1, 6, 2, 1, 515, 128, false, 0 },
        { 1, 3, 1, 1, 300, 9, true, 299 },
        { 2, 2, 1, 3, 0, 16, true, 0 },
        { 1, 2, 1, 1, 0, 16, true, 0 },
    };

    [Theory, MemberData(nameof(Shapes))]
    public void ForwardAndBackward(int batch, int heads, int kvHeads, int queries, int keys, int width, bool causal, int offset)
    {
        var shape = new AttentionSpec(batch, heads, kvHeads, queries, keys, width, 1 / MathF.Sqrt(width), causal, offset);
        var data = new Case(shape, seed: 3);
        var exact = Naive(shape, data);
        var one = Compute(shape, data, 1);
        Close(exact.Output, one.Output, "output");
        Close(exact.Lse, one.Lse, "lse");
        Close(exact.DQ, one.DQ, "dq");
        Close(exact.DK, one.DK, "dk");
        Close(exact.DV, one.DV, "dv");
        foreach (var threads in new[] { 2, 3 })
        {
            var many = Compute(shape, data, threads);
            Assert.Equal(one.Output, many.Output);
            Assert.Equal(one.Lse, many.Lse);
            Assert.Equal(one.DQ, many.DQ);
            Assert.Equal(one.DK, many.DK);
            Assert.Equal(one.DV, many.DV);
        }
    }

    [Fact]
    public void RandomShapes()
    {
        var random = new Random(11);
        for (var i = 0; i < 60; i++)
        {
            var kv = random.Next(1, 4);
            var queries = random.Next(1, 150);
            var offset = random.Next(2) * random.Next(100);
            var width = random.Next(1, 5) * (random.Next(2) == 0 ? 16 : 5);
            ForwardAndBackward(random.Next(1, 3), kv * random.Next(1, 4), kv, queries, Math.Max(1, offset + random.Next(-30, 31) + queries), width,
                random.Next(3) > 0, offset);
        }
    }

    [Theory, InlineData(40, 0), InlineData(1, 39), InlineData(7, 90)]
    public void LaterKeysChangeNothingBefore(int queries, int offset)
    {
        var shape = new AttentionSpec(1, 2, 1, queries, offset + queries, 32, 0.2f, true, offset);
        var data = new Case(shape, seed: 5);
        var before = Compute(shape, data, 2, backward: false);
        for (var t = Math.Max(0, queries - 3); t < queries; t++)
        {
            var changed = new Case(shape, seed: 5);
            for (var j = offset + t; j < shape.Keys; j++)
                for (var c = 0; c < 32; c++) (changed.K[j * 32 + c], changed.V[j * 32 + c]) = (float.NaN, 1e30f);
            var after = Compute(shape, changed, 2, backward: false);
            Assert.Equal(before.Output.Take(t * 64), after.Output.Take(t * 64));
            Assert.True(float.IsNaN(after.Output[t * 64]));
        }
    }

    [Fact]
    public void KeysBeyondTheLengthAreNeverRead()
    {
        foreach (var queries in new[] { 1, 30 })
        {
            var whole = new AttentionSpec(1, 2, 2, queries, 90, 16, 0.25f, false);
            var data = new Case(whole, seed: 7);
            var part = whole with { Keys = 50 };
            var expected = Naive(part, data);
            for (var i = 50 * 32; i < data.K.Length; i++) data.K[i] = data.V[i] = float.NaN;
            Close(expected.Output, Compute(part, data, 1, backward: false).Output, "output");
        }
    }

    [Fact]
    public void SlicesOfAPackedTensor()
    {
        var shape = new AttentionSpec(2, 3, 3, 70, 70, 32, 0.2f, true);
        var data = new Case(shape, seed: 9);
        var expected = Compute(shape, data, 1);
        const int C = 96;
        float[] packed = new float[2 * 70 * 3 * C], gradient = new float[packed.Length], output = new float[data.Q.Length], lse = new float[2 * 3 * 70];
        for (var token = 0; token < 140; token++)
        {
            data.Q.AsSpan(token * C, C).CopyTo(packed.AsSpan(token * 3 * C));
            data.K.AsSpan(token * C, C).CopyTo(packed.AsSpan(token * 3 * C + C));
            data.V.AsSpan(token * C, C).CopyTo(packed.AsSpan(token * 3 * C + 2 * C));
        }
        using var team = new ThreadTeam(2);
        fixed (float* p = packed, g = gradient, o = output, l = lse, go = data.DOutput)
        {
            HeadsView Part(float* at, int index) => new(at + index * C, 70 * 3 * C, 3 * C, 32);
            var dense = HeadsView.Dense(o, 70, 3, 32);
            new AttentionForward().Run(team, shape, Part(p, 0), Part(p, 1), Part(p, 2), dense, l);
            new AttentionBackward().Run(team, shape, Part(p, 0), Part(p, 1), Part(p, 2), dense, l, HeadsView.Dense(go, 70, 3, 32), Part(g, 0), Part(g, 1),
                Part(g, 2));
        }
        Assert.Equal(expected.Output, output);
        for (var token = 0; token < 140; token++)
            for (var c = 0; c < C; c++)
                Assert.Equal(
                    (expected.DQ[token * C + c], expected.DK[token * C + c], expected.DV[token * C + c]),
                    (gradient[token * 3 * C + c], gradient[token * 3 * C + C + c], gradient[token * 3 * C + 2 * C + c]));
    }

    [Fact]
    public void LargeScoresDoNotOverflow()
    {
        var shape = new AttentionSpec(1, 1, 1, 80, 80, 16, 40f, true);
        var data = new Case(shape, seed: 13);
        var result = Compute(shape, data, 1);
        Assert.All(result.Output.Concat(result.DQ).Concat(result.DK), x => Assert.True(float.IsFinite(x)));
    }

    /// <summary>
    /// Each row of a batch at its own length, over any row of the cache, is to the bit that row alone; and nothing behind its length is read.
    /// </summary>
    [Theory, InlineData(1, 40), InlineData(2, 64), InlineData(4, 9)]
    public void EachRowOfADecodeIsThatRowAlone(int kvHeads, int width)
    {
        const int Cache = 700;
        int[] lengths = [1, 64, 65, 257, 700, 300], rows = [3, 0, 5, 1, 4, 2];
        var shape = new AttentionSpec(lengths.Length, 2 * kvHeads, kvHeads, 1, Cache, width, 0.3f, true);
        var data = new Case(shape, seed: 21);
        for (var b = 0; b < lengths.Length; b++) Spoil(data, rows[b], lengths[b]);
        int Heads(int perHead) => shape.Heads * perHead;
        using var team = new ThreadTeam(2);
        foreach (var scattered in new[] { true, false })
        {
            float[] output = Stale(data.Q.Length), lse = Stale(lengths.Length * shape.Heads);
            fixed (float* q = data.Q, k = data.K, v = data.V, o = output, l = lse)
            fixed (int* at = lengths.Select(static n => n - 1).ToArray(), r = rows)
            {
                // A token's heads together, or a head's tokens.
                HeadsView Keys(float* p) =>
                    scattered ? HeadsView.Dense(p, Cache, kvHeads, width) : new(p, (nint)Cache * kvHeads * width, width, (nint)Cache * width);
                HeadsView Queries(float* p) => HeadsView.Dense(p, 1, shape.Heads, width);
                new AttentionDecode().Run(team, shape, Queries(q), Keys(k), Keys(v), Queries(o), l, at, r);
                float[] alone = Stale(Heads(width)), one = Stale(shape.Heads);
                for (var b = 0; b < lengths.Length; b++)
                    fixed (float* single = alone, s = one)
                    {
                        new AttentionDecode().Run(team, shape with { Batch = 1, Offset = lengths[b] - 1, Keys = scattered ? lengths[b] : Cache },
                            Queries(q + b * Heads(width)),
                            Keys(k).Row(rows[b]), Keys(v).Row(rows[b]), Queries(single), s);
                        Assert.Equal(alone, output.AsSpan(b * Heads(width), Heads(width)).ToArray());
                        Assert.Equal(one, lse.AsSpan(b * shape.Heads, shape.Heads).ToArray());
                        if (scattered) Assert.All(alone, static x => Assert.True(float.IsFinite(x)));
                    }
            }
        }

        void Spoil(Case all, int row, int length)
        {
            var token = kvHeads * width;
            all.K.AsSpan((row * Cache + length) * token, (Cache - length) * token).Fill(float.NaN);
        }
    }

    [Fact]
    public void RunsAllocateNothing()
    {
        var shape = new AttentionSpec(1, 2, 2, 40, 40, 32, 0.2f, true);
        var data = new Case(shape, seed: 3);
        float[] output = new float[data.Q.Length], lse = new float[80], dq = new float[data.Q.Length], dk = new float[data.K.Length],
            dv = new float[data.K.Length];
        using var team = new ThreadTeam(1);
        var (forward, backward) = (new AttentionForward(), new AttentionBackward());
        fixed (float* q = data.Q, k = data.K, v = data.V, go = data.DOutput, o = output, l = lse, gq = dq, gk = dk, gv = dv)
        {
            for (var i = 0; i < 3; i++)
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                forward.Run(team, shape, HeadsView.Dense(q, 40, 2, 32), HeadsView.Dense(k, 40, 2, 32), HeadsView.Dense(v, 40, 2, 32),
                    HeadsView.Dense(o, 40, 2, 32), l);
                backward.Run(team, shape, HeadsView.Dense(q, 40, 2, 32), HeadsView.Dense(k, 40, 2, 32), HeadsView.Dense(v, 40, 2, 32),
                    HeadsView.Dense(o, 40, 2, 32), l,
                    HeadsView.Dense(go, 40, 2, 32), HeadsView.Dense(gq, 40, 2, 32), HeadsView.Dense(gk, 40, 2, 32), HeadsView.Dense(gv, 40, 2, 32));
                if (i == 2) Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
            }
        }
    }

    sealed class Case(AttentionSpec shape, int seed)
    {
        public float[] Q { get; } = Fill(shape.Batch * shape.Queries * shape.Heads * shape.Width, seed);
        public float[] K { get; } = Fill(shape.Batch * shape.Keys * shape.KvHeads * shape.Width, seed + 1);
        public float[] V { get; } = Fill(shape.Batch * shape.Keys * shape.KvHeads * shape.Width, seed + 2);
        public float[] DOutput { get; } = Fill(shape.Batch * shape.Queries * shape.Heads * shape.Width, seed + 3);

        static float[] Fill(int n, int seed) => KernelsRowTests.Normal(new Random(seed), n, 1f);
    }

    sealed record Result<T>(T[] Output, T[] Lse, T[] DQ, T[] DK, T[] DV);

    static Result<float> Compute(AttentionSpec s, Case data, int threads, bool backward = true)
    {
        float[] output = Stale(data.Q.Length), lse = Stale(s.Batch * s.Heads * s.Queries), dq = Stale(data.Q.Length), dk = Stale(data.K.Length),
            dv = Stale(data.K.Length);
        using var team = new ThreadTeam(threads);
        // One element more keeps the pointers of empty arrays from being null.
        fixed (float* q = data.Q, k = (float[])[.. data.K, 0f], v = (float[])[.. data.V, 0f], go = data.DOutput, o = output, l = lse, gq = dq, gk = dk, gv = dv)
        {
            HeadsView Queries(float* p) => HeadsView.Dense(p, s.Queries, s.Heads, s.Width);
            HeadsView Keys(float* p) => HeadsView.Dense(p, data.K.Length / Math.Max(1, s.Batch * s.KvHeads * s.Width), s.KvHeads, s.Width);
            new AttentionForward().Run(team, s, Queries(q), Keys(k), Keys(v), Queries(o), l);
            if (backward) new AttentionBackward().Run(team, s, Queries(q), Keys(k), Keys(v), Queries(o), l, Queries(go), Queries(gq), Keys(gk), Keys(gv));
        }
        return new(output, lse, dq, dk, dv);
    }

    static float[] Stale(int n) => [.. Enumerable.Repeat(float.NaN, n)];

    static Result<double> Naive(AttentionSpec s, Case data)
    {
        var tokens = data.K.Length / Math.Max(1, s.Batch * s.KvHeads * s.Width);
        double[] output = new double[data.Q.Length], lse = new double[s.Batch * s.Heads * s.Queries], dq = new double[data.Q.Length],
            dk = new double[data.K.Length], dv = new double[data.K.Length];
        for (var b = 0; b < s.Batch; b++)
            for (var h = 0; h < s.Heads; h++)
                for (var i = 0; i < s.Queries; i++)
                {
                    var at = ((b * s.Queries + i) * s.Heads + h) * s.Width;
                    int Key(int j) => ((b * tokens + j) * s.KvHeads + h / (s.Heads / s.KvHeads)) * s.Width;
                    var seen = s.Sees(b, i, sinks: false).To;
                    var scores = new double[seen];
                    for (var j = 0; j < seen; j++)
                        for (var c = 0; c < s.Width; c++) scores[j] += (double)s.Scale * data.Q[at + c] * data.K[Key(j) + c];
                    var max = seen == 0 ? double.NegativeInfinity : scores.Max();
                    var log = seen == 0 ? max : max + Math.Log(scores.Sum(x => Math.Exp(x - max)));
                    lse[(b * s.Heads + h) * s.Queries + i] = log;
                    for (var j = 0; j < seen; j++)
                        for (var c = 0; c < s.Width; c++) output[at + c] += Math.Exp(scores[j] - log) * data.V[Key(j) + c];
                    double delta = 0;
                    for (var c = 0; c < s.Width; c++) delta += data.DOutput[at + c] * output[at + c];
                    for (var j = 0; j < seen; j++)
                    {
                        var (p, dp) = (Math.Exp(scores[j] - log), 0.0);
                        for (var c = 0; c < s.Width; c++) dp += (double)data.DOutput[at + c] * data.V[Key(j) + c];
                        var ds = p * (dp - delta) * s.Scale;
                        for (var c = 0; c < s.Width; c++)
                        {
                            dq[at + c] += ds * data.K[Key(j) + c];
                            dk[Key(j) + c] += ds * data.Q[at + c];
                            dv[Key(j) + c] += p * data.DOutput[at + c];
                        }
                    }
                }
        return new(output, lse, dq, dk, dv);
    }

    static void Close(double[] expected, float[] actual, string what)
    {
        for (var i = 0; i < expected.Length; i++)
            Assert.True(expected[i] == actual[i] || Math.Abs(expected[i] - actual[i]) <= Tolerance * (1 + Math.Abs(expected[i])),
                $"{what}[{i}] {expected[i]} {actual[i]}");
    }
}
