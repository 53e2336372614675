using Microsoft.Extensions.Logging;

namespace Functional.Chat;

/// <summary>How a <see cref="ChatClient"/> or an <see cref="EmbeddingGenerator"/> serves a model.</summary>
public sealed record ChatClientOptions
{
    /// <summary>What the model is called; a request that names another is refused.</summary>
    public string ModelId { get; init; } = "functional";

    /// <summary>How it answers where a request does not say; its <see cref="AskOptions.Seed"/> counts only in requests that make their own by <c>RawRepresentationFactory</c>.</summary>
    public AskOptions Defaults { get; init; } = new();

    /// <summary>Who is told of requests; nothing for nobody.</summary>
    public ILoggerFactory? LoggerFactory { get; init; }

    /// <summary>Whether logs may hold what is said, at <see cref="LogLevel.Trace"/>, and exceptions with their messages; else counts, times and names alone.</summary>
    public bool EnableSensitiveData { get; init; }

    /// <summary>Whether a host that was given ends with its client.</summary>
    public bool OwnsHost { get; init; }
}
