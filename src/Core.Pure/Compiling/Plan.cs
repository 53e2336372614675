using Functional.Base;
using Functional.Graphs;

namespace Functional.Compiling;

/// <summary>Where a plan's buffer lives.</summary>
public enum Space : byte
{
    /// <summary>A program input's buffer; also the output's that it is donated to.</summary>
    Input,
    /// <summary>A program output's buffer.</summary>
    Output,
    /// <summary>A part of the plan's arena.</summary>
    Temporary,
}

/// <summary>A piece of memory that a plan uses.</summary>
/// <param name="Space">Where it lives.</param>
/// <param name="Name">The input's or output's name; empty for a temporary.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Offset">For a temporary, its place in the arena, a multiple of <see cref="Plan.Alignment"/>.</param>
public sealed record PlanBuffer(Space Space, string Name, long Bytes, long Offset);

/// <summary>One kernel's work on views.</summary>
public abstract record PlanStep
{
    PlanStep() { }

    /// <summary>An elementwise kernel; the views all have the kernel's domain as shape.</summary>
    public sealed record Pointwise(PointwiseKernel Kernel, Vec<View> Inputs, Vec<View> Outputs) : PlanStep;

    /// <summary>
    /// An elementwise kernel whose single result is reduced along the domain's axes from <paramref name="Kept"/> on (the inputs' axes are
    /// permuted so that the kept ones come first). The output's shape is the domain's first <paramref name="Kept"/> axes, dense.
    /// </summary>
    public sealed record Reduction(ReduceKind Kind, PointwiseKernel Kernel, int Kept, Vec<View> Inputs, View Output) : PlanStep;

    /// <summary>
    /// C = A × B over views <c>[batch, m, k]</c>, <c>[batch, k, n]</c>, dense <c>[batch, m, n]</c>; or C += A × B. Then the epilogue, if any, on each
    /// block of C: its domain is <c>[batch · m, n]</c> (the rows possibly split further), its input 0 is C and the others follow.
    /// </summary>
    public sealed record MatMul(View A, View B, View C, PointwiseKernel? Epilogue, Vec<View> Inputs, Vec<View> Outputs) : PlanStep
    {
        /// <summary>Whether A and B hold only numbers that BF16 holds, so that a kernel may take them as such.</summary>
        public bool IsRounded { get; init; }
    }

    /// <summary>Rows of a dense table by indices.</summary>
    public sealed record Gather(View Table, View Indices, View Output) : PlanStep;

    /// <summary>Updates added into the rows of a target, in place.</summary>
    public sealed record ScatterAdd(View Target, View Indices, View Updates) : PlanStep;

    /// <summary>The index of the first maximum over the middle axis of <c>[outer, n, inner]</c>.</summary>
    public sealed record ArgMax(View Input, View Output) : PlanStep;

    /// <summary>Running sums over the middle axis of <c>[outer, n, inner]</c>.</summary>
    public sealed record CumSum(View Input, View Output) : PlanStep;

    /// <summary>A fused kind's own kernel; results that nobody uses have no view.</summary>
    public sealed record Fused(FusedKind Kind, Vec<View> Inputs, Vec<View?> Outputs) : PlanStep;
}

/// <summary>
/// A program made ready to run: kernels in order over buffers whose place is decided. Running it needs no decision and no allocation.
/// </summary>
/// <param name="Program">What is computed.</param>
/// <param name="Buffers">The memory.</param>
/// <param name="Steps">The kernels, in order.</param>
/// <param name="ArenaBytes">The size of the memory that the temporaries share.</param>
public sealed record Plan(Program Program, Vec<PlanBuffer> Buffers, Vec<PlanStep> Steps, long ArenaBytes)
{
    /// <summary>Every temporary begins at a multiple of this many bytes: a cache line, and the widest vector.</summary>
    public const int Alignment = 64;
}
