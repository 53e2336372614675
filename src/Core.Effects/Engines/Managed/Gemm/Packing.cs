using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Functional.Engines.Managed;

/// <summary>Copies a slab of an operand into a panel: for each of k steps, <c>width</c> adjacent floats.</summary>
internal static unsafe class Packing
{
    /// <summary>panel[p·width + i] = source[p·stride + i] for i &lt; count, 0 for the rest of the width.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Copy(float* source, nint stride, int count, int k, float* panel, int width)
    {
        if (count == 32 && width == 32 && Vector512.IsHardwareAccelerated)
        {
            for (nint p = 0; p < k; p++, source += stride, panel += 32)
            {
                Vector512.Load(source).Store(panel);
                Vector512.Load(source + 16).Store(panel + 16);
            }
            return;
        }
        if (count == 12 && width == 12)
        {
            for (nint p = 0; p < k; p++, source += stride, panel += 12)
            {
                Vector256.Load(source).Store(panel);
                Vector128.Load(source + 8).Store(panel + 8);
            }
            return;
        }
        for (nint p = 0; p < k; p++, source += stride, panel += width)
        {
            nint i = 0;
            for (; i <= count - 8; i += 8)
                Vector256.Load(source + i).Store(panel + i);
            for (; i <= count - 4; i += 4)
                Vector128.Load(source + i).Store(panel + i);
            for (; i < count; i++)
                panel[i] = source[i];
            for (; i < width; i++)
                panel[i] = 0;
        }
    }

    /// <summary>panel[p·width + i] = source[i·stride + p] for i &lt; count, 0 for the rest of the width.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose(float* source, nint stride, int count, int k, float* panel, int width)
    {
        nint i = 0;
        if (Avx.IsSupported)
            for (; i <= count - 8; i += 8)
                Transpose8(source + i * stride, stride, k, panel + i, width);
        for (; i <= count - 4; i += 4)
            Transpose4(source + i * stride, stride, k, panel + i, width);
        for (; i < count; i++)
            for (nint p = 0; p < k; p++)
                panel[p * width + i] = source[i * stride + p];
        if (i < width)
            for (nint p = 0; p < k; p++)
                NativeMemory.Clear(panel + p * width + i, (nuint)(width - i) * sizeof(float));
    }

    private static void Transpose4(float* source, nint stride, nint k, float* panel, nint width)
    {
        nint p = 0;
        if (Sse.IsSupported || AdvSimd.Arm64.IsSupported)
            for (; p <= k - 4; p += 4)
            {
                var r0 = Vector128.Load(source + p);
                var r1 = Vector128.Load(source + stride + p);
                var r2 = Vector128.Load(source + 2 * stride + p);
                var r3 = Vector128.Load(source + 3 * stride + p);
                var (a, b, c, d) = (Low(r0, r2), High(r0, r2), Low(r1, r3), High(r1, r3));
                Low(a, c).Store(panel + p * width);
                High(a, c).Store(panel + (p + 1) * width);
                Low(b, d).Store(panel + (p + 2) * width);
                High(b, d).Store(panel + (p + 3) * width);
            }
        for (; p < k; p++)
            for (nint i = 0; i < 4; i++)
                panel[p * width + i] = source[i * stride + p];
    }

    private static void Transpose8(float* source, nint stride, nint k, float* panel, nint width)
    {
        nint p = 0;
        for (; p <= k - 8; p += 8)
        {
            var s = source + p;
            var s4 = s + 4 * stride;
            var r0 = Pair(s, s4);
            var r1 = Pair(s + stride, s4 + stride);
            var r2 = Pair(s + 2 * stride, s4 + 2 * stride);
            var r3 = Pair(s + 3 * stride, s4 + 3 * stride);
            Store4(r0, r1, r2, r3, panel + p * width, width);
            r0 = Pair(s + 4, s4 + 4);
            r1 = Pair(s + stride + 4, s4 + stride + 4);
            r2 = Pair(s + 2 * stride + 4, s4 + 2 * stride + 4);
            r3 = Pair(s + 3 * stride + 4, s4 + 3 * stride + 4);
            Store4(r0, r1, r2, r3, panel + (p + 4) * width, width);
        }
        for (; p < k; p++)
            for (nint i = 0; i < 8; i++)
                panel[p * width + i] = source[i * stride + p];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Pair(float* low, float* high) =>
        Avx.InsertVector128(Vector128.Load(low).ToVector256Unsafe(), Vector128.Load(high), 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store4(Vector256<float> r0, Vector256<float> r1, Vector256<float> r2, Vector256<float> r3, float* panel, nint width)
    {
        var (a, b, c, d) = (Avx.UnpackLow(r0, r2), Avx.UnpackHigh(r0, r2), Avx.UnpackLow(r1, r3), Avx.UnpackHigh(r1, r3));
        Avx.UnpackLow(a, c).Store(panel);
        Avx.UnpackHigh(a, c).Store(panel + width);
        Avx.UnpackLow(b, d).Store(panel + 2 * width);
        Avx.UnpackHigh(b, d).Store(panel + 3 * width);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Low(Vector128<float> x, Vector128<float> y) =>
        Sse.IsSupported ? Sse.UnpackLow(x, y) : AdvSimd.Arm64.ZipLow(x, y);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> High(Vector128<float> x, Vector128<float> y) =>
        Sse.IsSupported ? Sse.UnpackHigh(x, y) : AdvSimd.Arm64.ZipHigh(x, y);
}
