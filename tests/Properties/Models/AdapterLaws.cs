namespace Functional.Tests.Properties;

/// <summary>A model is a value that functions change: low-rank adapters (Hu et al. 2021) need nothing that is not there.</summary>
public sealed class AdapterLaws
{
    static Model Adapted(Model model, int rank)
    {
        var targets = model.Specs.Filter(static (name, _) => name.EndsWith("qkv.weight", StringComparison.Ordinal));
        var frozen = model.Specs.Map(static s => s with { Trains = false });
        var added = targets.SelectMany(t => new[]
        {
            ParamSpec.Of($"{t.Name}.a", [t.Value.Type.Shape[0], rank], new Initializer.Normal(0.02)),
            ParamSpec.Of($"{t.Name}.b", [rank, t.Value.Type.Shape[1]], Initializer.Zeros),
        }).Select(static s => (s.Name, s)).ToParams();
        return model.Within(
            env => env with { Parameters = name => targets.Contains(name)
                ? env.Parameters(name) + env.Parameters($"{name}.a").MatMul(env.Parameters($"{name}.b")) : env.Parameters(name) },
            frozen.Concat(added));
    }

    [Property(MaxTest = 20, Arbitrary = [typeof(AnyGpt)])]
    public void A_fresh_adapter_is_the_base_and_only_adapters_train(DecoderConfig config, ushort seed)
    {
        var (model, batch) = (Transformer.Of(config), new BatchShape(2, config.Context));
        var adapted = Adapted(model, 2);
        var given = Runs.Parameters(adapted, seed).With((Names.Inputs, Runs.Tokens(batch, config.Vocabulary, seed)),
            (Names.Labels, Runs.Labels(batch, config.Vocabulary, seed)));
        given = given.With(given.Where(static p => p.Key.EndsWith(".b", StringComparison.Ordinal))
            .Select(static p => KeyValuePair.Create(p.Key, Runs.Changed(p.Value, static (_, _) => 0))));
        Runs.Close(Programs.Logits(model, batch).Evaluate(given)[Names.Logits], Programs.Logits(adapted, batch).Evaluate(given)[Names.Logits], 0);
        var step = Programs.Step(Objectives.NextToken(adapted, batch), Optimisers.Sgd(), GradientClip.None);
        var after = step.Evaluate(given.With((Names.LearningRate, Value.Scalar(1))));
        Assert.Equal(2 * config.Layers, step.Donations.Count);
        Assert.All(step.Donations, static d => Assert.Contains("qkv.weight.", d.Output, StringComparison.Ordinal));
        if (config.Width < 4 || config.Vocabulary < 2 || config.Context < 2) return;
        Assert.Contains(after[Names.Param("blocks.0.qkv.weight.b")].Items.ToArray(), static v => v != 0);
    }
}
