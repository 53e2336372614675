using FsCheck;

namespace Functional.Tests.Properties;

/// <summary>What every GPT obeys, whatever its variant.</summary>
public sealed class GptLaws
{
    const double Exact = 1e-9;

    static Value Logits(Model model, BatchShape batch, IReadOnlyDictionary<string, Value> given, Value tokens) =>
        Programs.Logits(model, batch).Evaluate(given.With((Names.Inputs, tokens)))[Names.Logits];

    [Property(MaxTest = 40, Arbitrary = [typeof(AnyDecoder)])]
    public void No_output_depends_on_a_later_token(DecoderConfig config, ushort seed)
    {
        var (model, batch) = (Transformer.Of(config), new BatchShape(2, config.Context));
        var (given, tokens) = (Runs.Parameters(model, seed), Runs.Tokens(batch, config.Vocabulary, seed));
        var place = (int)Key.Seed(seed).Below(0, config.Context);
        var changed = Runs.Changed(tokens, (t, i) => i % batch.Time > place ? (t + 1) % config.Vocabulary : t);
        var (before, after) = (Logits(model, batch, given, tokens), Logits(model, batch, given, changed));
        for (var i = 0; i < before.Type.Size; i++)
            if (i / config.Vocabulary % batch.Time <= place) Assert.Equal(before[i], after[i]);
    }

    [Property(MaxTest = 40, Arbitrary = [typeof(AnyGpt)])]
    public void An_output_depends_on_every_earlier_token(DecoderConfig config, ushort seed)
    {
        // A norm leaves nothing of one number and only the order of two, and one token cannot be told from itself.
        if (config.Width < 3 || config.Vocabulary < 2) return;
        var (model, batch) = (Transformer.Of(config), new BatchShape(1, config.Context));
        var (given, tokens) = (Runs.Parameters(model, seed), Runs.Tokens(batch, config.Vocabulary, seed));
        var hidden = Programs.Hidden(model, batch);
        var before = hidden.Evaluate(given.With((Names.Inputs, tokens)))[Names.Hidden];
        for (var place = 0; place < config.Context; place++)
        {
            var changed = Runs.Changed(tokens, (t, i) => i == place ? (t + 1) % config.Vocabulary : t);
            var after = hidden.Evaluate(given.With((Names.Inputs, changed)))[Names.Hidden];
            Assert.Contains(Enumerable.Range((batch.Time - 1) * config.Width, config.Width), i => before[i] != after[i]);
        }
    }

    [Property(MaxTest = 40, Arbitrary = [typeof(AnyDecoder)])]
    public void Cached_decoding_is_the_full_forward_pass(DecoderConfig config, PositiveInt prompt, ushort seed)
    {
        var (model, batch) = (Transformer.Of(config), new BatchShape(2, config.Context));
        var (given, tokens) = (Runs.Parameters(model, seed), Runs.Tokens(batch, config.Vocabulary, seed));
        var full = Logits(model, batch, given, tokens);
        // What stands in a fresh cache must not matter.
        var state = given.With(model.Caches(new(2, config.Context)).Select(static c => KeyValuePair.Create(Names.Cache(c.Name), Runs.Normal(c.Value, Key.Seed(1)))));
        for (int position = 0, time = 1 + prompt.Get % config.Context; position < config.Context; position += time, time = 1)
        {
            var part = new BatchShape(2, time);
            var inputs = Value.Of(part.Tokens, [.. Enumerable.Range(0, 2 * time).Select(i => tokens[i / time * batch.Time + position + i % time])]);
            var step = Programs.CachedStep(model, part, atOnce: config.Context).Evaluate(state.With((Names.Inputs, inputs), (Names.Position, Runs.Whole(position, position))));
            state = state.With(step.Where(static o => o.Key != Names.Logits));
            for (var i = 0; i < 2 * config.Vocabulary; i++)
                Assert.Equal(full[((i / config.Vocabulary * batch.Time) + position + time - 1) * config.Vocabulary + i % config.Vocabulary],
                    step[Names.Logits][i], Exact);
        }
    }

    /// <summary>Any rows of the caches, in any order, each at its own position; the others are left as they were.</summary>
    [Property(MaxTest = 40, Arbitrary = [typeof(AnyDecoder)])]
    public void Rows_read_at_positions_of_their_own(DecoderConfig config, ushort seed)
    {
        const int Rows = 3;
        var (model, all, random) = (Transformer.Of(config), new BatchShape(Rows, config.Context), new Random(seed));
        var (given, tokens) = (Runs.Parameters(model, seed), Runs.Tokens(all, config.Vocabulary, seed));
        var full = Logits(model, all, given, tokens);
        var state = given.With(model.Caches(new(Rows, config.Context)).Select(static c => KeyValuePair.Create(Names.Cache(c.Name), Runs.Normal(c.Value, Key.Seed(1)))));
        var positions = new int[Rows];
        while (positions.Any(p => p < config.Context))
        {
            var ready = Enumerable.Range(0, Rows).Where(r => positions[r] < config.Context).ToArray();
            random.Shuffle(ready);
            var chosen = ready[..random.Next(1, ready.Length + 1)];
            var part = new BatchShape(chosen.Length, random.Next(1, chosen.Min(r => config.Context - positions[r]) + 1));
            // Without the input where the batch is the caches' rows in order.
            int? cacheRows = chosen.SequenceEqual([0, 1, 2]) ? null : Rows;
            var inputs = Value.Of(part.Tokens, [.. chosen.SelectMany(r => tokens.Items.Slice(r * config.Context + positions[r], part.Time).ToArray())]);
            var at = Runs.Whole([.. chosen.Select(r => positions[r])]);
            var step = Programs.CachedStep(model, part, cacheRows, atOnce: config.Context).Evaluate(state.With((Names.Inputs, inputs), (Names.Position, at),
                (Names.CacheRow, Runs.Whole(chosen))));
            foreach (var (name, before) in state.Where(static s => s.Key.StartsWith(Names.Cache(""), StringComparison.Ordinal)))
                for (int i = 0, row = (int)before.Type.Size / Rows; i < before.Type.Size; i++)
                    if (!chosen.Contains(i / row) || i % row / (row / before.Type.Shape[1]) < Math.Min(positions[i / row], before.Type.Shape[1] - part.Time))
                        Assert.Equal(before[i], step[name][i]);
            state = state.With(step.Where(static o => o.Key != Names.Logits));
            for (var i = 0; i < chosen.Length; i++)
            {
                var last = (chosen[i] * config.Context) + (positions[chosen[i]] += part.Time) - 1;
                for (var t = 0; t < config.Vocabulary; t++) Assert.Equal(full[last * config.Vocabulary + t], step[Names.Logits][i * config.Vocabulary + t],
                    Exact);
            }
        }
    }

    [Property(MaxTest = 40, Arbitrary = [typeof(AnyDecoder)])]
    public void Rows_of_a_batch_do_not_see_each_other(DecoderConfig config, ushort seed)
    {
        var (model, batch, one) = (Transformer.Of(config), new BatchShape(3, config.Context), new BatchShape(1, config.Context));
        var (given, tokens) = (Runs.Parameters(model, seed), Runs.Tokens(batch, config.Vocabulary, seed));
        var all = Logits(model, batch, given, tokens);
        for (var row = 0; row < 3; row++)
        {
            var alone = Logits(model, one, given, Value.Of(one.Tokens, tokens.Items.Slice(row * one.Time, one.Time)));
            Runs.Close(alone, Value.Of(alone.Type, all.Items.Slice(row * (int)alone.Type.Size, (int)alone.Type.Size)), Exact);
        }
    }

    [Property(MaxTest = 40, Arbitrary = [typeof(AnyGpt)])]
    public void Attention_weights_are_causal_and_sum_to_1(DecoderConfig config, ushort seed)
    {
        var (model, batch) = (Transformer.Of(config), new BatchShape(2, config.Context));
        var given = Runs.Parameters(model, seed).With((Names.Inputs, Runs.Tokens(batch, config.Vocabulary, seed)));
        var outputs = Programs.AttentionWeights(model, batch).Evaluate(given);
        Assert.Equal(config.Layers + 1, outputs.Count);
        Runs.Close(Programs.Logits(model, batch).Evaluate(given)[Names.Logits], outputs[Names.Logits], 0);
        for (var layer = 0; layer < config.Layers; layer++)
        {
            var weights = outputs[Names.Weights($"blocks.{layer}")];
            Assert.Equal(new TensorType([2, config.Heads, batch.Time, batch.Time]), weights.Type);
            for (var row = 0; row < 2 * config.Heads * batch.Time; row++)
            {
                var items = weights.Items.Slice(row * batch.Time, batch.Time).ToArray();
                Assert.Equal(1, items.Sum(), Exact);
                Assert.All(items.Skip(row % batch.Time + 1), static w => Assert.Equal(0, w));
            }
        }
    }

    [Property(MaxTest = 40, Arbitrary = [typeof(AnyDecoder)])]
    public void The_loss_is_the_cross_entropy_of_the_logits(DecoderConfig config, ushort seed)
    {
        var (model, batch) = (Transformer.Of(config), new BatchShape(2, config.Context));
        var labels = Runs.Labels(batch, config.Vocabulary, seed);
        var given = Runs.Parameters(model, seed).With((Names.Inputs, Runs.Tokens(batch, config.Vocabulary, seed)), (Names.Labels, labels));
        var (logits, loss) = (Programs.Logits(model, batch).Evaluate(given)[Names.Logits],
            Programs.Measure(Objectives.NextToken(model, batch)).Evaluate(given));
        var (sum, weight) = (0.0, 0);
        for (var row = 0; row < labels.Type.Size; row++)
        {
            if (labels[row] == -100) continue;
            var scores = logits.Items.Slice(row * config.Vocabulary, config.Vocabulary).ToArray();
            sum += Math.Log(scores.Sum(Math.Exp)) - scores[(int)labels[row]];
            weight++;
        }
        Assert.Equal(sum, loss[Names.LossSum][0], Exact);
        Assert.Equal(weight, loss[Names.Weight][0]);
        Assert.Equal(sum / weight, loss[Names.Loss][0], Exact);
    }

    [Property(Arbitrary = [typeof(AnyGpt)])]
    public void Parameters_are_counted_in_closed_form(DecoderConfig config)
    {
        var model = Transformer.Of(config);
        Assert.Equal(model.Specs.Values.Sum(static s => s.Type.Size), config.ParameterCount);
        Assert.Equal(model.ParameterCount, config.ParameterCount);
        Assert.Equal(config.Bias != Biases.None, model.Specs.Names.Any(static n => n.EndsWith(".bias", StringComparison.Ordinal)));
        Assert.Equal(config.TiedHead, !model.Specs.Contains("head.weight"));
        Assert.All(model.Specs, static p => Assert.Equal(p.Value.Type.Rank > 1, p.Value.Decays));
    }

    [Fact]
    public void GPT2_has_124_million_parameters() => Assert.Equal(124_439_808,
        new DecoderConfig { Layers = 12, Heads = 12, Width = 768, Context = 1024, Vocabulary = 50257 }.ParameterCount);

    [Fact]
    public void Everything_wrong_with_a_configuration_is_said_at_once()
    {
        var config = new DecoderConfig { Layers = 0, Heads = 3, Width = 128, Context = -1, Vocabulary = 0, Dropout = 1, Activation = (Activation)9 };
        var faults = config.Validate().Match(static _ => [], static f => f.ToArray());
        Assert.Equal(["layers", "context", "vocabulary", "width", "dropout", "activation"], faults.Select(static f => f.Where));
        Assert.All(faults, static f => Assert.NotEmpty(f.Allowed));
        Assert.Contains("heads 3", faults[3].What, StringComparison.Ordinal);
        Assert.True(new DecoderConfig().Validate().IsSuccess);
        Assert.Throws<ArgumentException>(() => Transformer.Of(config));
    }

    [Property(Arbitrary = [typeof(AnyGpt)])]
    public bool Valid_configurations_pass(DecoderConfig config) => config.Validate().IsSuccess;

    [Fact]
    public void A_dropout_that_is_not_a_number_is_a_fault() => Assert.True(new DecoderConfig { Dropout = double.NaN }.Validate().IsFail);

    [Fact]
    public void The_head_size_of_a_tensor_beyond_the_limit_is_a_fault() =>
        Assert.True(new DecoderConfig { Width = 65536, Heads = 1, Vocabulary = 65536 }.Validate().IsFail);
}
