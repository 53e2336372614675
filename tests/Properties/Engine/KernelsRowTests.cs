using Xunit;

namespace Functional.Tests.Properties;

/// <summary>Layer normalisation, cross-entropy and reductions against the same formulas in double precision, over random shapes.</summary>
public sealed unsafe class KernelsRowTests
{
    const double Tolerance = 2e-6;

    public static TheoryData<int, int> Shapes => new()
    {
        { 1, 1 }, { 3, 7 }, { 5, 15 }, { 2, 16 }, { 7, 17 }, { 33, 64 }, { 70, 100 }, { 4, 129 }, { 65, 384 }, { 3, 1000 }, { 2, 5003 }, { 1, 50257 },
    };

    [Theory, MemberData(nameof(Shapes))]
    public void LayerNorm(int rows, int width)
    {
        var random = new Random(rows * 1000 + width);
        foreach (var (useWeight, useBias) in new[] { (true, true), (true, false), (false, false) })
        {
            float[] x = Normal(random, rows * width, 3f, 1f), dy = Normal(random, rows * width, 1f), w = Normal(random, width, 1f),
                b = Normal(random, width, 1f);
            float[] y = new float[rows * width], dx = new float[rows * width], mean = new float[rows], rstd = new float[rows], dw = new float[width],
                db = new float[width];
            var chunks = NormKernels.Chunks(rows);
            float[] wp = Normal(random, chunks * width, 9f), bp = Normal(random, chunks * width, 9f);
            fixed (float* px = x, pdy = dy, pw = w, pb = b, py = y, pdx = dx, pm = mean, pr = rstd, pdw = dw, pdb = db, pwp = wp, pbp = bp)
            {
                var weight = useWeight ? pw : null;
                NormKernels.LayerNorm(px, weight, useBias ? pb : null, 1e-5f, py, pm, pr, width, 0, rows);
                for (var c = chunks - 1; c >= 0; c--)
                    NormKernels.LayerNormBackward(px, weight, pm, pr, pdy, pdx, useWeight ? pwp : null, useBias ? pbp : null, rows, width, c);
                if (useWeight) ReduceKernels.CombineColumns(pwp, chunks, width, pdw);
                if (useBias) ReduceKernels.CombineColumns(pbp, chunks, width, pdb);
            }
            double[] ey = new double[rows * width], edx = new double[rows * width], edw = new double[width], edb = new double[width], scale = new double[width];
            for (var i = 0; i < rows; i++)
            {
                var row = x.Skip(i * width).Take(width).Select(v => (double)v).ToArray();
                var m = row.Average();
                var r = 1 / Math.Sqrt(row.Select(v => (v - m) * (v - m)).Average() + 1e-5);
                var n = row.Select(v => (v - m) * r).ToArray();
                var g = Enumerable.Range(0, width).Select(j => dy[i * width + j] * (useWeight ? w[j] : 1.0)).ToArray();
                var gn = Enumerable.Range(0, width).Average(j => g[j] * n[j]);
                var gm = g.Average();
                for (var j = 0; j < width; j++)
                {
                    ey[i * width + j] = n[j] * (useWeight ? w[j] : 1) + (useBias ? b[j] : 0);
                    edx[i * width + j] = r * (g[j] - gm - n[j] * gn);
                    edw[j] += dy[i * width + j] * n[j];
                    edb[j] += dy[i * width + j];
                    scale[j] += Math.Abs(dy[i * width + j]) * (1 + Math.Abs(n[j]));
                }
            }
            // A row narrower than two elements has no spread: its gradient is rounding times 1/sqrt(eps).
            Close(ey, y, width == 1 ? 1e-3 : 1e-5);
            Close(edx, dx, width == 1 ? 1e-3 : 1e-4);
            for (var j = 0; j < width && useWeight; j++) Assert.True(Math.Abs(edw[j] - dw[j]) <= 1e-5 * (1 + scale[j]), $"dw[{j}] {edw[j]} {dw[j]}");
            for (var j = 0; j < width && useBias; j++) Assert.True(Math.Abs(edb[j] - db[j]) <= Tolerance * (1 + scale[j]), $"db[{j}] {edb[j]} {db[j]}");
        }
    }

    [Theory, MemberData(nameof(Shapes))]
    public void CrossEntropy(int rows, int n)
    {
        foreach (var smoothing in new[] { 0f, 0.1f })
        {
            var random = new Random(n + 1);
            var x = Normal(random, rows * n, 4f);
            // Blocks far below the maximum, and blocks of nothing; the mean that smoothing takes needs finite logits.
            for (var i = 0; i < x.Length && smoothing == 0; i++) if (i % n >= 2048 && i % n < 4200) x[i] = i % n < 4096 ? float.NegativeInfinity : -200f;
            var labels = Enumerable.Range(0, rows).Select(i => i % 3 == 2 ? SoftmaxKernels.Ignored
                : random.Next(smoothing == 0 ? Math.Min(n, 2048) : n)).ToArray();
            for (var i = 0; i < rows; i++) if (labels[i] < 0) x[i * n] = float.NaN;
            float[] g = [.. x], nll = new float[rows], loss = new float[rows];
            fixed (float* px = x, pg = g, pn = nll, pl = loss)
            fixed (int* labelled = labels)
            {
                SoftmaxKernels.CrossEntropy(pg, labelled, smoothing, 0.5f, pn, n, 0, rows);
                SoftmaxKernels.CrossEntropyLoss(px, labelled, smoothing, pl, n, 0, rows);
            }
            for (var i = 0; i < rows; i++)
            {
                if (labels[i] < 0)
                {
                    Assert.Equal((0f, 0f), (nll[i], loss[i]));
                    Assert.All(g.Skip(i * n).Take(n), v => Assert.Equal(0f, v));
                    continue;
                }
                var row = x.Skip(i * n).Take(n).ToArray();
                var (p, l) = Soft(row);
                var expected = (1 - (double)smoothing) * (l - row[labels[i]]) + (smoothing == 0 ? 0 : smoothing * (l - row.Average(v => (double)v)));
                Assert.True(Math.Abs(expected - nll[i]) <= Tolerance * (2 + expected), $"nll {expected} {nll[i]}");
                Assert.True(Math.Abs(expected - loss[i]) <= Tolerance * (2 + expected), $"loss {expected} {loss[i]}");
                for (var j = 0; j < n; j++)
                {
                    var e = 0.5 * (p[j] - (j == labels[i] ? 1 - (double)smoothing : 0) - (double)smoothing / n);
                    Assert.True(Math.Abs(e - g[i * n + j]) <= 2e-7 + Tolerance * p[j], $"gradient {i},{j}: {e} {g[i * n + j]}");
                }
            }
        }
    }

    [Fact]
    public void LabelOutsideTheVocabularyIsRefused() =>
        Assert.Throws<ArgumentException>(() =>
        {
            var x = stackalloc float[4];
            var (label, nll) = (4, 0f);
            SoftmaxKernels.CrossEntropy(x, &label, 0f, 1f, &nll, 4, 0, 1);
        });

    [Theory, MemberData(nameof(Shapes))]
    public void Reduce(int rows, int n)
    {
        var x = Normal(new Random(n), rows * n, 1f);
        float[] sums = new float[rows], maxima = new float[rows], columns = new float[n];
        fixed (float* px = x, pc = columns)
        {
            for (var i = 0; i < rows; i++) (sums[i], maxima[i]) = (ReduceKernels.Sum(px + i * n, n), ReduceKernels.Max(px + i * n, n));
            ReduceKernels.CombineColumns(px, rows, n, pc);
        }
        for (var i = 0; i < rows; i++)
        {
            var row = x.Skip(i * n).Take(n).ToArray();
            Assert.Equal(row.Max(), maxima[i]);
            Assert.True(Math.Abs(row.Sum(v => (double)v) - sums[i]) <= 3e-7 * row.Sum(Math.Abs));
        }
        for (var j = 0; j < n; j++)
        {
            var column = Enumerable.Range(0, rows).Select(i => x[i * n + j]).ToArray();
            Assert.True(Math.Abs(column.Sum(v => (double)v) - columns[j]) <= 1e-6 * column.Sum(Math.Abs));
        }
    }

    [Fact]
    public void MaxSeesNaN()
    {
        foreach (var n in new[] { 1, 16, 40, 100 })
            for (var at = 0; at < n; at++)
            {
                var x = new float[n];
                x[at] = float.NaN;
                fixed (float* p = x) Assert.True(float.IsNaN(ReduceKernels.Max(p, n)));
            }
    }

    static (double[] P, double Lse) Soft(float[] row)
    {
        var max = (double)row.Max();
        var e = row.Select(v => Math.Exp(v - max)).ToArray();
        var sum = e.Sum();
        return (e.Select(v => v / sum).ToArray(), max + Math.Log(sum));
    }

    static void Close(double[] expected, float[] actual, double tolerance)
    {
        for (var i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance * (1 + Math.Abs(expected[i])), $"[{i}] {expected[i]} {actual[i]}");
    }

    internal static float[] Normal(Random random, int n, float deviation, float centre = 0f) =>
        [.. Enumerable.Range(0, n).Select(_ =>
            centre + deviation * (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];
}
