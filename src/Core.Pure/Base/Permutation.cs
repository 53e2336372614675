namespace Functional.Base;

/// <summary>
/// A random permutation of 0 … n-1 in constant memory: a Feistel network over the smallest even number of bits that holds n, walked along
/// its cycle until the value is below n (Black and Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002). Always an exact
/// permutation; 8 rounds of Threefry make it look like a random one.
/// </summary>
public readonly record struct Permutation
{
    const int Rounds = 8;
    readonly int half;

    /// <summary>The permutation of 0 … n-1 that belongs to <paramref name="key"/>.</summary>
    /// <param name="key">Chooses among the permutations.</param>
    /// <param name="n">How many items, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">When n is below 1.</exception>
    public Permutation(Key key, long n)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(n, 1);
        (Key, Count) = (key, n);
        half = Math.Max(1, (64 - System.Numerics.BitOperations.LeadingZeroCount((ulong)(n - 1)) + 1) / 2);
    }

    /// <summary>The key that chose this permutation.</summary>
    public Key Key { get; }

    /// <summary>How many items are permuted.</summary>
    public long Count { get; }

    uint Mask => (uint)((1UL << half) - 1);

    /// <summary>The item at place <paramref name="i"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">When i is not in [0, Count).</exception>
    public long At(long i)
    {
        Check(i);
        var value = (ulong)i;
        do value = Forward(value); while (value >= (ulong)Count);
        return (long)value;
    }

    /// <summary>The place of an item: the inverse of <see cref="At"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">When item is not in [0, Count).</exception>
    public long PlaceOf(long item)
    {
        Check(item);
        var value = (ulong)item;
        do value = Backward(value); while (value >= (ulong)Count);
        return (long)value;
    }

    void Check(long i)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(i);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(i, Count);
    }

    ulong Forward(ulong value)
    {
        var (left, right) = ((uint)(value >> half), (uint)value & Mask);
        for (uint round = 0; round < Rounds; round++) (left, right) = (right, left ^ Mix(round, right));
        return ((ulong)left << half) | right;
    }

    ulong Backward(ulong value)
    {
        var (left, right) = ((uint)(value >> half), (uint)value & Mask);
        for (uint round = Rounds; round-- > 0;) (left, right) = (right ^ Mix(round, left), left);
        return ((ulong)left << half) | right;
    }

    uint Mix(uint round, uint value) => Key.Bits(value, round).X & Mask;
}
