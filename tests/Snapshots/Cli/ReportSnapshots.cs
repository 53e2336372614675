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
        await shell.Run("inspect", "--config", shell.File("run.yaml", $"data: \"{text}\"\nlayers: 3\nheads: 2\nwidth: 16\ncontext: 8\nbias: true\naccumulate: 2\n"));
        await Verify(shell.Log);
    }

    [Fact]
    public async Task Dry_run()
    {
        await shell.Run("train", "--dry-run", "--out", shell["run"], "--layers", "6", "--heads", "6", "--width", "384", "--context", "256", "--threads", "1");
        Assert.False(Directory.Exists(shell["run"]));
        await Verify(shell.Timeless);
    }
}
