using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Functional.Engines;

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

/// <summary>Loops over the lanes of a tile; the operation is a type, so that each loop is compiled for it.</summary>
internal static unsafe class LaneLoops
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Map<TOp>(float* a, float* t, int n) where TOp : ILane1
    {
        var i = 0;
        for (; i <= n - 16; i += 16) TOp.Apply(Vector512.Load(a + i)).Store(t + i);
        if (i < n) Lanes.StoreFirst(t + i, TOp.Apply(Lanes.LoadFirst(a + i, n - i, 1f)), n - i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Map<TOp>(float* a, float* b, float* t, int n) where TOp : ILane2
    {
        var i = 0;
        for (; i <= n - 16; i += 16) TOp.Apply(Vector512.Load(a + i), Vector512.Load(b + i)).Store(t + i);
        if (i < n) Lanes.StoreFirst(t + i, TOp.Apply(Lanes.LoadFirst(a + i, n - i, 1f), Lanes.LoadFirst(b + i, n - i, 1f)), n - i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Map<TOp>(float* a, float* b, float* c, float* t, int n) where TOp : ILane3
    {
        var i = 0;
        for (; i <= n - 16; i += 16) TOp.Apply(Vector512.Load(a + i), Vector512.Load(b + i), Vector512.Load(c + i)).Store(t + i);
        if (i < n)
            Lanes.StoreFirst(t + i, TOp.Apply(Lanes.LoadFirst(a + i, n - i, 1f), Lanes.LoadFirst(b + i, n - i, 1f), Lanes.LoadFirst(c + i, n - i, 1f)), n - i);
    }
}

#pragma warning disable SA1649, CA1812 // One line an operation: they are only ever type arguments.
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
internal readonly struct MulAddOp : ILane3 { public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b, Vector512<float> c) => Lanes.Fma(a, b, c); }
internal readonly struct WhereOp : ILane3 { public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b, Vector512<float> c) => Vector512.ConditionalSelect(a, b, c); }
internal readonly struct NegIntOp : ILane1 { public static Vector512<float> Apply(Vector512<float> a) => (-a.AsInt32()).AsSingle(); }
internal readonly struct AddIntOp : ILane2 { public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b) => (a.AsInt32() + b.AsInt32()).AsSingle(); }
internal readonly struct SubIntOp : ILane2 { public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b) => (a.AsInt32() - b.AsInt32()).AsSingle(); }
internal readonly struct MulIntOp : ILane2 { public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b) => (a.AsInt32() * b.AsInt32()).AsSingle(); }
internal readonly struct MaxIntOp : ILane2 { public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b) => Vector512.Max(a.AsInt32(), b.AsInt32()).AsSingle(); }
internal readonly struct LessIntOp : ILane2 { public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b) => Vector512.LessThan(a.AsInt32(), b.AsInt32()).AsSingle(); }
internal readonly struct EqualIntOp : ILane2 { public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b) => Vector512.Equals(a.AsInt32(), b.AsInt32()).AsSingle(); }
internal readonly struct FloatToIntOp : ILane1 { public static Vector512<float> Apply(Vector512<float> a) => Vector512.ConvertToInt32(a).AsSingle(); }
internal readonly struct IntToFloatOp : ILane1 { public static Vector512<float> Apply(Vector512<float> a) => Vector512.ConvertToSingle(a.AsInt32()); }
internal readonly struct BoolToFloatOp : ILane1 { public static Vector512<float> Apply(Vector512<float> a) => a & Vector512.Create(1f); }
internal readonly struct BoolToIntOp : ILane1 { public static Vector512<float> Apply(Vector512<float> a) => (a.AsInt32() & Vector512<int>.One).AsSingle(); }
internal readonly struct FloatToBoolOp : ILane1 { public static Vector512<float> Apply(Vector512<float> a) => ~Vector512.Equals(a, Vector512<float>.Zero); }
internal readonly struct IntToBoolOp : ILane1 { public static Vector512<float> Apply(Vector512<float> a) => (~Vector512.Equals(a.AsInt32(), Vector512<int>.Zero)).AsSingle(); }

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
#pragma warning restore SA1649, CA1812
