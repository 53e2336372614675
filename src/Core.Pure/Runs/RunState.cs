using Functional.Base;
using Functional.Data;

namespace Functional.Runs;

/// <summary>What a finished step leaves to be done before the next.</summary>
[Flags]
public enum Due
{
    /// <summary>Nothing.</summary>
    None = 0,
    /// <summary>A measurement.</summary>
    Measure = 1,
    /// <summary>A checkpoint.</summary>
    Save = 2,
    /// <summary>A sample.</summary>
    Draw = 4,
}

/// <summary>
/// How far a run has come: with the parameters and the optimiser's slots, all that is needed to go on as if nothing had happened.
/// </summary>
/// <param name="Key">The run's key; keys of batches, dropout and samples derive from it by name and step.</param>
public readonly record struct RunState(Key Key)
{
    /// <summary>Steps completed.</summary>
    public long Step { get; init; }

    /// <summary>Where the source of its batches stands.</summary>
    public Place Place { get; init; }

    /// <summary>Tokens learned from.</summary>
    public long Tokens { get; init; }

    /// <summary>The lowest measured loss so far; infinite before the first measurement.</summary>
    public double BestLoss { get; init; } = double.PositiveInfinity;

    /// <summary>The step of <see cref="BestLoss"/>; −1 before the first measurement.</summary>
    public long BestStep { get; init; } = -1;

    /// <summary>The last step with a checkpoint; −1 before the first.</summary>
    public long Saved { get; init; } = -1;

    /// <summary>After which step the policy last wrote what it learns from; −1 where it has not.</summary>
    public long RolledOut { get; init; } = -1;

    /// <summary>What is still to be done after <see cref="Step"/>.</summary>
    public Due Due { get; init; }

    /// <summary>Whether the run was asked to stop.</summary>
    public bool Interrupted { get; init; }

    /// <summary>The key of what a source draws for all steps.</summary>
    public Key DataKey => Key.FoldIn("data");

    /// <summary>The key of dropout in a micro-batch of the next step.</summary>
    /// <param name="part">The micro-batch, from 0.</param>
    public Key StepKey(int part) => Key.FoldIn("dropout").FoldIn(Step).FoldIn((uint)part);

    /// <summary>The key of what the policy writes to learn from, after this step.</summary>
    public Key RollOutKey => Key.FoldIn("rollout").FoldIn(Step);

    /// <summary>The key of samples after this step.</summary>
    public Key SampleKey => Key.FoldIn("sample").FoldIn(Step);

    /// <summary>Before the first step.</summary>
    /// <param name="key">The run's key.</param>
    public static RunState Start(Key key) => new(key);
}
