using Functional.Base;
using Functional.Graphs;

namespace Functional.Learning;

/// <summary>Pretraining beside what else is learned, so that a policy forgets less of its language (Ouyang et al. 2022, as PPO-ptx).</summary>
public static class TextMix
{
    /// <summary>What a batch calls the text's tokens, and what comes next at each.</summary>
    public const string Inputs = "text", Labels = "text_labels";

    /// <summary>
    /// An objective and the cross-entropy of a text in the same batch, each with its own mean: the batch has <c>text</c> and <c>text_labels</c>
    /// <c>i32[rows, time]</c> beside. The text's mean is shown as <c>text</c>.
    /// </summary>
    /// <param name="objective">What else is learned; its first part reads the text.</param>
    /// <param name="batch">The shape of the text's tokens.</param>
    /// <param name="weight">What the text's mean counts, 0 or more; with 0 the objective is what it is.</param>
    public static Objective Of(Objective objective, BatchShape batch, double weight) => weight == 0 ? objective
        : new(objective.Parts, objective.Feed.Concat(Params.Of((Inputs, batch.Tokens), (Labels, batch.Tokens))), scene =>
        {
            var (loss, part) = (objective.In(scene), objective.Parts[0]);
            var text = Losses.NextToken(part.Model, scene.Of(part.Name), scene[Inputs], scene[Labels]).Total;
            var share = (loss.Total.Weight / text.Weight.Max(Create.Scalar(1))).StopGradient();
            return (loss with { Total = loss.Total with { Sum = loss.Total.Sum + text.Sum * share * weight } }).With("text", text);
        });
}
