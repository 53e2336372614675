namespace Functional.Tests.Properties;

/// <summary>A shape mistake names the op and prints what it was given.</summary>
public sealed class TypeRuleTests
{
    static Tensor F(params Vec<int> shape) => Create.Input("x", shape);

    static Tensor I(params Vec<int> shape) => Create.Input("i", shape, DType.I32);

    static Tensor B(params Vec<int> shape) => Create.Input("b", shape, DType.Bool);

    static Func<Tensor> Of(Op op, params Vec<Tensor> args) => () => Tensor.Of(op, args.Span);

    static readonly (string Op, Func<Tensor> Make, string[] Shapes)[] Mistakes =
    [
        ("add", () => F(2, 3) + F(4), ["f32[2, 3]", "f32[4]"]),
        ("add", Of(new Op.Binary(new BinaryFunction.Add()), F(2), I(2)), ["f32[2]", "i32[2]"]),
        ("add", Of(new Op.Binary(new BinaryFunction.Add()), F(2)), ["f32[2]"]),
        ("add", Of(new Op.Binary(new BinaryFunction.Add()), B(2), B(2)), ["bool[2]"]),
        ("div", Of(new Op.Binary(new BinaryFunction.Div()), I(2), I(2)), ["i32[2]"]),
        ("exp", () => I(3).Exp(), ["i32[3]"]),
        ("neg", () => -B(3), ["bool[3]"]),
        ("less", () => F(2, 3).Less(F(2)), ["f32[2, 3]", "f32[2]"]),
        ("where", Of(new Op.Where(), F(2), F(2), F(2)), ["f32[2]"]),
        ("where", () => B(2).Where(F(3), F(3)), ["bool[2]", "f32[3]"]),
        ("input(x)", () => F(2, 0), ["[2, 0]"]),
        ("fill(1)", () => Create.Fill(1, [70_000, 70_000]), ["[70000, 70000]"]),
        ("iota(axis=2)", () => Create.Iota([2, 3], 2), ["0..1"]),
        ("random_bits", () => Create.RandomBits(I(3), [2], 0), ["i32[3]"]),
        ("reshape[4, 2]", () => F(2, 3).Reshape(4, 2), ["f32[2, 3]"]),
        ("reshape[3, 0]", () => F(1, 2).Reshape(3, -1), ["f32[1, 2]"]),
        ("permute[0, 0]", () => F(2, 3).Permute(0, 0), ["f32[2, 3]"]),
        ("permute[1, 0]", () => F(2, 3, 4).Permute(1, 0), ["f32[2, 3, 4]"]),
        ("broadcast[3, 3]", Of(new Op.Broadcast([3, 3]), F(2, 3)), ["f32[2, 3]"]),
        ("slice(starts=[0, 2], lengths=[2, 2])", () => F(2, 3).Slice(1, 2, 2), ["f32[2, 3]"]),
        ("slice(starts=[2147483647], lengths=[2])", () => F(4).Slice(0, int.MaxValue, 2), ["f32[4]"]),
        ("slice", Of(new Op.Slice([0], [1]), F(2, 3)), ["f32[2, 3]"]),
        ("pad", () => F(2).Pad([-1], [0]), ["f32[2]"]),
        ("pad", () => F(2).Pad([int.MaxValue], [3]), ["f32[2]"]),
        ("concat(axis=0)", () => Movement.Concat(0, F(2, 3), F(2, 4)), ["f32[2, 3]", "f32[2, 4]"]),
        ("concat(axis=2)", () => Movement.Concat(2, F(2, 3), F(2, 3)), ["f32[2, 3]"]),
        ("sum(axes=[2])", () => F(2, 3).Sum(2), ["f32[2, 3]"]),
        ("sum(axes=[1, 1])", () => F(2, 3).Sum(1, -1), ["f32[2, 3]"]),
        ("max(axes=[0])", () => B(2).ReduceMax(0), ["bool[2]"]),
        ("argmax(axis=1)", Of(new Op.ArgMax(1), F(2)), ["f32[2]"]),
        ("cumsum(axis=1)", () => F(2).CumSum(1), ["f32[2]"]),
        ("cumsum(axis=0)", () => B(2).CumSum(0), ["bool[2]"]),
        ("matmul", () => F(2, 3).MatMul(F(4, 2)), ["f32[2, 3]", "f32[4, 2]"]),
        ("matmul", () => F(3).MatMul(F(3)), ["f32[3]"]),
        ("matmul", () => I(3, 3).MatMul(I(3, 3)), ["i32[3, 3]"]),
        ("matmul", () => F(2, 3, 3).MatMul(F(3, 3, 3)), ["f32[2, 3, 3]", "f32[3, 3, 3]"]),
        ("gather", () => F(2, 3).Gather(F(2)), ["f32[2, 3]", "f32[2]"]),
        ("gather", () => F().Gather(I(2)), ["f32[]", "i32[2]"]),
        ("scatter_add", () => F(5, 3).ScatterAdd(I(2), F(2, 4)), ["f32[5, 3]", "i32[2]", "f32[2, 4]"]),
        ("attention", () => new Attention(1).Result(0, [F(1, 2, 3, 4), F(1, 2, 2, 4), F(1, 2, 2, 4)]), ["f32[1, 2, 3, 4]", "f32[1, 2, 2, 4]"]),
        ("attention", () => new Attention(1).Result(2, [F(1, 2, 3, 4), F(1, 2, 3, 4), F(1, 2, 3, 4)]), ["f32[1, 2, 3, 4]"]),
        ("attention_gradient", () => new AttentionGradient(new Attention(1, true)).Result(0, [F(1)]), ["f32[1]"]),
        ("layer_norm(eps=1E-05)", () => new LayerNorm().Result(0, [F(2, 3), F(2)]), ["f32[2, 3]", "f32[2]"]),
        ("layer_norm_gradient", () => new LayerNormGradient(1).Result(0, [F(2, 3), F(2)]), ["f32[2, 3]", "f32[2]"]),
        ("gelu", () => new Gelu(false).Result(0, [I(2)]), ["i32[2]"]),
        ("gelu_gradient", () => new GeluGradient(false).Result(0, [F(2), F(3)]), ["f32[2]", "f32[3]"]),
        ("deferred", () => new Deferred().Result(0, [F(2)]), ["f32[2]"]),
        ("block_end", () => new BlockEnd().Result(0, [F(2), F(3)]), ["f32[2]", "f32[3]"]),
        ("scaled_sum(scale=2)", () => new ScaledSum(2).Result(0, [F(2), F(3)]), ["f32[2]", "f32[3]"]),
        ("scaled_sum", () => new ScaledSum(2).Result(0, [F(2)]), ["f32[2]"]),
        ("ranks", () => new Ranks().Result(0, [F(2, 3), F(3, 2)]), ["f32[2, 3]", "f32[3, 2]"]),
        ("ranks", () => new Ranks().Result(0, [I(2, 3), I(2, 3)]), ["i32[2, 3]"]),
        ("cache_write", () => new CacheWrite().Result(0, [F(2, 3), F(2, 4, 5), I(2)]), ["f32[2, 3]", "f32[2, 4, 5]"]),
        ("cache_write", () => new CacheWrite().Result(0, [F(3, 3), F(2, 3), I(2)]), ["f32[3, 3]", "f32[2, 3]"]),
        ("cache_write", () => new CacheWrite().Result(0, [F(2, 3), F(2, 3), I()]), ["f32[2, 3]", "i32[]"]),
        ("attention", () => new Attention(1).Result(0, [F(2, 2, 3, 4), F(2, 2, 3, 4), F(2, 2, 3, 4), I()]), ["f32[2, 2, 3, 4]", "i32[]"]),
        ("attention", () => new Attention(1).Result(0, [F(2, 2, 3, 4), F(3, 2, 3, 4), F(3, 2, 3, 4), I(2)]), ["f32[2, 2, 3, 4]", "f32[3, 2, 3, 4]"]),
        ("attention", () => new Attention(1) { Sinks = 1 }.Result(0, [F(1, 2, 3, 4), F(1, 2, 3, 4), F(1, 2, 3, 4)]), ["f32[1, 2, 3, 4]", "a window for sinks"]),
        ("attention", () => new Attention(1, false) { Window = 1 }.Result(0, [F(1, 2, 3, 4), F(1, 2, 3, 4), F(1, 2, 3, 4)]), ["a causal mask for a window"]),
        ("attention", () => new Attention(1, false) { HasAlibi = true }.Result(0, [F(1, 2, 3, 4), F(1, 2, 3, 4), F(1, 2, 3, 4)]), ["a causal mask for distances"]),
        ("attention", () => new Attention(1) { Window = 2, Rolling = true }.Result(0, [F(1, 2, 3, 4), F(1, 2, 3, 4), F(1, 2, 3, 4), I(1)]), ["window + queries"]),
        ("cache_write(rolling", () => new CacheWrite { Rolling = true, Sinks = 2 }.Result(0, [F(2, 3), F(2, 2), I(2)]), ["f32[2, 3]", "f32[2, 2]"]),
        ("cache_write(sinks=1)", () => new CacheWrite { Sinks = 1 }.Result(0, [F(2, 3), F(2, 2), I(2)]), ["f32[2, 3]", "f32[2, 2]"]),
        ("rms_norm(eps=1E-06)", () => new RmsNorm().Result(0, [F(2, 3), F(2)]), ["f32[2, 3]", "f32[2]"]),
        ("rms_norm_gradient", () => new RmsNormGradient(1).Result(0, [F(2, 3), F(2), F(2, 3)]), ["f32[2, 3]", "f32[2]"]),
        ("rotation(halves)", () => new Rotation(false).Result(0, [F(1, 2, 3, 3), F(1, 2, 2), F(1, 2, 2)]), ["f32[1, 2, 3, 3]", "f32[1, 2, 2]"]),
        ("rotation(interleaved)", () => new Rotation(true).Result(0, [F(2, 2, 3, 4), F(3, 2, 2), F(3, 2, 2)]), ["f32[2, 2, 3, 4]", "f32[3, 2, 2]"]),
        ("expert_order(experts=2)", () => new ExpertOrder(2).Result(0, [F(3)]), ["f32[3]"]),
        ("expert_order(experts=0)", () => new ExpertOrder(0).Result(0, [I(3)]), ["i32[3]"]),
        ("grouped_matmul", () => new GroupedMatMul().Result(0, [F(4, 2), F(3, 3, 2), I(3)]), ["f32[4, 2]", "f32[3, 3, 2]"]),
        ("grouped_matmul(transposed)", () => new GroupedMatMul(true).Result(0, [F(4, 2), F(3, 5, 2), I(2)]), ["f32[3, 5, 2]", "i32[2]"]),
        ("grouped_outer", () => new GroupedOuter().Result(0, [F(4, 2), F(3, 2), I(3)]), ["f32[4, 2]", "f32[3, 2]"]),
        ("packed_matrix", () => new PackedMatrix(BitPacking.Int8).Result(0, [I(3, 2), F(1, 9)]), ["i32[3, 2]", "f32[1, 9]"]),
        ("packed_matmul", () => new PackedMatMul(BitPacking.Int8).Result(0, [F(2, 4), I(3, 2), F(1, 8)]), ["f32[2, 4]", "i32[3, 2]"]),
        ("panel_matrix(8, 40, 3)", () => new PanelMatrix(new(8), 40, 3, false).Result(0, [I(1, 1, 272)]), ["i32[1, 1, 272]", "i32[2, 1, 272]"]),
        ("panel_matmul(4, 3, 40)", () => new PanelMatMul(new(4), 3, 40).Result(0, [F(2, 41), I(1, 2, 144)]), ["f32[2, 41]", "i32[1, 2, 144]"]),
        ("panel_rows(4, 3, 40)", () => new PanelRows(new(4), 3, 40).Result(0, [I(1, 2, 272), I(2)]), ["i32[1, 2, 272]", "i32[2]"]),
        ("listed(1)", () => new Listed([1]).Result(0, [F(2)]), ["f32[2]"]),
        ("listed()", () => new Listed([]).Result(0, []), []),
        ("linear_cross_entropy", () => new LinearCrossEntropy().Result(0, [F(2, 3), F(4, 5), I(2)]), ["f32[2, 3]", "f32[4, 5]", "i32[2]"]),
        ("linear_log_probabilities", () => new LinearLogProbabilities().Result(0, [F(2, 3), F(4, 5), I(2)]), ["f32[2, 3]", "f32[4, 5]", "i32[2]"]),
        ("linear_log_probabilities_gradient", () => new LinearLogProbabilitiesGradient().Result(0, [F(2, 3), F(4, 3), I(2), F(3)]), ["f32[2, 3]", "f32[4, 3]", "i32[2]", "f32[3]"]),
    ];

    public static TheoryData<int, string> Cases => [.. Mistakes.Select(static (m, i) => (i, m.Op))];

    [Theory, MemberData(nameof(Cases))]
    public void AMistakeNamesTheOpAndPrintsTheShapes(int number, string op)
    {
        var fault = Assert.Throws<ArgumentException>(() => Mistakes[number].Make());
        Assert.StartsWith(op, fault.Message, StringComparison.Ordinal);
        Assert.All(Mistakes[number].Shapes, s => Assert.Contains(s, fault.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void EveryFusedKindHasAMistakeHere() => Assert.Empty(GradientRow.FusedKinds()
        .Select(t => GradientTable.Rows.Select(r => r.Node.Op).OfType<Op.Fused>().First(f => f.Kind.GetType() == t).Kind.Text.Split('(')[0])
        .Except(Mistakes.Select(static m => m.Op.Split('(')[0])));

    [Fact]
    public void OperandsBroadcastAlignedAtTheirLastAxes()
    {
        Assert.Equal(new TensorType([4, 2, 3]), (F(4, 1, 3) + Create.Input("y", [2, 1])).Type);
        Assert.Equal(new TensorType([2, 3], DType.Bool), F(3).Less(Create.Input("y", [2, 1])).Type);
        Assert.Equal(new TensorType([4, 2, 3]), B(4, 1, 1).Where(F(2, 1), Create.Input("y", [3])).Type);
    }
}
