using System.Globalization;
using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Storage;

/// <summary>
/// Which of a run's checkpoints: the last, which is the default, the best by validation loss, or that of a step; and of it the weights, or their mean over the steps.
/// </summary>
public readonly record struct CheckpointChoice
{
    readonly bool best;
    readonly long? step;

    /// <summary>Whether it is the mean of the weights that is wanted.</summary>
    public bool IsAverage { get; private init; }

    /// <summary>The mean of the weights of the same checkpoint.</summary>
    public CheckpointChoice Averaged => this with { IsAverage = true };

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
    /// <param name="text"><c>best</c>, <c>last</c>, <c>average</c>, a step, or one of these with <c>:average</c>.</param>
    /// <exception cref="ArgumentException">The text is none of them.</exception>
    public static implicit operator CheckpointChoice(string text) =>
        Parse(text, "checkpoint").IfFail(static faults => throw new ArgumentException(faults.Lines()));

    /// <summary>As <see cref="At"/>.</summary>
    public static implicit operator CheckpointChoice(long step) => At(step);

    /// <summary><c>best</c>, <c>last</c>, or a step as a whole number; with <c>:average</c> behind it the mean of its weights, and <c>average</c> that of the last.</summary>
    /// <param name="text">What stands there; nothing for the last.</param>
    /// <param name="where">What faults call the place.</param>
    public static Validation<Fault, CheckpointChoice> Parse(string? text, string where)
    {
        var averaged = text == Average || text?.EndsWith(AverageEnd, StringComparison.Ordinal) == true;
        var chosen = Plain(text == Average ? null : averaged ? text![..^AverageEnd.Length] : text);
        return chosen is { } choice ? Success<Fault, CheckpointChoice>(averaged ? choice.Averaged : choice)
            : Fault.Of<CheckpointChoice>(where, $"is {text}", "allowed: best, last, the step of a checkpoint, or average; with :average behind it the mean of its weights");
    }

    static CheckpointChoice? Plain(string? text) => text switch
    {
        null or "last" => Last,
        "best" => Best,
        _ when long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var step) => At(step),
        _ => (CheckpointChoice?)null,
    };

    const string Average = "average", AverageEnd = ":average";

    /// <summary>As <see cref="Parse"/> reads it.</summary>
    public override string ToString() => IsAverage ? best || step is not null ? (this with { IsAverage = false }) + AverageEnd : Average : best ? "best" : step is { } at ? at.ToString(CultureInfo.InvariantCulture) : "last";

    /// <summary>The checkpoint of a store; a store without it is a fault that lists what is there.</summary>
    internal Validation<Fault, Checkpoint> In(CheckpointStore store) => IsAverage ? Of(store).Bind(static found => found.Averages()) : Of(store);

    Validation<Fault, Checkpoint> Of(CheckpointStore store)
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
