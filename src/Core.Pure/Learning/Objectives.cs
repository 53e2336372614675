using Functional.Layers;
using Functional.Models;

namespace Functional.Learning;

/// <summary>What can be learned.</summary>
public static class Objectives
{
    /// <summary>
    /// To predict each next token: the cross-entropy of a model's tokens against labels, in nats. In training, what the model's layers add to the loss
    /// (<see cref="Names.Auxiliary"/>) counts, too; what is measured is the cross-entropy alone, without smoothing.
    /// </summary>
    /// <param name="model">What learns.</param>
    /// <param name="batch">The shape of <c>inputs</c> and <c>labels</c>, both <c>i32[rows, time]</c>; a label of −100 counts for nothing.</param>
    /// <param name="smoothing">The share of the target spread over the whole vocabulary in training, in [0, 1).</param>
    /// <param name="texts">Whether a row may hold several texts, which see nothing of each other: <c>starts i32[rows, time]</c> says where each token's begins.</param>
    public static Objective NextToken(Model model, BatchShape batch, double smoothing = 0, bool texts = false) => new(
        [new("", model)], texts ? batch.Feed.Add("starts", batch.Tokens) : batch.Feed,
        scene => Losses.NextToken(model, texts ? scene.Of("") with { Starts = scene["starts"] } : scene.Of(""), scene["inputs"], scene["labels"],
            scene.Training ? smoothing : 0));
}
