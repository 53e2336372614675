using Functional.Base;

namespace Functional.Graphs;

/// <summary>
/// How a matrix from some inputs to some outputs is kept for reading it fast: in tiles of 32 outputs and a group of 32 inputs, each a run of words
/// <c>i32[panels, groups, words]</c>, panel by panel, so that a product reads memory once and in order. A tile is 32 scales as float16, one an output, then the
/// digits, input by input: in 8 bits a byte an output, two's complement; in 4 bits a byte for the outputs k and k + 16, digit + 8 each, the first in its
/// lower half. A number is digit · scale. Groups, scales and digits are those of GGUF's Q8_0 and Q4_0 blocks; what lies beyond the matrix is 0.
/// </summary>
/// <param name="Bits">Bits of a digit: 4 or 8. With its share of the scale a number takes 4.5 or 8.5.</param>
public sealed record PanelPacking(int Bits)
{
    /// <summary>Inputs that share a scale, and outputs of a panel.</summary>
    public const int Group = 32, Panel = 32;

    /// <summary>Words of a tile's scales.</summary>
    internal const int ScaleWords = Panel / 2;

    /// <summary>The largest digit; the least is its negative.</summary>
    public int Most => (1 << (Bits - 1)) - 1;

    /// <summary>Words of a tile.</summary>
    public int TileWords => ScaleWords + Group * Panel * Bits / 32;

    /// <summary>
    /// The digits of a group's numbers, to the nearest, ties to even, and their scale: the least float16 that reaches the largest, so that no number is off by more
    /// than half of it. Nothing where one cannot be kept (<see cref="Unkept"/>).
    /// </summary>
    /// <param name="group">Its numbers.</param>
    /// <param name="digits">Where the digits go.</param>
    public Half? Round(ReadOnlySpan<float> group, Span<sbyte> digits)
    {
        if (Unkept(group) is not null) return null;
        var largest = 0.0;
        foreach (var value in group) largest = Math.Max(largest, Math.Abs((double)value));
        var scale = (Half)(largest / Most);
        return Round(group, (double)scale < largest / Most ? Half.BitIncrement(scale) : scale, digits);
    }

    /// <summary>The digits of numbers with a scale that is known to reach them; the scale.</summary>
    internal static Half? Round(ReadOnlySpan<float> group, Half scale, Span<sbyte> digits)
    {
        for (var i = 0; i < group.Length; i++) digits[i] = scale == Half.Zero ? (sbyte)0 : (sbyte)Math.Round(group[i] / (double)scale);
        return scale;
    }

    /// <summary>The first of some numbers that cannot be kept: one that is not finite, or is larger than a float16 times the largest digit. Nothing where all can.</summary>
    public float? Unkept(ReadOnlySpan<float> numbers)
    {
        foreach (var value in numbers)
            if (!(Math.Abs((double)value) <= Most * (double)Half.MaxValue)) return value;
        return null;
    }

    /// <summary>How many groups of inputs there are.</summary>
    public static int Groups(int inputs) => (inputs + Group - 1) / Group;

    /// <summary>How many panels of outputs there are.</summary>
    public static int Panels(int outputs) => (outputs + Panel - 1) / Panel;

    /// <summary>The type of a matrix's words.</summary>
    /// <param name="outputs">Its outputs.</param>
    /// <param name="inputs">Its inputs.</param>
    public TensorType Words(int outputs, int inputs) => new([Panels(outputs), Groups(inputs), TileWords], DType.I32);
}

/// <summary>A matrix that is kept in panels, as float32: <c>[outputs, inputs]</c>. The argument are its words; no gradient flows to them.</summary>
/// <param name="Packing">How it is kept.</param>
/// <param name="Outputs">Its outputs.</param>
/// <param name="Inputs">Its inputs.</param>
/// <param name="Turned">Whether it is <c>[inputs, outputs]</c>, as linear layers have theirs.</param>
public sealed record PanelMatrix(PanelPacking Packing, int Outputs, int Inputs, bool Turned) : FusedKind
{
    /// <inheritdoc/>
    public override string Text => FormattableString.Invariant($"panel_matrix({Packing.Bits}, {Outputs}, {Inputs}{(Turned ? ", turned" : "")})");

    /// <inheritdoc/>
    public override Vec<TensorType> Types(Vec<TensorType> args)
    {
        Require(args is [var words] && words == Packing.Words(Outputs, Inputs), args, $"needs words {Packing.Words(Outputs, Inputs)}");
        return [new(Turned ? [Inputs, Outputs] : [Outputs, Inputs])];
    }

    /// <summary>x <c>[…, inputs]</c> times the matrix, to <c>[…, outputs]</c>.</summary>
    internal Tensor Product(Tensor x, Tensor words) =>
        new PanelMatMul(Packing, Outputs, Inputs).Result(0, [x.Reshape(-1, Inputs), words]).Reshape([.. x.Shape.SkipLast(1), Outputs]);

    /// <summary>x <c>[…, inputs]</c> times the transpose of a matrix <c>[outputs, inputs]</c>, as a head has it: without unpacking one that is kept in panels.</summary>
    public static Tensor Score(Tensor x, Tensor head) => head is { Op: Op.Fused { Kind: PanelMatrix { Turned: false } panels } }
        ? panels.Product(x, head.Args[0]) : x.MatMul(head.T());

    /// <summary>Rows of a table <c>[rows, width]</c> by <c>i32[…]</c>: without unpacking one that is kept in panels.</summary>
    public static Tensor Rows(Tensor table, Tensor rows) => table is { Op: Op.Fused { Kind: PanelMatrix { Turned: false } panels } }
        ? new PanelRows(panels.Packing, panels.Outputs, panels.Inputs).Result(0, [table.Args[0], rows.Reshape((int)rows.Type.Size)])
            .Reshape([.. rows.Shape, panels.Inputs])
        : table.Gather(rows);

    /// <inheritdoc/>
    public override Vec<Tensor> Expand(Vec<Tensor> args)
    {
        var (panels, groups) = (args[0].Shape[0], args[0].Shape[1]);
        const int group = PanelPacking.Group, panel = PanelPacking.Panel;
        // [panels, groups, inputs of a group, outputs of a panel]
        var words = args[0].Slice(2, PanelPacking.ScaleWords, Packing.TileWords - PanelPacking.ScaleWords).Reshape(panels, groups, group, -1);
        var digits = WordDigits.Unsigned(words, Packing.Bits);
        var whole = Packing.Bits == 8 ? Joined(digits.Map(d => d.Less(Whole(d, 128)).Where(d, d - Whole(d, 256))))
            : Movement.Concat(3, Joined(Every(digits, 0)), Joined(Every(digits, 1)));
        if (Packing.Bits == 4) whole -= Whole(whole, 8);
        var halves = WordDigits.Of(args[0].Slice(2, 0, PanelPacking.ScaleWords), 16);
        var scales = Joined(halves.Map(Real)).Reshape(panels, groups, 1, panel);
        var numbers = whole.Cast(DType.F32) * scales.BroadcastTo(whole.Shape);
        return
        [
            Turned ? numbers.Permute(1, 2, 0, 3).Reshape(groups * group, panels * panel).Slice(0, 0, Inputs).Slice(1, 0, Outputs)
                : numbers.Permute(0, 3, 1, 2).Reshape(panels * panel, groups * group).Slice(0, 0, Outputs).Slice(1, 0, Inputs),
        ];
    }

    static Tensor Whole(Tensor like, int value) => Create.Fill(value, like.Shape, DType.I32);

    static Vec<Tensor> Every(Vec<Tensor> digits, int first) => [.. digits.Where((_, i) => i % 2 == first)];

    // Digits of words […, n] as neighbours.
    static Tensor Joined(Vec<Tensor> digits) => digits[0].Shape is var shape
        ? Movement.Concat(shape.Count, [.. digits.Select(d => d.Reshape([.. shape, 1]))]).Reshape([.. shape.SkipLast(1), shape[^1] * digits.Count]) : digits[0];

    // The number that the bits of a float16 stand for, which is not negative: mantissa · 2^(exponent − 25), the mantissa with its hidden bit.
    static Tensor Real(Tensor bits)
    {
        var normal = bits.Less(Whole(bits, 1 << 10)).Not();
        var (rest, factor) = (bits, normal.Where(Create.Fill(Math.Pow(2, -25), bits.Shape), Create.Fill(Math.Pow(2, -24), bits.Shape)));
        for (var bit = 14; bit >= 10; bit--)
        {
            var without = rest.Less(Whole(bits, 1 << bit));
            (rest, factor) = (without.Where(rest, rest - Whole(bits, 1 << bit)), without.Where(factor, factor * Math.Pow(2, 1 << (bit - 10))));
        }
        return normal.Where(rest + Whole(bits, 1 << 10), rest).Cast(DType.F32) * factor;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Tensor?> Vjp(int output, Vec<Tensor> args, Tensor cotangent) => [null];

    /// <inheritdoc/>
    public override double Flops(Vec<TensorType> args) => (double)Outputs * Inputs;
}

/// <summary>Rows times a matrix that is kept in panels: x <c>[rows, inputs]</c> and words to <c>[rows, outputs]</c>.</summary>
/// <param name="Packing">How it is kept.</param>
/// <param name="Outputs">Its outputs.</param>
/// <param name="Inputs">Its inputs.</param>
public sealed record PanelMatMul(PanelPacking Packing, int Outputs, int Inputs) : FusedKind
{
    /// <inheritdoc/>
    public override string Text => FormattableString.Invariant($"panel_matmul({Packing.Bits}, {Outputs}, {Inputs})");

    /// <inheritdoc/>
    public override Vec<TensorType> Types(Vec<TensorType> args)
    {
        Require(args is [{ Rank: 2, DType: DType.F32 } x, var words] && x.Shape[1] == Inputs && words == Packing.Words(Outputs, Inputs), args,
            $"needs x f32[rows, {Inputs}] and words {Packing.Words(Outputs, Inputs)}");
        return [new([args[0].Shape[0], Outputs])];
    }

    /// <inheritdoc/>
    public override Vec<Tensor> Expand(Vec<Tensor> args) => [args[0].MatMul(new PanelMatrix(Packing, Outputs, Inputs, true).Result(0, [args[1]]))];

    /// <inheritdoc/>
    public override IReadOnlyList<Tensor?> Vjp(int output, Vec<Tensor> args, Tensor cotangent) =>
        [cotangent.MatMul(new PanelMatrix(Packing, Outputs, Inputs, false).Result(0, [args[1]])), null];

    /// <inheritdoc/>
    public override double Flops(Vec<TensorType> args) => (2.0 * args[0].Shape[0] + 1) * Outputs * Inputs;
}

/// <summary>Rows of a table that is kept in panels: words and rows <c>i32[n]</c> to <c>[n, width]</c>. A row of the table is an output of the packing.</summary>
/// <param name="Packing">How it is kept.</param>
/// <param name="Outputs">Rows of the table.</param>
/// <param name="Inputs">Its width.</param>
public sealed record PanelRows(PanelPacking Packing, int Outputs, int Inputs) : FusedKind
{
    /// <inheritdoc/>
    public override string Text => FormattableString.Invariant($"panel_rows({Packing.Bits}, {Outputs}, {Inputs})");

    /// <inheritdoc/>
    public override Vec<TensorType> Types(Vec<TensorType> args)
    {
        Require(args is [var words, { Rank: 1, DType: DType.I32 }] && words == Packing.Words(Outputs, Inputs), args,
            $"needs words {Packing.Words(Outputs, Inputs)} and rows i32[n]");
        return [new([args[1].Shape[0], Inputs])];
    }

    /// <inheritdoc/>
    public override Vec<Tensor> Expand(Vec<Tensor> args) => [new PanelMatrix(Packing, Outputs, Inputs, false).Result(0, [args[0]]).Gather(args[1])];

    /// <inheritdoc/>
    public override IReadOnlyList<Tensor?> Vjp(int output, Vec<Tensor> args, Tensor cotangent) => [null, null];

    /// <inheritdoc/>
    public override double Flops(Vec<TensorType> args) => (double)args[1].Shape[0] * Inputs;
}
