using Functional.Base;

namespace Functional.Data;

/// <summary>In which order rows come.</summary>
public enum RowOrder
{
    /// <summary>Another order each pass; each row once a pass, without end.</summary>
    Shuffled,
    /// <summary>As they stand; each once a pass, without end.</summary>
    Ordered,
    /// <summary>In the first pass the shortest first, and then shuffled: a curriculum (Bengio et al. 2009).</summary>
    ShortFirst,
    /// <summary>As they stand, once: for measuring.</summary>
    Once,
}

/// <summary>A source of rows that there are so many of: each once a pass. A place counts passes and rows of this pass.</summary>
public abstract class RowSource : Source
{
    readonly RowOrder order;
    readonly Key key;
    readonly int[] shortFirst;

    /// <param name="lengths">How long each row is.</param>
    /// <param name="order">In which order they come.</param>
    /// <param name="key">What is drawn with, where something is drawn.</param>
    /// <param name="name">What there is none of, for the exception.</param>
    /// <exception cref="ArgumentException">There are no rows.</exception>
    private protected RowSource(int[] lengths, RowOrder order, Key key, string name)
    {
        if (lengths.Length == 0) throw new ArgumentException($"there are no {name}.", nameof(lengths));
        (Count, this.order, this.key) = (lengths.Length, order, key);
        shortFirst = order == RowOrder.ShortFirst ? [.. Enumerable.Range(0, Count).OrderBy(i => lengths[i])] : [];
    }

    /// <summary>How many rows a pass has.</summary>
    public int Count { get; }

    /// <inheritdoc/>
    public override long? Rows => order == RowOrder.Once ? Count : null;

    /// <summary>How many tokens so many rows hold, on average over a pass: padding is none.</summary>
    /// <param name="rows">How many rows.</param>
    /// <param name="tokens">How many tokens a pass has.</param>
    private protected long Mean(long rows, long tokens) => (long)((Int128)rows * tokens / Count);

    /// <inheritdoc/>
    public override Place After(Place place, long rows)
    {
        if (place.Round < 0 || place.Position < 0 || (order != RowOrder.Once && place.Position >= Count))
            throw new ArgumentOutOfRangeException(nameof(place), place, $"not a place among {Count} rows");
        var position = place.Position + rows;
        return order == RowOrder.Once || position < Count ? place with { Position = position } : new(place.Round + position / Count, position % Count);
    }

    /// <inheritdoc/>
    public override void Fill(Place place, long first, Batch batch)
    {
        for (var row = 0; row < batch.Rows; row++) Fill(batch, row, At(After(place, first + row)));
    }

    /// <summary>Writes a row; null is one that counts for nothing.</summary>
    private protected abstract void Fill(Batch batch, int row, int? which);

    int? At(Place place) => order switch
    {
        RowOrder.Once => place.Position < Count ? (int)place.Position : null,
        RowOrder.Ordered => (int)place.Position,
        RowOrder.ShortFirst when place.Round == 0 => shortFirst[place.Position],
        _ => (int)new Permutation(key.FoldIn(place.Round), Count).At(place.Position),
    };
}
