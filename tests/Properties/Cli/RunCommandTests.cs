namespace Functional.Tests.Properties.Cli;

/// <summary><c>functional run</c> as a process: what it says of stages, and that options of the command line hold in all of them.</summary>
public sealed class RunCommandTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("functional-run-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    string this[string name] => Path.Combine(folder, name);

    string Recipe(string name, string stages)
    {
        File.WriteAllText(this["text.txt"], string.Concat(Enumerable.Repeat("abcab cabba. ", 40)));
        File.WriteAllText(this[name], $"model: {{layers: 1, heads: 2, width: 8, context: 4}}\nrun: {{threads: 1, engine: managed}}\nbatch: 2\ndata: text.txt\nlearning: {{warmup: 0}}\nstages:\n{stages}");
        return this[name];
    }

    [Fact]
    public async Task A_recipe_says_how_far_it_is_and_takes_options()
    {
        var file = Recipe("recipe.yaml", "  a: {steps: 4}\n  longer: {steps: 3}\n");
        string[] run = ["run", file, "--out", this["run"]];
        const string left = "a       left, 0 of 4 steps\nlonger  left, 0 of 3 steps\n", done = "a       done, 4 of 4 steps\nlonger  done, 3 of 3 steps\n";
        Assert.Equal((0, left, ""), await FunctionalProcess.Run([.. run, "--status"]));
        Assert.False(Directory.Exists(this["run"]));

        // What did no step is as nothing, whatever its recipe was.
        RunSession.Begin(this["run"], Functional.Configuration.RecipeFromYaml(Recipe("other.yaml", "  other: {steps: 9}\n"))).OrThrow().Dispose();
        Assert.Equal((0, left, ""), await FunctionalProcess.Run([.. run, "--status"]));

        var (code, _, error) = await FunctionalProcess.Run([.. run, "--threads", "2"]);
        Assert.True(code == 0, error);
        Assert.Equal((0, done, ""), await FunctionalProcess.Run([.. run, "--status"]));
        Assert.Equal([2, 2], RunFolder.Open(this["run"]).OrThrow().Recipe.Stages.Values.Select(static c => c.Execution.Threads));

        // Without a folder it has the recipe's name, and a flag that is none is said by its name.
        Assert.Contains("--threads", (await FunctionalProcess.Run("run", file, "--threads", "-1")).Error, StringComparison.Ordinal);
    }
}
