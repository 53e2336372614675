namespace Functional.Tests.Properties;

/// <summary>Rewrites of a graph keep its types and its values.</summary>
public sealed class RewriteLaws
{
    // Sums may be taken in another order in double precision.
    const double Tolerance = 1e-12;

    [Property(MaxTest = 500, Arbitrary = [typeof(CompilerCases)])]
    public void Simplifying_keeps_the_meaning(CompilerCase given)
    {
        var roots = Graph.Expand(given.Roots);
        var after = Simplifier.Run(roots);
        Same(roots, after, given.Inputs);
        Assert.True(Graph.Topological(after).Count <= Graph.Topological(roots).Count, $"it grew:\n{Graph.Print(after)}");
        Assert.Empty(GraphVerifier.Check(after));
    }

    [Property(MaxTest = 500, Arbitrary = [typeof(CompilerCases)])]
    public void Legalising_keeps_the_meaning(CompilerCase given)
    {
        var after = Legaliser.Run(given.Roots, given.HasKernel);
        Same(given.Roots, after, given.Inputs);
        foreach (var node in Graph.Topological(after))
        {
            Assert.True(node.Op is not Op.Fused f || given.HasKernel(f.Kind), $"{node} has no kernel");
            Assert.True(node.Op is not (Op.MatMul or Op.Reduce or Op.CumSum or Op.ArgMax or Op.ScatterAdd or Op.Gather)
                || node.Args.All(static a => !a.DType.IsNarrow()), $"{node} computes in 16 bits");
        }
        Assert.Empty(GraphVerifier.Check(after));
    }

    /// <summary>In bfloat16 every product of floats is one of rounded factors, itself rounded; and all else is as it was.</summary>
    [Property(MaxTest = 300, Arbitrary = [typeof(CompilerCases)])]
    public void Products_in_bfloat16_round_their_factors(CompilerCase given)
    {
        var before = Graph.Expand(given.Roots);
        var after = Products.InBF16(before);
        Assert.Equal(before.Map(static r => r.Type), after.Map(static r => r.Type));
        Assert.DoesNotContain(Graph.Topological(after), static n => n.Op is Op.MatMul && n.DType == DType.F32);
        Assert.Empty(GraphVerifier.Check(after));
        Assert.Equal(Graph.Topological(before).Where(static n => n.Op is Op.Input).ToHashSet(),
            Graph.Topological(after).Where(static n => n.Op is Op.Input).ToHashSet());
        // By another way: what is rounded once is rounded by hand in the values of a product's own arguments.
        foreach (var product in Graph.Topological(before).Where(static n => n.Op is Op.MatMul && n.DType == DType.F32).Take(2))
        {
            var (a, b) = (Create.Input("a", product.Args[0].Type), Create.Input("b", product.Args[1].Type));
            var (x, y) = (Runs.Normal(a.Type, Key.Seed(1)), Runs.Normal(b.Type, Key.Seed(2)));
            Value Half(Value v) => Runs.Changed(v, static (e, _) => Numbers.Convert(e, DType.BF16));
            var byHand = Half(Evaluator.Run([a.MatMul(b)], new Dictionary<string, Value> { ["a"] = Half(x), ["b"] = Half(y) })[0]);
            Runs.Close(byHand, Evaluator.Run(Products.InBF16([a.MatMul(b)]), new Dictionary<string, Value> { ["a"] = x, ["b"] = y })[0], 0, $"{product}");
        }
    }

    [Property(MaxTest = 100, Arbitrary = [typeof(CompilerCases)])]
    public void Expanding_leaves_primitives_of_the_same_types(CompilerCase given)
    {
        var after = Graph.Expand(given.Roots);
        Assert.Equal(given.Roots.Map(static r => r.Type), after.Map(static r => r.Type));
        Assert.DoesNotContain(Graph.Topological(after), static n => n.Op is Op.Fused);
        Assert.Equal(after, Graph.Expand(after));
        Assert.Empty(GraphVerifier.Check(after));
    }

    static void Same(Vec<Tensor> before, Vec<Tensor> after, IReadOnlyDictionary<string, Value> inputs)
    {
        var (expected, actual) = (Evaluator.Run(before, inputs), Evaluator.Run(after, inputs));
        for (var o = 0; o < expected.Count; o++)
            Runs.Close(expected[o], actual[o], before[o].DType.IsFloat()
                ? Tolerance * (1 + expected[o].Items.ToArray().Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty().Max()) : 0, $"root {o}");
    }
}
