using Functional.Base;

namespace Functional.Graphs;

/// <summary>
/// The argument itself, and the mark that a block of a model ends here: the backward pass may begin again from what stands before such marks
/// (<c>Compiling.Rematerialisation</c>, which takes them out of the graph).
/// </summary>
public sealed record BlockEnd : FusedKind
{
    /// <inheritdoc/>
    public override string Text => "block_end";

    /// <inheritdoc/>
    public override Vec<TensorType> Types(Vec<TensorType> args)
    {
        Require(args.Count == 1, args, "needs one argument");
        return args;
    }

    /// <inheritdoc/>
    public override Vec<Tensor> Expand(Vec<Tensor> args) => args;

    /// <inheritdoc/>
    public override IReadOnlyList<Tensor?> Vjp(int output, Vec<Tensor> args, Tensor cotangent) => [cotangent];

    /// <inheritdoc/>
    public override double Flops(Vec<TensorType> args) => 0;
}

/// <summary>
/// The first argument itself, but not before the second is there: what is computed of it cannot be taken for what was computed before, nor be computed earlier.
/// Arguments: a value, and whatever has to be done first.
/// </summary>
public sealed record Deferred : FusedKind
{
    /// <inheritdoc/>
    public override string Text => "deferred";

    /// <inheritdoc/>
    public override Vec<TensorType> Types(Vec<TensorType> args)
    {
        Require(args.Count == 2, args, "needs a value and what comes before it");
        return [args[0]];
    }

    /// <inheritdoc/>
    public override Vec<Tensor> Expand(Vec<Tensor> args) => [args[0]];

    /// <inheritdoc/>
    public override IReadOnlyList<Tensor?> Vjp(int output, Vec<Tensor> args, Tensor cotangent) => [cotangent, null];

    /// <inheritdoc/>
    internal override int? Overwrites => 0;

    /// <inheritdoc/>
    public override double Flops(Vec<TensorType> args) => 0;
}
