using System.Buffers;
using Functional.Base;
using LanguageExt;

namespace Functional.Sampling;

/// <summary>Only so many of the most likely tokens are left.</summary>
/// <param name="Count">How many; 0 for all.</param>
public sealed record TopKRule(int Count) : SamplingRule
{
    internal override int Place => 7;

    /// <inheritdoc/>
    public override void Apply(Seen seen, Span<double> logits)
    {
        if (Count == 0 || Count >= logits.Length) return;
        using var order = new TokenOrder(logits);
        for (var taken = 0; taken < Count; taken++) order.Take(taken);
        foreach (var token in order.Left(Count)) logits[token] = double.NegativeInfinity;
    }

    /// <inheritdoc/>
    public override Validation<Fault, Unit> Validate() => Within(Count >= 0, "top-k", Count, "allowed: 0 (off) or more");
}

/// <summary>Only the most likely tokens are left that together just reach a share; the one that crosses it is kept (Holtzman et al. 2020).</summary>
/// <param name="Share">The share, above 0; 1 for all.</param>
public sealed record TopPRule(double Share) : SamplingRule
{
    internal override int Place => 8;

    /// <inheritdoc/>
    public override void Apply(Seen seen, Span<double> logits)
    {
        if (Share == 1) return;
        using var order = new TokenOrder(logits);
        var (max, total, sum, taken) = (logits[order.First], 0.0, 0.0, 0);
        foreach (var logit in logits) total += Math.Exp(logit - max);
        while (taken < logits.Length && sum < Share * total && !double.IsNegativeInfinity(logits[order.First])) sum += Math.Exp(logits[order.Take(taken++)] - max);
        foreach (var token in order.Left(taken)) logits[token] = double.NegativeInfinity;
    }

    /// <inheritdoc/>
    public override Validation<Fault, Unit> Validate() => Within(Share is > 0 and <= 1, "top-p", Share, "allowed: above 0, up to 1 (off)");
}

/// <summary>Only tokens are left that are at least so likely as a share of the most likely one (Nguyen et al. 2024, "Turning up the heat").</summary>
/// <param name="Share">The share of the largest probability, up to 1; 0 for all.</param>
public sealed record MinPRule(double Share) : SamplingRule
{
    internal override int Place => 9;

    /// <inheritdoc/>
    public override void Apply(Seen seen, Span<double> logits)
    {
        if (Share == 0) return;
        var (best, least) = (Best(logits), Math.Log(Share));
        var max = logits[best];
        foreach (ref var logit in logits)
            if (logit - max < least) logit = double.NegativeInfinity;
    }

    /// <inheritdoc/>
    public override Validation<Fault, Unit> Validate() => Within(Share is >= 0 and <= 1, "min-p", Share, "allowed: 0 (off) to 1");
}

/// <summary>
/// Only tokens are left whose surprise is nearest to the expected one, until together they reach a share; the one that crosses it is kept (Meister et al. 2023, "Locally
/// typical sampling").
/// </summary>
/// <param name="Share">The share, above 0; 1 for all.</param>
public sealed record TypicalPRule(double Share) : SamplingRule
{
    internal override int Place => 10;

    /// <inheritdoc/>
    public override void Apply(Seen seen, Span<double> logits)
    {
        if (Share == 1) return;
        var rented = ArrayPool<double>.Shared.Rent(logits.Length);
        try
        {
            var (max, total, entropy) = (logits[Best(logits)], 0.0, 0.0);
            foreach (var logit in logits) total += Math.Exp(logit - max);
            var normal = max + Math.Log(total);
            foreach (var logit in logits)
                if (!double.IsNegativeInfinity(logit)) entropy -= Math.Exp(logit - normal) * (logit - normal);
            // The nearest has the largest score.
            var scores = rented.AsSpan(0, logits.Length);
            for (var i = 0; i < scores.Length; i++) scores[i] = double.IsNegativeInfinity(logits[i]) ? logits[i] : -Math.Abs(normal - logits[i] - entropy);
            using var order = new TokenOrder(scores);
            var (sum, taken) = (0.0, 0);
            while (taken < scores.Length && sum < Share && !double.IsNegativeInfinity(scores[order.First])) sum += Math.Exp(logits[order.Take(taken++)] - normal);
            foreach (var token in order.Left(taken)) logits[token] = double.NegativeInfinity;
        }
        finally
        {
            ArrayPool<double>.Shared.Return(rented);
        }
    }

    /// <inheritdoc/>
    public override Validation<Fault, Unit> Validate() => Within(Share is > 0 and <= 1, "typical-p", Share, "allowed: above 0, up to 1 (off)");
}
