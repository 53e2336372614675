using FsCheck;

namespace Functional.Tests.Properties;

/// <summary>First values are functions of key, name and index alone, and have the distribution that they claim.</summary>
public sealed class InitializerLaws
{
    static readonly Initializer[] all = [Initializer.Zeros, Initializer.Ones, new Initializer.Normal(0.02), new Initializer.Uniform(0.3)];

    static float[] Fill(Initializer init, Key key, int start, int count)
    {
        var items = new float[count];
        init.Fill(key, start, items);
        return items;
    }

    [Property]
    public void Any_division_over_calls_gives_the_same(byte kind, ushort seed, byte first, byte second, byte third)
    {
        var (init, key) = (all[kind % all.Length], Key.Seed(seed));
        var whole = Fill(init, key, 0, first + second + third);
        float[] parts = [.. Fill(init, key, 0, first), .. Fill(init, key, first, second), .. Fill(init, key, first + second, third)];
        Assert.Equal(whole, parts);
    }

    [Property]
    public void The_vector_form_draws_what_the_key_draws(uint a, uint b, ushort group, bool far)
    {
        var key = new Key(a, b);
        var at = group + (far ? 1L << 33 : 0);
        var (x, y) = Draws.Bits(key, at);
        for (var j = 0; j < 8; j++) Assert.Equal(key.Bits(at * 8 + j), (x[j], y[j]));
    }

    [Fact]
    public void Normal_numbers_are_Box_and_Mullers()
    {
        var (key, items) = (Key.Seed(5), Fill(new Initializer.Normal(1), Key.Seed(5), 0, 16_000));
        for (var i = 0; i < items.Length; i++)
        {
            var (x, y) = key.Bits(i / 16 * 8 + i % 8);
            var radius = Math.Sqrt(-2 * Math.Log(((x >> 8) + 0.5) / (1 << 24)));
            var quarter = (y >> 30) switch { 0 => (1.0, 0.0), 1 => (0.0, 1.0), 2 => (-1.0, 0.0), _ => (0.0, -1.0) };
            var angle = ((((y >> 6) & 0xFFFFFF) + 0.5) / (1 << 24) - 0.5) * Math.PI / 2;
            var (cos, sin) = (Math.Cos(angle), Math.Sin(angle));
            // Multiplied by 1, −i, −1, i; float32 with a few roundings.
            var expected = i % 16 < 8 ? quarter.Item1 * cos + quarter.Item2 * sin : quarter.Item1 * sin - quarter.Item2 * cos;
            Assert.Equal(radius * expected, items[i], 2e-6);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(77)]
    public void Normal_numbers_have_the_moments_of_a_normal_distribution(ulong seed)
    {
        const int Count = 1 << 20;
        var items = Fill(new Initializer.Normal(2), Key.Seed(seed), 0, Count).Select(static v => v / 2.0).ToArray();
        // Five standard errors of each: the moments of a standard normal number are 0, 1, 0, 3.
        Assert.Equal(0, items.Average(), 5 / Math.Sqrt(Count));
        Assert.Equal(1, items.Average(static v => v * v), 5 * Math.Sqrt(2.0 / Count));
        Assert.Equal(0, items.Average(static v => v * v * v), 5 * Math.Sqrt(15.0 / Count));
        Assert.Equal(3, items.Average(static v => v * v * v * v), 5 * Math.Sqrt(96.0 / Count));
        Assert.Equal(0.8413447, items.Count(static v => v < 1) / (double)Count, 5 * Math.Sqrt(0.1335 / Count));
        // Neighbours, and the two of a pair, are uncorrelated.
        Assert.Equal(0, items.Zip(items.Skip(1), static (a, b) => a * b).Average(), 5 / Math.Sqrt(Count));
        Assert.Equal(0, items.Zip(items.Skip(8), static (a, b) => a * b).Average(), 5 / Math.Sqrt(Count));
    }

    [Fact]
    public void Uniform_numbers_fill_their_interval_evenly()
    {
        const int Count = 1 << 18;
        var items = Fill(new Initializer.Uniform(0.5), Key.Seed(9), 0, Count);
        Assert.All(items, static v => Assert.InRange(v, -0.5f, 0.5f));
        for (var i = 0; i < 8; i++)
            Assert.Equal(0.125, items.Count(v => v >= -0.5 + i / 8.0 && v < -0.5 + (i + 1) / 8.0) / (double)Count, 5 * Math.Sqrt(0.11 / Count));
    }

    [Property(MaxTest = 30, Arbitrary = [typeof(AnyGpt)])]
    public void A_parameters_first_value_depends_on_its_name_not_on_the_model(DecoderConfig config, ushort seed)
    {
        var deeper = Transformer.Of(config with { Layers = config.Layers + 1, TiedHead = !config.TiedHead });
        foreach (var (name, spec) in Transformer.Of(config).Specs)
        {
            var (mine, theirs) = (new float[spec.Type.Size], new float[spec.Type.Size]);
            spec.Fill(Key.Seed(seed), 0, mine);
            // The residual projections' scale is a function of depth: same draws, another size.
            if (deeper.Specs.Contains(name)) (deeper.Specs[name] with { Init = spec.Init }).Fill(Key.Seed(seed), 0, theirs);
            else continue;
            Assert.Equal(mine, theirs);
        }
    }

    [Fact]
    public void Names_and_keys_make_a_difference()
    {
        static float First(string name, ulong seed)
        {
            var value = new float[1];
            ParamSpec.Of(name, [1], new Initializer.Normal(1)).Fill(Key.Seed(seed), 0, value);
            return value[0];
        }
        Assert.Equal(4, new[] { First("a", 1), First("b", 1), First("a", 2), First("b", 2) }.Distinct().Count());
    }

    [Fact]
    public void A_GPT_begins_as_GPT2_does()
    {
        var specs = Transformer.Of(new() { Layers = 8 }).Specs;
        Assert.All(specs, static p => Assert.Equal(p.Name switch
        {
            _ when p.Name.EndsWith("bias", StringComparison.Ordinal) => Initializer.Zeros,
            _ when p.Value.Type.Rank == 1 => Initializer.Ones,
            _ when p.Name.EndsWith("out.weight", StringComparison.Ordinal) || p.Name.EndsWith("down.weight", StringComparison.Ordinal) =>
                new Initializer.Normal(0.02 / 4),
            _ => new Initializer.Normal(0.02),
        }, p.Value.Init));
    }
}
