using Functional.Base;
using Functional.Graphs;

namespace Functional.Data;

/// <summary>
/// Rows that hold whole answers with their prompts, and numbers for each. The label of a place is the token after it where that is learned, so that an answer's
/// last token stands one place behind the last label. Behind it are zeros, and no labels.
/// </summary>
public abstract class PreferenceRows : RowSource
{
    readonly Params<float[]> columns;

    private protected PreferenceRows(Examples answers, int time, int[] lengths, RowOrder order, Key key, Params<float[]>? columns, string name)
        : base(lengths, order, key, name)
    {
        if (answers.Longest > time) throw new ArgumentException($"an answer of {answers.Longest} tokens with its prompt has no room in rows of {time}.", nameof(time));
        (Time, this.columns) = (time, columns ?? Params<float[]>.Empty);
        foreach (var (column, values) in this.columns)
            if (values.Length != lengths.Length) throw new ArgumentException($"{column} has {values.Length} values for {lengths.Length} {name}.", nameof(columns));
    }

    /// <summary>How many tokens a row holds.</summary>
    private protected int Time { get; }

    private protected Params<TensorType> Feed(int rows, Params<int> tokens, params ReadOnlySpan<string> numbers) =>
        tokens.Map(count => new TensorType(count == 0 ? [rows] : [rows, count], DType.I32))
            .Concat(((string[])[.. numbers, .. columns.Names]).Select(name => (name, new TensorType([rows], DType.F32))).ToParams());

    private protected void Columns(Batch batch, int row, int? which)
    {
        foreach (var (name, values) in columns) batch.Floats(name, row)[0] = which is { } some ? values[some] : 0;
    }

    private protected static void Put(Examples examples, int? which, Span<int> inputs, Span<int> labels)
    {
        if (which is { } some)
        {
            examples.Whole(some, inputs, labels);
            return;
        }
        inputs.Clear();
        labels.Fill(LinearCrossEntropy.Ignore);
    }
}

/// <summary>
/// Pairs: <c>chosen</c>, <c>chosen_labels</c>, <c>rejected</c>, <c>rejected_labels</c>, all <c>i32[rows, time]</c>, and <c>margin f32[rows]</c>; and whatever else is
/// known of each pair, <c>f32[rows]</c> by name.
/// </summary>
public sealed class PairRows : PreferenceRows
{
    readonly Rankings pairs;

    /// <summary>Rows of these pairs.</summary>
    /// <param name="pairs">One at least, each of two answers.</param>
    /// <param name="time">How many tokens a row holds, at least the longest answer with its prompt.</param>
    /// <param name="order">In which order rows come; a pair is as long as both answers together.</param>
    /// <param name="key">What is drawn with, where something is drawn.</param>
    /// <param name="columns">What else is known of each pair, such as what a reference model thinks of its answers; none for nothing.</param>
    /// <exception cref="ArgumentException">There are no pairs, one has more answers, the longest has no room, or a column has another length.</exception>
    public PairRows(Rankings pairs, int time, RowOrder order, Key key = default, Params<float[]>? columns = null)
        : base(pairs.Answers, time, pairs.Lengths, order, key, columns, "pairs") =>
        this.pairs = pairs.Most == 2 ? pairs : throw new ArgumentException($"a pair has two answers, and one here has {pairs.Most}.", nameof(pairs));

    /// <inheritdoc/>
    public override Params<TensorType> Feed(int rows) =>
        Feed(rows, Params.Of(("chosen", Time), ("chosen_labels", Time), ("rejected", Time), ("rejected_labels", Time)), "margin");

    /// <inheritdoc/>
    public override long Tokens(long rows) => Mean(rows, pairs.Answers.Tokens);

    private protected override void Fill(Batch batch, int row, int? which)
    {
        var first = which is { } some ? pairs.First(some) : (int?)null;
        Put(pairs.Answers, first, batch.Ints("chosen", row), batch.Ints("chosen_labels", row));
        Put(pairs.Answers, first + 1, batch.Ints("rejected", row), batch.Ints("rejected_labels", row));
        batch.Floats("margin", row)[0] = which is { } pair ? pairs.Margin(pair) : 0;
        Columns(batch, row, which);
    }
}

/// <summary>
/// Any number of ranked answers: <c>answers</c> and <c>answer_labels</c>, both <c>i32[rows, most · time]</c>, answer after answer, the best first; <c>count i32[rows]</c>,
/// how many there are, behind which places are empty; <c>margin f32[rows]</c>; and whatever else is known of each ranking, <c>f32[rows]</c> by name.
/// </summary>
public sealed class RankingRows : PreferenceRows
{
    readonly Rankings rankings;

    /// <summary>Rows of these rankings.</summary>
    /// <param name="rankings">One at least.</param>
    /// <param name="time">How many tokens an answer has room for, at least the longest with its prompt.</param>
    /// <param name="order">In which order rows come; a ranking is as long as its answers together.</param>
    /// <param name="key">What is drawn with, where something is drawn.</param>
    /// <param name="columns">What else is known of each ranking; none for nothing.</param>
    /// <param name="most">For how many answers a row has places, where others have more than these.</param>
    /// <exception cref="ArgumentException">There are no rankings, the longest answer has no room, or a column has another length.</exception>
    public RankingRows(Rankings rankings, int time, RowOrder order, Key key = default, Params<float[]>? columns = null, int most = 0)
        : base(rankings.Answers, time, rankings.Lengths, order, key, columns, "rankings") => (this.rankings, Most) = (rankings, Math.Max(most, rankings.Most));

    /// <summary>For how many answers a row has places.</summary>
    public int Most { get; }

    /// <inheritdoc/>
    public override Params<TensorType> Feed(int rows) =>
        Feed(rows, Params.Of(("answers", Most * Time), ("answer_labels", Most * Time), ("count", 0)), "margin");

    /// <inheritdoc/>
    public override long Tokens(long rows) => Mean(rows, rankings.Answers.Tokens);

    private protected override void Fill(Batch batch, int row, int? which)
    {
        var answers = batch.Ints("answers", row);
        var labels = batch.Ints("answer_labels", row);
        var count = which is { } some ? rankings.AnswersOf(some) : 0;
        for (var i = 0; i < Most; i++)
            Put(rankings.Answers, i < count ? rankings.First(which!.Value) + i : null, answers.Slice(i * Time, Time), labels.Slice(i * Time, Time));
        batch.Ints("count", row)[0] = count;
        batch.Floats("margin", row)[0] = which is { } ranking ? rankings.Margin(ranking) : 0;
        Columns(batch, row, which);
    }
}

/// <summary>
/// Answers that were judged one by one: <c>inputs</c>, <c>labels</c>, <c>i32[rows, time]</c>; <c>good f32[rows]</c>, 1 or 0; <c>kl_inputs</c>, <c>kl_labels</c>, the same
/// prompt with the answer to the next prompt of the data set, from which KTO estimates how far the policy is from its reference (Ethayarajh et al. 2024). TRL
/// takes the next of the batch; here a row has the same whatever batch it is in. And whatever else is known of each, <c>f32[rows]</c> by name.
/// </summary>
public sealed class JudgedRows : PreferenceRows
{
    readonly Judgements judgements;

    /// <summary>Rows of these judgements.</summary>
    /// <param name="judgements">One at least.</param>
    /// <param name="time">How many tokens a row holds, at least the longest answer with any prompt that it stands behind.</param>
    /// <param name="order">In which order rows come.</param>
    /// <param name="key">What is drawn with, where something is drawn.</param>
    /// <param name="columns">What else is known of each; none for nothing.</param>
    /// <exception cref="ArgumentException">There are none, the longest has no room, or a column has another length.</exception>
    public JudgedRows(Judgements judgements, int time, RowOrder order, Key key = default, Params<float[]>? columns = null)
        : base(judgements.Answers.Longest >= judgements.Strangers.Longest ? judgements.Answers : judgements.Strangers, time,
            [.. Enumerable.Range(0, judgements.Count).Select(judgements.Answers.Length)], order, key, columns, "judgements") => this.judgements = judgements;

    /// <inheritdoc/>
    public override Params<TensorType> Feed(int rows) =>
        Feed(rows, Params.Of(("inputs", Time), ("labels", Time), ("kl_inputs", Time), ("kl_labels", Time)), "good");

    /// <inheritdoc/>
    public override long Tokens(long rows) => Mean(rows, judgements.Answers.Tokens);

    private protected override void Fill(Batch batch, int row, int? which)
    {
        Put(judgements.Answers, which, batch.Ints("inputs", row), batch.Ints("labels", row));
        Put(judgements.Strangers, which, batch.Ints("kl_inputs", row), batch.Ints("kl_labels", row));
        batch.Floats("good", row)[0] = which is { } some && judgements.IsGood(some) ? 1 : 0;
        Columns(batch, row, which);
    }
}
