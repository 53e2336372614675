using Functional.Base;
using Functional.Files;
using Functional.Settings;

namespace Functional.Cli;

/// <summary><c>functional tokenizer</c>: makes tokenizers.</summary>
static class TokenizerCommand
{
    static readonly Vec<string> names = ["vocabulary", "split", "min-frequency", "special-tokens"];

    public static CommandSpec Spec => new("Makes tokenizers.", [], null) { Commands = [new("train", () => Train)] };

    static CommandSpec Train => new("Trains a byte-pair encoding on text files.",
        [
            new("--out", "FILE", "the tokenizer.json to write") { Required = true },
            .. names.SelectMany(static name => SettingFlags.Of(RunConfig.Field(name)!, new())).Select(static f => f with { Group = "options" }),
        ], Run)
    {
        Argument = new("files", "FILE…", "text files, in UTF-8; each is read once, a piece at a time"),
        TakesMany = true,
        Details = "What is written is read by the official tokenizers library as well, whose merges these are. CRLF and CR line ends count as LF.\n",
        Examples = [new("tokenizer train a.txt b.txt --out tokenizer.json --vocabulary 4096", "trains on two files"),
            new("train --data a.txt --tokenizer tokenizer.json", "trains a model with it")],
    };

    static Task<int> Run(Given given, Terminal terminal, Interruption interruption)
    {
        var entries = names.Where(name => given.Has($"--{name}")).Select(name => ConfigEntry.Option(name, given.Text($"--{name}")!));
        var settings = RunConfig.Read(new() { Tokenizer = "bpe" }, entries).OrThrow().Bpe;
        var path = given.Text("--out")!;
        var files = given.Text("files")!.Split('\n');
        if (files.FirstOrDefault(file => TextFile.IsSame(file, path)) is { } own)
            throw new FunctionalException(new Fault("--out", $"is {own}, a text that is read", "allowed: another file"));
        var tokenizer = Tokenizers.TrainOnFiles(files, settings, cancellation: interruption.Token);
        TokenizerFile.Write(path, tokenizer).OrThrow();
        terminal.Line($"{tokenizer}: {Show.Count(settings.Special.Count)} special, 256 bytes, {Show.Count(tokenizer.Merges.Count)} merges; in {path}");
        if (tokenizer.VocabularySize < settings.Vocabulary)
            terminal.Line($"the text has no more pairs that stand there {(settings.MinFrequency == 1 ? "once" : $"{Show.Count(settings.MinFrequency)} times")}; fewer tokens than {Show.Count(settings.Vocabulary)}");
        return Task.FromResult(interruption.ExitCode);
    }
}
