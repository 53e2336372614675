using Functional.Base;

namespace Functional.Learning;

/// <summary>What an answer's reward is compared with.</summary>
public enum GroupBaseline
{
    /// <summary>The mean of its group's answers (GRPO; Shao et al. 2024).</summary>
    Mean,
    /// <summary>The mean of its group's other answers (RLOO; Ahmadian et al. 2024).</summary>
    LeaveOneOut,
    /// <summary>The best of its group.</summary>
    Best,
    /// <summary>The mean of all answers of the batch (REINFORCE++; Hu 2025).</summary>
    Batch,
    /// <summary>Nothing.</summary>
    None,
}

/// <summary>By what advantages are divided.</summary>
public enum AdvantageScale
{
    /// <summary>The standard deviation of the group's rewards (GRPO).</summary>
    Group,
    /// <summary>The standard deviation of all advantages of the batch (REINFORCE++).</summary>
    Batch,
    /// <summary>The standard deviation of all rewards of the batch, as TRL has it.</summary>
    BatchRewards,
    /// <summary>Nothing (Dr. GRPO; Liu et al. 2025).</summary>
    None,
}

/// <summary>How rewards of several answers to one question become advantages.</summary>
public sealed record GroupOptions
{
    /// <summary>What is taken off.</summary>
    public GroupBaseline Baseline { get; init; }

    /// <summary>What the rest is divided by.</summary>
    public AdvantageScale Scale { get; init; }

    /// <summary>Whether deviations divide by n − 1, as TRL has it; else by n.</summary>
    public bool Sample { get; init; }

    /// <summary>What is added to a deviation, 0 or more; TRL's is 1e-4.</summary>
    public double Epsilon { get; init; }

    /// <summary>Mean and deviation of the group.</summary>
    public static GroupOptions Grpo { get; } = new();

    /// <summary>The mean of the group alone.</summary>
    public static GroupOptions DrGrpo { get; } = new() { Scale = AdvantageScale.None };

    /// <summary>The mean of the others alone.</summary>
    public static GroupOptions Rloo { get; } = new() { Baseline = GroupBaseline.LeaveOneOut, Scale = AdvantageScale.None };

    /// <summary>Mean and deviation of the batch.</summary>
    public static GroupOptions ReinforcePlusPlus { get; } = new() { Baseline = GroupBaseline.Batch, Scale = AdvantageScale.Batch };

    /// <summary>The mean of the group and the deviation of the batch (REINFORCE++-baseline).</summary>
    public static GroupOptions ReinforcePlusPlusBaseline { get; } = new() { Scale = AdvantageScale.Batch };

    /// <summary>The same, with deviations as TRL has them.</summary>
    public GroupOptions AsTrl() => this with { Sample = true, Epsilon = 1e-4 };
}

/// <summary>What answers are worth beside others.</summary>
/// <param name="Each">The advantage of each answer; 0 of one without a reward.</param>
/// <param name="Groups">How many groups there are.</param>
/// <param name="Flat">How many of them have one reward only: nothing is learned from their comparison.</param>
/// <param name="Missing">How many answers have no reward.</param>
public sealed record GroupAdvantages(Vec<double> Each, int Groups, int Flat, int Missing)
{
    /// <summary>Of groups of one size, one behind the other.</summary>
    /// <param name="rewards">The reward of each answer; NaN for one that has none.</param>
    /// <param name="size">Answers in each group, 1 or more.</param>
    /// <param name="options">How.</param>
    /// <exception cref="ArgumentException">The size does not divide the number of answers.</exception>
    public static GroupAdvantages Of(Vec<double> rewards, int size, GroupOptions options) => size > 0 && rewards.Count % size == 0
        ? Of(rewards, rewards.Map((_, i) => i / size), options)
        : throw new ArgumentException($"{rewards.Count} answers are no groups of {size}.", nameof(size));

    /// <summary>Of groups of any sizes. Where all rewards are the same, a comparison within the group gives 0, whatever rounding says.</summary>
    /// <param name="rewards">The reward of each answer; NaN for one that has none.</param>
    /// <param name="groups">The group of each answer.</param>
    /// <param name="options">How.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static GroupAdvantages Of(Vec<double> rewards, Vec<int> groups, GroupOptions options)
    {
        Advantages.SameLength(rewards.Count, groups.Count);
        var (known, centred) = (rewards.Map(static r => !double.IsNaN(r)), new double[rewards.Count]);
        var (batch, flat, count) = (Advantages.Moments(rewards, known, options.Sample), 0, 0);
        foreach (var group in Enumerable.Range(0, rewards.Count).GroupBy(i => groups[i]))
        {
            count++;
            Vec<int> members = [.. group.Where(i => known[i])];
            var own = members.Map(i => rewards[i]);
            var isFlat = own.Count == 0 || own.Min() == own.Max();
            flat += isFlat ? 1 : 0;
            var within = options.Scale == AdvantageScale.Group || options.Baseline is GroupBaseline.Mean or GroupBaseline.LeaveOneOut or GroupBaseline.Best;
            if (isFlat && within) continue;
            var (mean, variance) = Advantages.Moments(own, own.Map(static _ => true), options.Sample);
            var scale = options.Scale == AdvantageScale.Group ? Math.Sqrt(variance) + options.Epsilon : 1;
            foreach (var i in members) centred[i] = (rewards[i] - Baseline(rewards[i], own, mean, batch.Mean, options)) / scale;
        }
        Vec<double> each = [.. centred];
        var all = options.Scale switch
        {
            AdvantageScale.Batch => Deviation(each, known, options), AdvantageScale.BatchRewards => Math.Sqrt(batch.Variance) + options.Epsilon, _ => 1,
        };
        return new(each.Map(a => all > 0 ? a / all : 0), count, flat, known.Count(static k => !k));
    }

    /// <summary>
    /// Of several rewards of each answer: each is compared by itself, so that none drowns in another's spread; their weighted sum has mean 0 and variance 1 over
    /// the batch (GDPO; Liu et al. 2026).
    /// </summary>
    /// <param name="rewards">Of each kind of reward those of all answers.</param>
    /// <param name="weights">What each kind counts.</param>
    /// <param name="groups">The group of each answer.</param>
    /// <param name="options">How.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static GroupAdvantages OfKinds(Vec<Vec<double>> rewards, Vec<double> weights, Vec<int> groups, GroupOptions options)
    {
        var summed = Of(Rewards.Sum(rewards, weights), groups, options);
        var kinds = rewards.Map(kind => Of(kind, groups, options).Each);
        var sum = groups.Map((_, i) => kinds.Select((kind, k) => weights[k] * kind[i]).Sum());
        Vec<bool> known = [.. groups.Select((_, i) => rewards.Any(kind => !double.IsNaN(kind[i])))];
        var (mean, deviation) = (Advantages.Moments(sum, known, options.Sample).Mean, Deviation(sum, known, options));
        return summed with { Each = sum.Map((a, i) => known[i] && deviation > 0 ? (a - mean) / deviation : 0) };
    }

    static double Deviation(Vec<double> numbers, Vec<bool> known, GroupOptions options) =>
        Math.Sqrt(Advantages.Moments(numbers, known, options.Sample).Variance) + options.Epsilon;

    static double Baseline(double reward, Vec<double> group, double mean, double batch, GroupOptions options) => options.Baseline switch
    {
        GroupBaseline.Mean => mean,
        GroupBaseline.LeaveOneOut => (mean * group.Count - reward) / (group.Count - 1),
        GroupBaseline.Best => group.Max(),
        GroupBaseline.Batch => batch,
        _ => 0,
    };
}
