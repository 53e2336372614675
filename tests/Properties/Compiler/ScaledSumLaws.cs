namespace Functional.Tests.Properties;

/// <summary>Sums with products are found where nothing else sees the product, and mean the same.</summary>
public sealed class ScaledSumLaws
{
    const double Tolerance = 1e-12;

    [Property(MaxTest = 500, Arbitrary = [typeof(CompilerCases)])]
    public void Finding_them_keeps_the_meaning_and_repeats_nothing(CompilerCase given)
    {
        var roots = Simplifier.Run(Graph.Expand(given.Roots));
        var after = ScaledSums.Run(roots);
        Assert.Empty(GraphVerifier.Check(after));
        // No product is computed once for a sum and again for something else.
        Assert.True(Products(after) <= Products(roots), Graph.Print(after));
        var (expected, actual) = (Evaluator.Run(roots, given.Inputs), Evaluator.Run(after, given.Inputs));
        for (var o = 0; o < expected.Count; o++)
            Runs.Close(expected[o], actual[o], roots[o].DType.IsFloat()
                ? Tolerance * (1 + expected[o].Items.ToArray().Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty().Max()) : 0, $"root {o}");
    }

    static int Products(Vec<Tensor> roots) =>
        Graph.Topological(roots).Sum(static n => n.Op is Op.Binary { Function: BinaryFunction.Mul } ? 1 : n.Op is Op.Fused { Kind: ScaledSum s }
            ? n.Args.Count - 2 + (Math.Abs(s.Scale) == 1 ? 0 : 1) : 0);

    /// <summary>AdamW's moments take one pass less each, or two.</summary>
    [Fact]
    public void An_optimiser_is_made_of_them()
    {
        var model = Transformer.Of(new() { Layers = 1, Width = 8, Heads = 2, Context = 4, Vocabulary = 5, Bias = Biases.None });
        var plan = Compiler.Eager(Programs.Step(Objectives.NextToken(model, new(1, 4)), Optimisers.AdamW(), GradientClip.To(1)),
            new(static _ => true, static _ => true));
        var found = plan.Steps.OfType<EagerStep.Compute>().Where(static c => c.Node.Op is Op.Fused { Kind: ScaledSum }).ToList();
        var parameters = model.Specs.Count;
        Assert.True(found.Count(static c => c.Args.Count == 2) >= parameters && found.Count(static c => c.Args.Count == 3) >= parameters,
            $"{found.Count} for {parameters} parameters");
    }
}
