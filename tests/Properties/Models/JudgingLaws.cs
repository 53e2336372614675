using FsCheck;

namespace Functional.Tests.Properties;

/// <summary>Models that judge whole texts, from one side or from both, by the last token or by the mean of all.</summary>
public sealed class JudgingLaws
{
    const double Exact = 1e-9;

    static DecoderConfig Judge(DecoderConfig any, bool both, Pooling pooling) => any with
    {
        Context = any.Context + 4, Labels = 2, Pooling = pooling, Bidirectional = both, Window = both ? 0 : any.Window, Sinks = both ? 0 : any.Sinks,
        Positions = both && any.Positions == Positions.Alibi ? Positions.Rotary : any.Positions,
        HeadSize = any.HeadSize % 2 == 0 ? any.HeadSize : 2,
    };

    static int[][] Texts(DecoderConfig config, ulong seed) => [.. Enumerable.Range(0, 3).Select(r => Enumerable.Range(0, 1 + (int)Key.Seed(seed).Below(90 + r, config.Context))
        .Select(i => (int)Key.Seed(seed).FoldIn((uint)r).Below(i, config.Vocabulary)).ToArray())];

    // Of texts side by side, each behind it padded by whatever there is.
    static double[] Scores(Model model, int[][] texts, int time, ulong padding, ulong seed, IEngine? engine = null)
    {
        var tokens = Value.Of(new([texts.Length, time], DType.I32), [.. texts.SelectMany((t, r) => Enumerable.Range(0, time)
            .Select(i => i < t.Length ? t[i] : (double)Key.Seed(padding).FoldIn((uint)r).Below(i, model.Vocabulary)))]);
        var given = Runs.Parameters(model, seed, 0.7).With((Names.Inputs, tokens), (Names.Feed("lengths"), Runs.Whole([.. texts.Select(static t => t.Length)])));
        var program = Programs.Judged(model, new(texts.Length, time));
        return (engine is null ? program.Evaluate(given) : Runs.On(engine)(program, given))[Names.Logits].Items.ToArray();
    }

    [Property(MaxTest = 60, Arbitrary = [typeof(AnyDecoder)])]
    public void A_text_beside_others_is_judged_as_alone(DecoderConfig any, bool both, bool mean, ushort seed)
    {
        var config = Judge(any, both, mean ? Pooling.Mean : Pooling.Last);
        var (model, texts) = (Transformer.Of(config), Texts(config, seed));
        var (padded, other) = (Scores(model, texts, config.Context, 1, seed), Scores(model, texts, config.Context, 2, seed));
        Assert.Equal(padded, other);
        for (var i = 0; i < texts.Length; i++)
        {
            var alone = Scores(model, [texts[i]], texts[i].Length, 0, seed);
            for (var label = 0; label < 2; label++) Assert.Equal(alone[label], padded[2 * i + label], Exact);
        }
    }

    /// <summary>Alone, a text's score is the head's of its last hidden state, or of the mean of all that the whole program gives.</summary>
    [Property(MaxTest = 30, Arbitrary = [typeof(AnyDecoder)])]
    public void Scores_are_the_heads_of_what_is_pooled(DecoderConfig any, bool both, bool mean, ushort seed)
    {
        var config = Judge(any, both, mean ? Pooling.Mean : Pooling.Last);
        var (model, text) = (Transformer.Of(config), Texts(config, seed)[0]);
        var given = Runs.Parameters(model, seed, 0.7).With((Names.Inputs, Value.Of(new([1, text.Length], DType.I32), [.. text.Select(static t => (double)t)])));
        var (hidden, head) = (Programs.Hidden(model, new(1, text.Length)).Evaluate(given)[Names.Hidden], given[Names.Param("score.weight")]);
        var width = hidden.Type.Shape[2];
        double Read(int i) => mean ? Enumerable.Range(0, text.Length).Average(t => hidden[t * width + i]) : hidden[(text.Length - 1) * width + i];
        var scores = Scores(model, [text], text.Length, 0, seed);
        for (var label = 0; label < 2; label++)
            Assert.Equal(Enumerable.Range(0, width).Sum(i => Read(i) * head[label * width + i]), scores[label], Exact);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void The_first_state_knows_the_last_token_where_both_sides_are_seen(bool both)
    {
        var config = new DecoderConfig { Layers = 1, Heads = 2, Width = 8, Context = 6, Vocabulary = 7, Labels = 1, Bidirectional = both };
        var model = Transformer.Of(config);
        double[] First(params double[] tokens) => Programs.Hidden(model, new(1, 4)).Evaluate(Runs.Parameters(model, 3, 0.7).With((Names.Inputs,
            Value.Of(new([1, 4], DType.I32), tokens))))[Names.Hidden].Items[..8].ToArray();
        var (one, other) = (First(1, 2, 3, 4), First(1, 2, 3, 5));
        Assert.Equal(both, one.Zip(other).Any(static p => Math.Abs(p.Item1 - p.Item2) > 1e-4));
    }

    /// <summary>Several texts in one row see nothing of each other, from either side; where their ends are not known, that is refused.</summary>
    [Property(MaxTest = 30, Arbitrary = [typeof(AnyDecoder)])]
    public void Texts_of_a_row_are_each_what_they_are_alone(DecoderConfig any, ushort seed)
    {
        var config = Judge(any, true, Pooling.Mean);
        var (model, time) = (Transformer.Of(config), config.Context);
        var cut = 1 + (int)Key.Seed(seed).Below(0, time - 1);
        var given = Runs.Parameters(model, seed, 0.7);
        var tokens = Runs.Tokens(new(1, time), config.Vocabulary, seed);
        double[] Each(double first, double second) => [.. Enumerable.Range(0, time).Select(i => i < cut ? first : second)];
        Tensor Input(string name) => Create.Input(name, [1, time], DType.I32);
        var env = Programs.Parameters(model) with { Starts = Input("starts") };
        Assert.Throws<ArgumentException>(() => model.Hidden(env, Input(Names.Inputs)));
        var packed = Evaluator.Run([model.Hidden(env with { Ends = Input("ends") }, Input(Names.Inputs)).Value], new Dictionary<string, Value>(given.With(
            (Names.Inputs, tokens), ("starts", Value.Of(tokens.Type, Each(0, cut))), ("ends", Value.Of(tokens.Type, Each(cut, time))))))[0];
        foreach (var (from, to) in ((int, int)[])[(0, cut), (cut, time)])
        {
            var shape = new BatchShape(1, to - from);
            var alone = Programs.Hidden(model, shape).Evaluate(given.With((Names.Inputs, Value.Of(shape.Tokens, tokens.Items[from..to]))))[Names.Hidden];
            Runs.Close(alone, Value.Of(alone.Type, packed.Items.Slice(from * config.Width, (int)alone.Type.Size)), Exact);
        }
    }

    /// <summary>What is learned from is what is scored: the loss and the margin of pairs follow from the scores of their texts, on the managed engine as well.</summary>
    [Property(MaxTest = 20)]
    public void The_objective_is_made_of_these_scores(ushort seed, bool both, bool mean, bool ranked)
    {
        var config = new DecoderConfig { Layers = 2, Heads = 2, Width = 8, Context = 9, Vocabulary = 7, Labels = 1, Bidirectional = both, Pooling = mean ? Pooling.Mean : Pooling.Last };
        var model = Transformer.Of(config);
        int[][] Longer(ulong s) => [.. Texts(config, s).Select(static t => t.Length == 1 ? [.. t, 2] : t)];
        var (good, bad) = (Longer(seed), Longer(seed + 1UL));
        using var engine = new ManagedEngine(2);
        double[] Of(int[][] texts) => Scores(model, texts, 9, 1, 3, engine);
        var margins = Of(good).Zip(Of(bad), static (g, b) => g - b).ToArray();
        Value Padded(IEnumerable<int[]> texts, Vec<int> shape) => Value.Of(new(shape, DType.I32), [.. texts.SelectMany(static t => Enumerable.Range(0, 9).Select(i => i < t.Length ? (double)t[i] : 5))]);
        // The answer is the last token alone, or all but the first.
        Value Labels(IEnumerable<int[]> texts, Vec<int> shape) => Value.Of(new(shape, DType.I32), [.. texts.SelectMany(t => Enumerable.Range(0, 9)
            .Select(i => i + 1 < t.Length && (i + 2 == t.Length || seed % 2 == 0) ? t[i + 1] : -100.0))]);
        var both3 = good.Zip(bad).SelectMany(static p => (int[][])[p.Item1, p.Item2]).ToArray();
        var objective = ranked ? Objectives.Rankings(model, new(3, 9), 2) : Objectives.Reward(model, new(3, 9), new());
        var loss = objective.Loss(false);
        var given = Runs.Parameters(model, 3, 0.7).With(("batch/chosen", Padded(good, [3, 9])), ("batch/rejected", Padded(bad, [3, 9])), ("batch/chosen_labels", Labels(good, [3, 9])),
            ("batch/rejected_labels", Labels(bad, [3, 9])), ("batch/margin", Value.Of(new([3]), [0, 0, 0])), ("batch/answers", Padded(both3, [3, 18])),
            ("batch/answer_labels", Labels(both3, [3, 18])), ("batch/count", Runs.Whole(2, 2, 2)));
        var results = Program.Of([new("loss", loss.Total.Mean), new("accuracy", loss.Shown["accuracy"].Mean)]).Evaluate(given);
        Assert.Equal(margins.Average(static m => Math.Log(1 + Math.Exp(-m))), results["loss"][0], 2e-5);
        Assert.Equal(margins.Average(static m => m > 0 ? 1.0 : 0), results["accuracy"][0], 2e-5);
    }

    [Fact]
    public void What_makes_no_sense_is_refused_by_name()
    {
        var judge = new DecoderConfig { Vocabulary = 7, Labels = 1, Bidirectional = true, Pooling = Pooling.Mean };
        string Faults(DecoderConfig c) => c.Validate().Match(static _ => "", static f => f.Lines());
        Assert.Equal("", Faults(judge));
        Assert.Contains("bidirectional: is true of a language model", Faults(judge with { Labels = 0 }), StringComparison.Ordinal);
        Assert.Contains("pooling: is mean in a language model", Faults(judge with { Labels = 0 }), StringComparison.Ordinal);
        Assert.Contains("bidirectional: is true of a model with a window of 3", Faults(judge with { Window = 3, Sinks = 1 }), StringComparison.Ordinal);
        Assert.Contains("bidirectional: is true of a model whose positions are distances", Faults(judge with { Positions = Positions.Alibi }), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Programs.CachedStep(Transformer.Of(judge), new(1, 1)));
        Assert.NotNull(Programs.CachedStep(Transformer.Of(judge with { Bidirectional = false }), new(1, 1)));
    }

    /// <summary>A stage's settings, under the names that files have, and what is allowed; a shared model of a recipe stays what it is.</summary>
    [Fact]
    public void A_stage_says_whether_its_model_sees_both_sides()
    {
        RunConfig Of(StageKind kind, string name, string value) => RunConfig.Field(name)!.Set(RunConfig.For(kind), value)!;
        string Faults(RunConfig c) => c.Validate().Match(static _ => "", static f => f.Lines());
        foreach (var kind in (StageKind[])[StageKind.Pretrain, StageKind.Sft, StageKind.Dpo])
        {
            Assert.Contains("bidirectional: is true in a stage whose model writes", Faults(Of(kind, "bidirectional", "true")), StringComparison.Ordinal);
            Assert.Contains("pooling: is mean in a stage whose model judges no texts", Faults(Of(kind, "pooling", "mean")), StringComparison.Ordinal);
        }
        var reward = Of(StageKind.Reward, "bidirectional", "true");
        Assert.Equal("", Faults(reward));
        Assert.True(reward.Decoder.Bidirectional && !reward.Model.Bidirectional);
        Assert.Equal(Pooling.Mean, Of(StageKind.Reward, "pooling", "mean").Decoder.Pooling);
        Assert.Contains("bidirectional: is true of a model with a window of 8", Faults(reward with { Model = reward.Model with { Window = 8 } }), StringComparison.Ordinal);
    }
}
