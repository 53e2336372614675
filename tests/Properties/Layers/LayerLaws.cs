using FsCheck;

namespace Functional.Tests.Properties;

/// <summary>The algebra of layers, names and tying, and what single layers compute.</summary>
public sealed class LayerLaws
{
    static readonly Tensor x = Create.Input("x", [2, 3, 4]);

    static Env Inputs(Layer layer) => Env.Of(layer.Params.Map(static (name, spec) => Create.Input(name, spec.Type)));

    static Tensor On(Layer layer) => layer.Apply(Inputs(layer), x).Value;

    static Layer Make(int i) => (i % 5) switch
    {
        0 => Nn.Linear(4, 4).Named("linear"),
        1 => Nn.Norm(4, bias: false).Named("norm"),
        2 => Nn.Activation(Activation.Gelu),
        3 => Nn.Mlp(4, 8, Activation.GeluTanh),
        _ => Layer.Identity,
    };

    static void Same(Layer a, Layer b)
    {
        Assert.Equal(a.Params, b.Params);
        Assert.Equal(On(a), On(b));
    }

    [Property]
    public void Composition_is_associative_with_identity(byte i, byte j, byte k)
    {
        var (f, g, h) = (Make(i).Named("f"), Make(j).Named("g"), Make(k).Named("h"));
        Same((f >> g) >> h, f >> (g >> h));
        Same(Layer.Identity >> f, f);
        Same(f >> Layer.Identity, f);
    }

    [Property]
    public void Branches_see_the_same_input(byte i, byte j)
    {
        var (f, g) = (Make(i).Named("f"), Make(j).Named("g"));
        Assert.Equal(On(f) + On(g), On(f + g));
        Assert.Equal(On(f) * On(g), On(f * g));
        Assert.Equal(x + On(f), On(Layer.Residual(f)));
    }

    [Property]
    public void A_name_prefixes_parameters_and_nothing_else(byte i)
    {
        var named = Make(i).Named("part");
        Assert.Equal(Make(i).Params.Names.Map(static n => $"part.{n}"), named.Params.Names);
        Assert.All(named.Params, static p => Assert.Equal(p.Name, p.Value.Name));
        var renamed = named.Apply(new Env(name => Inputs(Make(i)).Parameters(name["part.".Length..])), x).Value;
        Assert.Equal(On(Make(i)), renamed);
    }

    [Fact]
    public void Repetition_numbers_its_parts() => Assert.Equal(
        ["0.weight", "0.bias", "1.weight", "1.bias"], Layer.Repeat(2, static _ => Nn.Linear(4, 4)).Params.Names);

    [Fact]
    public void Equal_specifications_under_one_name_are_one_parameter()
    {
        var tied = Nn.Linear(4, 4).Named("f") >> Nn.Linear(4, 4).Named("f");
        Assert.Equal(["f.weight", "f.bias"], tied.Params.Names);
        Assert.Equal(2, tied.Params.Count);
    }

    [Fact]
    public void Unequal_ones_are_an_error_that_names_both()
    {
        var error = Assert.Throws<ArgumentException>(() => Nn.Linear(4, 4).Named("f") >> Nn.Linear(4, 8).Named("f"));
        Assert.Contains("f.weight f32[4, 4]", error.Message, StringComparison.Ordinal);
        Assert.Contains("f.weight f32[4, 8]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Side_outputs_of_every_part_are_kept_in_order()
    {
        static Layer Tell(string name) => Layer.Of([], (env, x) => new Flow(x).With(env.Full(name), x));
        var layer = (Tell("a") >> Tell("b")).Named("f") + Tell("c") >> Layer.Residual(Tell("d"));
        Assert.Equal(["f.a", "f.b", "c", "d"], layer.Apply(Inputs(layer), x).Side.Select(static s => s.Name));
    }

    [Property(MaxTest = 30)]
    public void Sinusoids_are_Vaswanis_at_any_offset_of_each_row(PositiveInt t, PositiveInt w, byte one, byte another)
    {
        var (time, width, firsts) = (1 + t.Get % 7, 1 + w.Get % 9, new int[] { one, another, 0 });
        var first = Create.Input("first", [firsts.Length], DType.I32);
        var rows = Evaluator.Run([Nn.Sinusoids(width, Create.Range(time) + first.Reshape(-1, 1))], new Dictionary<string, Value> { ["first"] = Runs.Whole(firsts) })[0];
        Assert.Equal(new([firsts.Length, time, width]), rows.Type);
        for (var row = 0; row < firsts.Length; row++)
            for (var p = 0; p < time; p++)
                for (var i = 0; i < width; i++)
                {
                    var angle = (firsts[row] + p) / Math.Pow(10000, (i - i % 2) / (double)width);
                    Assert.Equal(i % 2 == 0 ? Math.Sin(angle) : Math.Cos(angle), rows[(row * time + p) * width + i], 1e-9);
                }
        // Without positions, those of a row that begins at 0.
        Assert.Equal(rows.Items[(2 * time * width)..].ToArray(), Evaluator.Run(Nn.Sinusoids(width, Create.Range(time).Reshape(1, time))).Items.ToArray());
    }

    [Theory]
    [InlineData(NormPlacement.Pre)]
    [InlineData(NormPlacement.Post)]
    public void Blocks_normalise_where_they_say(NormPlacement placement)
    {
        var (attention, mlp) = (Nn.Linear(4, 4).Named("attention"), Nn.Linear(4, 4).Named("mlp"));
        var block = Nn.Block(placement, static () => Nn.Norm(4), attention, mlp);
        Tensor Norm(string name, Tensor y) => new LayerNorm().Result(0, [y, Create.Input($"{name}.weight", [4]), Create.Input($"{name}.bias", [4])]);
        Tensor Apply(Layer f, Tensor y) => f.Apply(Inputs(f), y).Value;
        var first = placement == NormPlacement.Pre ? x + Apply(attention, Norm("norm1", x)) : Norm("norm1", x + Apply(attention, x));
        var second = placement == NormPlacement.Pre ? first + Apply(mlp, Norm("norm2", first)) : Norm("norm2", first + Apply(mlp, first));
        Assert.Equal(second, On(block));
    }

    [Property(MaxTest = 20)]
    public void Dropout_keeps_or_scales_and_repeats_with_its_key(byte percent, ushort seed)
    {
        var rate = percent % 90 / 100.0;
        var layer = Nn.Dropout(rate).Named("a") >> Nn.Dropout(rate).Named("b");
        var env = Inputs(layer) with { RandomKey = Create.Input(Names.Key, [2], DType.I32) };
        var ones = Create.Fill(1, [40, 50]);
        Value Run(Layer f, ulong key) => Evaluator.Run([f.Apply(env, ones).Value], new Dictionary<string, Value> { [Names.Key] = Runs.KeyOf(key) })[0];
        var (a, both) = (Nn.Dropout(rate).Named("a"), Run(layer, seed));
        var once = Run(a, seed);
        Assert.All(once.Items.ToArray(), v => Assert.True(v == 0 || Math.Abs(v - 1 / (1 - rate)) < 1e-12));
        Assert.Equal(once.Items.ToArray(), Run(a, seed).Items.ToArray());
        Assert.Equal(ones, a.Apply(Inputs(a), ones).Value);
        if (rate < 0.1) return;
        Assert.NotEqual(once.Items.ToArray(), Run(a, seed + 1UL).Items.ToArray());
        // Five standard errors of a binomial share; the second layer drops independently of the first.
        Share(once, 1 - rate);
        Share(both, (1 - rate) * (1 - rate));

        static void Share(Value v, double expected)
        {
            var share = v.Items.ToArray().Count(static i => i != 0) / 2000.0;
            Assert.True(Math.Abs(share - expected) < 5 * Math.Sqrt(expected * (1 - expected) / 2000), $"{share}, not {expected}");
        }
    }
}
