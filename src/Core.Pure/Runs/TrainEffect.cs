using Functional.Base;
using Functional.Graphs;

namespace Functional.Runs;

/// <summary>The numbers of one step, a line of <c>metrics.jsonl</c>.</summary>
/// <param name="Step">The step, from 1.</param>
/// <param name="Loss">The mean training loss in nats a token.</param>
/// <param name="LearningRate">Its learning rate.</param>
/// <param name="GradientNorm">The gradients' global norm before clipping.</param>
/// <param name="Milliseconds">How long it took.</param>
/// <param name="TokensPerSecond">How fast it was.</param>
public readonly record struct StepMetrics(long Step, float Loss, double LearningRate, float GradientNorm, double Milliseconds, double TokensPerSecond);

/// <summary>Why a run stops.</summary>
public enum StopReason
{
    /// <summary>All steps are done.</summary>
    Completed,
    /// <summary>It was asked to, and has saved.</summary>
    Interrupted,
    /// <summary>A loss or gradient is not finite; nothing was overwritten.</summary>
    NotFinite,
    /// <summary>Something could not be done.</summary>
    Failed,
}

/// <summary>The kinds of <see cref="TrainEffect"/>.</summary>
public enum TrainEffectKind
{
    /// <summary>Nothing; the end of <see cref="TrainEffects"/>.</summary>
    None,
    /// <summary>Write a step's numbers. Answered by nothing.</summary>
    LogStep,
    /// <summary>Write an evaluation's loss. Answered by nothing.</summary>
    LogEvaluation,
    /// <summary>Compute a step. Answered by <see cref="TrainEvent.Stepped"/>.</summary>
    RunStep,
    /// <summary>Evaluate. Answered by <see cref="TrainEvent.Evaluated"/>.</summary>
    Evaluate,
    /// <summary>Write a checkpoint of the parameters, the slots and the state that came with this effect. Answered by <see cref="TrainEvent.Saved"/>.</summary>
    Save,
    /// <summary>Show samples. Answered by <see cref="TrainEvent.Sampled"/>.</summary>
    Sample,
    /// <summary>Stop.</summary>
    Stop,
}

/// <summary>What a <see cref="TrainPlan"/> asks of the world. One value type for all kinds, because steps must not allocate.</summary>
public readonly record struct TrainEffect
{
    /// <summary>Which kind.</summary>
    public TrainEffectKind Kind { get; private init; }

    /// <summary>The step it is about, from 1: the one to run, or the last one that was.</summary>
    public long Step { get; private init; }

    /// <summary>The learning rate of the step to run.</summary>
    public double LearningRate { get; private init; }

    /// <summary>The numbers to write.</summary>
    public StepMetrics Metrics { get; private init; }

    /// <summary>The validation loss to write.</summary>
    public double Loss { get; private init; }

    /// <summary>Why to stop.</summary>
    public StopReason Reason { get; private init; }

    /// <summary>What went wrong, unless all is well.</summary>
    public Fault? Fault { get; private init; }

    internal static TrainEffect LogStep(StepMetrics metrics) => new() { Kind = TrainEffectKind.LogStep, Step = metrics.Step, Metrics = metrics };

    internal static TrainEffect LogEvaluation(long step, double loss) => new() { Kind = TrainEffectKind.LogEvaluation, Step = step, Loss = loss };

    internal static TrainEffect RunStep(long step, double learningRate) => new() { Kind = TrainEffectKind.RunStep, Step = step, LearningRate = learningRate };

    internal static TrainEffect At(TrainEffectKind kind, long step) => new() { Kind = kind, Step = step };

    internal static TrainEffect Stop(StopReason reason, long step, Fault? fault = null) =>
        new() { Kind = TrainEffectKind.Stop, Step = step, Reason = reason, Fault = fault };
}

/// <summary>At most two effects: something to write, and something to do that answers with an event.</summary>
/// <param name="First">The first; of kind None where there is none.</param>
/// <param name="Second">The second; of kind None where there is none.</param>
public readonly record struct TrainEffects(TrainEffect First, TrainEffect Second = default)
{
    /// <summary>Nothing to do but wait for what was asked for before.</summary>
    public static TrainEffects None => default;

    /// <summary>The effects, in order.</summary>
    public IEnumerable<TrainEffect> List => new[] { First, Second }.Where(static e => e.Kind != TrainEffectKind.None);
}
