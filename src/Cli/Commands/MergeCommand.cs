using Functional.Storage;

namespace Functional.Cli;

/// <summary><c>functional merge</c>: adapters put into the weights that they were learned over.</summary>
static class MergeCommand
{
    public static CommandSpec Spec => new("Makes a run of its own out of one that learned adapters, or of a run and adapters of PEFT.",
        [
            new("--out", "DIR", "folder of the new run; there must be nothing there") { Required = true },
            new("--adapter", "DIR", "a folder with adapters of PEFT: adapter_config.json and adapter_model.safetensors"),
            new("--checkpoint", "NAME", "which checkpoint of the run: best, last, average or a step") { Default = "last" },
            new("--stage", "NAME", "of which of its stages") { Default = "the last that has one" },
            .. EngineFlags.All,
        ], Run)
    {
        Argument = new("run", "RUN", "folder of the run; beside --adapter also of a published model"),
        Details = "What is made no longer needs the run that the weights came from. It is sampled, trained and exported like any other.\n",
        Examples = [new("merge runs/tuned --out runs/whole", "a run that learned adapters"),
            new("merge runs/base --adapter lora --out runs/whole", "adapters that PEFT has trained")],
    };

    static async Task<int> Run(Given given, Terminal terminal, Interruption interruption)
    {
        var (options, checkpoint) = (EngineFlags.Reading(given), CheckpointChoice.Parse(given.Text("--checkpoint"), "--checkpoint")).Checked();
        var (run, location) = (given.Text("run")!, given.Text("--out")!);
        if (given.Text("--adapter") is { } adapter) await LanguageModel.MergeAsync(run, adapter, location, options, interruption.Token).ConfigureAwait(false);
        else
        {
            using var model = await LanguageModel.LoadAsync(run, options, checkpoint, given.Text("--stage"), interruption.Token).ConfigureAwait(false);
            await model.SaveAsync(location, interruption.Token).ConfigureAwait(false);
        }
        terminal.Line($"in {location}");
        return interruption.ExitCode;
    }
}
