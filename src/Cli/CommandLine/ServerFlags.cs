using System.Globalization;
using System.Net;
using Functional.Base;
using Functional.Server;
using LanguageExt;

namespace Functional.Cli;

/// <summary>Where a server listens, to whom, and how much it takes.</summary>
static class ServerFlags
{
    const string KeysVariable = "FUNCTIONAL_KEYS";
    static readonly ServerOptions standard = new();

    public static Vec<Flag> All =>
    [
        new("--address", "IP", "the address to listen at; anything but loopback is for everybody who can reach it") { Default = $"{standard.Address}" },
        new("--port", "N", "the port; 0 for any that is free") { Default = $"{standard.Port}" },
        new("--keys", "FILE", $"keys of which clients must have one, a line each; else those of the variable {KeysVariable}, with commas between them") { Default = "none, and everybody may ask" },
        new("--cors", "ORIGIN", "an origin whose pages may ask, as https://example.org") { Many = true },
        new("--rows", "N", "texts that each model writes at once; 0 for what has room, up to 32") { Default = $"{standard.Host.Rows}" },
        new("--queue", "N", "requests of each model that may wait") { Default = $"{standard.Host.Queue}" },
        new("--max-tokens", "N", "tokens that a text may have") { Default = $"{standard.MostTokens}" },
        new("--max-body", "BYTES", "bytes that a request may have") { Default = $"{standard.MostBody}" },
        new("--max-connections", "N", "connections at once") { Default = $"{standard.MostConnections}" },
        new("--timeout", "SECONDS", "how long a request may take") { Default = Show.Number(standard.Timeout.TotalSeconds) },
        new("--grace", "SECONDS", "how long what is being written may go on when the server is stopped") { Default = Show.Number(standard.Grace.TotalSeconds) },
        .. EngineFlags.All,
    ];

    /// <summary>What was given, without runs.</summary>
    public static ServerOptions Read(Given given, Terminal terminal)
    {
        var (engine, port, rows, queue) = (EngineFlags.Reading(given), given.Whole("--port", standard.Port, 0, 65535), given.Whole("--rows", standard.Host.Rows, 0, 1024), given.Whole("--queue", standard.Host.Queue, 0)).Checked();
        var (tokens, body, connections, keys) = (given.Whole("--max-tokens", standard.MostTokens, 1), given.Whole("--max-body", standard.MostBody, 1024), given.Whole("--max-connections", standard.MostConnections, 1), Keys(given)).Checked();
        var (timeout, grace, address) = (Seconds(given, "--timeout", standard.Timeout), Seconds(given, "--grace", standard.Grace), Address(given)).Checked();
        return new()
        {
            Engine = engine, Address = address, Port = port, Host = new() { Rows = rows, Queue = queue }, Keys = keys, Origins = given.All("--cors"), MostTokens = tokens, MostBody = body, MostConnections = connections,
            Timeout = timeout, Grace = grace, Told = text => terminal.Error.WriteLine($"error: {Show.Harmless(text)}"),
        };
    }

    /// <summary>Says where a server listens, and who may ask it.</summary>
    public static void Say(Terminal terminal, string address, ServerOptions options)
    {
        terminal.Line($"listening at {address}");
        terminal.Line($"OpenAI's clients find it at {address}/v1");
        if (!IPAddress.IsLoopback(options.Address) && options.Keys.Count == 0) terminal.Line("note: everybody who can reach this address may ask; --keys says who may");
    }

    /// <summary>Starts a server; faults of its options are told by the names of the flags.</summary>
    /// <param name="command">The command, which what is served belongs to.</param>
    /// <param name="start">Starts it.</param>
    public static async Task<T> Started<T>(string command, Func<Task<T>> start)
    {
        try
        {
            return await start().ConfigureAwait(false);
        }
        catch (FunctionalException e)
        {
            throw new FunctionalException([.. e.Faults.Select(fault => Flagged(fault, command))]);
        }
    }

    static Fault Flagged(Fault fault, string command) => fault with
    {
        Where = fault.Where switch
        {
            nameof(ServerOptions.Keys) => "--keys",
            nameof(ServerOptions.Port) => "--port",
            nameof(ServerOptions.Origins) => "--cors",
            nameof(ServerOptions.Timeout) => "--timeout",
            nameof(ServerOptions.Runs) => command,
            _ => fault.Where,
        },
    };

    static Validation<Fault, TimeSpan> Seconds(Given given, string flag, TimeSpan otherwise) => given.Number(flag, otherwise.TotalSeconds)
        .Bind(s => Fault.Unless(s >= 0 && s <= 86400 * 7, flag, string.Create(CultureInfo.InvariantCulture, $"is {s:R}"), "allowed: 0 to 604800, a week").Map(_ => TimeSpan.FromSeconds(s)));

    static Validation<Fault, IPAddress> Address(Given given) => given.Text("--address") is not { } text ? standard.Address
        : text == "localhost" ? IPAddress.Loopback : IPAddress.TryParse(text, out var address) ? address
        : Fault.Of<IPAddress>("--address", $"is {text}", "expected an IP address, as 127.0.0.1, 0.0.0.0 or ::1");

    static Validation<Fault, Vec<string>> Keys(Given given)
    {
        if (given.Text("--keys") is not { } file)
            return Environment.GetEnvironmentVariable(KeysVariable) is { Length: > 0 } variable ? (Vec<string>)[.. variable.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)] : [];
        return Files.TextFile.Read(file).Bind(text => (Vec<string>)[.. text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Where(static line => line[0] != '#')] is { Count: > 0 } keys
            ? Prelude.Success<Fault, Vec<string>>(keys) : Fault.Of<Vec<string>>(file, "has no key", "expected one a line, of 8 characters or more"));
    }
}
