namespace Functional.Engines.Managed;

/// <summary>
/// Products of groups of rows, whose sizes are known only when they run. A task is one group and one block of columns, so a group's matrix is packed
/// once; a group of few rows reads it in place. Sums are made in an order that the group alone decides.
/// </summary>
internal sealed unsafe class GroupedGemm : Work
{
    // Rows of a group below which its matrix is not worth packing.
    const int Few = 24;

    readonly Gemm packed, inPlace;
    readonly int groups;
    // Of an outer product its rows; else how many numbers of each row are multiplied.
    readonly int? outerRows;
    readonly int depth;
    int* ends;

    GroupedGemm(Gemm packed, Gemm inPlace, int groups, int? outerRows, int depth) =>
        (this.packed, this.inPlace, this.groups, this.outerRows, this.depth) = (packed, inPlace, groups, outerRows, depth);

    /// <summary>y [rows, n] = x [rows, k] times the matrix of each row's group, [groups, k, n] or, transposed, [groups, n, k].</summary>
    public static GroupedGemm Products(int groups, int rows, int k, int n, bool transposed)
    {
        var shape = new GemmShape(1, Math.Max(1, rows), n, k, Strides.RowMajor(k), transposed ? Strides.ColumnMajor(k, (long)k * n) : Strides.RowMajor(n, (long)k * n),
            Strides.RowMajor(n));
        var packed = Make(shape, Panels.PerTask);
        return new(packed, transposed ? packed : Make(shape, Panels.InPlace), groups, null, k);
    }

    /// <summary>c [groups, m, n] = aᵀ b of each group's rows, a [rows, m] and b [rows, n].</summary>
    public static GroupedGemm Outer(int groups, int rows, int m, int n)
    {
        var shape = new GemmShape(1, m, n, Math.Max(1, rows), Strides.ColumnMajor(m), Strides.RowMajor(n), Strides.RowMajor(n, (long)m * n));
        var gemm = Make(shape, Panels.PerTask);
        return new(gemm, gemm, groups, m, 0);
    }

    static Gemm Make(GemmShape shape, Panels panels)
    {
        var tile = Kernels.Of(Kernels.Widest).Columns;
        var columns = Math.Clamp((shape.N / 4 + tile - 1) / tile * tile, tile, 288 / tile * tile);
        return new(shape, null, new(shape.M, columns, 384, shape.A.Column != 1 || (shape.A.Row % 1024 == 0 && shape.K > 16), panels));
    }

    /// <summary>Computes all groups. ends [groups] never fall and lie within the rows.</summary>
    public void Run(ThreadTeam team, float* left, float* right, float* result, int* ends)
    {
        this.ends = ends;
        packed.Prepare(team, left, right, result);
        if (inPlace != packed) inPlace.Prepare(team, left, right, result);
        team.Run(this, groups * packed.ColumnBlocks);
    }

    public override void Run(int task, int worker)
    {
        var (group, columns) = (task / packed.ColumnBlocks, task % packed.ColumnBlocks);
        var (from, to) = (group == 0 ? 0 : ends[group - 1], ends[group]);
        if (outerRows is { } rows) packed.Part(group, 0, rows, columns, from, to, worker);
        else if (from < to) (to - from <= Few ? inPlace : packed).Part(group, from, to - from, columns, 0, depth, worker);
    }
}
