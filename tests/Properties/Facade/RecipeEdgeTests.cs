using LanguageExt;

namespace Functional.Tests.Properties.Facade;

// Within this namespace: folders of other tests are called the same.
using Configuration = Functional.Configuration;
using Training = Functional.Training;

/// <summary>Recipes at their edges: a stage that is added, weights of the first, a file that was cut off, numbers that are shown.</summary>
public sealed class RecipeEdgeTests : RecipeFolder
{
    /// <summary>A run whose stages are done goes on with a stage that its recipe has got since.</summary>
    [Fact]
    public async Task A_stage_may_be_added_to_a_run_that_is_done()
    {
        await Training.RunAsync(Configuration.RecipeFromYaml(File(Two)), this["run"]);
        var third = Configuration.RecipeFromYaml(File($"{Two}\n  third: {{steps: 2, learning: {{warmup: 0}}, source: {{data: texts/a.txt}}}}"));
        Assert.Equal(("third", 2), await Training.RunAsync(third, this["run"]) is var r ? (r.Stage, r.Step) : default);
        Assert.Equal(3, (await Training.StagesAsync(this["run"])).Count(static s => s.IsDone));
    }

    /// <summary>Stages after a first one with weights go on from that one, not from those weights again.</summary>
    [Fact]
    public async Task Stages_after_one_with_weights_go_on_from_it()
    {
        await Training.RunAsync(Configuration.RecipeFromYaml(File(Two)), this["run"]);
        var recipe = Configuration.RecipeFromYaml(File(Two.Replace("steps: 4", "steps: 4, from: run", StringComparison.Ordinal)));
        Assert.Equal([this["run/stages/second/checkpoints/step-00000003"], null], recipe.Stages.Values.Select(static c => c.Stage.From));
    }

    /// <summary>A configuration that was cut off between two stages would have one fewer.</summary>
    [Fact]
    public async Task A_recipe_that_was_cut_off_between_stages_is_refused()
    {
        await Training.RunAsync(Configuration.RecipeFromYaml(File(Two)), this["run"]);
        var text = System.IO.File.ReadAllText(this["run/config.yaml"]);
        System.IO.File.WriteAllText(this["run/config.yaml"], text[..text.IndexOf("  second:", StringComparison.Ordinal)]);
        Assert.True(RunFolder.Open(this["run"]).IsFail);
    }

    /// <summary>What is shown is read back, and cannot take a line's own numbers' place.</summary>
    [Fact]
    public void What_is_shown_is_read_back()
    {
        using (var lines = MetricsFile.Open(this["m.jsonl"], 0).OrThrow())
        {
            lines.Append(new(1, 2.5f, 0.1, 1, 1, 1) { Shown = Params.Of(("accuracy", 0.5f)) });
            lines.Append(new(2, 2.5f, 0.1, 1, 1, 1) { Shown = Params.Of(("val_loss", 7f), ("loss", 9f)) });
        }
        var read = MetricsFile.Read(this["m.jsonl"]).OrThrow();
        Assert.Equal("2.5 2.5 0.5", FormattableString.Invariant($"{read[0].Training?.Loss} {read[1].Training?.Loss} {read[0].Training?.Shown?["accuracy"]}"));
    }
}
