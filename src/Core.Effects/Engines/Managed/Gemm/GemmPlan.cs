namespace Functional.Engines.Managed;

/// <summary>Where the tiles read B from.</summary>
internal enum Panels
{
    /// <summary>From B itself, whose rows are contiguous.</summary>
    InPlace,

    /// <summary>From panels that the task packs for itself.</summary>
    PerTask,

    /// <summary>From panels that all tasks share, packed before them.</summary>
    Shared,
}

/// <summary>
/// How a product is cut into tasks and blocks: a function of the shape and the vector width only, so the same sums are made in the same order at
/// every number of threads.
/// </summary>
/// <param name="Rows">Rows of a task's block of C.</param>
/// <param name="Columns">Columns of a task's block of C, a multiple of the tile's.</param>
/// <param name="Depth">Products added to a tile before it is stored.</param>
/// <param name="PackA">Whether each strip of A is packed before use.</param>
/// <param name="B">Where the tiles read B from.</param>
internal readonly record struct GemmPlan(int Rows, int Columns, int Depth, bool PackA, Panels B)
{
    public static GemmPlan For(in GemmShape shape, Kernels kernels)
    {
        int tileRows = kernels.Rows, tileColumns = kernels.Columns;
        // Rows at a distance of whole pages fall into the same few sets of the first-level cache.
        var packA = shape.A.Column != 1 || (shape.A.Row % 1024 == 0 && shape.K > 16);
        var small = (double)shape.M * shape.N * shape.K <= 1 << 20 || (shape.Batch >= 16 && shape.M <= 256 && shape.N <= 256);
        // One block of all rows lets each task pack its own panels of B, once and while they are hot.
        var single = small || shape.M <= 768;
        var rows = single ? Math.Max(1, shape.M) : Split(shape.M, 16 * tileRows, tileRows);
        // A strip of A is packed again for every block of columns: wide blocks where that is costly.
        var width = small ? shape.N
            : single ? packA ? Math.Clamp(shape.N / 4, 96, 288) : Math.Clamp(shape.N / 8, 64, 192)
            : packA ? 768 : 256;
        var columns = Split(shape.N, Math.Max(width, tileColumns), tileColumns);
        var depth = Split(shape.K, 384, 1);
        var b = shape.B.Column == 1 && shape.M <= 3 * tileRows ? Panels.InPlace
            : single ? Panels.PerTask
            : Panels.Shared;
        return new(rows, columns, depth, packA, b);
    }

    /// <summary>
    /// The size of parts that cut <paramref name="length"/> evenly, each at most <paramref name="most"/> and a multiple of <paramref name="unit"/>.
    /// </summary>
    private static int Split(int length, int most, int unit)
    {
        if (length <= most)
            return Math.Max(unit, RoundUp(length, unit));
        var parts = (length + most - 1) / most;
        return RoundUp((length + parts - 1) / parts, unit);
    }

    private static int RoundUp(int x, int unit) => (x + unit - 1) / unit * unit;
}
