using System.Runtime.CompilerServices;

namespace Functional.Base;

/// <summary>
/// A random key: the only source of randomness. Every draw is a pure function of a key and an index, by Threefry-2x32 with 20 rounds
/// (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011), so any engine, thread or order of
/// evaluation draws the same bits, and a resumed run those of an unbroken one.
/// </summary>
/// <remarks>
/// Draws use the 2^63 counters whose highest bit is 0, derived keys the others: a key may serve both purposes.
/// </remarks>
/// <param name="A">First key word.</param>
/// <param name="B">Second key word.</param>
public readonly record struct Key(uint A, uint B)
{
    const uint Derive = 0x8000_0000, DeriveHigh = 0x8000_0001;
    const double TwoToMinus32 = 1.0 / (1L << 32), TwoToMinus53 = 1.0 / (1L << 53);

    /// <summary>The key of a seed that a person chose; different seeds give different keys.</summary>
    public static Key Seed(ulong seed) => new((uint)(seed >> 32), (uint)seed);

    /// <summary>A derived key, independent of this one and of those for other <paramref name="data"/>.</summary>
    public Key FoldIn(uint data) => Of(Bits(data, Derive));

    /// <summary>A derived key for a step, row or index of any size; the same as for <see cref="uint"/> where both apply.</summary>
    public Key FoldIn(long data)
    {
        var low = FoldIn((uint)data);
        var high = (uint)(data >> 32);
        return high == 0 ? low : Of(low.Bits(high, DeriveHigh));
    }

    /// <summary>A derived key for a name, such as a parameter's: <c>FoldIn(StreamOf(name))</c>.</summary>
    public Key FoldIn(string name) => FoldIn(StreamOf(name));

    /// <summary><paramref name="n"/> derived keys, the i-th being <c>FoldIn(i)</c>.</summary>
    public Vec<Key> Split(int n)
    {
        var keys = new Key[n];
        for (var i = 0; i < n; i++) keys[i] = FoldIn((uint)i);
        return keys.ToVec();
    }

    /// <summary>The number of a name: FNV-1a, 32 bits, over its UTF-8 bytes.</summary>
    public static uint StreamOf(string name)
    {
        Span<byte> utf8 = stackalloc byte[4];
        var hash = 2166136261u;
        foreach (var rune in name.EnumerateRunes())
            foreach (var b in utf8[..rune.EncodeToUtf8(utf8)])
                hash = (hash ^ b) * 16777619u;
        return hash;
    }

    /// <summary>The Threefry block itself: two random words for a counter of two words.</summary>
    /// <param name="c0">Low counter word.</param>
    /// <param name="c1">High counter word.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public (uint X, uint Y) Bits(uint c0, uint c1)
    {
        uint a = A, b = B, c = a ^ b ^ Threefry.Parity;
        uint x = c0 + a, y = c1 + b;
        Even(ref x, ref y); x += b; y += c + 1;
        Odd(ref x, ref y); x += c; y += a + 2;
        Even(ref x, ref y); x += a; y += b + 3;
        Odd(ref x, ref y); x += b; y += c + 4;
        Even(ref x, ref y); x += c; y += a + 5;
        return (x, y);
    }

    /// <summary>The two random words of the <paramref name="index"/>-th draw, 0 ≤ index.</summary>
    public (uint X, uint Y) Bits(long index) => Bits((uint)index, (uint)(index >> 32) & ~Derive);

    /// <summary>64 random bits, the <paramref name="index"/>-th of this key.</summary>
    public ulong Bits64(long index)
    {
        var (x, y) = Bits(index);
        return ((ulong)x << 32) | y;
    }

    /// <summary>A number in [0, 1) on a grid of 2^-53.</summary>
    public double Uniform(long index) => (Bits64(index) >> 11) * TwoToMinus53;

    /// <summary>A whole number in [0, n). Any two outcomes' probabilities differ by at most 2^-64: exact when n is a power of 2.</summary>
    /// <param name="index">Which draw.</param>
    /// <param name="n">The number of outcomes, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">When n is below 1.</exception>
    public long Below(long index, long n)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(n, 1);
        return (long)Math.BigMul(Bits64(index), (ulong)n, out _);
    }

    /// <summary>
    /// A standard normal number by the Box-Muller transform: sqrt(-2 ln u) cos(2π v) with u in (0, 1] and v in [0, 1) on grids of 2^-32,
    /// hence never beyond ±6.67.
    /// </summary>
    public double Normal(long index)
    {
        var (x, y) = Bits(index);
        return Math.Sqrt(-2 * Math.Log((x + 1.0) * TwoToMinus32)) * Math.Cos(2 * Math.PI * (y * TwoToMinus32));
    }

    /// <summary>As <c>0123abcd:89ef4567</c>.</summary>
    public override string ToString() => $"{A:x8}:{B:x8}";

    static Key Of((uint X, uint Y) words) => new(words.X, words.Y);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Even(ref uint x, ref uint y)
    {
        x += y; y = uint.RotateLeft(y, Threefry.Even0) ^ x;
        x += y; y = uint.RotateLeft(y, Threefry.Even1) ^ x;
        x += y; y = uint.RotateLeft(y, Threefry.Even2) ^ x;
        x += y; y = uint.RotateLeft(y, Threefry.Even3) ^ x;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Odd(ref uint x, ref uint y)
    {
        x += y; y = uint.RotateLeft(y, Threefry.Odd0) ^ x;
        x += y; y = uint.RotateLeft(y, Threefry.Odd1) ^ x;
        x += y; y = uint.RotateLeft(y, Threefry.Odd2) ^ x;
        x += y; y = uint.RotateLeft(y, Threefry.Odd3) ^ x;
    }
}
