using Functional.Sessions;
using Functional.Storage;

namespace Functional.Cli;

/// <summary><c>functional quantise</c>: a run whose weights take 8 or 4 bits each.</summary>
static class QuantiseCommand
{
    public static CommandSpec Spec => new("Makes a run whose matrices are kept in 8 or 4 bits, for writing.",
        [
            new("--bits", "N", "bits of a number: 8 or 4") { Default = "8" },
            new("--out", "DIR", "folder of the new run; there must be nothing there") { Default = "RUN-q8 or RUN-q4" },
            new("--data", "FILE", "a text file to measure on; by default what the run kept for evaluation"),
            Models.Checkpoint,
            new("--stage", "NAME", "of which of its stages") { Default = "the last that has one" },
            .. EngineFlags.All,
        ], Run)
    {
        Argument = new("run", "RUN", "folder of the run"),
        Details = """
            Matrices of linear layers and the head are kept in groups of 32 numbers with a scale, as GGUF's Q8_0 and Q4_0; the tokens' table
            too where it is the head. Positions, norms, biases, routers and experts stay float32. What is made is sampled from, asked, measured
            and exported like any run, and is not trained further; train --from DIR begins with its weights as float32.

            """,
        Examples = [new("quantise runs/poems", "a quarter of the memory; in runs/poems-q8"), new("quantise runs/poems --bits 4 --out runs/small", "about a seventh"),
            new("sample --run runs/poems-q8", "writes with it")],
    };

    static async Task<int> Run(Given given, Terminal terminal, Interruption interruption)
    {
        var (options, checkpoint, bits) = (EngineFlags.Reading(given), CheckpointChoice.Parse(given.Text("--checkpoint"), "--checkpoint"), given.Whole("--bits", 8, 0)).Checked();
        if (bits is not (4 or 8)) throw new FunctionalException(new Base.Fault("--bits", $"is {bits}", "allowed: 8, 4"));
        var run = given.Text("run")!;
        var location = given.Text("--out") ?? $"{Path.TrimEndingDirectorySeparator(run)}-q{bits}";
        var made = await LanguageModel.QuantiseAsync(run, location, bits, given.Text("--data"), options, checkpoint, given.Text("--stage"), interruption.Token).ConfigureAwait(false);
        terminal.Line($"weights         {Show.Bytes(made.BytesBefore)} → {Show.Bytes(made.BytesAfter)}");
        foreach (var line in Losses(made)) terminal.Line(line);
        terminal.Line($"in {location}");
        return interruption.ExitCode;
    }

    static IEnumerable<string> Losses(Quantised made)
    {
        if (made is not { LossBefore: { } before, LossAfter: { } after })
        {
            yield return $"loss            not measured: {Show.Harmless(made.Measured)}";
            yield break;
        }
        yield return $"loss            {Show.Loss(before)} → {Show.Loss(after)} ({made.Measured})";
        if (made.IsText) yield return $"perplexity      {Show.Loss(Math.Exp(before))} → {Show.Loss(Math.Exp(after))}";
    }
}
