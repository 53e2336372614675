using Functional.Base;

namespace Functional.Graphs;

/// <summary>
/// a + scale · b, or a + scale · b · c, elementwise, for arguments of one f32 type: in one pass where an engine has it. Compilers find it in
/// sums; models have no need to say it.
/// </summary>
/// <param name="Scale">The factor.</param>
public sealed record ScaledSum(double Scale) : FusedKind
{
    /// <inheritdoc/>
    public override string Text => FormattableString.Invariant($"scaled_sum(scale={Scale:R})");

    /// <inheritdoc/>
    public override Vec<TensorType> Types(Vec<TensorType> args)
    {
        Require(args.Count is 2 or 3 && args.All(a => a.DType == DType.F32 && a == args[0]), args, "needs two or three arguments of one f32 type");
        return [args[0]];
    }

    /// <inheritdoc/>
    public override Vec<Tensor> Expand(Vec<Tensor> args) => [args[0] + (args.Count == 2 ? args[1] : args[1] * args[2]) * Scale];

    /// <inheritdoc/>
    internal override bool IsElementwise => true;

    /// <inheritdoc/>
    internal override int? Overwrites => 0;

    /// <inheritdoc/>
    public override double Flops(Vec<TensorType> args) => args.Count * (double)args[0].Size;
}
