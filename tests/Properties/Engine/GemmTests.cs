using System.Runtime.InteropServices;
using Xunit;

namespace Functional.Tests.Properties.Engine;

public unsafe class GemmTests
{
    private static readonly int[] Lengths = [0, 1, 2, 3, 4, 5, 7, 8, 11, 12, 13, 16, 17, 24, 31, 32, 33, 47, 63, 64, 65, 97, 128, 131];

    private static readonly LaneWidth[] Widths = [LaneWidth.Bits32, LaneWidth.Bits128, LaneWidth.Bits256, LaneWidth.Bits512];

    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 60)];

    // Records how often each element was finished and doubles it, so an early or repeated call shows in the values too.
    private sealed class Doubling(GemmShape shape) : Epilogue
    {
        public readonly int[] Visits = new int[Math.Max(1, shape.Batch * shape.M * shape.N)];
        public float* C;

        public override void Apply(int batch, int row, int col, int rows, int cols, int worker)
        {
            for (var i = row; i < row + rows; i++)
                for (var j = col; j < col + cols; j++)
                {
                    Interlocked.Increment(ref Visits[(batch * shape.M + i) * shape.N + j]);
                    C[batch * shape.C.Batch + i * shape.C.Row + j] *= 2;
                }
        }
    }

    internal static GemmShape Random(Random random)
    {
        int m = Pick(), n = Pick(), k = random.Next(8) == 0 ? random.Next(385, 900) : Pick(), batch = random.Next(4) == 0 ? random.Next(0, 5) : 1;
        return new(batch, m, n, k, Matrix(m, k), Matrix(k, n), Strides.RowMajor(n + random.Next(4), (long)m * (n + 4)), random.Next(2) == 0);

        int Pick() => Lengths[random.Next(Lengths.Length)];

        Strides Matrix(int rows, int columns)
        {
            var gap = random.Next(3) == 0 ? random.Next(9) : 0;
            var shared = random.Next(3) == 0;
            return random.Next(2) == 0
                ? Strides.RowMajor(columns + gap, shared ? 0 : (long)rows * (columns + gap) + 3)
                : Strides.ColumnMajor(rows + gap, shared ? 0 : (long)columns * (rows + gap) + 3);
        }
    }

    private static int Extent(Strides s, int batch, int rows, int columns) =>
        batch == 0 || rows == 0 || columns == 0 ? 0 : (int)((batch - 1) * s.Batch + (rows - 1) * s.Row + (columns - 1) * s.Column + 1);

    private static float[] Fill(int length, Random random)
    {
        var x = new float[length];
        for (var i = 0; i < length; i++)
            x[i] = (float)(random.NextDouble() * 2 - 1);
        return x;
    }

    // The buffers end where the matrices end and are followed by NaN: a read beyond them poisons the result.
    private static float[] Compute(GemmShape shape, float[] a, float[] b, float[] c, int threads, Func<GemmShape, IProduct> make, bool finish)
    {
        using var team = new ThreadTeam(threads);
        var gemm = make(shape);
        var workspace = (byte*)NativeMemory.AlignedAlloc((nuint)gemm.WorkspaceBytes + 64, 64);
        new Span<byte>(workspace, (int)gemm.WorkspaceBytes + 64).Fill(0xff);
        team.EnsureScratch(4 << 20);
        for (var worker = 0; worker < threads; worker++)
            new Span<byte>(team.Scratch(worker), (int)team.ScratchBytes).Fill(0xff);
        float[] left = [.. a, .. Enumerable.Repeat(float.NaN, 64)], right = [.. b, .. Enumerable.Repeat(float.NaN, 64)],
            result = [.. c, .. Enumerable.Repeat(12345f, 64)];
        var epilogue = new Doubling(shape);
        fixed (float* pa = left, pb = right, pc = result)
        {
            epilogue.C = pc;
            gemm.Run(team, workspace, pa, pb, pc, finish ? epilogue : null);
        }
        NativeMemory.AlignedFree(workspace);
        if (finish && shape.Batch * shape.M * shape.N > 0)
            Assert.All(epilogue.Visits, visits => Assert.Equal(1, visits));
        Assert.All(result[c.Length..], x => Assert.Equal(12345f, x));
        return result[..c.Length];
    }

    private static void AssertProduct(GemmShape shape, float[] a, float[] b, float[] before, float[] after, float factor)
    {
        var written = new bool[after.Length];
        for (var q = 0; q < shape.Batch; q++)
            for (var i = 0; i < shape.M; i++)
                for (var j = 0; j < shape.N; j++)
                {
                    var at = q * shape.C.Batch + i * shape.C.Row + j;
                    double sum = shape.Accumulate ? before[at] : 0, size = Math.Abs(sum);
                    for (var p = 0; p < shape.K; p++)
                    {
                        var term = (double)a[q * shape.A.Batch + i * shape.A.Row + p * shape.A.Column] * b[q * shape.B.Batch + p * shape.B.Row + j * shape.B.Column];
                        sum += term;
                        size += Math.Abs(term);
                    }
                    written[at] = true;
                    // Each of at most K + 1 roundings is relative to a partial sum no larger than the sum of sizes: float32, unit roundoff 2^-24.
                    var bound = factor * (shape.K + 1) * size * Math.Pow(2, -24);
                    Assert.True(Math.Abs(after[at] - factor * sum) <= bound, $"{shape}: [{q}, {i}, {j}] is {after[at]}, should be {factor * sum} ± {bound}");
                }
        for (var i = 0; i < after.Length; i++)
            Assert.True(written[i] || after[i] == before[i], $"{shape}: element {i} lies outside of C and was written");
    }

    internal static void Check(GemmShape shape, Random random, Func<GemmShape, IProduct> make, Func<float, float>? round = null)
    {
        var a = Array.ConvertAll(Fill(Extent(shape.A, shape.Batch, shape.M, shape.K), random), x => round?.Invoke(x) ?? x);
        var b = Array.ConvertAll(Fill(Extent(shape.B, shape.Batch, shape.K, shape.N), random), x => round?.Invoke(x) ?? x);
        var c = Fill(Extent(shape.C, shape.Batch, shape.M, shape.N), random);
        var finish = random.Next(2) == 0;
        var one = Compute(shape, a, b, c, 1, make, finish);
        AssertProduct(shape, a, b, c, one, finish ? 2 : 1);
        foreach (var threads in new[] { 2, 3 })
            Assert.Equal(one, Compute(shape, a, b, c, threads, make, finish));
    }

    [Theory, MemberData(nameof(Seeds))]
    public void Any_product_is_right_at_any_width_and_the_same_bits_on_any_number_of_threads(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 6; round++)
            foreach (var width in Widths)
                Check(Random(random), random, shape => new Gemm(shape, width));
    }

    /// <summary>What a server relies on: no row's sums depend on how many rows there are beside it, up to 64.</summary>
    [Theory, MemberData(nameof(Seeds))]
    public void A_row_has_the_same_bits_alone_and_among_up_to_64(int seed)
    {
        var random = new Random(seed);
        int[] widths = [8, 31, 33, 64, 65, 97, 192, 700], wide = [8191, 8192, 9001], depths = [8, 40, 63, 64, 65, 127, 128, 385, 768, 1100];
        var (n, k) = (seed % 6 == 0 ? wide[random.Next(3)] : widths[random.Next(widths.Length)], depths[random.Next(depths.Length)]);
        var (turned, m) = (random.Next(2) == 0, (int[])[64, random.Next(2, 64)]);
        foreach (var width in Widths)
            foreach (var rows in m)
            {
                var (a, b) = (Fill(rows * k, random), Fill(n * k, random));
                var all = Compute(GemmShape.Dense(rows, n, k, transposeB: turned), a, b, new float[rows * n], 2, shape => new Gemm(shape, width), false);
                foreach (var some in (int[])[1, Math.Min(rows, 5), Math.Min(rows, 9)])
                    Assert.Equal(all[..(some * n)], Compute(GemmShape.Dense(some, n, k, transposeB: turned), a[..(some * k)], b, new float[some * n], 2, shape => new Gemm(shape, width), false));
            }
    }

    [Theory]
    [InlineData(800, 100, 40), InlineData(1000, 300, 70), InlineData(70, 1000, 400), InlineData(900, 1, 500), InlineData(1, 900, 500), InlineData(8, 700, 800),
        InlineData(30, 30, 3000)]
    public void Products_of_many_blocks_are_right(int m, int n, int k)
    {
        var random = new Random(m + n + k);
        foreach (var ta in new[] { false, true })
            foreach (var tb in new[] { false, true })
                Check(GemmShape.Dense(m, n, k, ta, tb, accumulate: ta ^ tb), random, static shape => new Gemm(shape));
    }

    [Fact]
    public void Strides_of_a_dimension_of_one_are_never_taken()
    {
        var random = new Random(3);
        Check(new(1, 1, 20, 30, new(77, 2), Strides.RowMajor(20), Strides.RowMajor(20)), random, static shape => new Gemm(shape));
        Check(new(1, 20, 30, 1, new(2, 77), new(77, 3), Strides.RowMajor(30)), random, static shape => new Gemm(shape));
        Check(new(1, 20, 1, 30, Strides.RowMajor(30), new(5, 77), Strides.RowMajor(4)), random, static shape => new Gemm(shape));
    }

    [Fact]
    public void A_run_allocates_nothing_on_the_caller()
    {
        using var team = new ThreadTeam(2);
        foreach (var shape in new[] { GemmShape.Dense(900, 96, 64), GemmShape.Dense(64, 64, 64, batch: 8), GemmShape.Dense(2, 96, 64) })
        {
            var gemm = new Gemm(shape);
            var memory = (float*)NativeMemory.AllocZeroed((nuint)(4 * shape.Batch * (shape.M * shape.K + shape.K * shape.N + shape.M * shape.N)));
            var workspace = (byte*)NativeMemory.AlignedAlloc((nuint)gemm.WorkspaceBytes + 64, 64);
            var b = memory + shape.Batch * shape.M * shape.K;
            var c = b + shape.Batch * shape.K * shape.N;
            gemm.Run(team, workspace, memory, b, c);
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 50; i++)
                gemm.Run(team, workspace, memory, b, c);
            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
            NativeMemory.AlignedFree(workspace);
            NativeMemory.Free(memory);
        }
    }

    [Fact]
    public void Shapes_that_it_cannot_compute_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new Gemm(GemmShape.Dense(4, 4, 4) with { A = new(2, 3) }));
        Assert.Throws<ArgumentException>(() => new Gemm(GemmShape.Dense(4, 4, 4) with { C = new(1, 4) }));
        Assert.Throws<ArgumentException>(() => new Gemm(GemmShape.Dense(-4, 4, 4)));
        Assert.Throws<ArgumentException>(() => new Gemm(GemmShape.Dense(4, 4, 4, batch: 2) with { C = Strides.RowMajor(4) }));
    }
}
