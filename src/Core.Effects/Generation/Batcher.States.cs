using Functional.Engines;
using Functional.Graphs;
using Functional.Layers;
using Functional.Learning;
using Functional.Models;

namespace Functional.Generation;

public sealed partial class Batcher
{
    /// <summary>Keeps a sequence as it is now.</summary>
    /// <returns>A copy of its keys and values, which the caller disposes of.</returns>
    /// <exception cref="ArgumentException">The row is free.</exception>
    public SequenceState Keep(int row)
    {
        var sequence = Sequence(row);
        var own = workspace.Within();
        try
        {
            own.Add(model.Caches(new(1, MostPiece)).Rename(Names.Kept));
            own.Add(Names.CacheRow, new([1], DType.I32)).Write<int>([row]);
            own.Bind(Programs.KeepRow(model, new(Rows, MostPiece))).Run();
            return new(own, sequence.Copy());
        }
        catch
        {
            own.Dispose();
            throw;
        }
    }

    /// <summary>Begins a sequence where another was when it was kept: both then go on as if the tokens until there had been read twice.</summary>
    /// <param name="state">Kept from this batcher.</param>
    /// <returns>Its row: the lowest that is free.</returns>
    /// <exception cref="InvalidOperationException">None is free.</exception>
    public int Join(SequenceState state)
    {
        // A row is taken only once the program is there: for lack of memory none is lost.
        using var own = state.Caches.Within();
        var to = own.Add("to", new([1], DType.I32));
        var restore = own.Bind(Programs.RestoreRow(model, new(Rows, MostPiece), "to"));
        var row = Join();
        to.Write<int>([row]);
        restore.Run();
        sequences[row] = state.Transcript.Copy();
        return row;
    }

    /// <summary>Begins a sequence as a copy of another: several answers to one prompt.</summary>
    /// <returns>The copy's row: the lowest that is free.</returns>
    /// <exception cref="ArgumentException">The row is free.</exception>
    /// <exception cref="InvalidOperationException">No row is free.</exception>
    public int Fork(int row)
    {
        var sequence = Sequence(row);
        copying ??= new(model, new(Rows, MostPiece), workspace);
        var copy = Join();
        copying.Run(row, copy);
        sequences[copy] = sequence.Copy();
        return copy;
    }

    Copying? copying;

    /// <summary>From one row to another, by programs that are made once.</summary>
    sealed class Copying : IDisposable
    {
        readonly Workspace own;
        readonly IBuffer from, to;
        readonly BoundProgram keep, restore;

        public Copying(Model model, CacheShape caches, Workspace shared)
        {
            own = shared.Within();
            own.Add(model.Caches(caches with { Rows = 1 }).Rename(Names.Kept));
            (from, to) = (own.Add(Names.CacheRow, new([1], DType.I32)), own.Add("to", new([1], DType.I32)));
            (keep, restore) = (own.Bind(Programs.KeepRow(model, caches)), own.Bind(Programs.RestoreRow(model, caches, "to")));
        }

        public void Run(int row, int copy)
        {
            from.Write<int>([row]);
            to.Write<int>([copy]);
            keep.Run();
            restore.Run();
        }

        public void Dispose() => own.Dispose();
    }

    /// <summary>Forgets the last tokens of a sequence, such as a draft that was refused: it goes on as if they had not been read.</summary>
    /// <param name="row">A row that is in use.</param>
    /// <param name="tokens">How many, 0 or more.</param>
    /// <exception cref="ArgumentException">
    /// The row is free, or does not hold so many; rolling caches go back by <see cref="MostPiece"/> tokens behind the furthest that was read.
    /// </exception>
    public void CutBack(int row, int tokens) => Sequence(row).CutBack(tokens, MostPiece);

    /// <summary>How many tokens <see cref="ReadAll"/> reads at most.</summary>
    internal const int MostAtOnce = 64;

    /// <summary>
    /// Reads some tokens of one row at once, and gives the scores of what comes next behind each of them: as reading one after the other, up to the
    /// rounding of sums.
    /// </summary>
    /// <param name="row">A row that is in use.</param>
    /// <param name="tokens">One or more, at most 64.</param>
    /// <param name="next">Filled with logits, <c>[tokens, vocabulary]</c>.</param>
    /// <returns>Whether they had room; else nothing is read.</returns>
    /// <exception cref="ArgumentException">The row is free, there is no token, too many, or one is not in the vocabulary; or the logits have no room.</exception>
    public bool ReadAll(int row, ReadOnlySpan<int> tokens, Span<float> next)
    {
        var sequence = Sequence(row);
        Check(tokens);
        if (tokens.Length > MostAtOnce) throw new ArgumentException($"{tokens.Length} tokens are more than {MostAtOnce} at once.");
        if (next.Length != tokens.Length * Vocabulary) throw new ArgumentException($"the logits of {tokens.Length} tokens are {tokens.Length * Vocabulary} numbers, not {next.Length}.");
        // A program for each power of two: what fills it up is forgotten at once.
        Span<int> read = stackalloc int[(int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)tokens.Length)];
        if (!sequence.Fits(read.Length)) return false;
        tokens.CopyTo(read);
        var turn = Turn(1, read.Length, null, all: true);
        turn.Set(0, row, sequence.Count, read, default);
        turn.Run();
        sequence.Add(read);
        sequence.CutBack(read.Length - tokens.Length, MostPiece);
        turn.Logits.AsSpan(0, next.Length).CopyTo(next);
        return true;
    }
}
