using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Data;

/// <summary>
/// The windows of a token stream that serve as training examples: <c>Context</c> inputs from some start, and as labels the same tokens
/// one place later, hence Context + 1 tokens each. Only indices: every function is pure, and any window can be asked for at any time.
/// </summary>
public sealed record Windows
{
    Windows(long length, int context) => (Length, Context) = (length, context);

    /// <summary>Tokens in the stream.</summary>
    public long Length { get; }

    /// <summary>Inputs in a window.</summary>
    public int Context { get; }

    /// <summary>The number of places where a window may start: 0 … Starts-1.</summary>
    public long Starts => Length - Context;

    /// <summary>
    /// The number of windows in order, side by side: window i starts at i × Context. The last (Length - 1) mod Context labels of the
    /// stream fill no window and are left out of ordered passes.
    /// </summary>
    public long InOrder => (Length - 1) / Context;

    /// <summary>The windows of a stream, or a fault when it is too short for one.</summary>
    /// <param name="length">Tokens in the stream.</param>
    /// <param name="context">Inputs in a window, at least 1.</param>
    /// <param name="name">What to call the stream in a fault.</param>
    public static Validation<Fault, Windows> Of(long length, int context, string name = "data") =>
        context < 1 ? Fault.Of<Windows>("context", $"is {context}", "allowed: 1 or more")
        : length < context + 1L ? Fault.Of<Windows>(name, $"has {length} tokens, too few for one window",
            $"needed: {context + 1L} or more, the context of {context} and one to predict")
        : Success<Fault, Windows>(new Windows(length, context));

    /// <summary>
    /// Where the window of a row of a random batch starts: uniform over all starts, drawn with replacement, a pure function of its
    /// arguments.
    /// </summary>
    /// <param name="key">The run's key for data.</param>
    /// <param name="step">The step, or any number that names the batch.</param>
    /// <param name="row">The row within the batch.</param>
    public long Start(Key key, long step, long row) => key.FoldIn(step).Below(row, Starts);

    /// <summary>
    /// Where the window at a place starts. An epoch visits each of the <see cref="InOrder"/> windows once.
    /// </summary>
    /// <param name="place">The default at first.</param>
    /// <param name="shuffle">When given, each epoch takes the windows in an order of its own that this key decides.</param>
    /// <exception cref="ArgumentOutOfRangeException">When the place is not one of this stream.</exception>
    public long At(Place place, Key? shuffle = null) => Context
        * (shuffle is { } key ? new Permutation(key.FoldIn(Checked(place).Round), InOrder).At(place.Position) : Checked(place).Position);

    /// <summary>The place so many windows later: after the end of an epoch the next begins.</summary>
    /// <param name="place">The default at first.</param>
    /// <param name="rows">How many windows.</param>
    /// <exception cref="ArgumentOutOfRangeException">When the place is not one of this stream.</exception>
    public Place Advance(Place place, long rows) => Checked(place).Position + rows is var position && position < InOrder
        ? place with { Position = position }
        : new(place.Round + position / InOrder, position % InOrder);

    Place Checked(Place place) => place.Round >= 0 && place.Position >= 0 && place.Position < InOrder ? place
        : throw new ArgumentOutOfRangeException(nameof(place), place, $"not a place among {InOrder} windows");
}
