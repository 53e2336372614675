using Functional.Base;
using Functional.Storage;

namespace Functional.Cli;

/// <summary><c>functional export</c>: a run becomes a published model.</summary>
static class ExportCommand
{
    const long Shard = 5_000_000_000;

    public static CommandSpec Spec => new("Writes a run's model as Hugging Face's transformers or llama.cpp reads it.",
        [
            new("--out", "DIR", "the folder; there must be nothing there"),
            new("--gguf", "FILE", "in place of a folder, a file for llama.cpp; there must be none"),
            new("--type", "TYPE", "of the matrices in it: f32, f16, q8_0 or q4_0") { Default = "what the run keeps, or else f16" },
            new("--adapter-only", null, "only the adapters that it learned, as PEFT reads them: adapter_config.json and adapter_model.safetensors"),
            new("--family", "NAME", "what kind of model it is to be, such as llama") { Default = "the one that it came from, or the first that has words for it" },
            new("--dtype", "TYPE", "of the weights: F32, F16 or BF16") { Default = "F32" },
            new("--shard-bytes", "N", "how large a file of weights may become") { Default = $"{Shard}" },
            Models.Checkpoint,
            new("--stage", "NAME", "of which of its stages") { Default = "the last that has one" },
            .. EngineFlags.All,
        ], Run)
    {
        Argument = new("run", "RUN", "folder of the run"),
        Details = "Writes config.json, model.safetensors or shards with an index, tokenizer.json, tokenizer_config.json and generation_config.json;\nor, with --gguf, one file of the families gpt2, llama, mistral, qwen2, qwen3, gemma, gemma2 and phi3.\nA setting that no family has words for is told.\n",
        Examples = [new("export runs/poems --out poems-hf", "for transformers"), new("export runs/poems --out poems-hf --family llama --dtype BF16", "as a Llama, in half the bytes"),
            new("export runs/tuned --adapter-only --out tuned-lora", "what a run with --lora-rank learned, for PEFT"),
            new("export runs/poems --gguf poems.gguf --type q8_0", "for llama.cpp, in about a quarter of the bytes")],
    };

    static async Task<int> Run(Given given, Terminal terminal, Interruption interruption)
    {
        var (options, checkpoint, bytes) = (EngineFlags.Reading(given), CheckpointChoice.Parse(given.Text("--checkpoint"), "--checkpoint"),
            given.Whole64("--shard-bytes", Shard, 1)).Checked();
        Vec<string> only = [.. Beside(given)];
        if (only.Count > 0) throw new FunctionalException([.. only.Select(static text => new Fault("--gguf", text, "allowed: what one file of llama.cpp has"))]);
        if (given.Text("--gguf") is null && given.Text("--out") is null) throw new FunctionalException(new Fault("--out", "is missing", "expected the name of a folder, or --gguf FILE"));
        if (given.Has("--adapter-only"))
        {
            if (given.Has("--shard-bytes")) throw new FunctionalException(new Fault("--shard-bytes", "stands beside --adapter-only, which writes one file", "allowed: one of them"));
            var (name, numbers) = await LanguageModel.ExportAdapterAsync(given.Text("run")!, given.Text("--out")!, checkpoint, given.Text("--stage"), given.Text("--family"),
                given.Text("--dtype") ?? "F32", options, interruption.Token).ConfigureAwait(false);
            terminal.Line($"{name}: adapters of {Show.Count(numbers)} parameters; in {given.Text("--out")}");
            return interruption.ExitCode;
        }
        using var model = await LanguageModel.LoadAsync(given.Text("run")!, options, checkpoint, given.Text("--stage"), interruption.Token).ConfigureAwait(false);
        if (given.Text("--gguf") is { } file)
        {
            var (architecture, type) = await model.ExportGgufAsync(file, given.Text("--type"), given.Text("--family"), interruption.Token).ConfigureAwait(false);
            terminal.Line($"{architecture}, {type}: {Show.Count(model.ParameterCount)} parameters; in {file}");
            return interruption.ExitCode;
        }
        var family = await model.ExportAsync(given.Text("--out")!, given.Text("--family"), given.Text("--dtype") ?? "F32", bytes, interruption.Token)
            .ConfigureAwait(false);
        terminal.Line($"{family}: {Show.Count(model.ParameterCount)} parameters; in {given.Text("--out")}");
        return interruption.ExitCode;
    }

    static IEnumerable<string> Beside(Given given) => given.Has("--gguf")
        ? new[] { "--out", "--adapter-only", "--dtype", "--shard-bytes" }.Where(given.Has).Select(static name => $"stands beside {name}")
        : given.Has("--type") ? ["is missing beside --type"] : [];
}
