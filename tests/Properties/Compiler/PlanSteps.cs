using System.Diagnostics;

namespace Functional.Tests.Properties;

/// <summary>What a step does to one view.</summary>
/// <param name="View">The elements.</param>
/// <param name="Reads">Whether it reads them.</param>
/// <param name="Writes">Whether it writes all of them.</param>
/// <param name="Each">Whether it goes element by element, all reads at a place before all writes there.</param>
readonly record struct Access(View View, bool Reads, bool Writes, bool Each = false);

/// <summary>What plans do, read off their data alone: nothing here asks the compiler.</summary>
static class PlanSteps
{
    public static IEnumerable<Access> Accesses(PlanStep step) => step switch
    {
        PlanStep.Pointwise s => [.. s.Inputs.Select(ReadEach), .. s.Outputs.Select(WrittenEach)],
        PlanStep.Reduction s => [.. s.Inputs.Select(Read), Written(s.Output)],
        PlanStep.MatMul s => [Read(s.A), Read(s.B), new(s.C, false, true), .. s.Inputs.Select(ReadEach), .. s.Outputs.Select(WrittenEach)],
        PlanStep.Gather s => [Read(s.Table), Read(s.Indices), Written(s.Output)],
        PlanStep.ScatterAdd s => [new(s.Target, true, true), Read(s.Indices), Read(s.Updates)],
        PlanStep.ArgMax s => [Read(s.Input), Written(s.Output)],
        PlanStep.CumSum s => [Read(s.Input), Written(s.Output)],
        // What is written over is read where it is.
        PlanStep.Fused { Kind.Overwrites: { } over, Outputs: [{ } output] } s when s.Inputs[over] == output =>
            [new(output, true, true), .. s.Inputs.Where((_, i) => i != over).Select(Read)],
        PlanStep.Fused s => [.. s.Inputs.Select(Read), .. s.Outputs.Where(static o => o is not null).Select(static o => Written(o!.Value))],
        _ => throw new UnreachableException(step.GetType().Name),
    };

    /// <summary>Where a view's elements lie in its buffer, counted in elements, in the row-major order of its shape.</summary>
    public static long[] Places(View view)
    {
        var places = new long[new TensorType(view.Shape).Size];
        var at = new int[view.Shape.Count];
        for (var i = 0; i < places.Length; i++)
        {
            places[i] = view.Offset;
            for (var axis = 0; axis < at.Length; axis++) places[i] += (long)at[axis] * view.Strides[axis];
            for (var axis = at.Length - 1; axis >= 0 && ++at[axis] == view.Shape[axis]; axis--) at[axis] = 0;
        }
        return places;
    }

    /// <summary>Whether a step only copies one view to another.</summary>
    public static bool IsCopy(PlanStep step) => step is PlanStep.Pointwise { Kernel.Code.Count: 0, Inputs.Count: > 0 };

    static Access Read(View view) => new(view, true, false);

    static Access ReadEach(View view) => new(view, true, false, true);

    static Access Written(View view) => new(view, false, true);

    static Access WrittenEach(View view) => new(view, false, true, true);
}
