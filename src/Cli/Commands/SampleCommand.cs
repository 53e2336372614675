using Functional.Base;
using Functional.Files;
using Functional.Generation;
using Functional.Storage;

namespace Functional.Cli;

/// <summary><c>functional sample</c>: text from a trained model.</summary>
static class SampleCommand
{
    static readonly GenerationOptions standard = new();

    public static CommandSpec Spec => new("sample", "Writes text with a trained model.",
        [
            new("--run", "DIR", "folder of the run") { Required = true },
            new("--checkpoint", "NAME", "which of its checkpoints: best, last or a step") { Default = "last" },
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
            .. Several,
            .. EngineFlags.All,
        ], Run)
    {
        Details = "When the text grows longer than the model's context, the last half of the context is read again and\nwriting goes on. It ends before, where the model has a token for the end of a text and says it.\n",
        Examples = [new("sample --run runs/world --prompt \"Anna \" --tokens 100", "goes on from a beginning"),
            new("sample --run runs/world --temperature 0", "the likeliest text"),
            new("sample --run runs/world --prompt \"Anna \" --samples 3 --best-of 12 --logprobs 5 --json", "the three of twelve that the model finds likeliest, for a script"),
            new("sample --run runs/world --schema person.json", "JSON, whatever the model would rather say")],
    };

    static IEnumerable<Flag> Several => new Flag[]
    {
        new("--samples", "N", "texts to write; fewer are the first of more") { Default = "1" },
        new("--best-of", "N", "writes so many, and shows the likeliest; 0 for no choice") { Default = "0" },
        new("--best-by", "NAME", "by what these are chosen: the mean log-probability of a text's tokens, or their sum: mean, sum") { Default = "mean" },
        new("--beams", "N", "searches for the likeliest text with so many beams, in place of drawing; 0 for none") { Default = "0" },
        new("--length-penalty", "A", "beams are worth their log-probability by their length to this power") { Default = "1" },
        new("--logprobs", "N", "shows each token with its log-probability, and so many of the likeliest in its place") { Default = "0" },
        new("--json", null, "one line of JSON: texts, why they end, and their tokens' log-probabilities"),
    }.Select(static f => f with { Group = "several texts" });

    static async Task<int> Run(Given given, Terminal terminal, Interruption interruption)
    {
        var (tokens, topK, seed, engine) = (given.Whole("--tokens", standard.Tokens, 0), given.Whole("--top-k", standard.TopK, 0),
            given.Whole64("--seed", standard.Seed, 0), EngineFlags.Of(given)).Checked();
        var (temperature, topP, checkpoint) = (given.Number("--temperature", standard.Temperature), given.Number("--top-p", standard.TopP),
            CheckpointChoice.Parse(given.Text("--checkpoint"), "--checkpoint")).Checked();
        var (window, sinks) = (given.Whole("--window", 0, 0), given.Whole("--sinks", 0, 0)).Checked();
        var (samples, best, beams, likely) = (given.Whole("--samples", 1, 1, 4096), given.Whole("--best-of", 0, 0, 4096), given.Whole("--beams", 0, 0, 256),
            given.Whole("--logprobs", 0, 0, 1000)).Checked();
        var (length, by) = (given.Number("--length-penalty", 1), given.Choice("--best-by", "mean", ["mean", "sum"])).Checked();
        var options = DecodingFlags.Of(given, new GenerationOptions
        {
            Window = window, Sinks = sinks, StopsAtEnd = !given.Has("--no-stop"), Tokens = tokens, Temperature = temperature, TopK = topK, TopP = topP, Seed = seed,
            Samples = samples, BestOf = best, BestBy = by == "sum" ? BestBy.Sum : BestBy.Mean, Beams = beams, LengthPenalty = length, LogProbs = likely,
        });
        options.Validate().MapFail(DecodingFlags.Named).OrThrow();
        var prompt = await Prompt(given, terminal, interruption.Token).ConfigureAwait(false);
        using var model = await Models.Load(given, given.Text("--run")!, engine, checkpoint, given.Text("--stage"),
            interruption.Token).ConfigureAwait(false);
        // What is unfinished is known of whole texts alone.
        var whole = given.Has("--json") || samples > 1 || best > 0 || beams > 0 || likely > 0 || (options.Regex ?? options.Schema) is not null;
        return await DecodingFlags.Named(async () =>
        {
            if (whole) await Whole(model, prompt, options, given.Has("--json"), terminal, interruption.Token).ConfigureAwait(false);
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
        if (json)
        {
            terminal.Line(AnswerView.Json(prompt, texts, model.Tokenizer));
            return;
        }
        for (var i = 0; i < texts.Count; i++)
        {
            if (texts.Count > 1) terminal.Line($"{(i == 0 ? "" : "\n")}-- {i + 1}: {AnswerView.Summary(texts[i])}");
            new PieceWriter(terminal).Report(prompt + texts[i].Text);
            terminal.Line();
            if (options.LogProbs > 0) terminal.Line(AnswerView.Table(texts[i], model.Tokenizer));
        }
        if (texts is [{ End: AnswerEnd.Length, IsWhole: false }] && (options.Regex ?? options.Schema) is not null)
            terminal.Error.WriteLine($"note: the text is unfinished, for {options.Tokens} tokens have no room for its end; --tokens allows more");
    }

    static async Task<string> Prompt(Given given, Terminal terminal, CancellationToken stop)
    {
        if (given.Text("--prompt-file") is not { } file) return given.Text("--prompt") ?? "";
        if (given.Has("--prompt")) throw new FunctionalException(new Fault("--prompt-file", "stands beside --prompt", "allowed: one of them"));
        return file == "-" ? await StandardInput.Text(terminal, "--prompt-file", stop).ConfigureAwait(false)
            : await Task.Run(() => TextFile.Read(file).OrThrow(), stop).WaitAsync(stop).ConfigureAwait(false);
    }
}
