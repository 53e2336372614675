using Xunit;

namespace Functional.Tests.Properties;

/// <summary>Random bits against the scalar generator, and rows scattered against plain loops.</summary>
public sealed unsafe class KernelsRowsAndBitsTests
{
    [Fact]
    public void BitsAreTheKeysBits()
    {
        var random = new Random(1);
        foreach (var n in new[] { 0, 1, 15, 16, 17, 31, 32, 33, 100, 1000 })
        {
            var key = new Key((uint)random.NextInt64(1L << 32), (uint)random.NextInt64(1L << 32));
            var (start, stream) = (n == 100 ? uint.MaxValue - 40 : (uint)random.Next(), (uint)random.NextInt64(1L << 32));
            var bits = Enumerable.Repeat(7, n + 1).ToArray();
            fixed (int* p = bits) RandomKernels.Fill(key.A, key.B, stream, start, p, n);
            for (var i = 0; i < n; i++) Assert.Equal((int)key.Bits(start + (uint)i, stream).X, bits[i]);
            Assert.Equal(7, bits[n]);
        }
    }

    [Fact]
    public void Random123Vectors()
    {
        Assert.Equal(0x6b200159u, First(0, 0, 0, 0));
        Assert.Equal(0x1cb996fcu, First(uint.MaxValue, uint.MaxValue, uint.MaxValue, uint.MaxValue));
        Assert.Equal(0xc4923a9cu, First(0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3));

        static uint First(uint k0, uint k1, uint c0, uint c1)
        {
            int bits;
            RandomKernels.Fill(k0, k1, c1, c0, &bits, 1);
            return (uint)bits;
        }
    }

    [Theory, InlineData(5, 1, 4), InlineData(65, 128, 300), InlineData(11, 70, 40), InlineData(3, 17, 9)]
    public void Scatter(int entries, int width, int n)
    {
        var random = new Random(n);
        float[] y = KernelsRowTests.Normal(random, n * width, 1f), sums = new float[entries * width], pieces = new float[entries * width];
        var indices = Enumerable.Range(0, n).Select(_ => random.Next(entries)).ToArray();
        fixed (float* p = y, s = sums, q = pieces)
        fixed (int* at = indices)
        {
            RowKernels.ScatterAdd(p, at, n, width, s, entries, 0, width);
            for (var c = 0; c < width; c += RowKernels.ColumnBlock)
                RowKernels.ScatterAdd(p, at, n, width, q, entries, c, Math.Min(width, c + RowKernels.ColumnBlock));
        }
        var expected = new float[entries * width];
        for (var i = 0; i < n; i++)
            for (var j = 0; j < width; j++) expected[indices[i] * width + j] += y[i * width + j];
        Assert.Equal(expected, sums);
        Assert.Equal(expected, pieces);
    }

    [Theory, InlineData(-1), InlineData(3)]
    public void AnIndexOutsideTheTableIsRefused(int index)
    {
        Assert.Throws<ArgumentException>(() => Refused(index));

        static void Refused(int index)
        {
            var table = stackalloc float[48];
            var y = stackalloc float[16];
            RowKernels.ScatterAdd(y, &index, 1, 16, table, 3, 0, 16);
        }
    }
}
