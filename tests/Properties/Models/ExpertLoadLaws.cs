using FsCheck;

namespace Functional.Tests.Properties;

/// <summary>How often experts are chosen, against a plain count.</summary>
public sealed class ExpertLoadLaws
{
    /// <summary>Of a layer alone, whose choices are the highest of plain products; two experts, or many, of which any number is chosen.</summary>
    [Property(MaxTest = 30)]
    public void The_load_is_a_plain_count(PositiveInt experts, PositiveInt chosen, ushort seed)
    {
        const int Width = 3, Vocabulary = 7;
        var (count, batch) = (1 + experts.Get % 9, new BatchShape(2, 5));
        var config = new ExpertConfig { Count = count, Chosen = 1 + chosen.Get % count };
        var body = Nn.Embedding(Vocabulary, Width).Named("tokens") >> Nn.Experts(Width, 4, Activation.SwiGlu, config).Named("mix");
        var model = new Model(body.Params, body, static env => env["tokens"], static _ => Params<TensorType>.Empty, Vocabulary, batch.Time);
        var (tokens, labels) = (Runs.Tokens(batch, Vocabulary, seed), Runs.Labels(batch, Vocabulary, seed));
        var given = Runs.Parameters(model, seed).With((Names.Inputs, tokens), (Names.Labels, labels));
        var expected = new double[count];
        for (var t = 0; t < batch.Rows * batch.Time; t++)
        {
            if (labels[t] < 0) continue;
            double Score(int expert) => Enumerable.Range(0, Width).Sum(i =>
                given[Names.Param("tokens")][(int)tokens[t] * Width + i] * given[Names.Param("mix.router.weight")][i * count + expert]);
            foreach (var expert in Enumerable.Range(0, count).OrderByDescending(Score).Take(config.Chosen)) expected[expert]++;
        }
        var results = Programs.ExpertLoad(model, batch).Evaluate(given);
        Assert.Equal([Names.Router("mix")], results.Keys);
        Assert.Equal(expected, results[Names.Router("mix")].Items.ToArray());
    }

    /// <summary>Of a decoder, the layers that have experts and no others, and every token that counts chooses as often as it may.</summary>
    [Property(MaxTest = 30, Arbitrary = [typeof(AnyDecoder)])]
    public void Every_layer_with_experts_is_counted(DecoderConfig any, byte chosen, ushort seed)
    {
        var experts = new ExpertConfig { Count = 2 + chosen % 3, Chosen = 1 + chosen % 2, Hidden = 3, Pattern = chosen % 2 == 0 ? "de" : "" };
        var config = any with { Layers = 3, Labels = 0, Experts = experts };
        var (model, batch) = (Transformer.Of(config), new BatchShape(2, config.Context));
        var labels = Runs.Labels(batch, config.Vocabulary, seed);
        var results = Programs.ExpertLoad(model, batch).Evaluate(Runs.Parameters(model, seed)
            .With((Names.Inputs, Runs.Tokens(batch, config.Vocabulary, seed)), (Names.Labels, labels)));
        var layers = Enumerable.Range(0, 3).Where(config.Experts.Has).Select(static i => Names.Router($"blocks.{i}"));
        Assert.Equal(layers, results.Keys.Order(StringComparer.Ordinal));
        var counted = labels.Items.ToArray().Count(static l => l >= 0);
        Assert.All(results.Values, load => Assert.Equal(config.Experts.Chosen * counted, load.Items.ToArray().Sum()));
    }

    /// <summary>Batch after batch, the last of them part padding, is all windows at once.</summary>
    [Fact]
    public void The_load_of_a_text_is_that_of_all_its_windows()
    {
        const int Windows = 19;
        var config = new DecoderConfig { Layers = 2, Heads = 2, Width = 8, Context = 4, Vocabulary = 9, Experts = new() { Count = 5, Chosen = 2, Hidden = 3 } };
        var (model, batch) = (Transformer.Of(config), new BatchShape(Windows, config.Context));
        int[] text = [.. Enumerable.Range(0, Windows * config.Context + 1).Select(static i => (int)Key.Seed(1).Below(i, 9))];
        var given = Runs.Parameters(model, 5);
        var counts = Programs.ExpertLoad(model, batch).Evaluate(given.With((Names.Inputs, Of(text[..^1])), (Names.Labels, Of(text[1..]))));
        using var engine = new ManagedEngine(2);
        using var workspace = new Workspace(engine);
        foreach (var (name, spec) in model.Specs)
            workspace.Add(name, spec.Type).Write<float>([.. given[Names.Param(name)].Items.ToArray().Select(static v => (float)v)]);
        var windows = Training.TinyRun.Get(Functional.Data.Windows.Of(text.Length, config.Context));
        var loads = ExpertLoad.Of(engine, model, workspace.Buffers, TokenStream.Of(text), windows, default);
        Assert.Equal(["blocks.0", "blocks.1"], loads.Select(static l => l.Layer));
        foreach (var (layer, shares) in loads)
        {
            var expected = counts[Names.Router(layer)].Items.ToArray().Select(static n => n * 5 / (2 * Windows * 4));
            Assert.Equal(expected, shares, static (a, b) => Math.Abs(a - b) < 1e-9);
        }

        Value Of(int[] ids) => Value.Of(batch.Tokens, [.. ids.Select(static id => (double)id)]);
    }
}
