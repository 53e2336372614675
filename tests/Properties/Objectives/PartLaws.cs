using FsCheck;

namespace Functional.Tests.Properties.Training;

/// <summary>What parts of an objective are to a trainer, and what is shown and added: each part begins with values of its own, and only what learns drops out.</summary>
public class PartLaws
{
    const double Exact = 1e-9;
    static readonly BatchShape batch = new(2, 3);
    static readonly DecoderConfig config = new() { Layers = 1, Heads = 2, Width = 4, Context = 3, Vocabulary = 5 };

    static WeightedSum Entropy(Scene scene, Part part) => Losses.NextToken(part.Model, scene.Of(part.Name), scene["inputs"], scene["labels"]).Total;

    static Stage Of(params Vec<Part> parts)
    {
        var stage = TinyRun.Stage(TinyRun.Config);
        return stage with { Objective = new(parts, stage.Objective.Feed, scene => parts.Select(p => Entropy(scene, p)).Aggregate(static (a, b) => a + b)) };
    }

    static Model Dropping => TinyRun.Stage(TinyRun.Config).Objective.Parts[0].Model;

    /// <summary>Two parts of one architecture do not begin as one; a part alone and without a name begins as ever.</summary>
    [Fact]
    public void Each_part_begins_with_values_of_its_own()
    {
        using var engine = new ReferenceEngine();
        using Trainer alone = new(engine, Of(new Part("", Dropping))), two = new(engine, Of(new Part("policy", Dropping), new Part("value", Dropping)));
        foreach (var trainer in (Trainer[])[alone, two]) trainer.Initialise(Key.Seed(1));
        float[] Head(Trainer trainer, int part) => trainer.Parameters(trainer.Stage.Objective.Parts[part])["tokens"].ToArray<float>();
        Assert.NotEqual(Head(two, 0), Head(two, 1));
        Assert.NotEqual(Head(alone, 0), Head(two, 0));
        var expected = new float[Head(alone, 0).Length];
        Dropping.Specs["tokens"].Fill(Key.Seed(1).FoldIn("params"), 0, expected);
        Assert.Equal(expected, Head(alone, 0));
    }

    /// <summary>Only what learns is saved.</summary>
    [Fact]
    public void What_does_not_learn_is_not_saved()
    {
        using var engine = new ReferenceEngine();
        using var trainer = new Trainer(engine, Of(new Part("policy", Dropping), new Part("reference", Dropping) { Learns = false }));
        Assert.Equal(["policy"], trainer.Parts.Select(static p => p.Name));
    }

    /// <summary>First values again are a new beginning: nothing is left of the steps before.</summary>
    [Fact]
    public void Begun_anew_it_is_new()
    {
        using var engine = new ReferenceEngine();
        using var trainer = new Trainer(engine, TinyRun.Stage(TinyRun.Config));
        float[] Begun()
        {
            trainer.Initialise(Key.Seed(1));
            for (var step = 0; step < 2; step++) trainer.Step(RunState.Start(Key.Seed(1)) with { Step = step }, 0.05);
            return [.. trainer.Parts[0].Model.Values.SelectMany(static b => b.ToArray<float>())];
        }
        Assert.Equal(Begun(), Begun());
    }

    /// <summary>A reference is the same in training as where it is measured, whatever is dropped in what learns beside it.</summary>
    [Property(MaxTest = 10)]
    public void What_does_not_learn_drops_nothing(ushort seed)
    {
        var dropping = Transformer.Of(config with { Dropout = 0.5 });
        Part policy = new("policy", dropping), reference = new("reference", dropping) { Learns = false };
        Objective objective = new([policy, reference], batch.Feed, scene => new Loss(Entropy(scene, policy)).With("reference", Entropy(scene, reference)));
        var given = Given(objective, seed);
        var (after, measured) = (Step(objective, given), Programs.Measure(objective).Evaluate(given));
        Assert.Equal(measured[Names.ShownSum("reference")][0] / measured[Names.ShownWeight("reference")][0], after[Names.Shown("reference")][0], Exact);
        Assert.NotEqual(measured[Names.Loss][0], after[Names.Loss][0], Exact);
    }

    /// <summary>What layers add to the mean is a mean itself: however many labels count, and however many layers add to it.</summary>
    [Property(MaxTest = 10)]
    public void What_layers_add_does_not_depend_on_labels(ushort seed)
    {
        var model = Transformer.Of(config);
        var added = Layer.Of([], static (_, x) => new Flow(x).With(Names.Auxiliary("load"), Create.Scalar(0.25)));
        var loaded = model with { Body = new(model.Body.Params, (env, x) => model.Body.Apply(env, x).Then(h => added.Apply(env, h)).Then(h => added.Apply(env, h))) };
        var objective = Objectives.NextToken(loaded, batch);
        var given = Given(objective, seed);
        var after = Step(objective, given);
        Assert.Equal(0.5, after[Names.Shown("load")][0], Exact);
        Assert.Equal(0.5 + after[Names.Shown("cross-entropy")][0], after[Names.Loss][0], Exact);
    }

    static Dictionary<string, Value> Given(Objective objective, ulong seed) => new Dictionary<string, Value>
    {
        [Names.Inputs] = Runs.Tokens(batch, config.Vocabulary, seed), [Names.Labels] = Runs.Labels(batch, config.Vocabulary, seed), [Names.Key] = Runs.KeyOf(seed),
        [Names.LearningRate] = Value.Scalar(0.1),
    }.With(objective.Parameters.Select(p => KeyValuePair.Create(p.Name, Runs.Normal(p.Spec.Type, Key.Seed(seed).FoldIn(p.Name), 0.4))));

    static IReadOnlyDictionary<string, Value> Step(Objective objective, IReadOnlyDictionary<string, Value> given) =>
        Programs.Step(objective, Optimisers.Sgd(), GradientClip.None).Evaluate(given);
}
