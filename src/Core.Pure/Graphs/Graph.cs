using System.Text;
using Functional.Base;

namespace Functional.Graphs;

/// <summary>Walks over tensor graphs. All are iterative: graphs are deep.</summary>
public static class Graph
{
    /// <summary>Every node that the roots depend on, once, arguments before users.</summary>
    public static IReadOnlyList<Tensor> Topological(params IEnumerable<Tensor> roots)
    {
        var (seen, order, stack) = (new System.Collections.Generic.HashSet<Tensor>(), new List<Tensor>(), new Stack<(Tensor Node, bool Done)>());
        foreach (var root in roots)
        {
            stack.Push((root, false));
            while (stack.TryPop(out var top))
            {
                if (top.Done) order.Add(top.Node);
                else if (seen.Add(top.Node))
                {
                    stack.Push((top.Node, true));
                    for (var i = top.Node.Args.Count - 1; i >= 0; i--) stack.Push((top.Node.Args[i], false));
                }
            }
        }
        return order;
    }

    /// <summary>
    /// Rebuilds the roots bottom-up: <paramref name="rebuild"/> is given each node and its already rebuilt arguments.
    /// </summary>
    public static Vec<Tensor> Rewrite(Vec<Tensor> roots, Func<Tensor, Vec<Tensor>, Tensor> rebuild)
    {
        var done = new Dictionary<Tensor, Tensor>();
        foreach (var node in Topological(roots)) done[node] = rebuild(node, node.Args.Map(a => done[a]));
        return roots.Map(r => done[r]);
    }

    /// <summary>The node over other arguments, or itself when they are its own.</summary>
    public static Tensor WithArgs(this Tensor node, Vec<Tensor> args) => node.Args == args ? node : Tensor.Of(node.Op, args.Span);

    /// <summary>The roots with some nodes replaced by others of the same type.</summary>
    public static Vec<Tensor> Substitute(Vec<Tensor> roots, IReadOnlyDictionary<Tensor, Tensor> replacements) =>
        Rewrite(roots, (node, args) => replacements.TryGetValue(node, out var other) ? other : node.WithArgs(args));

    /// <summary>The roots with every fused op replaced by its expansion, down to primitives.</summary>
    public static Vec<Tensor> Expand(Vec<Tensor> roots)
    {
        while (Topological(roots).Any(static n => n.Op is Op.Fused))
            roots = Rewrite(roots, static (node, args) => node.Op is Op.Fused f ? f.Kind.Expand(args)[f.Output] : node.WithArgs(args));
        return roots;
    }

    /// <summary>
    /// The graph as text, a line a node in topological order: <c>%2 = matmul(%0, %1) : f32[2, 3]</c>. Inputs and constants keep their names.
    /// </summary>
    public static string Print(params Vec<Tensor> roots)
    {
        var (names, text) = (new Dictionary<Tensor, string>(), new StringBuilder());
        foreach (var node in Topological(roots))
        {
            var name = names[node] = $"%{names.Count}";
            var args = node.Args.Count == 0 ? "" : $"({string.Join(", ", node.Args.Select(a => names[a]))})";
            text.Append(name).Append(" = ").Append(node.Op).Append(args).Append(" : ").Append(node.Type).Append('\n');
        }
        return text.Append("return ").AppendJoin(", ", roots.Select(r => names[r])).Append('\n').ToString();
    }
}
