namespace Functional.Cli;

/// <summary><c>functional report</c>: a run on one page.</summary>
static class ReportCommand
{
    public static CommandSpec Spec => new("Tells of a run on one page, which needs nothing else: curves, samples, numbers, settings.",
        [
            new("--out", "FILE", "the page") { Default = "run.html in the run's folder" },
            new("--no-model", null, "leaves out what needs the model itself: attention on a sample, and how experts are used"),
        ], Run)
    {
        Argument = new("run", "RUN", "folder of the run; it may be done, going on or broken off"),
        Details = "A recipe's stages are all on the page. What is said of files is their names alone, and addresses of collectors are left out, so that the page can be sent.\n",
        Examples = [new("report runs/poems", "writes runs/poems/run.html"), new("report runs/poems --out poems.html --no-model", "at once, from what the run has written")],
    };

    static async Task<int> Run(Given given, Terminal terminal, Interruption interruption)
    {
        var run = given.Text("run")!;
        var file = given.Text("--out") ?? Path.Combine(run, "run.html");
        await RunReport.WriteAsync(run, file, looks: !given.Has("--no-model"), interruption.Token).ConfigureAwait(false);
        terminal.Line($"written to {Show.Harmless(file)}");
        return 0;
    }
}
