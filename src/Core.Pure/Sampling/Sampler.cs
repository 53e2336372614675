using System.Buffers;
using Functional.Base;
using Functional.Graphs;
using LanguageExt;

namespace Functional.Sampling;

/// <summary>How the next token is chosen from logits. <see cref="Validate"/> before use.</summary>
public sealed record SamplingConfig
{
    /// <summary>What logits are divided by; 0 takes the most likely token.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Only so many of the most likely tokens may be drawn; 0 for all.</summary>
    public int TopK { get; init; }

    /// <summary>
    /// Only the most likely tokens may be drawn whose probabilities together just reach this share; the token that crosses it is kept
    /// (Holtzman et al. 2020). 1 for all.
    /// </summary>
    public double TopP { get; init; } = 1;

    /// <summary>Always the most likely token.</summary>
    public static SamplingConfig Greedy { get; } = new() { Temperature = 0 };

    /// <summary>This configuration, or every fault in it at once.</summary>
    public Validation<Fault, SamplingConfig> Validate()
    {
        Vec<Validation<Fault, Unit>> checks =
        [
            Fault.Unless(Temperature >= 0 && double.IsFinite(Temperature), "temperature", FormattableString.Invariant($"is {Temperature:R}"),
                "allowed: 0 (greedy) or a finite number above it"),
            Fault.Unless(TopK >= 0, "top-k", FormattableString.Invariant($"is {TopK}"), "allowed: 0 (off) or more"),
            Fault.Unless(TopP is > 0 and <= 1, "top-p", FormattableString.Invariant($"is {TopP:R}"), "allowed: above 0, up to 1 (off)"),
        ];
        return checks.Gather().Map(_ => this);
    }
}

/// <summary>
/// Chooses tokens: temperature, then top-k, then top-p over what is left, then a draw. Ties go to the lower token number. A pure function
/// of logits and key.
/// </summary>
public sealed record Sampler
{
    /// <summary>A sampler.</summary>
    /// <exception cref="ArgumentException">The configuration has faults; <see cref="SamplingConfig.Validate"/> names them as values.</exception>
    public Sampler(SamplingConfig config) => Config = config.Validate().IfFail(faults => throw new ArgumentException(faults.Lines()));

    /// <summary>The rules.</summary>
    public SamplingConfig Config { get; }

    /// <summary>The next token, drawn from the 0th number of <paramref name="key"/>.</summary>
    /// <param name="logits">A score for each token, <c>[vocabulary]</c>; −∞ is never drawn.</param>
    /// <param name="key">A key of this draw's own.</param>
    /// <exception cref="ArgumentException">There are no logits, one is NaN or +∞, or all are −∞.</exception>
    public int Next(ReadOnlySpan<float> logits, Key key)
    {
        var best = Best(logits);
        if (Config.Temperature == 0) return best;
        var (k, u) = (Config.TopK == 0 ? logits.Length : Math.Min(Config.TopK, logits.Length), key.Uniform(0));
        return k == logits.Length && Config.TopP == 1 ? DrawOfAll(logits, logits[best], u) : DrawOfTop(logits, logits[best], k, u);
    }

    /// <summary>The probability with which each token is drawn, <c>[vocabulary]</c>; they sum to 1.</summary>
    /// <param name="logits">A score for each token; −∞ is never drawn.</param>
    public double[] Probabilities(ReadOnlySpan<float> logits)
    {
        var (best, result) = (Best(logits), new double[logits.Length]);
        if (Config.Temperature == 0)
        {
            result[best] = 1;
            return result;
        }
        var order = Enumerable.Range(0, logits.Length).ToArray();
        var (n, total) = Top(logits, logits[best], Config.TopK == 0 ? logits.Length : Math.Min(Config.TopK, logits.Length), order);
        for (var i = 0; i < n; i++) result[order[^(i + 1)]] = Mass(logits[order[^(i + 1)]], logits[best]) / total;
        return result;
    }

    static int Best(ReadOnlySpan<float> logits)
    {
        if (logits.IsEmpty) throw new ArgumentException("there are no logits to sample from.");
        var best = 0;
        for (var i = 0; i < logits.Length; i++)
        {
            if (float.IsNaN(logits[i]) || float.IsPositiveInfinity(logits[i])) throw new ArgumentException($"the logit of token {i} is {logits[i]}.");
            if (logits[i] > logits[best]) best = i;
        }
        return float.IsNegativeInfinity(logits[best]) ? throw new ArgumentException("the logit of every token is -∞.") : best;
    }

    // The probability up to a common factor.
    double Mass(float logit, float max) => Math.Exp(((double)logit - max) / Config.Temperature);

    int DrawOfAll(ReadOnlySpan<float> logits, float max, double u)
    {
        var masses = ArrayPool<double>.Shared.Rent(logits.Length);
        try
        {
            var total = 0.0;
            for (var i = 0; i < logits.Length; i++) total += masses[i] = Mass(logits[i], max);
            var (left, last) = (u * total, 0);
            for (var i = 0; i < logits.Length; i++)
            {
                if (masses[i] == 0) continue;
                last = i;
                if ((left -= masses[i]) < 0) break;
            }
            return last;
        }
        finally { ArrayPool<double>.Shared.Return(masses); }
    }

    int DrawOfTop(ReadOnlySpan<float> logits, float max, int k, double u)
    {
        var rented = ArrayPool<int>.Shared.Rent(logits.Length);
        try
        {
            var order = rented.AsSpan(0, logits.Length);
            for (var i = 0; i < order.Length; i++) order[i] = i;
            var (n, total) = Top(logits, max, k, order);
            var left = u * total;
            for (var i = 1; i <= n; i++)
                if ((left -= Mass(logits[order[^i]], max)) < 0) return order[^i];
            return order[^n];
        }
        finally { ArrayPool<int>.Shared.Return(rented); }
    }

    // Moves the tokens that may be drawn to the end of the order, most likely last; says how many and their mass together. A heap, since
    // few of many are wanted.
    (int Count, double Total) Top(ReadOnlySpan<float> logits, float max, int k, Span<int> order)
    {
        for (var i = order.Length / 2 - 1; i >= 0; i--) Sink(logits, order, i);
        if (k == logits.Length) return Pop(logits, max, k, Config.TopP * Total(logits, max), order);
        var (count, total) = Pop(logits, max, k, double.PositiveInfinity, order);
        if (Config.TopP == 1) return (count, total);
        var (kept, sum) = (0, 0.0);
        while (kept < count && sum < Config.TopP * total) sum += Mass(logits[order[^++kept]], max);
        return (kept, sum);
    }

    // Takes the most likely ones off the heap, to the end of the order, until there are k or their mass reaches the limit.
    (int Count, double Total) Pop(ReadOnlySpan<float> logits, float max, int k, double limit, Span<int> heap)
    {
        var (count, sum) = (0, 0.0);
        while (count < k && sum < limit && !float.IsNegativeInfinity(logits[heap[0]]))
        {
            (heap[0], heap[^1]) = (heap[^1], heap[0]);
            sum += Mass(logits[heap[^1]], max);
            heap = heap[..^1];
            if (++count == logits.Length) break;
            Sink(logits, heap, 0);
        }
        return (count, sum);
    }

    double Total(ReadOnlySpan<float> logits, float max)
    {
        var total = 0.0;
        foreach (var logit in logits) total += Mass(logit, max);
        return total;
    }

    static void Sink(ReadOnlySpan<float> logits, Span<int> heap, int i)
    {
        for (var child = 2 * i + 1; child < heap.Length; child = 2 * i + 1)
        {
            if (child + 1 < heap.Length && Before(logits, heap[child + 1], heap[child])) child++;
            if (Before(logits, heap[i], heap[child])) return;
            (heap[i], heap[child]) = (heap[child], heap[i]);
            i = child;
        }
    }

    static bool Before(ReadOnlySpan<float> logits, int a, int b) => logits[a] > logits[b] || (logits[a] == logits[b] && a < b);
}
