using Functional.Compiling;
using Functional.Graphs;

namespace Functional.Engines.Managed;

/// <summary>A linear head and its cross-entropy: the logits of a chunk of rows are turned into their own gradient in place and multiplied on at once.</summary>
internal sealed unsafe class LinearCrossEntropyStep(LinearCrossEntropy kind, PlanStep.Fused s, Address at) : HeadStep(s, at)
{
    readonly float* sum = Optional.At(s.Outputs[0], at), hiddenGradient = Optional.At(s.Outputs[1], at), weightGradient = Optional.At(s.Outputs[2], at);
    readonly Entropies losses = new((float)kind.Smoothing, (float)kind.Cap, s.Inputs[1].Shape[0], s.Outputs[1] is not null || s.Outputs[2] is not null, 1f);
    double total;

    protected override void Begin(int counted) => total = 0;

    protected override void Visit(in Chunk chunk)
    {
        losses.Run(chunk, chunk.Numbers);
        for (var i = 0; i < chunk.Count; i++) total += chunk.Numbers[i];
        if (hiddenGradient != null) ToHidden(chunk, hiddenGradient);
        if (weightGradient != null) ToWeight(chunk, chunk.Hidden, weightGradient);
    }

    protected override void End(int counted, int* index)
    {
        if (sum != null) *sum = (float)total;
        if (hiddenGradient != null) ClearRest(counted, index, hiddenGradient);
        if (weightGradient != null && counted == 0) ClearWeight(weightGradient);
    }
}
