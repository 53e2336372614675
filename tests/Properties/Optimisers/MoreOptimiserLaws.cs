using FsCheck;
using Functional.Learning;

namespace Functional.Tests.Properties;

/// <summary>Muon, Adafactor, AdEMAMix, states in 8 bits and means of weights, each against its formula.</summary>
public sealed class MoreOptimiserLaws
{
    const double Exact = 1e-9;

    static double[,] Matrix(Value v, int rows, int columns)
    {
        var m = new double[rows, columns];
        for (var i = 0; i < rows * columns; i++) m[i / columns, i % columns] = v[i];
        return m;
    }

    // One-sided Jacobi: the lengths of the columns, once all are at right angles.
    static double[] SingularValues(double[,] a)
    {
        var (rows, columns) = (a.GetLength(0), a.GetLength(1));
        for (var sweep = 0; sweep < 60; sweep++)
            for (var p = 0; p < columns; p++)
                for (var q = p + 1; q < columns; q++)
                {
                    var (x, y, z) = (0.0, 0.0, 0.0);
                    for (var i = 0; i < rows; i++) (x, y, z) = (x + a[i, p] * a[i, p], y + a[i, q] * a[i, q], z + a[i, p] * a[i, q]);
                    if (Math.Abs(z) < 1e-14) continue;
                    var tau = (y - x) / (2 * z);
                    var t = (tau >= 0 ? 1 : -1) / (Math.Abs(tau) + Math.Sqrt(1 + tau * tau));
                    var (c, s) = (1 / Math.Sqrt(1 + t * t), t / Math.Sqrt(1 + t * t));
                    for (var i = 0; i < rows; i++) (a[i, p], a[i, q]) = (c * a[i, p] - s * a[i, q], s * a[i, p] + c * a[i, q]);
                }
        return [.. Enumerable.Range(0, columns).Select(j => Math.Sqrt(Enumerable.Range(0, rows).Sum(i => a[i, j] * a[i, j])))];
    }

    static Value Run(Tensor t, params (string, Value)[] given) => Evaluator.Run([t], given.ToDictionary())[0];

    /// <summary>Every direction of a matrix comes to about the same size, whichever side is longer and whatever its own size was.</summary>
    [Property(MaxTest = 40)]
    public void Muon_s_directions_are_nearly_orthogonal(ulong seed, bool turned, byte size)
    {
        var (rows, columns) = turned ? (6, 3) : (3, 6);
        var type = new TensorType([rows, columns]);
        var x = Runs.Normal(type, Key.Seed(seed), Math.ScaleB(1, size % 24 - 12));
        var u = Run(Muon.Orthogonal(Create.Input("x", type)), ("x", x));
        var (before, after) = (SingularValues(turned ? Matrix(x, 6, 3) : Turned(x)), SingularValues(turned ? Matrix(u, 6, 3) : Turned(u)));
        // Directions that hardly are there take more than five steps.
        for (var i = 0; i < 3; i++)
            if (before[i] > 0.05 * before.Max()) Assert.InRange(after[i], 0.6, 1.25);
        Runs.Close(u, Run(Muon.Orthogonal(Create.Input("x", type)), ("x", Runs.Changed(x, static (e, _) => 4 * e))), 1e-3);

        static double[,] Turned(Value v)
        {
            var m = new double[6, 3];
            for (var i = 0; i < 18; i++) m[i % 6, i / 6] = v[i];
            return m;
        }
    }

    /// <summary>Of matrices one behind the other each is turned by itself; of nothing comes nothing.</summary>
    [Property(MaxTest = 20)]
    public void Stacked_matrices_are_matrices(ulong seed)
    {
        var (one, two) = (new TensorType([3, 5]), new TensorType([2, 3, 5]));
        var (a, b) = (Runs.Normal(one, Key.Seed(seed)), Runs.Normal(one, Key.Seed(seed + 1)));
        var both = new Value(two, [.. a.Items.ToArray(), .. b.Items.ToArray()]);
        var stacked = Run(Muon.Orthogonal(Create.Input("x", two)), ("x", both));
        var x = Create.Input("x", one);
        Runs.Close(new Value(two, [.. Run(Muon.Orthogonal(x), ("x", a)).Items.ToArray(), .. Run(Muon.Orthogonal(x), ("x", b)).Items.ToArray()]), stacked, Exact);
        Assert.All(Run(Muon.Orthogonal(x), ("x", Value.Of(one, new double[15]))).Items.ToArray(), static e => Assert.Equal(0, e));
    }

    /// <summary>The update of a matrix that is turned is the update, turned: its size goes by the longer side, whichever that is.</summary>
    [Property(MaxTest = 20)]
    public void Turned_matrices_have_turned_updates(ulong seed)
    {
        var (wide, high) = (ParamSpec.Of("w", [3, 7], Initializer.Zeros), ParamSpec.Of("w", [7, 3], Initializer.Zeros));
        var g = Gradient(wide, seed, 1);
        Value Update(ParamSpec spec, Value gradient)
        {
            var (transform, given) = (Muon.ScaleByMuon(), Create.Input("g", spec.Type));
            return Run(transform.Apply(new(spec, given, given, Params.Of(("momentum", given.Like(0))), static name => Create.Input(Names.Scalar(name), []))).Update, ("g", gradient));
        }
        var (one, other) = (Update(wide, g), Update(high, new(high.Type, [.. Enumerable.Range(0, 21).Select(i => g[i % 3 * 7 + i / 3])])));
        for (var i = 0; i < 21; i++) Assert.Equal(one[i % 3 * 7 + i / 3], other[i], Exact);
    }

    /// <summary>Muon takes the matrices inside a model, and Adam the rest: that is a question of roles, and not of names.</summary>
    [Fact]
    public void Muon_is_for_matrices_inside()
    {
        var model = Models.Transformer.Of(new() { Layers = 1, Heads = 1, Width = 8, Context = 4, Vocabulary = 5, TiedHead = false, Bias = Biases.All });
        var optimiser = Muon.Of();
        foreach (var (name, spec) in model.Specs)
            Assert.Equal(name is "blocks.0.qkv.weight" or "blocks.0.out.weight" or "blocks.0.up.weight" or "blocks.0.down.weight" ? ["momentum"] : (string[])["m", "v"],
                optimiser.Slots(spec).Select(static s => s.Name));
        Assert.Equal(["momentum"], optimiser.Slots(ParamSpec.Of("experts", [2, 3, 5], Initializer.Zeros)).Select(static s => s.Name));
        Assert.Equal((ParamRole.Embedding, ParamRole.Embedding, ParamRole.Head, ParamRole.Norm, ParamRole.Norm, ParamRole.Bias),
            (model.Specs["tokens"].Role, model.Specs["positions"].Role, model.Specs["head.weight"].Role, model.Specs["norm.weight"].Role, model.Specs["blocks.0.norm1.bias"].Role,
                model.Specs["blocks.0.qkv.bias"].Role));
    }

    /// <summary>Adafactor by hand, over three steps: rows and columns of squares, and an update no larger than its limit.</summary>
    [Property(MaxTest = 20)]
    public void Adafactor_is_its_formula(ulong seed)
    {
        var spec = ParamSpec.Of("w", [2, 3], Initializer.Zeros);
        var (row, column) = (new double[2], new double[3]);
        var updates = Steps(Adafactor.ScaleByAdafactor(), spec, 3, seed);
        for (var t = 1; t <= 3; t++)
        {
            var (g, kept) = (Gradient(spec, seed, t), 1 - Math.Pow(t, -0.8));
            double Square(int i, int j) => g[i * 3 + j] * g[i * 3 + j] + 1e-30;
            for (var i = 0; i < 2; i++) row[i] = kept * row[i] + (1 - kept) * Enumerable.Range(0, 3).Average(j => Square(i, j));
            for (var j = 0; j < 3; j++) column[j] = kept * column[j] + (1 - kept) * Enumerable.Range(0, 2).Average(i => Square(i, j));
            var u = Enumerable.Range(0, 6).Select(k => g[k] / Math.Sqrt(row[k / 3] * column[k % 3] / row.Average())).ToArray();
            var rms = Math.Sqrt(u.Average(static e => e * e));
            for (var k = 0; k < 6; k++) Assert.Equal(u[k] / Math.Max(1, rms), updates[t - 1][k], 1e-7);
        }
    }

    /// <summary>Of matrices one behind the other each has its own rows and columns.</summary>
    [Property(MaxTest = 20)]
    public void Adafactor_takes_stacked_matrices_one_by_one(ulong seed)
    {
        ParamSpec one = ParamSpec.Of("w", [2, 3], Initializer.Zeros), two = ParamSpec.Of("w", [2, 2, 3], Initializer.Zeros);
        var transform = Adafactor.ScaleByAdafactor(limit: 1e9);
        Assert.Equal([("row", 4L), ("column", 6L)], transform.Slots(two).Select(static s => (s.Name, s.Type.Size)));
        Value a = Gradient(one, seed, 1), b = Runs.Changed(Gradient(one, seed, 2), static (e, _) => 9 * e);
        Runs.Close(new Value(two.Type, [.. First(one, a).Items.ToArray(), .. First(one, b).Items.ToArray()]), First(two, new(two.Type, [.. a.Items.ToArray(), .. b.Items.ToArray()])), 1e-6);

        Value First(ParamSpec spec, Value gradient)
        {
            var given = Create.Input("g", spec.Type);
            return Run(transform.Apply(new(spec, given, given, transform.Slots(spec).Select(static s => (s.Name, Create.Fill(0, s.Type.Shape))).ToParams(), static _ => Create.Scalar(0))).Update,
                ("g", gradient));
        }
    }

    /// <summary>AdEMAMix by hand, with both numbers on their way; without its long memory it is Adam.</summary>
    [Property(MaxTest = 20)]
    public void AdEMAMix_is_its_formula(ulong seed)
    {
        var spec = ParamSpec.Of("b", [2], Initializer.Zeros);
        var (b1, b2, b3, alpha) = (0.9, 0.95, 0.999, 5.0);
        var updates = Steps(Optimisers.ScaleByAdEMAMix(b1, b2, b3, alpha, 4, 1e-4), spec, 6, seed);
        for (var k = 0; k < 2; k++)
        {
            var (m, m2, v) = (0.0, 0.0, 0.0);
            for (var t = 1; t <= 6; t++)
            {
                var (g, part) = (Gradient(spec, seed, t)[k], Math.Min(1, t / 4.0));
                // The half-life of the long memory grows evenly: 1 / ln β is (1 − part) / ln β₁ + part / ln β₃.
                var kept = Math.Min(b3, Math.Exp(1 / ((1 - part) / Math.Log(b1) + part / Math.Log(b3))));
                (m, m2, v) = (b1 * m + (1 - b1) * g, kept * m2 + (1 - kept) * g, b2 * v + (1 - b2) * g * g);
                Assert.Equal((m / (1 - Math.Pow(b1, t)) + alpha * part * m2) / (Math.Sqrt(v / (1 - Math.Pow(b2, t))) + 1e-4), updates[t - 1][k], 1e-7);
            }
        }
        var (plain, adam) = (Steps(Optimisers.AdEMAMix(b1, b2, b3, 0), spec, 4, seed), Steps(Optimisers.AdamW(b1, b2), spec, 4, seed));
        for (var t = 0; t < 4; t++) Runs.Close(adam[t], plain[t], Exact);
    }

    /// <summary>Without a word the long memory is as long beside the run as the paper's, and what is said holds.</summary>
    [Fact]
    public void The_long_memory_goes_with_the_run()
    {
        Assert.InRange(OptimiserConfig.LongMemory(256_000), 0.99989, 0.99991);
        Assert.Equal(0.5, Math.Pow(OptimiserConfig.LongMemory(2000), 54), 1e-9);
        Assert.Equal(0.5, OptimiserConfig.LongMemory(1));
        var spec = ParamSpec.Of("b", [3], Initializer.Zeros);
        OptimiserConfig config = new() { Kind = OptimiserKind.AdEMAMix };
        Value Last(OptimiserConfig of) => Steps(of.Transform(400), spec, 3, 1)[^1];
        Runs.Close(Last(config with { Beta3 = OptimiserConfig.LongMemory(400) }), Last(config), 0);
        Assert.True(Runs.LargestDifference(Last(config with { Beta3 = 0.9999 }), Last(config)) > 1e-6);
    }

    /// <summary>The mean of the weights is that of the values after each step, whatever they were, and the update stays.</summary>
    [Property(MaxTest = 20)]
    public void Averages_are_means_of_the_weights(ulong seed, byte decay)
    {
        var (spec, d) = (ParamSpec.Of("b", [3], Initializer.Zeros), decay % 100 / 100.0);
        var transform = Optimisers.Sgd().Then(Optimisers.Averaged(d));
        var (values, slots) = Values(transform, spec, 5, seed);
        for (var k = 0; k < 3; k++)
        {
            var weights = Enumerable.Range(1, 5).Select(t => Math.Pow(d, 5 - t)).ToArray();
            var mean = Enumerable.Range(1, 5).Sum(t => weights[t - 1] * values[t][k]) / weights.Sum();
            Assert.Equal(mean, slots[Optimisers.Average][k] / slots[Optimisers.AverageShare][0], Exact);
        }
    }

    /// <summary>Numbers in 8 bits are kept to a digit of their roots, the smallest squares are never less than they were, and none is not a number.</summary>
    [Property(MaxTest = 60)]
    public void Eight_bits_are_as_near_as_is_said(ulong seed, bool squares, byte spread, ushort size, byte turn)
    {
        var type = new TensorType([size % 700 + 1]);
        var numbers = Runs.Changed(Runs.Normal(type, Key.Seed(seed)), (e, i) => (squares ? e * e : e) * Math.Pow(10, -(i * 7 % (spread % 12 + 1))));
        var (codes, scales) = EightBits.Packed(Create.Input("x", type), squares, Create.Scalar(turn / 256.0, type.DType));
        var again = Run(EightBits.Unpacked(codes, scales, type.Shape, squares), ("x", numbers));
        for (var i = 0; i < numbers.Items.Length; i++)
        {
            var block = numbers.Items.ToArray().Skip(i / 256 * 256).Take(256).Select(Math.Abs).Max();
            var (x, y) = (numbers[i], again[i]);
            double Root(double of, double power) => block == 0 ? 0 : Math.Pow(Math.Abs(of) / block, power);
            if (squares) Assert.InRange(Root(y, 0.25) * 254, Root(x, 0.25) * 254 is < 4 and var small ? small - 1e-4 : Root(x, 0.25) * 254 - 1 - 1e-4, Root(x, 0.25) * 254 + 1 + 1e-4);
            else Assert.InRange(Root(y, 0.5) * 127, Root(x, 0.5) * 127 - 1 - 1e-4, Root(x, 0.5) * 127 + 1 + 1e-4);
            Assert.True(x * y >= 0);
        }
        Assert.All(Run(EightBits.Unpacked(codes, scales, type.Shape, squares), ("x", Value.Of(type, new double[type.Size]))).Items.ToArray(), static e => Assert.Equal(0, e));
    }

    /// <summary>A memory in 8 bits forgets as one in float32 does, beside numbers that stay large: a hundredth of a square a step is less than a digit.</summary>
    [Fact]
    public void Eight_bits_forget()
    {
        var spec = ParamSpec.Of("w", [64, 64], Initializer.Zeros);
        using var engine = new ManagedEngine(1);
        // At first all, then one of 64.
        Value Some(int t) => Value.Of(spec.Type, [.. Enumerable.Range(0, 4096).Select(i => i % 64 == 0 || t < 4 ? 1 + i % 5 * 0.1 : 0)]);
        var exact = All(Optimisers.ScaleByAdam(0.9, 0.99), spec, 260, 1, engine, Some).Slots["v"];
        var packed = All(EightBits.Of(Optimisers.ScaleByAdam(0.9, 0.99), static name => name == "v"), spec, 260, 1, engine, Some).Slots;
        var again = Run(EightBits.Unpacked(Create.Input("codes", packed["v.codes"].Type), Create.Input("scales", packed["v.scales"].Type), spec.Type.Shape, true),
            ("codes", packed["v.codes"]), ("scales", packed["v.scales"]));
        double[] shares = [.. Enumerable.Range(0, 4096).Select(i => again[i] / exact[i])];
        Assert.All(shares, static share => Assert.InRange(share, 0.4, 2));
        Assert.InRange(shares.Average(), 0.93, 1.07);
        var m = Run(EightBits.Unpacked(Create.Input("codes", packed["m.codes"].Type), Create.Input("scales", packed["m.scales"].Type), spec.Type.Shape, false),
            ("codes", packed["m.codes"]), ("scales", packed["m.scales"]));
        Assert.All(Enumerable.Range(0, 4096).Where(static i => i % 64 != 0), i => Assert.InRange(m[i], 0, 1e-4));
    }

    /// <summary>Large parameters have 8 bits a number and a scale a block, small ones what they had; states that begin at 0 are 0.</summary>
    [Fact]
    public void Large_parameters_take_a_quarter_of_the_memory()
    {
        var (large, small) = (ParamSpec.Of("w", [80, 64], Initializer.Zeros), ParamSpec.Of("b", [64], Initializer.Zeros));
        var optimiser = EightBits.AdamW();
        Assert.Equal(2 * (5120 + 20 * 4), optimiser.Slots(large).Sum(static s => s.Type.Bytes));
        Assert.Equal(2 * 64 * 4, optimiser.Slots(small).Sum(static s => s.Type.Bytes));
        Assert.Equal((4, 2), (optimiser.Slots(ParamSpec.Of("w", [64, 64], Initializer.Zeros)).Count, optimiser.Slots(ParamSpec.Of("w", [4095], Initializer.Zeros)).Count));
        Assert.All(optimiser.Slots(large), static s => Assert.Contains(s.Name, (string[])["m.codes", "m.scales", "v.codes", "v.scales"]));
    }

    /// <summary>On the engine, packed words and all: eight bits go where float32 goes, but for a few percent.</summary>
    [Fact]
    public void Eight_bits_train_as_float32_does()
    {
        var spec = ParamSpec.Of("w", [80, 64], Initializer.Zeros);
        using var engine = new ManagedEngine(2);
        var (exact, packed) = (Steps(Optimisers.AdamW(0.9, 0.99), spec, 8, 5, engine), Steps(EightBits.AdamW(0.9, 0.99), spec, 8, 5, engine));
        var reference = Steps(EightBits.AdamW(0.9, 0.99), spec, 8, 5);
        for (var t = 0; t < 8; t++)
        {
            var size = Math.Sqrt(exact[t].Items.ToArray().Average(static e => e * e));
            Assert.InRange(Math.Sqrt(exact[t].Items.ToArray().Zip(packed[t].Items.ToArray(), static (a, b) => (a - b) * (a - b)).Average()), 0, 0.06 * size);
            // A digit on an edge may round the other way.
            Assert.InRange(reference[t].Items.ToArray().Zip(packed[t].Items.ToArray(), static (a, b) => Math.Abs(a - b)).Average(), 0, 0.002 * size);
        }
    }

    /// <summary>Roles have their own rates and decays, and nobody else does.</summary>
    [Theory]
    [InlineData("embedding=0", "", "tokens"), InlineData("head=3+norm=0.5", "", "head.weight,norm.weight,blocks.0.norm1.weight,blocks.0.norm2.weight"),
        InlineData("", "matrix=0.7", "blocks.0.qkv.weight,blocks.0.out.weight,blocks.0.up.weight,blocks.0.down.weight"), InlineData("", "norm=0.2", "norm.weight,blocks.0.norm1.weight,blocks.0.norm2.weight")]
    public void Roles_have_rates_and_decays_of_their_own(string rates, string decays, string changed)
    {
        var model = Models.Transformer.Of(new() { Layers = 1, Heads = 1, Width = 8, Context = 4, Vocabulary = 5, TiedHead = false, Bias = Biases.None, Positions = Positions.Rotary });
        OptimiserConfig plain = new(), other = plain with { RoleRates = rates, RoleDecays = decays };
        foreach (var (name, spec) in model.Specs)
            Assert.Equal(changed.Split(',').Contains(name), Runs.LargestDifference(Steps(plain.Transform(9), spec, 1, 3)[0], Steps(other.Transform(9), spec, 1, 3)[0]) > 1e-9);
    }

    public static TheoryData<OptimiserKind> Kinds => [.. Enum.GetValues<OptimiserKind>()];

    /// <summary>Every kind has what it is given, and of squares kept in 8 bits it knows that they are squares.</summary>
    [Theory, MemberData(nameof(Kinds))]
    public void A_kind_has_the_settings_that_it_is_given(OptimiserKind kind)
    {
        var config = new OptimiserConfig { Kind = kind, Beta1 = 0.7, Beta2 = 0.8, Beta3 = 0.95, Mix = 3, MuonMomentum = 0.6, Epsilon = 0.01, WeightDecay = 0.3 };
        var (adam, decay) = (Optimisers.ScaleByAdam(0.7, 0.8, 0.01), Optimisers.AddDecayedWeights(0.3));
        var expected = kind switch
        {
            OptimiserKind.Adam => adam,
            OptimiserKind.AdamW => adam.Then(decay),
            OptimiserKind.Sgd => decay.Then(Optimisers.Momentum(0.7)),
            OptimiserKind.Lion => Optimisers.ScaleByLion(0.7, 0.8).Then(decay),
            OptimiserKind.Muon => Muon.ScaleByMuon(0.6).Then(decay),
            OptimiserKind.Adafactor => Adafactor.ScaleByAdafactor().Then(decay),
            OptimiserKind.AdamW8Bit => EightBits.Of(adam, static name => name == "v").Then(decay),
            _ => Optimisers.ScaleByAdEMAMix(0.7, 0.8, 0.95, 3, 9, 0.01).Then(decay),
        };
        // The smallest that is kept in 8 bits.
        var spec = kind == OptimiserKind.AdamW8Bit ? ParamSpec.Of("w", [64, 64], Initializer.Zeros) : ParamSpec.Of("w", [3, 4], Initializer.Zeros);
        foreach (var (one, other) in Steps(expected.Then(Optimisers.ScaleByLearningRate()), spec, 3, 4).Zip(Steps(config.Transform(9), spec, 3, 4))) Runs.Close(one, other, Exact);
    }

    /// <summary>What is no list of roles is refused, with what is allowed.</summary>
    [Theory, InlineData("layer=1"), InlineData("matrix"), InlineData("matrix=-1"), InlineData("matrix=1+matrix=2"), InlineData("matrix=x"), InlineData("+")]
    public void Other_lists_are_refused(string text)
    {
        var allowed = "allowed: matrix, embedding, head, norm, bias with numbers, 0 or more, as embedding=0.5+head=2";
        RunConfig With(OptimiserConfig optimiser) => new() { Stage = new() { Optimiser = optimiser } };
        Assert.Equal($"role-rates: is {text}; {allowed}", With(new() { RoleRates = text }).Validate().Match(static _ => "", static f => f.Lines()));
        Assert.Equal($"role-decays: is {text}; {allowed}", With(new() { RoleDecays = text }).Validate().Match(static _ => "", static f => f.Lines()));
    }

    static Value Gradient(ParamSpec spec, ulong seed, int step) => Runs.Normal(spec.Type, Key.Seed(seed).FoldIn((uint)step));

    static List<Value> Steps(GradientTransform transform, ParamSpec spec, int count, ulong seed, IEngine? engine = null) => All(transform, spec, count, seed, engine).Updates;

    static (List<Value> Values, Dictionary<string, Value> Slots) Values(GradientTransform transform, ParamSpec spec, int count, ulong seed) =>
        All(transform, spec, count, seed, null) is var all ? (all.Values, all.Slots) : default;

    static (List<Value> Updates, List<Value> Values, Dictionary<string, Value> Slots) All(GradientTransform transform, ParamSpec spec, int count, ulong seed, IEngine? engine,
        Func<int, Value>? gradients = null)
    {
        var slots = transform.Slots(spec).Select(static s => (s.Name, Create.Input(s.Name, s.Type))).ToParams();
        var (param, gradient) = (Create.Input("$param", spec.Type), Create.Input("$gradient", spec.Type));
        var after = transform.Apply(new(spec, param, gradient, slots, static name => Create.Input(Names.Scalar(name), [])));
        var program = Program.Of([new("$update", after.Update), new("$next", param + after.Update), .. after.Slots.Select(static s => new Named(s.Name, s.Value))]);
        var run = engine is null ? static (p, given) => p.Evaluate(given) : Runs.On(engine);
        var state = Runs.Zeros(transform.Slots(spec).Select(static s => (s.Name, s.Type)).ToParams()).With(("$param", Runs.Normal(spec.Type, Key.Seed(seed))));
        var (updates, values) = (new List<Value>(), new List<Value> { state["$param"] });
        for (var step = 1; step <= count; step++)
        {
            var outputs = run(program, state.With(Runs.Scalars(Programs.StepScalars(transform, step, 0.1))).With(("$gradient", gradients?.Invoke(step) ?? Gradient(spec, seed, step)))
                .Where(v => program.Inputs.Any(i => i.Name == v.Key)).ToDictionary());
            state = state.With(outputs.Where(static o => !o.Key.StartsWith('$'))).With(("$param", outputs["$next"]));
            updates.Add(outputs["$update"]);
            values.Add(outputs["$next"]);
        }
        return (updates, values, state);
    }
}
