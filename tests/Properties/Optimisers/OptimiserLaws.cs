using FsCheck;
using static Functional.Learning.Optimisers;

namespace Functional.Tests.Properties;

/// <summary>One contract for every transform and optimiser, and trajectories against formulas worked out by hand.</summary>
public sealed class OptimiserLaws
{
    const double Exact = 1e-12;
    static readonly ParamSpec matrix = ParamSpec.Of("w", [2, 3], Initializer.Zeros), vector = ParamSpec.Of("b", [3], Initializer.Zeros);

    static readonly (string Name, GradientTransform Transform)[] all =
    [
        ("identity", GradientTransform.Identity), ("adam scaling", ScaleByAdam(0.8, 0.9)), ("momentum", Momentum(0.7)),
        ("nesterov", Momentum(0.7, nesterov: true)), ("decay", AddDecayedWeights(0.1)), ("rate", ScaleByLearningRate()), ("scale", Scale(0.5)),
        ("clip by value", ClipByValue(0.3)), ("sgd", Sgd()), ("sgd with all", Sgd(0.9, true, 0.1)), ("adam", Adam()), ("adamw", AdamW(decay: 0.2)),
        ("lion", Lion(decay: 0.1)), ("muon", Muon.Of(decay: 0.1)), ("adafactor", Adafactor.Of(0.1)), ("ademamix", AdEMAMix(steps: 3)),
        ("8 bits", EightBits.AdamW()), ("averaged", Sgd().Then(Averaged(0.9))), ("two momenta", Momentum(0.5).Then(Momentum(0.6))),
    ];

    public static TheoryData<string> Every => [.. all.Select(static t => t.Name)];

    static GradientTransform Find(string name) => all.Single(t => t.Name == name).Transform;

    /// <summary>The updates of some steps on one parameter, each of whose values is the one before plus its update.</summary>
    static (List<Value> Updates, List<Value> Values, Dictionary<string, Value> Slots) Steps(GradientTransform transform, ParamSpec spec, int count, ulong seed,
        double scale = 1)
    {
        var slots = transform.Slots(spec).Select(static s => (s.Name, Create.Input(s.Name, s.Type))).ToParams();
        var (param, gradient) = (Create.Input("$param", spec.Type), Create.Input("$gradient", spec.Type));
        var after = transform.Apply(new(spec, param, gradient, slots, static name => Create.Input(Names.Scalar(name), [])));
        Assert.Equal(slots.Names, after.Slots.Names);
        var program = Program.Of([new("$update", after.Update), new("$next", param + after.Update),
            .. after.Slots.Select(static s => new Named(s.Name, s.Value))]);
        var state = transform.Slots(spec).ToDictionary(static s => s.Name, static s => Value.Of(s.Type, new double[s.Type.Size]))
            .With(("$param", Runs.Normal(spec.Type, Key.Seed(seed))));
        var (updates, values) = (new List<Value>(), new List<Value> { state["$param"] });
        for (var step = 1; step <= count; step++)
        {
            var given = state.With(Runs.Scalars(Programs.StepScalars(transform, step, 0.1 / step))).With(("$gradient", Gradient(spec, seed, step, scale)));
            var outputs = program.Evaluate(given);
            state = state.With(outputs.Where(static o => !o.Key.StartsWith('$'))).With(("$param", outputs["$next"]));
            updates.Add(outputs["$update"]);
            values.Add(outputs["$next"]);
        }
        return (updates, values, state);
    }

    static Value Gradient(ParamSpec spec, ulong seed, int step, double scale) => Runs.Normal(spec.Type, Key.Seed(seed).FoldIn((uint)step), scale);

    static void SameUpdates(GradientTransform a, GradientTransform b, ParamSpec spec, ulong seed)
    {
        var (x, y) = (Steps(a, spec, 4, seed).Updates, Steps(b, spec, 4, seed).Updates);
        for (var i = 0; i < 4; i++) Runs.Close(x[i], y[i], Exact, $"update {i + 1}");
    }

    [Theory]
    [MemberData(nameof(Every))]
    public void Types_are_kept(string name)
    {
        foreach (var spec in new[] { matrix, vector })
        {
            var transform = Find(name);
            var slots = transform.Slots(spec);
            Assert.Equal(slots.Count, slots.Select(static s => s.Name).Distinct().Count());
            var (updates, _, state) = Steps(transform, spec, 2, 4);
            Assert.All(updates, u => Assert.Equal(spec.Type, u.Type));
            Assert.All(slots, s => Assert.Equal(s.Type, state[s.Name].Type));
        }
    }

    [Theory]
    [MemberData(nameof(Every))]
    public void Identity_changes_nothing(string name)
    {
        SameUpdates(Find(name), GradientTransform.Identity.Then(Find(name)), matrix, 1);
        SameUpdates(Find(name), Find(name).Then(GradientTransform.Identity), matrix, 1);
        SameUpdates(Find(name), GradientTransform.Chain(Find(name)), matrix, 1);
    }

    [Property(MaxTest = 60)]
    public void Composition_is_associative_up_to_slot_names(byte i, byte j, byte k, ushort seed)
    {
        var (f, g, h) = (all[i % all.Length].Transform, all[j % all.Length].Transform, all[k % all.Length].Transform);
        SameUpdates(f.Then(g).Then(h), f.Then(g.Then(h)), matrix, seed);
        SameUpdates(f.Then(g).Then(h), GradientTransform.Chain(f, g, h), matrix, seed);
    }

    // Applied one after the other by hand: the second sees the first's updates as its gradients.
    [Property(MaxTest = 60)]
    public void A_chain_is_its_steps_by_hand(byte i, byte j, ushort seed)
    {
        var (f, g) = (all[i % all.Length].Transform, all[j % all.Length].Transform);
        var param = Create.Input("p", matrix.Type);
        Tensor Scalar(string name) => Create.Input(Names.Scalar(name), []);
        Params<Tensor> Slots(GradientTransform t, string prefix) => t.Slots(matrix).Select(s => (s.Name, Create.Input(prefix + s.Name, s.Type))).ToParams();
        var first = f.Apply(new(matrix, param, Create.Input("g", matrix.Type), Slots(f, "f."), Scalar));
        var second = g.Apply(new(matrix, param, first.Update, Slots(g, "g."), Scalar));
        var chain = f.Then(g);
        var names = chain.Slots(matrix).Map(static s => s.Name);
        var given = Slots(f, "f.").Values.Concat(Slots(g, "g.").Values).ToArray();
        var both = chain.Apply(new(matrix, param, Create.Input("g", matrix.Type), names.Map((n, at) => (n, given[at])).ToParams(), Scalar));
        Assert.Equal(second.Update, both.Update);
        Assert.Equal([.. first.Slots.Values, .. second.Slots.Values], both.Slots.Values.ToArray());
    }

    [Fact]
    public void Slots_of_one_name_are_told_apart() =>
        Assert.Equal(["momentum", "momentum.2", "momentum.3"], Momentum(0.1).Then(Momentum(0.2)).Then(Momentum(0.3)).Slots(matrix).Select(static s => s.Name));

    [Theory]
    [InlineData("adam", true)]
    [InlineData("adamw", false)]
    [InlineData("sgd", false)]
    public void Only_Adam_does_not_care_for_the_gradients_scale(string name, bool same)
    {
        // AdamW's decay, and SGD's update itself, stand in a fixed proportion to the gradient's scale or not at all.
        var (a, b) = (Steps(Find(name), matrix, 3, 2).Values[^1], Steps(Find(name), matrix, 3, 2, 1000).Values[^1]);
        Assert.Equal(same || name == "adamw", Runs.LargestDifference(a, b) < 1e-6);
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.3)]
    public void Adam_is_its_formula(double decay)
    {
        var (b1, b2, eps) = (0.8, 0.95, 1e-3);
        var (_, values, _) = Steps(AdamW(b1, b2, eps, decay), matrix, 5, 7);
        for (var i = 0; i < 6; i++)
        {
            var (p, m, v) = (values[0][i], 0.0, 0.0);
            for (var t = 1; t <= 5; t++)
            {
                var (g, lr) = (Gradient(matrix, 7, t, 1)[i], 0.1 / t);
                (m, v) = (b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g);
                p -= lr * decay * p;
                p -= lr * (m / (1 - Math.Pow(b1, t))) / (Math.Sqrt(v / (1 - Math.Pow(b2, t))) + eps);
                Assert.Equal(p, values[t][i], Exact);
            }
        }
    }

    [Theory]
    [InlineData(0.0, false, 0.0)]
    [InlineData(0.9, false, 0.0)]
    [InlineData(0.9, true, 0.1)]
    public void Sgd_is_PyTorchs(double momentum, bool nesterov, double decay)
    {
        var (_, values, _) = Steps(Sgd(momentum, nesterov, decay), matrix, 5, 7);
        for (var i = 0; i < 6; i++)
        {
            var (p, buffer) = (values[0][i], 0.0);
            for (var t = 1; t <= 5; t++)
            {
                var g = Gradient(matrix, 7, t, 1)[i] + decay * p;
                buffer = momentum * buffer + g;
                p -= 0.1 / t * (nesterov ? g + momentum * buffer : buffer);
                Assert.Equal(p, values[t][i], Exact);
            }
        }
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.3)]
    public void Lion_is_its_formula(double decay)
    {
        var (b1, b2) = (0.8, 0.95);
        var (_, values, slots) = Steps(Lion(b1, b2, decay), matrix, 5, 7);
        for (var i = 0; i < 6; i++)
        {
            var (p, m) = (values[0][i], 0.0);
            for (var t = 1; t <= 5; t++)
            {
                var (g, lr) = (Gradient(matrix, 7, t, 1)[i], 0.1 / t);
                // It moves by what the look ahead says; what is kept forgets more slowly.
                p -= lr * (Math.Sign(b1 * m + (1 - b1) * g) + decay * p);
                m = b2 * m + (1 - b2) * g;
                Assert.Equal(p, values[t][i], Exact);
            }
            Assert.Equal(m, slots["m"][i], Exact);
        }
        // Nothing to go by is no direction.
        Assert.All(Steps(Lion(), matrix, 2, 7, 0).Updates[^1].Items.ToArray(), static u => Assert.Equal(0, u));
    }

    [Fact]
    public void Only_what_decays_decays()
    {
        Runs.Close(Steps(Adam(), vector, 3, 5).Values[^1], Steps(AdamW(decay: 0.5), vector, 3, 5).Values[^1], 0);
        Assert.True(Runs.LargestDifference(Steps(Adam(), matrix, 3, 5).Values[^1], Steps(AdamW(decay: 0.5), matrix, 3, 5).Values[^1]) > 1e-3);
        var frozen = vector with { Decays = true };
        Assert.True(Runs.LargestDifference(Steps(Adam(), frozen, 3, 5).Values[^1], Steps(AdamW(decay: 0.5), frozen, 3, 5).Values[^1]) > 1e-3);
    }

    [Property(MaxTest = 40)]
    public void Clipping_by_value_is_within_the_limit_and_no_more_than_needed(PositiveInt n, ushort seed)
    {
        var limit = n.Get / 10.0;
        var updates = Steps(ClipByValue(limit), matrix, 1, seed).Updates[0];
        for (var i = 0; i < 6; i++) Assert.Equal(Math.Clamp(Gradient(matrix, seed, 1, 1)[i], -limit, limit), updates[i]);
    }

    [Fact]
    public void A_limit_of_nothing_is_refused()
    {
        Assert.Throws<ArgumentException>(() => ClipByValue(0));
        Assert.Throws<ArgumentException>(() => GradientClip.To(-1));
        Assert.Throws<ArgumentException>(() => GradientClip.To(double.NaN));
        Assert.Equal(GradientClip.None, GradientClip.To(0));
    }

    // Against exact arithmetic on decimals of β's own binary value.
    [Theory]
    [InlineData(0.999, 1, 0.001)]
    [InlineData(0.999, 2, 0.001999)]
    [InlineData(0.999999, 3, 2.999997000001e-6)]
    [InlineData(0.9, 1_000_000, 1.0)]
    [InlineData(0.5, 10, 0.9990234375)]
    [InlineData(0.0, 1, 1.0)]
    public void The_bias_correction_is_exact_in_float(double beta, long step, double expected)
    {
        var scalar = ScaleByAdam(beta, beta).Scalars.Single();
        Assert.Equal((float)expected, (float)scalar.At(step));
        Assert.Equal(1, scalar.At(step) / expected, 1e-9);
    }

    [Property(MaxTest = 60)]
    public void The_norm_after_clipping_is_at_most_the_limit(PositiveInt n, PositiveInt l)
    {
        var (norm, limit) = (n.Get / 7.0, l.Get / 7.0);
        var factor = Evaluator.Run(GradientClip.To(limit).Factor(Create.Scalar(norm)))[0];
        Assert.InRange(factor, 0, 1);
        Assert.True(norm * factor <= limit);
        if (norm <= limit) Assert.Equal(1, factor);
        else Assert.Equal(limit, norm * factor, limit * 1e-5);
        Assert.Equal(1, Evaluator.Run(GradientClip.None.Factor(Create.Scalar(norm)))[0]);
    }
}
