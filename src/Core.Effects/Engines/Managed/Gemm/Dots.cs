using System.Runtime.CompilerServices;

namespace Functional.Engines.Managed;

/// <summary>
/// Inner products of R contiguous rows of A with contiguous rows of Bᵀ, one after the other: B is read in one sequential
/// stream, which the memory serves about twice as fast as four interleaved ones.
/// </summary>
/// <typeparam name="V">The vector.</typeparam>
/// <typeparam name="R">Rows of A, 1 to 4.</typeparam>
internal static unsafe class Dots<V, R>
    where V : struct, ILanes<V>
    where R : struct, INumber
{
    /// <summary>C[r, j] (+)= Σ A[r, p]·Bᵀ[j, p] for r &lt; R, j &lt; n.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(nint n, nint k, float* a, nint aRow, float* b, nint bRow, float* c, nint cRow, int accumulate)
    {
        for (nint j = 0; j < n; j++, b += bRow, c++)
        {
            // Two sums a row hide the latency of the addition where there are few rows.
            V s0 = V.Zero, t0 = V.Zero;
            V s1 = V.Zero, t1 = V.Zero;
            V s2 = V.Zero, t2 = V.Zero;
            V s3 = V.Zero, t3 = V.Zero;
            nint p = 0;
            for (; p <= k - 4 * V.Count; p += 4 * V.Count)
            {
                V u0 = V.Load(b + p), u1 = V.Load(b + p + V.Count), u2 = V.Load(b + p + 2 * V.Count), u3 = V.Load(b + p + 3 * V.Count);
                var x = a + p;
                if (R.Value > 0) { V.MultiplyAdd(ref s0, V.Load(x), u0); V.MultiplyAdd(ref t0, V.Load(x + V.Count), u1); V.MultiplyAdd(ref s0,
                    V.Load(x + 2 * V.Count), u2); V.MultiplyAdd(ref t0, V.Load(x + 3 * V.Count), u3); x += aRow; }
                if (R.Value > 1) { V.MultiplyAdd(ref s1, V.Load(x), u0); V.MultiplyAdd(ref t1, V.Load(x + V.Count), u1); V.MultiplyAdd(ref s1,
                    V.Load(x + 2 * V.Count), u2); V.MultiplyAdd(ref t1, V.Load(x + 3 * V.Count), u3); x += aRow; }
                if (R.Value > 2) { V.MultiplyAdd(ref s2, V.Load(x), u0); V.MultiplyAdd(ref t2, V.Load(x + V.Count), u1); V.MultiplyAdd(ref s2,
                    V.Load(x + 2 * V.Count), u2); V.MultiplyAdd(ref t2, V.Load(x + 3 * V.Count), u3); x += aRow; }
                if (R.Value > 3) { V.MultiplyAdd(ref s3, V.Load(x), u0); V.MultiplyAdd(ref t3, V.Load(x + V.Count), u1); V.MultiplyAdd(ref s3,
                    V.Load(x + 2 * V.Count), u2); V.MultiplyAdd(ref t3, V.Load(x + 3 * V.Count), u3); x += aRow; }
            }
            for (; p <= k - V.Count; p += V.Count)
            {
                var u = V.Load(b + p);
                var x = a + p;
                if (R.Value > 0) { V.MultiplyAdd(ref s0, V.Load(x), u); x += aRow; }
                if (R.Value > 1) { V.MultiplyAdd(ref s1, V.Load(x), u); x += aRow; }
                if (R.Value > 2) { V.MultiplyAdd(ref s2, V.Load(x), u); x += aRow; }
                if (R.Value > 3) { V.MultiplyAdd(ref s3, V.Load(x), u); x += aRow; }
            }
            if (R.Value > 0) Finish(V.Sum(V.Add(s0, t0)), p, k, a + 0 * aRow, b, c + 0 * cRow, accumulate);
            if (R.Value > 1) Finish(V.Sum(V.Add(s1, t1)), p, k, a + 1 * aRow, b, c + 1 * cRow, accumulate);
            if (R.Value > 2) Finish(V.Sum(V.Add(s2, t2)), p, k, a + 2 * aRow, b, c + 2 * cRow, accumulate);
            if (R.Value > 3) Finish(V.Sum(V.Add(s3, t3)), p, k, a + 3 * aRow, b, c + 3 * cRow, accumulate);
        }
    }

    // What is left of k is less than a vector.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(float sum, nint p, nint k, float* a, float* b, float* c, int accumulate)
    {
        for (; p < k; p++)
            sum += a[p] * b[p];
        *c = accumulate != 0 ? *c + sum : sum;
    }
}
