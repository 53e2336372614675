using Functional.Base;
using Functional.Compiling;
using Functional.Graphs;
using Functional.Layers;
using Functional.Models;

namespace Functional.Learning;

/// <summary>Losses as expressions.</summary>
public static class Losses
{
    /// <summary>
    /// Cross-entropy in nats of <c>logits [rows, vocabulary]</c> against <c>labels i32[rows]</c>; a label of −100 counts for nothing.
    /// With smoothing s a row's loss is (1 − s)(lse − logit[label]) + s(lse − mean logit) (Szegedy et al. 2016).
    /// </summary>
    public static WeightedSum CrossEntropy(Tensor logits, Tensor labels, double smoothing = 0) =>
        new(Graphs.LinearCrossEntropy.Sum(logits, labels, smoothing), LabelCount(labels));

    /// <summary>As <see cref="CrossEntropy"/> of the logits <c>hidden · weightᵀ</c>, without ever holding all of them.</summary>
    /// <param name="hidden"><c>[rows, width]</c>.</param>
    /// <param name="weight"><c>[vocabulary, width]</c>.</param>
    /// <param name="labels"><c>i32[rows]</c>.</param>
    /// <param name="smoothing">In [0, 1).</param>
    /// <param name="cap">Logits become cap · tanh(logit / cap); 0 for none.</param>
    public static WeightedSum LinearCrossEntropy(Tensor hidden, Tensor weight, Tensor labels, double smoothing = 0, double cap = 0) =>
        new(new LinearCrossEntropy(smoothing) { Cap = cap }.Result(0, [hidden, weight, labels]), LabelCount(labels));

    /// <summary>How many labels count, as a float scalar.</summary>
    public static Tensor LabelCount(Tensor labels) => Graphs.LinearCrossEntropy.Counts(labels).Where(Create.Scalar(1), Create.Scalar(0)).SumAll();

    /// <summary>
    /// The cross-entropy of a model's tokens against labels, both <c>i32[batch, time]</c>, in nats: a sum and the number of labels that are not −100.
    /// The logits of all positions are never in memory at once. In training, what the model's layers add (<see cref="Names.Auxiliary"/>) is part of the
    /// mean, and shown by name beside the cross-entropy.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="env">Parameters, and a key when training.</param>
    /// <param name="tokens">What the model reads.</param>
    /// <param name="labels">What comes next at each position.</param>
    /// <param name="smoothing">The share of the target spread over the whole vocabulary, in [0, 1).</param>
    public static Loss NextToken(Model model, Env env, Tensor tokens, Tensor labels, double smoothing = 0)
    {
        var hidden = model.Hidden(env, tokens);
        var entropy = LinearCrossEntropy(hidden.Value.Reshape(-1, hidden.Value.Shape[^1]), model.Head(env), labels.Reshape(-1), smoothing,
            model.LogitCap);
        return env.Training ? WithAuxiliary(entropy, hidden.Side, "cross-entropy") : entropy;
    }

    /// <summary>
    /// Cross-entropy whose every token counts as much as the model already finds it likely, −p · ln p with no gradient through p (dynamic fine-tuning; Wu et
    /// al. 2025): what is learned then leans less on tokens that the model would never have written.
    /// </summary>
    public static WeightedSum Dft(LogProbabilities read) => new(-(read.Tokens.Exp().StopGradient() * read.Tokens).SumAll(), read.Counts.SumAll());

    /// <summary>A loss to which what a model's layers add in training is added, and shown beside it; the loss itself is then shown by its name.</summary>
    /// <param name="loss">The loss without them.</param>
    /// <param name="side">What the model gave beside its hidden states.</param>
    /// <param name="name">What the loss is called.</param>
    // Each is a mean already: times the weight it is a sum that micro-batches may add.
    internal static Loss WithAuxiliary(Loss loss, Vec<Named> side, string name)
    {
        var total = loss.Total;
        Params<WeightedSum> Under(string prefix) => side.Where(s => s.Name.StartsWith(prefix, StringComparison.Ordinal))
            .GroupBy(static s => s.Name, StringComparer.Ordinal).Select(g =>
            (g.Key[prefix.Length..], new WeightedSum(g.Select(static s => s.Value).Aggregate(static (a, b) => a + b) * total.Weight, total.Weight)))
            .ToParams();
        var (auxiliary, statistics) = (Under(Names.Auxiliary("")), Under(Names.Statistic("")));
        if (auxiliary.Count == 0) return loss with { Shown = loss.Shown.Concat(statistics) };
        return loss with
        {
            Total = total with { Sum = auxiliary.Fold(total.Sum, static (sum, a) => sum + a.Sum) },
            Shown = Params.Of((name, total)).Concat(loss.Shown).Concat(auxiliary).Concat(statistics),
        };
    }
}
