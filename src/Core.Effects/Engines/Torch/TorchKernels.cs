using System.Diagnostics;
using Functional.Compiling;
using Functional.Execution;
using Functional.Graphs;

namespace Functional.Engines.Torch;

/// <summary>The kernel of each op.</summary>
static class TorchKernels
{
    /// <summary>What the engine has kernels for; everything else runs as its expansion.</summary>
    public static EagerKernels For(Precision precision) => new(Has, Keeps, precision);

    /// <summary>The kernel of a step.</summary>
    public static TorchKernel Of(EagerStep.Compute step, TorchContext context) => step.Node switch
    {
        { Op: Op.Fused f } => fused[f.Kind.GetType()].Make(step, f.Kind, context),
        { Op: Op.Unary o } => TorchElements.Unary(o.Function, step.Overwrites == 0, context),
        { Op: Op.Binary } node => TorchElements.Binary(node, step.Overwrites),
        { Op: Op.Compare o } => TorchElements.Compare(o.Function),
        { Op: Op.Where } => TorchElements.Where,
        { Op: Op.Cast o } node => TorchElements.Cast(node.Args[0].DType, o.To),
        { Op: Op.RandomBits o } => TorchRandom.RandomBits(o, context),
        { Op: Op.StopGradient } => TorchMovement.Same,
        { Op: Op.Reshape o } => TorchMovement.Reshape(o.Shape),
        { Op: Op.Permute o } => TorchMovement.Permute(o.Order),
        { Op: Op.Broadcast o } => TorchMovement.Broadcast(o.Shape),
        { Op: Op.Slice o } => TorchMovement.Slice(o),
        { Op: Op.Pad o } node => TorchMovement.Pad(o, node.Type, context),
        { Op: Op.Concat o } => TorchMovement.Concat(o.Axis),
        { Op: Op.Reduce o } node => TorchReductions.Reduce(o, node.DType),
        { Op: Op.ArgMax o } => TorchReductions.ArgMax(o.Axis),
        { Op: Op.CumSum o } node => TorchReductions.CumSum(o.Axis, node.DType),
        { Op: Op.MatMul } node => TorchReductions.MatMul(node),
        { Op: Op.Gather } node => TorchTables.Gather(node),
        { Op: Op.ScatterAdd } node => TorchTables.ScatterAdd(node, step.Overwrites == 0, context),
        var node => throw new UnreachableException(node.Op.GetType().Name),
    };

    // The kernels of fused kinds, and which of them keep what the gradient needs: this is where the engine is told of one.
    static readonly Dictionary<Type, (Func<EagerStep.Compute, FusedKind, TorchContext, TorchKernel> Make, bool Keeps)> fused = new()
    {
        [typeof(LayerNorm)] = (static (s, k, _) => TorchNorm.Forward((LayerNorm)k, s.Node.Args[0].Shape[^1]), true),
        [typeof(LayerNormGradient)] = (static (s, k, _) => TorchNorm.Gradient((LayerNormGradient)k, s.Node.Args[0].Shape[^1]), false),
        [typeof(Attention)] = (static (s, k, context) => TorchAttention.Forward((Attention)k, s.Node.Args, context), true),
        [typeof(AttentionGradient)] = (static (s, k, context) => TorchAttention.Gradient((AttentionGradient)k, s.Node.Args, context), false),
        [typeof(LinearCrossEntropy)] = (static (s, k, context) => TorchHead.LinearCrossEntropy((LinearCrossEntropy)k, s.Node.Args, context), false),
        [typeof(LinearLogProbabilities)] =
            (static (s, k, context) => TorchLogProbabilities.Forward((LinearLogProbabilities)k, s.Node.Args, context), false),
        [typeof(LinearLogProbabilitiesGradient)] =
            (static (s, k, context) => TorchLogProbabilities.Gradient((LinearLogProbabilitiesGradient)k, s.Node.Args, context), false),
        [typeof(Gelu)] = (static (_, k, _) => TorchGelu.Forward(((Gelu)k).Approximate), true),
        [typeof(GeluGradient)] = (static (_, k, _) => TorchGelu.Gradient(((GeluGradient)k).Approximate), false),
        [typeof(ScaledSum)] = (static (s, k, _) => TorchElements.ScaledSum((ScaledSum)k, s.Node.Args.Count, s.Overwrites == 0), false),
        [typeof(Listed)] = (static (_, k, context) => TorchRotation.Listed((Listed)k, context), false),
        [typeof(RmsNorm)] = (static (_, k, _) => TorchRotation.Norm((RmsNorm)k), false),
        [typeof(RmsNormGradient)] = (static (s, _, _) => TorchRotation.NormGradient(s.Node.Args[0].Shape[^1]), false),
        [typeof(Rotation)] = (static (s, k, _) => TorchRotation.Rotate((Rotation)k, s.Node.Args[0].Shape[3]), false),
        [typeof(ExpertOrder)] = (static (_, k, context) => TorchExperts.Order((ExpertOrder)k, context), false),
        [typeof(GroupedMatMul)] = (static (s, k, context) => TorchExperts.Products((GroupedMatMul)k, s.Node.Args, context), false),
        [typeof(GroupedOuter)] = (static (s, _, context) => TorchExperts.Outer(s.Node.Args, context), false),
        [typeof(Ranks)] = (static (s, _, context) => TorchRanks.Kernel(s.Node.Args[0].Shape, context), false),
        [typeof(PackedMatrix)] = (static (s, k, context) => TorchPacked.Matrix((PackedMatrix)k, s.Node.Args, context), false),
        [typeof(PackedMatMul)] = (static (s, k, context) => TorchPacked.Product((PackedMatMul)k, s.Node.Args, context), false),
        [typeof(Deferred)] = (static (s, _, _) => s.Overwrites == 0 ? static frame => frame.Results[0] = frame[0] : static frame => frame.Results[0] = frame[0].clone(), false),
        [typeof(PanelMatrix)] = (static (_, k, context) => TorchPanels.Matrix((PanelMatrix)k, context), false),
        [typeof(PanelMatMul)] = (static (s, k, context) => TorchPanels.Product((PanelMatMul)k, s.Node.Args[0].Shape[0], context), false),
        [typeof(CacheWrite)] = (static (s, k, context) => TorchTables.CacheWrite((CacheWrite)k, s.Node, s.Overwrites == 0, context), false),
    };

    static bool Has(FusedKind kind) => fused.ContainsKey(kind.GetType());

    static bool Keeps(FusedKind kind) => fused.TryGetValue(kind.GetType(), out var entry) && entry.Keeps;
}
