using FsCheck;
using Functional.Tests.Properties.Execution;
using Xunit;

namespace Functional.Tests.Properties.Training;

/// <summary>What a stage is made of, from a configuration: which rows it learns, which it is measured on, and that a step given up leaves no trace.</summary>
public class StageLaws
{
    /// <summary>An evaluation has so many batches of rows, and no more than there are; 0 stands for all.</summary>
    [Property]
    public void An_evaluation_has_as_many_rows_as_its_batches(byte batches, byte rows)
    {
        var config = TinyRun.Config with { Stage = TinyRun.Config.Stage with { Batch = 1 + rows % 5, EvalBatches = batches % 9, Accumulate = 3 } };
        var all = (TinyRun.Data(config).ValidationTokens - 1) / config.Model.Context;
        Assert.Equal(batches % 9 == 0 ? all : Math.Min(all, batches % 9 * (1L + rows % 5)), TinyRun.Stage(config).Measured.Rows);
    }

    /// <summary>Windows are drawn from the training part, with the run's key for data and no other.</summary>
    [Fact]
    public void Rows_are_drawn_with_the_key_of_data()
    {
        foreach (var order in (WindowOrder[])[WindowOrder.Random, WindowOrder.Shuffled])
        {
            var config = TinyRun.Config with { Stage = TinyRun.Config.Stage with { Source = TinyRun.Config.Stage.Source with { Order = order } } };
            var (data, stage) = ((TextData)TinyRun.Data(config), TinyRun.Stage(config));
            Batch own = new(8, stage.Source.Feed(8)), drawn = new(8, stage.Source.Feed(8));
            stage.Source.Fill(default, 0, drawn);
            new TrainingWindows(data.Train, TinyRun.Get(Functional.Data.Windows.Of(data.Train.Length, config.Model.Context)), order, RunState.Start(config.Key).DataKey).Fill(default, 0, own);
            Assert.Equal(own["inputs"].ToArray(), drawn["inputs"].ToArray());
        }
    }

    /// <summary>As the first step, so any other that is given up and done again; its first batch was made ready by the step before.</summary>
    [Property(MaxTest = 10)]
    public void A_later_step_given_up_and_done_again_is_the_step(byte at)
    {
        var config = TinyRun.Config with { Stage = TinyRun.Config.Stage with { Accumulate = 3, SampleEvery = 0 } };
        Assert.Equal(Parameters(-1), Parameters(4 + at % 2));

        // A step is three micro-batches and an update.
        float[] Parameters(int giveUpAt)
        {
            using var source = new CancellationTokenSource();
            using var engine = new CountingEngine(new ReferenceEngine(), n => { if (n == giveUpAt) source.Cancel(); });
            using var trainer = new Trainer(engine, TinyRun.Stage(config));
            trainer.Initialise(config.Key);
            var start = RunState.Start(config.Key);
            var second = start with { Step = 1, Place = trainer.Step(start, 1e-2)!.Value.Next };
            if (giveUpAt >= 0) Assert.Null(trainer.Step(second, 1e-2, source.Token));
            Assert.NotNull(trainer.Step(second, 1e-2));
            return [.. trainer.Parts[0].Model.Values.SelectMany(static b => b.ToArray<float>())];
        }
    }

    /// <summary>Lines are on the medium before the checkpoint that knows of their steps: after a loss of power there are none too few.</summary>
    [Fact]
    public void Lines_are_kept_before_the_checkpoint_that_knows_of_them()
    {
        using var scratch = new Scratch();
        var disk = new WatchedDisk();
        TinyRun.Get(TinyRun.Train(scratch["run"], TinyRun.Config, disk));
        var models = Enumerable.Range(0, disk.Flushed.Count).Where(i => disk.Flushed[i] == "model.safetensors").ToList();
        Assert.True(models.Count > 3);
        Assert.All(models, i => Assert.Equal("metrics.jsonl", disk.Flushed[i - 1]));
    }

    sealed class WatchedDisk : Disk
    {
        public List<string> Flushed { get; } = [];

        public override void Flush(Stream file)
        {
            Flushed.Add(Path.GetFileName(((FileStream)file).Name));
            base.Flush(file);
        }
    }
}
