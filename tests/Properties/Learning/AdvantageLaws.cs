using FsCheck;
using Xunit;

namespace Functional.Tests.Properties.Learning;

/// <summary>What becomes of rewards between a rollout and an update.</summary>
public sealed class AdvantageLaws
{
    const double Exact = 1e-9;

    static Vec<double> Some(int seed, string what, int n, double scale = 4) =>
        [.. Enumerable.Range(0, n).Select(i => scale * (Key.Seed((uint)seed).FoldIn(what).Uniform((uint)i) - 0.5))];

    static Vec<bool> Mask(int seed, int n) => [.. Enumerable.Range(0, n).Select(i => Key.Seed((uint)seed).FoldIn("mask").Uniform((uint)i) > 0.3)];

    static void Same(IEnumerable<double> expected, IEnumerable<double> actual, double within = Exact)
    {
        Assert.Equal(expected.Count(), actual.Count());
        foreach (var (e, a) in expected.Zip(actual)) Assert.Equal(e, a, within);
    }

    [Fact]
    public void Advantages_have_the_numbers_that_are_known()
    {
        var all = (Vec<bool>)[true, true, true];
        var estimates = Advantages.Gae([0, 0, 1], [0.5, 0.6, 0.7], all, 1, 0.95);
        Same([0.46575, 0.385, 0.3], estimates.Advantages);
        Same([0.96575, 0.985, 1], estimates.Returns);
        // What stands between the tokens takes no time.
        var parted = Advantages.Gae([0, double.NaN, 0, 1, 7], [0.5, double.NaN, 0.6, 0.7, 7], [true, false, true, true, false], 1, 0.95);
        Same([0.46575, 0, 0.385, 0.3, 0], parted.Advantages);
        Same([0.96575, 0, 0.985, 1, 0], parted.Returns);
        var group = GroupAdvantages.Of([8.2, 6.5, 4.1, 2.8], 4, GroupOptions.Grpo);
        Same([2.8 / 2.091650, 1.1 / 2.091650, -1.3 / 2.091650, -2.6 / 2.091650], group.Each, 1e-6);
        Same([2.8, 1.1, -1.3, -2.6], GroupAdvantages.Of([8.2, 6.5, 4.1, 2.8], 4, GroupOptions.DrGrpo).Each);
        Same([0, -1.7, -4.1, -5.4], GroupAdvantages.Of([8.2, 6.5, 4.1, 2.8], 4, new() { Baseline = GroupBaseline.Best, Scale = AdvantageScale.None }).Each);
        Same([8.2, 6.5, 4.1, 2.8], GroupAdvantages.Of([8.2, 6.5, 4.1, 2.8], 4, new() { Baseline = GroupBaseline.None, Scale = AdvantageScale.None }).Each);
    }

    /// <summary>With λ = 1 an advantage is the discounted return less the value, with λ = 0 the error of one step, behind which the next token's value stands.</summary>
    [Property(MaxTest = 60)]
    public void Lambda_goes_from_one_step_to_all(int seed, byte length, byte discount)
    {
        var (n, gamma) = (1 + length % 9, discount / 255.0);
        var (rewards, values, counts) = (Some(seed, "reward", n), Some(seed, "value", n), Mask(seed, n));
        var (all, one) = (Advantages.Gae(rewards, values, counts, gamma, 1), Advantages.Gae(rewards, values, counts, gamma, 0));
        for (var t = 0; t < n; t++)
        {
            if (!counts[t]) { Assert.Equal((0.0, 0.0), (all.Advantages[t], all.Returns[t])); continue; }
            Vec<int> later = [.. Enumerable.Range(t, n - t).Where(i => counts[i])];
            Assert.Equal(later.Select((at, k) => Math.Pow(gamma, k) * rewards[at]).Sum() - values[t], all.Advantages[t], Exact);
            Assert.Equal(rewards[t] + (later.Count > 1 ? gamma * values[later[1]] : 0) - values[t], one.Advantages[t], Exact);
            Assert.Equal(all.Advantages[t] + values[t], all.Returns[t], Exact);
        }
        Same(all.Returns, Advantages.Returns(rewards, counts, gamma));
    }

    /// <summary>What is expected behind a text that was cut off is as one more token's value.</summary>
    [Property(MaxTest = 30)]
    public void What_is_expected_behind_the_end_counts(int seed, byte length)
    {
        var n = 1 + length % 6;
        var (rewards, values) = (Some(seed, "reward", n), Some(seed, "value", n));
        Vec<bool> all = [.. rewards.Select(static _ => true)];
        // A last token whose reward is its value has no advantage.
        var longer = Advantages.Gae([.. rewards, 1.5], [.. values, 1.5], [.. all, true], 0.9, 0.8);
        Same(longer.Advantages.Take(n), Advantages.Gae(rewards, values, all, 0.9, 0.8, after: 1.5).Advantages);
    }

    [Property(MaxTest = 60)]
    public void What_is_whitened_has_mean_0_and_variance_1(int seed, byte length, bool sample)
    {
        var n = 4 + length % 20;
        var (numbers, counts) = (Some(seed, "x", n), Mask(seed, n).With(0, true).With(1, true));
        var white = Advantages.Whitened(numbers, counts, new() { Sample = sample });
        var (mean, variance) = Advantages.Moments(white, counts, sample);
        Assert.Equal(0, mean, Exact);
        Assert.Equal(1, variance, 1e-6);
        var kept = Advantages.Whitened(numbers, counts, new() { Sample = sample, ShiftsMean = false });
        var (stays, one) = Advantages.Moments(kept, counts, sample);
        Assert.Equal(Advantages.Moments(numbers, counts, sample).Mean, stays, Exact);
        Assert.Equal(1, one, 1e-6);
        Assert.All(Enumerable.Range(0, n).Where(i => !counts[i]), i => Assert.Equal((0.0, 0.0), (white[i], kept[i])));
        // Neither place nor scale of the numbers matters, nor what does not count.
        Same(white, Advantages.Whitened(numbers.Map((x, i) => counts[i] ? 3 * x + 7 : double.NaN), counts, new() { Sample = sample }), 1e-6);
        // What is added to the variance makes it smaller by as much.
        var before = Advantages.Moments(numbers, counts, sample).Variance;
        Assert.Equal(before / (before + 0.5), Advantages.Moments(Advantages.Whitened(numbers, counts, new() { Sample = sample, Epsilon = 0.5 }), counts, sample).Variance, 1e-9);
        Same(counts.Map(static c => c ? 5.0 : 0), Advantages.Whitened(counts.Map(static _ => 5.0), counts, new() { ShiftsMean = false }));
        Same(counts.Map(static _ => 0.0), Advantages.Whitened(counts.Map(static _ => 5.0), counts));
    }

    static readonly GroupOptions[] compared = [GroupOptions.Grpo, GroupOptions.DrGrpo, GroupOptions.Rloo, GroupOptions.ReinforcePlusPlusBaseline,
        new() { Baseline = GroupBaseline.Best }, GroupOptions.Grpo.AsTrl(), GroupOptions.Rloo.AsTrl()];

    /// <summary>A constant on all rewards of a group changes nothing where answers of a group are compared; groups are compared by themselves.</summary>
    [Property(MaxTest = 60)]
    public void A_constant_on_a_group_changes_nothing(int seed, byte which, short by)
    {
        var options = compared[which % compared.Length];
        var rewards = Some(seed, "reward", 12);
        var moved = rewards.Map((r, i) => i is >= 4 and < 8 ? r + by / 16.0 : r);
        Same(GroupAdvantages.Of(rewards, 4, options).Each, GroupAdvantages.Of(moved, 4, options).Each, 1e-6);
        // Whatever the order that answers come in.
        Vec<int> order = [.. Enumerable.Range(0, 12).OrderBy(i => Key.Seed((uint)seed).FoldIn("order").Uniform((uint)i))];
        var shuffled = GroupAdvantages.Of(order.Map(i => rewards[i]), order.Map(static i => i / 4), options).Each;
        Same(order.Map(i => GroupAdvantages.Of(rewards, 4, options).Each[i]), shuffled, 1e-6);
    }

    /// <summary>The mean of the others and the mean of all are the same but for a factor, and both sum up to 0; deviations are those of n or of n − 1.</summary>
    [Property(MaxTest = 40)]
    public void Baselines_and_scales_are_what_they_are_called(int seed, byte size)
    {
        var n = 2 + size % 6;
        var rewards = Some(seed, "reward", 2 * n);
        var (mean, others) = (GroupAdvantages.Of(rewards, n, GroupOptions.DrGrpo).Each, GroupAdvantages.Of(rewards, n, GroupOptions.Rloo).Each);
        Same(mean.Map(a => a * n / (n - 1)), others);
        var (grpo, trl) = (GroupAdvantages.Of(rewards, n, GroupOptions.Grpo).Each, GroupAdvantages.Of(rewards, n, new() { Sample = true }).Each);
        Same(grpo.Map(a => a * Math.Sqrt((n - 1.0) / n)), trl);
        for (var group = 0; group < 2; group++)
        {
            var own = grpo.Skip(group * n).Take(n);
            Assert.Equal(0, own.Sum(), 1e-6);
            Assert.Equal(1, own.Sum(static a => a * a) / n, 1e-6);
        }
        foreach (var options in (GroupOptions[])[GroupOptions.ReinforcePlusPlus, GroupOptions.ReinforcePlusPlusBaseline])
        {
            var all = GroupAdvantages.Of(rewards, n, options).Each;
            Assert.Equal(0, all.Sum(), 1e-6);
            Assert.Equal(1, all.Sum(static a => a * a) / all.Count, 1e-6);
        }
        // A deviation of rewards and one of advantages differ where groups do; what is added to one is added to it, not to the variance.
        var centred = GroupAdvantages.Of(rewards, n, GroupOptions.DrGrpo).Each;
        Vec<bool> everyone = [.. rewards.Select(static _ => true)];
        var deviation = Math.Sqrt(Advantages.Moments(rewards, everyone, sample: false).Variance);
        Same(centred.Map(a => a / (deviation + 0.5)), GroupAdvantages.Of(rewards, n, new() { Scale = AdvantageScale.BatchRewards, Epsilon = 0.5 }).Each);
        Same(centred.Map((a, i) => a / (Math.Abs(grpo[i]) > 1e-9 ? a / grpo[i] + 0.5 : 1)), GroupAdvantages.Of(rewards, n, new() { Epsilon = 0.5 }).Each, 1e-6);
        // Of all answers at once there is one order, the rewards' own.
        Assert.Equal(rewards.Index().OrderBy(static r => r.Item).Select(static r => r.Index),
            GroupAdvantages.Of(rewards, n, GroupOptions.ReinforcePlusPlus).Each.Index().OrderBy(static r => r.Item).Select(static r => r.Index));
    }

    /// <summary>Groups of one reward teach nothing and are counted, whatever rounding makes of their mean; and so are answers without a reward.</summary>
    [Fact]
    public void Flat_groups_give_zeros_and_are_counted()
    {
        foreach (var options in compared)
        {
            var of = GroupAdvantages.Of([0.1, 0.1, 0.1, 1, 2, 4, 0.7, double.NaN, 0.7, double.NaN, double.NaN, double.NaN], 3, options);
            Assert.Equal((4, 3, 4), (of.Groups, of.Flat, of.Missing));
            Assert.All(of.Each.Index().Where(static a => a.Index is < 3 or > 5), static a => Assert.Equal(0, a.Item));
            Assert.Contains(of.Each, static a => a != 0);
        }
        Assert.All(GroupAdvantages.Of([2, 2, 2, 2], 2, GroupOptions.ReinforcePlusPlus).Each, static a => Assert.Equal(0, a));
        Assert.Throws<ArgumentException>(() => GroupAdvantages.Of([1, 2, 3], 2, GroupOptions.Grpo));
        Assert.Equal(0, GroupAdvantages.Of([1, 2, 3], 1, GroupOptions.Rloo).Each.Sum());
    }

    /// <summary>A reward that is missing is no zero: the others of its group have the advantages that they have without it.</summary>
    [Property(MaxTest = 40)]
    public void What_has_no_reward_is_not_there(int seed, byte which, byte at)
    {
        var (options, rewards) = (compared[which % compared.Length], Some(seed, "reward", 8));
        var i = at % 4;
        var with = GroupAdvantages.Of(rewards.With(i, double.NaN), 4, options).Each;
        Vec<int> rest = [.. Enumerable.Range(0, 8).Where(k => k != i)];
        Same(GroupAdvantages.Of(rest.Map(k => rewards[k]), rest.Map(static k => k / 4), options).Each, rest.Map(k => with[k]));
        Assert.Equal(0, with[i]);
    }

    /// <summary>Under π itself the first and the third estimate have KL(π ‖ π_ref) as their mean; the third is never below 0, the second nearly so where both are near.</summary>
    [Property(MaxTest = 60)]
    public void Estimates_have_the_divergence_as_their_mean(int seed, byte tokens)
    {
        Vec<double> Distribution(string what, double spread) =>
            Some(seed, what, 2 + tokens % 5, spread).Map(Math.Exp) is var e && e.Sum() is var sum ? e.Map(x => x / sum) : [];
        var (p, q) = (Distribution("p", 4), Distribution("q", 4));
        double Mean(KlEstimator of, Vec<double> p, Vec<double> q) => p.Select((x, i) => x * Kl.Of(of, Math.Log(x), Math.Log(q[i]))).Sum();
        var kl = p.Select((x, i) => x * Math.Log(x / q[i])).Sum();
        Assert.Equal(kl, Mean(KlEstimator.K1, p, q), Exact);
        Assert.Equal(kl, Mean(KlEstimator.K3, p, q), Exact);
        Assert.All(p.Index(), x => Assert.True(Kl.Of(KlEstimator.K3, Math.Log(x.Item), Math.Log(q[x.Index])) >= 0));
        Assert.True(Mean(KlEstimator.Abs, p, q) >= kl - Exact);
        var near = p.Map((x, i) => x * (1 + (q[i] - 0.5) * 1e-2)) is var n && n.Sum() is var all ? n.Map(x => x / all) : [];
        Assert.InRange(Mean(KlEstimator.K2, p, near) / Mean(KlEstimator.K1, p, near), 0.98, 1.02);
        // The known one.
        foreach (var of in (KlEstimator[])[KlEstimator.K1, KlEstimator.K3]) Assert.Equal(0.0822829, Mean(of, [0.7, 0.3], [0.5, 0.5]), 1e-7);
    }

    /// <summary>What costs too little costs more next time, and the other way round, never by more than a fifth of the share; a fixed one stays.</summary>
    [Property(MaxTest = 60)]
    public void The_adaptive_price_moves_toward_its_target(byte distance, byte answers)
    {
        var (kl, n) = (distance / 16.0, 1 + answers);
        var control = new KlControl(0.2) { Target = 6, Horizon = 1000 };
        var next = control.After(kl, n);
        Assert.Equal(Math.Sign(kl - 6), Math.Sign(next.Coefficient - 0.2));
        Assert.InRange(next.Coefficient / 0.2, 1 - 0.2 * n / 1000 - Exact, 1 + 0.2 * n / 1000 + Exact);
        Assert.Equal(0.2 * (1 + Math.Clamp(kl / 6 - 1, -0.2, 0.2) * n / 1000), next.Coefficient, 1e-12);
        Assert.Equal(0.2, new KlControl(0.2).After(kl, n).Coefficient);
        Assert.Equal(0.2, control.After(double.NaN, n).Coefficient);
        // A policy that drifts by what it costs too little comes to rest at the target.
        var (at, price) = (1.0, control with { Horizon = 100 });
        for (var i = 0; i < 2000; i++) (price, at) = (price.After(at, 16), 2 / price.Coefficient);
        Assert.Equal(6, at, 0.1);
        Assert.True(new KlControl(0.2) { Target = 1, Horizon = 1 }.After(0, 100).Coefficient >= 0);
    }

    /// <summary>The rewards of tokens sum up to the answer's less what its distance costs; the answer's stands at its last token or one place behind.</summary>
    [Property(MaxTest = 40)]
    public void Rewards_of_tokens_are_the_answers_less_its_price(int seed, byte length, byte kind, bool behind)
    {
        var (n, of) = (2 + length % 8, (KlEstimator)(kind % 4));
        var counts = Mask(seed, n).With(0, true);
        var (policy, reference) = (Some(seed, "policy", n), Some(seed, "reference", n));
        var rewards = Rewards.OfTokens(3.5, policy, reference, counts, 0.25, of, behind);
        Assert.Equal(3.5 - 0.25 * Kl.Sum(of, policy, reference, counts), rewards.Sum(), 1e-9);
        var last = Enumerable.Range(0, n).Last(t => counts[t]);
        var at = behind && last + 1 < n ? last + 1 : last;
        Assert.All(Enumerable.Range(0, n), t => Assert.Equal((t == at ? 3.5 : 0) - (counts[t] ? 0.25 * Kl.Of(of, policy[t], reference[t]) : 0), rewards[t], 1e-9));
        Assert.All(Rewards.OfTokens(3.5, policy, reference, counts.Map(static _ => false), 1), static r => Assert.Equal(0, r));
    }

    [Fact]
    public void Values_explain_what_they_explain()
    {
        Vec<bool> counts = [true, true, true, false];
        Assert.Equal(1, Advantages.Explained([1, 2, 4, 9], [1, 2, 4, -3], counts), Exact);
        Assert.Equal(1, Advantages.Explained([2, 3, 5, 9], [1, 2, 4, -3], counts), Exact);
        Assert.Equal(0, Advantages.Explained([7, 7, 7, 9], [1, 2, 4, -3], counts), Exact);
        Assert.True(Advantages.Explained([4, 2, 1, 9], [1, 2, 4, -3], counts) < 0);
        Assert.True(double.IsNaN(Advantages.Explained([4, 2, 1, 9], [1, 1, 1, -3], counts)));
    }
}
