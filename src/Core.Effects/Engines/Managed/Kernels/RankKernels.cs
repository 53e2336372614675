using System.Runtime.CompilerServices;

namespace Functional.Engines.Managed;

/// <summary>Ranks by sorting: by digits of 8 bits from the lowest up, which keeps the order of what is equal.</summary>
internal static unsafe class RankKernels
{
    const int Digits = 4, Values = 256;

    /// <summary>Bytes that sorting n numbers needs: keys and places, twice.</summary>
    public static long ScratchBytes(int n) => 4L * n * sizeof(int);

    /// <summary>rank and before of one row, each unless null; sums are taken in double precision.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Row(float* x, float* mass, int n, int* rank, float* before, void* scratch)
    {
        // Two sets of keys and their places: each digit goes from one to the other.
        uint* keys = (uint*)scratch, otherKeys = keys + 2 * (nint)n;
        var counts = stackalloc int[Digits * Values];
        new Span<int>(counts, Digits * Values).Clear();
        for (var i = 0; i < n; i++)
        {
            var key = Descending(x[i]);
            (keys[i], Places(keys, n)[i]) = (key, i);
            for (var digit = 0; digit < Digits; digit++) counts[digit * Values + Digit(key, digit)]++;
        }
        for (var digit = 0; digit < Digits; digit++)
        {
            var next = counts + digit * Values;
            if (next[Digit(keys[0], digit)] == n) continue;
            for (int value = 0, sum = 0; value < Values; value++)
            {
                var count = next[value];
                next[value] = sum;
                sum += count;
            }
            for (var i = 0; i < n; i++)
            {
                var at = next[Digit(keys[i], digit)]++;
                (otherKeys[at], Places(otherKeys, n)[at]) = (keys[i], Places(keys, n)[i]);
            }
            var sorted = otherKeys;
            otherKeys = keys;
            keys = sorted;
        }
        var total = 0.0;
        for (var i = 0; i < n; i++)
        {
            var place = Places(keys, n)[i];
            if (rank != null) rank[place] = i;
            if (before != null) before[place] = (float)total;
            total += mass[place];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int* Places(uint* keys, int n) => (int*)(keys + n);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int Digit(uint key, int digit) => (int)(key >> 8 * digit) & (Values - 1);

    // Smaller for larger numbers. The sum makes −0 and 0 one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static uint Descending(float x)
    {
        var bits = BitConverter.SingleToUInt32Bits(x + 0f);
        return (bits & 0x80000000) != 0 ? bits : ~bits & 0x7FFFFFFF;
    }
}
