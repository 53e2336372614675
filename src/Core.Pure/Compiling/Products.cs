using Functional.Base;
using Functional.Graphs;

namespace Functional.Compiling;

/// <summary>The precision of matrix products, as a rewrite: everything else keeps its own.</summary>
static class Products
{
    /// <summary>
    /// Operands of F32 products rounded to BF16, and results kept in F32 (the products' own rounding to BF16 included), as mixed precision has it.
    /// </summary>
    public static Vec<Tensor> InBF16(Vec<Tensor> roots) => Graph.Rewrite(roots, static (node, args) => node.Op is Op.MatMul && node.DType == DType.F32
        ? args[0].Cast(DType.BF16).MatMul(args[1].Cast(DType.BF16)).Cast(DType.F32)
        : node.WithArgs(args));
}
