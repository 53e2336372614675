namespace Functional.Tests.Properties;

/// <summary>Every variant of a GPT, on every engine, against the reference evaluator.</summary>
public sealed class GptOnEngine : IDisposable
{
    // Float32 has 24 bits; a norm over a nearly constant row multiplies the rounding before it by up to 1/√1e-5 ≈ 300, in two blocks. A norm
    // of two numbers is always nearly ±1, and its gradient what cancels to nothing: hence widths from 4 on.
    const double OfFloat = 5e-4;

    readonly Dictionary<string, IEngine> engines = EngineList.All.Where(static e => e.Key != "reference").ToDictionary(static e => e.Key, static e =>
        e.Value());

    public void Dispose()
    {
        foreach (var engine in engines.Values) engine.Dispose();
    }

    void Agree(Program program, IReadOnlyDictionary<string, Value> given)
    {
        var expected = program.Evaluate(given);
        foreach (var (name, engine) in engines) Agree(name, expected, Runs.On(engine)(program, given));
    }

    static void Agree(string engine, IReadOnlyDictionary<string, Value> expected, IReadOnlyDictionary<string, Value> actual)
    {
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), actual.Keys.Order(StringComparer.Ordinal));
        foreach (var (name, value) in expected)
            Runs.Close(value, actual[name], OfFloat * (1 + value.Items.ToArray().Max(Math.Abs)), $"{engine}: {name}");
    }

    [Property(MaxTest = 30, Arbitrary = [typeof(AnyDecoder)])]
    public void Losses_gradients_and_steps_agree(DecoderConfig config, bool dropout, ushort seed)
    {
        var (model, batch) = (Transformer.Of(config with { Dropout = dropout ? 0.2 : 0, Width = 4 * config.Width }), new BatchShape(3, config.Context));
        // SGD: Adam would divide what is nearly zero by itself.
        var sgd = Optimisers.Sgd(0.9, true, 0.1);
        var given = Runs.Parameters(model, seed)
            .With((Names.Inputs, Runs.Tokens(batch, config.Vocabulary, seed)), (Names.Labels, Runs.Labels(batch, config.Vocabulary, seed)),
                (Names.Key, Runs.KeyOf(seed)))
            .With(Runs.Zeros(Programs.Slots(Objectives.NextToken(model, batch),
                sgd))).With(Runs.Zeros(Programs.Accumulators(Objectives.NextToken(model, batch)))).With(Runs.Scalars(Programs.StepScalars(sgd, 1, 0.1)));
        foreach (var program in new[] { Programs.Measure(Objectives.NextToken(model, batch, 0.1)), Programs.AttentionWeights(model, batch),
            Programs.Accumulate(Objectives.NextToken(model, batch)), Programs.Step(Objectives.NextToken(model, batch), sgd, GradientClip.To(1)) })
            Agree(program, given);
    }

    [Property(MaxTest = 30, Arbitrary = [typeof(AnyDecoder)])]
    public void Cached_steps_agree(DecoderConfig config, byte at, ushort seed)
    {
        var model = Transformer.Of(config with { Width = 4 * config.Width });
        var position = at % config.Context;
        (BatchShape, int?)[] cases = [(new(1, 1), null), (new(2, 1 + at % (config.Context - position)), null), (new(2, 1), 3),
            (new(1, config.Context - position), 2)];
        foreach (var (batch, cacheRows) in cases)
        {
            // The last row is where it is asked for, those before it nearer to the beginning.
            var given = Runs.Parameters(model, seed)
                .With((Names.Inputs, Runs.Tokens(batch, config.Vocabulary, seed)),
                    (Names.Position, Runs.Whole([.. Enumerable.Range(1, batch.Rows).Select(i => position * i / batch.Rows)])))
                .With((Names.CacheRow, Runs.Whole([.. Enumerable.Range(0, batch.Rows).Select(i => (cacheRows ?? 0) - 1 - i)])))
                .With(model.Caches(new(cacheRows ?? batch.Rows, batch.Time)).Select(c =>
                    KeyValuePair.Create(Names.Cache(c.Name), Runs.Normal(c.Value, Key.Seed(seed).FoldIn(c.Name)))));
            Agree(Programs.CachedStep(model, batch, cacheRows), given);
        }
    }
}
