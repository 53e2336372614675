using Functional.Base;

namespace Functional.Graphs;

/// <summary>
/// Reverse-mode differentiation from graph to graph. Gradients are ordinary tensors, so they can be differentiated again.
/// </summary>
public static class Vjp
{
    /// <summary>
    /// The gradients of the scalar <paramref name="loss"/> with respect to each of <paramref name="wrt"/>; zeros where it does not depend on it.
    /// </summary>
    /// <exception cref="ArgumentException">The loss is not a floating-point scalar.</exception>
    public static Vec<Tensor> Gradients(Tensor loss, params Vec<Tensor> wrt) => loss.Rank == 0 && loss.DType.IsFloat()
        ? Pull(loss, loss.Like(1), wrt)
        : throw new ArgumentException($"a gradient needs a floating-point scalar; given {loss.Type}.");

    /// <summary>
    /// The vector-Jacobian product: what <paramref name="cotangent"/> (of the output's type) becomes at each of <paramref name="wrt"/>.
    /// </summary>
    public static Vec<Tensor> Pull(Tensor output, Tensor cotangent, params Vec<Tensor> wrt)
    {
        if (output.Type != cotangent.Type) throw new ArgumentException($"the cotangent of {output.Type} cannot be {cotangent.Type}.");
        var order = Graph.Topological(output);
        var needed = Dependents(order, wrt);
        var cotangents = new Dictionary<Tensor, Tensor> { [output] = cotangent };
        for (var i = order.Count - 1; i >= 0; i--)
        {
            var node = order[i];
            if (!cotangents.TryGetValue(node, out var ct) || !node.Args.Any(needed.Contains)) continue;
            var contributions = VjpRules.Apply(node, ct);
            for (var k = 0; k < node.Args.Count; k++)
                if (contributions[k] is { } part && needed.Contains(node.Args[k]))
                    cotangents[node.Args[k]] = cotangents.TryGetValue(node.Args[k], out var sum) ? sum + part : part;
        }
        return wrt.Map(w => cotangents.TryGetValue(w, out var ct) ? ct : w.Like(0));
    }

    /// <summary>A fused op's gradient by differentiating its expansion over placeholders, then putting the arguments back.</summary>
    internal static IReadOnlyList<Tensor?> ThroughExpansion(FusedKind kind, int output, Vec<Tensor> args, Tensor cotangent)
    {
        Vec<int> floats = [.. Enumerable.Range(0, args.Count).Where(i => args[i].DType.IsFloat())];
        var pulled = OverPlaceholders([.. args, cotangent], holes =>
        {
            Vec<Tensor> given = [.. holes.SkipLast(1)];
            return Pull(kind.Expand(given)[output], holes[^1], floats.Map(i => given[i]));
        });
        var result = new Tensor?[args.Count];
        for (var i = 0; i < floats.Count; i++) result[floats[i]] = pulled[i];
        return result;
    }

    /// <summary>
    /// Builds with placeholders instead of <paramref name="args"/> and puts them back afterwards: a derivative by one argument must
    /// not see that another one depends on it too.
    /// </summary>
    internal static Vec<Tensor> OverPlaceholders(Vec<Tensor> args, Func<Vec<Tensor>, Vec<Tensor>> build)
    {
        var holes = args.Map((a, i) => Create.Input($"$arg{i}", a.Type));
        return Graph.Substitute(build(holes), Enumerable.Range(0, args.Count).ToDictionary(i => holes[i], i => args[i]));
    }

    static System.Collections.Generic.HashSet<Tensor> Dependents(IReadOnlyList<Tensor> order, Vec<Tensor> wrt)
    {
        var needed = new System.Collections.Generic.HashSet<Tensor>(wrt);
        foreach (var node in order)
            if (node.Args.Any(needed.Contains)) needed.Add(node);
        return needed;
    }
}
