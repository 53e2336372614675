using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Functional.Engines.Managed;

/// <summary>Sixteen floats at a time: loads and stores of whole and partial vectors, and lane selections.</summary>
internal static unsafe class Lanes
{
    /// <summary>Floats in a vector. Narrower hardware runs each vector as two or four of its own.</summary>
    public const int Width = 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> All(float value) => Vector512.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(float* p) => Vector512.Load(p);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* p, Vector512<float> v) => v.Store(p);

    /// <summary>All bits set in the first <paramref name="count"/> lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> First(int count) =>
        Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(count)).AsSingle();

    /// <summary>
    /// The first <paramref name="count"/> floats at <paramref name="p"/>, at most sixteen; the other lanes hold <paramref name="fill"/>. Reads
    /// nothing beyond.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadFirst(float* p, int count, float fill)
    {
        if (Avx512F.IsSupported) return Avx512F.MaskLoad(p, First(count), All(fill));
        return LoadFirstPlain(p, count, fill);
    }

    /// <summary>Writes the first <paramref name="count"/> lanes, at most all, and nothing beyond.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreFirst(float* p, Vector512<float> v, int count)
    {
        if (Avx512F.IsSupported) Avx512F.MaskStore(p, First(count), v);
        else StoreFirstPlain(p, v, count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Select(Vector512<float> mask, Vector512<float> yes, Vector512<float> no) =>
        Vector512.ConditionalSelect(mask, yes, no);

    /// <summary><c>a * b + c</c> with one rounding.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Fma(Vector512<float> a, Vector512<float> b, Vector512<float> c) =>
        Vector512.FusedMultiplyAdd(a, b, c);

    /// <summary>The largest lane; a NaN anywhere may or may not be seen, as in the hardware's maximum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Max(Vector512<float> v)
    {
        var a = Vector256.MaxNative(v.GetLower(), v.GetUpper());
        var b = Vector128.MaxNative(a.GetLower(), a.GetUpper());
        var c = Vector128.MaxNative(b, Vector128.Shuffle(b, Vector128.Create(2, 3, 0, 1)));
        return MathF.Max(c[0], c[1]);
    }

    /// <summary>The sum of the lanes in one fixed order, the same on every width of hardware.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector512<float> v)
    {
        var a = v.GetLower() + v.GetUpper();
        var b = a.GetLower() + a.GetUpper();
        var c = b + Vector128.Shuffle(b, Vector128.Create(2, 3, 0, 1));
        return c[0] + c[1];
    }

    static Vector512<float> LoadFirstPlain(float* p, int count, float fill)
    {
        var v = All(fill);
        var lanes = (float*)&v;
        for (var i = 0; i < Math.Min(count, Width); i++) lanes[i] = p[i];
        return v;
    }

    static void StoreFirstPlain(float* p, Vector512<float> v, int count)
    {
        var lanes = (float*)&v;
        for (var i = 0; i < Math.Min(count, Width); i++) p[i] = lanes[i];
    }
}
