namespace Functional.Tests.Properties;

/// <summary>What holds for vector-Jacobian products of any function.</summary>
public sealed class VjpLawTests
{
    const double Tolerance = 1e-12;

    static readonly Tensor X = Create.Input("x", [2, 3]), W = Create.Input("w", [3, 4]), Y = Create.Input("y", [2, 4]);

    // A function of x and w with shared parts, kinks aside.
    static Tensor F(Tensor x, Tensor w) => (x.Tanh().MatMul(w) + x.Sin().MatMul(w).Exp() * x.Sum(1)).Softmax();

    static Tensor G(Tensor y) => (y * y).CumSum(1).Sqrt() + y.Mean(0).Exp();

    [Property]
    public void ThePullIsLinearInTheCotangent(int seed)
    {
        Tensor u = Create.Input("u", [2, 4]), v = Create.Input("v", [2, 4]);
        var values = Samples(seed, X, W, u, v);
        var (both, first, second) = (Vjp.Pull(F(X, W), u * 0.7 + v * -1.3, X, W), Vjp.Pull(F(X, W), u, X, W), Vjp.Pull(F(X, W), v, X, W));
        for (var i = 0; i < 2; i++) Same(both[i], first[i] * 0.7 + second[i] * -1.3, values);
    }

    [Property]
    public void AZeroCotangentGivesZero(int seed) =>
        Assert.All(Evaluator.Run(Vjp.Pull(F(X, W), Y.Like(0), X, W), Samples(seed, X, W)), static g =>
            Assert.All(g.Items.ToArray(), static x => Assert.Equal(0, x)));

    [Property]
    public void TheChainRuleHoldsOverComposition(int seed)
    {
        var u = Create.Input("u", [2, 4]);
        var whole = Vjp.Pull(G(F(X, W)), u, X, W);
        var outer = Graph.Substitute([Vjp.Pull(G(Y), u, Y)[0]], new Dictionary<Tensor, Tensor> { [Y] = F(X, W) })[0];
        var inner = Vjp.Pull(F(X, W), outer, X, W);
        for (var i = 0; i < 2; i++) Same(whole[i], inner[i], Samples(seed, X, W, u));
    }

    [Property]
    public void GradientsAddOverASum(int seed)
    {
        Tensor a = F(X, W).SumAll(), b = G(X.MatMul(W)).SumAll();
        var (sum, first, second) = (Vjp.Gradients(a + b, X, W), Vjp.Gradients(a, X, W), Vjp.Gradients(b, X, W));
        for (var i = 0; i < 2; i++) Same(sum[i], first[i] + second[i], Samples(seed, X, W));
    }

    [Property]
    public void AnArgumentUsedTwiceGetsBothParts(int seed) =>
        Same(Vjp.Gradients((X * X.Sin()).SumAll(), X)[0], X.Sin() + X * X.Cos(), Samples(seed, X));

    [Property]
    public void BroadcastingSumsItsGradient(int seed)
    {
        var (b, u) = (Create.Input("b", [4]), Create.Input("u", [3, 2, 4]));
        var values = Samples(seed, b, u);
        Same(Vjp.Pull(b + u, u, b)[0], u.Sum(0, 1).Reshape(4), values);
        Same(Vjp.Pull(u * b, u, b)[0], (u * u).Sum(0, 1).Reshape(4), values);
        Same(Vjp.Pull(u + b.Sum(0), u, b)[0], u.SumAll().BroadcastTo([4]), values);
    }

    [Property]
    public void NothingFlowsThroughStopGradient(int seed)
    {
        var values = Samples(seed, X);
        Same(Vjp.Gradients((X.StopGradient() * X).SumAll(), X)[0], X, values);
        Assert.All(Evaluator.Run([Vjp.Gradients(X.Exp().StopGradient().SumAll(), X)[0]], values)[0].Items.ToArray(), static x => Assert.Equal(0, x));
        Same(X.StopGradient(), X, values);
    }

    [Fact]
    public void TiesShareTheGradientOfAMaximumOverAnAxis() =>
        Assert.Equal([0.5, 0, 0.5], Evaluator.Run([Vjp.Gradients(X1.ReduceMax(0).SumAll(), X1)[0]], Tied)[0].Items.ToArray());

    [Fact]
    public void TheFirstOfTwoEqualOperandsGetsTheGradientOfTheirMaximum() =>
        Assert.Equal([1, 0], Evaluator.Run(Vjp.Gradients(A.Max(B), A, B), Equal).Select(static v => v[0]));

    [Fact]
    public void WhatDoesNotDependHasNoGradient() => Assert.Equal(W.Like(0), Vjp.Gradients(X.SumAll(), W)[0]);

    [Fact]
    public void AnIntermediateResultCanBeAskedFor()
    {
        var middle = X.Exp();
        Same(Vjp.Gradients((middle * middle).SumAll(), middle)[0], middle * 2, Samples(1, X));
    }

    [Fact]
    public void OnlyFloatingPointScalarsHaveGradients()
    {
        Assert.Contains("f32[2, 3]", Assert.Throws<ArgumentException>(() => Vjp.Gradients(X, X)).Message, StringComparison.Ordinal);
        Assert.Contains("i32[]", Assert.Throws<ArgumentException>(() => Vjp.Gradients(Create.Scalar(1, DType.I32), X)).Message, StringComparison.Ordinal);
        Assert.Contains("f32[2]", Assert.Throws<ArgumentException>(() => Vjp.Pull(X, Create.Fill(1, [2]), X)).Message, StringComparison.Ordinal);
    }

    static readonly Tensor X1 = Create.Input("x", [3]), A = Create.Input("a", []), B = Create.Input("b", []);
    static readonly Dictionary<string, Value> Tied = new() { ["x"] = Value.Of(new([3]), 2, 1, 2) };
    static readonly Dictionary<string, Value> Equal = new() { ["a"] = Value.Scalar(2), ["b"] = Value.Scalar(2) };

    static Dictionary<string, Value> Samples(int seed, params Vec<Tensor> inputs) =>
        inputs.ToDictionary(static i => ((Op.Input)i.Op).Name, i => Domain.Uniform(i.Shape).Sample(new Random(seed ^ (int)(ulong)i.Id)));

    static void Same(Tensor a, Tensor b, Dictionary<string, Value> values)
    {
        var results = Evaluator.Run([a, b], values);
        Assert.Equal(results[0].Type, results[1].Type);
        var magnitude = results[1].Items.ToArray().Max(Math.Abs) + 1;
        for (var i = 0; i < results[0].Items.Length; i++) Assert.Equal(results[1][i], results[0][i], Tolerance * magnitude);
    }
}
