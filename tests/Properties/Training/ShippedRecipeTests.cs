using Functional.Cli;
using Functional.Testing;

namespace Functional.Tests.Properties.Training;

/// <summary>The recipes that come with the project: read as they are, and run at reduced sizes.</summary>
public sealed class ShippedRecipeTests
{
    static string Folder => Path.Combine(SourceTree.Root, "recipes");

    public static TheoryData<string> Names =>
        [.. Directory.EnumerateFiles(Folder, "*.yaml").Select(static f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal)];

    static Recipe Read(string name) => Functional.Configuration.RecipeFromYaml(Path.Combine(Folder, $"{name}.yaml"));

    // What a tour writes itself lies beside its run.
    static Recipe Reduced(string name, string folder)
    {
        var pairs = Path.Combine(folder, "preferences.jsonl");
        File.WriteAllLines(pairs, Enumerable.Range(0, 12).Select(static i => $$"""{"prompt": "How many letters are in w{{i}}?", "chosen": "{{i}}", "rejected": "no"}"""));
        return Reduced(name).Map(config => config with
        {
            Stage = config.Stage with
            {
                Source = config.Stage.Source with { File = config.Stage.Source.File is { } file && Path.GetFileName(file) == "preferences.jsonl" ? pairs : config.Stage.Source.File },
                Practice = config.Stage.Practice with { Prompts = 4, Tokens = 4 },
            },
        });
    }

    static RunConfig First(string name) => Read(name).Stages.Values[0];

    static Recipe Reduced(string name) => Read(name).Map(static config => config with
    {
        Stage = config.Stage with
        {
            Batch = 2, Steps = 3, EvalEvery = 2, EvalBatches = 1, SaveEvery = 2, SampleEvery = 0, Source = config.Stage.Source with { CorpusSize = 20_000 },
            Optimiser = config.Stage.Optimiser with { Warmup = 1 },
        },
    });

    static RunConfig FirstReduced(string name) => Reduced(name).Stages.Values[0];

    // Stage after stage, until somebody asks to stop.
    static void Train(string folder, Recipe recipe, IRunObserver? observer = null, CancellationToken stop = default)
    {
        using var engine = new ManagedEngine(2);
        while (!RunFolder.Holds(folder) || TinyRun.Get(RunFolder.Open(folder)).Progress.Any(static p => !p.IsDone))
        {
            using var session = TinyRun.Get(RunFolder.Holds(folder) ? RunSession.Resume(folder, null, default) : RunSession.Begin(folder, recipe, default));
            TinyRun.Get(Loop.Run(engine, session, observer, StillClock.Instance, stop));
            if (stop.IsCancellationRequested) return;
        }
    }

    sealed class StopAfterTheFirstStep(CancellationTokenSource stop) : IRunObserver
    {
        public void Stepped(in StepMetrics metrics) => stop.Cancel();
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_recipe_that_was_stopped_goes_on_bit_for_bit(string name)
    {
        using var scratch = new Scratch();
        var recipe = Reduced(name, Directory.CreateDirectory(scratch["rows"]).FullName);
        Train(scratch["whole"], recipe);
        // In each of its stages.
        for (var stage = 0; stage < recipe.Stages.Count; stage++)
        {
            using (var stop = new CancellationTokenSource()) Train(scratch["parts"], recipe, new StopAfterTheFirstStep(stop), stop.Token);
            var run = TinyRun.Get(RunFolder.Open(scratch["parts"]));
            Assert.Equal((recipe.Stages.Names[stage], 1), (run.Stage, TinyRun.Get(run.Checkpoint()).Step));
            using var engine = new ManagedEngine(2);
            using var session = TinyRun.Get(RunSession.Resume(scratch["parts"]));
            TinyRun.Get(Loop.Run(engine, session, null, StillClock.Instance));
        }
        Assert.Equal("", TinyRun.Differences(TinyRun.Remains(scratch["whole"]), TinyRun.Remains(scratch["parts"])));
    }

    /// <summary>The command as the files' comments give it, but for its length.</summary>
    [Theory]
    [InlineData("--corpus-size", "20000")]
    [InlineData("--data", null)]
    public async Task The_command_takes_a_recipe_as_it_is(string option, string? value)
    {
        using var scratch = new Scratch();
        if (value is null)
            File.WriteAllText(value = scratch["text.txt"],
                string.Concat(Enumerable.Range(0, 900).Select(static i => $"Line {i * i} has {i * 7919 % 1000} words.\n")));
        using var output = new StringWriter();
        string[] args = ["--config", Path.Combine(Folder, "modern-small.yaml"), "--out", scratch["run"], "--steps", "1", "--warmup", "1", "--batch", "2"];
        var code = await App.Run(["train", .. args, option, value], new(output, output, Live: false, Width: 100));
        Assert.True(code == 0, output.ToString());
        Assert.Equal("bpe", TinyRun.Get(RunFolder.Open(scratch["run"])).Tokenizer.Kind);
    }

    [Fact]
    public void The_recipes_are_what_they_say()
    {
        Assert.Equal(new DecoderConfig { Vocabulary = 0 }, First("gpt2-small").Model);
        Assert.Equal((NormKind.Rms, Positions.Rotary, Activation.SwiGlu, 2, Biases.None, "bpe", 1024), First("modern-small") is { Model: var m } modern
            ? (m.Norm, m.Positions, m.Activation, m.Heads / m.KeyHeads, m.Bias, modern.Tokenizer, modern.Bpe.Vocabulary) : default);
        Assert.Equal((8, 2, true, true), First("moe-small").Model.Experts is var e ? (e.Count, e.Chosen, e.Balance > 0, e.ZLoss > 0) : default);
        Assert.False(First("long-context").Model.IsBounded);
    }

    [Fact]
    public async Task Long_context_writes_twenty_windows_in_caches_that_do_not_grow()
    {
        using var scratch = new Scratch();
        var config = FirstReduced("long-context");
        Train(scratch["run"], Recipe.Of(config));
        using var model = LanguageModel.Load(scratch["run"], new ManagedEngine(2));
        var (text, tokens) = ("", 20 * config.Model.Window);
        Assert.True(tokens > 2 * config.Model.Context);
        await foreach (var piece in model.GenerateAsync("", new() { Tokens = tokens }, TestContext.Current.CancellationToken)) text += piece;
        Assert.Equal(tokens, text.Length);
        Params<TensorType> Caches(int context) => Transformer.Of(model.Config.Model with { Context = context }).Caches(new(1, Batcher.MostPiece));
        Assert.Equal(Caches(config.Model.Context), Caches(100 * config.Model.Context));
        Assert.All(Caches(config.Model.Context).Values, type => Assert.Equal(config.Model.Window + config.Model.Sinks + Batcher.MostPiece - 1, type.Shape[1]));
    }

    [Fact]
    public async Task Inspect_shows_the_load_of_experts()
    {
        using var scratch = new Scratch();
        Train(scratch["moe"], Reduced("moe-small"));
        var (code, text) = await Inspect("--run", scratch["moe"], "--experts");
        Assert.True(code == 0, text);
        var rows = text.Split('\n').Where(static line => line.StartsWith("blocks.", StringComparison.Ordinal)).ToArray();
        Assert.Equal(4, rows.Length);
        // The shares of eight experts are a row's numbers, rounded to two digits.
        Assert.All(rows, static row => Assert.Equal(8, row.Split(' ').Skip(1).Where(static w => w.Length == 4 && w[1] == '.')
            .Sum(static w => double.Parse(w, System.Globalization.CultureInfo.InvariantCulture)), 0.05));
        Assert.Equal(Expected("last"), text);
        Assert.NotEqual(Expected("last"), Expected("2"));
        Assert.Equal((0, Expected("2")), await Inspect("--run", scratch["moe"], "--experts", "--checkpoint", "2"));

        // Of the text that was kept for evaluation, by the checkpoint itself.
        string Expected(string checkpoint)
        {
            using var engine = new ManagedEngine(1);
            using var model = TinyRun.Get(TrainedModel.Open(engine, scratch["moe"], TinyRun.Get(CheckpointChoice.Parse(checkpoint, ""))));
            return HeatMap.Of(TinyRun.Get(model.ExpertLoad(TinyRun.Get(model.Data()).Validation)), 2, 100);
        }
    }

    [Fact]
    public async Task Inspect_says_what_it_needs_for_the_load_of_experts()
    {
        using var scratch = new Scratch();
        TinyRun.Get(TinyRun.Train(scratch["plain"], TinyRun.Config));
        async Task Fails(string message, params string[] args)
        {
            var (code, text) = await Inspect(args);
            Assert.Equal(1, code);
            Assert.Contains(message, text, StringComparison.Ordinal);
        }
        await Fails("--experts: needs a model that has learned; expected --run DIR beside it, and no --config", "--experts");
        await Fails("--experts: needs a model that has learned", "--experts", "--config", Path.Combine(Folder, "moe-small.yaml"));
        Train(scratch["dense"], Reduced("gpt2-small"));
        await Fails("experts: are in no layer of the model; needed: a run with experts of 1 or more", "--experts", "--run", scratch["dense"]);
        await Fails("--threads: is for what is computed, and nothing is; expected --experts beside it", "--run", scratch["plain"], "--threads", "1");
    }

    /// <summary>Rows are layers; columns that do not fit beside each other stand below.</summary>
    [Fact]
    public void A_heat_map_has_a_number_and_a_shade_for_each_expert() => Assert.Equal("""
        share of the choices × experts: 1.00 is even, and 1.50 is an expert that every token goes to

                    0      1  
        blocks.0 0.00   1.00 ▒
        blocks.2 0.50 ░ 1.50 ▓

                    2  
        blocks.0 2.00 █
        blocks.2 1.00 ▒

        """, HeatMap.Of([new("blocks.0", [0, 1, 2]), new("blocks.2", [0.5, 1.5, 1])], 2, 24));

    [Theory]
    [MemberData(nameof(Names))]
    public void The_readme_names_a_recipe(string name) =>
        Assert.Contains($"`recipes/{name}.yaml`", File.ReadAllText(Path.Combine(SourceTree.Root, "README.md")), StringComparison.Ordinal);

    static async Task<(int Code, string Text)> Inspect(params string[] args)
    {
        using var output = new StringWriter { NewLine = "\n" };
        return (await App.Run(["inspect", .. args], new(output, output, Live: false, Width: 100)), output.ToString());
    }
}
