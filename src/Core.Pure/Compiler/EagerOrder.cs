namespace Functional;

/// <summary>
/// The order in which ops run one by one: depth first, from the outputs that fewest products lead to. So a weight's gradient is taken as soon
/// as the backward pass reaches it, the last layer's first; and each parameter's update is finished before the next begins.
/// </summary>
static class EagerOrder
{
    public static IReadOnlyList<Tensor> Of(Vec<Tensor> roots)
    {
        var depth = new Dictionary<Tensor, int>();
        foreach (var node in Graph.Topological(roots)) depth[node] = (Deepens(node.Op) ? 1 : 0) + (node.Args.Count == 0 ? 0 : node.Args.Max(a => depth[a]));
        return Graph.Topological(roots.OrderBy(r => depth[r]));
    }

    // What is elementwise adds no depth: outputs of one update stay together.
    static bool Deepens(Op op) => op is Op.MatMul or Op.Reduce or Op.ScatterAdd or Op.Fused { Kind: not (Gelu or GeluGradient or CacheWrite) };
}
