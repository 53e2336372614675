using Functional.Base;
using Functional.Graphs;

namespace Functional.Data;

/// <summary>Which windows of the training text make up the batches.</summary>
public enum WindowOrder
{
    /// <summary>Any place, drawn anew for each window.</summary>
    Random,
    /// <summary>Side by side from the beginning; each once an epoch.</summary>
    Ordered,
    /// <summary>Side by side, in another order each epoch; each once an epoch.</summary>
    Shuffled,
}

/// <summary>
/// Windows of a text: <c>inputs</c> and, one token later, <c>labels</c>, both <c>i32[rows, context]</c>; and, where a token begins documents,
/// <c>starts</c>, where in its window the document of each token begins.
/// </summary>
/// <param name="text">The tokens.</param>
/// <param name="context">Tokens in a window.</param>
/// <param name="separator">The token that begins each document; nothing where the text is one.</param>
public abstract class WindowSource(TokenStream text, int context, int? separator) : Source
{
    /// <summary>Marks a label that counts for nothing.</summary>
    const int Ignored = LinearCrossEntropy.Ignore;

    /// <inheritdoc/>
    public override Params<TensorType> Feed(int rows)
    {
        var tokens = new TensorType([rows, context], DType.I32);
        return separator is null ? Params.Of(("inputs", tokens), ("labels", tokens)) : Params.Of(("inputs", tokens), ("labels", tokens), ("starts", tokens));
    }

    /// <inheritdoc/>
    public override long Tokens(long rows) => rows * context;

    // A window beyond the end, or what it lacks there, counts for nothing.
    private protected void Write(Batch batch, int row, long start, bool counts = true)
    {
        var inputs = batch.Ints("inputs", row);
        var labels = batch.Ints("labels", row);
        var count = counts ? (int)Math.Clamp(text.Length - 1 - start, 0, context) : 0;
        text.CopyTo(counts ? start : 0, inputs[..count]);
        text.CopyTo(counts ? start + 1 : 0, labels[..count]);
        inputs[count..].Clear();
        labels[count..].Fill(Ignored);
        if (separator is not { } begins) return;
        var starts = batch.Ints("starts", row);
        for (int i = 0, first = 0; i < context; i++) starts[i] = inputs[i] == begins && i < count ? first = i : first;
    }
}

/// <summary>The windows that a run learns from, without end.</summary>
/// <param name="text">The tokens.</param>
/// <param name="windows">Their windows.</param>
/// <param name="order">In which order they come.</param>
/// <param name="key">What is drawn with, where something is drawn.</param>
/// <param name="separator">The token that begins each document; nothing where the text is one.</param>
public sealed class TrainingWindows(TokenStream text, Windows windows, WindowOrder order, Key key, int? separator = null)
    : WindowSource(text, windows.Context, separator)
{
    /// <inheritdoc/>
    public override Place After(Place place, long rows) => order == WindowOrder.Random ? place with { Round = place.Round + 1 } : windows.Advance(place, rows);

    /// <inheritdoc/>
    public override void Fill(Place place, long first, Batch batch)
    {
        for (var row = 0; row < batch.Rows; row++) Fill(batch, row, place, first + row);
    }

    // One row: that of a number, counted from a place.
    internal void Fill(Batch batch, int into, Place place, long row) => Write(batch, into, Start(place, row));

    long Start(Place place, long row) => order switch
    {
        WindowOrder.Random => windows.Start(key, place.Round, row),
        WindowOrder.Shuffled => windows.At(windows.Advance(place, row), key),
        _ => windows.At(windows.Advance(place, row)),
    };
}

/// <summary>Windows side by side that a model is measured on, each once: all of them, or some that are spread evenly over the text.</summary>
public sealed class MeasuringWindows : WindowSource
{
    readonly int context;
    readonly long all;

    MeasuringWindows(TokenStream text, int context, long all, long count, int? separator) : base(text, context, separator) =>
        (this.context, this.all, Rows) = (context, all, count);

    /// <summary>Every window, the last as long as the text is.</summary>
    /// <param name="text">At least two tokens.</param>
    /// <param name="context">Tokens in a window.</param>
    /// <param name="separator">The token that begins each document; nothing where the text is one.</param>
    public static MeasuringWindows All(TokenStream text, int context, int? separator = null) =>
        new(text, context, Count(text, context), Count(text, context), separator);

    /// <summary>Whole windows, so many at most.</summary>
    /// <param name="text">The tokens.</param>
    /// <param name="windows">Their windows.</param>
    /// <param name="most">How many.</param>
    /// <param name="separator">The token that begins each document; nothing where the text is one.</param>
    public static MeasuringWindows Spread(TokenStream text, Windows windows, long most, int? separator = null) =>
        new(text, windows.Context, windows.InOrder, Math.Min(most, windows.InOrder), separator);

    static long Count(TokenStream text, int context) => (text.Length - 1 + context - 1) / context;

    /// <inheritdoc/>
    public override long? Rows { get; }

    /// <inheritdoc/>
    public override Place After(Place place, long rows) => place with { Position = place.Position + rows };

    /// <inheritdoc/>
    public override void Fill(Place place, long first, Batch batch)
    {
        for (var row = 0; row < batch.Rows; row++) Fill(batch, row, place.Position + first + row);
    }

    // One row: a window, counted among those that are measured.
    internal void Fill(Batch batch, int into, long window) => Write(batch, into, (long)((Int128)window * all / Rows!.Value) * context, window < Rows);
}
