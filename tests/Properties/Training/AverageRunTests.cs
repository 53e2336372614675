using Functional.Testing;
using Xunit;

namespace Functional.Tests.Properties.Training;

/// <summary>The mean of a run's weights: measured beside the weights, saved beside them, and asked for by name.</summary>
public sealed class AverageRunTests : IDisposable
{
    readonly Scratch scratch = new();
    readonly ReferenceEngine engine = new();

    static RunConfig With(double average, Precision precision = Precision.F32) => TinyRun.Config with
    {
        Stage = TinyRun.Config.Stage with { EvalBatches = 0, Optimiser = TinyRun.Config.Stage.Optimiser with { Average = average, LearningRate = 0.05 } },
        Execution = TinyRun.Config.Execution with { Precision = precision },
    };

    public void Dispose()
    {
        engine.Dispose();
        scratch.Dispose();
    }

    Workspace Loaded(string choice)
    {
        var run = TinyRun.Get(RunFolder.Open(scratch["run"]));
        return TinyRun.Get(run.Load(engine, TinyRun.Get(run.Checkpoint(choice))));
    }

    Dictionary<string, float[]> Weights(string choice)
    {
        using var model = Loaded(choice);
        return model.Buffers.ToDictionary(static p => p.Name, static p => p.Value.ToArray<float>());
    }

    /// <summary>What <c>average</c> loads has the loss that was measured for it, and is another than the last weights.</summary>
    [Fact]
    public void The_mean_that_is_loaded_is_the_one_that_was_measured()
    {
        TinyRun.Get(TinyRun.Train(scratch["run"], With(0.8)));
        var last = TinyRun.Get(MetricsFile.Read(TinyRun.Get(RunFolder.Open(scratch["run"])).Metrics)).Last(static l => l.ValidationLoss is not null);
        using var mean = Loaded("average");
        using var weights = Loaded("last");
        Assert.Equal(last.AverageLoss!.Value, Loss(mean), 1e-5);
        Assert.Equal(last.ValidationLoss!.Value, Loss(weights), 1e-5);
        Assert.NotEqual(last.AverageLoss, last.ValidationLoss);

        double Loss(Workspace model)
        {
            using var workspace = new Workspace(engine);
            workspace.Alias(model.Buffers.Rename(Names.Param));
            var stage = TinyRun.Stage(With(0.8));
            using var evaluation = new Evaluation(workspace, stage.Objective, stage.Measured, stage.Rows);
            return evaluation.Run()!.Value;
        }
    }

    /// <summary>A memory of hardly anything is the weights themselves; steps that were skipped for an overflow count for nothing in it.</summary>
    [Theory, InlineData(Precision.F32), InlineData(Precision.F16)]
    public void A_short_memory_is_the_weights(Precision precision)
    {
        TinyRun.Get(TinyRun.Train(scratch["run"], With(1e-6, precision)));
        var (mean, last) = (Weights("average"), Weights("last"));
        foreach (var (name, values) in last) Assert.All(values.Zip(mean[name]), static p => Assert.Equal(p.Item1, p.Item2, 1e-5f));
    }

    /// <summary>Before the first step there is no mean yet, and the weights stand for it.</summary>
    [Fact]
    public void Before_the_first_step_the_mean_is_the_weights()
    {
        var (objective, program) = (TinyRun.Stage(With(0.8)).Objective, Programs.Averages(TinyRun.Stage(With(0.8)).Objective));
        var given = program.Inputs.ToDictionary(static i => i.Name, static i => Runs.Normal(i.Value.Type, Key.Seed(3).FoldIn(i.Name)));
        foreach (var p in objective.Learned) given[p.Part.Slot(Optimisers.AverageShare, p.Spec.Name)] = Value.Of(new([]), [0]);
        foreach (var p in objective.Learned) given[p.Part.Slot(Optimisers.Average, p.Spec.Name)] = Value.Of(p.Spec.Type, new double[p.Spec.Type.Size]);
        var means = program.Evaluate(given);
        foreach (var p in objective.Learned) Assert.Equal(given[p.Name].Items.ToArray(), means[Names.Average(p.Name)].Items.ToArray());
    }

    /// <summary>A checkpoint of a step that was not measured has the mean of that step.</summary>
    [Fact]
    public void The_mean_is_saved_where_nothing_is_measured()
    {
        var config = With(1e-6);
        TinyRun.Get(TinyRun.Train(scratch["run"], config with { Stage = config.Stage with { EvalEvery = 5, SaveEvery = 3, Keep = 4 } }));
        var (mean, own) = (Weights("6:average"), Weights("6"));
        foreach (var (name, values) in own) Assert.All(values.Zip(mean[name]), static p => Assert.Equal(p.Item1, p.Item2, 1e-5f));
    }

    /// <summary>Of any checkpoint there is a mean, and of a run without one there is a fault that says what it takes.</summary>
    [Fact]
    public void A_run_without_a_mean_says_so()
    {
        TinyRun.Get(TinyRun.Train(scratch["run"], TinyRun.Config));
        Assert.EndsWith("has no mean of the weights; needed: a run that was trained with average above 0", TinyRun.Faults(TrainedModel.Open(engine, scratch["run"], "average")));
        Assert.Equal("--checkpoint: is worst:average; allowed: best, last, the step of a checkpoint, or average; with :average behind it the mean of its weights",
            TinyRun.Faults(CheckpointChoice.Parse("worst:average", "--checkpoint")));
        foreach (var text in (string[])["last", "best", "7", "average", "best:average", "7:average"]) Assert.Equal(text, ((CheckpointChoice)text).ToString());
        Assert.Equal(CheckpointChoice.Last.Averaged, (CheckpointChoice)"last:average");
        Assert.NotEqual(CheckpointChoice.Best, CheckpointChoice.Best.Averaged);
    }

    /// <summary>A run goes on in another precision, with a scale of its loss or without.</summary>
    [Fact]
    public void The_precision_may_change_on_the_way()
    {
        RunConfig Steps(long steps, Precision precision) => With(0, precision) with { Stage = With(0).Stage with { Steps = steps } };
        foreach (var (at, precision) in ((long, Precision)[])[(2, Precision.F32), (4, Precision.F16), (6, Precision.BF16), (8, Precision.F16)])
            Assert.Equal(at, TinyRun.Get(TinyRun.Train(scratch["run"], Steps(at, precision))).Step);
    }
}
