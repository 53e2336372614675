using System.Buffers;
using Functional.Base;
using LanguageExt;

namespace Functional.Sampling;

/// <summary>
/// Rules that are gone through in order, and then a draw. Where they are no more than a <see cref="SamplingConfig"/> says, they are its <see cref="Sampler"/>, to the bit.
/// A pure function of logits, tokens so far and key.
/// </summary>
public sealed record SamplingRules
{
    readonly Sampler? plain;

    /// <summary>Rules in the order that is given.</summary>
    /// <exception cref="ArgumentException">A rule has faults; <see cref="Validate"/> names them as values.</exception>
    public SamplingRules(Vec<SamplingRule> rules)
    {
        Rules = Validate(rules).IfFail(static faults => throw new ArgumentException(faults.Lines()));
        plain = Configured(rules) is { } config ? new(config) : null;
    }

    /// <summary>The rules.</summary>
    public Vec<SamplingRule> Rules { get; }

    /// <summary>The configuration that they stand for, where they are temperature, top-k and top-p at most, in this order.</summary>
    public Option<SamplingConfig> Config => plain is null ? Prelude.None : Prelude.Some(plain.Config);

    /// <summary>Always the most likely token.</summary>
    public static SamplingRules Greedy { get; } = Of(SamplingConfig.Greedy);

    /// <summary>The rules that a configuration stands for.</summary>
    public static SamplingRules Of(SamplingConfig config) => new(In(config));

    /// <summary>The rules of a configuration: temperature, top-k and top-p.</summary>
    public static Vec<SamplingRule> In(SamplingConfig config) => [new TemperatureRule(config.Temperature), new TopKRule(config.TopK), new TopPRule(config.TopP)];

    /// <summary>
    /// Rules in the usual order, whatever order they are given in: repetition, presence and frequency penalties, biases, banned and forced tokens; then temperature, top-k,
    /// top-p, min-p, typical-p. Rules of one kind stay in their order.
    /// </summary>
    public static SamplingRules Usual(Vec<SamplingRule> rules) => new([.. rules.OrderBy(static r => r.Place)]);

    /// <summary>These rules, or every fault in them at once.</summary>
    public static Validation<Fault, Vec<SamplingRule>> Validate(Vec<SamplingRule> rules) => rules.Select(static r => r.Validate()).Gather().Map(_ => rules);

    /// <summary>Those that change single tokens alone: without temperature and what leaves the unlikely out. For searches, which choose by themselves.</summary>
    public SamplingRules OfTokens => new([.. Rules.Where(static r => r.Place < 6)]);

    /// <summary>The next token, drawn from the 0th number of <paramref name="key"/>.</summary>
    /// <param name="logits">A score for each token, <c>[vocabulary]</c>; −∞ is never drawn.</param>
    /// <param name="seen">The tokens so far.</param>
    /// <param name="key">A key of this draw's own.</param>
    /// <exception cref="ArgumentException">There are no logits, one is NaN or +∞, or no token is left.</exception>
    public int Next(ReadOnlySpan<float> logits, Seen seen, Key key)
    {
        if (plain is not null) return plain.Next(logits, key);
        var rented = ArrayPool<double>.Shared.Rent(logits.Length);
        try
        {
            var masses = rented.AsSpan(0, logits.Length);
            return Inversion.Draw(masses, Masses(logits, seen, masses), key.Uniform(0));
        }
        finally
        {
            ArrayPool<double>.Shared.Return(rented);
        }
    }

    /// <summary>The probability with which each token is drawn, <c>[vocabulary]</c>; they sum to 1.</summary>
    /// <param name="logits">A score for each token; −∞ is never drawn.</param>
    /// <param name="seen">The tokens so far.</param>
    public double[] Probabilities(ReadOnlySpan<float> logits, Seen seen)
    {
        if (plain is not null) return plain.Probabilities(logits);
        var result = new double[logits.Length];
        var total = Masses(logits, seen, result);
        foreach (ref var mass in result.AsSpan()) mass /= total;
        return result;
    }

    /// <summary>
    /// What each rule makes of the distribution, in order: the model's own first, which no rule has seen, and then what is left behind each rule that changes anything
    /// there; the last is <see cref="Probabilities"/>.
    /// </summary>
    /// <param name="logits">A score for each token; −∞ is never drawn.</param>
    /// <param name="seen">The tokens so far.</param>
    public Vec<(SamplingRule? Rule, double[] Probabilities)> Trace(ReadOnlySpan<float> logits, Seen seen)
    {
        var all = new List<(SamplingRule?, double[])> { (null, new SamplingRules([]).Probabilities(logits, seen)) };
        for (var i = 0; i < Rules.Count; i++)
        {
            var after = new SamplingRules([.. Rules.Take(i + 1)]).Probabilities(logits, seen);
            if (!after.AsSpan().SequenceEqual(all[^1].Item2)) all.Add((Rules[i], after));
        }
        return [.. all];
    }

    /// <summary>Logits as the rules leave them.</summary>
    /// <param name="logits">A score for each token.</param>
    /// <param name="seen">The tokens so far.</param>
    public double[] Apply(ReadOnlySpan<float> logits, Seen seen)
    {
        var result = new double[logits.Length];
        Apply(logits, seen, result);
        return result;
    }

    void Apply(ReadOnlySpan<float> logits, Seen seen, Span<double> result)
    {
        if (logits.IsEmpty) throw new ArgumentException("there are no logits to sample from.");
        for (var i = 0; i < logits.Length; i++)
            result[i] = float.IsNaN(logits[i]) || float.IsPositiveInfinity(logits[i]) ? throw new ArgumentException($"the logit of token {i} is {logits[i]}.") : logits[i];
        foreach (var rule in Rules.Span) rule.Apply(seen, result);
    }

    // Probabilities up to a common factor, and their sum.
    double Masses(ReadOnlySpan<float> logits, Seen seen, Span<double> result)
    {
        Apply(logits, seen, result);
        var (max, total) = (double.NegativeInfinity, 0.0);
        foreach (var logit in result) max = Math.Max(max, logit);
        if (double.IsNegativeInfinity(max)) throw new ArgumentException("the rules leave no token.");
        foreach (ref var logit in result) total += logit = Math.Exp(logit - max);
        return total;
    }

    static SamplingConfig? Configured(Vec<SamplingRule> rules)
    {
        var (config, last) = (new SamplingConfig(), -1);
        foreach (var rule in rules)
        {
            if (rule.Place is < 6 or > 8 || rule.Place <= last) return null;
            (config, last) = (rule switch
            {
                TemperatureRule t => config with { Temperature = t.Value },
                TopKRule k => config with { TopK = k.Count },
                TopPRule p => config with { TopP = p.Share },
                _ => config,
            }, rule.Place);
        }
        return config;
    }

    /// <inheritdoc/>
    public bool Equals(SamplingRules? other) => other is not null && Rules == other.Rules;

    /// <inheritdoc/>
    public override int GetHashCode() => Rules.GetHashCode();

    /// <summary>The rules with commas between them.</summary>
    public override string ToString() => string.Join(", ", Rules);
}
