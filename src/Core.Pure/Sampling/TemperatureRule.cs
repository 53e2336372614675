using Functional.Base;
using LanguageExt;

namespace Functional.Sampling;

/// <summary>Logits are divided by a temperature: below 1 the likely become likelier, above 1 less so.</summary>
/// <param name="Value">The temperature; at 0 only the most likely token is left, of several the one with the lowest number.</param>
public sealed record TemperatureRule(double Value) : SamplingRule
{
    internal override int Place => 6;

    /// <inheritdoc/>
    public override void Apply(Seen seen, Span<double> logits)
    {
        if (Value == 1) return;
        var best = Best(logits);
        if (Value == 0)
        {
            var kept = logits[best];
            logits.Fill(double.NegativeInfinity);
            logits[best] = kept;
            return;
        }
        // Near 0 the quotients would be no numbers; only distances from the largest count in the end.
        var shift = Math.Abs(logits[best] / Value) < 1e300 ? 0 : logits[best];
        foreach (ref var logit in logits) logit = (logit - shift) / Value;
    }

    /// <inheritdoc/>
    public override Validation<Fault, Unit> Validate() => Within(Value >= 0 && double.IsFinite(Value), "temperature", Value, "allowed: 0 (greedy) or a finite number above it");
}
