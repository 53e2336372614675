using Functional.Base;
using Functional.Graphs;

namespace Functional.Data;

/// <summary>
/// Rows of conversations: <c>inputs</c> and <c>labels</c>, both <c>i32[rows, context]</c>, where a label is the next token if that is learned and −100 if not.
/// Packed, a row holds several examples that see nothing of each other, and <c>starts</c> says where each token's begins; else a row is one example, and what
/// is behind it has no label. Which examples share a row does not change from pass to pass, for it changes neither loss nor gradients: only the order of rows
/// does, so that every pass has the same number of them. With a curriculum, examples of like length share a row.
/// </summary>
public sealed class ConversationRows : RowSource
{
    readonly Examples examples;
    readonly int context;
    readonly bool packed;
    readonly Packing rows;

    /// <summary>Rows of these examples.</summary>
    /// <param name="examples">One at least.</param>
    /// <param name="context">How many tokens a row holds, at least all but the last of the longest example.</param>
    /// <param name="order">In which order rows come.</param>
    /// <param name="key">What is drawn with, where something is drawn.</param>
    /// <param name="packed">Whether a row holds several.</param>
    /// <exception cref="ArgumentException">There are no examples, or the longest has no room in a row.</exception>
    public ConversationRows(Examples examples, int context, RowOrder order, Key key = default, bool packed = false)
        : this(examples, context, order, key, packed, Pack(examples, context, order, key, packed))
    {
    }

    ConversationRows(Examples examples, int context, RowOrder order, Key key, bool packed, Packing rows)
        : base(Longest(examples, rows), order, key, "examples") =>
        (this.examples, this.context, this.packed, this.rows) = (examples, context, packed, rows);

    /// <summary>The share of a pass's places that hold a token, in (0, 1].</summary>
    public double Filled => (double)(examples.Tokens - examples.Count) / ((double)Count * context);

    /// <inheritdoc/>
    public override Params<TensorType> Feed(int rows)
    {
        var tokens = new TensorType([rows, context], DType.I32);
        return packed ? Params.Of(("inputs", tokens), ("labels", tokens), ("starts", tokens)) : Params.Of(("inputs", tokens), ("labels", tokens));
    }

    /// <inheritdoc/>
    public override long Tokens(long rows) => Mean(rows, examples.Tokens - examples.Count);

    static Packing Pack(Examples examples, int context, RowOrder order, Key key, bool packed)
    {
        if (examples.Longest - 1 > context)
            throw new ArgumentException($"an example of {examples.Longest} tokens has no room in rows of {context}.", nameof(context));
        if (!packed) return Packing.None(examples.Count);
        int[] lengths = [.. Enumerable.Range(0, examples.Count).Select(i => examples.Length(i) - 1)], all = [.. Enumerable.Range(0, examples.Count)];
        return order switch
        {
            RowOrder.Shuffled => Packing.Tight(lengths, context, key.FoldIn("packing")),
            RowOrder.ShortFirst => Packing.InOrder([.. all.OrderBy(i => lengths[i])], lengths, context),
            _ => Packing.InOrder(all, lengths, context),
        };
    }

    // As long as the longest example in it, which is what a curriculum is about.
    static int[] Longest(Examples examples, Packing rows) => [.. Enumerable.Range(0, rows.Rows).Select(row =>
    {
        var longest = 0;
        foreach (var example in rows[row]) longest = Math.Max(longest, examples.Length(example));
        return longest;
    })];

    private protected override void Fill(Batch batch, int row, int? which)
    {
        var inputs = batch.Ints("inputs", row);
        var labels = batch.Ints("labels", row);
        var at = 0;
        var starts = packed ? batch.Ints("starts", row) : [];
        if (which is { } some)
            foreach (var example in rows[some])
            {
                var count = examples.Shifted(example, inputs[at..], labels[at..]);
                if (packed) starts.Slice(at, count).Fill(at);
                at += count;
            }
        inputs[at..].Clear();
        labels[at..].Fill(LinearCrossEntropy.Ignore);
        // What is behind the last is a text of its own, so that nothing sees more for being padded.
        if (packed) starts[at..].Fill(at);
    }
}
