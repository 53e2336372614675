using System.Diagnostics;
using Functional.Tests.Properties.Training;
using Xunit;

namespace Functional.Tests.Properties.Cli;

/// <summary>Texts on their way to tokens, stopped from outside.</summary>
public sealed class InterruptedTokenizeLaws : IDisposable
{
    readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    string Text(int pieces)
    {
        using (var text = File.CreateText(scratch["big.txt"]))
            for (var i = 0; i < pieces; i++) text.Write(Corpus.Text((ulong)i, 100_000));
        return scratch["big.txt"];
    }

    static async Task Signal(string name, Process process)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{process.Id}"]);
        await kill.WaitForExitAsync();
    }

    static async Task Until(Func<bool> reached, Process process)
    {
        var patience = Stopwatch.StartNew();
        while (!reached() && !process.HasExited && patience.Elapsed < TimeSpan.FromSeconds(60)) await Task.Delay(5);
        Assert.False(process.HasExited, "it was done before it could be stopped");
    }

    static long LengthOf(string path) => new FileInfo(path) is { Exists: true } file ? file.Length : 0;

    /// <summary>Asked to stop, or killed, the same command goes on, and the file is what it would have been.</summary>
    [Theory, InlineData("INT"), InlineData("KILL")]
    public async Task Stopped_anywhere_the_same_command_goes_on_to_the_same_file(string signal)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "has no signals");
        var (text, name) = (Text(500), signal == "KILL" ? "killed.tokens" : "asked.tokens");
        File.WriteAllText(scratch["little.txt"], "A little text before it.\r\n");
        string[] Command(string file) => ["data", "tokenize", scratch["little.txt"], text, "--tokenizer", "gpt2", "--out", scratch[file]];
        using (var process = FunctionalProcess.Start(Command(name)))
        {
            // What a killed one has done is known up to the last place that it has noted.
            await Until(() => signal == "KILL" ? File.Exists(scratch[name + ".progress"]) : LengthOf(scratch[name + ".partial"]) > 500_000, process);
            await Signal(signal, process);
            await process.WaitForExitAsync();
            Assert.Equal(signal == "KILL" ? 137 : 130, process.ExitCode);
        }
        Assert.False(File.Exists(scratch[name]));
        Assert.Contains("is no file of tokens", TokenFile.Open(scratch[name + ".partial"]).FailToSeq().Lines(), StringComparison.Ordinal);
        var (code, _, error) = await FunctionalProcess.Run(Command(name));
        Assert.True(code == 0, error);
        Assert.Matches("^goes on behind [0-9,]+ tokens ", error);
        Assert.Equal([scratch["big.txt"], scratch[name], scratch["little.txt"]], Directory.EnumerateFiles(scratch["."]).Select(Path.GetFullPath).Order(StringComparer.Ordinal)
            .OrderBy(f => f == scratch[name] ? 1 : f == scratch["big.txt"] ? 0 : 2));
        var (plain, _, silent) = await FunctionalProcess.Run(Command("whole.tokens"));
        Assert.Equal((0, ""), (plain, silent));
        Assert.True(File.ReadAllBytes(scratch["whole.tokens"]).AsSpan().SequenceEqual(File.ReadAllBytes(scratch[name])));
    }

    /// <summary>Whoever has asked for the tokens of too long a text need not wait for them; nor is half a line written.</summary>
    [Fact]
    public async Task The_tokens_of_a_long_text_can_be_given_up()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "has no signals");
        var text = Text(600);
        using var process = Process.Start(new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "functional"), ["tokenize", "gpt2", "--json", "--file", text])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync();
        await Task.Delay(2500);
        Assert.False(process.HasExited, "it was done before it could be stopped");
        var clock = Stopwatch.StartNew();
        await Signal("INT", process);
        await process.WaitForExitAsync();
        Assert.Equal((130, ""), (process.ExitCode, await output));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(2), $"took {clock.Elapsed}");
    }
}
