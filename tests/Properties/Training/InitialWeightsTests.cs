using LanguageExt;
using Xunit;

namespace Functional.Tests.Properties.Training;

/// <summary>A run that begins with another's weights takes those and what they mean from it, and nothing else.</summary>
public sealed class InitialWeightsTests : IDisposable
{
    readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    static RunConfig Next(string weights) => TinyRun.Config with { Seed = 5, Stage = TinyRun.Config.Stage with { From = weights } };

    string Source(RunConfig config)
    {
        TinyRun.Get(TinyRun.Train(scratch["source"], config));
        return TinyRun.Get(TinyRun.Get(RunFolder.Open(scratch["source"])).Checkpoint()).Folder;
    }

    [Fact]
    public void It_takes_the_weights_and_neither_the_optimiser_nor_the_place()
    {
        var weights = Source(TinyRun.Config);
        TinyRun.Get(TinyRun.Train(scratch["next"], Next(weights), stop: new(canceled: true)));
        var begun = TinyRun.Get(TinyRun.Get(RunFolder.Open(scratch["next"])).Checkpoint());
        Assert.Equal(RunState.Start(Next(weights).Key) with { Saved = 0, Interrupted = begun.Training.Interrupted }, begun.Training);
        using var engine = new ReferenceEngine();
        using Trainer source = new(engine, TinyRun.Stage(TinyRun.Config)), own = new(engine, TinyRun.Stage(TinyRun.Config));
        TinyRun.Get(source.Load(TinyRun.Get(Checkpoint.Open(weights))));
        TinyRun.Get(own.Load(begun));
        foreach (var (name, value) in source.Parts[0].Model) Assert.Equal(value.ToArray<float>(), own.Parts[0].Model[name].ToArray<float>());
        Assert.All(own.Parts[0].Slots.Select(static s => s.Value), static slot => Assert.All(slot.ToArray<float>(), static v => Assert.Equal(0, v)));
        Assert.Contains(source.Parts[0].Slots.Select(static s => s.Value), static slot => slot.ToArray<float>().Any(static v => v != 0));
    }

    /// <summary>Ended before its first checkpoint, it begins with them when it goes on.</summary>
    [Fact]
    public void Ended_before_anything_is_saved_it_begins_with_them_again()
    {
        var weights = Source(TinyRun.Config);
        TinyRun.Get(TinyRun.Train(scratch["whole"], Next(weights)));
        TinyRun.Get(RunSession.Begin(scratch["broken"], Recipe.Of(Next(weights)), TinyRun.Data(TinyRun.Config), Disk.Real)).Dispose();
        Assert.Empty(new CheckpointStore(scratch["broken/stages/pretrain/checkpoints"]).Steps);
        TinyRun.Get(TinyRun.Train(scratch["broken"], Next(weights)));
        Assert.Equal("", TinyRun.Differences(TinyRun.Remains(scratch["whole"]), TinyRun.Remains(scratch["broken"])));
    }

    /// <summary>Each setting that says what the weights are is the source's, and a run that says otherwise is refused by its name.</summary>
    [Theory]
    [InlineData("layers", "2")]
    [InlineData("heads", "4")]
    [InlineData("width", "8")]
    [InlineData("context", "4")]
    [InlineData("bias", "true")]
    [InlineData("activation", "gelu")]
    [InlineData("norm", "post")]
    [InlineData("positions", "sinusoidal")]
    [InlineData("tied-head", "false")]
    [InlineData("rope-base", "500")]
    [InlineData("rope-pairing", "neighbours")]
    [InlineData("experts", "2")]
    [InlineData("tokenizer", "byte")]
    [InlineData("line-ends", "keep")]
    public void What_the_weights_are_is_inherited(string name, string value)
    {
        var field = RunConfig.Field(name)!;
        var plain = TinyRun.Config with { Model = TinyRun.Config.Model with { TiedHead = true }, Stage = TinyRun.Config.Stage with { Steps = 2 } };
        var weights = Source(field.Set(plain, value)!);
        Assert.NotEqual(value, field.Get(plain));
        var inherited = TinyRun.Get(InitialWeights.Of(plain, scratch["source"], CheckpointChoice.Last));
        var expected = field.Set(plain, value)!;
        Assert.Equal(expected with { Stage = expected.Stage with { From = weights } }, inherited);
        TinyRun.Get(InitialWeights.Open(inherited, weights));
        Assert.Equal($"{name}: is {field.Get(plain)}, but the weights of {weights} have {value}; allowed with them: {value}",
            TinyRun.Faults(InitialWeights.Open(plain, weights)));
    }

    /// <summary>Edited in a run that has saved, they are refused in words that say both, whatever form the path has.</summary>
    [Fact]
    public void Weights_that_were_edited_are_refused()
    {
        var weights = Source(TinyRun.Config);
        TinyRun.Get(TinyRun.Train(scratch["next"], Next(weights)));
        var file = scratch["next/config.yaml"];
        var text = File.ReadAllText(file);
        void Edit(string path) => File.WriteAllText(file, System.Text.RegularExpressions.Regex.Replace(text, "(?m)^    from: .*$", $"    from: {path}"));

        foreach (var other in (string[])[Path.GetRelativePath(Environment.CurrentDirectory, weights), $"{weights}9"])
        {
            Edit(other);
            Assert.NotEqual(text, File.ReadAllText(file));
            Assert.Equal($"{file}: from: is {other}, but the checkpoint was written with {weights}; allowed: {weights}",
                TinyRun.Faults(TinyRun.Get(RunFolder.Open(scratch["next"])).Checkpoint()));
        }
        Edit(weights);
        TinyRun.Get(TinyRun.Train(scratch["next"], Next(weights)));
    }

    /// <summary>Weights of as many tokens are not weights of the same tokens.</summary>
    [Fact]
    public void Weights_of_other_tokens_are_refused()
    {
        var weights = Source(TinyRun.Config);
        var text = string.Concat(Enumerable.Repeat("xyzxy zyxxz! ", 20));
        var tokenizer = CharTokenizer.Of(RuneSet.Empty.Add(text));
        var data = TinyRun.Get(tokenizer.Encode(text).Bind(ids => RunData.Of(TinyRun.Config, tokenizer, TokenStream.Of(ids))));
        Assert.Equal(TinyRun.Data(TinyRun.Config).Tokenizer.VocabularySize, tokenizer.VocabularySize);
        Assert.Equal($"from: {weights} was trained with other tokens than this run's; allowed: weights of the same tokenizer",
            TinyRun.Faults(RunSession.Begin(scratch["next"], Recipe.Of(Next(weights)), data, Disk.Real)));
    }

    /// <summary>How a run trains is its own affair, weights or not.</summary>
    [Fact]
    public void What_the_weights_are_not_is_its_own()
    {
        Source(TinyRun.Config with { Stage = TinyRun.Config.Stage with { Steps = 2 } });
        var other = TinyRun.Config with { Seed = 9, Model = TinyRun.Config.Model with { Dropout = 0.4 },
            Stage = TinyRun.Config.Stage with { Batch = 3, Source = TinyRun.Config.Stage.Source with { ValidationPart = 0.3, Order = WindowOrder.Ordered },
                Optimiser = TinyRun.Config.Stage.Optimiser with { LearningRate = 0.5, Kind = OptimiserKind.Sgd } } };
        var inherited = TinyRun.Get(InitialWeights.Of(other, scratch["source"], CheckpointChoice.Last));
        Assert.Equal(other, inherited with { Stage = inherited.Stage with { From = null } });
    }

    /// <summary>A checkpoint's own folder is that checkpoint, however many come after it.</summary>
    [Fact]
    public void A_checkpoint_is_named_by_its_folder()
    {
        TinyRun.Get(TinyRun.Train(scratch["source"], TinyRun.Config with { Stage = TinyRun.Config.Stage with { SaveEvery = 1, Keep = 9 } }));
        var third = new CheckpointStore(scratch["source/stages/pretrain/checkpoints"]).PathOf(3);
        Assert.Equal(3, TinyRun.Get(InitialWeights.Open(TinyRun.Config, third)).Checkpoint.Step);
        Assert.Equal(7, TinyRun.Get(InitialWeights.Open(TinyRun.Config, scratch["source"])).Checkpoint.Step);
        foreach (var name in (string[])[third, third + Path.DirectorySeparatorChar])
            Assert.Equal(third, TinyRun.Get(InitialWeights.Of(TinyRun.Config, name, CheckpointChoice.Last)).Stage.From);
        Assert.Equal(new CheckpointStore(scratch["source/stages/pretrain/checkpoints"]).PathOf(5),
            TinyRun.Get(InitialWeights.Of(TinyRun.Config, scratch["source"], 5)).Stage.From);
    }
}
