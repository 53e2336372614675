using Functional.Base;
using Functional.Graphs;

namespace Functional.Compiling;

/// <summary>Sums with a product that nothing else uses, as one op: optimisers are made of them.</summary>
static class ScaledSums
{
    public static Vec<Tensor> Run(Vec<Tensor> roots)
    {
        var uses = new Dictionary<Tensor, int>();
        foreach (var node in Graph.Topological(roots))
            foreach (var arg in node.Args) uses[arg] = uses.GetValueOrDefault(arg) + 1;
        foreach (var root in roots) uses[root] = uses.GetValueOrDefault(root) + 1;
        return Graph.Rewrite(roots, (node, args) => node is { DType: DType.F32, Op: Op.Binary { Function: BinaryFunction.Add or BinaryFunction.Sub } op }
            && Found(op.Function, node, args, uses) is { } found
            ? found : node.WithArgs(args));
    }

    static Tensor? Found(BinaryFunction function, Tensor node, Vec<Tensor> args, Dictionary<Tensor, int> uses)
    {
        if (Product(node.Args[1], args[1], uses) is { } second) return Sum(args[0], second, function is BinaryFunction.Add ? 1 : -1);
        return function is BinaryFunction.Add && Product(node.Args[0], args[0], uses) is { } first ? Sum(args[1], first, 1) : null;
    }

    static Tensor Sum(Tensor rest, (double Scale, Vec<Tensor> Factors) product, int sign) =>
        new ScaledSum(sign * product.Scale).Result(0, [rest, .. product.Factors]);

    // A number times one or two tensors, of which nobody else sees the products.
    static (double Scale, Vec<Tensor> Factors)? Product(Tensor before, Tensor t, Dictionary<Tensor, int> uses)
    {
        if (uses[before] != 1 || t.Op is not Op.Binary { Function: BinaryFunction.Mul }) return null;
        if (t.Args[0].Op is Op.Fill) return Of(t.Args[1], before.Args[1], t.Args[0]);
        return t.Args[1].Op is Op.Fill ? Of(t.Args[0], before.Args[0], t.Args[1]) : (1, t.Args);

        (double, Vec<Tensor>) Of(Tensor x, Tensor earlier, Tensor number) => (((Op.Fill)number.Op).Value,
            x.Op is Op.Binary { Function: BinaryFunction.Mul } && uses[earlier] == 1 ? x.Args : [x]);
    }
}
