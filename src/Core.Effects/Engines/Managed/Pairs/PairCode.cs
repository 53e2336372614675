namespace Functional.Engines.Managed;

/// <summary>
/// The register tile of <see cref="Tile{V, R, W, P}"/> for pairs of BF16 numbers, as machine code: up to 12 rows × 1 or 2 vectors of sums, to which <c>vdpbf16ps</c>, for which .NET has no
/// intrinsic, adds two products each at a time. Of the calling convention of System V; arguments are those of the tile.
/// </summary>
/// <remarks>Encodings are those of Intel's manual, volume 2; the tests assemble the same with another assembler and compare.</remarks>
internal sealed class PairCode
{
    /// <summary>Rows of the largest tile.</summary>
    public const int Rows = 12;

    // Of sums the first 24 vectors; then factors.
    const int Left = 28, Right = 30, A = 6, B = 8, C = 0, Pairs = 7;

    readonly List<byte> code = [];

    PairCode()
    {
    }

    /// <summary>A tile: <c>C (+)= Σ A·B</c> over k &gt; 0 pairs, the pairs of A's rows side by side.</summary>
    /// <param name="rows">1 to 12.</param>
    /// <param name="vectors">1 or 2.</param>
    public static byte[] Tile(int rows, int vectors)
    {
        var made = new PairCode();
        made.Emit(rows, vectors);
        return [.. made.code];
    }

    void Emit(int rows, int vectors)
    {
        // rdi pairs, rsi A, rcx A's step, r8 B, r9 B's step; from the stack rax C, r10 C's rows, r11d whether to add. Distances in bytes.
        Add(0x48, 0x8B, 0x44, 0x24, 0x08, 0x4C, 0x8B, 0x54, 0x24, 0x10, 0x44, 0x8B, 0x5C, 0x24, 0x18, 0x48, 0xC1, 0xE1, 0x02, 0x49, 0xC1, 0xE1, 0x02, 0x49, 0xC1, 0xE2, 0x02);
        for (var r = 0; r < rows; r++)
            for (var v = 0; v < vectors; v++) Vector(1, 1, 0xEF, Sum(r, v), Sum(r, v), Sum(r, v));
        var loop = code.Count;
        for (var v = 0; v < vectors; v++) Memory(1, 0, 0x10, Right + v, 0, B, 64 * v, 64);
        for (var r = 0; r < rows; r++)
        {
            // Two in turn, so that the next is loaded while one is used.
            var left = Left + r % 2;
            Memory(2, 1, 0x58, left, 0, A, 4 * r, 4);
            for (var v = 0; v < vectors; v++) Vector(2, 2, 0x52, Sum(r, v), Right + v, left);
        }
        // add rsi, rcx; add r8, r9; dec rdi; jne loop
        Add(0x48, 0x01, 0xCE, 0x4D, 0x01, 0xC8, 0x48, 0xFF, 0xCF);
        Jump(5, loop - code.Count, isBack: true);
        // test r11d, r11d; je store
        Add(0x45, 0x85, 0xDB);
        var adding = new PairCode();
        adding.Finish(rows, vectors, adds: true);
        Jump(4, adding.code.Count, isBack: false);
        code.AddRange(adding.code);
        Finish(rows, vectors, adds: false);

        int Sum(int row, int vector) => row * vectors + vector;
    }

    void Finish(int rows, int vectors, bool adds)
    {
        for (var r = 0; r < rows; r++)
        {
            for (var v = 0; v < vectors; v++)
            {
                var sum = r * vectors + v;
                if (adds) Memory(1, 0, 0x58, sum, sum, C, 64 * v, 64);
                Memory(1, 0, 0x11, sum, 0, C, 64 * v, 64);
            }
            // add rax, r10
            if (r < rows - 1) Add(0x4C, 0x01, 0xD0);
        }
        // vzeroupper; ret
        Add(0xC5, 0xF8, 0x77, 0xC3);
    }

    // Where a condition (4: equal, 5: not) holds; a distance back counts from the jump itself, one forward from behind it.
    void Jump(int condition, int distance, bool isBack)
    {
        var near = distance - (isBack ? 2 : 0);
        if (near is >= sbyte.MinValue and <= sbyte.MaxValue) Add((byte)(0x70 | condition), unchecked((byte)near));
        else Add([0x0F, (byte)(0x80 | condition), .. BitConverter.GetBytes(distance - (isBack ? 6 : 0))]);
    }

    // An EVEX instruction of 512 bits on three registers.
    void Vector(int map, int prefix, byte opcode, int target, int first, int second)
    {
        Evex(map, prefix, target, first, second >> 3 & 1, second >> 4 & 1);
        Add(opcode, (byte)(0xC0 | (target & 7) << 3 | second & 7));
    }

    // The same with a place in memory, whose distance counts in units of what is read.
    void Memory(int map, int prefix, byte opcode, int target, int first, int address, int distance, int unit)
    {
        Evex(map, prefix, target, first, address >> 3, 0);
        Add(opcode, (byte)((distance == 0 ? 0 : 0x40) | (target & 7) << 3 | address & 7));
        if (distance != 0) Add(checked((byte)(distance / unit)));
    }

    void Evex(int map, int prefix, int target, int first, int b, int x)
    {
        static int Not(int bit) => bit & 1 ^ 1;
        Add(0x62, (byte)(Not(target >> 3) << 7 | Not(x) << 6 | Not(b) << 5 | Not(target >> 4) << 4 | map), (byte)((~first & 15) << 3 | 4 | prefix), (byte)(0x40 | Not(first >> 4) << 3));
    }

    void Add(params ReadOnlySpan<byte> bytes) => code.AddRange(bytes);
}
