using Functional.Base;
using Functional.Storage;

namespace Functional.Cli;

/// <summary><c>functional attention</c>: pictures of what a model's heads attend to.</summary>
static class AttentionCommand
{
    public static CommandSpec Spec => new("Draws to which tokens of a text each token attends, a picture for every head.",
        [
            new("--text", "TEXT", "the text") { Required = true },
            new("--out", "FILE", "where the pictures go: a file that ends with .svg or .html") { Default = "attention.svg" },
            new("--layer", "N", "one layer, from 0") { Default = "all" },
            new("--most", "N", "how many tokens of the text at most") { Default = "64" },
            new("--checkpoint", "NAME", "which checkpoint: best, last, average or a step") { Default = "last" },
            new("--stage", "NAME", "of which of its stages") { Default = "the last that has one" },
            .. EngineFlags.All,
        ], Run)
    {
        Argument = new("run", "RUN", "folder of the run"),
        Examples = [new("attention runs/poems --text \"O Romeo, Romeo\" --out romeo.svg", "all heads of all layers")],
    };

    static async Task<int> Run(Given given, Terminal terminal, Interruption interruption)
    {
        var (file, run) = (given.Text("--out") ?? "attention.svg", given.Text("run")!);
        var (options, checkpoint, layer, most) = (EngineFlags.Reading(given), CheckpointChoice.Parse(given.Text("--checkpoint"), "--checkpoint"), given.Whole("--layer", -1, 0), given.Whole("--most", 64, 1)).Checked();
        if (Path.GetExtension(file) is not (".svg" or ".html")) throw new FunctionalException(new Fault("--out", $"is {file}", "expected a file that ends with .svg or .html"));
        using var model = await LanguageModel.LoadAsync(run, options, checkpoint, given.Text("--stage"), interruption.Token).ConfigureAwait(false);
        var drawn = await model.DrawAttentionAsync(given.Text("--text")!, file, layer < 0 ? null : layer, most, interruption.Token).ConfigureAwait(false);
        terminal.Line($"{Show.Count(drawn)} pictures, written to {Show.Harmless(file)}");
        return 0;
    }
}
