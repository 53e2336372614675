using Functional.Compiling;
using Functional.Graphs;

namespace Functional.Engines.Managed;

/// <summary>Finds the address of a view's first element.</summary>
internal unsafe delegate byte* Address(View view);

/// <summary>One kernel with its addresses.</summary>
internal abstract class Step
{
    /// <summary>Bytes of the engine's workspace that a run uses.</summary>
    public virtual long WorkspaceBytes => 0;

    /// <summary>Registers that its pointwise code uses.</summary>
    public virtual int Registers => 0;

    /// <summary>Does the work.</summary>
    public abstract void Run(ManagedEngine engine);
}

/// <summary>Makes a runnable step of a planned one.</summary>
internal static class StepFactory
{
    public static Step Make(PlanStep step, Address at) => step switch
    {
        PlanStep.Pointwise s => new PointwiseStep(s, at),
        PlanStep.Reduction s => new ReductionStep(s, at),
        PlanStep.MatMul s => new MatMulStep(s, at),
        PlanStep.Gather s => new GatherStep(s, at),
        PlanStep.ScatterAdd s => new ScatterAddStep(s, at),
        PlanStep.ArgMax s => new ArgMaxStep(s, at),
        PlanStep.CumSum s => new CumSumStep(s, at),
        PlanStep.Fused { Kind: LayerNorm kind } s => new LayerNormStep(kind, s, at),
        PlanStep.Fused { Kind: LayerNormGradient } s => new LayerNormGradientStep(s, at),
        PlanStep.Fused { Kind: Attention kind } s => new AttentionStep(kind, s, at),
        PlanStep.Fused { Kind: AttentionGradient kind } s => new AttentionGradientStep(kind, s, at),
        PlanStep.Fused { Kind: LinearCrossEntropy kind } s => new LinearCrossEntropyStep(kind, s, at),
        PlanStep.Fused { Kind: CacheWrite } s => new CacheWriteStep(s, at),
        _ => throw new System.Diagnostics.UnreachableException(step.GetType().Name),
    };
}
