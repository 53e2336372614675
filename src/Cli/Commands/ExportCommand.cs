using Functional.Storage;

namespace Functional.Cli;

/// <summary><c>functional export</c>: a run becomes a published model.</summary>
static class ExportCommand
{
    const long Shard = 5_000_000_000;

    public static CommandSpec Spec => new("export", "Writes a run's model as Hugging Face's transformers reads it.",
        [
            new("--out", "DIR", "the folder; there must be nothing there") { Required = true },
            new("--adapter-only", null, "only the adapters that it learned, as PEFT reads them: adapter_config.json and adapter_model.safetensors"),
            new("--family", "NAME", "what kind of model it is to be, such as llama") { Default = "the one that it came from, or the first that has words for it" },
            new("--dtype", "TYPE", "of the weights: F32, F16 or BF16") { Default = "F32" },
            new("--shard-bytes", "N", "how large a file of weights may become") { Default = $"{Shard}" },
            new("--checkpoint", "NAME", "which of its checkpoints: best, last or a step") { Default = "last" },
            new("--stage", "NAME", "of which of its stages") { Default = "the last that has one" },
            .. EngineFlags.All,
        ], Run)
    {
        Argument = new("run", "RUN", "folder of the run"),
        Details = "Writes config.json, model.safetensors or shards with an index, tokenizer.json, tokenizer_config.json and generation_config.json.\nA setting that no family has words for is told.\n",
        Examples = [new("export runs/poems --out poems-hf", "for transformers"), new("export runs/poems --out poems-hf --family llama --dtype BF16", "as a Llama, in half the bytes"),
            new("export runs/tuned --adapter-only --out tuned-lora", "what a run with --lora-rank learned, for PEFT")],
    };

    static async Task<int> Run(Given given, Terminal terminal, Interruption interruption)
    {
        var (options, checkpoint, bytes) = (EngineFlags.Of(given), CheckpointChoice.Parse(given.Text("--checkpoint"), "--checkpoint"),
            given.Whole64("--shard-bytes", Shard, 1)).Checked();
        if (given.Has("--adapter-only"))
        {
            if (given.Has("--shard-bytes")) throw new FunctionalException(new Base.Fault("--shard-bytes", "stands beside --adapter-only, which writes one file", "allowed: one of them"));
            var (name, numbers) = await LanguageModel.ExportAdapterAsync(given.Text("run")!, given.Text("--out")!, checkpoint, given.Text("--stage"), given.Text("--family"),
                given.Text("--dtype") ?? "F32", options, interruption.Token).ConfigureAwait(false);
            terminal.Line($"{name}: adapters of {Show.Count(numbers)} parameters; in {given.Text("--out")}");
            return interruption.ExitCode;
        }
        using var model = await LanguageModel.LoadAsync(given.Text("run")!, options, checkpoint, given.Text("--stage"), interruption.Token).ConfigureAwait(false);
        var family = await model.ExportAsync(given.Text("--out")!, given.Text("--family"), given.Text("--dtype") ?? "F32", bytes, interruption.Token)
            .ConfigureAwait(false);
        terminal.Line($"{family}: {Show.Count(model.ParameterCount)} parameters; in {given.Text("--out")}");
        return interruption.ExitCode;
    }
}
