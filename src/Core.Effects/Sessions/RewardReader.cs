using Functional.Base;
using Functional.Dialogues;
using Functional.Engines;
using Functional.Graphs;
using Functional.Layers;
using Functional.Learning;
using Functional.Models;

namespace Functional.Sessions;

/// <summary>What a model that judges gives texts.</summary>
static class RewardReader
{
    const int AtOnce = 16;

    /// <summary>The reward of each text; equal texts have the same, to the bit.</summary>
    /// <param name="engine">Where the model runs.</param>
    /// <param name="model">The model.</param>
    /// <param name="parameters">Its parameters by name.</param>
    /// <param name="texts">Prompts with answers, each of no more tokens than the model's context.</param>
    /// <param name="stop">Asks to give up.</param>
    public static double[] Of(IEngine engine, Model model, Params<IBuffer> parameters, IReadOnlyList<Example> texts, CancellationToken stop = default)
    {
        if (texts.Count == 0) return [];
        Vec<int>[] different = [.. texts.Select(static t => t.Ids).Distinct()];
        var shape = new BatchShape(Math.Min(AtOnce, different.Length), different.Max(static ids => ids.Count));
        using var workspace = new Workspace(engine);
        workspace.Alias(parameters.Rename(Names.Param));
        var (inputs, lengths) = (workspace.Add(Names.Inputs, shape.Tokens), workspace.Add(Names.Feed("lengths"), new([shape.Rows], DType.I32)));
        var program = workspace.Bind(Programs.Judged(model, shape));
        var known = new Dictionary<Vec<int>, double>();
        foreach (var rows in different.Chunk(shape.Rows))
        {
            stop.ThrowIfCancellationRequested();
            int[] tokens = new int[shape.Rows * shape.Time], counts = [.. Enumerable.Repeat(1, shape.Rows)];
            for (var row = 0; row < rows.Length; row++)
            {
                rows[row].Span.CopyTo(tokens.AsSpan(row * shape.Time));
                counts[row] = rows[row].Count;
            }
            inputs.Write<int>(tokens);
            lengths.Write<int>(counts);
            program.Run();
            var scores = program[Names.Logits].ToArray<float>();
            for (var row = 0; row < rows.Length; row++) known[rows[row]] = scores[row * model.Outputs];
        }
        return [.. texts.Select(t => known[t.Ids])];
    }
}
