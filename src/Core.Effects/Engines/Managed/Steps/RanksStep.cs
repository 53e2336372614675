using System.Diagnostics;
using Functional.Compiling;

namespace Functional.Engines.Managed;

/// <summary>Ranks of the numbers of each row, and what stands before them; a task is a row.</summary>
internal sealed unsafe class RanksStep(PlanStep.Fused s, Address at) : Step
{
    readonly Rows work = new((float*)at(s.Inputs[0]), (float*)at(s.Inputs[1]), s.Inputs[0].Shape[1],
        (int*)Optional.At(s.Outputs[0], at), Optional.At(s.Outputs[1], at));

    readonly (int Rows, int N) shape = (s.Inputs[0].Shape[0], s.Inputs[0].Shape[1]);

    public override void Run(ManagedEngine engine)
    {
        engine.Team.EnsureScratch(RankKernels.ScratchBytes(shape.N));
        work.Team = engine.Team;
        engine.Team.Run(work, shape.Rows);
    }

    sealed class Rows(float* x, float* mass, int n, int* rank, float* before) : Work
    {
        // Of the engine that runs it.
        public ThreadTeam? Team { get; set; }

        public override void Run(int task, int worker)
        {
            var first = (nint)task * n;
            var scratch = (Team ?? throw new UnreachableException()).Scratch(worker);
            RankKernels.Row(x + first, mass + first, n, rank == null ? null : rank + first, before == null ? null : before + first, scratch);
        }
    }
}
