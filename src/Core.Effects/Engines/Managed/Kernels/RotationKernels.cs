using System.Runtime.CompilerServices;

namespace Functional.Engines.Managed;

/// <summary>The pairs of one head turned by angles: (a, b) becomes (a cos − b sin, b cos + a sin).</summary>
internal static unsafe class RotationKernels
{
    /// <summary>Pair i is numbers i and pairs + i.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Halves(float* x, float* cos, float* sin, float* y, int pairs)
    {
        for (var i = 0; i < pairs; i += 16)
        {
            var n = Math.Min(16, pairs - i);
            var (a, b) = (Lanes.LoadFirst(x + i, n, 0f), Lanes.LoadFirst(x + pairs + i, n, 0f));
            var (c, s) = (Lanes.LoadFirst(cos + i, n, 0f), Lanes.LoadFirst(sin + i, n, 0f));
            Lanes.StoreFirst(y + i, a * c - b * s, n);
            Lanes.StoreFirst(y + pairs + i, b * c + a * s, n);
        }
    }

    /// <summary>Pair i is numbers 2i and 2i + 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Neighbours(float* x, float* cos, float* sin, float* y, int pairs)
    {
        for (var i = 0; i < pairs; i++)
        {
            var (a, b) = (x[2 * i], x[2 * i + 1]);
            y[2 * i] = a * cos[i] - b * sin[i];
            y[2 * i + 1] = b * cos[i] + a * sin[i];
        }
    }
}
