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

/// <summary>
/// A register of a tile: rows of lanes at a distance, anywhere in memory. A distance of 0 repeats one row; a mask of 0 repeats one vector.
/// </summary>
internal unsafe struct Lane(float* at, nint row, nint mask)
{
    /// <summary>The first lane.</summary>
    public readonly float* At = at;

    /// <summary>Floats from a row to the next.</summary>
    public readonly nint Row = row;

    /// <summary>−1, or 0 where all lanes are alike and only the first vector is kept.</summary>
    public readonly nint Mask = mask;

    /// <summary>The vector at lane <paramref name="i"/> of the row that begins at <paramref name="p"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Vector512<float> Load(float* p, nint i) => Vector512.Load(p + (i & Mask));

    /// <summary>The last, partial vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Vector512<float> LoadRest(float* p, nint i, int count) => Lanes.LoadFirst(p + (i & Mask), Mask == 0 ? Lanes.Width : count, 1f);
}

/// <summary>Loops over the lanes of a tile; the operation is a type, so that each loop is compiled for it.</summary>
internal static unsafe class LaneLoops
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Map<TOp>(Lane a, Lane t, int rows, int columns) where TOp : ILane1
    {
        for (var (r, p, to) = (0, (nint)a.At, (nint)t.At); r < rows; r++, p += a.Row * sizeof(float), to += t.Row * sizeof(float))
        {
            nint i = 0;
            for (; i <= columns - Lanes.Width; i += Lanes.Width) TOp.Apply(a.Load((float*)p, i)).Store((float*)to + i);
            if (i < columns) Lanes.StoreFirst((float*)to + i, TOp.Apply(a.LoadRest((float*)p, i, (int)(columns - i))), (int)(columns - i));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Map<TOp>(Lane a, Lane b, Lane t, int rows, int columns) where TOp : ILane2
    {
        var (p, q, to) = ((nint)a.At, (nint)b.At, (nint)t.At);
        for (var r = 0; r < rows; r++, p += a.Row * sizeof(float), q += b.Row * sizeof(float), to += t.Row * sizeof(float))
        {
            nint i = 0;
            for (; i <= columns - Lanes.Width; i += Lanes.Width) TOp.Apply(a.Load((float*)p, i), b.Load((float*)q, i)).Store((float*)to + i);
            var rest = (int)(columns - i);
            if (rest > 0) Lanes.StoreFirst((float*)to + i, TOp.Apply(a.LoadRest((float*)p, i, rest), b.LoadRest((float*)q, i, rest)), rest);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Map<TOp>(Lane a, Lane b, Lane c, Lane t, int rows, int columns) where TOp : ILane3
    {
        var (p, q, s, to) = ((nint)a.At, (nint)b.At, (nint)c.At, (nint)t.At);
        for (var r = 0; r < rows; r++, p += a.Row * sizeof(float), q += b.Row * sizeof(float), s += c.Row * sizeof(float), to += t.Row * sizeof(float))
        {
            nint i = 0;
            for (; i <= columns - Lanes.Width; i += Lanes.Width)
                TOp.Apply(a.Load((float*)p, i), b.Load((float*)q, i), c.Load((float*)s, i)).Store((float*)to + i);
            var rest = (int)(columns - i);
            if (rest > 0)
                Lanes.StoreFirst((float*)to + i, TOp.Apply(a.LoadRest((float*)p, i, rest), b.LoadRest((float*)q, i, rest), c.LoadRest((float*)s, i, rest)), rest);
        }
    }

    /// <summary>t = a ∘ b over <paramref name="n"/> lanes one behind the other.</summary>
    public static void Map<TOp>(float* a, float* b, float* t, int n) where TOp : ILane2 => Map<TOp>(new Lane(a, 0, -1), new Lane(b, 0, -1), new Lane(t, 0, -1), 1, n);
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
