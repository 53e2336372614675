using Functional.Engines;
using Functional.Graphs;
using Functional.Layers;
using Functional.Learning;

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
        var row = Join();
        using var own = state.Caches.Within();
        own.Add("to", new([1], DType.I32)).Write<int>([row]);
        own.Bind(Programs.RestoreRow(model, new(Rows, MostPiece), "to")).Run();
        sequences[row] = state.Transcript.Copy();
        return row;
    }

    /// <summary>Begins a sequence as a copy of another: several answers to one prompt.</summary>
    /// <returns>The copy's row: the lowest that is free.</returns>
    /// <exception cref="ArgumentException">The row is free.</exception>
    /// <exception cref="InvalidOperationException">No row is free.</exception>
    public int Fork(int row)
    {
        using var state = Keep(row);
        return Join(state);
    }

    /// <summary>Forgets the last tokens of a sequence, such as a draft that was refused: it goes on as if they had not been read.</summary>
    /// <param name="row">A row that is in use.</param>
    /// <param name="tokens">How many, 0 or more.</param>
    /// <exception cref="ArgumentException">
    /// The row is free, or does not hold so many; rolling caches go back by <see cref="MostPiece"/> tokens behind the furthest that was read.
    /// </exception>
    public void CutBack(int row, int tokens) => Sequence(row).CutBack(tokens, MostPiece);
}
