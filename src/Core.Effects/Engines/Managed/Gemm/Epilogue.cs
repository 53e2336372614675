namespace Functional.Engines.Managed;

/// <summary>What is done to each block of a product while it is still in the cache: bias, activation, residual.</summary>
internal abstract class Epilogue
{
    /// <summary>
    /// Finishes rows [row, row + rows) × columns [col, col + cols) of product <paramref name="batch"/>, whose sums are complete.
    /// The blocks cover every element exactly once; they are called from several threads at a time.
    /// </summary>
    public abstract void Apply(int batch, int row, int col, int rows, int cols, int worker);
}
