using Functional.Base;

namespace Functional.Learning;

/// <summary>What is made of the rewards of an answer's tokens; 0 where a token does not count.</summary>
/// <param name="Advantages">How much better each token was than what was expected.</param>
/// <param name="Returns">What a value should have said at each token.</param>
public sealed record Estimates(Vec<double> Advantages, Vec<double> Returns);

/// <summary>How numbers are whitened.</summary>
public sealed record Whitening
{
    /// <summary>Whether their mean becomes 0; else it stays, as rewards need it.</summary>
    public bool ShiftsMean { get; init; } = true;

    /// <summary>Whether the variance is divided by n − 1, as TRL has it; else by n.</summary>
    public bool Sample { get; init; }

    /// <summary>What is added to the variance before its root is taken, 0 or more; TRL's is 1e-8.</summary>
    public double Epsilon { get; init; }

    /// <summary>As TRL's PPO has it.</summary>
    public static Whitening Trl { get; } = new() { Sample = true, Epsilon = 1e-8 };
}

/// <summary>What lies between a rollout and an update, as functions of numbers: what rewards say about tokens.</summary>
public static class Advantages
{
    /// <summary>
    /// Generalised advantage estimation (Schulman et al. 2016): A_t = δ_t + γλ A_t+1 with δ_t = r_t + γ V_t+1 − V_t. Returns are A + V. Tokens that do not count,
    /// such as a tool's answer in between, take no time: the next token is the next that counts.
    /// </summary>
    /// <param name="rewards">The reward of each token.</param>
    /// <param name="values">What was expected before each token.</param>
    /// <param name="counts">Which tokens count; what stands at others is not read.</param>
    /// <param name="gamma">What a later reward counts a step earlier, in [0, 1].</param>
    /// <param name="lambda">0 for the error of one step, 1 for all rewards that came.</param>
    /// <param name="after">What is expected behind the last token: 0 where the answer ended.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static Estimates Gae(Vec<double> rewards, Vec<double> values, Vec<bool> counts, double gamma = 1, double lambda = 0.95, double after = 0)
    {
        SameLength(rewards.Count, values.Count, counts.Count);
        var (advantages, returns) = (new double[counts.Count], new double[counts.Count]);
        var (next, running) = (after, 0.0);
        for (var t = counts.Count - 1; t >= 0; t--)
        {
            if (!counts[t]) continue;
            running = rewards[t] + gamma * next - values[t] + gamma * lambda * running;
            next = values[t];
            (advantages[t], returns[t]) = (running, running + next);
        }
        return new([.. advantages], [.. returns]);
    }

    /// <summary>The discounted sum of the rewards from each token on; 0 where a token does not count.</summary>
    /// <param name="rewards">The reward of each token.</param>
    /// <param name="counts">Which tokens count.</param>
    /// <param name="gamma">What a later reward counts a step earlier, in [0, 1].</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static Vec<double> Returns(Vec<double> rewards, Vec<bool> counts, double gamma = 1) =>
        Gae(rewards, [.. new double[rewards.Count]], counts, gamma, 1).Returns;

    /// <summary>Numbers with variance 1 and, unless it is to stay, mean 0, over those that count; 0 at the others. Those that are all the same stay so.</summary>
    /// <param name="numbers">The numbers, of one row or of all rows behind each other.</param>
    /// <param name="counts">Which of them count.</param>
    /// <param name="whitening">How.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static Vec<double> Whitened(Vec<double> numbers, Vec<bool> counts, Whitening? whitening = null)
    {
        SameLength(numbers.Count, counts.Count);
        var how = whitening ?? new();
        var (mean, variance) = Moments(numbers, counts, how.Sample);
        var factor = variance + how.Epsilon > 0 ? 1 / Math.Sqrt(variance + how.Epsilon) : 1;
        var back = how.ShiftsMean ? 0 : mean;
        return numbers.Map((x, i) => counts[i] ? (x - mean) * factor + back : 0);
    }

    /// <summary>
    /// How much of the returns' variance values explain, 1 − Var(returns − values) / Var(returns): 1 for all of it, 0 for as much as their mean would; below 0 they
    /// are worse than that. NaN where returns have no variance.
    /// </summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static double Explained(Vec<double> values, Vec<double> returns, Vec<bool> counts)
    {
        SameLength(values.Count, returns.Count, counts.Count);
        var all = Moments(returns, counts, sample: false).Variance;
        return all > 0 ? 1 - Moments(returns.Map((r, i) => counts[i] ? r - values[i] : 0), counts, sample: false).Variance / all : double.NaN;
    }

    /// <summary>Mean and variance of what counts, in two passes; 0 of nothing.</summary>
    internal static (double Mean, double Variance) Moments(Vec<double> numbers, Vec<bool> counts, bool sample)
    {
        var n = counts.Count(static c => c);
        if (n == 0) return (0, 0);
        double sum = 0, squares = 0;
        for (var i = 0; i < counts.Count; i++) sum += counts[i] ? numbers[i] : 0;
        var mean = sum / n;
        for (var i = 0; i < counts.Count; i++) squares += counts[i] ? (numbers[i] - mean) * (numbers[i] - mean) : 0;
        return (mean, squares / (sample ? Math.Max(1, n - 1) : n));
    }

    internal static void SameLength(params ReadOnlySpan<int> lengths)
    {
        foreach (var length in lengths)
            if (length != lengths[0]) throw new ArgumentException($"what belongs together has {lengths[0]} and {length} places.");
    }
}
