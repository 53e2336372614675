using Functional.Graphs;

namespace Functional.Learning;

/// <summary>What a policy's loss is a function of: tokens that were drawn, all tensors <c>f32[rows, time]</c>.</summary>
/// <param name="Tokens">log π of each token now; the only one through which a gradient goes, beside entropies.</param>
/// <param name="Old">log π of each token before the updates of this rollout.</param>
/// <param name="Advantages">How much better each token was than what was expected.</param>
/// <param name="Mask">1 for a token that counts, 0 for another; what stands there elsewhere is not looked at.</param>
public sealed record PolicyTerms(Tensor Tokens, Tensor Old, Tensor Advantages, Tensor Mask)
{
    /// <summary>log π_ref of each token; nothing where there is no reference.</summary>
    public Tensor? Reference { get; init; }

    /// <summary>The entropy of what the policy expects at each token, in nats; nothing where it is not known.</summary>
    public Tensor? Entropies { get; init; }

    /// <summary>log π of each token as what drew it had it, where that computes otherwise than <see cref="Old"/>; nothing where it is the same.</summary>
    public Tensor? Sampling { get; init; }

    /// <summary>Which rows hold a token that counts, 1 or 0, <c>[rows]</c>.</summary>
    public Tensor RowCounts => Lengths.Min(Lengths.Like(1));

    /// <summary>How many tokens of each row count, <c>[rows]</c>.</summary>
    public Tensor Lengths => LogProbabilities.RowSums(Mask);

    /// <summary>Of a policy that has not been changed since it drew: the ratio is 1, and its gradient is that of log π.</summary>
    public static PolicyTerms OnPolicy(Tensor tokens, Tensor advantages, Tensor mask) => new(tokens, tokens.StopGradient(), advantages, mask);

    /// <summary>The same with 0 wherever a token does not count: numbers there are put aside, not multiplied by 0.</summary>
    internal PolicyTerms Counted()
    {
        var there = Mask.Greater(Mask.Like(0.5));
        Tensor Of(Tensor x) => there.Where(x, x.Like(0));
        return this with
        {
            Tokens = Of(Tokens), Old = Of(Old).StopGradient(), Advantages = Of(Advantages).StopGradient(), Mask = there.Where(Mask.Like(1), Mask.Like(0)),
            Reference = Reference is null ? null : Of(Reference).StopGradient(), Entropies = Entropies is null ? null : Of(Entropies),
            Sampling = Sampling is null ? null : Of(Sampling).StopGradient(),
        };
    }

    /// <summary>The mean of each row's tokens at each of its places, <c>[rows, time]</c>.</summary>
    internal Tensor RowMeans(Tensor x) => ((x * Mask).Sum(-1) / Mask.Sum(-1).Max(Mask.Sum(-1).Like(1))).BroadcastTo(x.Shape);

    /// <summary>The sum of each row's tokens at each of its places, <c>[rows, time]</c>.</summary>
    internal Tensor RowSums(Tensor x) => (x * Mask).Sum(-1).BroadcastTo(x.Shape);
}

/// <summary>Of what the ratio of new to old probability is taken.</summary>
public enum RatioLevel
{
    /// <summary>Each token (PPO).</summary>
    Token,
    /// <summary>The answer, its geometric mean a token (GSPO; Zheng et al. 2025).</summary>
    Sequence,
    /// <summary>The same with a gradient through the token alone, for advantages that differ between tokens (GSPO-token; Zheng et al. 2025).</summary>
    SequenceToken,
    /// <summary>The answer as a whole, the product of its tokens' ratios (RLOO).</summary>
    Answer,
}

/// <summary>What a loss of tokens is divided by.</summary>
public enum PolicyNorm
{
    /// <summary>All tokens of the batch: each counts the same (DAPO; Yu et al. 2025).</summary>
    Tokens,
    /// <summary>The tokens of each row, then the rows: each answer counts the same (GRPO).</summary>
    Sequences,
    /// <summary>Rows times one length (Dr. GRPO).</summary>
    Constant,
    /// <summary>Rows: an answer counts by its length (LUSPO).</summary>
    Rows,
}

/// <summary>What becomes of tokens that the policy draws with another probability than it learns with.</summary>
public enum SamplingCorrection
{
    /// <summary>Nothing.</summary>
    None,
    /// <summary>A token counts by the ratio of both, no more than is allowed (Yao et al. 2025).</summary>
    TokenTruncate,
    /// <summary>A token counts by the ratio of both, and not at all where it is not allowed.</summary>
    TokenMask,
    /// <summary>An answer counts by the ratio of both, no more than is allowed.</summary>
    SequenceTruncate,
    /// <summary>An answer counts by the ratio of both, and not at all where it is not allowed.</summary>
    SequenceMask,
}

/// <summary>What losses of policies have in common. What is left at its default changes nothing.</summary>
public sealed record PolicyOptions
{
    /// <summary>The temperature that tokens were drawn at, above 0: log-probabilities are those of the distribution that they were drawn from.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>How far a ratio may fall below 1 before it is clipped, in [0, 1].</summary>
    public double Low { get; init; } = 0.2;

    /// <summary>How far a ratio may rise above 1 before it is clipped, 0 or more (DAPO's is 0.28).</summary>
    public double High { get; init; } = 0.2;

    /// <summary>The largest ratio that counts at all, of whatever advantage, above 1 + <see cref="High"/> (two-sided GRPO; Prime Intellect 2025).</summary>
    public double? Delta { get; init; }

    /// <summary>Of a negative advantage, the largest ratio that counts, above 1 (dual clip; Ye et al. 2020); 3 is usual.</summary>
    public double? DualClip { get; init; }

    /// <summary>
    /// CISPO's largest ratio itself, with no smallest, as TRL has it under the name of epsilon_high; else it is between 1 − <see cref="Low"/> and
    /// 1 + <see cref="High"/>, as the paper has it (MiniMax 2025).
    /// </summary>
    public double? Ceiling { get; init; }

    /// <summary>Of what the ratio is taken; nothing for what the loss itself has.</summary>
    public RatioLevel? Level { get; init; }

    /// <summary>What the loss is divided by; nothing for what the loss itself has.</summary>
    public PolicyNorm? Norm { get; init; }

    /// <summary>The length of <see cref="PolicyNorm.Constant"/>: the most tokens that an answer may have, above 0.</summary>
    public double Length { get; init; } = 1;

    /// <summary>Whether rows without a token count where rows are counted, as TRL has it; else they are no rows at all.</summary>
    public bool CountsEmpty { get; init; }

    /// <summary>What the distance from the reference costs in the loss, 0 or more.</summary>
    public double Beta { get; init; }

    /// <summary>How that distance is estimated.</summary>
    public KlEstimator Estimator { get; init; }

    /// <summary>Whether the estimate is weighted by the ratio, so that its expectation is right when tokens are old (DeepSeek-V3.2, 2025).</summary>
    public bool WeightsKl { get; init; }

    /// <summary>What a nat of entropy is worth, 0 or more; divided as the loss is.</summary>
    public double Entropy { get; init; }

    /// <summary>The share of tokens that count: those of the batch where the policy knows least, in (0, 1] (Wang et al. 2025).</summary>
    public double TopEntropy { get; init; } = 1;

    /// <summary>
    /// Beyond how many nats a token a policy has gone from what drew, a row's tokens of negative advantage count for nothing (DeepSeek-V3.2, 2025).
    /// </summary>
    public double? OffPolicy { get; init; }

    /// <summary>What becomes of what was drawn with other probabilities.</summary>
    public SamplingCorrection Correction { get; init; }

    /// <summary>The largest ratio that is allowed there.</summary>
    public double CorrectionMost { get; init; } = 3;

    /// <summary>The smallest ratio that is allowed there.</summary>
    public double CorrectionLeast { get; init; }

    /// <summary>SAPO's temperatures of positive and of negative advantages, above 0 (Gao et al. 2025).</summary>
    public (double Positive, double Negative) SoftClip { get; init; } = (1, 1.05);

    /// <summary>VESPO's exponent and decay of positive advantages.</summary>
    public (double Power, double Decay) GammaPositive { get; init; } = (2, 3);

    /// <summary>VESPO's exponent and decay of negative advantages.</summary>
    public (double Power, double Decay) GammaNegative { get; init; } = (3, 2);
}
