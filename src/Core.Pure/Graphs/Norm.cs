using Functional.Base;

namespace Functional.Graphs;

/// <summary>
/// Layer normalisation over the last axis (Ba et al. 2016), (x − mean) / √(variance + eps) · weight + bias.
/// Arguments: x <c>[…, width]</c>, then optionally weight and bias <c>[width]</c>. Results: y, mean <c>[…, 1]</c>, 1/√(variance + eps) <c>[…, 1]</c>.
/// </summary>
/// <param name="Epsilon">Added to the variance.</param>
public sealed record LayerNorm(double Epsilon = 1e-5) : FusedKind
{
    /// <inheritdoc/>
    public override string Text => FormattableString.Invariant($"layer_norm(eps={Epsilon:R})");

    /// <inheritdoc/>
    public override Vec<TensorType> Types(Vec<TensorType> args)
    {
        Require(args.Count is >= 1 and <= 3 && args[0] is { Rank: >= 1, DType: DType.F32 }
            && args.Skip(1).All(p => p == new TensorType([args[0].Shape[^1]])), args, "needs x f32[…, width], and weight and bias f32[width]");
        var row = args[0] with { Shape = args[0].Shape.With(args[0].Rank - 1, 1) };
        return [args[0], row, row];
    }

    /// <inheritdoc/>
    public override Vec<Tensor> Expand(Vec<Tensor> args)
    {
        var x = args[0];
        var mean = x.Mean(-1);
        var centred = x - mean;
        var rstd = 1 / ((centred * centred).Mean(-1) + Epsilon).Sqrt();
        var y = centred * rstd;
        if (args.Count > 1) y *= args[1];
        if (args.Count > 2) y += args[2];
        return [y, mean, rstd];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Tensor?> Vjp(int output, Vec<Tensor> args, Tensor cotangent)
    {
        if (output != 0) return base.Vjp(output, args, cotangent);
        var results = Apply(args);
        Vec<Tensor> given = args.Count == 1
            ? [args[0], results[1], results[2], cotangent]
            : [args[0], results[1], results[2], cotangent, args[1]];
        var gradients = new LayerNormGradient(Epsilon).Apply(given);
        return [.. gradients.Take(args.Count)];
    }

    /// <inheritdoc/>
    public override double Flops(Vec<TensorType> args) => 8.0 * args[0].Size;
}

/// <summary>
/// The gradient of <see cref="LayerNorm"/>. Arguments: x, mean, rstd, the cotangent of y, and the weight if there is one.
/// Results: the gradients of x and, with a weight, of weight and bias.
/// </summary>
/// <param name="Epsilon">As in the forward op.</param>
public sealed record LayerNormGradient(double Epsilon) : FusedKind
{
    /// <inheritdoc/>
    public override string Text => FormattableString.Invariant($"layer_norm_gradient(eps={Epsilon:R})");

    /// <inheritdoc/>
    public override Vec<TensorType> Types(Vec<TensorType> args)
    {
        Require(args.Count is 4 or 5 && args[3] == args[0] && args[1] == args[2], args, "needs x, mean, rstd, the cotangent and optionally the weight");
        return args.Count == 4 ? [args[0]] : [args[0], args[4], args[4]];
    }

    /// <inheritdoc/>
    public override Vec<Tensor> Expand(Vec<Tensor> args)
    {
        // Recomputes mean and rstd from x, so that the expansion's own derivative by x is the whole one.
        var (x, dy) = (args[0], args[3]);
        var (mean, rstd) = new LayerNorm(Epsilon).Expand([x]) switch { var r => (r[1], r[2]) };
        var normal = (x - mean) * rstd;
        var dn = args.Count == 5 ? dy * args[4] : dy;
        var dx = (dn - dn.Mean(-1) - normal * (dn * normal).Mean(-1)) * rstd;
        if (args.Count == 4) return [dx];
        Vec<int> rows = [.. Enumerable.Range(0, x.Rank - 1)];
        return [dx, (dy * normal).Sum(rows).Reshape(args[4].Shape), dy.Sum(rows).Reshape(args[4].Shape)];
    }

    /// <inheritdoc/>
    internal override Tensor? Forward(Vec<Tensor> args) =>
        args[1] is { Op: Op.Fused { Kind: LayerNorm norm, Output: 1 } } mean && norm.Epsilon == Epsilon && mean.Args[0].Equals(args[0])
            && mean.Args.Skip(1).Take(1).SequenceEqual(args.Skip(4)) && args[2].Equals(norm.Result(2, mean.Args)) ? mean : null;

    /// <inheritdoc/>
    public override double Flops(Vec<TensorType> args) => 14.0 * args[0].Size;
}
