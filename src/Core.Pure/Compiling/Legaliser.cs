using Functional.Base;
using Functional.Graphs;

namespace Functional.Compiling;

/// <summary>
/// Rewrites what kernels do not take into what they do: BF16 and F16 are computed in F32 and rounded, fused kinds without a kernel are expanded.
/// </summary>
static class Legaliser
{
    /// <summary>For engines whose reductions, products and tables are of F32.</summary>
    public static Vec<Tensor> Run(Vec<Tensor> roots, Func<FusedKind, bool> hasKernel) =>
        InF32(Expand(roots, hasKernel), static op => op is Op.MatMul or Op.Reduce or Op.CumSum or Op.ScatterAdd or Op.Gather or Op.ArgMax);

    /// <summary>Every fused kind without a kernel as its expansion.</summary>
    public static Vec<Tensor> Expand(Vec<Tensor> roots, Func<FusedKind, bool> hasKernel)
    {
        while (Graph.Topological(roots).Any(n => n.Op is Op.Fused f && !hasKernel(f.Kind)))
            roots = Graph.Rewrite(roots, (node, args) => node.Op is Op.Fused f && !hasKernel(f.Kind) ? f.Kind.Expand(args)[f.Output] : node.WithArgs(args));
        return roots;
    }

    /// <summary>Ops of BF16 or F16 arguments computed in F32, and their results rounded once.</summary>
    public static Vec<Tensor> InF32(Vec<Tensor> roots, Func<Op, bool> which) => Graph.Rewrite(roots, (node, args) =>
    {
        if (!which(node.Op) || args.All(static a => !a.DType.IsNarrow())) return node.WithArgs(args);
        var wide = Tensor.Of(node.Op, [.. args.Select(static a => a.DType.IsNarrow() ? a.Cast(DType.F32) : a)]);
        return node.DType.IsNarrow() ? wide.Cast(node.DType) : wide;
    });
}
