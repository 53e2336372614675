namespace Functional.Layers;

/// <summary>How programs name their inputs and outputs. An input and the output that replaces it have one name.</summary>
public static class Names
{
    /// <summary>A tensor of the batch.</summary>
    public static string Feed(string name) => $"batch/{name}";

    /// <summary>Token ids, <c>i32[rows, time]</c>.</summary>
    public const string Inputs = "batch/inputs";

    /// <summary>The labels of the tokens, <c>i32[rows, time]</c>; −100 counts for nothing.</summary>
    public const string Labels = "batch/labels";

    /// <summary>The key for dropout, <c>i32[2]</c>; an input only of programs that draw.</summary>
    public const string Key = "key";

    /// <summary>The absolute position of each row's first token, <c>i32[rows]</c>.</summary>
    public const string Position = "position";

    /// <summary>Which row of the caches each row of a batch stands in, <c>i32[rows]</c>; an input only where it is not that of its own number.</summary>
    public const string CacheRow = "cache_row";

    /// <summary>The learning rate, <c>f32[]</c>.</summary>
    public const string LearningRate = "scalar/lr";

    /// <summary>The mean loss in nats a label, <c>f32[]</c>.</summary>
    public const string Loss = "loss";

    /// <summary>The summed loss in nats, <c>f32[]</c>.</summary>
    public const string LossSum = "loss_sum";

    /// <summary>How many labels counted, <c>f32[]</c>.</summary>
    public const string Weight = "weight";

    /// <summary>The global norm of the mean gradient before clipping, <c>f32[]</c>.</summary>
    public const string GradientNorm = "grad_norm";

    /// <summary>Scores over the vocabulary.</summary>
    public const string Logits = "logits";

    /// <summary>A key of each row's own for its draw, <c>i32[rows, 2]</c>.</summary>
    public const string DrawKeys = "draw_keys";

    /// <summary>The token that was drawn for each row, <c>i32[rows]</c>.</summary>
    public const string Token = "token";

    /// <summary>The logarithm of the probability with which it was drawn, in nats, <c>f32[rows]</c>.</summary>
    public const string LogProb = "logprob";

    /// <summary>The last hidden states, <c>[rows, time, width]</c>.</summary>
    public const string Hidden = "hidden";

    /// <summary>The summed loss of the micro-batches so far, <c>f32[]</c>.</summary>
    public const string AccumulatedLoss = "acc/loss";

    /// <summary>How many labels the micro-batches so far had, <c>f32[]</c>.</summary>
    public const string AccumulatedWeight = "acc/weight";

    /// <summary>The mean of a number that is shown beside the loss, <c>f32[]</c>.</summary>
    public static string Shown(string name) => $"shown/{name}";

    /// <summary>The sum of a number that is shown beside the loss: of a batch that is measured, or of the micro-batches so far, <c>f32[]</c>.</summary>
    public static string ShownSum(string name) => $"acc/shown/{name}";

    /// <summary>The weight that belongs to <see cref="ShownSum"/>, <c>f32[]</c>.</summary>
    public static string ShownWeight(string name) => $"acc/shown_weight/{name}";

    /// <summary>
    /// What a layer adds to the mean loss in training, <c>f32[]</c>, such as the cost of uneven load: a side output (<see cref="Flow.With"/>), already
    /// times its coefficient. Those of one name are added.
    /// </summary>
    public static string Auxiliary(string name) => $"aux/{name}";

    /// <summary>A number that is shown beside the loss in training, <c>f32[]</c>, and is no part of it: a side output, a mean over the batch.</summary>
    public static string Statistic(string name) => $"statistic/{name}";

    /// <summary>The hidden states behind the layer at a path, <c>[rows, time, width]</c>: <c>state/embedding</c>, <c>state/blocks.0</c> ….</summary>
    public static string State(string path) => $"state/{path}";

    /// <summary>What the router of the layer at a path did, see <see cref="Nn.Balanced"/>.</summary>
    public static string Router(string path) => $"router/{path}";

    /// <summary>A parameter.</summary>
    public static string Param(string name) => $"param/{name}";

    /// <summary>How the names of all of an optimiser's state tensors begin.</summary>
    public const string Slots = "slot/";

    /// <summary>An optimiser's state tensor of a parameter.</summary>
    public static string Slot(string slot, string name) => $"{Slots}{slot}/{name}";

    /// <summary>The accumulated gradient of a parameter.</summary>
    public static string Gradient(string name) => $"grad/{name}";

    /// <summary>The sum of squares of a parameter's mean gradient before clipping, <c>f32[]</c>.</summary>
    public static string GradientSquares(string name) => $"grad_sq/{name}";

    /// <summary>A scalar that changes from step to step, <c>f32[]</c>.</summary>
    public static string Scalar(string name) => $"scalar/{name}";

    /// <summary>The mean of a parameter's values over the steps.</summary>
    public static string Average(string name) => $"average/{name}";

    /// <summary>What the loss is multiplied by before gradients are taken, <c>f32[]</c>: a state of what learns, see <c>LossScale</c>.</summary>
    public const string LossScale = "loss_scale";

    /// <summary>A cache of keys or values.</summary>
    public static string Cache(string name) => $"cache/{name}";

    /// <summary>One row of a cache, kept.</summary>
    public static string Kept(string name) => $"kept/{name}";

    /// <summary>The attention weights of the layer at a path, <c>[rows, heads, time, keys]</c>.</summary>
    public static string Weights(string path) => $"weights/{path}";
}
