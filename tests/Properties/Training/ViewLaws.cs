using FsCheck;
using Functional.Testing;
using LanguageExt;
using Xunit;

namespace Functional.Tests.Properties.Training;

/// <summary>The view is not the run: whatever an observer does, the same bits are left, and it is told once that it failed.</summary>
public class ViewLaws
{
    static readonly Lazy<SortedDictionary<string, byte[]>> unwatched = new(() => Run(null).Remains);

    static (SortedDictionary<string, byte[]> Remains, RunResult Result) Run(IRunObserver? observer)
    {
        using var scratch = new Scratch();
        var result = TinyRun.Get(TinyRun.Train(scratch["run"], TinyRun.Config, observer: observer));
        return (TinyRun.Remains(scratch["run"]), result);
    }

    [Property(MaxTest = 40)]
    public void A_view_that_fails_at_any_call_changes_nothing(byte which, byte since, bool again)
    {
        var (view, hears) = (new Broken(which % 6, since % 4, again), new Broken(-1, 0, false));
        var (remains, result) = Run(view);
        Assert.Equal("", TinyRun.Differences(unwatched.Value, remains));
        Assert.Equal(StopReason.Completed, result.Reason);
        Assert.Equal(view.Thrown > 0 ? 1 : 0, view.Told);
        Assert.Equal(view.Thrown > 0 ? "broken 0" : null, result.WatchFailure?.Message);
        // It hears of everything that comes after, as one does that never throws.
        var (whole, _) = Run(hears);
        Assert.Equal("", TinyRun.Differences(unwatched.Value, whole));
        Assert.Equal([1, 7, 3], hears.Calls[..3]);
        Assert.All(hears.Calls, static n => Assert.True(n > 0));
        Assert.Equal(hears.Calls, view.Calls);
    }

    /// <summary>Throws at calls of one kind, from one of them on; and when it is told so, too.</summary>
    sealed class Broken(int kind, int since, bool again) : IRunObserver
    {
        readonly int[] calls = new int[5];

        public int[] Calls => calls;

        public int Thrown { get; private set; }

        public int Told { get; private set; }

        public void Began(RunSession session, Trainer trainer, RunState state) => Throw(0);

        public void Stepped(in StepMetrics metrics) => Throw(1);

        public void Measured(long step, double loss, bool best, double? average = null) => Throw(2);

        public void Saved(long step, string folder) => Throw(3);

        public void Drawn(long step, string text) => Throw(4);

        public void Failed(Exception error)
        {
            Told++;
            throw new InvalidOperationException("cannot even hear that");
        }

        void Throw(int call)
        {
            var n = calls[call]++;
            if (call != kind || n < since || n > since && !again) return;
            throw new IOException($"broken {Thrown++}");
        }
    }
}
