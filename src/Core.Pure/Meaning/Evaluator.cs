using System.Diagnostics;
using Functional.Base;
using Functional.Graphs;

namespace Functional.Meaning;

/// <summary>
/// Computes tensors by the plainest loops, in double precision: what it gives is what a program means, and engines are tested
/// against it. F32 is not rounded; BF16 and F16 results are rounded to nearest even, I32 wraps, booleans are 0 and 1. A fused op is its expansion.
/// </summary>
public static class Evaluator
{
    /// <summary>The values of the roots, in order.</summary>
    /// <param name="roots">What to compute.</param>
    /// <param name="inputs">Every input that the roots depend on, by name.</param>
    /// <exception cref="ArgumentException">An input is missing or of another type.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A gather or scatter index is outside its table.</exception>
    public static Vec<Value> Run(Vec<Tensor> roots, IReadOnlyDictionary<string, Value> inputs)
    {
        var primitive = Graph.Expand(roots);
        var order = Graph.Topological(primitive);
        var uses = Uses(order, primitive);
        var values = new Dictionary<Tensor, Value>();
        foreach (var node in order)
        {
            values[node] = Apply(node, node.Args.Map(a => values[a]), inputs);
            foreach (var arg in node.Args)
                if (--uses[arg] == 0) values.Remove(arg);
        }
        return primitive.Map(r => values[r]);
    }

    /// <summary>The value of a tensor that depends on no input.</summary>
    public static Value Run(Tensor root) => Run([root], new Dictionary<string, Value>())[0];

    static Dictionary<Tensor, int> Uses(IReadOnlyList<Tensor> order, Vec<Tensor> roots)
    {
        // A root has one use more, so that it is kept.
        var uses = order.ToDictionary(static n => n, static _ => 0);
        foreach (var user in order)
            foreach (var arg in user.Args) uses[arg]++;
        foreach (var root in roots) uses[root]++;
        return uses;
    }

    static Value Apply(Tensor node, Vec<Value> args, IReadOnlyDictionary<string, Value> inputs)
    {
        if (node.Op is Op.Input input) return Given(input, inputs);
        return new(node.Type, Numbers.Store(node.DType, Items(node, args)));
    }

    static Value Given(Op.Input input, IReadOnlyDictionary<string, Value> inputs)
    {
        if (!inputs.TryGetValue(input.Name, out var value)) throw new ArgumentException($"input '{input.Name}' {input.Type} is missing.");
        return value.Type == input.Type ? value : throw new ArgumentException($"input '{input.Name}' is {input.Type}; given {value.Type}.");
    }

    // New elements, or an argument's own where they are the same: nobody writes to elements once they are a value.
    static double[] Items(Tensor node, Vec<Value> args) => node.Op switch
    {
        Op.Fill o => MovementRules.Fill(o),
        Op.Iota o => MovementRules.Iota(o),
        Op.RandomBits o => ElementRules.RandomBits(o, args[0]),
        Op.Unary o => ElementRules.Unary(o.Function, args[0]),
        Op.Binary o => ElementRules.Binary(o.Function, args[0], args[1]),
        Op.Compare o => ElementRules.Compare(o.Function, args[0], args[1]),
        Op.Where => ElementRules.Where(args[0], args[1], args[2]),
        Op.Cast o => ElementRules.Cast(o.To, args[0]),
        Op.StopGradient or Op.Reshape => args[0].Elements,
        Op.Permute o => MovementRules.Permute(o, node.Shape, args[0]),
        Op.Broadcast => MovementRules.Broadcast(node.Shape, args[0]),
        Op.Slice o => MovementRules.Slice(o, args[0]),
        Op.Pad o => MovementRules.Pad(o, node.Type, args[0]),
        Op.Concat o => MovementRules.Concat(o.Axis, node.Type, args),
        Op.Reduce o => ReductionRules.Reduce(o.Kind, node.Type, args[0]),
        Op.ArgMax o => ReductionRules.ArgMax(o.Axis, node.Type, args[0]),
        Op.CumSum o => ReductionRules.CumSum(o.Axis, args[0]),
        Op.MatMul => ReductionRules.MatMul(node.Type, args[0], args[1]),
        Op.Gather => TableRules.Gather(node, args[0], args[1]),
        Op.ScatterAdd => TableRules.ScatterAdd(node, args[0], args[1], args[2]),
        _ => throw new UnreachableException(node.Op.GetType().Name),
    };
}
