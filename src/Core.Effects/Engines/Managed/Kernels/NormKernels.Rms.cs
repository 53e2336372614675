using System.Runtime.CompilerServices;

namespace Functional.Engines;

/// <summary>RMSNorm (Zhang and Sennrich, 2019): no mean, no bias.</summary>
internal static unsafe partial class NormKernels
{
    /// <summary>y = x * rstd * weight for rows [first, end), rstd = 1 / sqrt(mean(x^2) + eps); rstd [rows] may be null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RmsNorm(float* x, float* weight, float eps, float* y, float* rstd, int width, int first, int end)
    {
        for (var row = first; row < end; row++)
        {
            var p = x + (long)row * width;
            var r = 1f / MathF.Sqrt(ReduceKernels.SquaredDeviations(p, width, 0f) / width + eps);
            if (rstd != null) rstd[row] = r;
            Affine(p, weight, null, 0f, r, y + (long)row * width, width);
        }
    }

    /// <summary>As <see cref="LayerNormBackward"/>, without mean and bias.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RmsNormBackward(float* x, float* weight, float* rstd, float* dy, float* dx, float* weightPartials, int rows, int width, int chunk)
    {
        var dw = weightPartials == null ? null : weightPartials + (long)chunk * width;
        if (dw != null) Unsafe.InitBlockUnaligned(dw, 0, (uint)width * sizeof(float));
        var end = Math.Min(rows, (chunk + 1) * RowChunk);
        for (var row = chunk * RowChunk; row < end; row++)
        {
            var at = (long)row * width;
            Backward<Uncentred>(x + at, weight, 0f, rstd[row], dy + at, dx + at, dw, null, width);
        }
    }
}
