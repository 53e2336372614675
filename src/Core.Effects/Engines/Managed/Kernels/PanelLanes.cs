using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Functional.Engines.Managed;

/// <summary>A register of floats that digits of few bits are read into: the kernel of panels is written once over it.</summary>
internal unsafe interface IPanelLanes<T> where T : struct, IPanelLanes<T>
{
    static abstract int Count { get; }
    static abstract T Zero { get; }
    static abstract T Broadcast(float x);

    /// <summary>Signed bytes.</summary>
    static abstract T Bytes(sbyte* p);

    /// <summary>The lower halves of bytes, less 8.</summary>
    static abstract T Low(byte* p);

    /// <summary>The upper halves of bytes, less 8.</summary>
    static abstract T High(byte* p);

    /// <summary>Numbers of 16 bits that are not negative.</summary>
    static abstract T Scales(ushort* p);
    static abstract T Add(T x, T y);
    static abstract void MultiplyAdd(ref T sum, T x, T y);
    static abstract void Store(T x, float* p);
}

// MultiplyAddEstimate is one fused instruction where there is one, else a product and a sum, never a library call.
internal unsafe struct Panel512(Vector512<float> v) : IPanelLanes<Panel512>
{
    private Vector512<float> v = v;
    public static int Count => 16;
    public static Panel512 Zero { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => new(Vector512<float>.Zero); }
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Panel512 Broadcast(float x) => new(Vector512.Create(x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Panel512 Bytes(sbyte* p) => new(Vector512.ConvertToSingle(Avx512F.IsSupported ? Avx512F.ConvertToVector512Int32(Vector128.Load(p))
        : Vector512.Create(Panel256.Whole(p), Panel256.Whole(p + 8))));

    // The instruction reads the lowest four bits of each index alone.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Panel512 Low(byte* p) => new(Avx512F.IsSupported ? Avx512F.PermuteVar16x32(Table, Avx512F.ConvertToVector512Int32(Vector128.Load(p)))
        : Vector512.ConvertToSingle(Vector512.Create(Panel256.Lower(p), Panel256.Lower(p + 8))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Panel512 High(byte* p) => new(Avx512F.IsSupported ? Avx512F.PermuteVar16x32(Table, Avx512F.ConvertToVector512Int32(Vector128.Load(p)) >>> 4)
        : Vector512.ConvertToSingle(Vector512.Create(Panel256.Upper(p), Panel256.Upper(p + 8))));

    static Vector512<float> Table
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)] get => Vector512.Create(-8f, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Panel512 Scales(ushort* p) => new(Vector512.Create(Panel256.Real(p), Panel256.Real(p + 8)));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Panel512 Add(Panel512 x, Panel512 y) => new(x.v + y.v);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void MultiplyAdd(ref Panel512 sum, Panel512 x, Panel512 y) =>
        sum.v = Vector512.MultiplyAddEstimate(x.v, y.v, sum.v);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void Store(Panel512 x, float* p) => x.v.Store(p);
}

internal unsafe struct Panel256(Vector256<float> v) : IPanelLanes<Panel256>
{
    private Vector256<float> v = v;
    public static int Count => 8;
    public static Panel256 Zero { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => new(Vector256<float>.Zero); }
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Panel256 Broadcast(float x) => new(Vector256.Create(x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<int> Whole(sbyte* p) => Avx2.IsSupported ? Avx2.ConvertToVector256Int32(p)
        : Vector256.Create(Panel128.Whole(p), Panel128.Whole(p + 4));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<int> Unsigned(byte* p) => Avx2.IsSupported ? Avx2.ConvertToVector256Int32(p)
        : Vector256.Create(Panel128.Unsigned(p), Panel128.Unsigned(p + 4));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<int> Lower(byte* p) => (Unsigned(p) & Vector256.Create(15)) - Vector256.Create(8);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<int> Upper(byte* p) => (Unsigned(p) >>> 4) - Vector256.Create(8);

    // Of a normal number the bits move into their places; a smaller one is a whole number of units.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<float> Real(ushort* p)
    {
        var (low, high) = Vector128.Widen(Vector128.Load(p));
        var bits = Vector256.Create(low, high).AsInt32();
        return Vector256.ConditionalSelect(Vector256.LessThan(bits, Vector256.Create(1 << 10)).AsSingle(),
            Vector256.ConvertToSingle(bits) * Vector256.Create(1f / (1 << 24)), ((bits << 13) + Vector256.Create(112 << 23)).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Panel256 Bytes(sbyte* p) => new(Vector256.ConvertToSingle(Whole(p)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Panel256 Low(byte* p) => new(Vector256.ConvertToSingle(Lower(p)));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Panel256 High(byte* p) => new(Vector256.ConvertToSingle(Upper(p)));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Panel256 Scales(ushort* p) => new(Real(p));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Panel256 Add(Panel256 x, Panel256 y) => new(x.v + y.v);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void MultiplyAdd(ref Panel256 sum, Panel256 x, Panel256 y) =>
        sum.v = Vector256.MultiplyAddEstimate(x.v, y.v, sum.v);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void Store(Panel256 x, float* p) => x.v.Store(p);
}

internal unsafe struct Panel128(Vector128<float> v) : IPanelLanes<Panel128>
{
    private Vector128<float> v = v;
    public static int Count => 4;
    public static Panel128 Zero { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => new(Vector128<float>.Zero); }
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Panel128 Broadcast(float x) => new(Vector128.Create(x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<int> Whole(sbyte* p) => Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(int*)p).AsSByte()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<int> Unsigned(byte* p) => Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(int*)p).AsByte())).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Panel128 Bytes(sbyte* p) => new(Vector128.ConvertToSingle(Whole(p)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Panel128 Low(byte* p) => new(Vector128.ConvertToSingle((Unsigned(p) & Vector128.Create(15)) - Vector128.Create(8)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Panel128 High(byte* p) => new(Vector128.ConvertToSingle((Unsigned(p) >>> 4) - Vector128.Create(8)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Panel128 Scales(ushort* p)
    {
        var bits = Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(long*)p).AsUInt16()).AsInt32();
        return new(Vector128.ConditionalSelect(Vector128.LessThan(bits, Vector128.Create(1 << 10)).AsSingle(),
            Vector128.ConvertToSingle(bits) * Vector128.Create(1f / (1 << 24)), ((bits << 13) + Vector128.Create(112 << 23)).AsSingle()));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Panel128 Add(Panel128 x, Panel128 y) => new(x.v + y.v);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void MultiplyAdd(ref Panel128 sum, Panel128 x, Panel128 y) =>
        sum.v = Vector128.MultiplyAddEstimate(x.v, y.v, sum.v);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void Store(Panel128 x, float* p) => x.v.Store(p);
}
