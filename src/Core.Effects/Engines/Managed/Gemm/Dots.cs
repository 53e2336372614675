using System.Runtime.CompilerServices;

namespace Functional.Engines;

/// <summary>Inner products of R rows of A with J rows of Bᵀ at a time, all of them contiguous: B is streamed once.</summary>
/// <typeparam name="V">The vector.</typeparam>
/// <typeparam name="R">Rows of A, 1 to 4.</typeparam>
/// <typeparam name="J">Rows of Bᵀ, 1 or 4.</typeparam>
internal static unsafe class Dots<V, R, J>
    where V : struct, ILanes<V>
    where R : struct, INumber
    where J : struct, INumber
{
    /// <summary>C[r, j] (+)= Σ A[r, p]·Bᵀ[j, p] for r &lt; R, j &lt; J.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(nint k, float* a, nint aRow, float* b, nint bRow, float* c, nint cRow, int accumulate)
    {
        V s00 = V.Zero, s01 = V.Zero, s02 = V.Zero, s03 = V.Zero;
        V s10 = V.Zero, s11 = V.Zero, s12 = V.Zero, s13 = V.Zero;
        V s20 = V.Zero, s21 = V.Zero, s22 = V.Zero, s23 = V.Zero;
        V s30 = V.Zero, s31 = V.Zero, s32 = V.Zero, s33 = V.Zero;
        nint p = 0;
        for (; p <= k - V.Count; p += V.Count)
        {
            V u0 = V.Load(b + p), u1 = u0, u2 = u0, u3 = u0;
            if (J.Value == 4) { u1 = V.Load(b + bRow + p); u2 = V.Load(b + 2 * bRow + p); u3 = V.Load(b + 3 * bRow + p); }
            if (R.Value > 0) { var x = V.Load(a + p); V.MultiplyAdd(ref s00, x, u0); if (J.Value == 4) { V.MultiplyAdd(ref s01, x, u1); V.MultiplyAdd(ref s02, x, u2); V.MultiplyAdd(ref s03, x, u3); } }
            if (R.Value > 1) { var x = V.Load(a + aRow + p); V.MultiplyAdd(ref s10, x, u0); if (J.Value == 4) { V.MultiplyAdd(ref s11, x, u1); V.MultiplyAdd(ref s12, x, u2); V.MultiplyAdd(ref s13, x, u3); } }
            if (R.Value > 2) { var x = V.Load(a + 2 * aRow + p); V.MultiplyAdd(ref s20, x, u0); if (J.Value == 4) { V.MultiplyAdd(ref s21, x, u1); V.MultiplyAdd(ref s22, x, u2); V.MultiplyAdd(ref s23, x, u3); } }
            if (R.Value > 3) { var x = V.Load(a + 3 * aRow + p); V.MultiplyAdd(ref s30, x, u0); if (J.Value == 4) { V.MultiplyAdd(ref s31, x, u1); V.MultiplyAdd(ref s32, x, u2); V.MultiplyAdd(ref s33, x, u3); } }
        }
        if (R.Value > 0) Finish(s00, s01, s02, s03, p, k, a + 0 * aRow, b, bRow, c + 0 * cRow, accumulate);
        if (R.Value > 1) Finish(s10, s11, s12, s13, p, k, a + 1 * aRow, b, bRow, c + 1 * cRow, accumulate);
        if (R.Value > 2) Finish(s20, s21, s22, s23, p, k, a + 2 * aRow, b, bRow, c + 2 * cRow, accumulate);
        if (R.Value > 3) Finish(s30, s31, s32, s33, p, k, a + 3 * aRow, b, bRow, c + 3 * cRow, accumulate);
    }

    // Call-free for the accumulators' sake: what is left of k is less than a vector.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(V s0, V s1, V s2, V s3, nint p, nint k, float* a, float* b, nint bRow, float* c, int accumulate)
    {
        float t0 = V.Sum(s0), t1 = J.Value == 4 ? V.Sum(s1) : 0, t2 = J.Value == 4 ? V.Sum(s2) : 0, t3 = J.Value == 4 ? V.Sum(s3) : 0;
        for (; p < k; p++)
        {
            t0 += a[p] * b[p];
            if (J.Value == 4) { t1 += a[p] * b[bRow + p]; t2 += a[p] * b[2 * bRow + p]; t3 += a[p] * b[3 * bRow + p]; }
        }
        c[0] = accumulate != 0 ? c[0] + t0 : t0;
        if (J.Value != 4)
            return;
        c[1] = accumulate != 0 ? c[1] + t1 : t1;
        c[2] = accumulate != 0 ? c[2] + t2 : t2;
        c[3] = accumulate != 0 ? c[3] + t3 : t3;
    }
}
