using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Functional.Base;

namespace Functional.Engines.Managed;

/// <summary>
/// Threefry-2x32 with 20 rounds (Salmon et al., SC 2011), sixteen counters at a time; the scalar definition is <see cref="Key.Bits(uint, uint)"/>.
/// </summary>
internal static unsafe class RandomKernels
{
    /// <summary>bits[i] = first word of the block of key (key0, key1) at counter (start + i, stream), for i &lt; n.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Fill(uint key0, uint key1, uint stream, uint start, int* bits, int n)
    {
        var counter = Vector512<uint>.Indices + Vector512.Create(start);
        var i = 0;
        // Two independent blocks hide each other's latency: within one, every operation waits for the last.
        for (; i <= n - 32; i += 32, counter += Vector512.Create(32u))
        {
            var x0 = counter + Vector512.Create(key0);
            var x1 = counter + Vector512.Create(key0 + 16u);
            var y0 = Vector512.Create(stream + key1);
            var y1 = y0;
            Rounds(key0, key1, ref x0, ref y0, ref x1, ref y1);
            x0.AsInt32().Store(bits + i);
            x1.AsInt32().Store(bits + i + 16);
        }
        for (; i < n; i += 16, counter += Vector512.Create(16u))
        {
            var x = counter + Vector512.Create(key0);
            var y = Vector512.Create(stream + key1);
            var (u, v) = (x, y);
            Rounds(key0, key1, ref x, ref y, ref u, ref v);
            Lanes.StoreFirst((float*)bits + i, x.AsSingle(), Math.Min(16, n - i));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Rounds(uint a, uint b, ref Vector512<uint> x0, ref Vector512<uint> y0, ref Vector512<uint> x1, ref Vector512<uint> y1)
    {
        var c = a ^ b ^ Threefry.Parity;
        Even(ref x0, ref y0, ref x1, ref y1);
        Inject(b, c + 1, ref x0, ref y0, ref x1, ref y1);
        Odd(ref x0, ref y0, ref x1, ref y1);
        Inject(c, a + 2, ref x0, ref y0, ref x1, ref y1);
        Even(ref x0, ref y0, ref x1, ref y1);
        Inject(a, b + 3, ref x0, ref y0, ref x1, ref y1);
        Odd(ref x0, ref y0, ref x1, ref y1);
        Inject(b, c + 4, ref x0, ref y0, ref x1, ref y1);
        Even(ref x0, ref y0, ref x1, ref y1);
        Inject(c, a + 5, ref x0, ref y0, ref x1, ref y1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Inject(uint x, uint y, ref Vector512<uint> x0, ref Vector512<uint> y0, ref Vector512<uint> x1, ref Vector512<uint> y1)
    {
        var (u, v) = (Vector512.Create(x), Vector512.Create(y));
        x0 += u;
        y0 += v;
        x1 += u;
        y1 += v;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Even(ref Vector512<uint> x0, ref Vector512<uint> y0, ref Vector512<uint> x1, ref Vector512<uint> y1)
    {
        Mix(Threefry.Even0, ref x0, ref y0, ref x1, ref y1);
        Mix(Threefry.Even1, ref x0, ref y0, ref x1, ref y1);
        Mix(Threefry.Even2, ref x0, ref y0, ref x1, ref y1);
        Mix(Threefry.Even3, ref x0, ref y0, ref x1, ref y1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Odd(ref Vector512<uint> x0, ref Vector512<uint> y0, ref Vector512<uint> x1, ref Vector512<uint> y1)
    {
        Mix(Threefry.Odd0, ref x0, ref y0, ref x1, ref y1);
        Mix(Threefry.Odd1, ref x0, ref y0, ref x1, ref y1);
        Mix(Threefry.Odd2, ref x0, ref y0, ref x1, ref y1);
        Mix(Threefry.Odd3, ref x0, ref y0, ref x1, ref y1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Mix([ConstantExpected] byte turn, ref Vector512<uint> x0, ref Vector512<uint> y0, ref Vector512<uint> x1, ref Vector512<uint> y1)
    {
        x0 += y0;
        x1 += y1;
        y0 = Rotate(y0, turn) ^ x0;
        y1 = Rotate(y1, turn) ^ x1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<uint> Rotate(Vector512<uint> v, [ConstantExpected] byte turn) =>
        Avx512F.IsSupported ? Avx512F.RotateLeft(v, turn) : Vector512.ShiftLeft(v, turn) | Vector512.ShiftRightLogical(v, 32 - turn);
}
