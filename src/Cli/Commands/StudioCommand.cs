using Functional.Studio;

namespace Functional.Cli;

/// <summary><c>functional studio</c>: runs, chats, annotations and lessons in a browser.</summary>
static class StudioCommand
{
    public static CommandSpec Spec => new("Opens a studio for the browser: runs as they learn, chats with their models, annotations and training from them, lessons.",
        [
            new("--models", "N", "models that stay in memory while nobody uses them") { Default = $"{new StudioOptions().MostModels}" },
            .. ServerFlags.All,
        ], Run)
    {
        Argument = new("runs", "RUNS…", "folders of runs, or folders that hold such; runs where none is named"), TakesMany = true, MayLack = true,
        Details = """
            Runs shows how runs learn, settings side by side and what they write, and stops and resumes them. Chat writes with several models side
            by side and shows what each token might have been. Annotate collects which answer is better, trains on that, and shows what changed.
            Learn has the lessons, with their pictures and laws. Everything is in the program, and nothing comes from a network. OpenAI's API is
            there, too, as of functional serve, with the models by their runs' names, such as tour/sft.

            """,
        Examples = [new("studio", "all runs of the folder runs, at http://127.0.0.1:8080"), new("studio runs/tour --port 0", "one run, at a port that is free")],
    };

    static async Task<int> Run(Given given, Terminal terminal, Interruption interruption)
    {
        var most = given.Whole("--models", new StudioOptions().MostModels, 1, 1024).OrThrow();
        var options = new StudioOptions { Server = ServerFlags.Read(given, terminal), MostModels = most };
        if (given.Text("runs") is { } runs) options = options with { Folders = [.. runs.Split('\n')] };
        foreach (var missing in options.Folders.Where(static f => !Directory.Exists(f) && !File.Exists(f))) terminal.Line($"note: there is no folder {Show.Harmless(missing)} yet; runs are shown when there are some");
        await using var studio = await ServerFlags.Started("studio", () => StudioServer.StartAsync(options, interruption.Token)).ConfigureAwait(false);
        ServerFlags.Say(terminal, studio.Address, options.Server);
        terminal.Line($"open {studio.Address}/ in a browser; Ctrl-C ends it, and lets what trains save");
        await interruption.Came().ConfigureAwait(false);
        await studio.StopAsync().ConfigureAwait(false);
        return 0;
    }
}
