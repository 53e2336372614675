using Functional.Graphs;
using Functional.Layers;
using Functional.Models;

namespace Functional.Learning;

/// <summary>How likely a model finds answers.</summary>
/// <param name="Sum">The logarithm of each answer's probability, the sum over its labels, <c>[rows]</c>.</param>
/// <param name="Count">How many labels each has, as floats, <c>[rows]</c>; 0 for a row that counts for nothing.</param>
public sealed record AnswerLogProbs(Tensor Sum, Tensor Count)
{
    /// <summary>
    /// The mean over an answer's labels of log p − log Σ p², <c>[rows]</c>: how likely each token is beside one that the model would draw. Nothing where it is
    /// not known.
    /// </summary>
    public Tensor? Likeness { get; init; }

    /// <summary>The mean over an answer's labels; 0 where there are none.</summary>
    public Tensor Mean => Sum / Count.Max(Count.Like(1));

    /// <summary>Of the labels of each row that are not −100. The logits of all positions are never in memory at once.</summary>
    public static AnswerLogProbs Of(LogProbabilities read) => new(read.Sums, read.Counts)
    {
        Likeness = LogProbabilities.RowSums(read.Tokens - read.LogSquares) / read.Counts.Max(read.Counts.Like(1)),
    };

    /// <summary>
    /// Both answers of pairs under a model, read in one pass, the better ones first. The labels of an answer beyond the other's length count with a share
    /// (LD-DPO; Liu et al. 2024), while their number stays what it is.
    /// </summary>
    /// <param name="read">What the model finds, of twice as many rows as there are pairs.</param>
    /// <param name="lengthShare">The share, in [0, 1].</param>
    public static (AnswerLogProbs Chosen, AnswerLogProbs Rejected) Pairs(LogProbabilities read, double lengthShare = 1)
    {
        var (all, rows) = (Of(read), read.Labels.Shape[0] / 2);
        if (lengthShare < 1)
        {
            var shorter = all.Count.Slice(0, 0, rows).Min(all.Count.Slice(0, rows, rows));
            all = all with { Sum = read.SumsWith(lengthShare, Movement.Concat(0, shorter, shorter)) };
        }
        AnswerLogProbs From(int row) => new(all.Sum.Slice(0, row, rows), all.Count.Slice(0, row, rows)) { Likeness = all.Likeness!.Slice(0, row, rows) };
        return (From(0), From(rows));
    }

    /// <summary>What a model finds of both answers of pairs.</summary>
    internal static LogProbabilities Read(Model model, Env env, Scene scene) => LogProbabilities.Of(model, env,
        Movement.Concat(0, scene["chosen"], scene["rejected"]), Movement.Concat(0, scene["chosen_labels"], scene["rejected_labels"]));

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

    /// <summary>Each next token up to the last label, whether it was one or not: the labels of a text as a whole, prompt and answer, <c>i32[rows, time]</c>.</summary>
    /// <param name="tokens">What was read, <c>i32[rows, time]</c>.</param>
    /// <param name="labels">What comes next, where that counts, <c>i32[rows, time]</c>.</param>
    public static Tensor Whole(Tensor tokens, Tensor labels)
    {
        var (rows, time) = (labels.Shape[0], labels.Shape[1]);
        // Behind the last label there is padding; one in front of a last position is the label's own.
        var before = Counted(labels).Sum(1).BroadcastTo(labels.Shape).Greater(Counted(labels).CumSum(1));
        var none = Create.Fill(LinearCrossEntropy.Ignore, [rows, 1], DType.I32);
        var next = time == 1 ? none : Movement.Concat(1, tokens.Slice(1, 1, time - 1), none);
        return LinearCrossEntropy.Counts(labels).Where(labels, before.Where(next, labels.Like(LinearCrossEntropy.Ignore)));
    }

    static Tensor Counted(Tensor labels) => LinearCrossEntropy.Counts(labels).Where(Create.Fill(1, labels.Shape, DType.F32), Create.Fill(0, labels.Shape, DType.F32));
}
