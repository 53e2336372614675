using Functional.Graphs;

namespace Functional.Learning;

/// <summary>What a loss of preferences is a function of: pairs of answers, all tensors <c>[rows]</c>.</summary>
/// <param name="Chosen">The better answers under the policy.</param>
/// <param name="Rejected">The worse answers under the policy.</param>
/// <param name="ReferenceChosen">The logarithm of the better answers' probability under the reference; 0 where there is none.</param>
/// <param name="ReferenceRejected">The same of the worse answers.</param>
/// <param name="Margin">How much better the better answer is, 0 or more.</param>
public sealed record PairTerms(AnswerLogProbs Chosen, AnswerLogProbs Rejected, Tensor ReferenceChosen, Tensor ReferenceRejected, Tensor Margin)
{
    /// <summary>The better answers' texts as a whole, prompt and answer; nothing where the answers alone count.</summary>
    public AnswerLogProbs? Text { get; init; }

    /// <summary>1 for a pair, 0 for a row that counts for nothing.</summary>
    public Tensor Counts => (Chosen.Count * Rejected.Count).Min(Margin.Like(1));

    /// <summary>log π(chosen) − log π_ref(chosen).</summary>
    public Tensor ChosenRatio => Chosen.Sum - ReferenceChosen;

    /// <summary>log π(rejected) − log π_ref(rejected).</summary>
    public Tensor RejectedRatio => Rejected.Sum - ReferenceRejected;

    /// <summary>The ratios a token.</summary>
    internal (Tensor Chosen, Tensor Rejected) ByToken =>
        (ChosenRatio / Chosen.Count.Max(Margin.Like(1)), RejectedRatio / Rejected.Count.Max(Margin.Like(1)));
}

/// <summary>How far apart policy and reference are measured (Wang et al. 2024, f-DPO).</summary>
public enum Divergence
{
    /// <summary>KL(π ‖ reference), as DPO has it.</summary>
    ReverseKl,
    /// <summary>KL(reference ‖ π).</summary>
    ForwardKl,
    /// <summary>Jensen–Shannon.</summary>
    JensenShannon,
    /// <summary>The alpha divergence, between both.</summary>
    Alpha,
}

/// <summary>What losses of preferences have in common.</summary>
public sealed record PreferenceOptions
{
    /// <summary>How strongly the policy is held to the reference, above 0.</summary>
    public double Beta { get; init; } = 0.1;

    /// <summary>The share of pairs that are taken to be the wrong way round, in [0, 0.5).</summary>
    public double Smoothing { get; init; }

    /// <summary>The divergence.</summary>
    public Divergence Divergence { get; init; }

    /// <summary>The alpha of <see cref="Divergence.Alpha"/>, above 0.</summary>
    public double DivergenceAlpha { get; init; } = 1;

    /// <summary>
    /// Whether log-ratios are means over tokens, where a loss leaves that open: TRL's IPO does so, while the paper's (Azar et al. 2023) takes sums.
    /// </summary>
    public bool ByToken { get; init; }

    /// <summary>The margin that SimPO wants, and SLiC's.</summary>
    public double Gamma { get; init; } = 1;

    /// <summary>AlphaPO's alpha: SimPO's reward becomes (1 − exp(−alpha · r)) / alpha; 0 for r.</summary>
    public double RewardAlpha { get; init; }

    /// <summary>DiscoPOP's temperature, above 0.</summary>
    public double Temperature { get; init; } = 0.05;

    /// <summary>How much the cross-entropy of the better answer counts beside, 0 or more.</summary>
    public double Sft { get; init; }

    /// <summary>
    /// Whether that cross-entropy is the mean over all tokens of a batch, as TRL has it; else the mean of the answers' means, which micro-batches do not change.
    /// </summary>
    public bool SftByBatch { get; init; }

    /// <summary>Whether that cross-entropy is of the prompt, too, as TRL's ORPO has it; the paper's (Hong et al. 2024) is of the answer.</summary>
    public bool SftOnText { get; init; }

    /// <summary>
    /// Whether a pair counts as much as both answers are what the policy would write itself, at most 1: comparisons of others' answers then weigh as if they had
    /// been drawn from it (WPO; Zhou et al. 2024).
    /// </summary>
    public bool Weighted { get; init; }

    /// <summary>What tokens count that the longer answer has beyond the other's length, in [0, 1]; 1 as all others (LD-DPO; Liu et al. 2024).</summary>
    public double LengthShare { get; init; } = 1;

    /// <summary>Whether the margin of a pair is asked for beside the loss's own (Touvron et al. 2023).</summary>
    public bool UsesMargin { get; init; }
}
