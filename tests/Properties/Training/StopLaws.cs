using FsCheck;
using Functional.Testing;
using Functional.Tests.Properties.Execution;
using LanguageExt;
using Xunit;

namespace Functional.Tests.Properties.Training;

/// <summary>A wish to stop is heard before each micro-batch, and leaves nothing of the step that was given up.</summary>
public class StopLaws
{
    static readonly RunConfig config = TinyRun.Config with { Stage = TinyRun.Config.Stage with { Accumulate = 5, SampleEvery = 0 } };

    [Property(MaxTest = 20)]
    public void Stopped_inside_a_step_and_resumed_is_never_stopped(byte at)
    {
        using Scratch whole = new(), broken = new();
        TinyRun.Get(TinyRun.Train(whole["run"], config));
        // Seven steps of six programs and some evaluations: somewhere in them, and heard before the next program.
        var (stopAt, runs, last) = (at % 45, 0, 0);
        using var source = new CancellationTokenSource();
        using var engine = new CountingEngine(new ReferenceEngine(), n =>
        {
            if (n == stopAt) source.Cancel();
            (runs, last) = (n, source.IsCancellationRequested ? last + 1 : 0);
        });
        var data = TinyRun.Data(config);
        using (var session = TinyRun.Get(RunSession.Begin(broken["run"], Recipe.Of(config), data, Disk.Real)))
            Assert.Equal(StopReason.Interrupted, TinyRun.Get(Loop.Run(engine, session, clock: StillClock.Instance, stop: source.Token)).Reason);
        // The program that was running, and at most the update after the last micro-batch.
        Assert.InRange(last, 1, 2);
        TinyRun.Get(TinyRun.Train(broken["run"], config));
        Assert.Equal("", TinyRun.Differences(TinyRun.Remains(whole["run"]), TinyRun.Remains(broken["run"])));
    }

    /// <summary>A step that was given up leaves nothing in the accumulators: done again, it is the step.</summary>
    [Property(MaxTest = 20)]
    public void A_step_given_up_and_done_again_is_the_step(byte at)
    {
        Assert.Equal(Parameters(giveUpAt: -1), Parameters(at % config.Stage.Accumulate));

        static float[] Parameters(int giveUpAt)
        {
            using var source = new CancellationTokenSource();
            using var engine = new CountingEngine(new ReferenceEngine(), n => { if (n == giveUpAt) source.Cancel(); });
            using var trainer = new Trainer(engine, TinyRun.Stage(config));
            trainer.Initialise(config.Key);
            var start = RunState.Start(config.Key);
            // Stopped in the last micro-batch, the step is done.
            var done = trainer.Step(start, 1e-2, source.Token) is not null;
            Assert.Equal(giveUpAt is < 0 or 4, done);
            if (!done) Assert.NotNull(trainer.Step(start, 1e-2));
            return [.. trainer.Parts[0].Model.Values.SelectMany(static b => b.ToArray<float>())];
        }
    }

    /// <summary>An evaluation of many batches is left after the one that is under way, and comes again when the run goes on.</summary>
    [Fact]
    public void An_evaluation_is_given_up_and_comes_again()
    {
        using Scratch whole = new(), broken = new();
        var many = config with { Stage = config.Stage with { EvalBatches = 10, Accumulate = 1 } };
        TinyRun.Get(TinyRun.Train(whole["run"], many));
        using var source = new CancellationTokenSource();
        var runs = 0;
        // Three steps, and then the first batch of the evaluation.
        using var engine = new CountingEngine(new ReferenceEngine(), n => { runs = n + 1; if (n == 3) source.Cancel(); });
        using (var session = TinyRun.Get(RunSession.Begin(broken["run"], Recipe.Of(many), TinyRun.Data(many), Disk.Real)))
            Assert.Equal((StopReason.Interrupted, 3), TinyRun.Get(Loop.Run(engine, session, clock: StillClock.Instance, stop: source.Token)) is var r
                ? (r.Reason, r.State.Step) : default);
        Assert.Equal(4, runs);
        TinyRun.Get(TinyRun.Train(broken["run"], many));
        Assert.Equal("", TinyRun.Differences(TinyRun.Remains(whole["run"]), TinyRun.Remains(broken["run"])));
    }

    /// <summary>A sample is given up between two tokens, and comes when the run goes on.</summary>
    [Fact]
    public void A_sample_is_given_up_and_comes_again()
    {
        using Scratch whole = new(), broken = new();
        var samples = config with { Stage = config.Stage with { SampleEvery = 2, SaveEvery = 0, EvalEvery = 0 } };
        Drawings all = new(), first = new(), second = new();
        TinyRun.Get(TinyRun.Train(whole["run"], samples, observer: all));
        using var source = new CancellationTokenSource();
        // Two steps of six programs, and then the first token of the sample.
        using var engine = new CountingEngine(new ReferenceEngine(), n => { if (n == 13) source.Cancel(); });
        using (var session = TinyRun.Get(RunSession.Begin(broken["run"], Recipe.Of(samples), TinyRun.Data(samples), Disk.Real)))
            Assert.Equal((StopReason.Interrupted, 2, null), TinyRun.Get(Loop.Run(engine, session, first, StillClock.Instance, source.Token)) is var r
                ? (r.Reason, r.Step, r.WatchFailure) : default);
        TinyRun.Get(TinyRun.Train(broken["run"], samples, observer: second));
        Assert.Empty(first.Texts);
        Assert.Equal([2, 4, 6], all.Texts.Select(static t => t.Step));
        Assert.All(all.Texts, static t => Assert.Equal(3, t.Text.Length));
        Assert.Equal(all.Texts, second.Texts);
    }

    sealed class Drawings : IRunObserver
    {
        public List<(long Step, string Text)> Texts { get; } = [];

        public void Drawn(long step, string text) => Texts.Add((step, text));
    }

    [Fact]
    public void Asked_to_stop_before_it_begins_it_computes_nothing()
    {
        using var scratch = new Scratch();
        using var engine = new CountingEngine(new ReferenceEngine(), static n => Assert.Fail("a program was run"));
        using (var session = TinyRun.Get(RunSession.Begin(scratch["run"], Recipe.Of(config), TinyRun.Data(config), Disk.Real)))
            Assert.Equal((StopReason.Interrupted, 0), TinyRun.Get(Loop.Run(engine, session, stop: new(canceled: true))) is var r ? (r.Reason, r.State.Step)
                : default);
        Assert.Equal(7, TinyRun.Get(TinyRun.Train(scratch["run"], config)).State.Step);
    }
}
