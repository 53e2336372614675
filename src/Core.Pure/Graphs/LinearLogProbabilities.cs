using Functional.Base;

namespace Functional.Graphs;

/// <summary>
/// What a linear head gives to each row's own label, without the logits of all rows in memory at once. Arguments: hidden <c>[rows, width]</c>, weight
/// <c>[vocabulary, width]</c>, labels <c>i32[rows]</c>; a row whose label is <see cref="LinearCrossEntropy.Ignore"/> gives 0 everywhere. Results:
/// <list type="number">
/// <item>log p of the label, in nats, <c>[rows]</c>;</item>
/// <item>its gradient by the row's hidden state, <c>[rows, width]</c>, which an engine gets for one product while it has the logits at hand;</item>
/// <item>the entropy of p in nats, <c>[rows]</c>;</item>
/// <item>ln Σ p² over the vocabulary, <c>[rows]</c>.</item>
/// </list>
/// A sum of cross-entropies knows what each row's loss counts before it sees the rows (<see cref="LinearCrossEntropy"/>); where that depends on all of
/// them, as in losses that compare answers, the weight's gradient is a product of its own (<see cref="LinearLogProbabilitiesGradient"/>).
/// </summary>
public sealed record LinearLogProbabilities : FusedKind
{
    /// <summary>Logits become cap · tanh(logit / cap) (Gemma 2); 0 for none.</summary>
    public double Cap { get; init; }

    /// <inheritdoc/>
    public override string Text => $"linear_log_probabilities({Attributes})";

    internal string Attributes => Cap > 0 ? FormattableString.Invariant($"cap={Cap:R}") : "";

    /// <inheritdoc/>
    public override Vec<TensorType> Types(Vec<TensorType> args)
    {
        Require(args is [{ Rank: 2, DType: DType.F32 }, { Rank: 2, DType: DType.F32 }, { DType: DType.I32 }]
            && args[0].Shape[1] == args[1].Shape[1] && args[2].Shape == [args[0].Shape[0]], args,
            "needs hidden f32[rows, width], weight f32[vocabulary, width] and labels i32[rows]");
        TensorType each = new([args[0].Shape[0]]);
        return [each, args[0], each, each];
    }

    /// <inheritdoc/>
    public override Vec<Tensor> Expand(Vec<Tensor> args) => Graphs.Vjp.OverPlaceholders(args, holes =>
    {
        var (logits, counts) = (Logits(holes), LinearCrossEntropy.Counts(holes[2]));
        var (each, own) = (holes[2].Shape, Of(logits, holes[2]));
        Tensor Counted(Tensor x) => counts.Where(x.Reshape(each), Create.Scalar(0).BroadcastTo(each));
        var (log, lse) = (logits.LogSoftmax(), logits.LogSumExp());
        return
        [
            own, Graphs.Vjp.Gradients(own.SumAll(), holes[0])[0], Counted(-(log.Exp() * log).Sum(-1)), Counted((logits * 2).LogSumExp() - lse * 2),
        ];
    });

    /// <inheritdoc/>
    public override IReadOnlyList<Tensor?> Vjp(int output, Vec<Tensor> args, Tensor cotangent) => output == 0
        ? [Result(1, args) * cotangent.Reshape(-1, 1), new LinearLogProbabilitiesGradient { Cap = Cap }.Result(0, [.. args, cotangent]), null]
        : base.Vjp(output, args, cotangent);

    /// <inheritdoc/>
    internal override bool IsFactor(int argument) => argument < 2;

    /// <inheritdoc/>
    internal override bool IsProduct(int output) => output == 1;

    /// <inheritdoc/>
    public override double Flops(Vec<TensorType> args) => 4.0 * args[0].Size * args[1].Shape[0];

    internal Tensor Logits(Vec<Tensor> args)
    {
        var logits = args[0].MatMul(args[1].T());
        return Cap > 0 ? (logits / Cap).Tanh() * Cap : logits;
    }

    /// <summary>log p of each row's label, from logits <c>[rows, vocabulary]</c>.</summary>
    internal static Tensor Of(Tensor logits, Tensor labels)
    {
        var counts = LinearCrossEntropy.Counts(labels);
        var own = logits.TakeLast(counts.Where(labels, labels.Like(0))) - logits.LogSumExp().Reshape(labels.Shape);
        return counts.Where(own, own.Like(0));
    }
}

/// <summary>
/// The gradient by the weight of a weighted sum of <see cref="LinearLogProbabilities"/>' first result. Arguments: hidden, weight, labels, and each row's
/// share <c>f32[rows]</c>; result: Σ share · ∂ log p / ∂ weight, of the weight's type.
/// </summary>
public sealed record LinearLogProbabilitiesGradient : FusedKind
{
    /// <summary>As of the forward op.</summary>
    public double Cap { get; init; }

    LinearLogProbabilities Forwards => new() { Cap = Cap };

    /// <inheritdoc/>
    public override string Text => $"linear_log_probabilities_gradient({Forwards.Attributes})";

    /// <inheritdoc/>
    public override Vec<TensorType> Types(Vec<TensorType> args)
    {
        Require(args.Count == 4 && args[3] == new TensorType([args[0].Shape[0]]), args, "needs hidden, weight, labels and shares f32[rows]");
        _ = Forwards.Types([.. args.Take(3)]);
        return [args[1]];
    }

    /// <inheritdoc/>
    public override Vec<Tensor> Expand(Vec<Tensor> args) => Graphs.Vjp.OverPlaceholders(args, holes =>
        Graphs.Vjp.Pull(LinearLogProbabilities.Of(Forwards.Logits(holes), holes[2]), holes[3], holes[1]));

    /// <inheritdoc/>
    internal override bool IsFactor(int argument) => argument < 2;

    /// <inheritdoc/>
    public override double Flops(Vec<TensorType> args) => 4.0 * args[0].Size * args[1].Shape[0];
}
