using Functional.Base;
using Functional.Runs;

namespace Functional.Sessions;

/// <summary>
/// Keeps what an observer throws from the run: a view that fails is no failure of what it shows. The first time is told, and the observer is
/// told of everything that follows as if nothing had happened.
/// </summary>
/// <param name="inner">Whoever watches.</param>
sealed class GuardedObserver(ITrainingObserver inner) : ITrainingObserver
{
    /// <summary>What it threw first; nothing while it has not.</summary>
    public Exception? Failure { get; private set; }

    public void Began(RunSession session, Trainer trainer, TrainState state) => Guard(() => inner.Began(session, trainer, state));

    // Without a closure: steps allocate nothing.
    public void Stepped(in StepMetrics metrics)
    {
        try
        {
            inner.Stepped(metrics);
        }
        catch (Exception e)
        {
            Tell(e);
        }
    }

    public void Evaluated(long step, double loss, bool best) => Guard(() => inner.Evaluated(step, loss, best));

    public void Saved(long step, string folder) => Guard(() => inner.Saved(step, folder));

    public void Sample(long step, Trainer trainer, Key key, CancellationToken stop) => Guard(() => inner.Sample(step, trainer, key, stop));

    void Guard(Action work)
    {
        try
        {
            work();
        }
        catch (Exception e)
        {
            Tell(e);
        }
    }

    void Tell(Exception e)
    {
        if (Failure is not null) return;
        Failure = e;
        Guard(() => inner.Failed(e));
    }
}
