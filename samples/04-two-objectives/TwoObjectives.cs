using System.Text;
using Functional.Base;
using Functional.Data;
using Functional.Graphs;
using Functional.Layers;
using Functional.Learning;
using Functional.Meaning;
using Functional.Models;

namespace Functional.Samples;

/// <summary>
/// Lesson 4: what is learned is a value. The same model, optimiser and program of a step learn to predict the next letter, and then which of two
/// words is the better one; only the objective is another.
/// </summary>
public static class TwoObjectives
{
    const int Letters = 4, Time = 3, Rows = 6;

    internal static readonly DecoderConfig config = new() { Layers = 1, Heads = 2, Width = 8, Context = Time, Vocabulary = Letters, Bias = Biases.None };

    /// <summary>The lesson.</summary>
    public static string Text()
    {
        var text = new StringBuilder("""
            Two objectives
            ==============
            An objective is models, the tensors of a batch, and a loss. A step, an accumulated step and a measurement are programs made of it.


            """);
        Learn(text, "1. The next letter: the objective of pretraining.", NextLetter(), NextLetters(), "loss");
        Learn(text, "2. The better of two words: a number read off the last hidden state, higher for the better word (Bradley and Terry 1952).",
            BetterWord(), PairsOfWords(), "accuracy");
        text.Append("""
            Nothing that trains knows either of them: the first is a line of the library, the second stands in this lesson alone.

            """);
        return text.ToString();
    }

    // "abcabc…": after a letter comes the next one, and after the last the first.
    internal static Objective NextLetter() => Objectives.NextToken(Transformer.Of(config), new(Rows, Time));

    // A part has a name, so that its tensors are reward/param/…; the loss is that of the margin, and beside it is shown how often it is right.
    internal static Objective BetterWord()
    {
        var gpt = Transformer.Of(config);
        var head = ParamSpec.Of("reward.weight", [config.Width, 1], new Initializer.Normal(0.02));
        var reward = new Part("reward", gpt with { Specs = gpt.Body.Params.Add(head.Name, head) });
        var words = new BatchShape(Rows, Time).Tokens;
        return new([reward], Params.Of(("chosen", words), ("rejected", words)), scene =>
        {
            var env = scene.Of("reward");
            Tensor Score(string word) =>
                reward.Model.Hidden(env, scene[word]).Value.Slice(1, Time - 1, 1).Reshape(Rows, config.Width).MatMul(env[head.Name]).Reshape(Rows);
            var margin = Score("chosen") - Score("rejected");
            var right = margin.Greater(margin.Like(0)).Where(margin.Like(1), margin.Like(0));
            return new Loss(new(((-margin).Exp() + 1).Log().SumAll(), Create.Scalar(Rows))).With("accuracy", new(right.SumAll(), Create.Scalar(Rows)));
        });
    }

    internal static Params<Value> NextLetters() => Params.Of(("inputs", Letter(static (row, i) => row + i)), ("labels", Letter(static (row, i) => row + i + 1)));

    // The better word ends with the later letter.
    internal static Params<Value> PairsOfWords() => Params.Of(("chosen", Letter(static (row, i) => i == Time - 1 ? 3 - row % 2 : row + i)),
        ("rejected", Letter(static (row, i) => i == Time - 1 ? row % 2 : 3 * row + i)));

    static Value Letter(Func<int, int, int> at) =>
        Value.Of(new BatchShape(Rows, Time).Tokens, [.. Enumerable.Range(0, Rows * Time).Select(i => (double)(at(i / Time, i % Time) % Letters))]);

    static void Learn(StringBuilder text, string title, Objective objective, Params<Value> batch, string shown)
    {
        var optimiser = Optimisers.AdamW(decay: 0);
        var (step, measure) = (Programs.Step(objective, optimiser, GradientClip.To(1)), Programs.Measure(objective));
        text.Append(title).Append("\n\n");
        text.Append("   feed      ").AppendJoin(", ", objective.Feed.Select(static t => $"{t.Name} {t.Value}")).Append('\n');
        text.Append("   learns    ").AppendJoin(", ", objective.Learned.Select(static p =>
            p.Name).Take(3)).Append(FormattableString.Invariant($", … ({objective.Learned.Count} tensors)\n"));
        text.Append("   a step    ").Append(FormattableString.Invariant($"{step.Inputs.Count} inputs, {step.Outputs.Count} outputs, {step.Donations.Count} of them in place of an input\n\n"));
        var values = Begun(objective, batch, optimiser);
        foreach (var (i, results) in Steps(step, optimiser, values, 30))
        {
            var beside = results.TryGetValue(Names.Shown(shown), out var number) ? FormattableString.Invariant($"   {shown} {number[0]:0.00}") : "";
            if (i is 1 or 10 or 20 or 30) text.Append(FormattableString.Invariant($"   step {i,2}   loss {results[Names.Loss][0]:0.0000}{beside}\n"));
        }
        text.Append(FormattableString.Invariant($"   measured  loss {measure.Evaluate(values)[Names.Loss][0]:0.0000}\n\n"));
    }

    /// <summary>What a step shows, step by step: the loss, and what stands beside it.</summary>
    internal static double[] Curve(Objective objective, Params<Value> batch, string shown, int steps) => Optimisers.AdamW(decay: 0) is var optimiser
        ? [.. Steps(Programs.Step(objective, optimiser, GradientClip.To(1)), optimiser, Begun(objective, batch, optimiser), steps).Select(s => s.Results[shown][0])] : [];

    // A batch, weights as they begin, and an optimiser's state of zeros.
    static Dictionary<string, Value> Begun(Objective objective, Params<Value> batch, GradientTransform optimiser)
    {
        var values = batch.ToDictionary(static t => Names.Feed(t.Name), static t => t.Value);
        foreach (var p in objective.Parameters)
        {
            var first = new float[p.Spec.Type.Size];
            p.Spec.Fill(p.Part.KeyOf(Key.Seed(1)), 0, first);
            values[p.Name] = Value.Of(p.Spec.Type, [.. first]);
        }
        foreach (var (name, slot) in Programs.Slots(objective, optimiser)) values[name] = Value.Of(slot, new double[slot.Size]);
        return values;
    }

    // Steps, of which each puts what it makes in the place of what it took.
    static IEnumerable<(int Step, IReadOnlyDictionary<string, Value> Results)> Steps(Compiling.Program step, GradientTransform optimiser, Dictionary<string, Value> values, int steps)
    {
        for (var i = 1; i <= steps; i++)
        {
            var given = new Dictionary<string, Value>(values);
            foreach (var (name, value) in Programs.StepScalars(optimiser, i, learningRate: 0.02)) given[name] = Value.Scalar(value);
            var results = step.Evaluate(given);
            foreach (var donation in step.Donations) values[donation.Input] = results[donation.Output];
            yield return (i, results);
        }
    }
}
