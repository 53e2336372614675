using Functional.Base;
using Functional.Server;
using Functional.Storage;

namespace Functional.Cli;

/// <summary><c>functional serve</c>: models over HTTP.</summary>
static class ServeCommand
{
    public static CommandSpec Spec => new("Serves models over HTTP, in the form of OpenAI's API, for programs and for clients that people have already.",
        [
            new("--adapter", "NAME=DIR", "serves the first run with adapters of PEFT put into its weights, too, as a model of that name") { Many = true },
            Models.Checkpoint,
            .. ServerFlags.All,
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
        var checkpoint = CheckpointChoice.Parse(given.Text("--checkpoint"), "--checkpoint").OrThrow();
        var runs = given.Text("runs")!.Split('\n').Select(Named).ToVec();
        var adapters = given.All("--adapter").Select(text => text.Split('=', 2) is [{ Length: > 0 } name, { Length: > 0 } folder] ? new ServedRun(name, runs[0].Folder, folder)
            : throw new FunctionalException(new Fault("--adapter", $"is {text}", "expected a name and a folder, as poems=adapters/poems")));
        var options = ServerFlags.Read(given, terminal) with { Runs = [.. runs, .. adapters], Checkpoint = checkpoint };
        await using var server = await ServerFlags.Started("serve", () => ModelServer.StartAsync(options, interruption.Token)).ConfigureAwait(false);
        ServerFlags.Say(terminal, server.Address, options);
        await server.Loaded.WaitAsync(interruption.Token).ConfigureAwait(false);
        terminal.Line($"ready: {string.Join(", ", options.Runs.Select(static r => Show.Harmless(r.Name)))}");
        await interruption.Came().ConfigureAwait(false);
        await server.StopAsync().ConfigureAwait(false);
        // Whoever asks a server to end has got what they wanted.
        return 0;
    }

    static ServedRun Named(string text) => text.Split('=', 2) is [{ Length: > 0 } name, { Length: > 0 } folder] && !Directory.Exists(text) ? new(name, folder)
        : new(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(text))), text);
}
