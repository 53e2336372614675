using System.Globalization;
using System.Net;
using Functional.Base;
using Functional.Server;
using Functional.Storage;
using LanguageExt;

namespace Functional.Cli;

/// <summary><c>functional serve</c>: models over HTTP.</summary>
static class ServeCommand
{
    const string KeysVariable = "FUNCTIONAL_KEYS";
    static readonly ServerOptions standard = new();

    public static CommandSpec Spec => new("serve", "Serves models over HTTP, in the form of OpenAI's API, for programs and for clients that people have already.",
        [
            new("--adapter", "NAME=DIR", "serves the first run with adapters of PEFT put into its weights, too, as a model of that name") { Many = true },
            Models.Checkpoint,
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
        ], Run)
    {
        Argument = new("runs", "RUN…", "folders of runs; each is served under its folder's name, or, as NAME=FOLDER, under that name"), TakesMany = true,
        Details = """
            /v1/models, /v1/chat/completions, /v1/completions, /v1/embeddings: streams, n, stop, seed, logprobs, logit_bias, response_format (JSON
            schemas), tools; and top_k, min_p, typical_p, repetition_penalty, regex, lookup, template of our own. Any client of OpenAI's API talks to
            it with its base address changed, and any text for a key where none is asked for. /healthz, /readyz, /metrics (Prometheus).

            A model writes many texts at once, and a text does not depend on the others. Ctrl-C lets those that are being written end.

            """,
        Examples = [new("serve runs/answers", "one model, for this machine"), new("serve chat=runs/answers poems=runs/poems --keys keys.txt --address 0.0.0.0", "two, for whoever has a key")],
    };

    static async Task<int> Run(Given given, Terminal terminal, Interruption interruption)
    {
        var (engine, checkpoint, port, rows) = (EngineFlags.Reading(given), CheckpointChoice.Parse(given.Text("--checkpoint"), "--checkpoint"), given.Whole("--port", standard.Port, 0, 65535),
            given.Whole("--rows", standard.Host.Rows, 0, 1024)).Checked();
        var (queue, tokens, body, connections) = (given.Whole("--queue", standard.Host.Queue, 0), given.Whole("--max-tokens", standard.MostTokens, 1), given.Whole("--max-body", standard.MostBody, 1024),
            given.Whole("--max-connections", standard.MostConnections, 1)).Checked();
        var (timeout, grace, address, keys) = (Seconds(given, "--timeout", standard.Timeout), Seconds(given, "--grace", standard.Grace), Address(given), Keys(given)).Checked();
        var runs = given.Text("runs")!.Split('\n').Select(Named).ToVec();
        var adapters = given.All("--adapter").Select(text => text.Split('=', 2) is [{ Length: > 0 } name, { Length: > 0 } folder] ? new ServedRun(name, runs[0].Folder, folder)
            : throw new FunctionalException(new Fault("--adapter", $"is {text}", "expected a name and a folder, as poems=adapters/poems")));
        var options = new ServerOptions
        {
            Runs = [.. runs, .. adapters], Engine = engine, Checkpoint = checkpoint, Address = address, Port = port, Host = new() { Rows = rows, Queue = queue }, Keys = keys, Origins = given.All("--cors"),
            MostTokens = tokens, MostBody = body, MostConnections = connections, Timeout = timeout, Grace = grace,
            Told = text => terminal.Error.WriteLine($"error: {Show.Harmless(text)}"),
        };
        _ = options.Validate().MapFail(Flagged).OrThrow();
        await using var server = await Started(options, interruption.Token).ConfigureAwait(false);
        terminal.Line($"listening at {server.Address}");
        if (!IPAddress.IsLoopback(address) && keys.Count == 0) terminal.Line("note: everybody who can reach this address may ask; --keys says who may");
        await server.Loaded.WaitAsync(interruption.Token).ConfigureAwait(false);
        terminal.Line($"ready: {string.Join(", ", options.Runs.Select(static r => Show.Harmless(r.Name)))}");
        try
        {
            await Task.Delay(Timeout.Infinite, interruption.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            await server.StopAsync().ConfigureAwait(false);
        }
        // Whoever asks a server to end has got what they wanted.
        return 0;
    }

    static async Task<ModelServer> Started(ServerOptions options, CancellationToken stop)
    {
        try
        {
            return await ModelServer.StartAsync(options, stop).ConfigureAwait(false);
        }
        catch (FunctionalException e)
        {
            throw new FunctionalException([.. e.Faults.Select(Flagged)]);
        }
    }

    static ServedRun Named(string text) => text.Split('=', 2) is [{ Length: > 0 } name, { Length: > 0 } folder] && !Directory.Exists(text) ? new(name, folder)
        : new(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(text))), text);

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

    static Fault Flagged(Fault fault) => fault with
    {
        Where = fault.Where switch
        {
            nameof(ServerOptions.Keys) => "--keys",
            nameof(ServerOptions.Port) => "--port",
            nameof(ServerOptions.Origins) => "--cors",
            nameof(ServerOptions.Timeout) => "--timeout",
            nameof(ServerOptions.Runs) => "serve",
            _ => fault.Where,
        },
    };
}
