using Functional.Base;
using Functional.Sampling;

namespace Functional.Sessions;

/// <summary>How a model writes, beyond what a <see cref="SamplingConfig"/> says.</summary>
/// <param name="Rules">How tokens are drawn.</param>
public sealed record Decoding(SamplingRules Rules)
{
    /// <summary>Texts that end a text.</summary>
    public Vec<string> Stops { get; init; } = [];

    /// <summary>Whether they are a part of it.</summary>
    public bool KeepsStop { get; init; }

    /// <summary>The regular expression that it matches; nothing for none.</summary>
    public string? Regex { get; init; }

    /// <summary>The JSON schema that accepts it; nothing for none.</summary>
    public Json? Schema { get; init; }

    /// <summary>Whether a text that does not begin as objects do may be written in place of what the schema accepts.</summary>
    public bool SchemaOptional { get; init; }

    /// <summary>The folder of a run with a smaller model that drafts; nothing for none.</summary>
    public string? Draft { get; init; }

    /// <summary>How many tokens are drafted at a time; 0 for none.</summary>
    public int Drafts { get; init; }

    /// <summary>How many of the last tokens are looked for, to draft what stood behind them; 0 for none.</summary>
    public int Lookup { get; init; }

    /// <summary>How many of the likeliest tokens are told.</summary>
    public int Likely { get; init; }

    /// <summary>Whether there is no more to it than temperature, top-k and top-p.</summary>
    public bool IsPlain => Rules.Config.IsSome && this == new Decoding(Rules);
}
