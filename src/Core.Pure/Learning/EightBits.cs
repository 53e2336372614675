using Functional.Base;
using Functional.Graphs;

namespace Functional.Learning;

/// <summary>
/// State tensors of optimisers in 8 bits (after Dettmers et al. 2022, "8-bit optimizers via block-wise quantization"): blocks of 256 numbers with a scale each. Numbers
/// of either sign are kept by their square roots, and squares by their fourth roots, so that small ones keep as many digits as they need: a root is kept to a digit,
/// up or down. Which, changes from step to step so that the mean of many is right: a mean that forgets a hundredth a step would never fall, if its digit were
/// always the nearest one, or the next one up.
/// </summary>
public static class EightBits
{
    /// <summary>Numbers that share a scale.</summary>
    public const int Block = 256;

    /// <summary>Parameters with fewer numbers keep float32: they are few, and often norms.</summary>
    public const int Fewest = 4096;

    static readonly BitPacking packing = BitPacking.Int8;

    // Shares of 1 that fill it evenly, over the steps and over the places of a block (Roberts 2018, of the plastic number).
    const double BySteps = 0.5698402909980532, ByPlaces = 0.7548776662466927;

    // Below this digit of a fourth root the next one down would be another number altogether.
    const double Sure = 4;

    static readonly StepScalar turn = new("8-bit-turn", static t => t * BySteps % 1);

    /// <summary>A transform whose states have the parameter's shape, with these in 8 bits where the parameter is large.</summary>
    /// <param name="inner">The transform.</param>
    /// <param name="areSquares">Whether a state of a name is a mean of squares, which is never negative; the smallest are then not rounded down, for they are divided by.</param>
    public static GradientTransform Of(GradientTransform inner, Func<string, bool> areSquares) => GradientTransform.Where(static spec => spec.Type.Size >= Fewest, new(
        spec => [.. inner.Slots(spec).SelectMany(s => Slots(s.Name, spec.Type.Size))],
        [.. inner.Scalars, turn],
        c =>
        {
            var kept = inner.Slots(c.Spec).Select(s => (s.Name, Unpacked(c.Slots[Codes(s.Name)], c.Slots[Scales(s.Name)], s.Type.Shape, areSquares(s.Name)))).ToParams();
            var (update, next) = inner.Apply(c with { Slots = kept });
            return new(update, next.SelectMany(s => Packed(s.Value, areSquares(s.Name), c.Scalar(turn.Name)) is var (codes, scales)
                ? new[] { (Codes(s.Name), codes), (Scales(s.Name), scales) } : []).ToParams());
        }), inner);

    /// <summary>Adam with decoupled weight decay and its two means in 8 bits.</summary>
    public static GradientTransform AdamW(double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double decay = 0.01) => GradientTransform.Chain(
        Of(Optimisers.ScaleByAdam(beta1, beta2, epsilon), static name => name == "v"), Optimisers.AddDecayedWeights(decay), Optimisers.ScaleByLearningRate());

    /// <summary>Numbers as codes <c>i32[blocks, 64]</c>, four in a word, and scales <c>f32[blocks, 1]</c>.</summary>
    /// <param name="numbers">Any tensor.</param>
    /// <param name="squares">Whether none is negative, and the smallest may not be rounded down.</param>
    /// <param name="turn">What decides which are rounded up: a number in [0, 1).</param>
    internal static (Tensor Codes, Tensor Scales) Packed(Tensor numbers, bool squares, Tensor turn)
    {
        var (size, blocks) = ((int)numbers.Type.Size, Blocks(numbers.Type.Size));
        var flat = numbers.Reshape(size);
        if (blocks * Block > size) flat = flat.Pad([0], [blocks * Block - size]);
        var rows = flat.Reshape(blocks, Block);
        var scales = rows.Abs().ReduceMax(1);
        var share = rows / scales.Max(scales.Like(1e-37));
        var negative = share.Less(share.Like(0));
        var root = share.Abs().Sqrt();
        // Short of a whole one: a digit that is whole stays.
        var up = Fraction(Create.Iota([1, Block], 1).Cast(DType.F32) * ByPlaces + turn) * 0.999;
        var fourth = root.Sqrt() * 254;
        var digits = squares ? fourth.Less(fourth.Like(Sure)).Where(fourth + 0.999, fourth + up).Cast(DType.I32) - Whole(127, rows)
            : negative.Where(-(root * 127 + up).Cast(DType.I32), (root * 127 + up).Cast(DType.I32));
        var places = digits.Reshape(blocks, Block / packing.InWord, packing.InWord);
        var word = Enumerable.Range(0, packing.InWord).Select(i => Place(places, i)).Aggregate(static (a, b) => a + b);
        return (word, scales);
    }

    /// <summary>The numbers again.</summary>
    internal static Tensor Unpacked(Tensor codes, Tensor scales, Vec<int> shape, bool squares)
    {
        var digits = new PackedMatrix(packing).Result(0, [codes, Create.Fill(1, [1, Block])]);
        var root = squares ? (digits + 127) / 254 : digits / 127;
        var share = root * root;
        var numbers = (squares ? share * share : digits.Less(digits.Like(0)).Where(-share, share)) * scales;
        var size = shape.Aggregate(1, static (n, d) => n * d);
        return numbers.Reshape(numbers.Shape[0] * Block).Slice(0, 0, size).Reshape(shape);
    }

    static Tensor Fraction(Tensor x) => x - x.Cast(DType.I32).Cast(DType.F32);

    static Tensor Place(Tensor digits, int place)
    {
        var digit = digits.Slice(2, place, 1).Reshape(digits.Shape[0], digits.Shape[1]);
        var biased = place == packing.InWord - 1 ? digit : digit + Whole(packing.Bias, digit);
        return biased * Whole(Math.Pow(2, packing.Bits * place), biased);
    }

    static Tensor Whole(double value, Tensor like) => Create.Fill(value, like.Shape, DType.I32);

    static int Blocks(long size) => (int)((size + Block - 1) / Block);

    static SlotSpec[] Slots(string name, long size) =>
        [new(Codes(name), packing.Words(Blocks(size), Block)), new(Scales(name), new([Blocks(size), 1]))];

    static string Codes(string name) => $"{name}.codes";

    static string Scales(string name) => $"{name}.scales";
}
