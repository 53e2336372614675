using Functional.Base;
using Functional.Execution;
using Functional.Graphs;

namespace Functional.Compiling;

/// <summary>
/// A step for engines that run one library call an op, each making a new tensor, as opposed to the kernels of a <see cref="Plan"/>.
/// Values have numbers, their slots; −1 stands for none.
/// </summary>
public abstract record EagerStep
{
    EagerStep() { }

    /// <summary>Computes a node; of a fused one, all results that anything uses.</summary>
    /// <param name="Node">One of the nodes that are computed: its op, and its arguments' types.</param>
    /// <param name="Args">The slots of the arguments; −1 where <paramref name="Takes"/> holds all that is needed of it.</param>
    /// <param name="Results">The slots of the results by output number; −1 for what nothing uses.</param>
    /// <param name="Overwrites">The argument over which the result is written, and whose place it takes; −1 for a result of its own.</param>
    /// <param name="Keeps">The slot of what a fused op keeps for its gradient; −1 for nothing.</param>
    /// <param name="Takes">The slot of what this gradient's forward step kept; −1 when there is nothing.</param>
    public sealed record Compute(Tensor Node, Vec<int> Args, Vec<int> Results, int Overwrites, int Keeps, int Takes) : EagerStep;

    /// <summary>Makes a copy that shares no memory.</summary>
    public sealed record Copy(int From, int To) : EagerStep;

    /// <summary>Writes a value into an output's buffer, which may be a donated input's.</summary>
    public sealed record Store(int Slot, string Output) : EagerStep;

    /// <summary>Gives a value back.</summary>
    public sealed record Free(int Slot) : EagerStep;
}

/// <summary>A program as a list of steps for an engine that runs ops one by one.</summary>
/// <param name="Program">What was compiled.</param>
/// <param name="Inputs">The slots of the inputs, in the program's order.</param>
/// <param name="Constants">Fills and index ramps by slot: ready before the first step, and never freed.</param>
/// <param name="Steps">What to do, in order.</param>
/// <param name="Slots">How many slots there are.</param>
/// <param name="PeakBytes">The most that computed values take at once, beside inputs and outputs.</param>
public sealed record EagerPlan(Program Program, Vec<int> Inputs, Vec<(int Slot, Tensor Node)> Constants, Vec<EagerStep> Steps, int Slots, long PeakBytes);

/// <summary>What an engine that runs ops one by one can do.</summary>
/// <param name="Has">Fused kinds with a kernel; the others are expanded.</param>
/// <param name="Keeps">Fused kinds whose kernel can keep what the gradient needs.</param>
/// <param name="Products">The precision of F32 matrix products.</param>
public sealed record EagerKernels(Func<FusedKind, bool> Has, Func<FusedKind, bool> Keeps, Precision Products = Precision.F32);
