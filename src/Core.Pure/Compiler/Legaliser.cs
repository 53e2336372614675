namespace Functional;

/// <summary>
/// Rewrites what kernels do not take into what they do: BF16 is computed in F32 and rounded, fused kinds without a kernel are expanded.
/// </summary>
static class Legaliser
{
    public static Vec<Tensor> Run(Vec<Tensor> roots, Func<FusedKind, bool> hasKernel)
    {
        while (Graph.Topological(roots).Any(n => n.Op is Op.Fused f && !hasKernel(f.Kind)))
            roots = Graph.Rewrite(roots, (node, args) => node.Op is Op.Fused f && !hasKernel(f.Kind) ? f.Kind.Expand(args)[f.Output] : node.WithArgs(args));
        return Graph.Rewrite(roots, static (node, args) => node.DType == DType.BF16 && ComputesInF32(node.Op)
            ? Tensor.Of(node.Op, [.. args.Select(static a => a.DType == DType.BF16 ? a.Cast(DType.F32) : a)]).Cast(DType.BF16)
            : node.Op is Op.ArgMax && args[0].DType == DType.BF16 ? Tensor.Of(node.Op, args[0].Cast(DType.F32))
            : node.WithArgs(args));
    }

    static bool ComputesInF32(Op op) => op is Op.MatMul or Op.Reduce or Op.CumSum or Op.ScatterAdd or Op.Gather;
}
