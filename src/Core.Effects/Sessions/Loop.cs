using System.Diagnostics;
using Functional.Base;
using Functional.Engines;
using Functional.Logs;
using Functional.Runs;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>How a run ended.</summary>
/// <param name="Folder">Where it is kept.</param>
/// <param name="Stage">Which of its stages ended.</param>
/// <param name="Reason">Completed or interrupted, with everything saved; everything else is a fault.</param>
/// <param name="State">Where it stands.</param>
public sealed record RunResult(string Folder, string Stage, StopReason Reason, RunState State)
{
    /// <summary>Steps done.</summary>
    public long Step => State.Step;

    /// <summary>The lowest loss that was measured on what is not learned, in nats a token; infinite when nothing was.</summary>
    public double BestLoss => State.BestLoss;

    /// <summary>The step of <see cref="BestLoss"/>, whose checkpoint is kept; −1 when nothing was measured.</summary>
    public long BestStep => State.BestStep;

    /// <summary>Whether that loss is minus a mean reward, as of a policy that learned from answers of its own.</summary>
    public bool IsReward { get; init; }

    /// <summary>What whoever watched threw first; nothing when nobody did. The run went on.</summary>
    public Exception? WatchFailure { get; init; }

    /// <summary>What could not be written of the run's logs; its own files are another matter. The run went on.</summary>
    public Vec<Fault> LogFaults { get; init; }

    /// <summary>How it ended, in a line.</summary>
    public override string ToString() => FormattableString.Invariant($"{(Reason == StopReason.Completed ? "completed" : "stopped")} after step {Step} of {Stage}, in {Folder}")
        + (BestStep < 0 ? "" : FormattableString.Invariant($"; the {(IsReward ? "highest reward of kept prompts" : "lowest validation loss")} was {(IsReward ? -BestLoss : BestLoss):0.0000}, after step {BestStep}"));
}

/// <summary>Carries out a <see cref="RunPlan"/>: effects in order, and for each that answers, an event back. It decides nothing.</summary>
public sealed class Loop
{
    readonly IEngine engine;
    readonly RunSession session;
    readonly Trainer trainer;
    readonly RunPlan plan;
    readonly GuardedObserver? observer;
    readonly TimeProvider clock;
    readonly CancellationToken stop;
    readonly RunLogs logs;
    readonly double? peakSeconds;

    Loop(IEngine engine, RunSession session, Trainer trainer, GuardedObserver? observer, TimeProvider clock, RunLogs logs, CancellationToken stop) =>
        (this.engine, this.session, this.trainer, plan, this.observer, this.clock, this.logs, peakSeconds, this.stop) =
        (engine, session, trainer, trainer.Stage.Plan, observer, clock, logs, session.Peak is { } flops ? RunCost.Of(session.Config).StepFlops / flops : null, stop);

    /// <summary>Trains until all steps are done or somebody asks to stop, which saves first.</summary>
    /// <param name="engine">Where the model runs.</param>
    /// <param name="session">The run.</param>
    /// <param name="observer">Is told what happens; what it throws changes nothing.</param>
    /// <param name="clock">Measures steps.</param>
    /// <param name="stop">Asks to save and stop.</param>
    /// <returns>How it ended; a loss that is not finite or a file that cannot be written is a fault, and what was saved before is unharmed.</returns>
    public static Validation<Fault, RunResult> Run(
        IEngine engine, RunSession session, IRunObserver? observer = null, TimeProvider? clock = null, CancellationToken stop = default) =>
        Run(engine, session, observer, clock, static _ => [], stop);

    /// <summary>As the other, with more logs than the run's own.</summary>
    internal static Validation<Fault, RunResult> Run(IEngine engine, RunSession session, IRunObserver? observer, TimeProvider? clock,
        Func<LogScene, Vec<(string Name, Func<ILog> Open)>> more, CancellationToken stop)
    {
        return (from stage in session.Data.Stage(engine, session.Config, session.Weights, stop)
                from judge in session.Data.Judge(engine, session.Folder.Judged, session.Rewards)
                select (stage, judge)).Bind(made =>
        {
            using var judging = made.judge.Case as Judging;
            using var trainer = new Trainer(engine, made.stage, judging, session.Config.Logs);
            return Prepare(trainer, session).Bind(state =>
            {
                var guarded = observer is null ? null : new GuardedObserver(observer);
                guarded?.Began(session, trainer, state);
                var scene = new LogScene(engine, session, trainer, state, clock ?? TimeProvider.System);
                using var logs = RunLogs.Open(scene, [.. RunLogs.Of(scene), .. more(scene)], fault => guarded?.LogFailed(fault));
                var result = new Loop(engine, session, trainer, guarded, scene.Clock, logs, stop).Go(state);
                logs.Dispose();
                return result.Map(r => r with { LogFaults = logs.Faults, WatchFailure = guarded?.Failure });
            });
        });
    }

    // What is not learned is in no checkpoint, and is what it was at the beginning.
    static Validation<Fault, RunState> Prepare(Trainer trainer, RunSession session) =>
        (session.From.IsSome && trainer.LearnsAll ? Success<Fault, Unit>(unit) : trainer.Begin(session.Config.Key, session.Weights, session.Others))
        .Bind(_ => session.From.Match(
            checkpoint => trainer.Load(checkpoint).Map(_ => checkpoint.Training),
            // What begins with another run's weights has its own copy of them before anything else; what a policy is worth before it learns is what its rewards are
            // compared with.
            () => Success<Fault, RunState>(RunState.Start(session.Config.Key) with
            {
                Due = (session.Weights.IsSome ? Due.Save : Due.None) | (trainer.Stage.Practice is not { IsJudged: true } ? Due.None : Due.Measure),
            })));

    Validation<Fault, RunResult> Go(RunState state)
    {
        try
        {
            return Carry(ref state);
        }
        catch
        {
            logs.Write(new LogRecord.Ended(state.Step, StopReason.Failed));
            throw;
        }
    }

    Validation<Fault, RunResult> Carry(ref RunState state)
    {
        RunEvent next = new RunEvent.Begun();
        var told = false;
        while (true)
        {
            // Told once, and before the answer that is waiting, so that it is the next decision that heeds it. What Begun asks for hears of it by itself.
            if (stop.IsCancellationRequested && !told && next is not RunEvent.Begun)
            {
                told = true;
                (state, _) = plan.Next(state, new RunEvent.Interrupted());
            }
            (state, var effects) = plan.Next(state, next);
            RunEvent? answer = null;
            foreach (var effect in effects)
            {
                if (effect is RunEffect.Stop stopped) return End(stopped, state);
                if ((answer = Do(effect, state)) is RunEvent.Failed) break;
            }
            next = answer ?? throw new UnreachableException("a plan asks for something that answers, or stops");
        }
    }

    // What an effect gives back; nothing for those that answer with nothing.
    RunEvent? Do(RunEffect effect, RunState state) => effect switch
    {
        RunEffect.LogStep { Metrics: var metrics } => Stepped(Shared(metrics), state),
        RunEffect.LogMeasured { Step: var step, Loss: var loss, Average: var average, Parts: var parts } => Log(session.Metrics.AppendMeasured(step, loss, average, parts), state,
            new LogRecord.Measured(step, loss, average) { Parts = parts.Map(static its => (float)its) }, () =>
            {
                observer?.Measured(step, loss, state.BestStep == step, average);
                if (parts.Count > 0) observer?.MeasuredParts(step, parts);
            }),
        RunEffect.LogRollOut { Step: var step, Numbers: var numbers } =>
            Log(session.Metrics.AppendRollOut(step, numbers), state, new LogRecord.RolledOut(step, numbers), () => observer?.RolledOut(step, numbers)),
        RunEffect.RollOut => RollOut(state),
        RunEffect.TakeStep { LearningRate: var rate } => Step(state, rate),
        RunEffect.Measure => Measure(),
        RunEffect.Save => Save(state),
        RunEffect.Draw => Draw(state),
        _ => throw new UnreachableException(),
    };

    RunEvent Measure()
    {
        if (trainer.Measure(stop) is not { } loss) return new RunEvent.Skipped();
        if (double.IsNaN(loss) && trainer.Stage.Practice is { IsJudged: true })
            return new RunEvent.Failed(new("judge", "gave none of the answers to kept prompts a number", "expected a finite reward for at least one of them"));
        var average = trainer.MeasureAverage(stop);
        return average is null && trainer.KeepsAverage && stop.IsCancellationRequested ? new RunEvent.Skipped() : new RunEvent.Measured(loss, average) { Parts = trainer.MeasuredParts };
    }

    RunEvent RollOut(RunState state)
    {
        var start = clock.GetTimestamp();
        return trainer.RollOut(state, stop) is { } numbers
            ? new RunEvent.RolledOut(numbers.Add("milliseconds", (float)Math.Round(clock.GetElapsedTime(start).TotalMilliseconds))) : new RunEvent.Skipped();
    }

    RunEvent Step(RunState state, double rate)
    {
        var start = clock.GetTimestamp();
        return trainer.Step(state, rate, stop) is { } outcome
            ? new RunEvent.Stepped(outcome with { Milliseconds = clock.GetElapsedTime(start).TotalMilliseconds })
            : new RunEvent.Skipped();
    }

    StepMetrics Shared(StepMetrics metrics) => peakSeconds is { } least && metrics.Milliseconds > 0 ? metrics with { PeakShare = least * 1e3 / metrics.Milliseconds } : metrics;

    RunEvent? Stepped(StepMetrics metrics, RunState state)
    {
        var failed = Log(session.Metrics.Append(metrics), state, new LogRecord.Stepped(metrics), () => observer?.Stepped(metrics));
        foreach (var record in trainer.Looked)
            failed ??= record is LogRecord.Normed norms ? Log(session.Metrics.AppendNorms(norms.Step, norms.Of), state, norms, static () => { }) : Told(record);
        return failed;
    }

    RunEvent? Told(LogRecord record)
    {
        logs.Write(record);
        return null;
    }

    // A line that cannot be written is for want of room, where no checkpoint can be written either: it ends here, and says where it goes on.
    RunEvent? Log(Validation<Fault, Unit> written, RunState state, LogRecord record, Action tell)
    {
        if (written.IsSuccess)
        {
            tell();
            return Told(record);
        }
        return written.Match(static _ => null, RunEvent? (faults) => new RunEvent.Failed(faults.Head with
        {
            Allowed = $"{faults.Head.Allowed}; {(state.Saved < 0 ? "nothing was saved yet" : $"resumed, the run goes on from step {state.Saved}")}",
        }));
    }

    // Lines first: a checkpoint on the medium must not know of steps whose lines are not there.
    RunEvent Save(RunState state) => session.Metrics.Flush()
        .Bind(_ => session.Checkpoints.Save(state, session.Identity, trainer.Snapshot(), session.Config.Stage.Keep))
        .Match(RunEvent (folder) =>
        {
            observer?.Saved(state.Step, folder);
            logs.Write(new LogRecord.Saved(state.Step));
            return new RunEvent.Saved();
        }, static faults => new RunEvent.Failed(faults.Head));

    RunEvent Draw(RunState state)
    {
        if (stop.IsCancellationRequested) return new RunEvent.Skipped();
        // What fails here is told once, by whoever would have shown it, and is no failure of the run.
        string? drawn = null;
        string? Text() => drawn = Samples.Draw(engine, trainer, session, state.SampleKey, stop);
        if (observer is null) logs.Guard("sample", () => Text());
        else observer.Drawn(state.Step, Text);
        if (drawn is not null) logs.Write(new LogRecord.Written(state.Step, drawn));
        return stop.IsCancellationRequested ? new RunEvent.Skipped() : new RunEvent.Drawn();
    }

    Validation<Fault, RunResult> End(RunEffect.Stop stopped, RunState state)
    {
        logs.Write(new LogRecord.Ended(state.Step, stopped.Reason));
        return stopped.Fault is { } fault ? fault.As<RunResult>()
            : Success<Fault, RunResult>(new(session.Folder.Location, session.Folder.Stage, stopped.Reason, state) { IsReward = session.Config.Stage.IsJudged });
    }
}
