using Functional.Base;
using Functional.Graphs;

namespace Functional.Learning;

/// <summary>A loss of pairs of answers.</summary>
/// <param name="Name">What settings call it.</param>
/// <param name="HasReference">Whether a reference says what the policy began with; else the policy alone counts.</param>
/// <param name="Source">The paper.</param>
/// <param name="Of">The loss of each pair, <c>[rows]</c>.</param>
public sealed record PreferenceLoss(string Name, bool HasReference, string Source, Func<PairTerms, PreferenceOptions, Tensor> Of);

/// <summary>
/// The losses of preferences by name: c and r are the log-ratios of the better and the worse answer, h = c − r, σ the logistic function, ε the smoothing. Where
/// TRL departs from a paper the paper's form is here, and an option has TRL's.
/// </summary>
public static class PreferenceLosses
{
    /// <summary>All of them.</summary>
    public static Vec<PreferenceLoss> All { get; } =
    [
        // −(1 − ε) log σ(βh) − ε log σ(−βh); with ε this is cDPO (Mitchell 2023).
        new("sigmoid", true, "Rafailov et al. 2023", static (t, o) => Logistic(Scaled(t, o), o.Smoothing)),
        new("robust", true, "Chowdhury et al. 2024", static (t, o) => Scaled(t, o) is var x
            ? (Loss(x) * (1 - o.Smoothing) - Loss(-x) * o.Smoothing) / (1 - 2 * o.Smoothing) : x),
        // (h − 1 / 2β)².
        new("ipo", true, "Azar et al. 2023", static (t, o) => (Ratios(t, o) is var (c, r) ? c - r - Wanted(t, o) - 1 / (2 * o.Beta) : c).Square()),
        new("hinge", true, "Liu et al. 2023", static (t, o) => (1 - Scaled(t, o)).Relu()),
        // max(0, γ − (log π(chosen) − log π(rejected))).
        new("slic", false, "Zhao et al. 2023", static (t, o) => (o.Gamma - (t.Chosen.Sum - t.Rejected.Sum - Wanted(t, o))).Relu()),
        // KL from the policy's choice to (1 − ε, ε).
        new("exo", true, "Ji et al. 2024", static (t, o) => Scaled(t, o) is var x && Math.Max(o.Smoothing, 1e-3) is var e
            ? x.Sigmoid() * (-Loss(x) - Math.Log(1 - e)) + (-x).Sigmoid() * (-Loss(-x) - Math.Log(e)) : x),
        new("nca", true, "Chen et al. 2024", static (t, o) => Rewards(t, o) is var (c, r) ? Loss(c) + (Loss(-c) + Loss(-r)) * 0.5 : c),
        new("sppo", true, "Wu et al. 2024", static (t, o) => Ratios(t, o) is var (c, r) ? (c - 0.5 / o.Beta).Square() + (r + 0.5 / o.Beta).Square() : c),
        new("apo-zero", true, "D'Oosterlinck et al. 2024", static (t, o) => Rewards(t, o) is var (c, r) ? 1 - c.Sigmoid() + r.Sigmoid() : c),
        new("apo-down", true, "D'Oosterlinck et al. 2024", static (t, o) => Rewards(t, o) is var (c, r) ? c.Sigmoid() + 1 - (c - r).Sigmoid() : c),
        // Of the batch's quantiles: sorted policy ratios beside sorted reference ratios; and sorted rewards of the better beside those of the worse.
        new("aot", true, "Melnyk et al. 2024", static (t, o) => Logistic((Sorted(t.Chosen.Sum - t.Rejected.Sum, t)
            - Sorted(t.ReferenceChosen - t.ReferenceRejected, t)) * o.Beta, o.Smoothing)),
        new("aot-unpaired", true, "Melnyk et al. 2024", static (t, o) => Ratios(t, o) is var (c, r) ? Logistic((Sorted(c, t) - Sorted(r, t)) * o.Beta, o.Smoothing) : c),
        // A blend that a language model found: log-ratio modulated logistic and exponential losses.
        new("discopop", true, "Lu et al. 2024", static (t, o) => Scaled(t, o) is var x && (x / o.Temperature).Sigmoid() is var share
            ? Loss(x) * (1 - share) + (-x).Exp() * share : x),
        // DPO of means over tokens.
        new("sigmoid-by-token", true, "Rafailov et al. 2023, TRL", static (t, o) => t.ByToken is var (c, r) ? Logistic((c - r - Wanted(t, o)) * o.Beta, o.Smoothing) : c),
        new("simpo", false, "Meng et al. 2024; Gupta et al. 2025", static (t, o) =>
            Logistic((Powered(t.Chosen.Mean, o) - Powered(t.Rejected.Mean, o) - Wanted(t, o)) * o.Beta - o.Gamma, o.Smoothing)),
        new("cpo", false, "Xu et al. 2024", static (t, o) => Logistic((t.Chosen.Sum - t.Rejected.Sum - Wanted(t, o)) * o.Beta, o.Smoothing)),
        // β times the loss of the odds' ratio; the cross-entropy is the option's, which the paper has at 1.
        new("orpo", false, "Hong et al. 2024", static (t, o) => Loss(Odds(t.Chosen.Mean) - Odds(t.Rejected.Mean)) * o.Beta),
        new("sft", false, "", static (t, o) => -t.Chosen.Mean),
    ];

    /// <summary>The loss of a name; nothing where there is none.</summary>
    public static PreferenceLoss? Find(string name) => All.FirstOrDefault(l => l.Name == name);

    /// <summary>
    /// Losses weighted together, and what else the options ask for: a sum over pairs, and their number. Shown are rewards, their margin and how often it is on
    /// the better answer's side.
    /// </summary>
    /// <param name="losses">Each with its weight.</param>
    /// <param name="terms">The pairs.</param>
    /// <param name="options">What the losses have in common.</param>
    public static Loss Of(Vec<(PreferenceLoss Loss, double Weight)> losses, PairTerms terms, PreferenceOptions options)
    {
        var counts = terms.Counts;
        // Where no pair counts, as in a batch of answers that are all worth the same, nothing is learned: 0 / 0 would be no number.
        var (weight, pairs) = (counts.SumAll().Max(Create.Scalar(1e-12)), losses.Map(l => l.Loss.Of(terms, options) * l.Weight).Aggregate(static (a, b) => a + b));
        // A row without answers may have any number: it is put aside, not multiplied by 0.
        Tensor Counted(Tensor x) => counts.Greater(counts.Like(0.5)).Where(x, x.Like(0)).SumAll();
        if (options.Weighted) pairs *= Weight(terms);
        var sum = Counted(pairs);
        if (options.Sft > 0) sum += Entropy(terms, counts, weight, options) * options.Sft;
        var (chosen, rejected) = (terms.ChosenRatio * options.Beta, terms.RejectedRatio * options.Beta);
        var right = chosen.Greater(rejected).Where(chosen.Like(1), chosen.Like(0));
        return new Loss(new(sum, weight)).With("accuracy", new(Counted(right), weight)).With("margin", new(Counted(chosen - rejected), weight))
            .With("chosen", new(Counted(chosen), weight)).With("rejected", new(Counted(rejected), weight));
    }

    static Tensor Entropy(PairTerms t, Tensor counts, Tensor weight, PreferenceOptions o)
    {
        var counted = counts.Greater(counts.Like(0.5));
        var text = o.SftOnText ? t.Text ?? throw new ArgumentException("the texts of the better answers are not known.", nameof(t)) : t.Chosen;
        if (!o.SftByBatch) return counted.Where(-text.Mean, counts.Like(0)).SumAll();
        var tokens = (text.Count * counts).SumAll();
        return counted.Where(-text.Sum, counts.Like(0)).SumAll() * (weight / tokens.Max(tokens.Like(1))).StopGradient();
    }

    static Tensor Weight(PairTerms t) => t.Chosen.Likeness is { } chosen && t.Rejected.Likeness is { } rejected
        ? (chosen + rejected).Min(chosen.Like(0)).Exp().StopGradient() : throw new ArgumentException("it is not known how like the policy's the answers are.", nameof(t));

    // −log σ(x), without overflow on either side.
    static Tensor Loss(Tensor x) => (-x).Softplus();

    static Tensor Logistic(Tensor x, double smoothing) => smoothing == 0 ? Loss(x) : Loss(x) * (1 - smoothing) + Loss(-x) * smoothing;

    static Tensor Scaled(PairTerms t, PreferenceOptions o) => Ratios(t, o) is var (c, r) ? (c - r - Wanted(t, o)) * o.Beta : c;

    static (Tensor Chosen, Tensor Rejected) Rewards(PairTerms t, PreferenceOptions o) => Ratios(t, o) is var (c, r) ? (c * o.Beta, r * o.Beta) : default;

    // What is asked for beside, in the unit of log-ratios.
    static Tensor Wanted(PairTerms t, PreferenceOptions o) => o.UsesMargin ? t.Margin / o.Beta : t.Margin.Like(0);

    // f′ of the ratio, up to what is the same for both answers: for KL(π ‖ reference) the logarithm itself.
    static (Tensor Chosen, Tensor Rejected) Ratios(PairTerms t, PreferenceOptions o)
    {
        var (c, r) = o.ByToken ? t.ByToken : (t.ChosenRatio, t.RejectedRatio);
        return o.Divergence switch
        {
            Divergence.ForwardKl => (-Capped(-c), -Capped(-r)),
            Divergence.JensenShannon => (-Loss(c), -Loss(r)),
            Divergence.Alpha => (-Capped(c * -o.DivergenceAlpha) / o.DivergenceAlpha, -Capped(r * -o.DivergenceAlpha) / o.DivergenceAlpha),
            _ => (c, r),
        };
    }

    // exp, which ends where float32 does not.
    static Tensor Capped(Tensor x) => x.Min(x.Like(80)).Exp();

    static Tensor Powered(Tensor mean, PreferenceOptions o) => o.RewardAlpha == 0 ? mean : (1 - Capped(mean * -o.RewardAlpha)) / o.RewardAlpha;

    // log (p / (1 − p)) of a mean log-probability, which is below 0.
    static Tensor Odds(Tensor mean) => mean.Min(mean.Like(-1e-6)) is var below ? below - (-below.Exp()).Log1p() : mean;

    // In descending order, rows that count for nothing last. A sum over all pairs of places: rows are few.
    static Tensor Sorted(Tensor x, PairTerms t)
    {
        var n = x.Shape[0];
        var keyed = t.Counts.Greater(t.Counts.Like(0.5)).Where(x, x.Like(-1e9));
        var rank = new Ranks().Result(0, [keyed.StopGradient().Reshape(1, n), keyed.StopGradient().Reshape(1, n)]).Reshape(n, 1);
        var place = rank.BroadcastTo([n, n]).EqualTo(Create.Iota([n, n], 1));
        return place.Where(keyed.Reshape(n, 1).BroadcastTo([n, n]), keyed.Like(0).Reshape(n, 1).BroadcastTo([n, n])).Sum(0).Reshape(n);
    }
}
