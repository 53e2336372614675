using System.Diagnostics;

namespace Functional.Tests.Properties.Cli;

/// <summary>The command with streams and signals as a shell gives them: full, closed, ignored.</summary>
public sealed class StreamLaws : IDisposable
{
    const string Stopping = "stopping; again to stop without saving";

    readonly string folder = Directory.CreateTempSubdirectory("functional-streams-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    string this[string name] => Path.Combine(folder, name);

    static string Program => Path.Combine(AppContext.BaseDirectory, "functional");

    string Train(string run, string more) =>
        $"{Program} train --out {this[run]} --layers 1 --heads 2 --width 16 --context 8 --batch 4 --threads 1 --eval-batches 2 {more}";

    /// <summary>A shell's line: exit code, standard output and standard error.</summary>
    static async Task<(int Code, string Out, string Error)> Shell(string line)
    {
        using var process = Start(line);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }

    static Process Start(string line) => Process.Start(new ProcessStartInfo("/bin/bash", ["-c", line]) { RedirectStandardOutput = true, RedirectStandardError = true })!;

    [Theory]
    [InlineData("> /dev/full", 1)]
    [InlineData("| true", 1)]
    [InlineData("> /dev/full 2>&1", 0)]
    [InlineData(">&-", -1)]
    public async Task Training_outlives_its_output(string stream, int warnings)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs /dev/full");
        var (code, _, error) = await Shell($"set -o pipefail; {Train("run", "--steps 30 --sample-every 10 --eval-every 10")} {stream}");
        Assert.True(code == 0, error);
        Assert.Equal(30, RunFolder.Open(this["run"]).OrThrow().Checkpoint().OrThrow().Step);
        if (warnings >= 0) Assert.Equal(warnings, error.Split("warning: standard output cannot be written").Length - 1);
        Assert.DoesNotContain("defect", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("> /dev/full", "error: standard output cannot be written: no space left on device\n")]
    [InlineData("| head -c 20 > /dev/null", "error: standard output cannot be written: nobody reads it any more\n")]
    public async Task Generation_ends_when_nobody_reads(string stream, string message)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs /dev/full");
        await Shell(Train("run", "--steps 5"));
        // So many tokens take hours.
        var (code, _, error) = await Shell($"set -o pipefail; {Program} sample --run {this["run"]} --tokens 2000000000 --threads 1 {stream}");
        Assert.Equal((1, message), (code, error));
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("doctor")]
    [InlineData("eval --run RUN")]
    [InlineData("inspect --run RUN")]
    public async Task Whatever_cannot_be_written_is_no_defect(string command)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs /dev/full");
        if (command.Contains("RUN", StringComparison.Ordinal)) await Shell(Train("run", "--steps 5"));
        var (code, _, error) = await Shell($"{Program} {command.Replace("RUN", this["run"], StringComparison.Ordinal)} > /dev/full");
        Assert.Equal((1, "error: standard output cannot be written: no space left on device\n"), (code, error));
    }

    /// <summary>A step of thousands of micro-batches is left in the middle, the signal is answered at once, and what was done before is saved.</summary>
    [Theory]
    [InlineData("TERM", 143)]
    [InlineData("INT", 130)]
    [InlineData("HUP", 129)]
    public async Task A_wish_to_stop_is_heard_inside_a_step(string signal, int exit)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "has no signals");
        // The second step takes minutes.
        using var process = Start($"exec {Train("run", "--steps 2 --accumulate 500000 --warmup 0")}");
        await Begun(process);
        await Signal(signal, process);
        var first = await process.StandardError.ReadLineAsync();
        var patience = Stopwatch.StartNew();
        await process.WaitForExitAsync();
        Assert.Equal((exit, Stopping), (process.ExitCode, first));
        Assert.True(patience.Elapsed < TimeSpan.FromSeconds(30), $"took {patience.Elapsed}");
        Assert.Equal(0, RunFolder.Open(this["run"]).OrThrow().Checkpoint().OrThrow().Step);
    }

    [Fact]
    public async Task A_second_wish_is_obeyed_without_saving()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "has no signals");
        // What is waited for is the evaluation of a text that is long for so small a batch: it is heard there, too, but two signals in a row end it anyway.
        using var process = Start($"exec {Train("run", "--steps 1000000 --eval-every 0")}");
        await Begun(process);
        await Signal("TERM", process);
        await Signal("TERM", process);
        await process.WaitForExitAsync();
        Assert.Equal(143, process.ExitCode);
    }

    [Fact]
    public async Task A_hangup_that_is_ignored_stops_nothing()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "reads /proc");
        using var process = Start($"trap '' HUP; exec {Train("run", "--steps 3000")}");
        await Begun(process);
        await Signal("HUP", process);
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
        Assert.Equal(3000, RunFolder.Open(this["run"]).OrThrow().Checkpoint().OrThrow().Step);
    }

    [Fact]
    public async Task A_prompt_comes_from_a_file_or_from_standard_input()
    {
        await Shell(Train("run", "--steps 5"));
        File.WriteAllText(this["prompt.txt"], "Anna ");
        string Sample(string prompt) => $"{Program} sample --run {this["run"]} --tokens 10 {prompt}";
        var expected = await Shell(Sample("--prompt 'Anna '"));
        Assert.Equal(0, expected.Code);
        Assert.StartsWith("Anna ", expected.Out, StringComparison.Ordinal);
        Assert.Equal(expected, await Shell(Sample($"--prompt-file {this["prompt.txt"]}")));
        Assert.Equal(expected, await Shell($"printf 'Anna ' | {Sample("--prompt-file -")}"));
        Assert.Equal((1, "error: --prompt-file: standard input is not UTF-8; expected UTF-8 text\n"), await Shell($"printf 'caf\\xe9' | {Sample("--prompt-file -")}") is var r ? (r.Code, r.Error) : default);
        Assert.Equal(1, (await Shell(Sample($"--prompt-file {this["missing.txt"]}"))).Code);
        Assert.Equal(1, (await Shell(Sample($"--prompt x --prompt-file {this["prompt.txt"]}"))).Code);
    }

    /// <summary>A run that learned its text by heart says which of its checkpoints to take, and the command that it names takes it.</summary>
    [Fact]
    public async Task The_summary_says_when_the_best_is_not_the_last()
    {
        File.WriteAllText(this["text.txt"], "abcdefghijklmnopqrstuvwxyz 0123456789 the quick brown fox jumps over the lazy dog. " + Corpus.Text(3, 400));
        var (code, shown, error) = await Shell(Train("run", $"--data {this["text.txt"]} --steps 400 --eval-every 10 --lr 0.03 --dropout 0"));
        Assert.True(code == 0, error);
        var best = RunFolder.Open(this["run"]).OrThrow().Checkpoint("best").OrThrow().Step;
        Assert.InRange(best, 1, 399);
        Assert.Contains($"was after step {best}: functional sample --run {this["run"]} --checkpoint best\n", shown, StringComparison.Ordinal);
        Assert.Equal(0, (await Shell($"{Program} sample --run {this["run"]} --checkpoint best --tokens 5")).Code);
        Assert.Contains($"best: step {best}, ", (await Shell($"{Program} inspect --run {this["run"]} --checkpoint best")).Out, StringComparison.Ordinal);
        // With one step, the best is the last, and nothing is said.
        Assert.DoesNotContain("--checkpoint best", (await Shell(Train("one", "--steps 1"))).Out, StringComparison.Ordinal);
    }

    /// <summary>Two that begin in one moment without --out.</summary>
    [Fact]
    public async Task Two_default_runs_have_folders_of_their_own()
    {
        var line = Train("", "--steps 20").Replace($"--out {this[""]}", "", StringComparison.Ordinal);
        var ends = await Task.WhenAll(Shell($"cd {folder}; {line}"), Shell($"cd {folder}; {line}"));
        Assert.All(ends, static end => Assert.True(end.Code == 0, end.Error));
        foreach (var run in (string[])["runs/world", "runs/world-2"]) Assert.Equal(20, RunFolder.Open(this[run]).OrThrow().Checkpoint().OrThrow().Step);
    }

    async Task Begun(Process process)
    {
        var patience = Stopwatch.StartNew();
        while (!File.Exists(Path.Combine(this["run"], "metrics.jsonl")) && !process.HasExited && patience.Elapsed < TimeSpan.FromSeconds(60)) await Task.Delay(20);
        await Task.Delay(500);
    }

    static async Task Signal(string name, Process process)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{process.Id}"]);
        await kill.WaitForExitAsync();
    }
}
