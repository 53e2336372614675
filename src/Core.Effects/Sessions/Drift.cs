using Functional.Base;
using Functional.Engines;
using Functional.Graphs;
using Functional.Layers;
using Functional.Learning;
using Functional.Models;

namespace Functional.Sessions;

/// <summary>How far a model that wrote answers is from another.</summary>
static class Drift
{
    const int AtOnce = 16;

    /// <summary>
    /// The logarithm of the probability of each answer, in nats: the sum over its tokens. Of what the model itself has drawn at temperature 1 it is what it was drawn
    /// with; the mean difference of the two models is then an estimate of KL(writer ‖ other) an answer.
    /// </summary>
    /// <param name="engine">Where the model runs.</param>
    /// <param name="model">The model that is asked.</param>
    /// <param name="parameters">Its parameters by name.</param>
    /// <param name="answers">Tokens of prompts, one or more each, and of answers to them; together no more than the model's context and one.</param>
    /// <param name="stop">Asks to give up.</param>
    public static double[] LogProbs(IEngine engine, Model model, Params<IBuffer> parameters, IReadOnlyList<(Vec<int> Prompt, Vec<int> Answer)> answers, CancellationToken stop = default)
    {
        if (answers.Count == 0) return [];
        var shape = new BatchShape(Math.Min(AtOnce, answers.Count), answers.Max(static a => a.Prompt.Count + a.Answer.Count - 1));
        using var workspace = new Workspace(engine);
        workspace.Alias(parameters.Rename(Names.Param));
        var (inputs, labels) = (workspace.Add(Names.Inputs, shape.Tokens), workspace.Add(Names.Labels, shape.Tokens));
        var program = workspace.Bind(Programs.PolicyNumbers(model, shape));
        var sums = new double[answers.Count];
        for (var first = 0; first < answers.Count; first += shape.Rows)
        {
            stop.ThrowIfCancellationRequested();
            int[] tokens = new int[shape.Rows * shape.Time], next = [.. Enumerable.Repeat(LinearCrossEntropy.Ignore, shape.Rows * shape.Time)];
            var some = Math.Min(shape.Rows, answers.Count - first);
            for (var row = 0; row < some; row++)
            {
                var (prompt, answer) = answers[first + row];
                for (var i = 0; i < prompt.Count + answer.Count - 1; i++)
                {
                    tokens[row * shape.Time + i] = i < prompt.Count ? prompt[i] : answer[i - prompt.Count];
                    if (i >= prompt.Count - 1) next[row * shape.Time + i] = answer[i - prompt.Count + 1];
                }
            }
            inputs.Write<int>(tokens);
            labels.Write<int>(next);
            program.Run();
            var each = program["logprobs"].ToArray<float>();
            for (var row = 0; row < some; row++) sums[first + row] = each.AsSpan(row * shape.Time, shape.Time).ToArray().Sum(static x => (double)x);
        }
        return sums;
    }
}
