using System.Numerics.Tensors;
using Functional.Compiling;
using Functional.Graphs;

namespace Functional.Engines.Managed;

/// <summary>What a linear head gives to labels, and the gradient of that by each row's own hidden state.</summary>
internal sealed unsafe class LinearLogProbabilitiesStep(LinearLogProbabilities kind, PlanStep.Fused s, Address at) : HeadStep(s, at)
{
    readonly float* own = Optional.At(s.Outputs[0], at), hiddenGradient = Optional.At(s.Outputs[1], at), entropies = Optional.At(s.Outputs[2], at),
        squares = Optional.At(s.Outputs[3], at);
    readonly float[] spread = new float[2 * (int)Math.Max(1, (long)s.Inputs[0].Shape[0])];
    readonly Entropies losses = new(0f, (float)kind.Cap, s.Inputs[1].Shape[0], s.Outputs[1] is not null, -1f);

    protected override void Begin(int counted)
    {
        foreach (var each in (ReadOnlySpan<nint>)[(nint)own, (nint)entropies, (nint)squares])
            if (each != 0) new Span<float>((float*)each, Rows).Clear();
    }

    protected override void Visit(in Chunk chunk)
    {
        fixed (float* room = spread)
        {
            float* expected = entropies == null ? null : room, alike = squares == null ? null : room + Rows;
            losses.Run(chunk, chunk.Numbers, expected, alike);
            for (var i = 0; i < chunk.Count; i++)
            {
                if (own != null) own[chunk.Index[i]] = -chunk.Numbers[i];
                if (expected != null) entropies[chunk.Index[i]] = expected[i];
                if (alike != null) squares[chunk.Index[i]] = alike[i];
            }
        }
        if (hiddenGradient != null) ToHidden(chunk, hiddenGradient);
    }

    protected override void End(int counted, int* index)
    {
        if (hiddenGradient != null) ClearRest(counted, index, hiddenGradient);
    }
}

/// <summary>The gradient by the weight of what a linear head gives to labels, each row times its share.</summary>
internal sealed unsafe class LinearLogProbabilitiesGradientStep(LinearLogProbabilitiesGradient kind, PlanStep.Fused s, Address at) : HeadStep(s, at)
{
    readonly float* shares = (float*)at(s.Inputs[3]), gradient = (float*)at(s.Outputs[0]!.Value);
    readonly Entropies losses = new(0f, (float)kind.Cap, s.Inputs[1].Shape[0], true, -1f);

    protected override void Begin(int counted)
    {
        if (counted == 0) ClearWeight(gradient);
    }

    protected override void Visit(in Chunk chunk)
    {
        losses.Run(chunk, chunk.Numbers);
        // Width is far less than the vocabulary: the states take the shares, not the logits.
        for (var i = 0; i < chunk.Size; i++)
        {
            var to = new Span<float>(chunk.Spare + (long)i * Width, Width);
            if (i < chunk.Count) TensorPrimitives.Multiply(new ReadOnlySpan<float>(chunk.Hidden + (long)i * Width, Width), shares[chunk.Index[i]], to);
            else to.Clear();
        }
        ToWeight(chunk, chunk.Spare, gradient);
    }

    protected override void End(int counted, int* index) { }
}
