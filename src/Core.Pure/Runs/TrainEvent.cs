using Functional.Base;

namespace Functional.Runs;

/// <summary>What a step gave.</summary>
/// <param name="Loss">The mean loss in nats a token.</param>
/// <param name="GradientNorm">The global norm of the mean gradient before clipping.</param>
/// <param name="Milliseconds">How long it took.</param>
public readonly record struct StepOutcome(float Loss, float GradientNorm, double Milliseconds)
{
    /// <summary>Whether the step counts: otherwise parameters and slots kept their values.</summary>
    public bool IsFinite => float.IsFinite(Loss) && float.IsFinite(GradientNorm);
}

/// <summary>The kinds of <see cref="TrainEvent"/>.</summary>
public enum TrainEventKind
{
    /// <summary>The run begins or goes on.</summary>
    Begin,
    /// <summary>A step was computed.</summary>
    Stepped,
    /// <summary>An evaluation is done.</summary>
    Evaluated,
    /// <summary>A checkpoint is safe on disk.</summary>
    Saved,
    /// <summary>Samples were shown.</summary>
    Sampled,
    /// <summary>Somebody asked the run to stop. May come at any time; what is under way reports as ever.</summary>
    Interrupted,
    /// <summary>A step, evaluation or sample was given up for an interrupt; it stays due.</summary>
    Skipped,
    /// <summary>What was asked for could not be done.</summary>
    Failed,
}

/// <summary>
/// What the world tells a <see cref="TrainPlan"/>. One value type for all kinds, because steps must not allocate; use the makers.
/// </summary>
public readonly record struct TrainEvent
{
    /// <summary>Which kind.</summary>
    public TrainEventKind Kind { get; private init; }

    /// <summary>What a step gave.</summary>
    public StepOutcome Outcome { get; private init; }

    /// <summary>What is not finite after a step: names of parameters whose gradients are not, or of the outputs concerned.</summary>
    public Vec<string> NotFinite { get; private init; }

    /// <summary>The validation loss in nats a token.</summary>
    public double Loss { get; private init; }

    /// <summary>Why something failed.</summary>
    public Fault? Fault { get; private init; }

    /// <summary>The run begins or goes on.</summary>
    public static TrainEvent Begin => new() { Kind = TrainEventKind.Begin };

    /// <summary>A step was computed.</summary>
    /// <param name="outcome">What it gave.</param>
    /// <param name="notFinite">What is not finite, when <paramref name="outcome"/> is not.</param>
    public static TrainEvent Stepped(StepOutcome outcome, Vec<string> notFinite = default) =>
        new() { Kind = TrainEventKind.Stepped, Outcome = outcome, NotFinite = notFinite };

    /// <summary>An evaluation gave this loss, in nats a token.</summary>
    public static TrainEvent Evaluated(double loss) => new() { Kind = TrainEventKind.Evaluated, Loss = loss };

    /// <summary>A checkpoint is safe on disk.</summary>
    public static TrainEvent Saved => new() { Kind = TrainEventKind.Saved };

    /// <summary>Samples were shown.</summary>
    public static TrainEvent Sampled => new() { Kind = TrainEventKind.Sampled };

    /// <summary>Somebody asked the run to stop.</summary>
    public static TrainEvent Interrupted => new() { Kind = TrainEventKind.Interrupted };

    /// <summary>A step, evaluation or sample was given up for an interrupt.</summary>
    public static TrainEvent Skipped => new() { Kind = TrainEventKind.Skipped };

    /// <summary>What was asked for could not be done.</summary>
    public static TrainEvent Failed(Fault fault) => new() { Kind = TrainEventKind.Failed, Fault = fault };
}
