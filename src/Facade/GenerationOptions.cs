using Functional.Base;
using Functional.Sampling;
using LanguageExt;

namespace Functional;

/// <summary>By what the best of several texts is chosen.</summary>
public enum BestBy
{
    /// <summary>The mean log-probability of its tokens.</summary>
    Mean,
    /// <summary>The sum of them, which likes short texts.</summary>
    Sum,
}

/// <summary>How a text is continued.</summary>
public sealed record GenerationOptions : DecodingOptions
{
    /// <summary>How many tokens are written.</summary>
    public int Tokens { get; init; } = 256;

    /// <summary>What logits are divided by; 0 takes the most likely token each time.</summary>
    public double Temperature { get; init; } = 0.8;

    /// <summary>Only so many of the most likely tokens may be drawn; 0 for all.</summary>
    public int TopK { get; init; }

    /// <summary>Only the most likely tokens that together reach this share may be drawn; the one that crosses it is kept. 1 for all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>
    /// How many tokens each token sees at most, its own among them: the text may then go on without end in memory that does not grow. 0 for what the model
    /// was trained with. Not for models whose positions are learned.
    /// </summary>
    public int Window { get; init; }

    /// <summary>How many tokens from the beginning are seen beside the window (Xiao et al. 2023: four keep a model that was trained without a window sound).</summary>
    public int Sinks { get; init; }

    /// <summary>Whether the text ends where the model says its end, if it has a token for that.</summary>
    public bool StopsAtEnd { get; init; } = true;

    /// <summary>The same seed gives the same text.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>How many texts <see cref="LanguageModel.CompleteAsync"/> gives, 1 or more: each with a key of its own, so that fewer are the first of more.</summary>
    public int Samples { get; init; } = 1;

    /// <summary>Of how many texts the <see cref="Samples"/> best are given, by the model's own log-probabilities; 0 for no choice.</summary>
    public int BestOf { get; init; }

    /// <summary>By what they are chosen.</summary>
    public BestBy BestBy { get; init; }

    /// <summary>How many sequences a search keeps in view; 0 for none, and tokens are drawn. A search knows rules of single tokens and constraints, and no temperature.</summary>
    public int Beams { get; init; }

    /// <summary>What a search gives the most of: Σ log p / length^this, 0 or more.</summary>
    public double LengthPenalty { get; init; } = 1;

    /// <summary>How many of the likeliest tokens are told at the place of each token, 0 or more.</summary>
    public int LogProbs { get; init; }

    /// <summary>These options, or every fault in them at once, each under the name of its property.</summary>
    public Validation<Fault, GenerationOptions> Validate() => new[]
    {
        Fault.Unless(Tokens >= 0, nameof(Tokens), FormattableString.Invariant($"is {Tokens}"), "allowed: 0 or more"),
        Fault.Unless(Window >= 0, nameof(Window), FormattableString.Invariant($"is {Window}"), "allowed: 0 or more"),
        Fault.Unless(Sinks >= 0, nameof(Sinks), FormattableString.Invariant($"is {Sinks}"), "allowed: 0 or more"),
        Fault.Unless(Samples is >= 1 and <= 4096, nameof(Samples), $"is {Samples}", "allowed: 1 to 4096"),
        Fault.Unless(BestOf == 0 || (BestOf >= Samples && BestOf <= 4096), nameof(BestOf), $"is {BestOf}", $"allowed: 0 (off), or {Samples}, which are given, to 4096"),
        Fault.Unless(Enum.IsDefined(BestBy), nameof(BestBy), $"is {BestBy}", "allowed: Mean, Sum"),
        Fault.Unless(Beams is >= 0 and <= 256, nameof(Beams), $"is {Beams}", "allowed: 0 (off) to 256"),
        Fault.Unless(Beams == 0 || (BestOf == 0 && Samples <= Beams), nameof(Beams), "stands beside a choice of the best, or is fewer than are given", "allowed: beams alone, as many as samples or more"),
        Fault.Unless(Beams == 0 || (Draft is null && Lookup == 0), nameof(Beams), "stands beside drafts", "allowed: one of them"),
        Fault.Unless(Beams == 0 || Stops.Count == 0, nameof(Beams), "stands beside stops", "allowed: one of them"),
        Fault.Unless(Beams == 0 || LogProbs == 0, nameof(Beams), "stands beside log-probabilities of tokens", "allowed: one of them; a search tells the sum"),
        Fault.Unless(LengthPenalty >= 0 && double.IsFinite(LengthPenalty), nameof(LengthPenalty), FormattableString.Invariant($"is {LengthPenalty:R}"), "allowed: a finite number, 0 or more"),
        Fault.Unless(LogProbs is >= 0 and <= 1000, nameof(LogProbs), $"is {LogProbs}", "allowed: 0 to 1000"),
    }.Concat(Checks).Gather().Map(_ => this);

    // One text that is drawn, and told while it is written.
    internal Validation<Fault, GenerationOptions> Single() => new[]
    {
        Fault.Unless(Samples == 1, nameof(Samples), $"is {Samples}, and one text is written", "allowed: 1; or CompleteAsync"),
        Fault.Unless(BestOf == 0, nameof(BestOf), $"is {BestOf}, and one text is written", "allowed: 0; or CompleteAsync"),
        Fault.Unless(Beams == 0, nameof(Beams), $"is {Beams}, and a search has no text before its end", "allowed: 0; or CompleteAsync"),
        Fault.Unless(LogProbs == 0, nameof(LogProbs), $"is {LogProbs}, and only text is told", "allowed: 0; or CompleteAsync"),
    }.Gather().Map(_ => this);

    private protected override SamplingConfig Config => new() { Temperature = Temperature, TopK = TopK, TopP = TopP };
}
