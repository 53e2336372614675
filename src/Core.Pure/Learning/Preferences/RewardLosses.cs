using Functional.Graphs;

namespace Functional.Learning;

/// <summary>What a reward model learns from comparisons by.</summary>
public enum RewardLossKind
{
    /// <summary>−log σ(difference): the better answer wins as often as Bradley and Terry (1952) say.</summary>
    BradleyTerry,
    /// <summary>max(0, 1 − difference): it wins by one at least.</summary>
    Ranking,
}

/// <summary>How rewards are learned.</summary>
/// <param name="Kind">The loss of a comparison.</param>
/// <param name="UsesMargin">Whether the difference has to be as much larger as the data's margin says (Touvron et al. 2023).</param>
/// <param name="Centring">What the square of both rewards' sum weighs, which holds their mean at 0 (Eisenstein et al. 2023); 0 for nothing, 0.01 is usual.</param>
public sealed record RewardOptions(RewardLossKind Kind = RewardLossKind.BradleyTerry, bool UsesMargin = false, double Centring = 0);

/// <summary>Losses of rewards.</summary>
public static class RewardLosses
{
    /// <summary>
    /// Of pairs: a sum over those that count, and their number; shown are how often the better answer has more, by how much, and both mean rewards.
    /// </summary>
    /// <param name="chosen">Rewards of the better answers, <c>[rows]</c>.</param>
    /// <param name="rejected">Rewards of the worse answers, <c>[rows]</c>.</param>
    /// <param name="margin">How much better they are, <c>[rows]</c>.</param>
    /// <param name="counts">1 for a pair, 0 for a row that counts for nothing, <c>[rows]</c>.</param>
    /// <param name="options">How they are learned.</param>
    public static Loss Pairs(Tensor chosen, Tensor rejected, Tensor margin, Tensor counts, RewardOptions options)
    {
        var difference = options.UsesMargin ? chosen - rejected - margin : chosen - rejected;
        var each = options.Kind == RewardLossKind.Ranking ? (1 - difference).Relu() : (-difference).Softplus();
        if (options.Centring > 0) each += (chosen + rejected).Square() * options.Centring;
        var weight = counts.SumAll();
        WeightedSum Mean(Tensor x) => new((x * counts).SumAll(), weight);
        return new Loss(Mean(each)).With("accuracy", Mean(chosen.Greater(rejected).Where(chosen.Like(1), chosen.Like(0))))
            .With("margin", Mean(chosen - rejected)).With("chosen", Mean(chosen)).With("rejected", Mean(rejected));
    }

    /// <summary>
    /// Of any number of answers, the best first (Plackett 1975; Luce 1959): −log of the probability that they are drawn in this order, each from those that are
    /// left; of two answers, Bradley and Terry's. Shown is how often an answer has more than the next.
    /// </summary>
    /// <param name="rewards"><c>[rows, answers]</c>.</param>
    /// <param name="counts">How many answers each row has, as floats, <c>[rows]</c>; the others count for nothing, and so does a row of fewer than two.</param>
    public static Loss Rankings(Tensor rewards, Tensor counts)
    {
        var (rows, most) = (rewards.Shape[0], rewards.Shape[1]);
        var there = Create.Range(most).Cast(DType.F32).Reshape(1, most).BroadcastTo([rows, most]).Less(counts.Reshape(rows, 1).BroadcastTo([rows, most]));
        var left = there.Where(rewards, rewards.Like(-1e9));
        Tensor sum = Create.Scalar(0), right = Create.Scalar(0), pairs = Create.Scalar(0);
        for (var i = 0; i + 1 < most; i++)
        {
            var (here, next, among) = (left.Slice(1, i, 1).Reshape(rows), left.Slice(1, i + 1, 1).Reshape(rows), there.Slice(1, i + 1, 1).Reshape(rows));
            var rest = left.Slice(1, i, most - i).LogSumExp().Reshape(rows);
            sum += among.Where(rest - here, here.Like(0)).SumAll();
            right += among.And(here.Greater(next)).Where(here.Like(1), here.Like(0)).SumAll();
            pairs += among.Where(here.Like(1), here.Like(0)).SumAll();
        }
        var some = counts.Greater(counts.Like(1.5)).Where(counts.Like(1), counts.Like(0)).SumAll();
        return new Loss(new(sum, some)).With("accuracy", new(right, pairs));
    }
}
