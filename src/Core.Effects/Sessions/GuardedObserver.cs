using Functional.Base;
using Functional.Runs;

namespace Functional.Sessions;

/// <summary>
/// Keeps what an observer throws from the run: a view that fails is no failure of what it shows. The first time is told, and the observer is
/// told of everything that follows as if nothing had happened.
/// </summary>
/// <param name="inner">Whoever watches.</param>
sealed class GuardedObserver(IRunObserver inner) : IRunObserver
{
    /// <summary>What it threw first; nothing while it has not.</summary>
    public Exception? Failure { get; private set; }

    public void Began(RunSession session, Trainer trainer, RunState state) => Guard(() => inner.Began(session, trainer, state));

    public void Stepped(in StepMetrics metrics)
    {
        var told = metrics;
        Guard(() => inner.Stepped(told));
    }

    public void Measured(long step, double loss, bool best, double? average = null) => Guard(() => inner.Measured(step, loss, best, average));

    public void MeasuredParts(long step, Params<double> losses) => Guard(() => inner.MeasuredParts(step, losses));

    public void RolledOut(long step, Params<float> numbers) => Guard(() => inner.RolledOut(step, numbers));

    public void Saved(long step, string folder) => Guard(() => inner.Saved(step, folder));

    public void Drawn(long step, string text) => Guard(() => inner.Drawn(step, text));

    /// <summary>As <see cref="Drawn(long, string)"/>; that there is no text to tell of, or that it cannot be drawn, is no failure of the run, either.</summary>
    public void Drawn(long step, Func<string?> text) => Guard(() =>
    {
        if (text() is { } drawn) inner.Drawn(step, drawn);
    });

    public void LogFailed(Fault fault) => Guard(() => inner.LogFailed(fault));

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
