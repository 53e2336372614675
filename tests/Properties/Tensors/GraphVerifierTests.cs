using System.Reflection;

namespace Functional.Tests.Properties;

/// <summary>Nodes that no constructor would make are found.</summary>
public sealed class GraphVerifierTests
{
    static readonly Tensor X = Create.Input("x", [2, 3]);

    static readonly ConstructorInfo Forge =
        typeof(Tensor).GetConstructor(BindingFlags.Instance | BindingFlags.NonPublic, [typeof(Op), typeof(Vec<Tensor>), typeof(TensorType)])!;

    static Tensor Forged(Op op, TensorType type, params Vec<Tensor> args) => (Tensor)Forge.Invoke([op, args, type]);

    [Fact]
    public void SoundGraphsHaveNoFaults() => Assert.All(GradientTable.Rows, static r =>
    {
        Assert.Empty(GraphVerifier.Check(r.Node));
        if (r.Node.DType.IsFloat()) Assert.Empty(GraphVerifier.Check(Graph.Expand(Vjp.Pull(r.Node, r.Node.Like(1),
            r.Inputs.Where(static i => i.DType.IsFloat()).ToVec()))));
    });

    [Fact]
    public void AWrongTypeIsFound() => Found("claims the type f32[2, 4]", Forged(new Op.Unary(new UnaryFunction.Exp()), new([2, 4]), X));

    [Fact]
    public void AWrongArityIsFound()
    {
        Found("has 1 arguments", Forged(new Op.MatMul(), new([2, 2]), X));
        Found("has 0 arguments", Forged(new Op.Concat(0), new([2, 2])));
    }

    [Fact]
    public void ASliceOutsideItsArgumentIsFound() => Found("or has another shape", Forged(new Op.Slice([0, 2], [2, 2]), new([2, 2]), X));

    [Fact]
    public void AConcatThatDoesNotAddUpIsFound() => Found("do not add up", Forged(new Op.Concat(1), new([2, 5]), X, X));

    [Fact]
    public void AnEmptyAxisIsFound() => Found("without elements", Forged(new Op.Input("e", new([0])), new([0])));

    [Fact]
    public void TwoTypesUnderOneNameAreFound() =>
        Assert.Contains("has the name of an input", GraphVerifier.Check(X.SumAll(), Create.Input("x", []))[0].What, StringComparison.Ordinal);

    [Fact]
    public void AnIdentityThatIsNotTheContentsIsFound()
    {
        var (node, other) = (X.Exp(), X.Sin());
        typeof(Tensor).GetField("<Id>k__BackingField", BindingFlags.Instance | BindingFlags.NonPublic)!.SetValue(node, other.Id);
        Assert.Contains(GraphVerifier.Check(node), static f => f.What.Contains("not the hash", StringComparison.Ordinal));
        Assert.Contains(GraphVerifier.Check(node + 1, other), static f => f.What.Contains("has the identity of", StringComparison.Ordinal));
    }

    [Fact]
    public void AllFaultsAreGiven() => Assert.Equal(2, GraphVerifier.Check(
        Forged(new Op.Unary(new UnaryFunction.Exp()), new([2, 4]), X), Forged(new Op.Unary(new UnaryFunction.Sin()), new([2, 4]), X)).Count);

    static void Found(string what, Tensor node) => Assert.Contains(GraphVerifier.Check(node), f => f.What.Contains(what, StringComparison.Ordinal));
}
