using Functional.Base;

namespace Functional.Graphs;

/// <summary>
/// GELU of one argument, elementwise (Hendrycks &amp; Gimpel 2016): the exact x · Φ(x), or its tanh approximation as GPT-2 used it.
/// One instruction of a fused elementwise kernel.
/// </summary>
/// <param name="Approximate">Whether to use ½x(1 + tanh(√(2/π)(x + 0.044715x³))).</param>
public sealed record Gelu(bool Approximate) : FusedKind
{
    /// <inheritdoc/>
    public override string Text => Approximate ? "gelu_tanh" : "gelu";

    /// <inheritdoc/>
    public override Vec<TensorType> Types(Vec<TensorType> args)
    {
        Require(args is [{ DType: DType.F32 }], args, "needs one argument of f32");
        return [args[0]];
    }

    /// <inheritdoc/>
    public override Vec<Tensor> Expand(Vec<Tensor> args) => args[0] is var x && Approximate
        ? [x * (((x + x * x * x * 0.044715) * Math.Sqrt(2 / Math.PI)).Tanh() * 0.5 + 0.5)]
        : [x * ((x * Math.Sqrt(0.5)).Erf() * 0.5 + 0.5)];

    /// <inheritdoc/>
    public override IReadOnlyList<Tensor?> Vjp(int output, Vec<Tensor> args, Tensor cotangent) =>
        [new GeluGradient(Approximate).Result(0, [args[0], cotangent])];

    /// <inheritdoc/>
    internal override bool IsElementwise => true;

    /// <inheritdoc/>
    public override double Flops(Vec<TensorType> args) => 12.0 * args[0].Size;
}

/// <summary>The gradient of <see cref="Gelu"/>, elementwise. Arguments: x and the cotangent.</summary>
/// <param name="Approximate">As in the forward op.</param>
public sealed record GeluGradient(bool Approximate) : FusedKind
{
    /// <inheritdoc/>
    public override string Text => Approximate ? "gelu_tanh_gradient" : "gelu_gradient";

    /// <inheritdoc/>
    public override Vec<TensorType> Types(Vec<TensorType> args)
    {
        Require(args is [{ DType: DType.F32 }, _] && args[0] == args[1], args, "needs two arguments of one f32 type");
        return [args[0]];
    }

    /// <inheritdoc/>
    public override Vec<Tensor> Expand(Vec<Tensor> args) => Graphs.Vjp.OverPlaceholders(args, holes =>
        Graphs.Vjp.Pull(new Gelu(Approximate).Expand([holes[0]])[0], holes[1], holes[0]));

    /// <inheritdoc/>
    internal override Tensor? Forward(Vec<Tensor> args) => new Gelu(Approximate).Result(0, [args[0]]);

    /// <inheritdoc/>
    internal override bool IsElementwise => true;

    /// <inheritdoc/>
    public override double Flops(Vec<TensorType> args) => 20.0 * args[0].Size;
}
