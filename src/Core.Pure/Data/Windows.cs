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
    public long Start(Key key, long step, int row) => key.FoldIn(step).Below(row, Starts);

    /// <summary>The starts of a random batch: <see cref="Start"/> of rows 0 … rows-1.</summary>
    public Vec<long> Random(Key key, long step, int rows)
    {
        var starts = new long[rows];
        for (var row = 0; row < rows; row++) starts[row] = Start(key, step, row);
        return starts.ToVec();
    }

    /// <summary>
    /// The starts of the next ordered batch and the cursor after it. An epoch visits each of the <see cref="InOrder"/> windows once.
    /// Batches are always full: one that reaches the end of an epoch goes on with the beginning of the next.
    /// </summary>
    /// <param name="cursor">Where the previous batch ended; <see cref="Cursor.Start"/> at first.</param>
    /// <param name="rows">Windows in a batch.</param>
    /// <param name="shuffle">When given, each epoch takes the windows in an order of its own that this key decides.</param>
    /// <exception cref="ArgumentOutOfRangeException">When the cursor is not one of this stream.</exception>
    public (Vec<long> Starts, Cursor Next) Next(Cursor cursor, int rows, Key? shuffle = null)
    {
        var starts = new long[rows];
        for (var row = 0; row < rows; row++) starts[row] = At(Advance(cursor, row), shuffle);
        return (starts.ToVec(), Advance(cursor, rows));
    }

    /// <summary>Where the window at a cursor starts.</summary>
    /// <inheritdoc cref="Next"/>
    public long At(Cursor cursor, Key? shuffle = null) => Context
        * (shuffle is { } key ? new Permutation(key.FoldIn(Checked(cursor).Epoch), InOrder).At(cursor.Position) : Checked(cursor).Position);

    /// <summary>The cursor so many windows later.</summary>
    /// <inheritdoc cref="Next"/>
    public Cursor Advance(Cursor cursor, long rows) => Checked(cursor).Position + rows is var position && position < InOrder
        ? cursor with { Position = position }
        : new(cursor.Epoch + position / InOrder, position % InOrder);

    Cursor Checked(Cursor cursor) => cursor.Epoch >= 0 && cursor.Position >= 0 && cursor.Position < InOrder ? cursor
        : throw new ArgumentOutOfRangeException(nameof(cursor), cursor, $"not a cursor over {InOrder} windows");
}

/// <summary>A place in ordered passes over a stream's windows: all that is needed to resume.</summary>
/// <param name="Epoch">Passes completed.</param>
/// <param name="Position">Windows taken in this pass.</param>
public readonly record struct Cursor(long Epoch, long Position)
{
    /// <summary>Before the first window.</summary>
    public static Cursor Start => default;
}
