using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Functional.Engines.Managed;

/// <summary>
/// LayerNorm (Ba et al., 2016) over the last axis of x [rows, width]: a row is read from memory once and the
/// mean, the deviations and the result are taken from the first-level cache. Pointers to absent parameters are null.
/// </summary>
internal static unsafe class NormKernels
{
    /// <summary>Rows whose parameter gradients add into one partial.</summary>
    public const int RowChunk = 32;

    public static int Chunks(int rows) => ReduceKernels.Chunks(rows, RowChunk);

    /// <summary>y = (x - mean) * rstd * weight + bias for rows [first, end); mean and rstd [rows] may be null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void LayerNorm(float* x, float* weight, float* bias, float eps, float* y, float* mean, float* rstd, int width, int first, int end)
    {
        for (var row = first; row < end; row++)
        {
            var p = x + (long)row * width;
            var q = y + (long)row * width;
            var m = ReduceKernels.Sum(p, width) / width;
            var r = 1f / MathF.Sqrt(ReduceKernels.SquaredDeviations(p, width, m) / width + eps);
            if (mean != null) mean[row] = m;
            if (rstd != null) rstd[row] = r;
            Affine(p, weight, bias, m, r, q, width);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Affine(float* x, float* weight, float* bias, float mean, float rstd, float* y, int width)
    {
        var (m, r) = (Lanes.All(mean), Lanes.All(rstd));
        var i = 0;
        for (; i <= width - 16; i += 16)
        {
            var v = (Lanes.Load(x + i) - m) * r;
            if (weight != null) v = bias != null ? Lanes.Fma(v, Lanes.Load(weight + i), Lanes.Load(bias + i)) : v * Lanes.Load(weight + i);
            else if (bias != null) v += Lanes.Load(bias + i);
            Lanes.Store(y + i, v);
        }
        if (i == width) return;
        var rest = width - i;
        var t = (Lanes.LoadFirst(x + i, rest, 0f) - m) * r;
        if (weight != null) t = bias != null ? Lanes.Fma(t, Lanes.LoadFirst(weight + i, rest, 0f), Lanes.LoadFirst(bias + i, rest, 0f))
            : t * Lanes.LoadFirst(weight + i, rest, 0f);
        else if (bias != null) t += Lanes.LoadFirst(bias + i, rest, 0f);
        Lanes.StoreFirst(y + i, t, rest);
    }

    /// <summary>
    /// Backward of chunk <paramref name="chunk"/> of rows: dx, and this chunk's sums in row <paramref name="chunk"/> of
    /// weightPartials and biasPartials [chunks, width], either of which may be null. Combine them with <see cref="ReduceKernels.CombineColumns"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void LayerNormBackward(float* x, float* weight, float* mean, float* rstd, float* dy, float* dx, float* weightPartials, float* biasPartials,
        int rows, int width, int chunk)
    {
        var dw = weightPartials == null ? null : weightPartials + (long)chunk * width;
        var db = biasPartials == null ? null : biasPartials + (long)chunk * width;
        if (dw != null) Unsafe.InitBlockUnaligned(dw, 0, (uint)width * sizeof(float));
        if (db != null) Unsafe.InitBlockUnaligned(db, 0, (uint)width * sizeof(float));
        var end = Math.Min(rows, (chunk + 1) * RowChunk);
        for (var row = chunk * RowChunk; row < end; row++)
        {
            var at = (long)row * width;
            Backward(x + at, weight, mean[row], rstd[row], dy + at, dx + at, dw, db, width);
        }
    }

    /// <summary>dx = rstd (g - mean(g) - n mean(g n)) with g = dy weight and n = (x - mean) rstd.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Backward(float* x, float* weight, float mean, float rstd, float* dy, float* dx, float* dw, float* db, int width)
    {
        var (m, r) = (Lanes.All(mean), Lanes.All(rstd));
        var (sum, dot) = (Vector512<float>.Zero, Vector512<float>.Zero);
        var i = 0;
        for (; i <= width - 16; i += 16)
        {
            var n = (Lanes.Load(x + i) - m) * r;
            var d = Lanes.Load(dy + i);
            if (dw != null) Lanes.Store(dw + i, Lanes.Fma(d, n, Lanes.Load(dw + i)));
            if (db != null) Lanes.Store(db + i, d + Lanes.Load(db + i));
            var g = weight == null ? d : d * Lanes.Load(weight + i);
            sum += g;
            dot = Lanes.Fma(g, n, dot);
        }
        var rest = width - i;
        if (rest > 0)
        {
            // Lanes beyond the row carry dy = 0, so they add nothing whatever x - mean is there.
            var n = (Lanes.LoadFirst(x + i, rest, 0f) - m) * r;
            var d = Lanes.LoadFirst(dy + i, rest, 0f);
            if (dw != null) Lanes.StoreFirst(dw + i, Lanes.Fma(d, n, Lanes.LoadFirst(dw + i, rest, 0f)), rest);
            if (db != null) Lanes.StoreFirst(db + i, d + Lanes.LoadFirst(db + i, rest, 0f), rest);
            var g = weight == null ? d : d * Lanes.LoadFirst(weight + i, rest, 0f);
            sum += g;
            dot = Lanes.Fma(g, n, dot);
        }
        var shift = Lanes.All(Lanes.Sum(sum) / width);
        var slope = Lanes.All(Lanes.Sum(dot) / width);
        for (i = 0; i <= width - 16; i += 16)
        {
            var n = (Lanes.Load(x + i) - m) * r;
            var g = weight == null ? Lanes.Load(dy + i) : Lanes.Load(dy + i) * Lanes.Load(weight + i);
            g -= shift;
            Lanes.Store(dx + i, r * Lanes.Fma(-n, slope, g));
        }
        if (rest == 0) return;
        var tn = (Lanes.LoadFirst(x + i, rest, 0f) - m) * r;
        var tg = Lanes.LoadFirst(dy + i, rest, 0f);
        if (weight != null) tg *= Lanes.LoadFirst(weight + i, rest, 0f);
        tg -= shift;
        Lanes.StoreFirst(dx + i, r * Lanes.Fma(-tn, slope, tg), rest);
    }
}
