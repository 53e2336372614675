using Functional.Base;
using Functional.Engines;
using Functional.Runs;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>How a run ended.</summary>
/// <param name="Reason">Completed or interrupted; everything else is a fault.</param>
/// <param name="State">Where it stands.</param>
/// <param name="ViewFailure">What the observer threw first, if it threw.</param>
public sealed record TrainResult(StopReason Reason, TrainState State, Exception? ViewFailure = null);

/// <summary>Carries out a <see cref="TrainPlan"/>: effects in order, and for each that answers, an event back. It decides nothing.</summary>
public sealed class TrainingLoop
{
    readonly RunSession session;
    readonly Trainer trainer;
    readonly TrainPlan plan;
    readonly GuardedObserver observer;
    readonly TimeProvider clock;

    TrainingLoop(RunSession session, Trainer trainer, ITrainingObserver? observer, TimeProvider? clock) =>
        (this.session, this.trainer, plan, this.observer, this.clock) =
        (session, trainer, new(session.Config, trainer.Windows), new(observer ?? new Nobody()), clock ?? TimeProvider.System);

    /// <summary>Trains until all steps are done or somebody asks to stop, which saves first.</summary>
    /// <param name="engine">Where the model runs.</param>
    /// <param name="session">The run.</param>
    /// <param name="observer">Is told what happens; what it throws changes nothing.</param>
    /// <param name="clock">Measures steps.</param>
    /// <param name="stop">Asks to save and stop.</param>
    /// <returns>How it ended; a loss that is not finite or a file that cannot be written is a fault, and what was saved before is unharmed.</returns>
    public static Validation<Fault, TrainResult> Run(
        IEngine engine, RunSession session, ITrainingObserver? observer = null, TimeProvider? clock = null, CancellationToken stop = default)
    {
        using var trainer = new Trainer(engine, session.Config, session.Data);
        return Prepare(trainer, session).Bind(state =>
        {
            var loop = new TrainingLoop(session, trainer, observer, clock);
            loop.observer.Began(session, trainer, state);
            return loop.Go(state, stop);
        });
    }

    static Validation<Fault, TrainState> Prepare(Trainer trainer, RunSession session) => session.From.Match(
        checkpoint => trainer.Load(checkpoint).Map(_ => checkpoint.Training),
        () =>
        {
            trainer.Initialise(session.Config.Key);
            var start = TrainState.Start(session.Config.Key);
            // What begins with another run's weights has its own copy of them before anything else.
            return session.Weights.Match(
                weights => weights.LoadModel(trainer.Parameters).Map(_ => start with { Due = Due.Save }),
                () => Success<Fault, TrainState>(start));
        });

    Validation<Fault, TrainResult> Go(TrainState state, CancellationToken stop)
    {
        var next = TrainEvent.Begin;
        var told = false;
        while (true)
        {
            // Told once, and before the answer that is waiting, so that it is the next decision that heeds it. What Begin asks for hears of it by itself.
            if (stop.IsCancellationRequested && !told && next.Kind != TrainEventKind.Begin)
            {
                told = true;
                (state, _) = plan.Next(state, TrainEvent.Interrupted);
            }
            (state, var effects) = plan.Next(state, next);
            var answer = Do(effects.First, state, stop);
            if (effects.Second.Kind != TrainEffectKind.None && answer is not { Kind: TrainEventKind.Failed }) answer = Do(effects.Second, state, stop);
            if (answer is { } happened) next = happened;
            else return End(effects.Second.Kind == TrainEffectKind.Stop ? effects.Second : effects.First, state);
        }
    }

    // What an effect gives back; nothing for those that answer with nothing.
    TrainEvent? Do(in TrainEffect effect, TrainState state, CancellationToken stop) => effect.Kind switch
    {
        TrainEffectKind.LogStep => Log(effect.Metrics, state),
        TrainEffectKind.LogEvaluation => Log(effect.Step, effect.Loss, state),
        TrainEffectKind.RunStep => Step(state, effect.LearningRate, stop),
        TrainEffectKind.Evaluate => trainer.Evaluate(stop) is { } loss ? TrainEvent.Evaluated(loss) : TrainEvent.Skipped,
        TrainEffectKind.Save => Save(state),
        TrainEffectKind.Sample => Sample(state, stop),
        _ => null,
    };

    TrainEvent Step(TrainState state, double rate, CancellationToken stop)
    {
        var start = clock.GetTimestamp();
        if (trainer.Step(state, rate, stop) is not var (loss, norm)) return TrainEvent.Skipped;
        var outcome = new StepOutcome(loss, norm, clock.GetElapsedTime(start).TotalMilliseconds);
        return TrainEvent.Stepped(outcome, outcome.IsFinite ? default : trainer.NotFinite());
    }

    TrainEvent? Log(in StepMetrics metrics, TrainState state)
    {
        if (Failure(session.Metrics.Append(metrics), state) is { } failed) return failed;
        observer.Stepped(metrics);
        return null;
    }

    TrainEvent? Log(long step, double loss, TrainState state)
    {
        if (Failure(session.Metrics.AppendEvaluation(step, loss), state) is { } failed) return failed;
        observer.Evaluated(step, loss, state.BestStep == step);
        return null;
    }

    // Lines first: a checkpoint on the medium must not know of steps whose lines are not there.
    TrainEvent Save(TrainState state) => session.Metrics.Flush()
        .Bind(_ => session.Checkpoints.Save(state, session.Identity, trainer.Parameters, trainer.Slots, session.Config.Keep))
        .Match(folder =>
        {
            observer.Saved(state.Step, folder);
            return TrainEvent.Saved;
        }, static faults => TrainEvent.Failed(faults.Head));

    TrainEvent Sample(TrainState state, CancellationToken stop)
    {
        if (stop.IsCancellationRequested) return TrainEvent.Skipped;
        observer.Sample(state.Step, trainer, state.SampleKey, stop);
        return stop.IsCancellationRequested ? TrainEvent.Skipped : TrainEvent.Sampled;
    }

    // A line that cannot be written is for want of room, where no checkpoint can be written either: it ends here, and says where it goes on.
    static TrainEvent? Failure(Validation<Fault, Unit> outcome, TrainState state) => outcome.IsSuccess ? null : outcome.Match(static _ => default,
        faults => TrainEvent.Failed(faults.Head with { Allowed = $"{faults.Head.Allowed}; {(state.Saved < 0 ? "nothing was saved yet" : $"resumed, the run goes on from step {state.Saved}")}" }));

    Validation<Fault, TrainResult> End(TrainEffect stop, TrainState state) => stop.Fault is { } fault
        ? fault.As<TrainResult>()
        : Success<Fault, TrainResult>(new(stop.Reason, state, observer.Failure));

    sealed class Nobody : ITrainingObserver;
}
