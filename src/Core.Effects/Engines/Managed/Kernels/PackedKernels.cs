using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Functional.Graphs;

namespace Functional.Engines.Managed;

/// <summary>Matrices of few bits, eight numbers at a time: a word times powers of two brings each digit to the top, where a shift leaves it with its
/// sign.</summary>
internal static unsafe class PackedKernels
{
    /// <summary>Outputs that a stretch of a row is a multiple of, but for the row's last.</summary>
    public const int Unit = 8;

    /// <summary>Some outputs of a row, times their scales.</summary>
    /// <param name="packing">How it is kept.</param>
    /// <param name="row">The row's words.</param>
    /// <param name="scales">The scales of its group.</param>
    /// <param name="first">The first output, a multiple of <see cref="Unit"/>.</param>
    /// <param name="count">How many.</param>
    /// <param name="to">Where they go.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Row(BitPacking packing, int* row, float* scales, int first, int count, float* to)
    {
        var j = 0;
        for (; j + Unit <= count; j += Unit) (Eight(packing.Bits, row, first + j) * Vector256.Load(scales + first + j)).Store(to + j);
        for (; j < count; j++) to[j] = Digit(packing, row, first + j) * scales[first + j];
    }

    /// <summary>Adds a row's digits times a number to sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(BitPacking packing, int* row, float times, int first, int count, float* sums)
    {
        var (j, factor) = (0, Vector256.Create(times));
        for (; j + Unit <= count; j += Unit)
            Vector256.MultiplyAddEstimate(Eight(packing.Bits, row, first + j), factor, Vector256.Load(sums + j)).Store(sums + j);
        for (; j < count; j++) sums[j] += Digit(packing, row, first + j) * times;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<float> Eight(int bits, int* row, int at) => bits == 4
        ? Vector256.ConvertToSingle((Vector256.Create(row[at / 8] ^ 0x08888888) * Vector256.Create(1 << 28, 1 << 24, 1 << 20, 1 << 16, 1 << 12, 1 << 8,
            1 << 4, 1)) >> 28)
        : Vector256.ConvertToSingle((Vector256.Create(Vector128.Create(row[at / 4]), Vector128.Create(row[at / 4 + 1])) ^ Vector256.Create(0x00808080))
            * Vector256.Create(1 << 24, 1 << 16, 1 << 8, 1, 1 << 24, 1 << 16, 1 << 8, 1) >> 24);

    static int Digit(BitPacking packing, int* row, int at)
    {
        var (word, place) = (row[at / packing.InWord], at % packing.InWord);
        return place == packing.InWord - 1 ? word >> (32 - packing.Bits) : ((word >> (place * packing.Bits)) & ((1 << packing.Bits) - 1)) - packing.Bias;
    }
}
