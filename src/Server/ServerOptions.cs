using System.Net;
using Functional.Base;
using Functional.Execution;
using Functional.Storage;
using LanguageExt;

namespace Functional.Server;

/// <summary>A model that is served.</summary>
/// <param name="Name">What clients call it.</param>
/// <param name="Folder">Its run's folder.</param>
/// <param name="Adapter">The folder of adapters that are put into its weights; nothing for none.</param>
public sealed record ServedRun(string Name, string Folder, string? Adapter = null);

/// <summary>What is served, to whom, and how much of it.</summary>
public sealed record ServerOptions
{
    /// <summary>The models, one or more, each under a name of its own; requests that name none are for the first.</summary>
    public Vec<ServedRun> Runs { get; init; } = [];

    /// <summary>What they compute on; nothing for the best that is there.</summary>
    public EngineOptions? Engine { get; init; }

    /// <summary>Which checkpoint of each.</summary>
    public CheckpointChoice Checkpoint { get; init; }

    /// <summary>The address to listen at; loopback unless told otherwise.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>The port; 0 for any that is free.</summary>
    public int Port { get; init; } = 8080;

    /// <summary>How many texts each model writes at once, and how many requests may wait.</summary>
    public HostOptions Host { get; init; } = new();

    /// <summary>Keys of which clients must have one; none where everybody may ask.</summary>
    public Vec<string> Keys { get; init; } = [];

    /// <summary>Origins whose pages may ask, as <c>https://example.org</c>; none.</summary>
    public Vec<string> Origins { get; init; } = [];

    /// <summary>How many tokens a text has at most.</summary>
    public int MostTokens { get; init; } = 4096;

    /// <summary>How many bytes a request's body has at most.</summary>
    public int MostBody { get; init; } = 4 << 20;

    /// <summary>How many connections there are at most.</summary>
    public int MostConnections { get; init; } = 1024;

    /// <summary>How long a request may take, from when it has come.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long what is being written may go on when the server is stopped.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Is told what went wrong that no client can mend, a text each, on any thread; nothing for nobody.</summary>
    public Action<string>? Told { get; init; }

    /// <summary>These options, or every fault in them at once, each under the name of its property.</summary>
    public Validation<Fault, ServerOptions> Validate() => Named.Concat(Reached).Gather().Map(_ => this);

    Validation<Fault, Unit>[] Named =>
    [
        Fault.Unless(Runs.Count > 0, nameof(Runs), "is empty", "expected one run or more"),
        Fault.Unless(Runs.Select(static r => r.Name).Distinct(StringComparer.Ordinal).Count() == Runs.Count, nameof(Runs),
            $"has two models called {Runs.GroupBy(static r => r.Name).Where(static g => g.Count() > 1).Select(static g => g.Key).FirstOrDefault()}", "allowed: names of their own, as in NAME=FOLDER"),
        Fault.Unless(Runs.All(static r => r.Name.Length is > 0 and <= 200 && r.Name.All(static c => c is > ' ' and not '"' and not '\\' and < '\u007f')), nameof(Runs),
            "has a name that cannot be one", "allowed: up to 200 visible ASCII characters, without quotes and backslashes, as in NAME=FOLDER"),
    ];

    /// <summary>What is wrong with all but the runs.</summary>
    internal Validation<Fault, Unit>[] Reached =>
    [
        Fault.Unless(Port is >= 0 and <= 65535, nameof(Port), $"is {Port}", "allowed: 0 (any that is free) to 65535"),
        Fault.Unless(Keys.All(static k => k.Length >= 8 && !k.Any(char.IsWhiteSpace)), nameof(Keys), "has one that is too short, or has blanks", "allowed: 8 characters or more, without blanks"),
        Fault.Unless(MostTokens >= 1, nameof(MostTokens), $"is {MostTokens}", "allowed: 1 or more"),
        Fault.Unless(MostBody >= 1024, nameof(MostBody), $"is {MostBody}", "allowed: 1024 or more"),
        Fault.Unless(MostConnections >= 1, nameof(MostConnections), $"is {MostConnections}", "allowed: 1 or more"),
        Fault.Unless(Timeout > TimeSpan.Zero, nameof(Timeout), $"is {Timeout}", "allowed: more than 0"),
        Fault.Unless(Grace >= TimeSpan.Zero, nameof(Grace), $"is {Grace}", "allowed: 0 or more"),
        Fault.Unless(Origins.All(static o => Uri.TryCreate(o, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.AbsolutePath == "/" && !o.EndsWith('/')), nameof(Origins),
            "has one that is none", "allowed: such as https://example.org, without a path"),
    ];
}
