using System.Numerics;
using Functional.Base;
using Functional.Engines;
using Functional.Layers;
using Functional.Models;
using Functional.Sampling;

namespace Functional.Generation;

/// <summary>
/// A model reading several sequences through one set of caches of keys and values, a row each. Sequences join at any time, read prompts of their own,
/// advance together by one token a step, and leave; no row sees another, nor where it is, nor what was there before.
/// <para>
/// Prompts are read in pieces whose lengths are powers of two. A step runs the program of the next power of two of rows, filled up with rows that are
/// free, each at position 0; those beyond it cost nothing. Programs are compiled when they are first needed.
/// </para>
/// <para>
/// When a row's context is full, the last half of it is read again from position 0 and decoding goes on: the model then sees between half a
/// context and a whole one. A model whose every layer has a window goes on without end, in the same memory: its caches roll.
/// </para>
/// </summary>
/// <remarks>
/// Numbers are the same to the bit whatever the other rows do where an engine's products give each row the same bits however many rows there are. The
/// managed engine's do up to 64 rows; beyond, and on libtorch, they differ by float32's rounding of the same sums.
/// Not for several threads at once. Owns its caches and programs, not the parameters.
/// </remarks>
public sealed partial class Batcher : IDisposable
{
    // Below this a piece is not worth a program of its own: the program for one token, which is needed anyway, reads it.
    const int LeastPiece = 8;

    /// <summary>How many tokens of a sequence are read at once at most.</summary>
    internal const int MostPiece = 256;

    readonly Model model;
    readonly Workspace workspace;
    readonly Dictionary<(int Rows, int Time, SamplingConfig? Sampling, bool All), CachedTurn> turns = [];
    // Nothing for a row that is free.
    readonly Transcript?[] sequences;
    // Of a step: which of its rows go together.
    readonly int[] together;

    /// <summary>A batcher whose rows are all free.</summary>
    /// <param name="engine">Where it runs.</param>
    /// <param name="model">What reads.</param>
    /// <param name="parameters">The engine's buffers of the model's parameters, by the parameters' names.</param>
    /// <param name="rows">How many sequences at most, 1 or more; each has its caches from the beginning.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is not a row.</exception>
    public Batcher(IEngine engine, Model model, Params<IBuffer> parameters, int rows)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        this.model = model;
        (sequences, together) = (new Transcript?[rows], new int[rows]);
        workspace = new(engine);
        workspace.Alias(parameters.Rename(Names.Param));
        workspace.Add(model.Caches(new(rows, MostPiece)).Rename(Names.Cache));
    }

    /// <summary>How many sequences there may be at once.</summary>
    public int Rows => sequences.Length;

    /// <summary>How many more may join.</summary>
    public int Free => sequences.Count(static s => s is null);

    /// <summary>How many logits a row has.</summary>
    public int Vocabulary => model.Vocabulary;

    /// <summary>How many tokens of its sequence a row has read: those that its caches hold, unless they roll.</summary>
    /// <exception cref="ArgumentException">The row is free.</exception>
    public int Position(int row) => Sequence(row).Count;

    /// <summary>Begins a sequence.</summary>
    /// <returns>Its row: the lowest that is free.</returns>
    /// <exception cref="InvalidOperationException">None is free.</exception>
    public int Join()
    {
        var row = Array.IndexOf(sequences, null);
        if (row < 0) throw new InvalidOperationException($"all {Rows} rows are in use.");
        sequences[row] = new(model.Context, model.IsBounded);
        return row;
    }

    /// <summary>Ends a sequence; its row is free.</summary>
    /// <exception cref="ArgumentException">It is free already.</exception>
    public void Leave(int row)
    {
        _ = Sequence(row);
        sequences[row] = null;
    }

    /// <summary>
    /// Reads tokens of one row and gives the scores of what comes next. Of more tokens than the context holds, only the last are read.
    /// </summary>
    /// <param name="row">A row that is in use.</param>
    /// <param name="tokens">One or more.</param>
    /// <param name="next">Filled with logits, <c>[vocabulary]</c>.</param>
    /// <exception cref="ArgumentException">The row is free, there is no token, or one is not in the vocabulary.</exception>
    public void Read(int row, ReadOnlySpan<int> tokens, Span<float> next) => Last(row, tokens, null, default).Logits.CopyTo(next);

    /// <summary>Reads tokens of one row and draws what comes next: as <see cref="Read"/> otherwise.</summary>
    /// <param name="row">A row that is in use.</param>
    /// <param name="tokens">One or more.</param>
    /// <param name="key">A key of this draw's own.</param>
    /// <param name="sampling">How tokens are drawn: as <see cref="Sampling.Draw"/> says.</param>
    /// <returns>The token and the logarithm of the probability with which it was drawn.</returns>
    /// <exception cref="NotFiniteNumberException">The model's numbers are not finite.</exception>
    public (int Token, float LogProb) Draw(int row, ReadOnlySpan<int> tokens, Key key, SamplingConfig sampling)
    {
        var turn = Last(row, tokens, sampling, key);
        return (turn.Tokens[0], Finite(turn.LogProbs[0]));
    }

    /// <summary>Each of some rows reads one token, all together.</summary>
    /// <param name="rows">Rows that are in use, in any order, none twice.</param>
    /// <param name="tokens">The token of each.</param>
    /// <param name="next">Filled with their logits, <c>[rows, vocabulary]</c>, in the order of <paramref name="rows"/>.</param>
    /// <exception cref="ArgumentException">
    /// A row is free or named twice, there is not a token for each, one is not in the vocabulary, or the logits have no room.
    /// </exception>
    public void Step(ReadOnlySpan<int> rows, ReadOnlySpan<int> tokens, Span<float> next)
    {
        if (next.Length != rows.Length * Vocabulary)
            throw new ArgumentException($"the logits of {rows.Length} rows are {rows.Length * Vocabulary} numbers, not {next.Length}.");
        Forward(rows, tokens, [], null, new(Vocabulary, next, [], []));
    }

    /// <summary>
    /// Each of some rows reads one token and draws the next, all together: as <see cref="Step"/>, but only a token and a number of each row leave the
    /// device. What a row draws depends on its own sequence and key alone.
    /// </summary>
    /// <param name="rows">Rows that are in use, in any order, none twice.</param>
    /// <param name="tokens">The token of each.</param>
    /// <param name="keys">A key for each, of this draw's own.</param>
    /// <param name="sampling">How tokens are drawn: as <see cref="Sampling.Draw"/> says.</param>
    /// <param name="drawn">Filled with the token that each row drew.</param>
    /// <param name="logProbs">Filled with the logarithm of the probability with which it was drawn.</param>
    /// <exception cref="ArgumentException">As for <see cref="Step"/>, or the sampling has faults.</exception>
    /// <exception cref="NotFiniteNumberException">The model's numbers are not finite.</exception>
    public void Draw(ReadOnlySpan<int> rows, ReadOnlySpan<int> tokens, ReadOnlySpan<Key> keys, SamplingConfig sampling, Span<int> drawn, Span<float> logProbs)
    {
        if (keys.Length != rows.Length || drawn.Length != rows.Length || logProbs.Length != rows.Length)
            throw new ArgumentException($"{rows.Length} rows have as many keys, tokens and log-probabilities, not {keys.Length}, {drawn.Length}, {logProbs.Length}.");
        Forward(rows, tokens, keys, sampling, new(Vocabulary, [], drawn, logProbs));
        foreach (var logProb in logProbs) Finite(logProb);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var turn in turns.Values) turn.Dispose();
        turns.Clear();
        copying?.Dispose();
        workspace.Dispose();
    }

    /// <summary>Takes whatever stands in a row's caches for so many tokens read: for measuring, where only the amount of work counts.</summary>
    internal void Seek(int row, int position) => Sequence(row).Seek(position);

    /// <summary>The length of the next piece of a text of so many tokens.</summary>
    internal static int PieceOf(int tokens)
    {
        var length = Math.Min(MostPiece, 1 << BitOperations.Log2((uint)tokens));
        return length < LeastPiece ? 1 : length;
    }

    Transcript Sequence(int row) => (uint)row >= (uint)Rows ? throw new ArgumentException($"row {row} is none of the {Rows}.")
        : sequences[row] ?? throw new ArgumentException($"row {row} is free.");

    void Check(ReadOnlySpan<int> tokens)
    {
        if (tokens.IsEmpty) throw new ArgumentException("there is no token to read.");
        foreach (var token in tokens)
            if ((uint)token >= (uint)Vocabulary) throw new ArgumentException($"token {token} is not in the vocabulary of {Vocabulary}.");
    }

    static float Finite(float logProb) => float.IsFinite(logProb) ? logProb : throw new NotFiniteNumberException("the model's numbers are not finite");

    CachedTurn Turn(int rows, int time, SamplingConfig? sampling, bool all = false)
    {
        var key = (rows, time, sampling, all);
        if (!turns.TryGetValue(key, out var turn)) turns.Add(key, turn = new(model, new(rows, time), Rows, sampling, all, workspace));
        return turn;
    }

    // Reads tokens of one row piece by piece: the turn of the last, whose results are there.
    CachedTurn Last(int row, ReadOnlySpan<int> tokens, SamplingConfig? sampling, Key key)
    {
        var sequence = Sequence(row);
        Check(tokens);
        if (!sequence.Fits(tokens.Length)) tokens = sequence.Rewind(tokens);
        while (true)
        {
            var piece = tokens[..PieceOf(tokens.Length)];
            var turn = Turn(1, piece.Length, sampling);
            turn.Set(0, row, sequence.Count, piece, key);
            turn.Run(results: piece.Length == tokens.Length);
            sequence.Add(piece);
            if (piece.Length == tokens.Length) return turn;
            tokens = tokens[piece.Length..];
        }
    }

    // A row that has room reads with the others; one that has none reads half of its context again, by itself.
    void Forward(ReadOnlySpan<int> rows, ReadOnlySpan<int> tokens, ReadOnlySpan<Key> keys, SamplingConfig? sampling, Results results)
    {
        Check(tokens);
        if (rows.Length != tokens.Length) throw new ArgumentException($"{rows.Length} rows need a token each, not {tokens.Length}.");
        for (var i = 0; i < rows.Length; i++)
        {
            _ = Sequence(rows[i]);
            if (rows[..i].Contains(rows[i])) throw new ArgumentException($"row {rows[i]} is named twice.");
        }
        var count = 0;
        for (var i = 0; i < rows.Length; i++)
            if (Sequence(rows[i]).Fits(1)) together[count++] = i;
            else results.Take(i, Last(rows[i], tokens.Slice(i, 1), sampling, Of(keys, i)), 0);
        if (count == 0) return;
        var turn = Turn(Math.Min((int)BitOperations.RoundUpToPowerOf2((uint)count), count + Free), 1, sampling);
        Fill(turn, rows, tokens, keys, count);
        turn.Run();
        for (var p = 0; p < count; p++)
        {
            var i = together[p];
            Sequence(rows[i]).Add(tokens.Slice(i, 1));
            results.Take(i, turn, Place(turn, p, rows[i]));
        }
    }

    // Free rows fill the turn up: each reads token 0 at position 0, which the next sequence there writes over.
    void Fill(CachedTurn turn, ReadOnlySpan<int> rows, ReadOnlySpan<int> tokens, ReadOnlySpan<Key> keys, int count)
    {
        for (var p = 0; p < count; p++)
            if (together[p] is var i) turn.Set(Place(turn, p, rows[i]), rows[i], Sequence(rows[i]).Count, tokens.Slice(i, 1), Of(keys, i));
        for (int row = 0, p = count; p < turn.Rows; row++)
            if (sequences[row] is null) turn.Set(Place(turn, p++, row), row, 0, [0], default);
    }

    // In a turn of all rows each has its own place.
    int Place(CachedTurn turn, int at, int row) => turn.Rows == Rows ? row : at;

    static Key Of(ReadOnlySpan<Key> keys, int i) => keys.IsEmpty ? default : keys[i];

    /// <summary>Where the results of a step go.</summary>
    readonly ref struct Results(int vocabulary, Span<float> logits, Span<int> tokens, Span<float> logProbs)
    {
        readonly Span<float> logits = logits, logProbs = logProbs;
        readonly Span<int> tokens = tokens;

        /// <summary>The i-th row's, from a place of a turn.</summary>
        public void Take(int i, CachedTurn turn, int place)
        {
            if (!logits.IsEmpty) turn.Logits.AsSpan(place * vocabulary, vocabulary).CopyTo(logits[(i * vocabulary)..]);
            else (tokens[i], logProbs[i]) = (turn.Tokens[place], turn.LogProbs[place]);
        }
    }
}
