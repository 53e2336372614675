using System.Runtime.CompilerServices;

namespace Functional.Engines.Managed;

/// <summary>
/// The register tile: up to 12 rows × 1 or 2 vectors of C stay in registers while k products are added to each.
/// With 512-bit vectors 12 × 2 takes 24 of 32 registers; narrower vectors have 16, of which 6 × 2 takes 12.
/// </summary>
/// <typeparam name="V">The vector.</typeparam>
/// <typeparam name="R">Rows of the tile, 1 to 12.</typeparam>
/// <typeparam name="W">Vectors a row, 1 or 2.</typeparam>
/// <typeparam name="P">1 if a column of A's rows is contiguous (a packed panel, or A stored transposed), else 0.</typeparam>
internal static unsafe class Tile<V, R, W, P>
    where V : struct, ILanes<V>
    where R : struct, INumber
    where W : struct, INumber
    where P : struct, INumber
{
    /// <summary>
    /// C (+)= A·B over <paramref name="k"/> &gt; 0; strides are in elements, <paramref name="aRow"/> is ignored where it is known to be 1. By
    /// <paramref name="accumulate"/> what C holds is 0: forgotten; 1: added to the sums; 2: added to by each product, as if there had been no stop.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(nint k, float* a, nint aRow, nint aColumn, float* b, nint bRow, float* c, nint cRow, int accumulate)
    {
        var s = P.Value == 1 ? 1 : aRow;
        // Four pointers and multiples of one stride reach all rows within the addressing modes.
        float* a3 = a + 3 * s, a6 = a + 6 * s, a9 = a + 9 * s;
        V s0 = V.Zero, t0 = V.Zero;
        V s1 = V.Zero, t1 = V.Zero;
        V s2 = V.Zero, t2 = V.Zero;
        V s3 = V.Zero, t3 = V.Zero;
        V s4 = V.Zero, t4 = V.Zero;
        V s5 = V.Zero, t5 = V.Zero;
        V s6 = V.Zero, t6 = V.Zero;
        V s7 = V.Zero, t7 = V.Zero;
        V s8 = V.Zero, t8 = V.Zero;
        V s9 = V.Zero, t9 = V.Zero;
        V s10 = V.Zero, t10 = V.Zero;
        V s11 = V.Zero, t11 = V.Zero;
        if (accumulate == 2)
        {
            if (R.Value > 0) { s0 = V.Load(c + 0 * cRow); if (W.Value == 2) t0 = V.Load(c + 0 * cRow + V.Count); }
            if (R.Value > 1) { s1 = V.Load(c + 1 * cRow); if (W.Value == 2) t1 = V.Load(c + 1 * cRow + V.Count); }
            if (R.Value > 2) { s2 = V.Load(c + 2 * cRow); if (W.Value == 2) t2 = V.Load(c + 2 * cRow + V.Count); }
            if (R.Value > 3) { s3 = V.Load(c + 3 * cRow); if (W.Value == 2) t3 = V.Load(c + 3 * cRow + V.Count); }
            if (R.Value > 4) { s4 = V.Load(c + 4 * cRow); if (W.Value == 2) t4 = V.Load(c + 4 * cRow + V.Count); }
            if (R.Value > 5) { s5 = V.Load(c + 5 * cRow); if (W.Value == 2) t5 = V.Load(c + 5 * cRow + V.Count); }
            if (R.Value > 6) { s6 = V.Load(c + 6 * cRow); if (W.Value == 2) t6 = V.Load(c + 6 * cRow + V.Count); }
            if (R.Value > 7) { s7 = V.Load(c + 7 * cRow); if (W.Value == 2) t7 = V.Load(c + 7 * cRow + V.Count); }
            if (R.Value > 8) { s8 = V.Load(c + 8 * cRow); if (W.Value == 2) t8 = V.Load(c + 8 * cRow + V.Count); }
            if (R.Value > 9) { s9 = V.Load(c + 9 * cRow); if (W.Value == 2) t9 = V.Load(c + 9 * cRow + V.Count); }
            if (R.Value > 10) { s10 = V.Load(c + 10 * cRow); if (W.Value == 2) t10 = V.Load(c + 10 * cRow + V.Count); }
            if (R.Value > 11) { s11 = V.Load(c + 11 * cRow); if (W.Value == 2) t11 = V.Load(c + 11 * cRow + V.Count); }
        }
        do
        {
            V x, u = V.Load(b), w = W.Value == 2 ? V.Load(b + V.Count) : V.Zero;
            if (R.Value > 0) { x = V.Broadcast(*a); V.MultiplyAdd(ref s0, x, u); if (W.Value == 2) V.MultiplyAdd(ref t0, x, w); }
            if (R.Value > 1) { x = V.Broadcast(a[s]); V.MultiplyAdd(ref s1, x, u); if (W.Value == 2) V.MultiplyAdd(ref t1, x, w); }
            if (R.Value > 2) { x = V.Broadcast(a[2 * s]); V.MultiplyAdd(ref s2, x, u); if (W.Value == 2) V.MultiplyAdd(ref t2, x, w); }
            if (R.Value > 3) { x = V.Broadcast(*a3); V.MultiplyAdd(ref s3, x, u); if (W.Value == 2) V.MultiplyAdd(ref t3, x, w); }
            if (R.Value > 4) { x = V.Broadcast(a3[s]); V.MultiplyAdd(ref s4, x, u); if (W.Value == 2) V.MultiplyAdd(ref t4, x, w); }
            if (R.Value > 5) { x = V.Broadcast(a3[2 * s]); V.MultiplyAdd(ref s5, x, u); if (W.Value == 2) V.MultiplyAdd(ref t5, x, w); }
            if (R.Value > 6) { x = V.Broadcast(*a6); V.MultiplyAdd(ref s6, x, u); if (W.Value == 2) V.MultiplyAdd(ref t6, x, w); }
            if (R.Value > 7) { x = V.Broadcast(a6[s]); V.MultiplyAdd(ref s7, x, u); if (W.Value == 2) V.MultiplyAdd(ref t7, x, w); }
            if (R.Value > 8) { x = V.Broadcast(a6[2 * s]); V.MultiplyAdd(ref s8, x, u); if (W.Value == 2) V.MultiplyAdd(ref t8, x, w); }
            if (R.Value > 9) { x = V.Broadcast(*a9); V.MultiplyAdd(ref s9, x, u); if (W.Value == 2) V.MultiplyAdd(ref t9, x, w); }
            if (R.Value > 10) { x = V.Broadcast(a9[s]); V.MultiplyAdd(ref s10, x, u); if (W.Value == 2) V.MultiplyAdd(ref t10, x, w); }
            if (R.Value > 11) { x = V.Broadcast(a9[2 * s]); V.MultiplyAdd(ref s11, x, u); if (W.Value == 2) V.MultiplyAdd(ref t11, x, w); }
            a += aColumn;
            if (R.Value > 3) a3 += aColumn;
            if (R.Value > 6) a6 += aColumn;
            if (R.Value > 9) a9 += aColumn;
            b += bRow;
        }
        while (--k != 0);

        if (accumulate == 1)
        {
            if (R.Value > 0) { s0 = V.Add(s0, V.Load(c + 0 * cRow)); if (W.Value == 2) t0 = V.Add(t0, V.Load(c + 0 * cRow + V.Count)); }
            if (R.Value > 1) { s1 = V.Add(s1, V.Load(c + 1 * cRow)); if (W.Value == 2) t1 = V.Add(t1, V.Load(c + 1 * cRow + V.Count)); }
            if (R.Value > 2) { s2 = V.Add(s2, V.Load(c + 2 * cRow)); if (W.Value == 2) t2 = V.Add(t2, V.Load(c + 2 * cRow + V.Count)); }
            if (R.Value > 3) { s3 = V.Add(s3, V.Load(c + 3 * cRow)); if (W.Value == 2) t3 = V.Add(t3, V.Load(c + 3 * cRow + V.Count)); }
            if (R.Value > 4) { s4 = V.Add(s4, V.Load(c + 4 * cRow)); if (W.Value == 2) t4 = V.Add(t4, V.Load(c + 4 * cRow + V.Count)); }
            if (R.Value > 5) { s5 = V.Add(s5, V.Load(c + 5 * cRow)); if (W.Value == 2) t5 = V.Add(t5, V.Load(c + 5 * cRow + V.Count)); }
            if (R.Value > 6) { s6 = V.Add(s6, V.Load(c + 6 * cRow)); if (W.Value == 2) t6 = V.Add(t6, V.Load(c + 6 * cRow + V.Count)); }
            if (R.Value > 7) { s7 = V.Add(s7, V.Load(c + 7 * cRow)); if (W.Value == 2) t7 = V.Add(t7, V.Load(c + 7 * cRow + V.Count)); }
            if (R.Value > 8) { s8 = V.Add(s8, V.Load(c + 8 * cRow)); if (W.Value == 2) t8 = V.Add(t8, V.Load(c + 8 * cRow + V.Count)); }
            if (R.Value > 9) { s9 = V.Add(s9, V.Load(c + 9 * cRow)); if (W.Value == 2) t9 = V.Add(t9, V.Load(c + 9 * cRow + V.Count)); }
            if (R.Value > 10) { s10 = V.Add(s10, V.Load(c + 10 * cRow)); if (W.Value == 2) t10 = V.Add(t10, V.Load(c + 10 * cRow + V.Count)); }
            if (R.Value > 11) { s11 = V.Add(s11, V.Load(c + 11 * cRow)); if (W.Value == 2) t11 = V.Add(t11, V.Load(c + 11 * cRow + V.Count)); }
        }
        if (R.Value > 0) { V.Store(s0, c + 0 * cRow); if (W.Value == 2) V.Store(t0, c + 0 * cRow + V.Count); }
        if (R.Value > 1) { V.Store(s1, c + 1 * cRow); if (W.Value == 2) V.Store(t1, c + 1 * cRow + V.Count); }
        if (R.Value > 2) { V.Store(s2, c + 2 * cRow); if (W.Value == 2) V.Store(t2, c + 2 * cRow + V.Count); }
        if (R.Value > 3) { V.Store(s3, c + 3 * cRow); if (W.Value == 2) V.Store(t3, c + 3 * cRow + V.Count); }
        if (R.Value > 4) { V.Store(s4, c + 4 * cRow); if (W.Value == 2) V.Store(t4, c + 4 * cRow + V.Count); }
        if (R.Value > 5) { V.Store(s5, c + 5 * cRow); if (W.Value == 2) V.Store(t5, c + 5 * cRow + V.Count); }
        if (R.Value > 6) { V.Store(s6, c + 6 * cRow); if (W.Value == 2) V.Store(t6, c + 6 * cRow + V.Count); }
        if (R.Value > 7) { V.Store(s7, c + 7 * cRow); if (W.Value == 2) V.Store(t7, c + 7 * cRow + V.Count); }
        if (R.Value > 8) { V.Store(s8, c + 8 * cRow); if (W.Value == 2) V.Store(t8, c + 8 * cRow + V.Count); }
        if (R.Value > 9) { V.Store(s9, c + 9 * cRow); if (W.Value == 2) V.Store(t9, c + 9 * cRow + V.Count); }
        if (R.Value > 10) { V.Store(s10, c + 10 * cRow); if (W.Value == 2) V.Store(t10, c + 10 * cRow + V.Count); }
        if (R.Value > 11) { V.Store(s11, c + 11 * cRow); if (W.Value == 2) V.Store(t11, c + 11 * cRow + V.Count); }
    }
}
