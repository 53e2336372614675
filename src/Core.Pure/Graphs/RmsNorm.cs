using Functional.Base;

namespace Functional.Graphs;

/// <summary>
/// Root-mean-square normalisation over the last axis (Zhang &amp; Sennrich 2019), x / √(mean x² + eps) · weight.
/// Arguments: x <c>[…, width]</c>, and optionally weight <c>[width]</c>. Results: y, and 1/√(mean x² + eps) <c>[…, 1]</c>.
/// </summary>
/// <param name="Epsilon">Added to the mean square.</param>
public sealed record RmsNorm(double Epsilon = 1e-6) : FusedKind
{
    /// <inheritdoc/>
    public override string Text => FormattableString.Invariant($"rms_norm(eps={Epsilon:R})");

    /// <inheritdoc/>
    public override Vec<TensorType> Types(Vec<TensorType> args)
    {
        Require(args.Count is 1 or 2 && args[0] is { Rank: >= 1, DType: DType.F32 } && args.Skip(1).All(p => p == new TensorType([args[0].Shape[^1]])), args,
            "needs x f32[…, width], and optionally weight f32[width]");
        return [args[0], args[0] with { Shape = args[0].Shape.With(args[0].Rank - 1, 1) }];
    }

    /// <inheritdoc/>
    public override Vec<Tensor> Expand(Vec<Tensor> args)
    {
        var x = args[0];
        var scale = 1 / ((x * x).Mean(-1) + Epsilon).Sqrt();
        return [args.Count > 1 ? x * scale * args[1] : x * scale, scale];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Tensor?> Vjp(int output, Vec<Tensor> args, Tensor cotangent) => output != 0
        ? base.Vjp(output, args, cotangent)
        : [.. new RmsNormGradient(Epsilon).Apply([args[0], Result(1, args), cotangent, .. args.Skip(1)])];

    /// <inheritdoc/>
    public override double Flops(Vec<TensorType> args) => 4.0 * args[0].Size;
}

/// <summary>
/// The gradient of <see cref="RmsNorm"/>. Arguments: x, 1/√(mean x² + eps), the cotangent of y, and the weight if there is one.
/// Results: the gradients of x and, with a weight, of it.
/// </summary>
/// <param name="Epsilon">As in the forward op.</param>
public sealed record RmsNormGradient(double Epsilon) : FusedKind
{
    /// <inheritdoc/>
    public override string Text => FormattableString.Invariant($"rms_norm_gradient(eps={Epsilon:R})");

    /// <inheritdoc/>
    public override Vec<TensorType> Types(Vec<TensorType> args)
    {
        Require(args.Count is 3 or 4 && args[2] == args[0] && args[1] == args[0] with { Shape = args[0].Shape.With(args[0].Rank - 1, 1) }, args,
            "needs x, its scale, the cotangent and optionally the weight");
        return [args[0], .. args.Skip(3)];
    }

    /// <inheritdoc/>
    public override Vec<Tensor> Expand(Vec<Tensor> args)
    {
        // Recomputes the scale from x, so that the expansion's own derivative by x is the whole one.
        var (x, dy) = (args[0], args[2]);
        var scale = new RmsNorm(Epsilon).Expand([x])[1];
        var normal = x * scale;
        var dn = args.Count == 4 ? dy * args[3] : dy;
        var dx = (dn - normal * (dn * normal).Mean(-1)) * scale;
        return args.Count == 3 ? [dx] : [dx, (dy * normal).Sum([.. Enumerable.Range(0, x.Rank - 1)]).Reshape(args[3].Shape)];
    }

    /// <inheritdoc/>
    internal override Tensor? Forward(Vec<Tensor> args) => args[1] is { Op: Op.Fused { Kind: RmsNorm norm, Output: 1 } } scale && norm.Epsilon == Epsilon
        && scale.Args[0].Equals(args[0]) && scale.Args.Skip(1).SequenceEqual(args.Skip(3)) ? scale : null;

    /// <inheritdoc/>
    public override double Flops(Vec<TensorType> args) => 8.0 * args[0].Size;
}
