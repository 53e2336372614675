using System.Runtime.InteropServices;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Functional.Tests.Properties.Engine;

/// <summary>Products of pairs of BF16 numbers. Where this machine multiplies none, what is said of values is not tried; the code is compared everywhere.</summary>
public unsafe class PairGemmTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 60)];

    static bool IsHere => PairUnit.Lacking is null;

    // To the nearest that BF16 holds, ties to even.
    static float Round(float x) => BitConverter.UInt32BitsToSingle((BitConverter.SingleToUInt32Bits(x) + 0x7FFF + (BitConverter.SingleToUInt32Bits(x) >> 16 & 1)) & 0xFFFF0000);

    /// <summary>Every byte of every tile is what an assembler makes of it that somebody else wrote.</summary>
    [Fact]
    public void Tiles_are_what_another_assembler_makes_of_them()
    {
        for (var rows = 1; rows <= PairCode.Rows; rows++)
            for (var vectors = 1; vectors <= 2; vectors++) Assert.Equal(Convert.ToHexString(Assembled(rows, vectors)), Convert.ToHexString(PairCode.Tile(rows, vectors)));
    }

    static byte[] Assembled(int rows, int vectors)
    {
        AssemblerRegisterZMM[] z = [zmm0, zmm1, zmm2, zmm3, zmm4, zmm5, zmm6, zmm7, zmm8, zmm9, zmm10, zmm11, zmm12, zmm13, zmm14, zmm15, zmm16, zmm17, zmm18, zmm19, zmm20, zmm21, zmm22, zmm23, zmm24, zmm25, zmm26,
            zmm27, zmm28, zmm29, zmm30, zmm31];
        var c = new Assembler(64);
        var (loop, store) = (c.CreateLabel(), c.CreateLabel());
        c.mov(rax, __[rsp + 8]);
        c.mov(r10, __[rsp + 16]);
        c.mov(r11d, __[rsp + 24]);
        c.shl(rcx, 2);
        c.shl(r9, 2);
        c.shl(r10, 2);
        for (var i = 0; i < rows * vectors; i++) c.vpxord(z[i], z[i], z[i]);
        c.Label(ref loop);
        for (var v = 0; v < vectors; v++) c.vmovups(z[30 + v], __[r8 + 64 * v]);
        for (var r = 0; r < rows; r++)
        {
            c.vpbroadcastd(z[28 + r % 2], __dword_ptr[rsi + 4 * r]);
            for (var v = 0; v < vectors; v++) c.vdpbf16ps(z[r * vectors + v], z[30 + v], z[28 + r % 2]);
        }
        c.add(rsi, rcx);
        c.add(r8, r9);
        c.dec(rdi);
        c.jne(loop);
        c.test(r11d, r11d);
        c.je(store);
        Finish(true);
        c.Label(ref store);
        Finish(false);
        var made = new MemoryStream();
        c.Assemble(new StreamCodeWriter(made), 0);
        return made.ToArray();

        void Finish(bool adds)
        {
            for (var r = 0; r < rows; r++)
            {
                for (var v = 0; v < vectors; v++)
                {
                    if (adds) c.vaddps(z[r * vectors + v], z[r * vectors + v], __[rax + 64 * v]);
                    c.vmovups(__[rax + 64 * v], z[r * vectors + v]);
                }
                if (r < rows - 1) c.add(rax, r10);
            }
            c.vzeroupper();
            c.ret();
        }
    }

    /// <summary>
    /// Of BF16 numbers the same bound holds as of float32's: products of two are exact, so that each of K + 1 roundings is relative to a partial sum. In every layout, with every tail, with and
    /// without what C held; and the same bits on any number of threads.
    /// </summary>
    [Theory, MemberData(nameof(Seeds))]
    public void Any_product_is_right(int seed)
    {
        if (!IsHere) Assert.Skip(PairUnit.Lacking!);
        var random = new Random(seed);
        for (var round = 0; round < 8; round++) GemmTests.Check(GemmTests.Random(random), random, static shape => new PairGemm(shape), Round);
    }

    [Theory]
    [InlineData(800, 100, 40), InlineData(1000, 300, 70), InlineData(70, 1000, 400), InlineData(900, 1, 500), InlineData(24, 64, 32), InlineData(30, 300, 3001), InlineData(769, 97, 769)]
    public void Products_of_many_blocks_are_right(int m, int n, int k)
    {
        if (!IsHere) Assert.Skip(PairUnit.Lacking!);
        var random = new Random(m + n + k);
        foreach (var ta in new[] { false, true })
            foreach (var tb in new[] { false, true })
                GemmTests.Check(GemmShape.Dense(m, n, k, ta, tb, accumulate: ta ^ tb), random, static shape => new PairGemm(shape), Round);
    }

    /// <summary>Infinities and NaNs go where products have them, and nowhere else; what is below the least normal number counts as 0.</summary>
    [Theory]
    [InlineData(float.PositiveInfinity, 2f, float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity, 2f, float.NegativeInfinity)]
    [InlineData(float.PositiveInfinity, 0f, float.NaN)]
    [InlineData(float.NaN, 2f, float.NaN)]
    [InlineData(9.1835e-41f, 1f, 0f)]
    [InlineData(1.1754944e-38f, 1f, 1.1754944e-38f)]
    [InlineData(3.3895314e38f, 2f, float.PositiveInfinity)]
    public void What_is_not_usual_is_as_it_is_said(float x, float y, float expected)
    {
        if (!IsHere) Assert.Skip(PairUnit.Lacking!);
        const int M = 40, N = 70, K = 33;
        using var team = new ThreadTeam(2);
        foreach (var (row, column, depth) in new[] { (0, 0, 0), (13, 33, 7), (39, 69, 32) })
        {
            var gemm = new PairGemm(GemmShape.Dense(M, N, K));
            var (a, b, c) = (new float[M * K], new float[K * N], new float[M * N]);
            (a[row * K + depth], b[depth * N + column]) = (x, y);
            var workspace = NativeMemory.AlignedAlloc((nuint)gemm.WorkspaceBytes + 64, 64);
            fixed (float* pa = a, pb = b, pc = c) gemm.Run(team, (byte*)workspace, pa, pb, pc);
            NativeMemory.AlignedFree(workspace);
            Assert.Equal(expected, c[row * N + column]);
            // A row of A with an infinity or NaN meets zeros of B everywhere else.
            Assert.All(c.Select(static (value, i) => (value, i)).Where(p => p.i / N != row), static p => Assert.Equal(0f, p.value));
        }
    }

    /// <summary>Also one of which BF16 keeps nothing that makes it a NaN, wherever it stands among the pairs.</summary>
    [Fact]
    public void A_NaN_stays_one()
    {
        foreach (var bits in new[] { 0x7F800001u, 0xFF80FFFFu, 0x7FC00000u })
            for (var depth = 0; depth < 33; depth += 8) What_is_not_usual_is_as_it_is_said(BitConverter.UInt32BitsToSingle(bits), 2f, float.NaN);
    }

    /// <summary>A system that gives no memory for code, or has a processor without the instruction, says so, and has no tiles.</summary>
    [Fact]
    public void What_is_lacking_is_said()
    {
        Assert.Equal(([], "no such thing"), PairUnit.Find("no such thing", static _ => throw new InvalidOperationException("nothing is placed then")));
        Assert.Equal(([], "refused"), PairUnit.Find(null, static _ => (0, "refused")));
        var (tiles, lacking) = PairUnit.Find(null, static code => (1 << 20, code.Length > 4096 ? null : "too little"));
        Assert.Null(lacking);
        // None begins within another, and each on a line of the cache.
        Assert.Equal(2 * PairCode.Rows, tiles[2..].Distinct().Count());
        Assert.All(tiles, static at => Assert.Equal(0, at % 64));
    }

    [Fact]
    public void A_run_allocates_nothing_on_the_caller()
    {
        if (!IsHere) Assert.Skip(PairUnit.Lacking!);
        using var team = new ThreadTeam(2);
        var gemm = new PairGemm(GemmShape.Dense(96, 96, 64));
        var memory = (float*)NativeMemory.AllocZeroed(4 * (96 * 64 * 2 + 96 * 96));
        var workspace = (byte*)NativeMemory.AlignedAlloc((nuint)gemm.WorkspaceBytes + 64, 64);
        gemm.Run(team, workspace, memory, memory + 96 * 64, memory + 2 * 96 * 64);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 50; i++) gemm.Run(team, workspace, memory, memory + 96 * 64, memory + 2 * 96 * 64);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        NativeMemory.AlignedFree(workspace);
        NativeMemory.Free(memory);
    }
}
