using LanguageExt;

namespace Functional.Tests.Properties.Facade;

// Within this namespace: folders of other tests are called the same.
using Configuration = Functional.Configuration;
using Training = Functional.Training;

/// <summary>Recipes as users have them: a file, a folder, and what is told of both.</summary>
public sealed class RecipeTests : RecipeFolder
{
    static string Refused(Action act) => Assert.Throws<FunctionalException>(act).Message;

    /// <summary>Paths are relative to the file, and what is given beside it holds in every stage.</summary>
    [Fact]
    public void A_file_has_its_own_paths_and_gives_way_in_every_stage()
    {
        var recipe = Configuration.RecipeFromYaml(File(Two), ("batch", "3"), ("lr", "0.5"));
        Assert.Equal([(3, 0.5, this["texts/a.txt"]), (3, 0.5, this["texts/b.txt"])], recipe.Stages.Values.Select(static c => (c.Stage.Batch, c.Stage.Optimiser.LearningRate, c.Stage.Source.File!)));
        Assert.Equal($"{this["recipe.yaml"]}: has 2 stages: first, second; allowed: one; Training.RunAsync and functional run take a recipe", Refused(() => Configuration.FromYaml(this["recipe.yaml"])));
        Assert.Equal(4, Configuration.FromYaml(File(Two.Split('\n')[0])).Stage.Steps);
    }

    /// <summary>A run tells of each stage, and each keeps its own lines; done, it is left as it is, and goes on when the recipe does.</summary>
    [Fact]
    public async Task A_recipe_is_carried_out_stage_by_stage()
    {
        var events = new List<TrainingEvent>();
        var result = await Training.RunAsync(Configuration.RecipeFromYaml(File(Two)), this["run"], new Listener(events.Add));
        Assert.Equal(("second", StopReason.Completed, 3), (result.Stage, result.Reason, result.Step));
        Assert.Equal(["first", "second"], events.OfType<TrainingEvent.Started>().Select(static e => e.Stage));
        Assert.All(events.OfType<TrainingEvent.Started>(), static e => Assert.Equal(["first", "second"], e.Stages));
        Assert.Equal([new("first", 4, 4, true, true), new("second", 3, 3, true, true)], await Training.StagesAsync(this["run"]));
        foreach (var (stage, steps) in ((string?, int)[])[("first", 4), ("second", 3), (null, 3)])
            Assert.Equal(steps, (await Training.MetricsAsync(this["run"], stage)).Count(static l => l.Training is not null));
        // One tokenizer for both texts.
        Assert.Equal(8, RunFolder.Open(this["run"]).OrThrow().Tokenizer.VocabularySize);
        // Done, it is left as it is.
        events.Clear();
        Assert.Equal(("second", 3), await Training.RunAsync(Configuration.RecipeFromYaml(this["recipe.yaml"]), this["run"], new Listener(events.Add)) is var r ? (r.Stage, r.Step) : default);
        Assert.Equal("second", Assert.IsType<TrainingEvent.Started>(Assert.Single(events)).Stage);
    }

    /// <summary>What did no step keeps nobody from beginning with another recipe, and leaves none of its stages behind.</summary>
    [Fact]
    public async Task A_run_that_did_no_step_gives_its_place_to_another_recipe()
    {
        RunSession.Begin(this["run"], Configuration.RecipeFromYaml(File(Two.Replace("first", "old", StringComparison.Ordinal)))).OrThrow().Dispose();
        Assert.True(RunFolder.Holds(this["run"]));
        Assert.False(RunFolder.IsBegun(this["run"]));
        await Training.RunAsync(Configuration.RecipeFromYaml(File(Two), ("width", "16")), this["run"]);
        Assert.Equal(["first", "second"], Directory.GetDirectories(this["run/stages"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(16, RunFolder.Open(this["run"]).OrThrow().Config.Model.Width);
    }

    /// <summary>A stage that names weights begins with those, and not with those of the stage before.</summary>
    [Fact]
    public async Task A_later_stage_may_name_its_weights()
    {
        await Training.RunAsync(Configuration.RecipeFromYaml(File(Two)), this["other"]);
        var recipe = Configuration.RecipeFromYaml(File($"{Two}\n  third: {{steps: 2, save-every: 1, keep: 9, learning: {{warmup: 0}}, from: other/stages/first, source: {{data: texts/a.txt}}}}", "seed: 2"));
        Assert.Equal([null, null, this["other/stages/first"]], recipe.Stages.Values.Select(static c => c.Stage.From));
        await Training.RunAsync(recipe, this["run"]);
        byte[] Tensors(string stage, string step) => System.IO.File.ReadAllBytes(Path.Combine(Root, stage, "checkpoints", step, "model.safetensors"))[^1000..];
        Assert.Equal(Tensors("other/stages/first", "step-00000004"), Tensors("run/stages/third", "step-00000000"));
        Assert.NotEqual(Tensors("run/stages/second", "step-00000003"), Tensors("run/stages/third", "step-00000000"));
    }

    /// <summary>A first stage that names weights has their architecture for all, and what is given beside the file holds there, too.</summary>
    [Fact]
    public async Task A_first_stage_that_names_weights_has_their_architecture_for_all()
    {
        await Training.RunAsync(Configuration.RecipeFromYaml(File(Two), ("width", "16")), this["run"]);
        System.IO.File.WriteAllText(this["next.yaml"], $"batch: 2\nstages:\n{Two.Replace("steps: 4", "steps: 4, from: run", StringComparison.Ordinal)}\n");
        var recipe = Configuration.RecipeFromYaml(this["next.yaml"], ("batch", "3"));
        Assert.All(recipe.Stages.Values, static c => Assert.Equal((16, 3), (c.Model.Width, c.Stage.Batch)));
        Assert.Equal(this["run/stages/second/checkpoints/step-00000003"], recipe.Stages["first"].Stage.From);
    }

    sealed class Listener(Action<TrainingEvent> hear) : IProgress<TrainingEvent>
    {
        public void Report(TrainingEvent value) => hear(value);
    }
}
