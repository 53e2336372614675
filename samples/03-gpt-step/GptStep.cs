using System.Text;
using Functional.Base;
using Functional.Data;
using Functional.Graphs;
using Functional.Layers;
using Functional.Learning;
using Functional.Meaning;
using Functional.Models;
using Functional.Text;

namespace Functional.Samples;

/// <summary>
/// Lesson 3: one whole training step of a tiny GPT as a pure function, printed as a graph and run: loss, gradients and new weights come out
/// of the old weights and a batch.
/// </summary>
public static class GptStep
{
    const string Corpus = "abcabcabcabc";

    static DecoderConfig Config => new() { Layers = 1, Heads = 2, Width = 8, Context = 4, Vocabulary = 3, Bias = Biases.None };

    /// <summary>The lesson.</summary>
    public static string Text()
    {
        var (model, optimiser, clip, batch) = (Transformer.Of(Config), Optimisers.AdamW(decay: 0.1), GradientClip.To(1), new BatchShape(2, 4));
        var objective = Objectives.NextToken(model, batch);
        var step = Programs.Step(objective, optimiser, clip);
        var text = new StringBuilder(FormattableString.Invariant($"""
            A whole training step
            =====================
            A GPT of one block, two heads and width 8, that learns to spell {Corpus[..6]}…

            1. The model: {model.ParameterCount} numbers.


            """));
        foreach (var (_, spec) in model.Specs) text.Append("  ").Append(spec).Append('\n');
        text.Append("""

            2. The forward pass, from letters to the loss: a line a node.


            """);
        text.Append(Programs.Measure(objective).Print());
        text.Append(FormattableString.Invariant($"""

            3. The step: the same, its gradient, clipping, and AdamW's new weights. One graph of {Graph.Topological(step.Outputs.Select(static o => o.Value)).Count} nodes.


            """));
        text.Append(step.Print());
        text.Append("""

            4. The step run forty times. What it returns goes in again; nothing else changes.


            """);
        foreach (var (i, loss, norm) in Curve(40).Where(static p => p.Step % 4 == 0))
            text.Append(FormattableString.Invariant($"  step {i,2}   loss {loss:0.0000}   gradient norm {norm:0.0000}\n"));
        return text.ToString();
    }

    /// <summary>The loss and the gradient's norm of so many steps, one after the other.</summary>
    internal static IEnumerable<(int Step, double Loss, double Norm)> Curve(int steps)
    {
        var optimiser = Optimisers.AdamW(decay: 0.1);
        var objective = Objectives.NextToken(Transformer.Of(Config), new(2, 4));
        var (step, values) = (Programs.Step(objective, optimiser, GradientClip.To(1)), Start(objective, optimiser));
        for (var i = 1; i <= steps; i++)
        {
            var given = new Dictionary<string, Value>(values);
            foreach (var (name, value) in Programs.StepScalars(optimiser, i, learningRate: 0.01)) given[name] = Value.Scalar(value);
            var results = step.Evaluate(given);
            yield return (i, results[Names.Loss][0], results[Names.GradientNorm][0]);
            foreach (var donation in step.Donations) values[donation.Input] = results[donation.Output];
        }
    }

    // Weights as their specifications say, optimiser state of zeros, and a batch of two windows with the next letters as labels.
    static Dictionary<string, Value> Start(Objective objective, GradientTransform optimiser)
    {
        var tokenizer = CharTokenizer.Train(Corpus);
        var tokens = TokenStream.Of(tokenizer.Encode(Corpus).IfFail([]));
        var windows = Windows.Of(tokens.Length, Config.Context).IfFail(static faults => throw new ArgumentException(faults.Lines()));
        var (source, batch) = (new TrainingWindows(tokens, windows, WindowOrder.Ordered, Key.Seed(1)), new Batch(2, objective.Feed));
        source.Fill(default, 0, batch);
        var values = objective.Feed.ToDictionary(static t => Names.Feed(t.Name), t => Value.Of(t.Value, [.. batch.Ints(t.Name, 0), .. batch.Ints(t.Name, 1)]));
        foreach (var (name, spec) in objective.Parameters.Select(static p => (p.Name, p.Spec)))
        {
            var first = new float[spec.Type.Size];
            spec.Fill(Key.Seed(1), 0, first);
            values[name] = Value.Of(spec.Type, [.. first]);
        }
        foreach (var (name, slot) in Programs.Slots(objective, optimiser)) values[name] = Value.Of(slot, new double[slot.Size]);
        return values;
    }
}
