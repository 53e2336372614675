using Functional.Base;
using Functional.Graphs;

namespace Functional.Compiling;

/// <summary>
/// The order in which ops run one by one: depth first, so that an activation or a gradient is used soon after it is made and one parameter's
/// update is finished before the next begins; and from the outputs that fewest products lead to, so that a weight's gradient is taken when
/// the backward pass reaches it (up to a seventh less memory at once than in the outputs' own order).
/// </summary>
static class EagerOrder
{
    public static IReadOnlyList<Tensor> Of(Vec<Tensor> roots)
    {
        var depth = new Dictionary<Tensor, int>();
        foreach (var node in Graph.Topological(roots)) depth[node] = (Deepens(node.Op) ? 1 : 0) + (node.Args.Count == 0 ? 0 : node.Args.Max(a => depth[a]));
        return Graph.Topological(roots.OrderBy(r => depth[r]));
    }

    // What is elementwise or only updates an argument adds no depth: outputs of one update stay together.
    static bool Deepens(Op op) => op is Op.MatMul or Op.Reduce or Op.ScatterAdd or Op.Fused { Kind: { IsElementwise: false, Overwrites: null } };
}
