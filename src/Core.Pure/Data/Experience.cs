using Functional.Base;
using Functional.Graphs;

namespace Functional.Data;

/// <summary>
/// What a policy has written to learn from: rows that are made anew each round, and gone through once or several times, each time in another order. A place
/// counts rounds, and rows of all passes of this round.
/// </summary>
public sealed class Experience : Source
{
    readonly Key key;

    /// <summary>Experience of which there is none yet.</summary>
    /// <param name="rows">How many rows a round has.</param>
    /// <param name="feed">The types of a row's tensors, each <c>[1, …]</c>.</param>
    /// <param name="epochs">How many times they are gone through, 1 or more.</param>
    /// <param name="key">What orders are drawn with.</param>
    public Experience(int rows, Params<TensorType> feed, int epochs, Key key) =>
        (Written, Epochs, this.key) = (new(rows, feed.Map(type => Of(type, rows))), epochs, key);

    /// <summary>The rows of this round, to be written before the first of them is learned.</summary>
    public Batch Written { get; }

    /// <summary>How many times rows are gone through.</summary>
    public int Epochs { get; }

    /// <inheritdoc/>
    public override Params<TensorType> Feed(int rows) => Written.Feed.Map(type => Of(type, rows));

    /// <inheritdoc/>
    public override long Tokens(long rows) => rows * Written.Feed.Where(static f => f.Value is { DType: DType.I32, Shape.Count: 2 } && !f.Name.EndsWith("labels", StringComparison.Ordinal))
        .Sum(static f => (long)f.Value.Shape[1]);

    /// <inheritdoc/>
    public override Place After(Place place, long rows)
    {
        var all = (long)Written.Rows * Epochs;
        if (place.Round < 0 || place.Position < 0 || place.Position >= all) throw new ArgumentOutOfRangeException(nameof(place), place, $"not a place among {all} rows");
        var position = place.Position + rows;
        return position < all ? place with { Position = position } : new(place.Round + position / all, position % all);
    }

    /// <inheritdoc/>
    public override void Fill(Place place, long first, Batch batch)
    {
        for (var row = 0; row < batch.Rows; row++)
        {
            var at = After(place, first + row);
            var (pass, within) = ((int)(at.Position / Written.Rows), at.Position % Written.Rows);
            batch.CopyRow(row, Written, (int)new Permutation(key.FoldIn(at.Round).FoldIn(pass), Written.Rows).At(within));
        }
    }

    static TensorType Of(TensorType type, int rows) => type with { Shape = type.Shape.With(0, rows) };
}
