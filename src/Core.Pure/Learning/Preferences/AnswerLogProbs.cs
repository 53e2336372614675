using Functional.Graphs;
using Functional.Layers;
using Functional.Models;

namespace Functional.Learning;

/// <summary>How likely a model finds answers.</summary>
/// <param name="Sum">The logarithm of each answer's probability, the sum over its labels, <c>[rows]</c>.</param>
/// <param name="Count">How many labels each has, as floats, <c>[rows]</c>; 0 for a row that counts for nothing.</param>
public sealed record AnswerLogProbs(Tensor Sum, Tensor Count)
{
    /// <summary>The mean over an answer's labels; 0 where there are none.</summary>
    public Tensor Mean => Sum / Count.Max(Count.Like(1));

    /// <summary>Of the labels of each row that are not −100. The logits of all positions are never in memory at once.</summary>
    /// <param name="model">The model.</param>
    /// <param name="env">Its parameters.</param>
    /// <param name="tokens">What it reads, <c>i32[rows, time]</c>.</param>
    /// <param name="labels">What comes next at each position, <c>i32[rows, time]</c>.</param>
    public static AnswerLogProbs Of(Model model, Env env, Tensor tokens, Tensor labels) => OfHidden(model, env, model.Hidden(env, tokens).Value, labels);

    /// <summary>The same of hidden states that there are already, <c>[rows, time, width]</c>.</summary>
    public static AnswerLogProbs OfHidden(Model model, Env env, Tensor hidden, Tensor labels)
    {
        var (head, time, width) = (model.Head(env), hidden.Shape[1], hidden.Shape[2]);
        // A cross-entropy for each row: the rows' sums stay apart, and no kernel has to know of them.
        var sums = Enumerable.Range(0, hidden.Shape[0]).Select(row => Losses.LinearCrossEntropy(hidden.Slice(0, row, 1).Reshape(time, width), head,
            labels.Slice(0, row, 1).Reshape(time), cap: model.LogitCap).Sum.Reshape(1)).ToArray();
        return new(-Movement.Concat(0, sums), CountOf(labels));
    }

    /// <summary>
    /// Of two answers each: what is longer counts with a share beyond the other's length (LD-DPO; Liu et al. 2024). The number of labels stays what it is.
    /// </summary>
    /// <param name="share">What tokens beyond the other's length count, in [0, 1].</param>
    /// <param name="shared">The same answers, as far as both go.</param>
    public AnswerLogProbs Beyond(double share, AnswerLogProbs shared) => this with { Sum = Sum * share + shared.Sum * (1 - share) };

    /// <summary>Both answers of pairs under a model, in one pass.</summary>
    internal static (AnswerLogProbs Chosen, AnswerLogProbs Rejected) Pairs(Model model, Env env, Scene scene, double lengthShare = 1)
    {
        var rows = scene["chosen"].Shape[0];
        var labels = Movement.Concat(0, scene["chosen_labels"], scene["rejected_labels"]);
        var hidden = model.Hidden(env, Movement.Concat(0, scene["chosen"], scene["rejected"])).Value;
        var all = OfHidden(model, env, hidden, labels);
        if (lengthShare < 1)
        {
            var shorter = all.Count.Slice(0, 0, rows).Min(all.Count.Slice(0, rows, rows));
            all = all.Beyond(lengthShare, OfHidden(model, env, hidden, First(labels, Movement.Concat(0, shorter, shorter))));
        }
        return (new(all.Sum.Slice(0, 0, rows), all.Count.Slice(0, 0, rows)), new(all.Sum.Slice(0, rows, rows), all.Count.Slice(0, rows, rows)));
    }

    /// <summary>What programs and rows call the reference's log-probability of an answer: <c>reference_chosen</c>, <c>reference_rejected</c>.</summary>
    public static string ReferenceOf(bool chosen) => chosen ? "reference_chosen" : "reference_rejected";

    /// <summary>How many labels each row has, as floats, <c>[rows]</c>.</summary>
    public static Tensor CountOf(Tensor labels) => Counted(labels).Sum(-1).Reshape(labels.Shape[0]);

    /// <summary>
    /// How many tokens of each row are its text, <c>i32[rows]</c>: the last stands one place behind the last label. 1 for a row without labels.
    /// </summary>
    public static Tensor LengthsOf(Tensor labels)
    {
        var places = (Create.Range(labels.Shape[1]).Cast(DType.F32) + 1).Reshape(1, labels.Shape[1]).BroadcastTo(labels.Shape);
        var last = (Counted(labels) * places).ReduceMax(-1).Reshape(labels.Shape[0]);
        return (last + 1).Min(last.Like(labels.Shape[1])).Cast(DType.I32);
    }

    /// <summary>The labels of each row up to a number of its own; the rest count for nothing.</summary>
    /// <param name="labels"><c>i32[rows, time]</c>.</param>
    /// <param name="most">How many, as floats, <c>[rows]</c>.</param>
    public static Tensor First(Tensor labels, Tensor most) => Counted(labels).CumSum(1).Greater(most.Reshape(labels.Shape[0], 1).BroadcastTo(labels.Shape))
        .Where(labels.Like(LinearCrossEntropy.Ignore), labels);

    static Tensor Counted(Tensor labels) => LinearCrossEntropy.Counts(labels).Where(Create.Fill(1, labels.Shape, DType.F32), Create.Fill(0, labels.Shape, DType.F32));
}
