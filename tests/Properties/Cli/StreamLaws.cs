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

    static Process Start(string line) =>
        Process.Start(new ProcessStartInfo("/bin/bash", ["-c", line]) { RedirectStandardOutput = true, RedirectStandardError = true })!;

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
    [InlineData("> /dev/full", 1, "error: standard output cannot be written: no space left on device\n")]
    [InlineData("| head -c 20 > /dev/null", 141, "")]
    public async Task Generation_ends_when_nobody_reads(string stream, int exit, string message)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs /dev/full");
        await Shell(Train("run", "--steps 5"));
        // So many tokens take hours.
        var (code, _, error) = await Shell($"set -o pipefail; {Program} sample --run {this["run"]} --tokens 2000000000 --threads 1 {stream}");
        Assert.Equal((exit, message), (code, error));
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

    /// <summary>Where no line can be written any more, the run ends, and says where it goes on.</summary>
    [Fact]
    public async Task Without_room_for_its_lines_a_run_says_where_it_goes_on()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs ulimit");
        // No file may be longer than 60 KiB; the runtime itself would make one.
        var (code, _,
            error) = await Shell($"trap '' XFSZ; export DOTNET_EnableWriteXorExecute=0; ulimit -f 60; {Train("run", "--steps 2000 --save-every 100")}");
        Assert.Equal(1, code);
        Assert.Matches($"^error: {this["run"]}/stages/pretrain/metrics.jsonl: file too large; expected room for metrics; resumed, the run goes on from step [4-6]00\n$", error);
        Assert.Equal(0, (await Shell(Train("run", "--resume --steps 700"))).Code);
    }

    /// <summary>A step of thousands of micro-batches is left in the middle, the signal is answered at once, and what was done before is saved.</summary>
    [Theory]
    [InlineData("TERM", 143)]
    [InlineData("INT", 130)]
    [InlineData("HUP", 129)]
    public async Task A_wish_to_stop_is_heard_inside_a_step(string signal, int exit)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "has no signals");
        SkipWhereIgnored(signal);
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
        // It waits for somebody to write into its settings, where no wish to stop is heard.
        await Shell($"mkfifo {this["settings.yaml"]}");
        using var process = Start($"exec {Program} train --config {this["settings.yaml"]}");
        await Listens(process);
        await Signal("TERM", process);
        Assert.Equal(Stopping, await process.StandardError.ReadLineAsync());
        Assert.False(process.WaitForExit(200));
        await Signal("TERM", process);
        Assert.Equal(143, await Ends(process));
    }

    /// <summary>Whoever is to type the prompt may rather stop, and so may whoever waits for a measurement.</summary>
    [Theory]
    [InlineData("sample --run RUN --prompt-file -", "TERM", 143)]
    [InlineData("bench step --steps 1000000", "INT", 130)]
    [InlineData("bench decode --layers 1 --heads 1 --width 8 --tokens 1000000 --context 1000", "INT", 130)]
    public async Task Waiting_stops_when_asked(string command, string signal, int exit)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "reads /proc");
        SkipWhereIgnored(signal);
        await Shell(Train("run", "--steps 2 --warmup 0"));
        using var process = Process.Start(new ProcessStartInfo(Program,
            [.. command.Replace("RUN", this["run"], StringComparison.Ordinal).Split(' '), "--threads", "1"])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        await Listens(process);
        await Signal(signal, process);
        Assert.Equal((exit, "stopping; again to stop at once"), (await Ends(process), await process.StandardError.ReadLineAsync()));
    }

    /// <summary>What writes and what measures hear the wish to stop as training does.</summary>
    [Fact]
    public async Task Writing_and_measuring_stop_when_asked()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "reads /proc");
        SkipWhereIgnored("INT");
        await Shell(Train("run", "--steps 5"));
        using (var process = Start($"exec {Program} sample --run {this["run"]} --tokens 2000000000 --threads 1"))
        {
            Assert.Equal(100, await process.StandardOutput.ReadBlockAsync(new char[100]));
            var rest = process.StandardOutput.ReadToEndAsync();
            await Signal("INT", process);
            Assert.Equal((130, "stopping; again to stop at once"), (await Ends(process), await process.StandardError.ReadLineAsync()));
            await rest;
        }
        // Minutes of work.
        using (var text = File.CreateText(this["long.txt"]))
            for (var i = 0; i < 300; i++) await text.WriteAsync(Corpus.Text(1, 100_000));
        using (var process = Start($"exec {Program} eval --run {this["run"]} --data {this["long.txt"]} --threads 1"))
        {
            var read = false;
            while (!read && !process.HasExited) read = Opened(process).Contains(this["long.txt"]);
            // Read by now, or soon.
            await Task.Delay(500);
            await Signal("TERM", process);
            Assert.Equal((143, "stopping; again to stop at once"), (await Ends(process), await process.StandardError.ReadLineAsync()));
        }

        static IEnumerable<string?> Opened(Process process) =>
            Directory.EnumerateFiles($"/proc/{process.Id}/fd")
                .Select(static f => { try { return File.ResolveLinkTarget(f, false)?.FullName; } catch (IOException) { return null; } });
    }

    /// <summary>Where nothing is said, the last of the folders that were chosen for runs on this text is gone on with.</summary>
    [Fact]
    public async Task A_default_run_is_gone_on_with()
    {
        File.WriteAllText(this["text.txt"], Corpus.Text(1, 3000));
        string Here(string more) => $"cd {folder}; {Train("", more).Replace($"--out {this[""]}", "", StringComparison.Ordinal)}";
        string GoOn(string more) => $"cd {folder}; {Program} train --resume --threads 1 {more}";
        foreach (var more in (string[])["--steps 3", "--steps 3", "--steps 3 --data text.txt", "--steps 3 --data text.txt"]) Assert.Equal(0,
            (await Shell(Here(more))).Code);
        Assert.Equal(0, (await Shell(GoOn("--steps 4"))).Code);
        Assert.Equal(0, (await Shell(GoOn("--steps 5 --data text.txt"))).Code);
        Assert.Equal([3, 4, 3, 5], ((string[])["world", "world-2", "text", "text-2"]).Select(run =>
            RunFolder.Open(this[$"runs/{run}"]).OrThrow().Checkpoint().OrThrow().Step));
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
        Assert.Equal((1, "error: --prompt-file: standard input is not UTF-8; expected UTF-8 text\n"),
            await Shell($"printf 'caf\\xe9' | {Sample("--prompt-file -")}") is var r ? (r.Code, r.Error) : default);
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
        // A run begins with it, too, by its own name.
        Assert.Equal(0,
            (await Shell($"{Program} train --out {this["next"]} --from {this["run"]} --checkpoint best --data {this["text.txt"]} --steps 1 --threads 1")).Code);
        Assert.Equal(RunFolder.Open(this["run"]).OrThrow().Checkpoint("best").OrThrow().Folder, RunFolder.Open(this["next"]).OrThrow().Config.Stage.From);
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

    // A program that does not end is ended, and then its exit code is another.
    static async Task<int> Ends(Process process)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
        return process.ExitCode;
    }

    async Task Begun(Process process)
    {
        var patience = Stopwatch.StartNew();
        while (!File.Exists(Path.Combine(this["run"], "stages", "pretrain", "metrics.jsonl")) && !process.HasExited
            && patience.Elapsed < TimeSpan.FromSeconds(60)) await Task.Delay(20);
        await Task.Delay(500);
    }

    // It catches the signals, and has had time to come to its work.
    static async Task Listens(Process process)
    {
        var patience = Stopwatch.StartNew();
        while (!process.HasExited && (Signals($"{process.Id}", "SigCgt") & 1 << 14) == 0 && patience.Elapsed < TimeSpan.FromSeconds(30)) await Task.Delay(20);
        await Task.Delay(1000);
    }

    // As nohup has SIGHUP for all that it starts, and a shell SIGINT for what it puts into the background: then nobody is to hear it.
    static void SkipWhereIgnored(string signal)
    {
        var number = signal switch { "HUP" => 1, "INT" => 2, _ => 15 };
        Assert.SkipWhen(OperatingSystem.IsLinux() && (Signals("self", "SigIgn") & 1UL << (number - 1)) != 0, $"SIG{signal} is ignored here");
    }

    // A process's set of signals: those that it catches, or ignores.
    static ulong Signals(string process, string set) =>
        Convert.ToUInt64(File.ReadLines($"/proc/{process}/status").Single(l => l.StartsWith(set, StringComparison.Ordinal)).Split('\t')[1], 16);

    static async Task Signal(string name, Process process)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{process.Id}"]);
        await kill.WaitForExitAsync();
    }
}
