using FsCheck;

namespace Functional.Tests.Properties;

/// <summary>What every decoder computes, whatever its norms, positions, masks and mixtures, against plain loops; and which configurations there are.</summary>
public sealed class DecoderLaws
{
    const double Exact = 1e-8;

    static Value Logits(DecoderConfig config, IReadOnlyDictionary<string, Value> given)
    {
        var batch = new BatchShape(given[Names.Inputs].Type.Shape[0], config.Context);
        return Programs.Logits(Transformer.Of(config), batch).Evaluate(given)[Names.Logits];
    }

    [Property(MaxTest = 120, Arbitrary = [typeof(AnyDecoder)])]
    public void A_decoder_computes_what_plain_loops_do(DecoderConfig config, ushort seed)
    {
        var (model, batch) = (Transformer.Of(config), new BatchShape(2, config.Context));
        var given = Runs.Parameters(model, seed).With((Names.Inputs, Runs.Tokens(batch, config.Vocabulary, seed)));
        var plain = new PlainDecoder(config, name => given.TryGetValue(Names.Param(name), out var value) ? value : null);
        var texts = given[Names.Inputs].Items.ToArray().Select(static v => (int)v).Chunk(config.Context);
        double[] expected = [.. texts.SelectMany(text => plain.Logits(text).SelectMany(static row => row))];
        var logits = Logits(config, given);
        Runs.Close(Value.Of(logits.Type, expected), logits, Exact * (1 + expected.Max(Math.Abs)), $"{config}");
    }

    /// <summary>Caches that roll, read a few tokens at a time for as long as there is anything to read, are the whole forward pass.</summary>
    [Property(MaxTest = 120, Arbitrary = [typeof(AnyDecoder)])]
    public void Rolling_caches_are_the_whole_forward_pass(DecoderConfig any, ushort seed)
    {
        var config = any with { Window = Math.Max(1, any.Window), Pattern = seed % 2 == 0 ? "" : any.Pattern, Positions = seed % 3 == 0 ? Positions.Rotary : any.Positions };
        var (model, atOnce) = (Transformer.Of(config), 1 + seed % 4);
        var length = model.IsBounded ? config.Context : 2 * (config.Window + config.Sinks + atOnce) + 3;
        var batch = new BatchShape(1, length);
        var (given, tokens) = (Runs.Parameters(model, seed), Runs.Tokens(batch, config.Vocabulary, seed));
        var full = Programs.Logits(model, batch).Evaluate(given.With((Names.Inputs, tokens)))[Names.Logits];
        var state = given.With(model.Caches(new(1, atOnce)).Select(static c => KeyValuePair.Create(Names.Cache(c.Name), Runs.Normal(c.Value, Key.Seed(1)))));
        for (int at = 0, time; at < length; at += time)
        {
            time = Math.Min(length - at, 1 + (int)Key.Seed(seed).Below(at, atOnce));
            var inputs = Value.Of(new([1, time], DType.I32), tokens.Items.Slice(at, time));
            var step = Programs.CachedStep(model, new(1, time), atOnce: atOnce).Evaluate(state.With((Names.Inputs, inputs), (Names.Position, Runs.Whole(at))));
            state = state.With(step.Where(static o => o.Key != Names.Logits));
            for (var i = 0; i < config.Vocabulary; i++) Assert.Equal(full[(at + time - 1) * config.Vocabulary + i], step[Names.Logits][i], Exact * (1 + Math.Abs(step[Names.Logits][i])));
        }
    }

    /// <summary>With a rate of almost nothing, what spells out attention's weights to drop some of them is what does not.</summary>
    [Property(MaxTest = 80, Arbitrary = [typeof(AnyDecoder)])]
    public void Training_without_dropping_is_no_other_function(DecoderConfig config, ushort seed)
    {
        var (model, batch) = (Transformer.Of(config with { Dropout = 1e-12 }), new BatchShape(2, config.Context));
        var given = Runs.Parameters(model, seed).With((Names.Inputs, Runs.Tokens(batch, config.Vocabulary, seed)), (Names.Key, Runs.KeyOf(seed)));
        var training = model.Logits(Programs.Parameters(model) with { RandomKey = Create.Input(Names.Key, [2], DType.I32) }, Create.Input(Names.Inputs, batch.Tokens)).Value;
        var still = Logits(config, given);
        Runs.Close(still, Evaluator.Run([training], given)[0], Exact * (1 + still.Items.ToArray().Max(Math.Abs)));
    }

    /// <summary>Every part has as many numbers as it says.</summary>
    [Property(Arbitrary = [typeof(AnyDecoder)])]
    public void Parameters_are_counted_by_hand(DecoderConfig config) =>
        Assert.Equal(DecoderByHand.Parameters(config), Transformer.Of(config).ParameterCount);

    [Property(Arbitrary = [typeof(AnyDecoder)])]
    public bool Valid_configurations_pass(DecoderConfig config) => config.Validate().IsSuccess;

    /// <summary>Pairs of neighbours are pairs of halves whose numbers are in another order: with the columns of q and k in that order, all is the same.</summary>
    [Property(MaxTest = 40, Arbitrary = [typeof(AnyDecoder)])]
    public void Neighbours_are_halves_in_another_order(DecoderConfig any, ushort seed)
    {
        var config = any with
        {
            Positions = Positions.Rotary, Rotary = any.Rotary with { Interleaved = false }, QueryKeyNorm = any.QueryKeyNorm == QueryKeyNorm.Width ? QueryKeyNorm.None : any.QueryKeyNorm,
        };
        var (model, batch) = (Transformer.Of(config), new BatchShape(1, config.Context));
        var given = Runs.Parameters(model, seed).With((Names.Inputs, Runs.Tokens(batch, config.Vocabulary, seed)));
        var (size, pairs, turned) = (config.SizeOfHead, config.Rotary.Pairs(config.SizeOfHead), (config.Heads + config.KeyHeadCount) * config.SizeOfHead);
        // Of number i of a neighbours' head, which number of a halves' head it is.
        int From(int i) => i >= 2 * pairs ? i : i % 2 == 0 ? i / 2 : pairs + i / 2;
        var permuted = given.With(given.Where(static p => p.Key.Contains(".qkv.", StringComparison.Ordinal) || p.Key.Contains("query_norm", StringComparison.Ordinal)
            || p.Key.Contains("key_norm", StringComparison.Ordinal)).Select(p =>
        {
            var columns = p.Value.Type.Shape[^1];
            return KeyValuePair.Create(p.Key, Runs.Changed(p.Value, (_, i) =>
                i % columns is var column && column < turned ? p.Value[i - column + column / size * size + From(column % size)] : p.Value[i]));
        }));
        var (halves, neighbours) = (Logits(config, given), Logits(config with { Rotary = config.Rotary with { Interleaved = true } }, permuted));
        Runs.Close(halves, neighbours, Exact * (1 + halves.Items.ToArray().Max(Math.Abs)));
    }

    [Fact]
    public void Every_layer_may_be_of_another_kind()
    {
        var config = new DecoderConfig { Layers = 4, Window = 2, Sinks = 1, Pattern = "wwf", Experts = new() { Count = 2, Pattern = "de" } };
        Assert.Equal([true, true, false, true], Enumerable.Range(0, 4).Select(config.HasWindow));
        Assert.Equal([false, true, false, true], Enumerable.Range(0, 4).Select(config.Experts.Has));
        Assert.Equal((4, 6), (config.Period, (config with { Layers = 100 }).Period));
        Assert.Equal((1, 2, 3), ((new DecoderConfig { Pattern = "wwf" }).Period, (config with { Window = 0 }).Period, (config with { Experts = new() }).Period));
        Assert.True(config.IsBounded);
        Assert.Equal((true, false, true, false), ((config with { Positions = Positions.None }).IsBounded, (config with { Positions = Positions.None, Pattern = "" }).IsBounded,
            (config with { Positions = Positions.None, Window = 0 }).IsBounded, (config with { Positions = Positions.Alibi, Layers = 2 }).IsBounded));
    }

    /// <summary>All parameters begin as their kind does: of a mixture, of norms of queries and keys, and around the blocks.</summary>
    [Property(Arbitrary = [typeof(AnyDecoder)])]
    public void Parameters_begin_as_their_kind_does(DecoderConfig config)
    {
        var embedding = new Initializer.Normal(config.ScaledEmbeddings || config.Positions == Positions.Sinusoidal ? 1 / Math.Sqrt(config.Width) : 0.02);
        var model = Transformer.Of(config);
        Assert.All(model.Specs, p => Assert.Equal(p.Name switch
        {
            _ when p.Name.EndsWith(".bias", StringComparison.Ordinal) => Initializer.Zeros,
            _ when p.Value.Type.Rank == 1 => config.Norm == NormKind.RmsPlusOne ? Initializer.Zeros : Initializer.Ones,
            "tokens" => embedding,
            _ when p.Name.EndsWith(".out.weight", StringComparison.Ordinal) || p.Name.EndsWith("down.weight", StringComparison.Ordinal)
                || p.Name.EndsWith("experts.down", StringComparison.Ordinal) => new Initializer.Normal(0.02 / Math.Sqrt(2.0 * config.Layers)),
            _ => new Initializer.Normal(0.02),
        }, p.Value.Init));
        Assert.All(model.Specs, static p => Assert.Equal(p.Value.Type.Rank > 1, p.Value.Decays));
        Assert.Equal(new Initializer.Normal(0.02), Transformer.Of(config with { Labels = 2 }).Specs["score.weight"].Init);
    }

    [Property(MaxTest = 40, Arbitrary = [typeof(AnyDecoder)])]
    public void A_model_of_labels_scores_the_last_states_without_a_cap(DecoderConfig any, ushort seed)
    {
        var config = any with { Labels = 3 };
        var (model, batch) = (Transformer.Of(config), new BatchShape(2, config.Context));
        var given = Runs.Parameters(model, seed).With((Names.Inputs, Runs.Tokens(batch, config.Vocabulary, seed)));
        var env = Programs.Parameters(model);
        var flow = model.LastLogits(env, Create.Input(Names.Inputs, batch.Tokens));
        var hidden = Programs.Hidden(model, batch).Evaluate(given)[Names.Hidden];
        var scores = Evaluator.Run([flow.Value], given)[0];
        Assert.Equal(new TensorType([2, 3]), scores.Type);
        var weight = given[Names.Param("score.weight")];
        for (var row = 0; row < 2; row++)
            for (var label = 0; label < 3; label++)
            {
                var sum = Enumerable.Range(0, config.Width).Sum(i => hidden[(row * config.Context + config.Context - 1) * config.Width + i] * weight[label * config.Width + i]);
                Assert.Equal(sum, scores[row * 3 + label], Exact * (1 + Math.Abs(sum)));
            }
        Assert.False(model.Specs.Contains("head.weight"));
    }
}
