namespace Functional.Tests.Properties;

/// <summary>Graphs a hundred thousand nodes deep: no walk recurses.</summary>
public sealed class DeepGraphTests
{
    const int Depth = 100_000;

    static readonly Tensor X = Create.Input("x", []);
    static readonly Tensor Deep = Enumerable.Range(0, Depth).Aggregate(X, static (x, _) => -x);

    [Fact]
    public void Topological() => Assert.Equal(Depth + 1, Graph.Topological(Deep).Count);

    [Fact]
    public void Rewrite() => Assert.Equal(Deep, Graph.Rewrite([Deep], static (n, args) => n.WithArgs(args))[0]);

    [Fact]
    public void Print() => Assert.Equal(Depth + 2, Graph.Print(Deep).Count(static c => c == '\n'));

    [Fact]
    public void Expand() => Assert.Equal(Deep, Graph.Expand([Deep])[0]);

    [Fact]
    public void PullAndEvaluate() => Assert.Equal(1, Evaluator.Run([Vjp.Gradients(Deep, X)[0]], new Dictionary<string, Value>())[0][0]);

    [Fact]
    public void Verify() => Assert.Empty(GraphVerifier.Check(Deep));

    [Fact]
    public void ProgramOf() => Assert.Equal("x", Program.Of(Deep).Inputs.Single().Name);

    /// <summary>2⁶⁴ paths lead through it, 65 nodes are in it.</summary>
    [Fact]
    public void SharedNodesAreVisitedOnce()
    {
        var wide = Enumerable.Range(0, 64).Aggregate(X, static (x, _) => x + x);
        Assert.Equal(65, Graph.Topological(wide).Count);
        Assert.Equal(Math.Pow(2, 64), Evaluator.Run([Vjp.Gradients(wide, X)[0]], new Dictionary<string, Value>())[0][0]);
        Assert.Empty(GraphVerifier.Check(wide));
    }
}
