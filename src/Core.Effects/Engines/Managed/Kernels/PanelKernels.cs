using System.Runtime.CompilerServices;
using Functional.Graphs;

namespace Functional.Engines.Managed;

/// <summary>
/// Products of a few rows with one panel: outputs stand in lanes, so that a digit is turned into a float once for all rows, and each group's sums are times
/// their scales once. Sums are taken in the same order for every number of rows.
/// </summary>
/// <typeparam name="V">The vector.</typeparam>
/// <typeparam name="R">Rows: 1, 2 or 4.</typeparam>
/// <typeparam name="B">Bits of a digit.</typeparam>
internal static unsafe class PanelKernels<V, R, B>
    where V : struct, IPanelLanes<V>
    where R : struct, INumber
    where B : struct, INumber
{
    /// <summary>y[r, o] = Σ x[r, i] · digit[o, i] · scale[o, group of i] for the 32 outputs of a panel.</summary>
    /// <param name="tiles">The panel's tiles, one behind the other.</param>
    /// <param name="inputs">The inputs.</param>
    /// <param name="x">Rows of inputs.</param>
    /// <param name="xRow">From one row to the next.</param>
    /// <param name="y">Where the sums go, 32 of each row.</param>
    /// <param name="yRow">From one row to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(int* tiles, nint inputs, float* x, nint xRow, float* y, nint yRow)
    {
        nint words = PanelPacking.ScaleWords + PanelPacking.Group * PanelPacking.Panel * B.Value / 32, wide = PanelPacking.Panel * B.Value / 8;
        for (nint lane = 0; lane < PanelPacking.Panel / 2; lane += V.Count)
        {
            V y0 = V.Zero, z0 = V.Zero, y1 = V.Zero, z1 = V.Zero, y2 = V.Zero, z2 = V.Zero, y3 = V.Zero, z3 = V.Zero;
            var tile = tiles;
            for (nint first = 0; first < inputs; first += PanelPacking.Group, tile += words)
            {
                // Two sums each hide the latency of the addition.
                V a0 = V.Zero, b0 = V.Zero, c0 = V.Zero, d0 = V.Zero, a1 = V.Zero, b1 = V.Zero, c1 = V.Zero, d1 = V.Zero;
                V a2 = V.Zero, b2 = V.Zero, c2 = V.Zero, d2 = V.Zero, a3 = V.Zero, b3 = V.Zero, c3 = V.Zero, d3 = V.Zero;
                var digits = (byte*)(tile + PanelPacking.ScaleWords) + lane;
                nint count = Math.Min(PanelPacking.Group, inputs - first), i = 0;
                for (var p = x + first; i + 2 <= count; i += 2, p += 2, digits += 2 * wide)
                {
                    V u = First(digits), v = Second(digits);
                    if (R.Value > 0) { var t = V.Broadcast(p[0]); V.MultiplyAdd(ref a0, u, t); V.MultiplyAdd(ref b0, v, t); }
                    if (R.Value > 1) { var t = V.Broadcast(p[xRow]); V.MultiplyAdd(ref a1, u, t); V.MultiplyAdd(ref b1, v, t); }
                    if (R.Value > 2) { var t = V.Broadcast(p[2 * xRow]); V.MultiplyAdd(ref a2, u, t); V.MultiplyAdd(ref b2, v, t); }
                    if (R.Value > 3) { var t = V.Broadcast(p[3 * xRow]); V.MultiplyAdd(ref a3, u, t); V.MultiplyAdd(ref b3, v, t); }
                    u = First(digits + wide);
                    v = Second(digits + wide);
                    if (R.Value > 0) { var t = V.Broadcast(p[1]); V.MultiplyAdd(ref c0, u, t); V.MultiplyAdd(ref d0, v, t); }
                    if (R.Value > 1) { var t = V.Broadcast(p[xRow + 1]); V.MultiplyAdd(ref c1, u, t); V.MultiplyAdd(ref d1, v, t); }
                    if (R.Value > 2) { var t = V.Broadcast(p[2 * xRow + 1]); V.MultiplyAdd(ref c2, u, t); V.MultiplyAdd(ref d2, v, t); }
                    if (R.Value > 3) { var t = V.Broadcast(p[3 * xRow + 1]); V.MultiplyAdd(ref c3, u, t); V.MultiplyAdd(ref d3, v, t); }
                }
                if (i < count)
                {
                    V u = First(digits), v = Second(digits);
                    var p = x + first + i;
                    if (R.Value > 0) { var t = V.Broadcast(p[0]); V.MultiplyAdd(ref a0, u, t); V.MultiplyAdd(ref b0, v, t); }
                    if (R.Value > 1) { var t = V.Broadcast(p[xRow]); V.MultiplyAdd(ref a1, u, t); V.MultiplyAdd(ref b1, v, t); }
                    if (R.Value > 2) { var t = V.Broadcast(p[2 * xRow]); V.MultiplyAdd(ref a2, u, t); V.MultiplyAdd(ref b2, v, t); }
                    if (R.Value > 3) { var t = V.Broadcast(p[3 * xRow]); V.MultiplyAdd(ref a3, u, t); V.MultiplyAdd(ref b3, v, t); }
                }
                var scales = (ushort*)tile + lane;
                V s = V.Scales(scales), f = V.Scales(scales + PanelPacking.Panel / 2);
                if (R.Value > 0) { V.MultiplyAdd(ref y0, V.Add(a0, c0), s); V.MultiplyAdd(ref z0, V.Add(b0, d0), f); }
                if (R.Value > 1) { V.MultiplyAdd(ref y1, V.Add(a1, c1), s); V.MultiplyAdd(ref z1, V.Add(b1, d1), f); }
                if (R.Value > 2) { V.MultiplyAdd(ref y2, V.Add(a2, c2), s); V.MultiplyAdd(ref z2, V.Add(b2, d2), f); }
                if (R.Value > 3) { V.MultiplyAdd(ref y3, V.Add(a3, c3), s); V.MultiplyAdd(ref z3, V.Add(b3, d3), f); }
            }
            var to = y + lane;
            const int upper = PanelPacking.Panel / 2;
            if (R.Value > 0) { V.Store(y0, to); V.Store(z0, to + upper); }
            if (R.Value > 1) { V.Store(y1, to + yRow); V.Store(z1, to + yRow + upper); }
            if (R.Value > 2) { V.Store(y2, to + 2 * yRow); V.Store(z2, to + 2 * yRow + upper); }
            if (R.Value > 3) { V.Store(y3, to + 3 * yRow); V.Store(z3, to + 3 * yRow + upper); }
        }
    }

    /// <summary>The numbers of one input, of all 32 outputs.</summary>
    /// <param name="tile">The tile.</param>
    /// <param name="input">The input in its group.</param>
    /// <param name="to">Where they go.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Unpack(int* tile, nint input, float* to)
    {
        for (nint lane = 0; lane < PanelPacking.Panel / 2; lane += V.Count)
        {
            var at = (byte*)(tile + PanelPacking.ScaleWords) + input * PanelPacking.Panel * B.Value / 8 + lane;
            var scales = (ushort*)tile + lane;
            V u = V.Zero, v = V.Zero;
            V.MultiplyAdd(ref u, First(at), V.Scales(scales));
            V.MultiplyAdd(ref v, Second(at), V.Scales(scales + PanelPacking.Panel / 2));
            V.Store(u, to + lane);
            V.Store(v, to + lane + PanelPacking.Panel / 2);
        }
    }

    // Outputs of the panel's first half.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static V First(byte* at) => B.Value == 4 ? V.Low(at) : V.Bytes((sbyte*)at);

    // Those of its second half.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static V Second(byte* at) => B.Value == 4 ? V.High(at) : V.Bytes((sbyte*)at + PanelPacking.Panel / 2);
}

/// <summary>The kernels for one vector width and number of bits.</summary>
internal sealed unsafe class PanelTable
{
    readonly delegate*<int*, nint, float*, nint, float*, nint, void>[] products;

    PanelTable(delegate*<int*, nint, float*, nint, float*, nint, void>[] products, delegate*<int*, nint, float*, void> unpack, int most)
    {
        this.products = products;
        Unpack = unpack;
        Most = most;
    }

    /// <summary>The most rows that one kernel takes: as many as there are registers for.</summary>
    public int Most { get; }

    /// <summary>One input of a tile.</summary>
    public delegate*<int*, nint, float*, void> Unpack { get; }

    /// <summary>The kernel for 1, 2 or 4 rows.</summary>
    public delegate*<int*, nint, float*, nint, float*, nint, void> Product(int rows) => products[rows / 2];

    public static PanelTable Of(LaneWidth width, int bits) => (width, bits) switch
    {
        (LaneWidth.Bits512, 8) => Make<Panel512, N8>(4),
        (LaneWidth.Bits512, _) => Make<Panel512, N4>(4),
        (LaneWidth.Bits256, 8) => Make<Panel256, N8>(2),
        (LaneWidth.Bits256, _) => Make<Panel256, N4>(2),
        (_, 8) => Make<Panel128, N8>(2),
        _ => Make<Panel128, N4>(2),
    };

    static PanelTable Make<V, B>(int most) where V : struct, IPanelLanes<V> where B : struct, INumber =>
        new([&PanelKernels<V, N1, B>.Run, &PanelKernels<V, N2, B>.Run, &PanelKernels<V, N4, B>.Run], &PanelKernels<V, N1, B>.Unpack, most);
}
