using Functional.Base;
using Functional.Runs;

namespace Functional.Sessions;

/// <summary>
/// Is told what happens in a run, on the thread that trains and before it goes on. Each method does nothing unless it is written. What it
/// throws does not touch the run.
/// </summary>
public interface IRunObserver
{
    /// <summary>The run is about to begin or to go on.</summary>
    /// <param name="session">Its folder and configuration.</param>
    /// <param name="trainer">Its model.</param>
    /// <param name="state">Where it stands.</param>
    void Began(RunSession session, Trainer trainer, RunState state) { }

    /// <summary>A step is done and its line written.</summary>
    void Stepped(in StepMetrics metrics) { }

    /// <summary>A measurement is done and its line written.</summary>
    /// <param name="step">After which step.</param>
    /// <param name="loss">The loss on what is not learned, such as nats a token.</param>
    /// <param name="best">Whether it is the lowest so far.</param>
    /// <param name="average">The same of the mean of the weights; nothing where none is kept.</param>
    void Measured(long step, double loss, bool best, double? average = null) { }

    /// <summary>What was measured on several texts, after <see cref="Measured"/> told of all together.</summary>
    /// <param name="step">After which step.</param>
    /// <param name="losses">The loss of each, by name.</param>
    void MeasuredParts(long step, Params<double> losses) { }

    /// <summary>The policy has written what the next steps learn from, and its line is written.</summary>
    /// <param name="step">The first step that learns from it.</param>
    /// <param name="numbers">What is known of it, such as the mean reward.</param>
    void RolledOut(long step, Params<float> numbers) { }

    /// <summary>A checkpoint is safe on disk.</summary>
    /// <param name="step">After which step.</param>
    /// <param name="folder">Where it lies.</param>
    void Saved(long step, string folder) { }

    /// <summary>The model wrote something.</summary>
    /// <param name="step">After which step.</param>
    /// <param name="text">What it wrote.</param>
    void Drawn(long step, string text) { }

    /// <summary>A log cannot be written, for the first time; the run goes on, without it or with what it still takes.</summary>
    /// <param name="fault">Which, and why.</param>
    void LogFailed(Fault fault) { }

    /// <summary>One of these methods threw, for the first time in this run, which goes on and tells of what follows all the same.</summary>
    /// <param name="error">What it threw.</param>
    void Failed(Exception error) { }
}
