using Functional.Base;
using Functional.Graphs;

namespace Functional.Learning;

/// <summary>
/// State tensors of optimisers in 8 bits (after Dettmers et al. 2022, "8-bit optimizers via block-wise quantization"): blocks of 256 numbers with a scale each. Numbers
/// of either sign are kept by their square roots, and squares by their fourth roots, so that small ones keep as many digits as they need: a number is kept to
/// |x − x′| ≤ (√(x s) / 127 + s / 254²), where s is the largest of its block.
/// </summary>
public static class EightBits
{
    /// <summary>Numbers that share a scale.</summary>
    public const int Block = 256;

    /// <summary>Parameters with fewer numbers keep float32: they are few, and often norms.</summary>
    public const int Fewest = 4096;

    static readonly BitPacking packing = BitPacking.Int8;

    /// <summary>A transform whose states have the parameter's shape, with these in 8 bits where the parameter is large.</summary>
    /// <param name="inner">The transform.</param>
    /// <param name="areSquares">Whether a state of a name is a mean of squares, which is never negative; it is then never rounded down, for it is divided by.</param>
    public static GradientTransform Of(GradientTransform inner, Func<string, bool> areSquares) => GradientTransform.Where(static spec => spec.Type.Size >= Fewest, new(
        spec => [.. inner.Slots(spec).SelectMany(s => Slots(s.Name, spec.Type.Size))],
        inner.Scalars,
        c =>
        {
            var kept = inner.Slots(c.Spec).Select(s => (s.Name, Unpacked(c.Slots[Codes(s.Name)], c.Slots[Scales(s.Name)], s.Type.Shape, areSquares(s.Name)))).ToParams();
            var (update, next) = inner.Apply(c with { Slots = kept });
            return new(update, next.SelectMany(s => Packed(s.Value, areSquares(s.Name)) is var (codes, scales)
                ? new[] { (Codes(s.Name), codes), (Scales(s.Name), scales) } : []).ToParams());
        }), inner);

    /// <summary>Adam with decoupled weight decay and its two means in 8 bits.</summary>
    public static GradientTransform AdamW(double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double decay = 0.01) => GradientTransform.Chain(
        Of(Optimisers.ScaleByAdam(beta1, beta2, epsilon), static name => name == "v"), Optimisers.AddDecayedWeights(decay), Optimisers.ScaleByLearningRate());

    /// <summary>Numbers as codes <c>i32[blocks, 64]</c>, four in a word, and scales <c>f32[blocks, 1]</c>.</summary>
    /// <param name="numbers">Any tensor.</param>
    /// <param name="squares">Whether none is negative, and none may be rounded down.</param>
    internal static (Tensor Codes, Tensor Scales) Packed(Tensor numbers, bool squares)
    {
        var (size, blocks) = ((int)numbers.Type.Size, Blocks(numbers.Type.Size));
        var flat = numbers.Reshape(size);
        if (blocks * Block > size) flat = flat.Pad([0], [blocks * Block - size]);
        var rows = flat.Reshape(blocks, Block);
        var scales = rows.Abs().ReduceMax(1);
        var share = rows / scales.Max(scales.Like(1e-37));
        var negative = share.Less(share.Like(0));
        var root = share.Abs().Sqrt();
        // Towards 0: half a step more is the nearest one, a whole step less a trifle the next one up.
        var digits = squares ? (root.Sqrt() * 254 + 0.999).Cast(DType.I32) - Whole(127, rows)
            : negative.Where(-(root * 127 + 0.5).Cast(DType.I32), (root * 127 + 0.5).Cast(DType.I32));
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
