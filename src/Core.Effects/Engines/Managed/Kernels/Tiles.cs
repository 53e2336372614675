using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Functional.Engines.Managed;

/// <summary>
/// The register tile of attention: <c>C[rows, 16·vectors] (+)= Σₖ A(row, k) · B[k, ·]</c> with four rows of up to four vectors
/// in registers. A is read by single elements at any two strides, so no operand is packed for its sake.
/// </summary>
internal static unsafe class Tiles
{
    public const int Rows = 4;

    interface IVectors
    {
        static abstract int Count { get; }
    }

    readonly struct One : IVectors
    {
        public static int Count => 1;
    }

    readonly struct Two : IVectors
    {
        public static int Count => 2;
    }

    readonly struct Three : IVectors
    {
        public static int Count => 3;
    }

    readonly struct Four : IVectors
    {
        public static int Count => 4;
    }

    /// <summary>
    /// At most four rows; <c>A(row, k) = a[row·aRow + k·aStep]</c>, <c>B[k] = b + k·bStep</c>. A depth of 0 or less writes zeros, or leaves
    /// C as it is when accumulating.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(float* a, nint aRow, nint aStep, float* b, nint bStep, int depth, float* c, nint cRow, int rows, int vectors, bool accumulate)
    {
        for (; vectors >= 4; vectors -= 4, b += 64, c += 64) Tile<Four>(a, aRow, aStep, b, bStep, depth, c, cRow, rows, accumulate);
        if (vectors == 3) Tile<Three>(a, aRow, aStep, b, bStep, depth, c, cRow, rows, accumulate);
        else if (vectors == 2) Tile<Two>(a, aRow, aStep, b, bStep, depth, c, cRow, rows, accumulate);
        else if (vectors == 1) Tile<One>(a, aRow, aStep, b, bStep, depth, c, cRow, rows, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Tile<T>(float* a, nint aRow, nint aStep, float* b, nint bStep, int depth, float* c, nint cRow, int rows, bool accumulate)
        where T : struct, IVectors
    {
        // Absent rows repeat the first: their sums are computed and dropped, and nothing beyond A is read.
        var a1 = rows > 1 ? a + aRow : a;
        var a2 = rows > 2 ? a + 2 * aRow : a;
        var a3 = rows > 3 ? a + 3 * aRow : a;
        Vector512<float> c00 = default, c01 = default, c02 = default, c03 = default;
        Vector512<float> c10 = default, c11 = default, c12 = default, c13 = default;
        Vector512<float> c20 = default, c21 = default, c22 = default, c23 = default;
        Vector512<float> c30 = default, c31 = default, c32 = default, c33 = default;
        for (; depth > 0; depth--)
        {
            var b0 = Vector512.Load(b);
            var b1 = T.Count > 1 ? Vector512.Load(b + 16) : default;
            var b2 = T.Count > 2 ? Vector512.Load(b + 32) : default;
            var b3 = T.Count > 3 ? Vector512.Load(b + 48) : default;
            var x = Vector512.Create(*a);
            c00 = Lanes.Fma(x, b0, c00);
            if (T.Count > 1) c01 = Lanes.Fma(x, b1, c01);
            if (T.Count > 2) c02 = Lanes.Fma(x, b2, c02);
            if (T.Count > 3) c03 = Lanes.Fma(x, b3, c03);
            x = Vector512.Create(*a1);
            c10 = Lanes.Fma(x, b0, c10);
            if (T.Count > 1) c11 = Lanes.Fma(x, b1, c11);
            if (T.Count > 2) c12 = Lanes.Fma(x, b2, c12);
            if (T.Count > 3) c13 = Lanes.Fma(x, b3, c13);
            x = Vector512.Create(*a2);
            c20 = Lanes.Fma(x, b0, c20);
            if (T.Count > 1) c21 = Lanes.Fma(x, b1, c21);
            if (T.Count > 2) c22 = Lanes.Fma(x, b2, c22);
            if (T.Count > 3) c23 = Lanes.Fma(x, b3, c23);
            x = Vector512.Create(*a3);
            c30 = Lanes.Fma(x, b0, c30);
            if (T.Count > 1) c31 = Lanes.Fma(x, b1, c31);
            if (T.Count > 2) c32 = Lanes.Fma(x, b2, c32);
            if (T.Count > 3) c33 = Lanes.Fma(x, b3, c33);
            a += aStep;
            a1 += aStep;
            a2 += aStep;
            a3 += aStep;
            b += bStep;
        }
        Put<T>(c, c00, c01, c02, c03, accumulate);
        if (rows > 1) Put<T>(c + cRow, c10, c11, c12, c13, accumulate);
        if (rows > 2) Put<T>(c + 2 * cRow, c20, c21, c22, c23, accumulate);
        if (rows > 3) Put<T>(c + 3 * cRow, c30, c31, c32, c33, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Put<T>(float* c, Vector512<float> v0, Vector512<float> v1, Vector512<float> v2, Vector512<float> v3, bool accumulate)
        where T : struct, IVectors
    {
        if (accumulate)
        {
            v0 += Vector512.Load(c);
            if (T.Count > 1) v1 += Vector512.Load(c + 16);
            if (T.Count > 2) v2 += Vector512.Load(c + 32);
            if (T.Count > 3) v3 += Vector512.Load(c + 48);
        }
        v0.Store(c);
        if (T.Count > 1) v1.Store(c + 16);
        if (T.Count > 2) v2.Store(c + 32);
        if (T.Count > 3) v3.Store(c + 48);
    }

    /// <summary>Copies rows of <paramref name="width"/> floats to rows of <paramref name="padded"/> (a multiple of 16), zeros beyond.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void CopyRows(float* source, nint stride, int rows, int width, float* target, int padded)
    {
        for (var i = 0; i < rows; i++, source += stride, target += padded)
        {
            var j = 0;
            for (; j <= width - 16; j += 16) Vector512.Store(Vector512.Load(source + j), target + j);
            if (j < width) Vector512.Store(Lanes.LoadFirst(source + j, width - j, 0f), target + j);
        }
    }

    /// <summary>
    /// target[j, i] = scale · source[i, j] for i &lt; rows, zeros for rows ≤ i &lt; <paramref name="stride"/>; target rows are
    /// <paramref name="stride"/> long.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose(float* source, nint sourceStride, int rows, int width, float scale, float* target, int stride)
    {
        for (var i = 0; i < stride; i += 16)
        {
            var j = 0;
            if (Avx512F.IsSupported && i + 16 <= rows)
                for (; j <= width - 4; j += 4) FourColumns(source + i * sourceStride + j, sourceStride, scale, target + (nint)j * stride + i, stride);
            for (; j < width; j++)
                for (var r = i; r < i + 16; r++) target[(nint)j * stride + r] = r < rows ? scale * source[r * sourceStride + j] : 0f;
        }
    }

    /// <summary>Four columns of sixteen rows: each vector gathers four rows four apart, then 4×4 blocks turn inside their quarters.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void FourColumns(float* s, nint stride, float scale, float* t, nint tStride)
    {
        var f = Vector512.Create(scale);
        var r0 = Quarters(s, stride);
        var r1 = Quarters(s + stride, stride);
        var r2 = Quarters(s + 2 * stride, stride);
        var r3 = Quarters(s + 3 * stride, stride);
        var a = Avx512F.UnpackLow(r0, r1).AsDouble();
        var b = Avx512F.UnpackLow(r2, r3).AsDouble();
        var c = Avx512F.UnpackHigh(r0, r1).AsDouble();
        var d = Avx512F.UnpackHigh(r2, r3).AsDouble();
        (Avx512F.UnpackLow(a, b).AsSingle() * f).Store(t);
        (Avx512F.UnpackHigh(a, b).AsSingle() * f).Store(t + tStride);
        (Avx512F.UnpackLow(c, d).AsSingle() * f).Store(t + 2 * tStride);
        (Avx512F.UnpackHigh(c, d).AsSingle() * f).Store(t + 3 * tStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<float> Quarters(float* s, nint stride) =>
        Vector512.Create(
            Vector256.Create(Vector128.Load(s), Vector128.Load(s + 4 * stride)),
            Vector256.Create(Vector128.Load(s + 8 * stride), Vector128.Load(s + 12 * stride)));
}
