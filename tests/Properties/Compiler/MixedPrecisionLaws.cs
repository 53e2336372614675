using FsCheck;

namespace Functional.Tests.Properties;

/// <summary>Mixed precision says op by op what is rounded, and changes nothing else.</summary>
public sealed class MixedPrecisionLaws
{
    static Objective Learned(DecoderConfig config, DType type) => Objectives.NextToken(Models.Transformer.Of(config), new(2, config.Context)) with { Precision = new(type) };

    static DType TypeOf(bool half) => half ? DType.F16 : DType.BF16;

    static bool IsRounded(Tensor x, DType type)
    {
        while (x.Op is Op.Reshape or Op.Permute or Op.Broadcast or Op.Slice or Op.StopGradient) x = x.Args[0];
        return x.Op is Op.Cast && x.Args[0].DType == type;
    }

    /// <summary>Without its roundings the program is the float32 one, node by node.</summary>
    [Property(MaxTest = 60, Arbitrary = [typeof(AnyDecoder)])]
    public void Nothing_but_roundings_is_added(DecoderConfig config)
    {
        // In half precision the scale of the loss is a change of its own.
        var mixed = Learned(config, DType.BF16);
        var plain = Programs.Accumulate(mixed with { Precision = null });
        var bare = Graph.Rewrite(Programs.Accumulate(mixed).Outputs.Map(static o => o.Value), static (node, args) =>
            node.Op is Op.Cast && args[0] is { Op: Op.Cast, DType: DType.BF16 } && args[0].Args[0].DType == node.DType ? args[0].Args[0] : node.WithArgs(args));
        Assert.Equal(plain.Outputs.Map(static o => o.Value), bare);
    }

    /// <summary>Every factor of every product is rounded; so is every result that another product, a norm or an attention reads; and no gradient by a parameter.</summary>
    [Property(MaxTest = 60, Arbitrary = [typeof(AnyDecoder)])]
    public void Factors_and_activations_are_rounded_and_gradients_of_weights_are_not(DecoderConfig config, bool half)
    {
        var type = TypeOf(half);
        var program = Programs.Accumulate(Learned(config, type));
        var order = Graph.Topological(program.Outputs.Map(static o => o.Value));
        var factors = 0;
        foreach (var node in order)
            for (var i = 0; i < node.Args.Count; i++)
                if (MixedPrecision.RoundsArgument(node.Op, i) && node.Args[i].DType == DType.F32)
                {
                    factors++;
                    Assert.True(IsRounded(node.Args[i], type), $"argument {i} of {node}");
                }
        Assert.True(factors > 0);
        // What is added to the accumulator of a gradient was never rounded as a whole.
        foreach (var output in program.Outputs.Where(static o => o.Name.StartsWith("grad/", StringComparison.Ordinal)))
            Assert.False(IsRounded(output.Value.Args[1], type), output.Name);
    }

    /// <summary>In a plan all products of what was rounded to BF16 say so, forward and backward, and none that was not.</summary>
    [Property(MaxTest = 30, Arbitrary = [typeof(AnyDecoder)])]
    public void Plans_know_products_of_rounded_numbers(DecoderConfig config)
    {
        var mixed = Learned(config, DType.BF16);
        Assert.All(Products(mixed), static p => Assert.True(p.IsRounded));
        Assert.All(Products(mixed with { Precision = null }), static p => Assert.False(p.IsRounded));
        Assert.All(Products(mixed with { Precision = new(DType.F16) }), static p => Assert.False(p.IsRounded));

        static List<PlanStep.MatMul> Products(Objective objective)
        {
            List<PlanStep.MatMul> found = [.. Compiler.Compile(Programs.Accumulate(objective), Engines.Managed.ManagedEngine.HasKernel).Steps.OfType<PlanStep.MatMul>()];
            Assert.NotEmpty(found);
            return found;
        }
    }

    /// <summary>One rounded factor is not two, on either side, and what is only moved stays rounded, but what is computed does not.</summary>
    [Theory]
    [InlineData(false, false, false)]
    [InlineData(true, false, false)]
    [InlineData(false, true, false)]
    [InlineData(true, true, true)]
    public void A_product_is_of_rounded_numbers_where_both_factors_are(bool left, bool right, bool expected)
    {
        Tensor Factor(string name, bool rounded) => Create.Input(name, [32, 32]) is var x && rounded ? x.Cast(DType.BF16).Cast(DType.F32) : x;
        bool Known(Tensor a, Tensor b) => Assert.Single(Compiler.Compile(Program.Of([new("y", a.MatMul(b))]), static _ => false).Steps.OfType<PlanStep.MatMul>()).IsRounded;
        var (a, b) = (Factor("a", left), Factor("b", right));
        Assert.Equal(expected, Known(a, b));
        Assert.Equal(expected, Known(a.T(), b.T()));
        Assert.False(Known(a * a, b));
        Assert.False(Known(a, b + b));
    }

    /// <summary>A gradient that takes its forward op's own results takes them as they were before they were rounded, and knows them again.</summary>
    [Property(MaxTest = 30, Arbitrary = [typeof(AnyDecoder)])]
    public void Gradients_know_their_forward_ops_again(DecoderConfig config, bool half)
    {
        var mixed = Learned(config, TypeOf(half));
        Assert.Equal(Known(mixed with { Precision = null }), Known(mixed));

        static int Known(Objective objective) => Graph.Topological(Programs.Accumulate(objective).Outputs.Map(static o => o.Value)).Sum(static node =>
            node.Op is Op.Fused { Kind: var kind } && kind.Forward(node.Args) is { Op: Op.Fused own } forward
                ? node.Args.Count(arg => arg.Op is Op.Fused other && other.Kind.Equals(own.Kind) && arg.Args == forward.Args) : 0);
    }

    /// <summary>By hand: an MLP whose factors and results are rounded, forward and backward, with float32 sums for weights.</summary>
    [Property(MaxTest = 30)]
    public void An_mlp_is_what_it_is_by_hand(ulong seed, bool half)
    {
        var type = TypeOf(half);
        Value R(Value v) => Runs.Changed(v, (e, _) => Numbers.Convert(e, type));
        Tensor In(string name, params int[] shape) => Create.Input(name, [.. shape]);
        var (x, w1, w2) = (In("x", 3, 4), In("w1", 4, 5), In("w2", 5, 2));
        var loss = (x.MatMul(w1).Tanh().MatMul(w2) is var y ? y * y : x).SumAll();
        Vec<Tensor> gradients = Vjp.Gradients(loss, w1, w2);
        var given = new Dictionary<string, Value>
        {
            ["x"] = Runs.Normal(x.Type, Key.Seed(seed)), ["w1"] = Runs.Normal(w1.Type, Key.Seed(seed + 1)), ["w2"] = Runs.Normal(w2.Type, Key.Seed(seed + 2)),
        };
        var got = Evaluator.Run(new MixedPrecision(type).Run([loss, .. gradients], gradients), given);

        Value Of(Tensor t, params (string, Value)[] values) => Evaluator.Run([t], values.ToDictionary())[0];
        Value Product(Value a, Value b) => Of(Create.Input("a", a.Type).MatMul(Create.Input("b", b.Type)), ("a", a), ("b", b));
        Value Turned(Value a) => Of(Create.Input("a", a.Type).T(), ("a", a));
        var (rx, r1, r2) = (R(given["x"]), R(given["w1"]), R(given["w2"]));
        var h = R(Product(rx, r1));
        var t = Runs.Changed(h, static (e, _) => Math.Tanh(e));
        var o = R(Product(R(t), r2));
        var dy = Runs.Changed(o, static (e, _) => e * 1 + e * 1);
        var d2 = Product(Turned(R(t)), R(dy));
        var dt = R(Product(R(dy), Turned(r2)));
        var dh = Runs.Changed(dt, (e, i) => e * (1 - t[i] * t[i]));
        var d1 = Product(Turned(rx), R(dh));
        Runs.Close(Value.Scalar(o.Items.ToArray().Sum(static e => e * e)), got[0], 1e-9, "loss");
        Runs.Close(d1, got[1], 1e-9, "by w1");
        Runs.Close(d2, got[2], 1e-9, "by w2");
    }

    /// <summary>A step in 16 bits is near one in 32, but not the same; its gradients have the types of the parameters.</summary>
    [Property(MaxTest = 20, Arbitrary = [typeof(AnyGpt)])]
    public void A_step_is_near_that_of_float32(DecoderConfig config, ulong seed)
    {
        var model = Models.Transformer.Of(config with { Dropout = 0 });
        var plain = Objectives.NextToken(model, new(2, config.Context));
        var inputs = Runs.Parameters(model, seed).With((Names.Inputs, Runs.Tokens(new(2, config.Context), config.Vocabulary, seed)), (Names.Labels, Runs.Labels(new(2, config.Context), config.Vocabulary, seed)));
        double Loss(Objective o) => Programs.Step(o, GradientTransform.Identity, GradientClip.None)
            .Evaluate(inputs.With(Runs.Zeros(Programs.Slots(o, GradientTransform.Identity))).With(Runs.Scalars(Programs.StepScalars(GradientTransform.Identity, 1, 0.1))))[Names.Loss][0];
        var (exact, half) = (Loss(plain), Loss(plain with { Precision = new(DType.BF16) }));
        Assert.InRange(half, exact - 0.1 * Math.Abs(exact), exact + 0.1 * Math.Abs(exact));
    }

    /// <summary>Half precision is what the base library's is, for every float.</summary>
    [Property(MaxTest = 2000)]
    public void Rounding_to_f16_is_that_of_half(uint bits, bool near)
    {
        var x = BitConverter.UInt32BitsToSingle(bits);
        // Half of them where half precision has numbers at all, subnormal ones among them.
        if (near) x = (float)(Math.ScaleB(1 + bits / 4294967296.0, (int)(bits % 44) - 27) * (bits % 2 == 0 ? 1 : -1));
        Assert.Equal((double)(Half)x, Numbers.RoundToF16(x));
    }

    /// <summary>The precisions of engines are these policies.</summary>
    [Fact]
    public void Precisions_have_policies()
    {
        Assert.Equal(["", "", "BF16", "F16"], Enum.GetValues<Precision>().Select(static p => $"{MixedPrecision.Of(p)?.Type}"));
        Assert.Equal([false, true], ((MixedPrecision[])[new(DType.BF16), new(DType.F16)]).Select(static p => p.Scales));
    }
}
