using Functional.Base;

namespace Functional.Graphs;

/// <summary>
/// How a matrix <c>[inputs, outputs]</c> is kept as whole numbers of few bits: neighbouring outputs share a word, <c>i32[inputs, words]</c>, and are times a
/// scale of their output and group of inputs, <c>f32[groups, outputs]</c>. A word is Σ digit · 2^(bits · place), with the digits from −<see cref="Most"/> to
/// <see cref="Most"/>, to all but the last of which <see cref="Bias"/> is added.
/// </summary>
/// <param name="Bits">Bits of a number: 4 or 8.</param>
/// <param name="Group">How many inputs share a scale; 0 for all.</param>
public sealed record BitPacking(int Bits, int Group)
{
    /// <summary>8 bits, with a scale an output.</summary>
    public static BitPacking Int8 { get; } = new(8, 0);

    /// <summary>4 bits, with a scale for 64 inputs of an output.</summary>
    public static BitPacking Int4 { get; } = new(4, 64);

    /// <summary>Numbers in a word.</summary>
    public int InWord => 32 / Bits;

    /// <summary>The largest digit.</summary>
    public int Most => (1 << (Bits - 1)) - 1;

    /// <summary>What is added to digits that are not the last of their word.</summary>
    public int Bias => 1 << (Bits - 1);

    /// <summary>The type of the words of a matrix.</summary>
    public TensorType Words(int inputs, int outputs) => new([inputs, (outputs + InWord - 1) / InWord], DType.I32);

    /// <summary>The type of the scales of a matrix.</summary>
    public TensorType Scales(int inputs, int outputs) => new([Groups(inputs), outputs]);

    /// <summary>How many groups of inputs there are.</summary>
    public int Groups(int inputs) => Group == 0 ? 1 : (inputs + Group - 1) / Group;

    /// <summary>As <c>4, 64</c>.</summary>
    public override string ToString() => FormattableString.Invariant($"{Bits}, {Group}");
}

/// <summary>
/// A matrix that is kept packed, <c>f32[inputs, outputs]</c>. Arguments: words and scales, as <see cref="Graphs.BitPacking"/> says. No gradient flows to
/// either.
/// </summary>
/// <param name="Packing">How.</param>
public sealed record PackedMatrix(BitPacking Packing) : FusedKind
{
    /// <inheritdoc/>
    public override string Text => $"packed_matrix({Packing})";

    /// <inheritdoc/>
    public override Vec<TensorType> Types(Vec<TensorType> args)
    {
        Require(Fits(Packing, args), args, "needs words i32[inputs, words] and scales f32[groups, outputs]");
        return [new([args[0].Shape[0], args[1].Shape[1]])];
    }

    internal static bool Fits(BitPacking packing, IReadOnlyList<TensorType> args) =>
        args is [{ Rank: 2, DType: DType.I32 } words, { Rank: 2, DType: DType.F32 } scales]
        && words == packing.Words(words.Shape[0], scales.Shape[1]) && scales == packing.Scales(words.Shape[0], scales.Shape[1]);

    /// <inheritdoc/>
    public override Vec<Tensor> Expand(Vec<Tensor> args)
    {
        var (inputs, outputs, words) = (args[0].Shape[0], args[1].Shape[1], args[0].Shape[1]);
        var digits = WordDigits.Of(args[0], Packing.Bits).Map((d, i) => (i == Packing.InWord - 1 ? d : d - Create.Fill(Packing.Bias, d.Shape, DType.I32)).Reshape(inputs,
            words, 1));
        var whole = Movement.Concat(2, [.. digits]).Reshape(inputs, words * Packing.InWord).Slice(1, 0, outputs).Cast(DType.F32);
        var (groups, length) = (args[1].Shape[0], Packing.Group == 0 ? inputs : Packing.Group);
        var scales = args[1].Reshape(groups, 1, outputs).BroadcastTo([groups, length, outputs]).Reshape(groups * length, outputs).Slice(0, 0, inputs);
        return [whole * scales];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Tensor?> Vjp(int output, Vec<Tensor> args, Tensor cotangent)
    {
        var (inputs, outputs, groups) = (args[0].Shape[0], args[1].Shape[1], args[1].Shape[0]);
        var length = Packing.Group == 0 ? inputs : Packing.Group;
        // By a scale it is the digits.
        var each = cotangent * Result(0, [args[0], args[1].Like(1)]);
        return [null, each.Pad([0, 0], [groups * length - inputs, 0]).Reshape(groups, length, outputs).Sum(1).Reshape(groups, outputs)];
    }

    /// <inheritdoc/>
    public override double Flops(Vec<TensorType> args) => (double)args[0].Shape[0] * args[1].Shape[1];
}

/// <summary>
/// Rows times a matrix that is kept packed: x <c>[rows, inputs]</c>, words and scales to <c>[rows, outputs]</c>, or, transposed, x <c>[rows, outputs]</c> to
/// <c>[rows, inputs]</c>. The gradient by x is the same kind of product, so that no step keeps a matrix unpacked.
/// </summary>
/// <param name="Packing">How the matrix is kept.</param>
/// <param name="Transposed">Whether it is turned first.</param>
public sealed record PackedMatMul(BitPacking Packing, bool Transposed = false) : FusedKind
{
    /// <summary>x <c>[…, inputs]</c> times a matrix <c>[inputs, outputs]</c>: by the kind that reads it as it is kept, where it is a packed one.</summary>
    public static Tensor Of(Tensor x, Tensor matrix) => matrix switch
    {
        { Op: Op.Fused { Kind: PackedMatrix packed } } =>
            new PackedMatMul(packed.Packing).Result(0, [x.Reshape(-1, x.Shape[^1]), .. matrix.Args]).Reshape([.. x.Shape.SkipLast(1), matrix.Shape[1]]),
        { Op: Op.Fused { Kind: PanelMatrix { Turned: true } panels } } => panels.Product(x, matrix.Args[0]),
        _ => x.MatMul(matrix),
    };

    /// <inheritdoc/>
    public override string Text => $"packed_matmul({Packing}{(Transposed ? ", transposed" : "")})";

    /// <inheritdoc/>
    public override Vec<TensorType> Types(Vec<TensorType> args)
    {
        Require(args is [{ Rank: 2, DType: DType.F32 } x, _, _] && PackedMatrix.Fits(Packing, [.. args.Skip(1)])
            && x.Shape[1] == (Transposed ? args[2].Shape[1] : args[1].Shape[0]), args,
                "needs x f32[rows, inputs], words i32[inputs, words] and scales f32[groups, outputs]");
        return [new([args[0].Shape[0], Transposed ? args[1].Shape[0] : args[2].Shape[1]])];
    }

    /// <inheritdoc/>
    public override Vec<Tensor> Expand(Vec<Tensor> args)
    {
        var matrix = new PackedMatrix(Packing).Result(0, [args[1], args[2]]);
        return [args[0].MatMul(Transposed ? matrix.T() : matrix)];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Tensor?> Vjp(int output, Vec<Tensor> args, Tensor cotangent) =>
    [
        new PackedMatMul(Packing, !Transposed).Result(0, [cotangent, args[1], args[2]]), null,
        new PackedMatrix(Packing).Vjp(0, [args[1], args[2]], Transposed ? cotangent.T().MatMul(args[0]) : args[0].T().MatMul(cotangent))[1],
    ];

    /// <inheritdoc/>
    internal override bool IsFactor(int argument) => argument == 0;

    /// <inheritdoc/>
    internal override bool IsProduct(int output) => true;

    /// <inheritdoc/>
    public override double Flops(Vec<TensorType> args) => (2.0 * args[0].Shape[0] + 1) * args[1].Shape[0] * args[2].Shape[1];
}
