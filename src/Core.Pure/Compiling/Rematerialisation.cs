using Functional.Base;
using Functional.Graphs;

namespace Functional.Compiling;

/// <summary>
/// Activation checkpointing as a rewrite (Chen et al. 2016, "Training deep nets with sublinear memory cost"): what the backward pass needs of a block's inside
/// is computed once more from where the block began, as soon as the gradient has come to its end, and so need not be kept until then. Values stay what they are;
/// each block's forward pass is paid for twice.
/// </summary>
static class Rematerialisation
{
    /// <summary>The marks of a graph, where blocks end, in order.</summary>
    public static Vec<Tensor> Marks(IEnumerable<Tensor> roots) => [.. Graph.Topological(roots).Where(IsMark)];

    /// <summary>The same gradients, computed anew where that saves memory, and everything without its marks.</summary>
    /// <param name="values">What the forward pass gives; what leads to it is computed once.</param>
    /// <param name="gradients">What the backward pass gives.</param>
    /// <param name="marks">Where blocks end.</param>
    /// <param name="cotangents">The gradient at each of these.</param>
    public static (Vec<Tensor> Values, Vec<Tensor> Gradients) Run(Vec<Tensor> values, Vec<Tensor> gradients, Vec<Tensor> marks, Vec<Tensor> cotangents)
    {
        var forward = Graph.Topological(values).ToHashSet();
        var pass = new Backward(forward, Regions(forward, marks), marks);
        // From the last block to the first: a gradient depends on what lies behind its mark alone.
        for (var i = marks.Count - 1; i >= 0; i--) pass.Ends(marks[i], pass.Build(cotangents[i]));
        var all = Unmarked([.. values, .. gradients.Map(pass.Build)]);
        return ([.. all.Take(values.Count)], [.. all.Skip(values.Count)]);
    }

    static bool IsMark(Tensor node) => node.Op is Op.Fused { Kind: BlockEnd };

    static Vec<Tensor> Unmarked(Vec<Tensor> roots) => Graph.Rewrite(roots, static (node, args) => IsMark(node) ? args[0] : node.WithArgs(args));

    // Of each node between two marks, the mark that it leads to first; what depends on no mark is in no block.
    static Dictionary<Tensor, Tensor> Regions(System.Collections.Generic.HashSet<Tensor> forward, Vec<Tensor> marks)
    {
        var behind = new System.Collections.Generic.HashSet<Tensor>();
        foreach (var node in Graph.Topological(forward))
            if (IsMark(node) || node.Args.Any(behind.Contains)) behind.Add(node);
        var (region, open) = (new Dictionary<Tensor, Tensor>(), new Stack<Tensor>());
        foreach (var mark in marks)
        {
            open.Push(mark.Args[0]);
            while (open.TryPop(out var node))
                if (behind.Contains(node) && !IsMark(node) && region.TryAdd(node, mark))
                    foreach (var arg in node.Args) open.Push(arg);
        }
        return region;
    }

    sealed class Backward(System.Collections.Generic.HashSet<Tensor> forward, Dictionary<Tensor, Tensor> region, Vec<Tensor> marks)
    {
        readonly Dictionary<Tensor, Tensor> built = [], again = [], gradients = [];
        readonly System.Collections.Generic.HashSet<Tensor> marked = [.. marks];

        /// <summary>The gradient that has come to a mark, from which on its block can be computed again.</summary>
        public void Ends(Tensor mark, Tensor gradient) => gradients[mark] = gradient;

        /// <summary>A node of the backward pass over blocks that are computed again.</summary>
        public Tensor Build(Tensor root)
        {
            if (forward.Contains(root)) return root;
            foreach (var node in Graph.Topological(root))
                if (!forward.Contains(node) && !built.ContainsKey(node))
                    built[node] = node.WithArgs(node.Args.Map(arg => forward.Contains(arg) ? Again(arg) : built[arg]));
            return built[root];
        }

        // Only inside a block, whose gradient is there: the rest is kept.
        Tensor Again(Tensor wanted)
        {
            if (!region.TryGetValue(wanted, out var mark) || !gradients.TryGetValue(mark, out var gradient) || gradient.Op is Op.Fill) return wanted;
            var open = new Stack<Tensor>([wanted]);
            while (open.TryPeek(out var node))
            {
                var missing = node.Args.Where(arg => IsInside(arg, mark) && !again.ContainsKey(arg)).ToList();
                foreach (var arg in missing) open.Push(arg);
                if (missing.Count > 0) continue;
                open.Pop();
                again[node] = node.WithArgs(node.Args.Map(arg => IsInside(arg, mark) ? again[arg] : marked.Contains(arg) ? new Deferred().Result(0, [arg, gradient]) : arg));
            }
            return again[wanted];
        }

        bool IsInside(Tensor node, Tensor mark) => region.TryGetValue(node, out var own) && own.Equals(mark);
    }
}
