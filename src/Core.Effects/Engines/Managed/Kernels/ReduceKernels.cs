using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Functional.Engines.Managed;

/// <summary>
/// Sums and maxima. Each adds in an order fixed by the shape alone. Long columns are cut into
/// chunks of a fixed size: a caller may run the chunks anywhere and combines them in order.
/// </summary>
internal static unsafe class ReduceKernels
{
    public static int Chunks(long n, int chunk) => (int)((n + chunk - 1) / chunk);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Sum(float* x, int n)
    {
        var (a, b, c, d) = (Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero);
        var i = 0;
        for (; i <= n - 64; i += 64)
        {
            a += Lanes.Load(x + i);
            b += Lanes.Load(x + i + 16);
            c += Lanes.Load(x + i + 32);
            d += Lanes.Load(x + i + 48);
        }
        for (; i <= n - 16; i += 16) a += Lanes.Load(x + i);
        if (i < n) b += Lanes.LoadFirst(x + i, n - i, 0f);
        return Lanes.Sum((a + b) + (c + d));
    }

    /// <summary>The largest element; NaN when any element is NaN; -inf for none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Max(float* x, int n)
    {
        var a = Lanes.All(float.NegativeInfinity);
        var b = a;
        var sound = Vector512<float>.AllBitsSet;
        var i = 0;
        for (; i <= n - 32; i += 32)
        {
            var (u, v) = (Lanes.Load(x + i), Lanes.Load(x + i + 16));
            sound &= Vector512.Equals(u, u) & Vector512.Equals(v, v);
            a = Vector512.MaxNative(a, u);
            b = Vector512.MaxNative(b, v);
        }
        for (; i < n; i += 16)
        {
            var u = Lanes.LoadFirst(x + i, n - i, float.NegativeInfinity);
            sound &= Vector512.Equals(u, u);
            a = Vector512.MaxNative(a, u);
        }
        return Vector512.EqualsAll(sound.AsInt32(), Vector512<int>.AllBitsSet) ? Lanes.Max(Vector512.MaxNative(a, b)) : float.NaN;
    }

    /// <summary>The sum of <c>(x - centre)^2</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float SquaredDeviations(float* x, int n, float centre)
    {
        var m = Lanes.All(centre);
        var (a, b, c, d) = (Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero);
        var i = 0;
        for (; i <= n - 64; i += 64)
        {
            var (p, q, r, s) = (Lanes.Load(x + i) - m, Lanes.Load(x + i + 16) - m, Lanes.Load(x + i + 32) - m, Lanes.Load(x + i + 48) - m);
            a = Lanes.Fma(p, p, a);
            b = Lanes.Fma(q, q, b);
            c = Lanes.Fma(r, r, c);
            d = Lanes.Fma(s, s, d);
        }
        for (; i < n; i += 16)
        {
            var p = Lanes.LoadFirst(x + i, n - i, centre) - m;
            a = Lanes.Fma(p, p, a);
        }
        return Lanes.Sum((a + b) + (c + d));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Dot(float* x, float* y, int n)
    {
        var (a, b, c, d) = (Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero);
        var i = 0;
        for (; i <= n - 64; i += 64)
        {
            a = Lanes.Fma(Lanes.Load(x + i), Lanes.Load(y + i), a);
            b = Lanes.Fma(Lanes.Load(x + i + 16), Lanes.Load(y + i + 16), b);
            c = Lanes.Fma(Lanes.Load(x + i + 32), Lanes.Load(y + i + 32), c);
            d = Lanes.Fma(Lanes.Load(x + i + 48), Lanes.Load(y + i + 48), d);
        }
        for (; i <= n - 16; i += 16) a = Lanes.Fma(Lanes.Load(x + i), Lanes.Load(y + i), a);
        if (i < n) b = Lanes.Fma(Lanes.LoadFirst(x + i, n - i, 0f), Lanes.LoadFirst(y + i, n - i, 0f), b);
        return Lanes.Sum((a + b) + (c + d));
    }

    /// <summary>y[column] = sum over rows [first, end) of x [·, columns], for all columns; y is overwritten.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ColumnSums(float* x, int columns, long stride, int first, int end, float* y)
    {
        var j = 0;
        for (; j <= columns - 64; j += 64)
        {
            var (a, b, c, d) = (Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero);
            var p = x + first * stride + j;
            for (var row = first; row < end; row++, p += stride)
            {
                a += Lanes.Load(p);
                b += Lanes.Load(p + 16);
                c += Lanes.Load(p + 32);
                d += Lanes.Load(p + 48);
            }
            Lanes.Store(y + j, a);
            Lanes.Store(y + j + 16, b);
            Lanes.Store(y + j + 32, c);
            Lanes.Store(y + j + 48, d);
        }
        for (; j < columns; j += 16)
        {
            var count = Math.Min(16, columns - j);
            var a = Vector512<float>.Zero;
            var p = x + first * stride + j;
            for (var row = first; row < end; row++, p += stride) a += Lanes.LoadFirst(p, count, 0f);
            Lanes.StoreFirst(y + j, a, count);
        }
    }

    /// <summary>y = column sums of partials [chunks, columns].</summary>
    public static void CombineColumns(float* partials, int chunks, int columns, float* y) =>
        ColumnSums(partials, columns, columns, 0, chunks, y);
}
