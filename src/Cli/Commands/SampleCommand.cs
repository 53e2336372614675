using Functional.Base;
using Functional.Files;
using Functional.Storage;

namespace Functional.Cli;

/// <summary><c>functional sample</c>: text from a trained model.</summary>
static class SampleCommand
{
    static readonly GenerationOptions standard = new();

    public static CommandSpec Spec => new("Writes text with a trained model.",
        [
            new("--run", "DIR", "folder of the run") { Required = true },
            Models.Checkpoint,
            new("--stage", "NAME", "of which of its stages") { Default = "the last that has one" },
            Models.Adapter,
            new("--prompt", "TEXT", "text to go on from; an empty one begins as a new line does") { Default = "\"\"" },
            new("--prompt-file", "FILE", "a file to go on from; - for standard input"),
            new("--tokens", "N", "tokens to write") { Default = $"{standard.Tokens}" },
            new("--temperature", "T", "0 takes the likeliest token each time, 1 draws as the model believes") { Default = Show.Number(standard.Temperature) },
            new("--top-k", "N", "draw from so many of the likeliest tokens; 0 for all") { Default = $"{standard.TopK}" },
            new("--top-p", "P", "draw from the likeliest tokens that together reach this share") { Default = Show.Number(standard.TopP) },
            new("--window", "N", "tokens that each token sees at most, so that memory stays the same however long the text; 0 as trained") { Default = "0" },
            new("--sinks", "N", "tokens from the beginning that it sees beside them") { Default = "0" },
            new("--no-stop", null, "goes on where the model says its end"),
            new("--seed", "N", "the same seed writes the same text") { Default = $"{standard.Seed}" },
            .. DecodingFlags.All,
            .. DecodingFlags.Several,
            .. EngineFlags.All,
        ], Run)
    {
        Details = "When the text grows longer than the model's context, the last half of the context is read again and\nwriting goes on. It ends before, where the model has a token for the end of a text and says it.\n",
        Examples = [new("sample --run runs/world --prompt \"Anna \" --tokens 100", "goes on from a beginning"),
            new("sample --run runs/world --temperature 0", "the likeliest text"),
            new("sample --run runs/world --prompt \"Anna \" --samples 3 --best-of 12 --logprobs 5 --json", "the three of twelve that the model finds likeliest, for a script"),
            new("sample --run runs/world --schema person.json", "JSON, whatever the model would rather say")],
    };

    static async Task<int> Run(Given given, Terminal terminal, Interruption interruption)
    {
        var (tokens, topK, seed, engine) = (given.Whole("--tokens", standard.Tokens, 0), given.Whole("--top-k", standard.TopK, 0),
            given.Whole64("--seed", standard.Seed, 0), EngineFlags.Reading(given)).Checked();
        var (temperature, topP, checkpoint) = (given.Number("--temperature", standard.Temperature), given.Number("--top-p", standard.TopP),
            CheckpointChoice.Parse(given.Text("--checkpoint"), "--checkpoint")).Checked();
        var (window, sinks) = (given.Whole("--window", 0, 0), given.Whole("--sinks", 0, 0)).Checked();
        var options = DecodingFlags.Of(given, new GenerationOptions
        {
            Window = window, Sinks = sinks, StopsAtEnd = !given.Has("--no-stop"), Tokens = tokens, Temperature = temperature, TopK = topK, TopP = topP, Seed = seed,
        });
        options.Validate().MapFail(DecodingFlags.Named).OrThrow();
        var prompt = await Prompt(given, terminal, interruption.Token).ConfigureAwait(false);
        using var model = await Models.Load(given, given.Text("--run")!, engine, checkpoint, given.Text("--stage"),
            interruption.Token).ConfigureAwait(false);
        return await DecodingFlags.Named(async () =>
        {
            if (DecodingFlags.Whole(given, options)) await Whole(model, prompt, options, given.Has("--json"), terminal, interruption.Token).ConfigureAwait(false);
            else await Pieces(model, prompt, options, terminal, interruption.Token).ConfigureAwait(false);
            return interruption.ExitCode;
        }).ConfigureAwait(false);
    }

    static async Task Pieces(LanguageModel model, string prompt, GenerationOptions options, Terminal terminal, CancellationToken stop)
    {
        var pieces = model.GenerateAsync(prompt, options, stop);
        var (begun, text) = (false, new PieceWriter(terminal));
        await foreach (var piece in pieces.ConfigureAwait(false))
        {
            // Only now: a prompt that cannot be read is no text.
            if (!begun) text.Report(prompt);
            begun = true;
            text.Report(piece);
        }
        if (!begun) text.Report(prompt);
        terminal.Line();
    }

    static async Task Whole(LanguageModel model, string prompt, GenerationOptions options, bool json, Terminal terminal, CancellationToken stop)
    {
        var texts = await model.CompleteAsync(prompt, options, cancellation: stop).ConfigureAwait(false);
        AnswerView.Write(terminal, prompt, prompt, texts, options, options.Tokens, model.Tokenizer, json);
    }

    static async Task<string> Prompt(Given given, Terminal terminal, CancellationToken stop)
    {
        if (given.Text("--prompt-file") is not { } file) return given.Text("--prompt") ?? "";
        if (given.Has("--prompt")) throw new FunctionalException(new Fault("--prompt-file", "stands beside --prompt", "allowed: one of them"));
        return file == "-" ? await StandardInput.Text(terminal, "--prompt-file", stop).ConfigureAwait(false)
            : await Task.Run(() => TextFile.Read(file).OrThrow(), stop).WaitAsync(stop).ConfigureAwait(false);
    }
}
