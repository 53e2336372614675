using Functional.Graphs;

namespace Functional.Learning;

/// <summary>What tokens of a rollout weigh: ratios of probabilities, and which tokens count at all. All tensors <c>[rows, time]</c>.</summary>
static class PolicyWeights
{
    // A ratio that is further from 1 than this says nothing any more, and its square would soon be infinite.
    const double Furthest = 20;

    // VESPO's answers are not less likely than this.
    static readonly double least = Math.Log(1e-8);

    /// <summary>The ratio of new to old probability, e⁻²⁰ to e²⁰.</summary>
    public static Tensor Ratio(PolicyTerms terms, RatioLevel level)
    {
        var each = terms.Tokens - terms.Old;
        return Clamped(level switch
        {
            RatioLevel.Sequence => terms.RowMeans(each),
            RatioLevel.SequenceToken => terms.RowMeans(each).StopGradient() + (terms.Tokens - terms.Tokens.StopGradient()),
            RatioLevel.Answer => terms.RowSums(each),
            _ => each,
        }, -Furthest, Furthest).Exp();
    }

    /// <summary>1 for the share of the batch's tokens with the highest entropies, 0 for the others; the border is interpolated as a quantile is.</summary>
    public static Tensor TopEntropy(PolicyTerms terms, double share)
    {
        var entropies = (terms.Entropies ?? throw new ArgumentException("the entropies are not known.", nameof(terms))).StopGradient();
        var (flat, counts) = (entropies.Reshape(1, -1), terms.Mask.Reshape(1, -1).Greater(Create.Scalar(0.5)));
        var keyed = counts.Where(flat, flat.Like(-1e9));
        var rank = new Ranks().Result(0, [keyed, keyed]).Cast(DType.F32);
        var last = (terms.Mask.SumAll() - 1).Max(Create.Scalar(0));
        var place = last * (1 - share);
        // Near a whole place it is that place, whatever rounding says.
        var nearest = (place + 0.5).Cast(DType.I32).Cast(DType.F32);
        place = (place - nearest).Abs().Less(Create.Scalar(1e-3)).Where(nearest, place);
        var below = place.Cast(DType.I32).Cast(DType.F32);
        // Ranks go from the largest down, quantiles from the smallest up.
        Tensor At(Tensor i) => rank.EqualTo((last - i).Reshape(1, 1).BroadcastTo(rank.Shape)).Where(keyed, keyed.Like(0)).SumAll();
        var (low, high) = (At(below), At((below + 1).Min(last)));
        var border = (low + (high - low) * (place - below)).Reshape(1, 1).BroadcastTo(entropies.Shape);
        return entropies.Less(border).Where(terms.Mask.Like(0), terms.Mask);
    }

    /// <summary>0 for tokens of negative advantage in rows that have gone too far from what drew them, 1 for the others.</summary>
    public static Tensor OnPolicy(PolicyTerms terms, double most)
    {
        var away = terms.RowMeans((terms.Sampling ?? terms.Old) - terms.Tokens.StopGradient());
        return terms.Advantages.Less(terms.Advantages.Like(0)).And(away.Greater(away.Like(most))).Where(away.Like(0), away.Like(1));
    }

    /// <summary>What tokens weigh that were drawn with other probabilities than old ones.</summary>
    public static Tensor Correction(PolicyTerms terms, PolicyOptions options)
    {
        var sampling = terms.Sampling ?? throw new ArgumentException("what drew the tokens is not known.", nameof(terms));
        var whole = options.Correction is SamplingCorrection.SequenceMask or SamplingCorrection.SequenceTruncate;
        var log = whole ? terms.RowSums(terms.Old - sampling) : terms.Old - sampling;
        var ratio = Clamped(log, -Furthest, Furthest).Exp();
        var (low, high) = (options.CorrectionLeast, options.CorrectionMost);
        return options.Correction is SamplingCorrection.TokenTruncate or SamplingCorrection.SequenceTruncate ? Clamped(ratio, low, high)
            : ratio.Less(ratio.Like(low)).Or(ratio.Greater(ratio.Like(high))).Where(ratio.Like(0), ratio);
    }

    /// <summary>VESPO's weight of an answer, Wᵏ e^(λ(1 − W)) of the answer's ratio W, through which no gradient goes (Shen et al. 2026).</summary>
    public static Tensor Gamma(PolicyTerms terms, PolicyOptions options, Tensor? correction)
    {
        var log = terms.RowSums(Clamped(terms.Tokens - terms.Old, -Furthest, Furthest));
        if (correction is not null) log += terms.RowSums(Clamped(correction.Max(correction.Like(1e-30)).Log(), least, Furthest));
        log = Clamped(log, least, Furthest);
        var negative = terms.Advantages.Less(terms.Advantages.Like(0));
        Tensor Of(double down, double up) => negative.Where(log.Like(down), log.Like(up));
        var (power, decay) = (Of(options.GammaNegative.Power, options.GammaPositive.Power), Of(options.GammaNegative.Decay, options.GammaPositive.Decay));
        // Where it is as good as 0 it is no number that a float has.
        return Clamped(decay + power * log - decay * log.Exp(), -80, 80).Exp().StopGradient();
    }

    /// <summary>x within bounds.</summary>
    public static Tensor Clamped(Tensor x, double low, double high) => x.Max(x.Like(low)).Min(x.Like(high));
}
