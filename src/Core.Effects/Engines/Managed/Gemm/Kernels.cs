using System.Runtime.Intrinsics;

namespace Functional.Engines.Managed;

/// <summary>The widths of vector that the kernels are compiled for.</summary>
internal enum LaneWidth
{
    Bits32 = 1,
    Bits128 = 4,
    Bits256 = 8,
    Bits512 = 16,
}

/// <summary>The register tiles of one vector width: the kernel for every number of rows and vectors.</summary>
internal sealed unsafe class Kernels
{
    // One for the rows' own stride, one for rows that lie side by side; index: rows × 2 + vectors − 1.
    private readonly delegate*<nint, float*, nint, nint, float*, nint, float*, nint, int, void>[] strided, contiguous;

    private Kernels(LaneWidth width, int rows, delegate*<nint, float*, nint, nint, float*, nint, float*, nint, int, void>[] strided, delegate*<nint, float*,
        nint, nint, float*, nint, float*, nint, int, void>[] contiguous)
    {
        (Width, Rows, this.strided, this.contiguous) = (width, rows, strided, contiguous);
    }

    public LaneWidth Width { get; }

    /// <summary>Rows of a full tile.</summary>
    public int Rows { get; }

    /// <summary>Floats of a vector.</summary>
    public int Lanes => (int)Width;

    /// <summary>Columns of a full tile.</summary>
    public int Columns => 2 * Lanes;

    public delegate*<nint, float*, nint, nint, float*, nint, float*, nint, int, void> For(int rows, int vectors, bool rowsAdjacent) =>
        (rowsAdjacent ? contiguous : strided)[2 * rows + vectors - 1];

    /// <summary>Whether only rows of A that lie side by side, at each depth, are taken.</summary>
    public bool WantsAdjacentRows => strided.Length == 0;

    /// <summary>The widest that the machine runs in hardware.</summary>
    public static LaneWidth Widest { get; } =
        Vector512.IsHardwareAccelerated ? LaneWidth.Bits512
        : Vector256.IsHardwareAccelerated ? LaneWidth.Bits256
        : Vector128.IsHardwareAccelerated ? LaneWidth.Bits128
        : LaneWidth.Bits32;

    public static Kernels Of(LaneWidth width) => width switch
    {
        LaneWidth.Bits512 => Make<Lanes512>(width, 12),
        LaneWidth.Bits256 => Make<Lanes256>(width, 6),
        LaneWidth.Bits128 => Make<Lanes128>(width, 6),
        _ => Make<Lanes1>(width, 6),
    };

    /// <summary>Tiles of pairs of BF16 numbers, a pair a word.</summary>
    public static Kernels OfPairs() => new(LaneWidth.Bits512, PairCode.Rows, [], Table<PairTiles>());

    private static Kernels Make<V>(LaneWidth width, int rows) where V : struct, ILanes<V> =>
        new(width, rows, Table<FloatTiles<V, N0>>(), Table<FloatTiles<V, N1>>());

    private static delegate*<nint, float*, nint, nint, float*, nint, float*, nint, int, void>[] Table<T>() where T : ITiles =>
    [
        null, null,
        T.Of<N1, N1>(), T.Of<N1, N2>(),
        T.Of<N2, N1>(), T.Of<N2, N2>(),
        T.Of<N3, N1>(), T.Of<N3, N2>(),
        T.Of<N4, N1>(), T.Of<N4, N2>(),
        T.Of<N5, N1>(), T.Of<N5, N2>(),
        T.Of<N6, N1>(), T.Of<N6, N2>(),
        T.Of<N7, N1>(), T.Of<N7, N2>(),
        T.Of<N8, N1>(), T.Of<N8, N2>(),
        T.Of<N9, N1>(), T.Of<N9, N2>(),
        T.Of<N10, N1>(), T.Of<N10, N2>(),
        T.Of<N11, N1>(), T.Of<N11, N2>(),
        T.Of<N12, N1>(), T.Of<N12, N2>(),
    ];

    // The tile of each size, of one kind.
    private interface ITiles
    {
        static abstract delegate*<nint, float*, nint, nint, float*, nint, float*, nint, int, void> Of<R, W>() where R : struct, INumber where W : struct, INumber;
    }

    private readonly struct FloatTiles<V, P> : ITiles where V : struct, ILanes<V> where P : struct, INumber
    {
        public static delegate*<nint, float*, nint, nint, float*, nint, float*, nint, int, void> Of<R, W>() where R : struct, INumber where W : struct, INumber => &Tile<V, R, W, P>.Run;
    }

    private readonly struct PairTiles : ITiles
    {
        public static delegate*<nint, float*, nint, nint, float*, nint, float*, nint, int, void> Of<R, W>() where R : struct, INumber where W : struct, INumber => &PairTile<R, W>.Run;
    }
}
