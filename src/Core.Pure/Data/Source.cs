using Functional.Base;
using Functional.Graphs;

namespace Functional.Data;

/// <summary>
/// Where a source stands before a step: all that has to be kept for going on exactly. What the numbers count is the source's own business.
/// </summary>
/// <param name="Round">Passes completed; or batches drawn, where rows are drawn at random.</param>
/// <param name="Position">Rows taken in this pass.</param>
public readonly record struct Place(long Round, long Position);

/// <summary>A part of what is measured.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Share">What its mean counts in that of the whole; of all parts together 1.</param>
/// <param name="Source">Its rows.</param>
public sealed record SourcePart(string Name, double Share, Source Source);

/// <summary>
/// Where a run's batches come from: a pure function from a place to rows and the next place. Which rows a step has does not depend on how they are
/// divided into micro-batches.
/// </summary>
public abstract class Source
{
    /// <summary>The tensors of a batch of so many rows, by name.</summary>
    public abstract Params<TensorType> Feed(int rows);

    /// <summary>How many tokens so many rows hold, without padding; on average where rows differ.</summary>
    public abstract long Tokens(long rows);

    /// <summary>How many rows there are for a measurement, which takes each once from place 0 on; nothing where they never end.</summary>
    public virtual long? Rows => null;

    /// <summary>The parts that are measured each by itself, and whose means make the whole's; none where all rows count alike.</summary>
    public virtual Vec<SourcePart> Parts => [];

    /// <summary>The place after a step of so many rows.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The place is none of this source.</exception>
    public abstract Place After(Place place, long rows);

    /// <summary>Writes rows of the step at a place into a batch; allocates nothing. Rows that a source has not are rows that count for nothing.</summary>
    /// <param name="place">Where the step begins.</param>
    /// <param name="first">The first row, counted within the step.</param>
    /// <param name="batch">What <see cref="Feed"/> says, of as many rows as are wanted.</param>
    public abstract void Fill(Place place, long first, Batch batch);
}
