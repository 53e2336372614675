using System.Text;
using Functional.Base;
using Functional.Data;
using Functional.Engines;
using Functional.Engines.Managed;
using Functional.Graphs;
using Functional.Layers;
using Functional.Learning;
using Functional.Meaning;
using Functional.Models;
using Functional.Sessions;
using Functional.Text;

namespace Functional.Samples;

/// <summary>
/// Lesson 9: a mixture of experts. A router sends each token to one of eight MLPs. Left to itself it sends ever more to the few that were a little better at
/// first; a loss for uneven load keeps all of them at work.
/// </summary>
public static class LoadOfExperts
{
    const int Experts = 8, Steps = 300;

    /// <summary>The lesson.</summary>
    /// <param name="cancellation">Asks to stop, between steps of training.</param>
    public static string Text(CancellationToken cancellation = default)
    {
        var text = new StringBuilder("""
            A mixture of experts
            ====================
            1. The layer: a router scores the experts for each token, the best are chosen, and their outputs are added, weighted
               (Shazeer et al. 2017). Its parameters:


            """);
        var layer = Nn.Experts(4, 6, Activation.SwiGlu, new() { Count = 3, Chosen = 2 });
        foreach (var (_, spec) in layer.Params) text.Append("   ").Append(spec).Append('\n');
        text.Append("""

               The law: it is the sum, over the experts that a token goes to, of its weight times a plain MLP.


            """);
        text.Append(FormattableString.Invariant($"   routed - plain sum: largest difference {FromPlainSum(layer, 3):0.000}\n"));
        text.Append(FormattableString.Invariant($"""

            2. Learned twice for {Steps} steps, on the letters of a small text: one block, {Experts} experts, one for each token. The load of an
               expert is its share of the choices × {Experts}: 1 is even, {Experts} is all of them. (Digits differ between machines: training makes
               much of the last bit of a sum.)


            """));
        var (alone, balanced) = (Learn(0, cancellation), Learn(0.1, cancellation));
        Show(text, "without a balancing loss", alone);
        Show(text, "with it: coefficient 0.1", balanced);
        text.Append("""
            3. The loss (Fedus et al. 2021): experts · Σ over the experts of (share of the choices · mean probability). It is 1 where both
               are even, and the share, which has no gradient, weighs the probability, which has one: what is chosen often becomes
               less likely.

            Exercise: four experts have shares 0.5, 0.5, 0, 0 of the choices and mean probabilities 0.4, 0.4, 0.1, 0.1. What is the loss,
            before its coefficient? The answer stands in tests/Snapshots/Samples.

            """);
        return text.ToString();
    }

    /// <summary>The balancing loss of shares and mean probabilities, before its coefficient.</summary>
    public static double Balance(double[] shares, double[] probabilities) => shares.Length * shares.Zip(probabilities, static (f, p) => f * p).Sum();

    static void Show(StringBuilder text, string name, Vec<double> shares)
    {
        text.Append("   ").Append(name).Append("\n\n");
        foreach (var (i, share) in shares.Index())
            text.Append(FormattableString.Invariant($"   expert {i}   {share:0.00}  {new string('█', (int)Math.Round(share * 6))}\n"));
        text.Append('\n');
    }

    /// <summary>The load of each expert after the lesson's steps with a coefficient of the balancing loss.</summary>
    /// <param name="balance">The coefficient.</param>
    /// <param name="cancellation">Asks to stop, between steps.</param>
    public static Vec<double> Learn(double balance, CancellationToken cancellation = default)
    {
        var corpus = Stories.Corpus.Text(1, 20_000);
        var tokenizer = CharTokenizer.Train(corpus);
        var tokens = TokenStream.Of(tokenizer.Encode(corpus).OrThrow());
        var config = new DecoderConfig
        {
            Layers = 1, Heads = 2, Width = 32, Context = 32, Vocabulary = tokenizer.VocabularySize, Bias = Biases.None, Norm = NormKind.Rms,
            Activation = Activation.SwiGlu, Positions = Models.Positions.Rotary,
            Experts = new() { Count = Experts, Chosen = 1, Renormalised = false, Hidden = 32, Balance = balance },
        };
        var (model, optimiser, shape) = (Transformer.Of(config), Optimisers.AdamW(decay: 0), new BatchShape(8, config.Context));
        var windows = Windows.Of(tokens.Length, config.Context).OrThrow();
        var objective = Objectives.NextToken(model, shape);
        var (source, batch, place) = (new TrainingWindows(tokens, windows, WindowOrder.Random, Key.Seed(1)), new Batch(shape.Rows, shape.Feed), default(Place));
        using var engine = new ManagedEngine(2);
        using var workspace = new Workspace(engine, objective.Feed.Rename(Names.Feed));
        foreach (var p in objective.Parameters)
        {
            var first = new float[p.Spec.Type.Size];
            p.Spec.Fill(p.Part.KeyOf(Key.Seed(1)), 0, first);
            workspace.Add(p.Name, p.Spec.Type).Write<float>(first);
        }
        foreach (var (name, type) in Programs.Slots(objective, optimiser)) workspace.Add(name, type).Write<float>(new float[type.Size]);
        foreach (var (name, _) in Programs.StepScalars(optimiser, 1, 1)) workspace.Add(name, new([]));
        workspace.Add(Names.Key, new([2], DType.I32)).Write<int>([0, 1]);
        var step = workspace.Bind(Programs.Step(objective, optimiser, GradientClip.To(1)));
        for (var i = 1; i <= Steps; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            source.Fill(place, 0, batch);
            foreach (var (name, _) in batch.Feed) workspace[Names.Feed(name)].Write(batch[name]);
            foreach (var (name, value) in Programs.StepScalars(optimiser, i, learningRate: 0.003)) workspace[name].Write<float>([(float)value]);
            step.Run();
            place = source.After(place, shape.Rows);
        }
        return ExpertLoad.Of(engine, model, workspace.Under(Names.Param("")), tokens, windows, default)[0].Shares;
    }

    // The layer, on random numbers, beside a loop over tokens and experts that calls Nn.Mlp for each.
    static double FromPlainSum(Layer layer, int experts)
    {
        const int Time = 5, Width = 4, Hidden = 6;
        var values = layer.Params.ToDictionary(static p => p.Name, static p => Random(p.Name, p.Value.Type));
        var x = Create.Input("x", [1, Time, Width]);
        values["x"] = Random("x", x.Type);
        var env = Env.Of(layer.Params.Map(static (name, spec) => Create.Input(name, spec.Type)));
        var outside = Enumerable.Range(0, experts).Select(e => Nn.Mlp(Width, Hidden, Activation.SwiGlu, bias: false).Apply(new Env(name =>
            env[$"experts.{name.Split('.')[0]}"] is var all ? all.Slice(0, e, 1).Reshape(all.Shape[1], all.Shape[2]) : x), x).Value);
        var results = Evaluator.Run([layer.Apply(env, x).Value, x.MatMul(env["router.weight"]).Softmax(), .. outside], values);
        var largest = 0.0;
        for (var t = 0; t < Time; t++)
        {
            var chosen = Enumerable.Range(0, experts).OrderByDescending(e => results[1][t * experts + e]).Take(2).ToArray();
            var sum = chosen.Sum(e => results[1][t * experts + e]);
            for (var i = 0; i < Width; i++)
            {
                var plain = chosen.Sum(e => results[1][t * experts + e] / sum * results[2 + e][t * Width + i]);
                largest = Math.Max(largest, Math.Abs(results[0][t * Width + i] - plain));
            }
        }
        return largest;
    }

    static Value Random(string name, TensorType type) =>
        Value.Of(type, [.. Enumerable.Range(0, (int)type.Size).Select(i => Key.Seed(3).FoldIn(name).Normal(i))]);
}
