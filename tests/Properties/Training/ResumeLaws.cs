using Functional.Testing;
using LanguageExt;
using Xunit;

namespace Functional.Tests.Properties.Training;

public class ResumeLaws
{
    static readonly Lazy<SortedDictionary<string, byte[]>> unbroken = new(() => Unbroken(TinyRun.Config));

    static SortedDictionary<string, byte[]> Unbroken(RunConfig config)
    {
        using var scratch = new Scratch();
        Assert.Equal(StopReason.Completed, TinyRun.Get(TinyRun.Train(scratch["run"], config)).Reason);
        return TinyRun.Remains(scratch["run"]);
    }

    [Fact]
    public void The_same_run_leaves_the_same_bits() => Assert.Equal("", TinyRun.Differences(unbroken.Value, Unbroken(TinyRun.Config)));

    [Fact]
    public void Killed_at_any_event_and_resumed_is_never_killed()
    {
        // One disk operation more each time, until a run gets through without being killed.
        for (int at = 0, done = int.MaxValue; at < done; at++)
        {
            using var scratch = new Scratch();
            var disk = new FailingDisk(at, kill: true);
            try
            {
                TinyRun.Get(TinyRun.Train(scratch["run"], TinyRun.Config, disk));
                done = disk.Done;
                Assert.True(done > 60, $"only {done} operations were tried");
            }
            catch (KilledException)
            {
                Assert.Equal(StopReason.Completed, TinyRun.Get(TinyRun.Train(scratch["run"], TinyRun.Config)).Reason);
            }
            Assert.Equal("", TinyRun.Differences(unbroken.Value, TinyRun.Remains(scratch["run"])));
            Assert.DoesNotContain(Directory.EnumerateDirectories(scratch["run/stages/pretrain/checkpoints"]), f =>
                !Path.GetFileName(f)[5..].All(char.IsAsciiDigit));
        }
    }

    [Fact]
    public void A_full_disk_is_one_fault_and_leaves_whole_checkpoints_only()
    {
        for (int at = 1, done = int.MaxValue; at < done; at++)
        {
            using var scratch = new Scratch();
            var disk = new FailingDisk(at, kill: false);
            var result = TinyRun.Train(scratch["run"], TinyRun.Config, disk);
            if (result.IsSuccess) { done = disk.Done; Assert.True(done > 60, $"only {done} operations were tried"); continue; }
            Assert.Contains("No space left on device", TinyRun.Faults(result), StringComparison.Ordinal);
            Assert.DoesNotContain('\n', TinyRun.Faults(result));
            Assert.DoesNotContain(Directory.EnumerateFiles(scratch.Path, "*.partial", SearchOption.AllDirectories), static _ => true);
            if (Directory.Exists(scratch["run/stages/pretrain/checkpoints"]))
                Assert.DoesNotContain(Directory.EnumerateDirectories(scratch["run/stages/pretrain/checkpoints"]), f =>
                    f.EndsWith(".partial", StringComparison.Ordinal));
            foreach (var step in new CheckpointStore(scratch["run/stages/pretrain/checkpoints"]).Steps) TinyRun.Get(Checkpoint.Open(new CheckpointStore(scratch["run/stages/pretrain/checkpoints"]).PathOf(step)));
            TinyRun.Get(TinyRun.Train(scratch["run"], TinyRun.Config));
            Assert.Equal("", TinyRun.Differences(unbroken.Value, TinyRun.Remains(scratch["run"])));
        }
    }

    [Property(MaxTest = 16)]
    public void Killed_or_interrupted_again_and_again_is_never_stopped(byte order, byte optimiser, byte accumulate, byte precision, ulong seed)
    {
        var config = TinyRun.Config with
        {
            Stage = TinyRun.Config.Stage with
            {
                Accumulate = 1 + accumulate % 2, Keep = 1, SampleEvery = 0, Recompute = precision / 4 % 2,
                Source = TinyRun.Config.Stage.Source with { Order = (WindowOrder)(order % 3) },
                Optimiser = TinyRun.Config.Stage.Optimiser with { Kind = (OptimiserKind)(optimiser % Enum.GetValues<OptimiserKind>().Length), Average = precision / 8 % 2 * 0.75 },
            },
            Execution = TinyRun.Config.Execution with { Precision = (Precision)(precision % 4) },
        };
        var expected = Unbroken(config);
        using var scratch = new Scratch();
        var key = Key.Seed(seed);
        for (var attempt = 0; ; attempt++)
        {
            var watcher = new Stopper(key.FoldIn((uint)attempt).Below(0, 4), kill: key.FoldIn((uint)attempt).Below(1, 2) == 0);
            try
            {
                if (TinyRun.Get(TinyRun.Train(scratch["run"], config, observer: watcher, clock: watcher.Clock,
                    stop: watcher.Token)).Reason == StopReason.Completed) break;
            }
            catch (KilledException) { }
            Assert.True(attempt < 200);
        }
        var remains = TinyRun.Remains(scratch["run"]);
        Assert.Equal("", TinyRun.Differences(expected, remains));
    }

    /// <summary>After some steps, kills or interrupts.</summary>
    sealed class Stopper(long after, bool kill) : StillClock, IRunObserver
    {
        readonly CancellationTokenSource source = new();
        long seen;

        public CancellationToken Token => source.Token;

        public TimeProvider Clock => this;

        public void Stepped(in StepMetrics metrics)
        {
            if (seen++ >= after && !kill) source.Cancel();
        }

        // Read once before a step and once after it: what an observer throws would end nothing.
        public override long GetTimestamp() => kill && seen > after ? throw new KilledException() : 0;
    }

    [Fact]
    public void Threads_and_periods_may_change_on_resuming_but_not_the_model()
    {
        using var scratch = new Scratch();
        TinyRun.Get(TinyRun.Train(scratch["run"], TinyRun.Config));
        var longer = TinyRun.Get(TinyRun.Train(scratch["run"],
            TinyRun.Config with { Stage = TinyRun.Config.Stage with { Steps = 9, EvalEvery = 2 }, Execution = TinyRun.Config.Execution with { Threads = 2 } }));
        Assert.Equal(9, longer.State.Step);
        Assert.Equal("layers: is 2, but the run was begun with 1; allowed: 1\nbias: is true, but the run was begun with false; allowed: false",
            TinyRun.Faults(TinyRun.Train(scratch["run"], TinyRun.Config with { Model = TinyRun.Config.Model with { Layers = 2, Bias = Biases.All } })));
    }
}
