using System.Runtime.CompilerServices;

namespace Functional.Engines.Managed;

/// <summary>Adds multiples of B's rows to the few rows of C, one after the other, so that each sum is taken in the same order: B is streamed once.</summary>
internal static unsafe class Sweep<V> where V : struct, ILanes<V>
{
    // Rows of B that are taken at a time in tiles: 16 rows of 3072 floats are 192 KB.
    private const int Rows = 16;

    /// <summary>C[j] += Σ A[p]·B[p, j] for j &lt; n.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(nint n, nint k, float* a, nint aColumn, float* b, nint bRow, float* c)
    {
        for (nint p = 0; p < k; p++, b += bRow, a += aColumn)
            One(1, n, a, 0, b, c, 0);
    }

    /// <summary>
    /// C[r, j] (+)= Σ A[r, p]·B[p, j] for r &lt; m, j &lt; n, in tiles of registers. By <paramref name="accumulate"/> as for them: where products are added to C
    /// one by one, 16 rows of B are taken at a time, else all.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tiled(Kernels kernels, int m, nint n, nint k, float* a, nint aRow, nint aColumn, float* b, nint bRow, float* c, nint cRow, int accumulate)
    {
        nint whole = n / (2 * V.Count) * (2 * V.Count), rest = n - whole, rows = accumulate == 2 ? Rows : k;
        for (nint p = 0; p < k; p += rows, b += rows * bRow, a += rows * aColumn)
        {
            var depth = Math.Min(rows, k - p);
            // Tiles read short pieces of rows, which the hardware does not fetch ahead; a stream it does.
            for (nint i = 0; i < depth; i++)
                Touch(b + i * bRow, n);
            for (var r = 0; r < m; r += kernels.Rows)
            {
                var tile = kernels.For(Math.Min(kernels.Rows, m - r), 2, false);
                for (nint j = 0; j < whole; j += 2 * V.Count)
                    tile(depth, a + r * aRow, aRow, aColumn, b + j, bRow, c + r * cRow + j, cRow, accumulate);
            }
            if (rest > 0)
                Rest(m, rest, depth, a, aRow, aColumn, b + whole, bRow, c + whole, cRow, accumulate);
        }
    }

    // Columns that fill no tile.
    private static void Rest(int m, nint n, nint k, float* a, nint aRow, nint aColumn, float* b, nint bRow, float* c, nint cRow, int accumulate)
    {
        var apart = stackalloc float[accumulate == 2 ? 0 : m * (int)n];
        var sums = accumulate == 2 ? c : apart;
        var sumsRow = accumulate == 2 ? cRow : n;
        if (accumulate != 2)
            new Span<float>(apart, m * (int)n).Clear();
        for (nint i = 0; i < k; i++)
            One(m, n, a + i * aColumn, aRow, b + i * bRow, sums, sumsRow);
        for (nint r = 0; accumulate != 2 && r < m; r++)
            for (nint j = 0; j < n; j++)
                c[r * cRow + j] = accumulate == 1 ? c[r * cRow + j] + apart[r * n + j] : apart[r * n + j];
    }

    // Not inlined, so that the sum, which nobody needs, is formed.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static V Touch(float* b, nint n)
    {
        V s0 = V.Zero, s1 = V.Zero, s2 = V.Zero, s3 = V.Zero;
        nint j = 0;
        for (; j <= n - 4 * V.Count; j += 4 * V.Count)
        {
            s0 = V.Add(s0, V.Load(b + j));
            s1 = V.Add(s1, V.Load(b + j + V.Count));
            s2 = V.Add(s2, V.Load(b + j + 2 * V.Count));
            s3 = V.Add(s3, V.Load(b + j + 3 * V.Count));
        }
        for (; j <= n - V.Count; j += V.Count)
            s0 = V.Add(s0, V.Load(b + j));
        return V.Add(V.Add(s0, s1), V.Add(s2, s3));
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
                c[r * cRow + i] = float.MultiplyAddEstimate(a[r * aRow], b[i], c[r * cRow + i]);
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
