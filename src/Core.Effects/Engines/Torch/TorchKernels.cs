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
        { Op: Op.Fused f } node => Fused(f.Kind, node, step, context),
        { Op: Op.Unary o } => TorchElements.Unary(o.Kind, step.Overwrites == 0, context),
        { Op: Op.Binary } node => TorchElements.Binary(node, step.Overwrites),
        { Op: Op.Compare o } => TorchElements.Compare(o.Kind),
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

    static TorchKernel Fused(FusedKind kind, Tensor node, EagerStep.Compute step, TorchContext context) => kind switch
    {
        LayerNorm k => TorchNorm.Forward(k, node.Args[0].Shape[^1]),
        LayerNormGradient k => TorchNorm.Gradient(k, node.Args[0].Shape[^1]),
        Attention k => TorchAttention.Forward(k, node.Args, context),
        AttentionGradient k => TorchAttention.Gradient(k, node.Args, context),
        LinearCrossEntropy k => TorchHead.LinearCrossEntropy(k, node.Args, context),
        Gelu k => TorchGelu.Forward(k.Approximate),
        GeluGradient k => TorchGelu.Gradient(k.Approximate),
        ScaledSum k => TorchElements.ScaledSum(k, node.Args.Count, step.Overwrites == 0),
        CacheWrite => TorchTables.CacheWrite(node, step.Overwrites == 0, context),
        _ => throw new UnreachableException(kind.Text),
    };

    static bool Has(FusedKind kind) =>
        kind is LayerNorm or LayerNormGradient or Attention or AttentionGradient or LinearCrossEntropy or CacheWrite or Gelu or GeluGradient or ScaledSum;

    static bool Keeps(FusedKind kind) => kind is LayerNorm or Gelu or Attention;
}
