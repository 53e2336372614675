using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Functional.Engines.Managed;

/// <summary>Sine, cosine and general powers.</summary>
internal static partial class VectorMath
{
    // Beyond this the three-part pi/2 loses digits; the scalar library reduces exactly.
    const float TrigonometryLimit = 8192f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Sin(Vector512<float> x) =>
        InRange(x) ? Turn(x, Vector512<int>.Zero) : EachLane(x, MathF.Sin);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Cos(Vector512<float> x) =>
        InRange(x) ? Turn(x, Vector512<int>.One) : EachLane(x, MathF.Cos);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool InRange(Vector512<float> x) => Vector512.LessThanOrEqualAll(Vector512.Abs(x), V(TrigonometryLimit));

    /// <summary>sin(x + quarter * pi/2).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<float> Turn(Vector512<float> x, Vector512<int> quarter)
    {
        var n = Vector512.Round(x * V(0.636619772f));
        var r = Fma(n, V(-1.57079637050628662f), x);
        r = Fma(n, V(4.37113882867379e-8f), r);
        r = Fma(n, V(1.71512451e-15f), r);
        var s = r * r;
        var sine = Fma(Fma(Fma(V(2.717562354e-6f), s, V(-0.0001983925636f)), s, V(0.008333329143f)), s, V(-0.1666666664f));
        sine = Fma(sine * s, r, r);
        var cosine = Fma(Fma(Fma(V(-2.719859281e-7f), s, V(2.479937223e-5f)), s, V(-0.001388888316f)), s, V(0.04166666662f));
        cosine = Fma(cosine, s, V(-0.5f));
        cosine = Fma(cosine, s, V(1f));
        var quadrant = Vector512.ConvertToInt32Native(n) + quarter;
        var odd = Vector512.Equals(quadrant & Vector512<int>.One, Vector512<int>.One).AsSingle();
        var sign = Vector512.ShiftLeft(quadrant & Vector512.Create(2), 30);
        return (Vector512.ConditionalSelect(odd, cosine, sine).AsInt32() ^ sign).AsSingle();
    }

    /// <summary>x^y, in double precision inside: the rounding of y·log x would otherwise grow with the result's exponent.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Pow(Vector512<float> x, Vector512<float> y)
    {
        var ordinary = Vector512.GreaterThan(x, Vector512<float>.Zero)
            & Vector512.LessThan(x, V(float.PositiveInfinity))
            & Vector512.LessThan(Vector512.Abs(y), V(float.PositiveInfinity));
        return Vector512.EqualsAll(ordinary.AsInt32(), Vector512<int>.AllBitsSet)
            ? Vector512.Narrow(
                Power(Vector512.WidenLower(x), Vector512.WidenLower(y)),
                Power(Vector512.WidenUpper(x), Vector512.WidenUpper(y)))
            : PowEachLane(x, y);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<double> Power(Vector512<double> x, Vector512<double> y) =>
        Vector512.Exp(Vector512.Min(Vector512.Max(y * Vector512.Log(x), Vector512.Create(-700.0)), Vector512.Create(700.0)));

    [MethodImpl(MethodImplOptions.NoInlining)]
    static Vector512<float> EachLane(Vector512<float> x, Func<float, float> f)
    {
        var result = x;
        for (var i = 0; i < Lanes.Width; i++) result = result.WithElement(i, f(x[i]));
        return result;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static Vector512<float> PowEachLane(Vector512<float> x, Vector512<float> y)
    {
        var result = x;
        for (var i = 0; i < Lanes.Width; i++) result = result.WithElement(i, MathF.Pow(x[i], y[i]));
        return result;
    }
}
