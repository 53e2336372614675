using Functional.Base;
using LanguageExt;

namespace Functional.Sampling;

/// <summary>A number that is added to a token's logit.</summary>
/// <param name="Token">The token.</param>
/// <param name="Amount">Any finite number.</param>
public readonly record struct TokenBias(int Token, double Amount);

/// <summary>A token that stands at a place.</summary>
/// <param name="Position">Which of the tokens that are written, from 0.</param>
/// <param name="Token">The token.</param>
public readonly record struct ForcedToken(int Position, int Token);

/// <summary>Adds numbers to the logits of some tokens.</summary>
/// <param name="Biases">Which; a token that is named twice has both.</param>
public sealed record BiasRule(Vec<TokenBias> Biases) : SamplingRule
{
    internal override int Place => 3;

    /// <inheritdoc/>
    public override void Apply(Seen seen, Span<double> logits)
    {
        foreach (var (token, amount) in Biases.Span) logits[token] += amount;
    }

    /// <inheritdoc/>
    public override Validation<Fault, Unit> Validate() => Biases.Select(static b => b is { Token: >= 0 } && double.IsFinite(b.Amount) ? Prelude.Success<Fault, Unit>(Prelude.unit)
        : Fault.Of<Unit>("bias", FormattableString.Invariant($"holds {b.Token}={b.Amount:R}"), "allowed: tokens from 0 with finite numbers")).Gather().Map(static _ => Prelude.unit);
}

/// <summary>Tokens that are never chosen.</summary>
/// <param name="Tokens">Which.</param>
public sealed record BanRule(Vec<int> Tokens) : SamplingRule
{
    internal override int Place => 4;

    /// <inheritdoc/>
    public override void Apply(Seen seen, Span<double> logits)
    {
        foreach (var token in Tokens.Span) logits[token] = double.NegativeInfinity;
    }

    /// <inheritdoc/>
    public override Validation<Fault, Unit> Validate() => Tokens.Where(static t => t < 0).Distinct().Select(static t => Fault.Of<Unit>("ban", $"holds {t}", "allowed: tokens from 0"))
        .Gather().Map(static _ => Prelude.unit);
}

/// <summary>Tokens that stand at their places, however unlikely or banned they are.</summary>
/// <param name="Tokens">Which, each place once.</param>
public sealed record ForceRule(Vec<ForcedToken> Tokens) : SamplingRule
{
    internal override int Place => 5;

    /// <inheritdoc/>
    public override void Apply(Seen seen, Span<double> logits)
    {
        foreach (var (position, token) in Tokens.Span)
        {
            if (position != seen.Written.Length) continue;
            logits.Fill(double.NegativeInfinity);
            logits[token] = 0;
            return;
        }
    }

    /// <inheritdoc/>
    public override Validation<Fault, Unit> Validate() =>
        Tokens.Where(static t => t.Position < 0 || t.Token < 0).Select(static t => Fault.Of<Unit>("force", $"holds token {t.Token} at {t.Position}", "allowed: tokens and places from 0"))
            .Concat(Tokens.GroupBy(static t => t.Position).Where(static g => g.Count() > 1).Select(static g => Fault.Of<Unit>("force", $"names place {g.Key} twice", "allowed: once")))
            .Gather().Map(static _ => Prelude.unit);
}
