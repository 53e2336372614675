using Functional.Base;

namespace Functional.Graphs;

/// <summary>Words of 32 bits as digits of fewer, in whole numbers alone, whose every step is exact.</summary>
static class WordDigits
{
    /// <summary>The digits of words, each of the words' shape, from the lowest on; the last has the sign, the others none.</summary>
    /// <param name="words">The words, <c>i32</c>.</param>
    /// <param name="bits">Bits of a digit: a power of two up to 32.</param>
    public static Vec<Tensor> Of(Tensor words, int bits) => Of(words, 32, true, bits);

    /// <summary>The same with digits from 0 on.</summary>
    public static Vec<Tensor> Unsigned(Tensor words, int bits) => Of(words, bits) is var all && all[^1] is var top
        ? all.With(all.Count - 1, top.Less(top.Like(0)).Where(top + Create.Fill(1 << bits, top.Shape, DType.I32), top)) : all;

    // By halves, the last of which has the sign.
    static Vec<Tensor> Of(Tensor x, int bits, bool signed, int each)
    {
        if (bits == each) return [x];
        Tensor Whole(double value) => Create.Fill(value, x.Shape, DType.I32);
        var (half, negative) = (bits / 2, x.Less(x.Like(0)));
        var rest = signed ? negative.Where(x - Whole(-Math.Pow(2, bits - 1)), x) : x;
        var high = signed ? negative.Where(Whole(-Math.Pow(2, half - 1)), x.Like(0)) : x.Like(0);
        for (var bit = signed ? half - 2 : half - 1; bit >= 0; bit--)
        {
            var without = rest.Less(Whole(Math.Pow(2, bit + half)));
            (rest, high) = (without.Where(rest, rest - Whole(Math.Pow(2, bit + half))), without.Where(high, high + Whole(Math.Pow(2, bit))));
        }
        return [.. Of(rest, half, false, each), .. Of(high, half, signed, each)];
    }
}
