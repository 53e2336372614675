using FsCheck;

namespace Functional.Tests.Properties;

/// <summary>One head spelt out, several heads fused, and dropout on the weights, against each other.</summary>
public sealed class AttentionLaws
{
    const double Exact = 1e-10;

    static Dictionary<string, Value> Parameters(Layer layer, ulong seed) =>
        layer.Params.ToDictionary(static p => p.Name, p => Runs.Normal(p.Value.Type, Key.Seed(seed).FoldIn(p.Name), 0.7));

    static Env Inputs(Layer layer) => Env.Of(layer.Params.Map(static (name, spec) => Create.Input(name, spec.Type)));

    static Value Columns(Value x, int start, int count) => Value.Of(
        new(x.Type.Rank == 1 ? [count] : [x.Type.Shape[0], count]),
        [.. Enumerable.Range(0, (int)x.Type.Size / x.Type.Shape[^1] * count).Select(i => x[i / count * x.Type.Shape[^1] + start + i % count])]);

    static Value Rows(Value x, int start, int count) =>
        Value.Of(new([count, x.Type.Shape[1]]), x.Items.Slice(start * x.Type.Shape[1], count * x.Type.Shape[1]));

    // Heads are neighbouring slices of q, k and v: each alone is the head spelt out, and the output layer sums over them.
    [Property(MaxTest = 40)]
    public void Several_heads_are_single_heads_side_by_side(PositiveInt a, PositiveInt b, PositiveInt c, bool bias, ushort seed)
    {
        var (heads, size, time) = (1 + a.Get % 3, 1 + b.Get % 4, 1 + c.Get % 5);
        var width = heads * size;
        var multi = Nn.SelfAttention(width, heads, bias);
        var given = Parameters(multi, seed);
        var x = Create.Input("x", [2, time, width]);
        var input = Runs.Normal(x.Type, Key.Seed(seed));
        var env = Inputs(multi) with { Path = "", Wants = static _ => true };
        var flow = multi.Apply(env, x);
        var all = Evaluator.Run([flow.Value, flow.Side[0].Value], given.With(("x", input)));
        var sum = new double[all[0].Type.Size];
        for (var h = 0; h < heads; h++)
        {
            var head = Nn.AttentionHead(width, size, bias);
            var of = new Dictionary<string, Value> { ["x"] = input, ["w"] = Rows(given["out.weight"], h * size, size) };
            foreach (var (part, i) in new[] { "query", "key", "value" }.Select(static (p, i) => (p, i)))
            {
                of[$"{part}.weight"] = Columns(given["qkv.weight"], i * width + h * size, size);
                if (bias) of[$"{part}.bias"] = Columns(given["qkv.bias"], i * width + h * size, size);
            }
            var one = head.Apply(Inputs(head) with { Wants = static _ => true }, x);
            var results = Evaluator.Run([one.Value.MatMul(Create.Input("w", [size, width])), one.Side[0].Value], of);
            for (var i = 0; i < sum.Length; i++) sum[i] += results[0][i] + (bias && h == 0 ? given["out.bias"][i % width] : 0);
            for (var row = 0; row < 2; row++)
                for (var i = 0; i < time * time; i++)
                    Assert.Equal(results[1][row * time * time + i], all[1][(row * heads + h) * time * time + i], Exact);
        }
        Runs.Close(Value.Of(all[0].Type, sum), all[0], Exact);
    }

    [Property(MaxTest = 40)]
    public void The_weights_that_come_out_make_the_output(PositiveInt a, PositiveInt b, ushort seed)
    {
        var (heads, time, size) = (1 + a.Get % 3, 1 + b.Get % 5, 2);
        var layer = Nn.SelfAttention(heads * size, heads);
        var x = Create.Input("x", [1, time, heads * size]);
        var flow = layer.Apply(Inputs(layer) with { Wants = static name => name == Names.Weights("") }, x);
        Assert.Equal([Names.Weights("")], flow.Side.Select(static s => s.Name));
        var v = (x.MatMul(Create.Input("qkv.weight", [heads * size, 3 * heads * size])) + Create.Input("qkv.bias", [3 * heads * size])).Split(3)[2];
        var mixed = flow.Side[0].Value.MatMul(v.Reshape(1, time, heads, size).Permute(0, 2, 1, 3)).Permute(0, 2, 1, 3).Reshape(x.Shape);
        var again = mixed.MatMul(Create.Input("out.weight", [heads * size, heads * size])) + Create.Input("out.bias", [heads * size]);
        var values = Evaluator.Run([flow.Value, again], Parameters(layer, seed).With(("x", Runs.Normal(x.Type, Key.Seed(seed)))));
        Runs.Close(values[0], values[1], Exact);
    }

    [Fact]
    public void Heads_must_divide_the_width() => Assert.Throws<ArgumentException>(() => Nn.SelfAttention(10, 3));

    // With every weight dropped or kept as it is, the unfused path must be the fused one or zero; on average over keys it is the fused one.
    [Fact]
    public void Dropout_on_weights_keeps_the_expectation()
    {
        var (plain, dropped) = (Nn.SelfAttention(4, 2), Nn.SelfAttention(4, 2, dropout: 0.3));
        var x = Create.Input("x", [2, 5, 4]);
        var given = Parameters(plain, 3).With(("x", Runs.Normal(x.Type, Key.Seed(8))));
        var exact = Evaluator.Run([plain.Apply(Inputs(plain), x).Value], given)[0];
        var program = dropped.Apply(Inputs(dropped) with { RandomKey = Create.Input(Names.Key, [2], DType.I32) }, x).Value;
        Assert.NotEqual(program, plain.Apply(Inputs(plain), x).Value);
        Assert.Equal(plain.Apply(Inputs(plain), x).Value, dropped.Apply(Inputs(dropped), x).Value);
        const int Keys = 4000;
        var (sum, squares) = (new double[exact.Type.Size], new double[exact.Type.Size]);
        for (ulong key = 0; key < Keys; key++)
        {
            var value = Evaluator.Run([program], given.With((Names.Key, Runs.KeyOf(key))))[0];
            for (var i = 0; i < sum.Length; i++) (sum[i], squares[i]) = (sum[i] + value[i], squares[i] + value[i] * value[i]);
        }
        for (var i = 0; i < sum.Length; i++)
        {
            var (mean, error) = (sum[i] / Keys, Math.Sqrt((squares[i] / Keys - sum[i] / Keys * (sum[i] / Keys)) / Keys));
            Assert.True(Math.Abs(mean - exact[i]) < 5 * error, $"{i}: {mean} ± {error}, not {exact[i]}");
        }
    }
}
