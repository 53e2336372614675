using Functional.Files;
using Functional.Text;

namespace Functional.Cli;

/// <summary><c>functional data</c>: makes data ready for training.</summary>
static class DataCommand
{
    public static CommandSpec Spec => new("Makes data ready for training.", [], null) { Commands = [new("tokenize", () => Tokenize), new("inspect", () => InspectRows.Spec)] };

    static CommandSpec Tokenize => new("Writes texts as tokens, to train on data that is larger than memory.",
        [
            new("--tokenizer", "NAME", "byte, a run's folder, a tokenizer's file or folder, or the name of an encoding") { Required = true },
            new("--out", "FILE", "the file of tokens to write") { Required = true },
        ], Run)
    {
        Argument = new("files", "FILE…", "text files, in UTF-8, one after the other; each is read once, a piece at a time"),
        TakesMany = true,
        Details = "A run takes such a file as --data, and the same tokenizer as --tokenizer. CRLF and CR line ends become LF. Stopped or\nkilled, it leaves what it has done beside the file, as .partial and .progress, and the same command goes on from there: the\nfile is the same as without a stop. Other texts, or another tokenizer, begin anew.\n",
        Examples = [new("data tokenize a.txt b.txt --tokenizer tokenizer.json --out corpus.tokens", "writes tokens"),
            new("train --data corpus.tokens --tokenizer tokenizer.json", "trains on them")],
    };

    static Task<int> Run(Given given, Terminal terminal, Interruption interruption)
    {
        var name = given.Text("--tokenizer")!;
        var tokenizer = name == "byte" ? ByteTokenizer.Instance : Tokenizers.Load(name);
        interruption.Saves();
        var tokens = TokenFile.Write(given.Text("--out")!, given.Text("files")!.Split('\n'), tokenizer, LineEnds.Lf,
            done => terminal.Error.WriteLine($"goes on behind {Show.Count(done)} tokens that an earlier one has written"), interruption.Token).OrThrow();
        terminal.Line($"{Show.Count(tokens)} tokens of the {tokenizer}; in {given.Text("--out")}");
        return Task.FromResult(interruption.ExitCode);
    }
}
