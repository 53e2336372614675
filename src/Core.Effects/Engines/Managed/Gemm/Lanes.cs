using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Functional.Engines.Managed;

/// <summary>A register of floats: the kernels are written once over it and compiled for each width.</summary>
internal unsafe interface ILanes<T> where T : struct, ILanes<T>
{
    static abstract int Count { get; }
    static abstract T Zero { get; }
    static abstract T Load(float* p);
    static abstract T Broadcast(float x);
    static abstract T Add(T x, T y);
    static abstract void MultiplyAdd(ref T sum, T x, T y);
    static abstract float Sum(T x);
    static abstract void Store(T x, float* p);
}

// MultiplyAddEstimate is one fused instruction where there is one, else a product and a sum, never a library call.
internal unsafe struct Lanes512(Vector512<float> v) : ILanes<Lanes512>
{
    private Vector512<float> v = v;
    public static int Count => 16;
    public static Lanes512 Zero { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => new(Vector512<float>.Zero); }
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Lanes512 Load(float* p) => new(Vector512.Load(p));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Lanes512 Broadcast(float x) => new(Vector512.Create(x));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Lanes512 Add(Lanes512 x, Lanes512 y) => new(x.v + y.v);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void MultiplyAdd(ref Lanes512 sum, Lanes512 x, Lanes512 y) =>
        sum.v = Vector512.MultiplyAddEstimate(x.v, y.v, sum.v);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float Sum(Lanes512 x) => Lanes256.Sum(new(x.v.GetLower() + x.v.GetUpper()));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void Store(Lanes512 x, float* p) => x.v.Store(p);
}

internal unsafe struct Lanes256(Vector256<float> v) : ILanes<Lanes256>
{
    private Vector256<float> v = v;
    public static int Count => 8;
    public static Lanes256 Zero { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => new(Vector256<float>.Zero); }
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Lanes256 Load(float* p) => new(Vector256.Load(p));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Lanes256 Broadcast(float x) => new(Vector256.Create(x));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Lanes256 Add(Lanes256 x, Lanes256 y) => new(x.v + y.v);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void MultiplyAdd(ref Lanes256 sum, Lanes256 x, Lanes256 y) =>
        sum.v = Vector256.MultiplyAddEstimate(x.v, y.v, sum.v);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float Sum(Lanes256 x) => Lanes128.Sum(new(x.v.GetLower() + x.v.GetUpper()));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void Store(Lanes256 x, float* p) => x.v.Store(p);
}

internal unsafe struct Lanes128(Vector128<float> v) : ILanes<Lanes128>
{
    private Vector128<float> v = v;
    public static int Count => 4;
    public static Lanes128 Zero { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => new(Vector128<float>.Zero); }
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Lanes128 Load(float* p) => new(Vector128.Load(p));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Lanes128 Broadcast(float x) => new(Vector128.Create(x));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Lanes128 Add(Lanes128 x, Lanes128 y) => new(x.v + y.v);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void MultiplyAdd(ref Lanes128 sum, Lanes128 x, Lanes128 y) =>
        sum.v = Vector128.MultiplyAddEstimate(x.v, y.v, sum.v);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float Sum(Lanes128 x) => Vector128.Sum(x.v);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void Store(Lanes128 x, float* p) => x.v.Store(p);
}

internal unsafe struct Lanes1(float v) : ILanes<Lanes1>
{
    private float v = v;
    public static int Count => 1;
    public static Lanes1 Zero => new(0f);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Lanes1 Load(float* p) => new(*p);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Lanes1 Broadcast(float x) => new(x);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Lanes1 Add(Lanes1 x, Lanes1 y) => new(x.v + y.v);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void MultiplyAdd(ref Lanes1 sum, Lanes1 x, Lanes1 y) =>
        sum.v = float.MultiplyAddEstimate(x.v, y.v, sum.v);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float Sum(Lanes1 x) => x.v;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void Store(Lanes1 x, float* p) => *p = x.v;
}
