using System.Buffers;
using Functional.Base;
using LanguageExt;

namespace Functional.Sampling;

/// <summary>
/// Tokens that were seen, in the prompt or since, are less likely: a positive logit is divided, a negative one multiplied (Keskar et al. 2019, "CTRL", as Hugging Face has it).
/// </summary>
/// <param name="Factor">Above 0; 1 changes nothing, below 1 repeats.</param>
public sealed record RepetitionRule(double Factor) : SamplingRule
{
    internal override int Place => 0;

    /// <inheritdoc/>
    public override void Apply(Seen seen, Span<double> logits)
    {
        if (Factor == 1) return;
        var words = ArrayPool<ulong>.Shared.Rent((logits.Length + 63) / 64);
        try
        {
            System.Array.Clear(words);
            Mark(seen.Prompt, words, logits);
            Mark(seen.Written, words, logits);
        }
        finally
        {
            ArrayPool<ulong>.Shared.Return(words);
        }
    }

    // However often it was there, once.
    void Mark(ReadOnlySpan<int> tokens, ulong[] done, Span<double> logits)
    {
        foreach (var token in tokens)
        {
            if ((done[token >> 6] >> token & 1) != 0) continue;
            done[token >> 6] |= 1UL << token;
            ref var logit = ref logits[token];
            logit = logit > 0 ? logit / Factor : logit * Factor;
        }
    }

    /// <inheritdoc/>
    public override Validation<Fault, Unit> Validate() => Within(Factor > 0 && double.IsFinite(Factor), "repetition-penalty", Factor, "allowed: a finite number above 0; 1 is off");
}

/// <summary>Takes a number from the logit of each token that was written, however often (as OpenAI's API has it); what the prompt holds does not count.</summary>
/// <param name="Penalty">Any finite number; 0 changes nothing, below 0 repeats.</param>
public sealed record PresenceRule(double Penalty) : SamplingRule
{
    internal override int Place => 1;

    /// <inheritdoc/>
    public override void Apply(Seen seen, Span<double> logits)
    {
        if (Penalty == 0) return;
        var written = seen.Written;
        // The first of each.
        var words = ArrayPool<ulong>.Shared.Rent((logits.Length + 63) / 64);
        System.Array.Clear(words);
        foreach (var token in written)
        {
            if ((words[token >> 6] >> token & 1) == 0) logits[token] -= Penalty;
            words[token >> 6] |= 1UL << token;
        }
        ArrayPool<ulong>.Shared.Return(words);
    }

    /// <inheritdoc/>
    public override Validation<Fault, Unit> Validate() => Within(double.IsFinite(Penalty), "presence-penalty", Penalty, "allowed: a finite number; 0 is off");
}

/// <summary>Takes a number from the logit of a token for each time that it was written (as OpenAI's API has it); what the prompt holds does not count.</summary>
/// <param name="Penalty">Any finite number; 0 changes nothing, below 0 repeats.</param>
public sealed record FrequencyRule(double Penalty) : SamplingRule
{
    internal override int Place => 2;

    /// <inheritdoc/>
    public override void Apply(Seen seen, Span<double> logits)
    {
        foreach (var token in seen.Written) logits[token] -= Penalty;
    }

    /// <inheritdoc/>
    public override Validation<Fault, Unit> Validate() => Within(double.IsFinite(Penalty), "frequency-penalty", Penalty, "allowed: a finite number; 0 is off");
}
