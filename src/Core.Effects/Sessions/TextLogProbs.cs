using Functional.Base;
using Functional.Dialogues;
using Functional.Engines;
using Functional.Graphs;
using Functional.Layers;
using Functional.Learning;
using Functional.Models;

namespace Functional.Sessions;

/// <summary>How likely a model finds texts.</summary>
static class TextLogProbs
{
    const int LeastWidth = 8;

    /// <summary>How many texts are read at once, where nothing else is said.</summary>
    public const int AtOnce = 16;

    /// <summary>
    /// Of each text the sum of the log-probabilities of the tokens that are learned of it, in nats, each given all before it; nothing where the token asks to stop. Rows
    /// are read by their lengths, so that little is padding; neither that nor which rows are read together changes a sum, but for the rounding of float32. Of what the
    /// model itself has drawn at temperature 1 it is what that was drawn with, so that the mean difference of two models is an estimate of KL(writer ‖ other) a text.
    /// </summary>
    /// <param name="engine">Where it runs.</param>
    /// <param name="model">The model.</param>
    /// <param name="parameters">Its parameters by name.</param>
    /// <param name="texts">The texts, each of no more tokens than the model's context and one, which is only predicted.</param>
    /// <param name="rows">How many are read at once.</param>
    /// <param name="told">Is told how many are read.</param>
    /// <param name="stop">Asks to give up.</param>
    /// <exception cref="NotFiniteNumberException">The model's numbers are not finite.</exception>
    public static double[]? Of(IEngine engine, Model model, Params<IBuffer> parameters, IReadOnlyList<Example> texts, int rows = AtOnce, Action<int>? told = null,
        CancellationToken stop = default)
    {
        var (sums, done) = (new double[texts.Count], 0);
        using var workspace = new Workspace(engine);
        workspace.Alias(parameters.Rename(Names.Param));
        foreach (var alike in Enumerable.Range(0, texts.Count).GroupBy(i => Width(texts[i], model.Context)).OrderBy(static g => g.Key))
        {
            var shape = new BatchShape(Math.Clamp(alike.Count(), 1, rows), alike.Key);
            using var own = workspace.Within();
            own.Add(shape.Feed.Rename(Names.Feed));
            using var program = own.Bind(Programs.TokenLogProbs(model, shape));
            foreach (var some in alike.Chunk(shape.Rows))
            {
                if (stop.IsCancellationRequested) return null;
                var (inputs, labels) = (new int[shape.Rows * shape.Time], new int[shape.Rows * shape.Time]);
                Array.Fill(labels, LinearCrossEntropy.Ignore);
                for (var row = 0; row < some.Length; row++)
                    for (var (i, text) = (0, texts[some[row]]); i + 1 < text.Ids.Count; i++)
                    {
                        inputs[row * shape.Time + i] = text.Ids[i];
                        if (text.Learns[i + 1]) labels[row * shape.Time + i] = text.Ids[i + 1];
                    }
                own[Names.Inputs].Write<int>(inputs);
                own[Names.Labels].Write<int>(labels);
                program.Run();
                var logProbs = program[Names.LogProb].ToArray<float>();
                for (var row = 0; row < some.Length; row++)
                {
                    var sum = 0.0;
                    foreach (var number in logProbs.AsSpan(row * shape.Time, texts[some[row]].Ids.Count - 1)) sum += number;
                    sums[some[row]] = double.IsFinite(sum) ? sum : throw new NotFiniteNumberException();
                }
                told?.Invoke(done += some.Length);
            }
        }
        return sums;
    }

    // What is read of it: all but the last token, which is only predicted. Powers of two, so that there are few programs.
    static int Width(Example text, int context) => Math.Min(context, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(LeastWidth, text.Ids.Count - 1)));
}
