using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Functional.Engines.Managed;

/// <summary>Adds multiples of B's rows to the few rows of C: B is streamed once, one row or four at a time.</summary>
internal static unsafe class Sweep<V> where V : struct, ILanes<V>
{
    /// <summary>C[r, j] += Σ A[r, p]·B[p, j] for r &lt; m, j &lt; n.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(nint m, nint n, nint k, float* a, nint aRow, nint aColumn, float* b, nint bRow, float* c, nint cRow)
    {
        nint p = 0;
        // From five rows of C on, its loads and stores cost more than four streams of B do instead of one.
        if (m > 4)
            for (; p <= k - 4; p += 4, b += 4 * bRow, a += 4 * aColumn)
                Four(m, n, a, aRow, aColumn, b, bRow, c, cRow);
        for (; p < k; p++, b += bRow, a += aColumn)
            One(m, n, a, aRow, b, c, cRow);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Four(nint m, nint n, float* a, nint aRow, nint aColumn, float* b, nint bRow, float* c, nint cRow)
    {
        float* b1 = b + bRow, b2 = b1 + bRow, b3 = b2 + bRow;
        nint j = 0;
        for (; j <= n - 2 * V.Count; j += 2 * V.Count)
        {
            V u0 = V.Load(b + j), u1 = V.Load(b1 + j), u2 = V.Load(b2 + j), u3 = V.Load(b3 + j);
            V w0 = V.Load(b + j + V.Count), w1 = V.Load(b1 + j + V.Count), w2 = V.Load(b2 + j + V.Count), w3 = V.Load(b3 + j + V.Count);
            // The hardware does not follow four short streams at full rate: ask for the next four rows by hand.
            for (nint i = 0; i < 2 * V.Count; i += 16)
            {
                Prefetch(b + 4 * bRow + j + i);
                Prefetch(b1 + 4 * bRow + j + i);
                Prefetch(b2 + 4 * bRow + j + i);
                Prefetch(b3 + 4 * bRow + j + i);
            }
            var x = a;
            var target = c + j;
            for (nint r = 0; r < m; r++, x += aRow, target += cRow)
            {
                V s = V.Load(target), t = V.Load(target + V.Count);
                var y = V.Broadcast(*x);
                V.MultiplyAdd(ref s, y, u0);
                V.MultiplyAdd(ref t, y, w0);
                y = V.Broadcast(x[aColumn]);
                V.MultiplyAdd(ref s, y, u1);
                V.MultiplyAdd(ref t, y, w1);
                y = V.Broadcast(x[2 * aColumn]);
                V.MultiplyAdd(ref s, y, u2);
                V.MultiplyAdd(ref t, y, w2);
                y = V.Broadcast(x[3 * aColumn]);
                V.MultiplyAdd(ref s, y, u3);
                V.MultiplyAdd(ref t, y, w3);
                V.Store(s, target);
                V.Store(t, target + V.Count);
            }
        }
        for (; j < n; j++)
            for (nint r = 0; r < m; r++)
                c[r * cRow + j] += a[r * aRow] * b[j] + a[r * aRow + aColumn] * b1[j] + a[r * aRow + 2 * aColumn] * b2[j] + a[r * aRow + 3 * aColumn] * b3[j];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void One(nint m, nint n, float* a, nint aRow, float* b, float* c, nint cRow)
    {
        nint j = 0;
        for (; j <= n - 4 * V.Count; j += 4 * V.Count)
        {
            V u0 = V.Load(b + j), u1 = V.Load(b + j + V.Count), u2 = V.Load(b + j + 2 * V.Count), u3 = V.Load(b + j + 3 * V.Count);
            var x = a;
            var target = c + j;
            for (nint r = 0; r < m; r++, x += aRow, target += cRow)
            {
                V y = V.Broadcast(*x), s0 = V.Load(target), s1 = V.Load(target + V.Count), s2 = V.Load(target + 2 * V.Count), s3 = V.Load(target + 3 * V.Count);
                V.MultiplyAdd(ref s0, y, u0);
                V.MultiplyAdd(ref s1, y, u1);
                V.MultiplyAdd(ref s2, y, u2);
                V.MultiplyAdd(ref s3, y, u3);
                V.Store(s0, target);
                V.Store(s1, target + V.Count);
                V.Store(s2, target + 2 * V.Count);
                V.Store(s3, target + 3 * V.Count);
            }
        }
        for (nint r = 0; r < m; r++)
        {
            var y = V.Broadcast(a[r * aRow]);
            var i = j;
            for (; i <= n - V.Count; i += V.Count)
            {
                var s = V.Load(c + r * cRow + i);
                V.MultiplyAdd(ref s, y, V.Load(b + i));
                V.Store(s, c + r * cRow + i);
            }
            for (; i < n; i++)
                c[r * cRow + i] += a[r * aRow] * b[i];
        }
    }

    // A prefetch never faults, so it may run past the last row.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(float* p)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(p);
    }

    /// <summary>C[j] (+)= Σ parts[i·apart + j] for j &lt; n, in the order of i.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(nint n, nint count, float* parts, nint apart, float* c, int accumulate)
    {
        nint j = 0;
        for (; j <= n - V.Count; j += V.Count)
        {
            var s = V.Load(parts + j);
            for (nint i = 1; i < count; i++)
                s = V.Add(s, V.Load(parts + i * apart + j));
            V.Store(accumulate != 0 ? V.Add(V.Load(c + j), s) : s, c + j);
        }
        for (; j < n; j++)
        {
            var s = parts[j];
            for (nint i = 1; i < count; i++)
                s += parts[i * apart + j];
            c[j] = accumulate != 0 ? c[j] + s : s;
        }
    }
}
