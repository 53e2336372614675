using Functional.Base;
using Functional.Files;
using Functional.Text;

namespace Functional.Cli;

/// <summary><c>functional tokenize</c>: what a text is in tokens.</summary>
static class TokenizeCommand
{
    const int Shown = 400;

    // Backgrounds that neighbours do not share, dark enough for light letters.
    static readonly int[] colours = [24, 58, 53, 22, 94];

    public static CommandSpec Spec => new("Shows which tokens a text is made of.",
        [
            new("--text", "TEXT", "the text"),
            new("--file", "FILE", "a text file"),
            new("--special", "NAME", "special tokens that stand in the text: allow, refuse, text") { Default = "allow" },
            new("--json", null, "one line of JSON and nothing else: ids, tokens, and where each begins and ends"),
        ], Run)
    {
        Argument = new("which", "TOKENIZER", "a run's folder, a tokenizer's file or folder, or the name of an encoding: " + string.Join(", ", Tokenizers.Encodings)),
        Details = "Places are counted in Unicode characters, as the official tokenizers library does. Files: tokenizer.json, vocab.json with\nmerges.txt, *.tiktoken, SentencePiece's *.model. microsoft: before the name of an encoding or a *.model has Microsoft.ML.Tokenizers encode.\n",
        Examples = [new("tokenize cl100k_base --text \"Hello, world\"", "as GPT-4 reads it"), new("tokenize runs/poems --file poem.txt --json", "for scripts")],
    };

    // A text may be longer than anyone wants to wait for: whoever asks to stop is answered while it is still read.
    static async Task<int> Run(Given given, Terminal terminal, Interruption interruption)
    {
        await Task.Run(() => Work(given, terminal, interruption.Token)).WaitAsync(interruption.Token).ConfigureAwait(false);
        return interruption.ExitCode;
    }

    static void Work(Given given, Terminal terminal, CancellationToken stop)
    {
        var special = given.Text("--special") switch
        {
            null or "allow" => SpecialTokens.Allow,
            "refuse" => SpecialTokens.Refuse,
            "text" => SpecialTokens.Text,
            var other => throw new FunctionalException(new Fault("--special", $"is {other}", "allowed: allow, refuse, text")),
        };
        var text = (given.Text("--text"), given.Text("--file")) switch
        {
            ({ } words, null) => words,
            (null, { } file) => TextFile.Read(file).OrThrow(),
            _ => throw new FunctionalException(new Fault("tokenize", "needs one of two options", "expected --text TEXT or --file FILE")),
        };
        var tokenizer = Tokenizers.Load(given.Text("which")!);
        var tokens = ParallelEncoder.Tokens(tokenizer, text, special, Environment.ProcessorCount).OrThrow();
        stop.ThrowIfCancellationRequested();
        if (given.Has("--json")) terminal.LongLine(Json(tokens), stop);
        else Tell(terminal, tokenizer, text, tokens);
    }

    static string Json(Vec<Token> tokens) => JsonLine.Of(json =>
    {
        json.WriteStartArray("ids");
        foreach (var token in tokens) json.WriteNumberValue(token.Id);
        json.WriteEndArray();
        json.WriteStartArray("tokens");
        foreach (var token in tokens) json.WriteStringValue(token.Text);
        json.WriteEndArray();
        json.WriteStartArray("offsets");
        foreach (var token in tokens)
        {
            json.WriteStartArray();
            json.WriteNumberValue(token.Start);
            json.WriteNumberValue(token.End);
            json.WriteEndArray();
        }
        json.WriteEndArray();
    });

    static void Tell(Terminal terminal, Tokenizer tokenizer, string text, Vec<Token> tokens)
    {
        var bytes = System.Text.Encoding.UTF8.GetByteCount(text);
        terminal.Line($"{tokenizer}");
        terminal.Line($"{Show.Count(tokens.Count)} tokens for {Show.Count(text.EnumerateRunes().Count())} characters, {Show.Count(bytes)} bytes"
            + (tokens.Count > 0 ? $": {Show.Number((double)bytes / tokens.Count)} bytes a token" : ""));
        if (terminal.Live && tokens.Count > 0) terminal.Line(Coloured(text, tokens));
        foreach (var token in tokens.Take(Shown))
            terminal.Line($"{token.Id,8}  {$"{token.Start}-{token.End}",-11}  {tokenizer.Describe(token.Id)}");
        if (tokens.Count > Shown) terminal.Line($"… and {Show.Count(tokens.Count - Shown)} more; --json has all");
    }

    // Each token on a background of its own; one that ends inside of a character stands with those that share it.
    static string Coloured(string text, Vec<Token> tokens)
    {
        var line = new System.Text.StringBuilder();
        var at = 0;
        foreach (var (token, i) in tokens.Take(Shown).Select(static (t, i) => (t, i)))
        {
            if (token.Last <= at) continue;
            var part = Show.Harmless(text[Math.Max(at, token.First)..token.Last]);
            line.Append(System.Globalization.CultureInfo.InvariantCulture, $"\e[48;5;{colours[i % colours.Length]}m{part.Replace("\n", "⏎\e[0m\n", StringComparison.Ordinal)}\e[0m");
            at = token.Last;
        }
        return line.ToString();
    }
}
