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

/// <summary>Nothing: the value was copied before, and the plan has it wait.</summary>
internal sealed class DeferredStep : Step
{
    public override void Run(ManagedEngine engine) { }
}

/// <summary>Makes a runnable step of a planned one.</summary>
internal static class StepFactory
{
    // The kernels of fused kinds: this is where the engine is told of one.
    static readonly Dictionary<Type, Func<PlanStep.Fused, Address, Step>> fused = new()
    {
        [typeof(LayerNorm)] = static (s, at) => new LayerNormStep((LayerNorm)s.Kind, s, at),
        [typeof(LayerNormGradient)] = static (s, at) => new LayerNormGradientStep(s, at),
        [typeof(Attention)] = static (s, at) => new AttentionStep((Attention)s.Kind, s, at),
        [typeof(AttentionGradient)] = static (s, at) => new AttentionGradientStep((AttentionGradient)s.Kind, s, at),
        [typeof(LinearCrossEntropy)] = static (s, at) => new LinearCrossEntropyStep((LinearCrossEntropy)s.Kind, s, at),
        [typeof(LinearLogProbabilities)] = static (s, at) => new LinearLogProbabilitiesStep((LinearLogProbabilities)s.Kind, s, at),
        [typeof(LinearLogProbabilitiesGradient)] = static (s, at) =>
            new LinearLogProbabilitiesGradientStep((LinearLogProbabilitiesGradient)s.Kind, s, at),
        [typeof(CacheWrite)] = static (s, at) => new CacheWriteStep((CacheWrite)s.Kind, s, at),
        [typeof(Listed)] = static (s, at) => new ListedStep((Listed)s.Kind, s, at),
        [typeof(RmsNorm)] = static (s, at) => new RmsNormStep((RmsNorm)s.Kind, s, at),
        [typeof(RmsNormGradient)] = static (s, at) => new RmsNormGradientStep(s, at),
        [typeof(Rotation)] = static (s, at) => new RotationStep((Rotation)s.Kind, s, at),
        [typeof(ExpertOrder)] = static (s, at) => new ExpertOrderStep((ExpertOrder)s.Kind, s, at),
        [typeof(GroupedMatMul)] = static (s, at) => new GroupedMatMulStep((GroupedMatMul)s.Kind, s, at),
        [typeof(GroupedOuter)] = static (s, at) => new GroupedOuterStep(s, at),
        [typeof(Deferred)] = static (_, _) => new DeferredStep(),
        [typeof(Ranks)] = static (s, at) => new RanksStep(s, at),
        [typeof(PackedMatrix)] = static (s, at) => new PackedMatrixStep((PackedMatrix)s.Kind, s, at),
        [typeof(PackedMatMul)] = static (s, at) => new PackedMatMulStep((PackedMatMul)s.Kind, s, at),
        [typeof(PanelMatrix)] = static (s, at) => new PanelMatrixStep((PanelMatrix)s.Kind, s, at),
        [typeof(PanelMatMul)] = static (s, at) => new PanelMatMulStep((PanelMatMul)s.Kind, s, at),
        [typeof(PanelRows)] = static (s, at) => new PanelRowsStep((PanelRows)s.Kind, s, at),
    };

    /// <summary>Whether a fused kind has a kernel, or an instruction of pointwise kernels.</summary>
    public static bool Has(FusedKind kind) => kind is not AttentionGradient { Of.Rolling: true } && fused.ContainsKey(kind.GetType()) || PointOps.Has(kind);

    public static Step Make(PlanStep step, Address at) => step switch
    {
        PlanStep.Pointwise s => new PointwiseStep(s, at),
        PlanStep.Reduction s => new ReductionStep(s, at),
        PlanStep.MatMul s => new MatMulStep(s, at),
        PlanStep.Gather s => new GatherStep(s, at),
        PlanStep.ScatterAdd s => new ScatterAddStep(s, at),
        PlanStep.ArgMax s => new ArgMaxStep(s, at),
        PlanStep.CumSum s => new CumSumStep(s, at),
        PlanStep.Fused s => fused[s.Kind.GetType()](s, at),
        _ => throw new System.Diagnostics.UnreachableException(step.GetType().Name),
    };
}
