using Functional.Base;
using Functional.Compiling;
using Functional.Graphs;
using Functional.Layers;
using Functional.Models;

namespace Functional.Learning;

/// <summary>
/// How likely a model finds given tokens, as expressions: only those that are used are ever computed, and never all logits at once. Every number is 0
/// where a label is −100.
/// </summary>
/// <param name="Hidden">The last hidden states, <c>[rows, time, width]</c>.</param>
/// <param name="Head">The matrix that turns them into logits, <c>[vocabulary, width]</c>.</param>
/// <param name="Labels">The tokens, <c>i32[rows, time]</c>; −100 for none.</param>
public sealed record LogProbabilities(Tensor Hidden, Tensor Head, Tensor Labels)
{
    /// <summary>Logits become cap · tanh(logit / cap); 0 for none.</summary>
    public double Cap { get; init; }

    /// <summary>What the model gave beside its hidden states.</summary>
    public Vec<Named> Side { get; init; } = [];

    /// <summary>1 where a label counts and 0 elsewhere, <c>f32[rows, time]</c>.</summary>
    public Tensor Mask => LinearCrossEntropy.Counts(Labels).Where(Create.Scalar(1), Create.Scalar(0));

    /// <summary>How many labels of each row count, <c>f32[rows]</c>.</summary>
    public Tensor Counts => RowSums(Mask);

    /// <summary>log p of each label in nats, <c>f32[rows, time]</c>.</summary>
    public Tensor Tokens => Result(0);

    /// <summary>Their sums, <c>f32[rows]</c>: log p of each row's answer.</summary>
    public Tensor Sums => RowSums(Tokens);

    /// <summary>As <see cref="Sums"/>, but that the labels behind the first few of a row count less (Liu et al. 2024).</summary>
    /// <param name="tail">What they count, in [0, 1].</param>
    /// <param name="shared">How many of each row count in full, <c>f32[rows]</c>.</param>
    public Tensor SumsWith(double tail, Tensor shared) =>
        RowSums(shared.Reshape(-1, 1).Less(Mask.CumSum(-1)).Where(Tokens * tail, Tokens));

    /// <summary>The entropy of what the model expected at each label, in nats, <c>f32[rows, time]</c>.</summary>
    public Tensor Entropies => Result(2);

    /// <summary>ln Σ p² over the vocabulary at each label, <c>f32[rows, time]</c>: how likely two draws are the same token.</summary>
    public Tensor LogSquares => Result(3);

    /// <summary>Of a model's reading of tokens.</summary>
    /// <param name="model">The model.</param>
    /// <param name="env">Parameters, and a key when training.</param>
    /// <param name="tokens">What it reads, <c>i32[rows, time]</c>.</param>
    /// <param name="labels">What comes next at each position, <c>i32[rows, time]</c>; −100 counts for nothing.</param>
    public static LogProbabilities Of(Model model, Env env, Tensor tokens, Tensor labels)
    {
        var hidden = model.Hidden(env, tokens);
        return new(hidden.Value, model.Head(env), labels) { Cap = model.LogitCap, Side = hidden.Side };
    }

    /// <summary>
    /// Of the distribution of logits / temperature, as tokens are drawn from it. Exact with a cap, too: cap · tanh(z / cap) / T is what hidden states divided by T
    /// give under a cap of cap / T.
    /// </summary>
    /// <param name="temperature">Above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is not.</exception>
    public LogProbabilities At(double temperature) => temperature switch
    {
        1 => this,
        > 0 when double.IsFinite(temperature) => this with { Hidden = Hidden / temperature, Cap = Cap / temperature },
        _ => throw new ArgumentOutOfRangeException(nameof(temperature), temperature, "a temperature is a number above 0."),
    };

    /// <summary>Sums over the last axis, which goes.</summary>
    internal static Tensor RowSums(Tensor x) => x.Sum(-1).Reshape([.. x.Shape.SkipLast(1)]);

    Tensor Result(int output) => new LinearLogProbabilities { Cap = Cap }
        .Result(output, [Hidden.Reshape(-1, Hidden.Shape[^1]), Head, Labels.Reshape(-1)]).Reshape(Labels.Shape);
}
