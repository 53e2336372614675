using Functional.Compiling;
using Functional.Graphs;

namespace Functional.Engines.Managed;

/// <summary>Pairs of numbers of heads turned by angles; a task is some tokens.</summary>
internal sealed unsafe class RotationStep(Rotation kind, PlanStep.Fused s, Address at) : Step
{
    const int TokensPerTask = 16;

    readonly Tokens work = new(kind.Interleaved, Heads.Of(s.Inputs[0], at), Heads.Of(s.Outputs[0]!.Value, at), (float*)at(s.Inputs[1]), (float*)at(s.Inputs[2]),
        (s.Inputs[0].Shape[0], s.Inputs[0].Shape[1], s.Inputs[0].Shape[2], s.Inputs[0].Shape[3]), s.Inputs[1].Shape[2], s.Inputs[1].Shape[0] == 1);

    public override void Run(ManagedEngine engine) => engine.Team.Run(work, (work.Count + TokensPerTask - 1) / TokensPerTask);

    sealed class Tokens(bool interleaved, HeadsView x, HeadsView y, float* cos, float* sin, (int Batch, int Time, int Heads, int Size) shape, int pairs, bool shared)
        : Work
    {
        public int Count => shape.Batch * shape.Time;

        public override void Run(int task, int worker)
        {
            for (var token = task * TokensPerTask; token < Math.Min(Count, (task + 1) * TokensPerTask); token++)
            {
                var (b, t) = (token / shape.Time, token % shape.Time);
                var angle = ((long)(shared ? 0 : b) * shape.Time + t) * pairs;
                for (var h = 0; h < shape.Heads; h++)
                {
                    float* from = x.At(b, t, h), to = y.At(b, t, h);
                    if (interleaved) RotationKernels.Neighbours(from, cos + angle, sin + angle, to, pairs);
                    else RotationKernels.Halves(from, cos + angle, sin + angle, to, pairs);
                    new Span<float>(from + 2 * pairs, shape.Size - 2 * pairs).CopyTo(new(to + 2 * pairs, shape.Size - 2 * pairs));
                }
            }
        }
    }
}

/// <summary>Numbers that no formula gives.</summary>
internal sealed unsafe class ListedStep(Listed kind, PlanStep.Fused s, Address at) : Step
{
    readonly float[] values = [.. kind.Values.Select(static v => (float)v)];
    readonly float* output = (float*)at(s.Outputs[0]!.Value);

    public override void Run(ManagedEngine engine) => values.CopyTo(new Span<float>(output, values.Length));
}
