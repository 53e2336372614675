namespace Functional.Cli;

/// <summary><c>functional import</c>: a published model becomes a run.</summary>
static class ImportCommand
{
    public static CommandSpec Spec => new("Makes a run out of a published model.",
        [
            new("--out", "DIR", "the run's folder; there must be nothing there") { Required = true },
            new("--tokenizer", "NAME", "its tokenizer: a file, a folder or the name of an encoding") { Default = "the one in the folder" },
        ], Run)
    {
        Argument = new("folder", "FOLDER", "a folder as Hugging Face publishes models: config.json and model.safetensors or pytorch_model.bin, also in shards"),
        Details = """
            The run is sampled from, evaluated and trained further like any other: with train --from DIR, and eval --data FILE, since it
            has no text of its own. Special tokens, generation_config.json and the chat template are kept. A tensor that is missing, left
            over, of another shape, or that holds NaN or an infinity is told, and then nothing is written; and so is a member of
            config.json that makes another function of the weights than is known here, such as is_encoder_decoder or
            quantization_config. Without a tokenizer only logits can be asked for.

            """,
        Examples = [new("import Llama-3.2-1B --out runs/llama", "makes a run"), new("sample --run runs/llama --prompt \"Once\"", "writes with it"),
            new("train --from runs/llama --data poems.txt --out runs/poems", "trains it further")],
    };

    static async Task<int> Run(Given given, Terminal terminal, Interruption interruption)
    {
        var (folder, run) = (given.Text("folder")!, given.Text("--out")!);
        var made = await LanguageModel.ImportAsync(folder, run, given.Text("--tokenizer"), interruption.Token).ConfigureAwait(false);
        foreach (var remark in made.Remarks) terminal.Error.WriteLine(Show.Harmless($"note: {remark}"));
        var model = made.Config.Model;
        terminal.Line($"{made.Family}: {Show.Count(model.Layers)} layers of width {Show.Count(model.Width)}, context {Show.Count(model.Context)}, {Show.Harmless($"{made.Tokenizer}")}; in {run}");
        return interruption.ExitCode;
    }
}
