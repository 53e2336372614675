using System.Runtime.Intrinsics;

namespace Functional.Engines.Managed;

/// <summary>A function of one vector of lanes.</summary>
internal interface ILane1
{
    static abstract Vector512<float> Apply(Vector512<float> a);
}

/// <summary>A function of two.</summary>
internal interface ILane2
{
    static abstract Vector512<float> Apply(Vector512<float> a, Vector512<float> b);
}

/// <summary>A function of three.</summary>
internal interface ILane3
{
    static abstract Vector512<float> Apply(Vector512<float> a, Vector512<float> b, Vector512<float> c);
}

// One line an operation: they are only ever type arguments.
internal readonly struct NegOp : ILane1 { public static Vector512<float> Apply(Vector512<float> a) => -a; }
internal readonly struct ExpOp : ILane1 { public static Vector512<float> Apply(Vector512<float> a) => VectorMath.Exp(a); }
internal readonly struct LogOp : ILane1 { public static Vector512<float> Apply(Vector512<float> a) => VectorMath.Log(a); }
internal readonly struct Log1pOp : ILane1 { public static Vector512<float> Apply(Vector512<float> a) => VectorMath.Log1p(a); }
internal readonly struct SqrtOp : ILane1 { public static Vector512<float> Apply(Vector512<float> a) => Vector512.Sqrt(a); }
internal readonly struct SinOp : ILane1 { public static Vector512<float> Apply(Vector512<float> a) => VectorMath.Sin(a); }
internal readonly struct CosOp : ILane1 { public static Vector512<float> Apply(Vector512<float> a) => VectorMath.Cos(a); }
internal readonly struct TanhOp : ILane1 { public static Vector512<float> Apply(Vector512<float> a) => VectorMath.Tanh(a); }
internal readonly struct ErfOp : ILane1 { public static Vector512<float> Apply(Vector512<float> a) => VectorMath.Erf(a); }
internal readonly struct AddOp : ILane2 { public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b) => a + b; }
internal readonly struct SubOp : ILane2 { public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b) => a - b; }
internal readonly struct MulOp : ILane2 { public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b) => a * b; }
internal readonly struct DivOp : ILane2 { public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b) => a / b; }
internal readonly struct MaxOp : ILane2 { public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b) => Vector512.Max(a, b); }
internal readonly struct PowOp : ILane2 { public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b) => VectorMath.Pow(a, b); }
internal readonly struct LessOp : ILane2 { public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b) => Vector512.LessThan(a, b); }
internal readonly struct EqualOp : ILane2 { public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b) => Vector512.Equals(a, b); }
internal readonly struct MulAddOp : ILane3
{
    public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b, Vector512<float> c) => Lanes.Fma(a, b, c);
}
internal readonly struct WhereOp : ILane3
{
    public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b, Vector512<float> c) => Vector512.ConditionalSelect(a, b, c);
}
internal readonly struct NegIntOp : ILane1 { public static Vector512<float> Apply(Vector512<float> a) => (-a.AsInt32()).AsSingle(); }
internal readonly struct AddIntOp : ILane2
{
    public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b) => (a.AsInt32() + b.AsInt32()).AsSingle();
}
internal readonly struct SubIntOp : ILane2
{
    public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b) => (a.AsInt32() - b.AsInt32()).AsSingle();
}
internal readonly struct MulIntOp : ILane2
{
    public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b) => (a.AsInt32() * b.AsInt32()).AsSingle();
}
internal readonly struct MaxIntOp : ILane2
{
    public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b) => Vector512.Max(a.AsInt32(), b.AsInt32()).AsSingle();
}
internal readonly struct LessIntOp : ILane2
{
    public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b) => Vector512.LessThan(a.AsInt32(), b.AsInt32()).AsSingle();
}
// True is −1 as a mask, and greater than false all the same.
internal readonly struct LessBoolOp : ILane2
{
    public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b) => Vector512.LessThan(b.AsInt32(), a.AsInt32()).AsSingle();
}
internal readonly struct EqualIntOp : ILane2
{
    public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b) => Vector512.Equals(a.AsInt32(), b.AsInt32()).AsSingle();
}
internal readonly struct FloatToIntOp : ILane1 { public static Vector512<float> Apply(Vector512<float> a) => Vector512.ConvertToInt32(a).AsSingle(); }
internal readonly struct IntToFloatOp : ILane1 { public static Vector512<float> Apply(Vector512<float> a) => Vector512.ConvertToSingle(a.AsInt32()); }
internal readonly struct BoolToFloatOp : ILane1 { public static Vector512<float> Apply(Vector512<float> a) => a & Vector512.Create(1f); }
internal readonly struct BoolToIntOp : ILane1 { public static Vector512<float> Apply(Vector512<float> a) => (a.AsInt32() & Vector512<int>.One).AsSingle(); }
internal readonly struct FloatToBoolOp : ILane1 { public static Vector512<float> Apply(Vector512<float> a) => ~Vector512.Equals(a, Vector512<float>.Zero); }
internal readonly struct IntToBoolOp : ILane1
{
    public static Vector512<float> Apply(Vector512<float> a) => (~Vector512.Equals(a.AsInt32(), Vector512<int>.Zero)).AsSingle();
}

/// <summary>To the nearest value with 8 significant bits, ties to even; a NaN stays one.</summary>
internal readonly struct RoundBF16Op : ILane1
{
    public static Vector512<float> Apply(Vector512<float> a)
    {
        var bits = a.AsUInt32();
        var even = (bits >> 16) & Vector512<uint>.One;
        var rounded = (bits + Vector512.Create(0x7FFFu) + even) & Vector512.Create(0xFFFF0000u);
        return Vector512.ConditionalSelect(Vector512.Equals(a, a), rounded.AsSingle(), a);
    }
}

/// <summary>To the nearest value with 11 significant bits, or multiple of 2⁻²⁴ where it is below 2⁻¹⁴, ties to even; from 65,520 on to infinity; a NaN stays one.</summary>
internal readonly struct RoundF16Op : ILane1
{
    public static Vector512<float> Apply(Vector512<float> a)
    {
        var (bits, sign) = (a.AsUInt32(), a.AsUInt32() & Vector512.Create(0x80000000u));
        var size = (bits ^ sign).AsSingle();
        var rounded = ((bits ^ sign) + Vector512.Create(0xFFFu) + ((bits >> 13) & Vector512<uint>.One)) & Vector512.Create(0xFFFFE000u);
        // Between ½ and 1 floats are 2⁻²⁴ apart.
        var small = size + Vector512.Create(0.5f) - Vector512.Create(0.5f);
        var result = Vector512.ConditionalSelect(Vector512.LessThan(size, Vector512.Create(6.103515625e-05f)), small, rounded.AsSingle());
        result = Vector512.ConditionalSelect(Vector512.GreaterThan(result, Vector512.Create(65504f)), Vector512.Create(float.PositiveInfinity), result);
        return Vector512.ConditionalSelect(Vector512.Equals(a, a), (result.AsUInt32() | sign).AsSingle(), a);
    }
}

/// <summary>x · Φ(x).</summary>
internal readonly struct GeluOp : ILane1
{
    public static Vector512<float> Apply(Vector512<float> x) => x * Normal(x);

    /// <summary>Φ, the distribution function of the standard normal.</summary>
    public static Vector512<float> Normal(Vector512<float> x) =>
        Lanes.Fma(VectorMath.Erf(x * Lanes.All(0.70710678f)), Lanes.All(0.5f), Lanes.All(0.5f));
}

/// <summary>Φ(x) + x · φ(x), times the cotangent.</summary>
internal readonly struct GeluGradientOp : ILane2
{
    public static Vector512<float> Apply(Vector512<float> x, Vector512<float> cotangent)
    {
        var density = VectorMath.Exp(x * x * Lanes.All(-0.5f)) * Lanes.All(0.39894228f);
        return cotangent * Lanes.Fma(x, density, GeluOp.Normal(x));
    }
}

/// <summary>½x(1 + tanh u), u = √(2/π)(x + 0.044715x³).</summary>
internal readonly struct GeluTanhOp : ILane1
{
    public static Vector512<float> Apply(Vector512<float> x) => x * Lanes.Fma(Tanh(x), Lanes.All(0.5f), Lanes.All(0.5f));

    public static Vector512<float> Tanh(Vector512<float> x) =>
        VectorMath.Tanh(x * Lanes.Fma(x * x, Lanes.All(0.79788456f * 0.044715f), Lanes.All(0.79788456f)));
}

/// <summary>½(1 + t) + ½x(1 − t²)u′, times the cotangent.</summary>
internal readonly struct GeluTanhGradientOp : ILane2
{
    public static Vector512<float> Apply(Vector512<float> x, Vector512<float> cotangent)
    {
        var t = GeluTanhOp.Tanh(x);
        var slope = Lanes.Fma(x * x, Lanes.All(3 * 0.79788456f * 0.044715f), Lanes.All(0.79788456f));
        var half = Lanes.All(0.5f);
        return cotangent * Lanes.Fma(x * half * (Lanes.All(1f) - t * t), slope, Lanes.Fma(t, half, half));
    }
}
