using System.Runtime.CompilerServices;

namespace Functional.Engines;

/// <summary>Adds multiples of B's rows to the few rows of C: B is streamed once, row by row, four rows together.</summary>
internal static unsafe class Sweep<V> where V : struct, ILanes<V>
{
    /// <summary>C[r, j] += Σ A[r, p]·B[p, j] for r &lt; m, j &lt; n.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(nint m, nint n, nint k, float* a, nint aRow, nint aColumn, float* b, nint bRow, float* c, nint cRow)
    {
        var p = 0;
        for (; p <= k - 4; p += 4, b += 4 * bRow, a += 4 * aColumn)
        {
            float* b1 = b + bRow, b2 = b + 2 * bRow, b3 = b + 3 * bRow;
            nint j = 0;
            for (; j <= n - 2 * V.Count; j += 2 * V.Count)
            {
                V u0 = V.Load(b + j), u1 = V.Load(b1 + j), u2 = V.Load(b2 + j), u3 = V.Load(b3 + j);
                V w0 = V.Load(b + j + V.Count), w1 = V.Load(b1 + j + V.Count), w2 = V.Load(b2 + j + V.Count), w3 = V.Load(b3 + j + V.Count);
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
        for (; p < k; p++, b += bRow, a += aColumn)
            for (nint r = 0; r < m; r++)
            {
                var y = V.Broadcast(a[r * aRow]);
                nint j = 0;
                for (; j <= n - V.Count; j += V.Count)
                {
                    var s = V.Load(c + r * cRow + j);
                    V.MultiplyAdd(ref s, y, V.Load(b + j));
                    V.Store(s, c + r * cRow + j);
                }
                for (; j < n; j++)
                    c[r * cRow + j] += a[r * aRow] * b[j];
            }
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
