using System.Diagnostics;
using System.Text.Json;
using FsCheck;

namespace Functional.Tests.Properties.Cli;

/// <summary>Runs as real processes, ended from outside at any moment.</summary>
public sealed class KillLaws : IDisposable
{
    const int Steps = 1200, EvalEvery = 100, Kills = 4;

    readonly string folder = Directory.CreateTempSubdirectory("functional-kill-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    /// <summary>Killed at any moments and resumed ≡ never killed: the same parameters and optimiser state bit for bit, no line lost or doubled.</summary>
    [Property(MaxTest = 2)]
    public async Task Killed_and_resumed_is_never_killed(PositiveInt seed)
    {
        var (whole, broken) = (Path.Combine(folder, $"whole-{seed.Get}"), Path.Combine(folder, $"broken-{seed.Get}"));
        var made = await FunctionalProcess.Run(Begin(whole));
        Assert.True(made.Code == 0, made.Error);

        var moments = Key.Seed((ulong)seed.Get).FoldIn("moments");
        var inside = 0;
        for (var kill = 0; kill < Kills; kill++)
        {
            using var process = FunctionalProcess.Start(Continue(broken));
            // The first is killed while it starts; the others somewhere in a quarter of the run each, and up to 30 ms later.
            var line = kill == 0 ? 0 : (kill - 1) * Steps / Kills + (int)moments.Below(kill, Steps / Kills);
            while (LineCount(broken) < line && !process.HasExited) await Task.Delay(1);
            if (process.WaitForExit((int)moments.Below(Kills + kill, kill == 0 ? 500 : 30))) break;
            process.Kill();
            process.WaitForExit();
            if (LineCount(broken) is > 0 and < Steps) inside++;
        }
        Assert.True(inside > 0, "no kill while steps were being made tests nothing: the run is too short for this machine");

        var (code, _, error) = await FunctionalProcess.Run(Continue(broken));
        Assert.True(code == 0, error);
        foreach (var file in (string[])["model.safetensors", "optimizer.safetensors"])
            Assert.True(Last(whole, file).AsSpan().SequenceEqual(Last(broken, file)), $"{file} differs");
        Assert.Equal(Lines(whole), Lines(broken));
        Assert.Equal(Steps + Steps / EvalEvery, Lines(broken).Length);
    }

    /// <summary>SIGTERM saves at once: nothing that was learned is lost.</summary>
    [Fact]
    public async Task Asked_to_end_it_saves_first()
    {
        if (OperatingSystem.IsWindows()) return;
        var run = Path.Combine(folder, "asked");
        using var process = FunctionalProcess.Start(Begin(run, 1_000_000));
        var patience = Stopwatch.StartNew();
        while (LineCount(run) == 0 && patience.Elapsed < TimeSpan.FromSeconds(60)) await Task.Delay(50);
        using (var kill = Process.Start("kill", ["-TERM", $"{process.Id}"])) await kill.WaitForExitAsync();
        await process.WaitForExitAsync();
        Assert.Equal(143, process.ExitCode);
        var saved = RunFolder.Open(run).OrThrow().Checkpoint().OrThrow().Step;
        Assert.StartsWith($"step={saved} ", Lines(run)[^1], StringComparison.Ordinal);
    }

    // A run that is not there yet begins; one that is, however little of it, goes on.
    string[] Continue(string run) => RunFolder.Holds(run) ? ["train", "--out", run, "--resume"] : Begin(run);

    string[] Begin(string run, int steps = Steps)
    {
        var text = Path.Combine(folder, "text.txt");
        if (!File.Exists(text)) File.WriteAllText(text, Corpus.Text(1, 5000));
        return
        [
            "train", "--out", run, "--data", text, "--layers", "1", "--heads", "2", "--width", "16", "--context", "8", "--batch", "4", "--accumulate", "2",
                "--dropout", "0.1",
            "--steps", $"{steps}", "--save-every", "20", "--keep", "2", "--eval-every", $"{EvalEvery}", "--eval-batches", "2", "--threads", "1",
        ];
    }

    static byte[] Last(string run, string file) =>
        File.ReadAllBytes(Path.Combine(new CheckpointStore(Path.Combine(run, "stages", "pretrain", "checkpoints")).PathOf(Steps), file));

    static int LineCount(string run)
    {
        var path = Path.Combine(run, "stages", "pretrain", "metrics.jsonl");
        if (!File.Exists(path)) return 0;
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[file.Length];
        return bytes.AsSpan(0, file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)).Count((byte)'\n');
    }

    // Lines without what only says how fast it was; the last may be cut.
    static string[] Lines(string run)
    {
        var path = Path.Combine(run, "stages", "pretrain", "metrics.jsonl");
        return !File.Exists(path) ? [] : [.. File.ReadAllText(path).Split('\n')[..^1].Select(Untimed)];
    }

    static string Untimed(string line) => string.Join(' ', JsonDocument.Parse(line).RootElement.EnumerateObject()
        .Where(static p => p.Name is not ("step_ms" or "tokens_per_second")).Select(static p => $"{p.Name}={p.Value}"));
}
