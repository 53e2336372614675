using FsCheck;
using Xunit;

namespace Functional.Tests.Properties.Training;

/// <summary>Keys of different purposes, steps, parts and names differ, so that no draw repeats another; the same key gives the same draw.</summary>
public class RandomnessLaws
{
    [Property(MaxTest = 50)]
    public void No_two_purposes_steps_or_parts_share_a_key(ulong seed, uint step)
    {
        var keys = new Dictionary<Key, string>();
        void Add(string what, Key key) => Assert.True(keys.TryAdd(key, what), $"{what} and {keys.GetValueOrDefault(key)} have one key");
        var start = RunState.Start(Key.Seed(seed));
        Add("the run", start.Key);
        Add("data", start.DataKey);
        foreach (var at in (long[])[step, step + 1L, step + 2L, step + (1L << 32)])
        {
            var state = start with { Step = at };
            Assert.Equal(start.DataKey, state.DataKey);
            Add($"the sample of step {at}", state.SampleKey);
            foreach (var part in (int[])[0, 1, 2, 1000]) Add($"part {part} of step {at}", state.StepKey(part));
        }
        foreach (var name in (string[])["params", "a", "b", "tokens", "positions"]) Add($"the parameter {name}", start.Key.FoldIn("params").FoldIn(name));
    }

    /// <summary>Dropout hides other numbers in every micro-batch, every step and every layer.</summary>
    [Fact]
    public void Micro_batches_of_one_step_are_dropped_differently()
    {
        var config = TinyRun.Config with { Model = TinyRun.Config.Model with { Dropout = 0.5 },
            Stage = TinyRun.Config.Stage with { Source = TinyRun.Config.Stage.Source with { Order = WindowOrder.Ordered } } };
        using var engine = new ReferenceEngine();
        using var trainer = new Trainer(engine, TinyRun.Stage(config));
        trainer.Initialise(config.Key);
        // At a rate of 0 the same windows under the same parameters, again and again.
        var losses = Enumerable.Range(0, 4).Select(step => trainer.Step(RunState.Start(config.Key) with { Step = step }, 0)!.Value.Loss).ToList();
        Assert.Equal(4, losses.Distinct().Count());
        Assert.Equal(losses[1], trainer.Step(RunState.Start(config.Key) with { Step = 1 }, 0)!.Value.Loss);
    }
}
