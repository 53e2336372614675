using Functional.Execution;
using Functional.Storage;

namespace Functional.Chat;

/// <summary>A model that a program serves: its name, where it lies, and how it computes and answers.</summary>
/// <param name="Name">What it is called: the key of its services and the id that requests may name.</param>
/// <param name="Folder">The run folder; it is read at the first use.</param>
public sealed record ServedModel(string Name, string Folder)
{
    /// <summary>What it computes on; nothing for the best that is there.</summary>
    public EngineOptions? Engine { get; init; }

    /// <summary>Which checkpoint.</summary>
    public CheckpointChoice Checkpoint { get; init; }

    /// <summary>Of which stage; nothing for the last that has a checkpoint.</summary>
    public string? Stage { get; init; }

    /// <summary>A folder with adapters of PEFT that are put into its weights; nothing for none.</summary>
    public string? Adapter { get; init; }

    /// <summary>How many texts it writes at once, and how many requests may wait.</summary>
    public HostOptions Host { get; init; } = new();

    /// <summary>How it answers where a request does not say.</summary>
    public AskOptions Defaults { get; init; } = new();
}
