using Functional.Base;
using Functional.Sampling;
using LanguageExt;

namespace Functional;

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

    /// <summary>These options, or every fault in them at once, each under the name of its property.</summary>
    public Validation<Fault, GenerationOptions> Validate() => new[]
    {
        Fault.Unless(Tokens >= 0, nameof(Tokens), FormattableString.Invariant($"is {Tokens}"), "allowed: 0 or more"),
        Fault.Unless(Window >= 0, nameof(Window), FormattableString.Invariant($"is {Window}"), "allowed: 0 or more"),
        Fault.Unless(Sinks >= 0, nameof(Sinks), FormattableString.Invariant($"is {Sinks}"), "allowed: 0 or more"),
    }.Concat(Checks).Gather().Map(_ => this);

    private protected override SamplingConfig Config => new() { Temperature = Temperature, TopK = TopK, TopP = TopP };
}
