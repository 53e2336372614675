using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Functional.Base;

namespace Functional.Layers;

/// <summary>
/// Many random floats at once: 16 from 8 neighbouring Threefry counters, element 16g + j from the first word of counter 8g + j and
/// element 16g + 8 + j from the second (both words together for a pair of normal ones). Only additions, multiplications, divisions and
/// square roots, never a fused multiply-add or a library's logarithm: every machine gives the same bits.
/// </summary>
static class Draws
{
    const int Group = 16;
    const float Unit24 = 1f / (1 << 24);

    /// <summary>Box-Muller pairs: r cos a and r sin a with r = √(−2 ln u).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Normal(Key key, long start, float std, Span<float> destination)
    {
        Span<float> part = stackalloc float[Group];
        for (int done = 0, count; done < destination.Length; done += count)
        {
            var (x, y) = Bits(key, (start + done) / Group);
            // u in (0, 1]: half a grid step above zero.
            var u = (Float(x >> 8) + Vector256.Create(0.5f)) * Unit24;
            var r = Vector256.Sqrt(Vector256.Create(-2f) * Log(u)) * std;
            // The two highest bits of y choose the quarter turn, the next 24 the angle within it, −π/4 … π/4.
            var a = (Float((y >> 6) & Vector256.Create(0xFFFFFFu)) + Vector256.Create(0.5f - (1 << 23))) * (float)(Math.PI / 2 / (1 << 24));
            var (sin, cos) = SinCos(a);
            var swap = Vector256.Equals((y >> 30) & Vector256<uint>.One, Vector256<uint>.One).AsSingle();
            var sign = (y & Vector256.Create(0x80000000u)).AsSingle();
            var first = (Vector256.ConditionalSelect(swap, sin, cos) ^ sign) * r;
            var second = (Vector256.ConditionalSelect(swap, -cos, sin) ^ sign) * r;
            count = Store(first, second, start + done, part, destination[done..]);
        }
    }

    /// <summary>Uniform in [−bound, bound), on a grid of bound · 2⁻²³.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Uniform(Key key, long start, float bound, Span<float> destination)
    {
        Span<float> part = stackalloc float[Group];
        for (int done = 0, count; done < destination.Length; done += count)
        {
            var (x, y) = Bits(key, (start + done) / Group);
            count = Store(Spread(x) * bound, Spread(y) * bound, start + done, part, destination[done..]);
        }

        static Vector256<float> Spread(Vector256<uint> bits) => Float(bits >> 8) * (2 * Unit24) - Vector256<float>.One;
    }

    // The part of a group that begins at element `at`; a whole group goes straight to its place.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int Store(Vector256<float> first, Vector256<float> second, long at, Span<float> part, Span<float> destination)
    {
        var skip = (int)(at % Group);
        var whole = skip == 0 && destination.Length >= Group;
        var target = whole ? destination : part;
        first.CopyTo(target);
        second.CopyTo(target[8..]);
        var count = Math.Min(Group - skip, destination.Length);
        if (!whole) part.Slice(skip, count).CopyTo(destination);
        return count;
    }

    /// <summary>The words of counters 8g … 8g + 7, as <see cref="Key.Bits(long)"/> gives them one at a time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static (Vector256<uint> X, Vector256<uint> Y) Bits(Key key, long group)
    {
        var index = group * 8;
        var (a, b, c) = (Vector256.Create(key.A), Vector256.Create(key.B), Vector256.Create(key.A ^ key.B ^ Threefry.Parity));
        // 8 neighbours never cross a multiple of 2³², so the high word is one for all.
        var x = Vector256.Create((uint)index) + Vector256.Create(0u, 1, 2, 3, 4, 5, 6, 7) + a;
        var y = Vector256.Create((uint)(index >> 32) & 0x7FFFFFFFu) + b;
        Even(ref x, ref y); x += b; y += c + Vector256.Create(1u);
        Odd(ref x, ref y); x += c; y += a + Vector256.Create(2u);
        Even(ref x, ref y); x += a; y += b + Vector256.Create(3u);
        Odd(ref x, ref y); x += b; y += c + Vector256.Create(4u);
        Even(ref x, ref y); x += c; y += a + Vector256.Create(5u);
        return (x, y);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Even(ref Vector256<uint> x, ref Vector256<uint> y)
    {
        x += y; y = Rotated(y, Threefry.Even0) ^ x;
        x += y; y = Rotated(y, Threefry.Even1) ^ x;
        x += y; y = Rotated(y, Threefry.Even2) ^ x;
        x += y; y = Rotated(y, Threefry.Even3) ^ x;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Odd(ref Vector256<uint> x, ref Vector256<uint> y)
    {
        x += y; y = Rotated(y, Threefry.Odd0) ^ x;
        x += y; y = Rotated(y, Threefry.Odd1) ^ x;
        x += y; y = Rotated(y, Threefry.Odd2) ^ x;
        x += y; y = Rotated(y, Threefry.Odd3) ^ x;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<uint> Rotated(Vector256<uint> x, byte turn) => x << turn | x >>> 32 - turn;

    // Exact: below 2²⁴.
    static Vector256<float> Float(Vector256<uint> below24Bits) => Vector256.ConvertToSingle(below24Bits.AsInt32());

    // ln u = e ln 2 + 2 artanh s, s = (m − 1)/(m + 1) for u = m 2ᵉ, m in [√½, √2): |s| < 0.172, the first term left out is below 1e-9.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<float> Log(Vector256<float> u)
    {
        var bits = u.AsInt32();
        var e = (bits - Vector256.Create(0x3F3504F3)) >> 23;
        var m = (bits - (e << 23)).AsSingle();
        var s = (m - Vector256<float>.One) / (m + Vector256<float>.One);
        var z = s * s;
        var series = (((z * (1f / 9) + Vector256.Create(1f / 7)) * z + Vector256.Create(1f / 5)) * z + Vector256.Create(1f / 3)) * z + Vector256<float>.One;
        return Vector256.ConvertToSingle(e) * 0.69314718f + s * series * 2f;
    }

    // Taylor's series for |a| ≤ π/4; the first terms left out are below 3e-9.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static (Vector256<float> Sin, Vector256<float> Cos) SinCos(Vector256<float> a)
    {
        var z = a * a;
        var sin = (((z * (1f / 362880) - Vector256.Create(1f / 5040)) * z + Vector256.Create(1f / 120)) * z - Vector256.Create(1f / 6)) * z * a + a;
        var cos = ((((Vector256.Create(1f / 40320) - z * (1f / 3628800)) * z - Vector256.Create(1f / 720)) * z + Vector256.Create(1f / 24)) * z - Vector256.Create(0.5f)) * z + Vector256<float>.One;
        return (sin, cos);
    }
}
