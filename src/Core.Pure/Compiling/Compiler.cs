using Functional.Execution;
using Functional.Graphs;

namespace Functional.Compiling;

/// <summary>From programs to plans: simplify, fuse, order, place. All of it is pure; an engine only executes the result.</summary>
public static class Compiler
{
    /// <summary>The plan of a program for an engine that has kernels of its own for the fused kinds that <paramref name="hasKernel"/> accepts.</summary>
    public static Plan Compile(Program program, Func<FusedKind, bool> hasKernel)
    {
        var roots = Simplifier.Run(Legaliser.Run(program.Outputs.Map(static o => o.Value), hasKernel));
        var lowering = new Lowering(roots);
        // An input that simplification made useless still has a buffer to be donated.
        var used = lowering.Storages.Where(static s => s.Space == Space.Input).Select(static s => s.Name).ToHashSet();
        foreach (var input in program.Inputs)
            if (!used.Contains(input.Name)) lowering.AddInput(input.Name, input.Value.Type);
        OutputPlacement.Run(lowering, program.Outputs.Map((o, i) => new Named(o.Name, roots[i])), program.Donations);
        return new MemoryPlanner(lowering, Scheduler.Run(lowering.Jobs)).Plan(program);
    }

    /// <summary>The plan of a program for an engine that runs ops one by one, and computes in BF16 itself where that is exact enough.</summary>
    public static EagerPlan Eager(Program program, EagerKernels kernels)
    {
        var expanded = Legaliser.Expand(program.Outputs.Map(static o => o.Value), kernels.Has);
        var roots = Legaliser.InF32(expanded, static op => op is Op.CumSum or Op.ScatterAdd);
        var simple = Simplifier.Run(kernels.Products == Precision.BF16 ? Products.InBF16(roots) : roots);
        return EagerPlanner.Run(program, kernels.Has(new ScaledSum(1)) ? ScaledSums.Run(simple) : simple, kernels.Keeps);
    }
}
