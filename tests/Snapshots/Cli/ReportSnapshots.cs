using Functional.Sessions;

namespace Functional.Tests.Snapshots.Cli;

/// <summary>What the command says about a run before it is begun.</summary>
public sealed class ReportSnapshots : IDisposable
{
    readonly Shell shell = new();

    public void Dispose() => shell.Dispose();

    [Fact]
    public async Task Inspect_a_configuration()
    {
        var text = shell.File("text.txt", string.Concat(Enumerable.Repeat("to be or not to be, that is the question.\n", 20)));
        await shell.Run("inspect", "--config", shell.File("run.yaml",
            $"data: \"{text}\"\nlayers: 3\nheads: 2\nwidth: 16\ncontext: 8\nbias: true\naccumulate: 2\n"));
        await Verify(shell.Log);
    }

    [Fact]
    public async Task Dry_run()
    {
        await shell.Run("train", "--dry-run", "--out", shell["run"], "--layers", "6", "--heads", "6", "--width", "384", "--context", "256", "--threads", "1");
        Assert.False(Directory.Exists(shell["run"]));
        await Verify(shell.Timeless);
    }

    /// <summary>What has no room on any machine: the plan says what it would take, and then what the run says.</summary>
    [Fact]
    public async Task A_plan_without_room()
    {
        string[] sizes = ["--layers", "1000000", "--heads", "64", "--width", "16384", "--context", "1024", "--accumulate", "4", "--device", "cpu"];
        await shell.Run(["train", "--dry-run", "--out", shell["run"], .. sizes]);
        await shell.Run(["train", "--out", shell["run"], .. sizes]);
        Assert.False(Directory.Exists(shell["run"]));
        await shell.Run(["bench", "step", .. sizes.Take(8), "--device", "cpu"]);
        await shell.Run(["bench", "decode", .. sizes.Take(8), "--device", "cpu"]);
        await Verify(shell.Timeless);
    }

    [Fact]
    public async Task Inspect_a_configuration_without_room()
    {
        var text = shell.File("text.txt", string.Concat(Enumerable.Repeat("to be or not to be, that is the question.\n", 20)));
        await shell.Run("inspect", "--config", shell.File("run.yaml",
            $"data: \"{text}\"\nlayers: 2147483647\nheads: 2\nwidth: 16\ncontext: 8\noptimiser: sgd\nsteps: 9223372036854775807\ndevice: cpu\n"));
        await Verify(shell.Timeless);
    }

    [Fact]
    public async Task Sizes_that_are_none()
    {
        await shell.Run("train", "--dry-run", "--width", "2000000000", "--heads", "2000000000", "--context", "2000000000", "--batch", "2000000000");
        await shell.Run("train", "--dry-run", "--batch", "100000", "--width", "1024", "--accumulate", "100000");
        await shell.Run("train", "--dry-run", "--dropout", "0.1", "--context", "8192", "--heads", "4");
        await shell.Run("bench", "step", "--width", "2000000000", "--heads", "2");
        await shell.Run("bench", "step", "--batch", "100000", "--context", "10000");
        await Verify(shell.Log);
    }
}
