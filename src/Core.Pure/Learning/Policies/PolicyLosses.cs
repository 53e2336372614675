using Functional.Base;
using Functional.Graphs;

namespace Functional.Learning;

/// <summary>What a loss sees of each token, all tensors <c>[rows, time]</c>.</summary>
/// <param name="Terms">The tokens.</param>
/// <param name="Ratio">New by old probability, of what the level says.</param>
/// <param name="Correction">What tokens weigh by the way they were drawn; nothing for 1.</param>
public sealed record PolicyView(PolicyTerms Terms, Tensor Ratio, Tensor? Correction);

/// <summary>A loss of a policy by the advantages of what it drew.</summary>
/// <param name="Name">What settings call it.</param>
/// <param name="Source">The paper.</param>
/// <param name="Level">Of what its ratio is taken.</param>
/// <param name="Norm">What it is divided by.</param>
/// <param name="Of">The loss of each token, <c>[rows, time]</c>.</param>
public sealed record PolicyLoss(string Name, string Source, RatioLevel Level, PolicyNorm Norm, Func<PolicyView, PolicyOptions, Tensor> Of)
{
    /// <summary>Whether it has bounds that ratios meet; how often they do is then shown.</summary>
    public bool Clips { get; init; } = true;

    /// <summary>Whether it weighs tokens by the way they were drawn itself.</summary>
    public bool Corrects { get; init; }
}

/// <summary>
/// The losses of policies by name: A is the advantage, r the ratio of new to old probability. Where TRL departs from a paper the paper's form is here, and an
/// option has TRL's. A batch's loss is a sum and what it is divided by, so that micro-batches add up to the batch: TRL's bnpo, which divides each micro-batch by
/// its own tokens, is dapo here.
/// </summary>
public static class PolicyLosses
{
    /// <summary>All of them.</summary>
    public static Vec<PolicyLoss> All { get; } =
    [
        // −A log π: the old policy does not matter.
        new("reinforce", "Williams 1992", RatioLevel.Token, PolicyNorm.Tokens, static (v, _) => -v.Terms.Advantages * v.Terms.Tokens) { Clips = false },
        // −min(rA, clip(r)A).
        new("ppo", "Schulman et al. 2017", RatioLevel.Token, PolicyNorm.Tokens, Clipped),
        new("grpo", "Shao et al. 2024", RatioLevel.Token, PolicyNorm.Sequences, Clipped),
        new("bnpo", "Xiao et al. 2025", RatioLevel.Token, PolicyNorm.Tokens, Clipped),
        new("dr-grpo", "Liu et al. 2025", RatioLevel.Token, PolicyNorm.Constant, Clipped),
        new("dapo", "Yu et al. 2025", RatioLevel.Token, PolicyNorm.Tokens, Clipped),
        new("gspo", "Zheng et al. 2025", RatioLevel.Sequence, PolicyNorm.Sequences, Clipped),
        new("gspo-token", "Zheng et al. 2025", RatioLevel.SequenceToken, PolicyNorm.Sequences, Clipped),
        // GSPO whose answers count by their length.
        new("luspo", "Liu et al. 2026", RatioLevel.Sequence, PolicyNorm.Rows, Clipped),
        new("rloo", "Ahmadian et al. 2024", RatioLevel.Answer, PolicyNorm.Sequences, Clipped),
        // −sg(clip(r)) A log π: what is clipped still learns.
        new("cispo", "MiniMax 2025", RatioLevel.Token, PolicyNorm.Tokens, static (v, o) =>
            -(o.Ceiling is { } most ? v.Ratio.Min(v.Ratio.Like(most)) : PolicyWeights.Clamped(v.Ratio, 1 - o.Low, 1 + o.High)).StopGradient()
                * v.Terms.Advantages * v.Terms.Tokens),
        // −A · 4/τ · σ(τ(r − 1)): a slope that falls with the distance from 1.
        new("sapo", "Gao et al. 2025", RatioLevel.Token, PolicyNorm.Sequences, static (v, o) => Soft(v, o)) { Clips = false },
        // −sg(φ(W)) A log π of the answer's ratio W.
        new("vespo", "Shen et al. 2026", RatioLevel.Token, PolicyNorm.Tokens, static (v, o) =>
            -PolicyWeights.Gamma(v.Terms, o, v.Correction) * v.Terms.Advantages * v.Terms.Tokens) { Clips = false, Corrects = true },
    ];

    /// <summary>The loss of a name; nothing where there is none.</summary>
    public static PolicyLoss? Find(string name) => All.FirstOrDefault(l => l.Name == name);

    /// <summary>
    /// The loss of a batch and what else the options ask for. Shown are the loss without what is beside it (<c>policy</c>), the mean <c>ratio</c>, how often it was
    /// clipped below and above (<c>clipped_low</c>, <c>clipped_high</c>), how far the policy is from the old one (<c>kl_old</c>) and from its reference
    /// (<c>kl</c>), and its <c>entropy</c>, each where it is known.
    /// <para>The border of <see cref="PolicyOptions.TopEntropy"/> is that of the tokens that are in one program, so of a micro-batch; all else adds up.</para>
    /// </summary>
    /// <param name="loss">The loss.</param>
    /// <param name="terms">The tokens.</param>
    /// <param name="options">What losses have in common.</param>
    /// <exception cref="ArgumentException">What an option needs is not among the terms.</exception>
    public static Loss Of(PolicyLoss loss, PolicyTerms terms, PolicyOptions options)
    {
        var (t, level, norm) = (terms.Counted(), options.Level ?? loss.Level, options.Norm ?? loss.Norm);
        var ratio = PolicyWeights.Ratio(t, level);
        var correction = options.Correction == SamplingCorrection.None ? null : PolicyWeights.Correction(t, options);
        var each = loss.Of(new(t, ratio, correction), options);
        if (options.TopEntropy < 1) each *= PolicyWeights.TopEntropy(t, options.TopEntropy);
        if (options.OffPolicy is { } most) each *= PolicyWeights.OnPolicy(t, most);
        if (correction is not null && !loss.Corrects) each *= correction;
        var policy = each;
        if (options.Beta > 0)
        {
            var away = Kl.Of(options.Estimator, t.Tokens, t.Reference ?? throw new ArgumentException("the reference is not known.", nameof(terms)));
            each += (options.WeightsKl ? away * ratio : away) * options.Beta;
        }
        if (options.Entropy > 0) each -= (t.Entropies ?? throw new ArgumentException("the entropies are not known.", nameof(terms))) * options.Entropy;
        var of = new Loss(Normed(t, each, norm, options)).With("policy", Normed(t, policy, norm, options));
        return Shown(of, loss, t, ratio, level, options);
    }

    static Loss Shown(Loss of, PolicyLoss loss, PolicyTerms t, Tensor ratio, RatioLevel level, PolicyOptions options)
    {
        WeightedSum Mean(Tensor x, PolicyNorm norm) => Normed(t, x, norm, options);
        // Of answers' ratios each counts once.
        var whole = level == RatioLevel.Token ? PolicyNorm.Tokens : PolicyNorm.Sequences;
        of = of.With("ratio", Mean(ratio, whole));
        if (loss.Clips)
        {
            Tensor If(Tensor a, Tensor b) => a.And(b).Where(ratio.Like(1), ratio.Like(0));
            var ceiling = loss.Name == "cispo" ? options.Ceiling : null;
            var (low, high) = (ceiling is null ? 1 - options.Low : 0, ceiling ?? 1 + options.High);
            of = of.With("clipped_low", Mean(If(ratio.Less(ratio.Like(low)), t.Advantages.Less(ratio.Like(0))), whole))
                .With("clipped_high", Mean(If(ratio.Greater(ratio.Like(high)), t.Advantages.Greater(ratio.Like(0))), whole));
        }
        // Drawn from the old policy: KL(old ‖ π) of r − 1 − log r.
        of = of.With("kl_old", Mean(Kl.Of(KlEstimator.K3, t.Old, t.Tokens), PolicyNorm.Tokens));
        if (t.Reference is { } reference)
        {
            var away = Kl.Of(KlEstimator.K3, t.Tokens, reference);
            of = of.With("kl", Mean(options.WeightsKl ? away * ratio : away, PolicyNorm.Tokens));
        }
        return t.Entropies is { } entropies ? of.With("entropy", Mean(entropies, PolicyNorm.Tokens)) : of;
    }

    static WeightedSum Normed(PolicyTerms t, Tensor each, PolicyNorm norm, PolicyOptions options)
    {
        var (sum, rows) = (LogProbabilities.RowSums(each * t.Mask), options.CountsEmpty ? Create.Scalar(t.Mask.Shape[0]) : t.RowCounts.SumAll());
        var normed = norm switch
        {
            PolicyNorm.Sequences => new WeightedSum((sum / t.Lengths.Max(t.Lengths.Like(1))).SumAll(), rows),
            PolicyNorm.Constant => new(sum.SumAll(), rows * options.Length),
            PolicyNorm.Rows => new(sum.SumAll(), rows),
            _ => new(sum.SumAll(), t.Mask.SumAll()),
        };
        // Where nothing counts, as in a batch of answers that nobody could judge, nothing is learned: 0 / 0 would be no number.
        return normed with { Weight = normed.Weight.Max(Create.Scalar(1e-12)) };
    }

    static Tensor Clipped(PolicyView view, PolicyOptions o)
    {
        var (a, r) = (view.Terms.Advantages, view.Ratio);
        var (free, bound) = (o.Delta is { } delta ? r.Min(r.Like(delta)) : r, PolicyWeights.Clamped(r, 1 - o.Low, 1 + o.High));
        var surrogate = (free * a).Min(bound * a);
        return -(o.DualClip is { } most ? a.Less(a.Like(0)).Where(surrogate.Max(a * most), surrogate) : surrogate);
    }

    static Tensor Soft(PolicyView view, PolicyOptions o)
    {
        var a = view.Terms.Advantages;
        var temperature = a.Greater(a.Like(0)).Where(a.Like(o.SoftClip.Positive), a.Like(o.SoftClip.Negative));
        return -(temperature * (view.Ratio - 1)).Sigmoid() * (4 / temperature) * a;
    }
}
