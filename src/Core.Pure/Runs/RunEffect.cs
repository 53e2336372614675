using Functional.Base;

namespace Functional.Runs;

/// <summary>The numbers of one step, a line of <c>metrics.jsonl</c>.</summary>
/// <param name="Step">The step, from 1.</param>
/// <param name="Loss">The mean training loss, such as nats a token.</param>
/// <param name="LearningRate">Its learning rate.</param>
/// <param name="GradientNorm">The gradients' global norm before clipping.</param>
/// <param name="Milliseconds">How long it took.</param>
/// <param name="TokensPerSecond">How fast it was.</param>
public readonly record struct StepMetrics(long Step, float Loss, double LearningRate, float GradientNorm, double Milliseconds, double TokensPerSecond)
{
    /// <summary>What the objective shows beside its loss; nothing where it shows nothing.</summary>
    public Params<float>? Shown { get; init; }

    /// <summary>What share of the machine's peak it used, in [0, 1] or a little above; nothing where nobody measured that.</summary>
    public double? PeakShare { get; init; }
}

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

/// <summary>What a <see cref="RunPlan"/> asks of the world.</summary>
public abstract record RunEffect
{
    RunEffect() { }

    /// <summary>Write a step's numbers. Answered by nothing.</summary>
    public sealed record LogStep(StepMetrics Metrics) : RunEffect;

    /// <summary>Write a measured loss. Answered by nothing.</summary>
    /// <param name="Step">The last step before it.</param>
    /// <param name="Loss">What was measured.</param>
    /// <param name="Average">The same of the mean of the weights; nothing where none is kept.</param>
    public sealed record LogMeasured(long Step, double Loss, double? Average = null) : RunEffect
    {
        /// <summary>The loss of each of several texts, by name; empty where there is one.</summary>
        public Params<double> Parts { get; init; } = Params<double>.Empty;
    }

    /// <summary>Write what is known of a rollout. Answered by nothing.</summary>
    /// <param name="Step">The first step that learns from it.</param>
    /// <param name="Numbers">Such as the mean reward.</param>
    public sealed record LogRollOut(long Step, Params<float> Numbers) : RunEffect;

    /// <summary>Let the policy write what the next steps learn from. Answered by <see cref="RunEvent.RolledOut"/>.</summary>
    public sealed record RollOut : RunEffect;

    /// <summary>Compute a step. Answered by <see cref="RunEvent.Stepped"/>.</summary>
    /// <param name="Number">Which, from 1.</param>
    /// <param name="LearningRate">Its learning rate.</param>
    public sealed record TakeStep(long Number, double LearningRate) : RunEffect;

    /// <summary>Measure the loss on what is not learned. Answered by <see cref="RunEvent.Measured"/>.</summary>
    public sealed record Measure : RunEffect;

    /// <summary>Write a checkpoint of the parameters, the slots and the state that came with this effect. Answered by <see cref="RunEvent.Saved"/>.</summary>
    public sealed record Save : RunEffect;

    /// <summary>Show samples. Answered by <see cref="RunEvent.Drawn"/>.</summary>
    public sealed record Draw : RunEffect;

    /// <summary>Stop.</summary>
    /// <param name="Reason">Why.</param>
    /// <param name="Fault">What went wrong, unless all is well.</param>
    public sealed record Stop(StopReason Reason, Fault? Fault = null) : RunEffect;
}
