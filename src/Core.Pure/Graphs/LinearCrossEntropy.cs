using Functional.Base;

namespace Functional.Graphs;

/// <summary>
/// The cross-entropy of a linear head, without the logits of all tokens in memory at once. Arguments: hidden <c>[rows, width]</c>,
/// weight <c>[vocabulary, width]</c>, labels <c>i32[rows]</c>; a row whose label is <see cref="Ignore"/> counts for nothing.
/// Results: the sum of the losses <c>[]</c> in nats, and that sum's gradients by hidden and by weight, which an engine gets
/// almost for free while it has the logits at hand.
/// </summary>
/// <param name="Smoothing">The share of the target that is spread evenly over the vocabulary, in [0, 1) (Szegedy et al. 2016).</param>
public sealed record LinearCrossEntropy(double Smoothing = 0) : FusedKind
{
    /// <summary>Logits become cap · tanh(logit / cap) (Gemma 2); 0 for none.</summary>
    public double Cap { get; init; }

    /// <summary>The label of a row that does not count.</summary>
    public const int Ignore = -100;

    /// <inheritdoc/>
    public override string Text => FormattableString.Invariant($"linear_cross_entropy(smoothing={Smoothing:R}{(Cap > 0 ? FormattableString.Invariant($", cap={Cap:R}") : "")})");

    /// <inheritdoc/>
    public override Vec<TensorType> Types(Vec<TensorType> args)
    {
        Require(args is [{ Rank: 2, DType: DType.F32 }, { Rank: 2, DType: DType.F32 }, { DType: DType.I32 }]
            && args[0].Shape[1] == args[1].Shape[1] && args[2].Shape == [args[0].Shape[0]], args,
            "needs hidden f32[rows, width], weight f32[vocabulary, width] and labels i32[rows]");
        return [new([]), args[0], args[1]];
    }

    /// <inheritdoc/>
    public override Vec<Tensor> Expand(Vec<Tensor> args) => Graphs.Vjp.OverPlaceholders(args, holes =>
    {
        var logits = holes[0].MatMul(holes[1].T());
        var sum = Sum(Cap > 0 ? (logits / Cap).Tanh() * Cap : logits, holes[2], Smoothing);
        return [sum, .. Graphs.Vjp.Gradients(sum, holes[0], holes[1])];
    });

    /// <inheritdoc/>
    public override IReadOnlyList<Tensor?> Vjp(int output, Vec<Tensor> args, Tensor cotangent) => output == 0
        ? [Result(1, args) * cotangent, Result(2, args) * cotangent, null]
        : base.Vjp(output, args, cotangent);

    /// <inheritdoc/>
    internal override bool IsFactor(int argument) => argument < 2;

    /// <inheritdoc/>
    internal override bool IsProduct(int output) => output == 1;

    /// <inheritdoc/>
    public override double Flops(Vec<TensorType> args) => 6.0 * args[0].Size * args[1].Shape[0];

    /// <summary>The sum of the losses of <c>logits [rows, vocabulary]</c> against <c>labels i32[rows]</c>.</summary>
    internal static Tensor Sum(Tensor logits, Tensor labels, double smoothing)
    {
        var counts = Counts(labels);
        var lse = logits.LogSumExp().Reshape(labels.Shape);
        var target = logits.TakeLast(counts.Where(labels, labels.Like(0)));
        if (smoothing != 0) target = target * (1 - smoothing) + logits.Mean(-1).Reshape(labels.Shape) * smoothing;
        return counts.Where(lse - target, lse.Like(0)).SumAll();
    }

    /// <summary>Which labels count.</summary>
    internal static Tensor Counts(Tensor labels) => labels.EqualTo(labels.Like(Ignore)).Not();
}
