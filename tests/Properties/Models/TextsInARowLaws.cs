using FsCheck;

namespace Functional.Tests.Properties;

/// <summary>Several texts in one row, or one behind padding, are each what they are alone: scores, losses and gradients.</summary>
public sealed class TextsInARowLaws
{
    const double Exact = 1e-9;

    static Vec<int> Lengths(Random random, int time)
    {
        var lengths = new List<int>();
        while (lengths.Sum() < time) lengths.Add(random.Next(1, time - lengths.Sum() + 1));
        return [.. lengths];
    }

    static Env With(Model model, Tensor starts) => Programs.Parameters(model) with { Starts = starts };

    [Property(MaxTest = 60, Arbitrary = [typeof(AnyDecoder)])]
    public void Scores_are_those_of_each_text_alone(DecoderConfig any, ushort seed)
    {
        var config = any with { Context = any.Context + 3 };
        var (model, random, time) = (Transformer.Of(config), new Random(seed), config.Context);
        var given = Runs.Parameters(model, seed);
        Vec<Vec<int>> rows = [Lengths(random, time), Lengths(random, time)];
        double[] starts = [.. rows.SelectMany(static lengths => lengths.SelectMany((n, i) => Enumerable.Repeat((double)lengths.Take(i).Sum(), n)))];
        var tokens = Runs.Tokens(new(2, time), config.Vocabulary, seed);
        var begin = Create.Input("starts", [2, time], DType.I32);
        var packed = Evaluator.Run([model.Logits(With(model, begin), Create.Input(Names.Inputs, [2, time], DType.I32)).Value],
            new Dictionary<string, Value>(given.With((Names.Inputs, tokens), ("starts", Value.Of(begin.Type, starts)))))[0];
        for (var row = 0; row < 2; row++)
            for (int text = 0, at = 0; text < rows[row].Count; at += rows[row][text++])
            {
                var shape = new BatchShape(1, rows[row][text]);
                var alone = Programs.Logits(model, shape).Evaluate(given.With((Names.Inputs,
                    Value.Of(shape.Tokens, tokens.Items.Slice(row * time + at, shape.Time)))))[Names.Logits];
                Runs.Close(alone, Value.Of(alone.Type, packed.Items.Slice((row * time + at) * config.Vocabulary, (int)alone.Type.Size)), Exact);
            }
    }

    /// <summary>Behind padding on the left, whatever it is.</summary>
    [Property(MaxTest = 40, Arbitrary = [typeof(AnyDecoder)])]
    public void Padding_on_the_left_changes_nothing(DecoderConfig any, byte pad, ushort seed)
    {
        var config = any with { Context = any.Context + 3 };
        var (model, time, pads) = (Transformer.Of(config), config.Context, 1 + pad % (config.Context - 1));
        var given = Runs.Parameters(model, seed);
        var tokens = Runs.Tokens(new(1, time), config.Vocabulary, seed);
        var begin = Create.Input("starts", [1, time], DType.I32);
        var padded = Evaluator.Run([model.Logits(With(model, begin), Create.Input(Names.Inputs, [1, time], DType.I32)).Value],
            new Dictionary<string, Value>(given.With((Names.Inputs, tokens), ("starts", Value.Of(begin.Type, [.. Enumerable.Repeat((double)pads, time)])))))[0];
        var alone = Programs.Logits(model, new(1, time - pads)).Evaluate(given.With((Names.Inputs,
            Value.Of(new([1, time - pads], DType.I32), tokens.Items[pads..]))))[Names.Logits];
        Runs.Close(alone, Value.Of(alone.Type, padded.Items[(pads * config.Vocabulary)..]), Exact);
    }

    /// <summary>The gradients of a packed row are the sums of those of its texts.</summary>
    [Property(MaxTest = 20, Arbitrary = [typeof(AnyDecoder)])]
    public void Gradients_are_the_sums_of_each_texts_own(DecoderConfig any, ushort seed)
    {
        var config = any with { Context = any.Context + 3, Experts = new() };
        var (model, random, time) = (Transformer.Of(config), new Random(seed), config.Context);
        var given = Runs.Parameters(model, seed);
        var lengths = Lengths(random, time);
        double[] starts = [.. lengths.SelectMany((n, i) => Enumerable.Repeat((double)lengths.Take(i).Sum(), n))];
        var (tokens, labels) = (Runs.Tokens(new(1, time), config.Vocabulary, seed), Runs.Labels(new(1, time), config.Vocabulary, seed));
        Vec<Tensor> Gradients(Tensor inputs, Tensor targets, Func<Env, Env> change)
        {
            var parameters = model.Specs.Map(static (name, spec) => Create.Input(Names.Param(name), spec.Type));
            var loss = Losses.NextToken(model, change(Env.Of(parameters)), inputs, targets).Total.Sum;
            return [loss, .. Vjp.Gradients(loss, [.. parameters.Values])];
        }
        Tensor Input(string name, int n) => Create.Input(name, [1, n], DType.I32);
        Vec<Value> Run(int at, int n, bool packs) => Evaluator.Run(
            Gradients(Input(Names.Inputs, n), Input(Names.Labels, n), env => packs ? env with { Starts = Input("starts", n) } : env),
            new Dictionary<string, Value>(given.With((Names.Inputs, Value.Of(new([1, n], DType.I32), tokens.Items.Slice(at, n))),
                (Names.Labels, Value.Of(new([1, n], DType.I32), labels.Items.Slice(at, n))),
                ("starts", Value.Of(new([1, n], DType.I32), starts.AsSpan(at, n))))));
        var packed = Run(0, time, true);
        var texts = lengths.Map((n, i) => Run(lengths.Take(i).Sum(), n, false));
        for (var i = 0; i < packed.Count; i++)
        {
            double[] sum = [.. Enumerable.Range(0, packed[i].Items.Length).Select(j => texts.Sum(t => t[i][j]))];
            Runs.Close(Value.Of(packed[i].Type, sum), packed[i], Exact * (1 + sum.Max(Math.Abs)));
        }
    }
}
