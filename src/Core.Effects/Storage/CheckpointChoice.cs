using System.Globalization;
using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Storage;

/// <summary>Which of a run's checkpoints: the last, which is the default, the best by validation loss, or that of a step.</summary>
public readonly record struct CheckpointChoice
{
    readonly bool best;
    readonly long? step;

    CheckpointChoice(bool best, long? step) => (this.best, this.step) = (best, step);

    /// <summary>The newest.</summary>
    public static CheckpointChoice Last => default;

    /// <summary>The one with the lowest validation loss.</summary>
    public static CheckpointChoice Best => new(true, null);

    /// <summary>The one written after a step.</summary>
    /// <param name="step">The step, 0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The step is negative.</exception>
    public static CheckpointChoice At(long step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        return new(false, step);
    }

    /// <summary>As <see cref="Parse"/>, for code: <c>checkpoint: "best"</c>.</summary>
    /// <param name="text"><c>best</c>, <c>last</c> or a step.</param>
    /// <exception cref="ArgumentException">The text is none of them.</exception>
    public static implicit operator CheckpointChoice(string text) =>
        Parse(text, "checkpoint").IfFail(static faults => throw new ArgumentException(faults.Lines()));

    /// <summary>As <see cref="At"/>.</summary>
    public static implicit operator CheckpointChoice(long step) => At(step);

    /// <summary><c>best</c>, <c>last</c>, or a step as a whole number.</summary>
    /// <param name="text">What stands there; nothing for the last.</param>
    /// <param name="where">What faults call the place.</param>
    public static Validation<Fault, CheckpointChoice> Parse(string? text, string where) => text switch
    {
        null or "last" => Success<Fault, CheckpointChoice>(Last),
        "best" => Success<Fault, CheckpointChoice>(Best),
        _ when long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var step) => Success<Fault, CheckpointChoice>(At(step)),
        _ => Fault.Of<CheckpointChoice>(where, $"is {text}", "allowed: best, last, or the step of a checkpoint"),
    };

    /// <summary>As <see cref="Parse"/> reads it.</summary>
    public override string ToString() => best ? "best" : step is { } at ? at.ToString(CultureInfo.InvariantCulture) : "last";

    /// <summary>The checkpoint of a store; a store without it is a fault that lists what is there.</summary>
    internal Validation<Fault, Checkpoint> In(CheckpointStore store)
    {
        var (choice, steps) = (this, store.Steps);
        if (steps.Count == 0) return Fault.Of<Checkpoint>(store.Folder, "has no checkpoint yet", "expected a run that has saved once");
        return step is { } at ? Open(at)
            : store.Newest().Bind(newest => newest.Match(
                last => !choice.best || last.Training.BestStep == last.Step ? Success<Fault, Checkpoint>(last)
                    : last.Training.BestStep >= 0 ? Open(last.Training.BestStep)
                    : Fault.Of<Checkpoint>(store.Folder, "knows of no evaluation, so that no checkpoint is the best", $"allowed: {Listed()}"),
                () => Fault.Of<Checkpoint>(store.Folder, "has no checkpoint yet", "expected a run that has saved once")));

        string Listed() => $"last, {string.Join(", ", steps.Reverse())}";

        Validation<Fault, Checkpoint> Open(long wanted) => steps.Contains(wanted) ? Checkpoint.Open(store.PathOf(wanted))
            : Fault.Of<Checkpoint>(store.Folder, $"has no checkpoint of step {wanted}{(choice.best ? ", which was the best" : "")}", $"allowed: {Listed()}");
    }
}
