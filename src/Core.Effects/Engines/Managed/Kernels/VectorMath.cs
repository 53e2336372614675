using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Functional.Engines.Managed;

/// <summary>
/// Elementary functions on sixteen floats, within about two units in the last place of the exact value.
/// Polynomials are our own near-minimax fits (weighted least squares, Lawson's iteration) after the
/// classical reductions of Cody and Waite.
/// </summary>
internal static partial class VectorMath
{
    const float Log2E = 1.44269504f;
    const float Ln2High = 0.693147182464599609f;
    const float Ln2Low = -1.90465421212593e-9f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<float> V(float value) => Vector512.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<float> Fma(Vector512<float> a, Vector512<float> b, Vector512<float> c) =>
        Vector512.FusedMultiplyAdd(a, b, c);

    /// <summary><c>p * 2^n</c> for whole <paramref name="n"/> in [-252, 252], rounding once where the result is subnormal.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<float> Scale(Vector512<float> p, Vector512<float> n)
    {
        if (Avx512F.IsSupported) return Avx512F.Scale(p, n);
        // One factor of 2^n does not exist as a float for every n: apply it in two halves.
        var k = Vector512.ConvertToInt32Native(n);
        var half = Vector512.ShiftRightArithmetic(k, 1);
        return p * PowerOfTwo(half) * PowerOfTwo(k - half);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<float> PowerOfTwo(Vector512<int> k) =>
        Vector512.ShiftLeft(k + Vector512.Create(127), 23).AsSingle();

    /// <summary>e^x: 0 below about -104, +inf above 88.73, NaN for NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x)
    {
        // The native minimum returns its second operand for NaN, so NaN passes through.
        x = Vector512.MaxNative(V(-105f), Vector512.MinNative(V(90f), x));
        var n = Vector512.Round(x * V(Log2E));
        var r = Fma(n, V(-Ln2Low), Fma(n, V(-Ln2High), x));
        var p = Fma(V(0.001381441261f), r, V(0.008368785316f));
        p = Fma(p, r, V(0.04166839534f));
        p = Fma(p, r, V(0.1666652005f));
        p = Fma(p, r, V(0.4999999341f));
        p = Fma(p, r, V(1f));
        p = Fma(p, r, V(1f));
        return Scale(p, n);
    }

    /// <summary>2^x for x of at most 0 or moderate size, one unit less exact than <see cref="Exp"/> and cheaper; -inf gives 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp2(Vector512<float> x)
    {
        x = Vector512.MaxNative(V(-160f), x);
        var n = Vector512.Round(x);
        var r = x - n;
        var p = Fma(V(0.001340732187f), r, V(0.009671988381f));
        p = Fma(p, r, V(0.05550308182f));
        p = Fma(p, r, V(0.2402223283f));
        p = Fma(p, r, V(0.693147215f));
        p = Fma(p, r, V(1f));
        return Scale(p, n);
    }

    /// <summary>e^x - 1 for x in [0, 80], relatively exact near 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<float> ExpM1NonNegative(Vector512<float> x)
    {
        var n = Vector512.Round(x * V(Log2E));
        var r = Fma(n, V(-Ln2Low), Fma(n, V(-Ln2High), x));
        var p = Fma(V(0.001394648832f), r, V(0.008366647337f));
        p = Fma(p, r, V(0.04166628149f));
        p = Fma(p, r, V(0.1666654251f));
        p = Fma(p, r, V(0.5f));
        p = Fma(p, r * r, r);
        var power = Scale(V(1f), n);
        return Fma(p, power, power - V(1f));
    }

    /// <summary>Natural logarithm: -inf at 0, NaN below, subnormals included.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Log(Vector512<float> x)
    {
        var tiny = Vector512.LessThan(x, V(1.17549435e-38f));
        var scaled = Vector512.ConditionalSelect(tiny, x * V(8388608f), x);
        // Subtracting the bits of sqrt(1/2) makes the exponent field count from there: f lies in [sqrt(1/2), sqrt(2)) - 1.
        var bits = scaled.AsInt32() - Vector512.Create(0x3f3504f3);
        var exponent = Vector512.ShiftRightArithmetic(bits, 23);
        var f = (scaled.AsInt32() - Vector512.ShiftLeft(exponent, 23)).AsSingle() - V(1f);
        var e = Vector512.ConvertToSingle(exponent) - Vector512.ConditionalSelect(tiny, V(23f), Vector512<float>.Zero);
        var s = f * f;
        var high = Fma(V(-0.07632862677f), f, V(0.1276091492f));
        var mid = Fma(V(-0.1316048969f), f, V(0.1420186878f));
        var low = Fma(V(-0.1662333659f), f, V(0.2000122169f));
        var r = Fma(Fma(Fma(high, s, mid), s, low), s, Fma(V(-0.2500082156f), f, V(0.3333333176f)));
        r = Fma(r * s, f, e * V(Ln2Low));
        r = Fma(s, V(-0.5f), r) + f;
        r = Fma(e, V(Ln2High), r);
        var ordinary = Vector512.GreaterThan(x, Vector512<float>.Zero) & Vector512.LessThan(x, V(float.PositiveInfinity));
        var special = Vector512.ConditionalSelect(Vector512.LessThan(x, Vector512<float>.Zero), V(float.NaN), x);
        special = Vector512.ConditionalSelect(Vector512.Equals(x, Vector512<float>.Zero), V(float.NegativeInfinity), special);
        return Vector512.ConditionalSelect(ordinary, r, special);
    }

    /// <summary>log(1 + x), relatively exact near 0 (Kahan's correction).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Log1p(Vector512<float> x)
    {
        var u = V(1f) + x;
        var d = u - V(1f);
        var same = Vector512.Equals(d, Vector512<float>.Zero) | Vector512.Equals(x, V(float.PositiveInfinity));
        return Vector512.ConditionalSelect(same, x, Log(u) * (x / d));
    }

    /// <summary>Hyperbolic tangent, from e^(2|x|) - 1 so that small arguments stay exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Tanh(Vector512<float> x)
    {
        var twice = Vector512.MinNative(V(20f), Vector512.Abs(x) * V(2f));
        var m = ExpM1NonNegative(twice);
        return Vector512.CopySign(m / (m + V(2f)), x);
    }

    /// <summary>Error function: an odd polynomial below 0.92, 1 - exp(polynomial) above.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Erf(Vector512<float> x)
    {
        var t = Vector512.MinNative(V(4f), Vector512.Abs(x));
        var s = x * x;
        var a = Fma(V(-0.0005999347312f), s, V(0.004994817786f));
        a = Fma(a, s, V(-0.0267677105f));
        a = Fma(a, s, V(0.1128184566f));
        a = Fma(a, s, V(-0.3761249643f));
        a = Fma(a, s, V(0.12837915f));
        a = Fma(a, x, x);
        var b = Fma(V(0.0001949546205f), t, V(-0.003033764681f));
        b = Fma(b, t, V(0.02219004687f));
        b = Fma(b, t, V(-0.1038569002f));
        b = Fma(b, t, V(-0.6372651895f));
        b = Fma(b, t, V(-1.127627715f));
        b = Fma(b, t, V(-0.0002069368741f));
        b = Vector512.CopySign(V(1f) - Exp(b), x);
        return Vector512.ConditionalSelect(Vector512.LessThan(t, V(0.92f)), a, b);
    }
}
