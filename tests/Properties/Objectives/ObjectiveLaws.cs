using FsCheck;

namespace Functional.Tests.Properties;

/// <summary>
/// What objectives obey: parts never meet but where they share, what does not learn is a constant, what is shown is a mean over all micro-batches, and what
/// layers add to the loss is learned and not measured.
/// </summary>
public sealed class ObjectiveLaws
{
    const double Exact = 1e-9;
    static readonly GradientTransform sgd = Optimisers.Sgd();
    static readonly BatchShape batch = new(2, 3);
    static readonly DecoderConfig config = new() { Layers = 1, Heads = 2, Width = 4, Context = 3, Vocabulary = 5 };

    static readonly Model model = Transformer.Of(config);

    static WeightedSum Entropy(Scene scene, Model of, string part) => Losses.NextToken(of, scene.Of(part), scene["inputs"], scene["labels"]).Total;

    static Dictionary<string, Value> Batch(ulong seed) => new()
    {
        [Names.Inputs] = Runs.Tokens(batch, config.Vocabulary, seed), [Names.Labels] = Runs.Labels(batch, config.Vocabulary, seed),
            [Names.Key] = Runs.KeyOf(seed),
        [Names.LearningRate] = Value.Scalar(0.1),
    };

    static Dictionary<string, Value> Given(Objective objective, ulong seed) =>
        Batch(seed).With(objective.Parameters.Select(p => KeyValuePair.Create(p.Name, Runs.Normal(p.Spec.Type, Key.Seed(seed).FoldIn(p.Name), 0.4))));

    static IReadOnlyDictionary<string, Value> Step(Objective objective, IReadOnlyDictionary<string, Value> given) =>
        Programs.Step(objective, sgd, GradientClip.None).Evaluate(given);

    /// <summary>Two parts of one architecture learn beside each other as each would alone.</summary>
    [Property(MaxTest = 20)]
    public void Two_models_in_one_program_never_meet(ushort seed)
    {
        Objective Of(Vec<Part> parts) => new(parts, batch.Feed, scene => parts.Select(p => Entropy(scene, p.Model, p.Name)).Aggregate(static (a, b) => a + b));
        Part a = new("policy", model), b = new("value", model);
        var given = Given(Of([a, b]), seed);
        var (both, first, second) = (Step(Of([a, b]), given), Step(Of([a]), given), Step(Of([b]), given));
        foreach (var name in model.Specs.Names)
        {
            // A mean over twice the labels is half of the sum of both means.
            Moved(first, a.Param(name));
            Moved(second, b.Param(name));
        }
        Assert.Equal(2 * model.Specs.Count, Of([a, b]).Learned.Count);

        void Moved(IReadOnlyDictionary<string, Value> alone, string name) =>
            Runs.Close(Runs.Changed(alone[name], (v, i) => given[name][i] + (v - given[name][i]) / 2), both[name], Exact, name);
    }

    /// <summary>What does not learn is read and never written, and no gradient flows through it.</summary>
    [Property(MaxTest = 20)]
    public void What_does_not_learn_is_a_constant(ushort seed)
    {
        Part policy = new("policy", model), reference = new("reference", model) { Learns = false };
        // Of the difference between the two losses, only the policy's has a gradient.
        Objective difference = new([policy, reference], batch.Feed, scene =>
            Entropy(scene, model, "policy") with { Sum = Entropy(scene, model, "policy").Sum - Entropy(scene, model, "reference").Sum });
        Objective alone = new([policy], batch.Feed, scene => Entropy(scene, model, "policy"));
        var given = Given(difference, seed);
        var (program, after, expected) = (Programs.Step(difference, sgd, GradientClip.None), Step(difference, given), Step(alone, given));
        Assert.DoesNotContain(program.Outputs, static o => o.Name.StartsWith("reference/", StringComparison.Ordinal));
        foreach (var name in model.Specs.Names) Runs.Close(expected[policy.Param(name)], after[policy.Param(name)], Exact, name);
        Assert.DoesNotContain(Programs.Slots(difference, Optimisers.AdamW()).Names, static n => n.StartsWith("reference/", StringComparison.Ordinal));
    }

    /// <summary>A part that shares reads the other's parameters and keeps only what is its own; as a reference it sees the policy, but is a constant.</summary>
    [Property(MaxTest = 20)]
    public void A_part_that_shares_has_no_tensors_of_its_own(ushort seed, bool learns)
    {
        var own = ParamSpec.Of("scale", [1], Initializer.Ones);
        Part policy = new("policy", model), other = new("other", model with { Specs = model.Specs.Add("scale", own) }) { Shares = "policy", Learns = learns };
        Objective objective = new([policy, other], batch.Feed, scene =>
        {
            var scaled = Entropy(scene, model, "other");
            return scaled with { Sum = scaled.Sum * scene.Of("other")["scale"].SumAll() };
        });
        var given = Given(objective, seed);
        Assert.Equal([.. model.Specs.Names.Select(policy.Param), "other/param/scale"], objective.Parameters.Select(static p => p.Name));
        var after = Step(objective, given);
        Assert.Equal(learns, after.ContainsKey("other/param/scale"));
        // Through what learns, the shared tensors learn; through what does not, they stay.
        Assert.Equal(learns, model.Specs.Names.Any(name => Runs.LargestDifference(given[policy.Param(name)], after[policy.Param(name)]) > 0));
        Assert.Equal("policy/param/tokens", objective.NameOf(other, "tokens"));
    }

    /// <summary>Two parts at the same place of the same model drop different numbers.</summary>
    [Fact]
    public void Parts_draw_differently()
    {
        var dropping = Transformer.Of(config with { Dropout = 0.5 });
        double Loss(string name, ulong seed)
        {
            Objective objective = new([new(name, dropping)], batch.Feed, scene => Entropy(scene, dropping, name));
            return Step(objective, Batch(seed).With(objective.Parameters
                .Select(p => KeyValuePair.Create(p.Name, Runs.Normal(p.Spec.Type, Key.Seed(3).FoldIn(p.Spec.Name), 1)))))[Names.Loss][0];
        }
        Assert.Equal(3, new[] { Loss("", 1), Loss("a", 1), Loss("b", 1) }.Distinct().Count());
        Assert.Equal(Loss("a", 1), Loss("a", 1));
        var keys = new[] { "", "a", "b" }.Select(static name => new Part(name, model).KeyOf(Key.Seed(4))).ToList();
        Assert.Equal(3, keys.Distinct().Count());
    }

    /// <summary>What is shown is Σ sum / Σ weight over the micro-batches, and so is what is measured.</summary>
    [Property(MaxTest = 20)]
    public void What_is_shown_is_a_mean_over_all_micro_batches(ushort seed)
    {
        Objective objective = new([new("", model)], batch.Feed, scene =>
        {
            var entropy = Entropy(scene, model, "");
            return new Loss(entropy).With("first", new(scene["labels"].Slice(1, 0, 1).Cast(DType.F32).SumAll(), Create.Scalar(2))).With("twice",
                entropy with { Sum = entropy.Sum * 2 });
        });
        var (one, two) = (Given(objective, seed), Batch(seed + 1UL));
        var sums = one.With(Runs.Zeros(Programs.Accumulators(objective)));
        foreach (var part in new[] { one, one.With(two) }) sums = sums.With(part.With(sums.Where(static s =>
            s.Key.StartsWith("grad/", StringComparison.Ordinal) || s.Key.StartsWith("acc/", StringComparison.Ordinal))))
            .With(Programs.Accumulate(objective).Evaluate(sums.With(Labels(part))));
        var after = Programs.Apply(objective, sgd, GradientClip.None).Evaluate(sums);
        double First(IReadOnlyDictionary<string, Value> given) => given[Names.Labels][0] + given[Names.Labels][batch.Time];
        Assert.Equal((First(one) + First(two)) / 4, after[Names.Shown("first")][0], Exact);
        Assert.Equal(2 * after[Names.Loss][0], after[Names.Shown("twice")][0], Exact);
        foreach (var (name, _) in Programs.Accumulators(objective)) Assert.All(after[name].Items.ToArray(), static v => Assert.Equal(0, v));
        var measured = Programs.Measure(objective).Evaluate(one);
        Assert.Equal(2 * measured[Names.LossSum][0], measured[Names.ShownSum("twice")][0], Exact);
        Assert.Equal(measured[Names.Weight][0], measured[Names.ShownWeight("twice")][0], Exact);

        static IEnumerable<KeyValuePair<string, Value>> Labels(IReadOnlyDictionary<string, Value> part) =>
            part.Where(static p => p.Key is Names.Inputs or Names.Labels);
    }

    /// <summary>What layers add to the mean loss is learned, shown by name and summed over layers; it is no part of what is measured.</summary>
    [Property(MaxTest = 20)]
    public void What_layers_add_is_learned_and_not_measured(ushort seed)
    {
        // Two places of the model each add a hundredth of the mean square of what they see.
        var load = Layer.Of([], static (_, x) => new Flow(x).With(Names.Auxiliary("load"), (x * x).SumAll() * (0.01 / x.Type.Size)));
        var body = load >> model.Body;
        var loaded = model with { Body = new(model.Body.Params, (env, x) =>
            model.Body.Apply(env, x).Then(h => load.Apply(env, h)).Then(h => load.Apply(env, h))) };
        Assert.Equal(model.Body.Params, body.Params);
        var (plain, with) = (Objectives.NextToken(model, batch), Objectives.NextToken(loaded, batch));
        var given = Given(plain, seed);
        var (expected, after) = (Step(plain, given), Step(with, given));
        Assert.Equal(expected[Names.Loss][0], after[Names.Shown("cross-entropy")][0], Exact);
        Assert.True(after[Names.Shown("load")][0] > 0);
        Assert.Equal(after[Names.Loss][0], after[Names.Shown("cross-entropy")][0] + after[Names.Shown("load")][0], Exact);
        Assert.Contains(model.Specs.Names, name => Runs.LargestDifference(expected[Names.Param(name)], after[Names.Param(name)]) > 1e-7);
        Assert.Equal(Programs.Measure(plain).Evaluate(given)[Names.Loss][0], Programs.Measure(with).Evaluate(given)[Names.Loss][0], Exact);
    }

    [Fact]
    public void Parts_that_cannot_be_told_apart_are_refused()
    {
        static void Refused(Vec<Part> parts, string what) =>
            Assert.Contains(what, Assert.Throws<ArgumentException>(() =>
                new Objective(parts, batch.Feed, static _ => throw new InvalidOperationException())).Message, StringComparison.Ordinal);
        Refused([new("a", model), new("a", model)], "two parts are called 'a'");
        Refused([new("a/b", model)], "'a/b' is no name");
        Refused([new("..", model)], "'..' is no name");
        Refused([new("a", model) { Shares = "b" }], "shares with 'b'");
        Refused([new("a", model) { Shares = "a" }], "shares with 'a'");
    }
}
