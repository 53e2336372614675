using Functional.Base;
using Functional.Data;

namespace Functional.Runs;

/// <summary>What a step gave.</summary>
/// <param name="Loss">The mean loss of the objective, such as nats a token.</param>
/// <param name="GradientNorm">The global norm of the mean gradient before clipping.</param>
/// <param name="Next">Where its source stands after it.</param>
/// <param name="Tokens">How many tokens it learned from.</param>
public readonly record struct StepOutcome(float Loss, float GradientNorm, Place Next, long Tokens)
{
    /// <summary>How long it took.</summary>
    public double Milliseconds { get; init; }

    /// <summary>What the objective shows beside its loss; nothing where it shows nothing.</summary>
    public Params<float>? Shown { get; init; }

    /// <summary>What is not finite: names of parameters whose gradients are not, or of the outputs concerned.</summary>
    public Vec<string> NotFinite { get; init; }

    /// <summary>Whether the step counts: otherwise parameters and slots kept their values.</summary>
    public bool IsFinite => float.IsFinite(Loss) && float.IsFinite(GradientNorm);
}

/// <summary>What the world tells a <see cref="RunPlan"/>.</summary>
public abstract record RunEvent
{
    RunEvent() { }

    /// <summary>The run begins or goes on.</summary>
    public sealed record Begun : RunEvent;

    /// <summary>A step was computed.</summary>
    public sealed record Stepped(StepOutcome Outcome) : RunEvent;

    /// <summary>A measurement gave this loss, of the objective's kind.</summary>
    /// <param name="Loss">Of the weights.</param>
    /// <param name="Average">Of the mean of the weights; nothing where none is kept.</param>
    public sealed record Measured(double Loss, double? Average = null) : RunEvent
    {
        /// <summary>The loss of each of several texts, by name; empty where there is one.</summary>
        public Params<double> Parts { get; init; } = Params<double>.Empty;
    }

    /// <summary>A checkpoint is safe on disk.</summary>
    public sealed record Saved : RunEvent;

    /// <summary>Samples were shown.</summary>
    public sealed record Drawn : RunEvent;

    /// <summary>The policy has written what the next steps learn from.</summary>
    /// <param name="Numbers">What is known of it, such as the mean reward.</param>
    public sealed record RolledOut(Params<float> Numbers) : RunEvent;

    /// <summary>Somebody asked the run to stop. May come at any time; what is under way reports as ever.</summary>
    public sealed record Interrupted : RunEvent;

    /// <summary>A step, measurement or sample was given up for an interrupt; it stays due.</summary>
    public sealed record Skipped : RunEvent;

    /// <summary>What was asked for could not be done.</summary>
    public sealed record Failed(Fault Fault) : RunEvent;
}
