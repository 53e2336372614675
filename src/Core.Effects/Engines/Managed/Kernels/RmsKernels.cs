using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Functional.Engines.Managed;

/// <summary>RMSNorm (Zhang &amp; Sennrich, 2019) over the last axis of x [rows, width]. Pointers to absent parameters are null.</summary>
internal static unsafe class RmsKernels
{
    /// <summary>y = x * scale * weight for rows [first, end), scale = 1/√(mean x² + eps); scales [rows] may be null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Forward(float* x, float* weight, float eps, float* y, float* scales, int width, int first, int end)
    {
        for (var row = first; row < end; row++)
        {
            float* p = x + (long)row * width, q = y + (long)row * width;
            var scale = 1f / MathF.Sqrt(ReduceKernels.Dot(p, p, width) / width + eps);
            if (scales != null) scales[row] = scale;
            var s = Lanes.All(scale);
            for (var i = 0; i < width; i += 16)
            {
                var n = Math.Min(16, width - i);
                var v = Lanes.LoadFirst(p + i, n, 0f) * s;
                Lanes.StoreFirst(q + i, weight == null ? v : v * Lanes.LoadFirst(weight + i, n, 0f), n);
            }
        }
    }

    /// <summary>
    /// Backward of chunk <paramref name="chunk"/> of rows: dx = scale (g - n mean(g n)) with g = dy weight and n = x scale, and this chunk's sums of dy n in
    /// row <paramref name="chunk"/> of weightPartials [chunks, width], which may be null.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Backward(float* x, float* weight, float* scales, float* dy, float* dx, float* weightPartials, int rows, int width, int chunk)
    {
        var dw = weightPartials == null ? null : weightPartials + (long)chunk * width;
        if (dw != null) Unsafe.InitBlockUnaligned(dw, 0, (uint)width * sizeof(float));
        var end = Math.Min(rows, (chunk + 1) * NormKernels.RowChunk);
        for (var row = chunk * NormKernels.RowChunk; row < end; row++)
        {
            float* p = x + (long)row * width, d = dy + (long)row * width, q = dx + (long)row * width;
            var s = Lanes.All(scales[row]);
            var dot = Vector512<float>.Zero;
            for (var i = 0; i < width; i += 16)
            {
                var n = Math.Min(16, width - i);
                var (normal, g) = (Lanes.LoadFirst(p + i, n, 0f) * s, Lanes.LoadFirst(d + i, n, 0f));
                if (dw != null) Lanes.StoreFirst(dw + i, Lanes.Fma(g, normal, Lanes.LoadFirst(dw + i, n, 0f)), n);
                if (weight != null) g *= Lanes.LoadFirst(weight + i, n, 0f);
                dot = Lanes.Fma(g, normal, dot);
            }
            var slope = Lanes.All(Lanes.Sum(dot) / width);
            for (var i = 0; i < width; i += 16)
            {
                var n = Math.Min(16, width - i);
                var g = Lanes.LoadFirst(d + i, n, 0f);
                if (weight != null) g *= Lanes.LoadFirst(weight + i, n, 0f);
                Lanes.StoreFirst(q + i, s * Lanes.Fma(-(Lanes.LoadFirst(p + i, n, 0f) * s), slope, g), n);
            }
        }
    }
}
