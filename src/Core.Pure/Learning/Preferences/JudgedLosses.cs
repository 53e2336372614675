using Functional.Base;
using Functional.Graphs;

namespace Functional.Learning;

/// <summary>Answers that were judged one by one, all tensors <c>[rows]</c>.</summary>
/// <param name="Answers">The answers under the policy.</param>
/// <param name="Reference">The logarithm of their probability under the reference.</param>
/// <param name="Good">1 for an answer as it is wished, 0 for another.</param>
/// <param name="Strangers">Answers to other questions under the policy, which say how far it has gone from the reference.</param>
/// <param name="StrangersReference">The same under the reference.</param>
public sealed record JudgedTerms(AnswerLogProbs Answers, Tensor Reference, Tensor Good, AnswerLogProbs Strangers, Tensor StrangersReference)
{
    /// <summary>1 for an answer, 0 for a row that counts for nothing.</summary>
    public Tensor Counts => Answers.Count.Min(Good.Like(1));

    /// <summary>log π − log π_ref.</summary>
    public Tensor Ratio => Answers.Sum - Reference;
}

/// <summary>How judged answers count.</summary>
public sealed record JudgedOptions
{
    /// <summary>How strongly the policy is held to the reference, above 0.</summary>
    public double Beta { get; init; } = 0.1;

    /// <summary>What a good answer weighs, above 0.</summary>
    public double GoodWeight { get; init; } = 1;

    /// <summary>What a bad answer weighs, above 0.</summary>
    public double BadWeight { get; init; } = 1;
}

/// <summary>A loss of answers that were judged one by one.</summary>
/// <param name="Name">What settings call it.</param>
/// <param name="HasStrangers">Whether it looks at answers to other questions.</param>
/// <param name="Source">The paper.</param>
/// <param name="Of">The loss of each answer, <c>[rows]</c>, before weights.</param>
public sealed record JudgedLoss(string Name, bool HasStrangers, string Source, Func<JudgedTerms, JudgedOptions, Tensor> Of);

/// <summary>The losses of judged answers by name; r is an answer's log-ratio, σ the logistic function.</summary>
public static class JudgedLosses
{
    /// <summary>All of them.</summary>
    public static Vec<JudgedLoss> All { get; } =
    [
        // 1 − σ(β(r − kl)) for a good answer, 1 − σ(β(kl − r)) for a bad one; kl is 0 or the batch's mean over strangers, and no gradient goes through it.
        new("kto", true, "Ethayarajh et al. 2024", static (t, o) => Away(t) is var kl ? 1 - (Signed(t, (t.Ratio - kl) * o.Beta)).Sigmoid() : kl),
        // −log σ(±(βr − δ)), where δ is the middle between the mean rewards of good and of bad answers in the batch.
        new("bco", false, "Jung et al. 2024", static (t, o) => (-Signed(t, t.Ratio * o.Beta - Middle(t, o))).Softplus()),
        new("apo-zero-unpaired", false, "D'Oosterlinck et al. 2024", static (t, o) => 1 - Signed(t, t.Ratio * o.Beta).Sigmoid()),
    ];

    /// <summary>The loss of a name; nothing where there is none.</summary>
    public static JudgedLoss? Find(string name) => All.FirstOrDefault(l => l.Name == name);

    /// <summary>The loss of a batch: a sum over answers by their weights, and how many answers there are; shown are mean rewards of good and bad ones.</summary>
    public static Loss Of(JudgedLoss loss, JudgedTerms terms, JudgedOptions options)
    {
        var counts = terms.Counts;
        var each = loss.Of(terms, options) * (terms.Good * options.GoodWeight + (1 - terms.Good) * options.BadWeight);
        var (good, bad, reward) = (counts * terms.Good, counts * (1 - terms.Good), terms.Ratio * options.Beta);
        return new Loss(new(Counted(each, counts), counts.SumAll())).With("good", new(Counted(reward, good), good.SumAll()))
            .With("bad", new(Counted(reward, bad), bad.SumAll()));
    }

    static Tensor Signed(JudgedTerms t, Tensor x) => t.Good.Greater(t.Good.Like(0.5)).Where(x, -x);

    static Tensor Away(JudgedTerms t)
    {
        var some = t.Strangers.Count.Min(t.Good.Like(1));
        var mean = Counted(t.Strangers.Sum - t.StrangersReference, some) / some.SumAll().Max(Create.Scalar(1));
        return mean.Relu().StopGradient().Reshape(1).BroadcastTo(t.Good.Shape);
    }

    static Tensor Middle(JudgedTerms t, JudgedOptions o)
    {
        var (good, bad, reward) = (t.Counts * t.Good, t.Counts * (1 - t.Good), t.Ratio * o.Beta);
        Tensor Mean(Tensor of) => Counted(reward, of) / of.SumAll().Max(Create.Scalar(1));
        return ((Mean(good) + Mean(bad)) * 0.5).StopGradient().Reshape(1).BroadcastTo(t.Good.Shape);
    }

    static Tensor Counted(Tensor x, Tensor counts) => counts.Greater(counts.Like(0.5)).Where(x, x.Like(0)).SumAll();
}
