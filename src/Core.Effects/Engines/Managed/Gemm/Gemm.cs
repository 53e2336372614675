using System.Runtime.CompilerServices;

namespace Functional.Engines.Managed;

/// <summary>
/// A matrix product prepared for one shape: blocks of C are tasks, each tile of a block is summed in registers, and
/// transposes are absorbed by packing. Running it allocates nothing, and its bits do not depend on the number of threads.
/// </summary>
/// <remarks>The loop order is that of Goto and van de Geijn (2008), with the strip of A in the first-level cache and the block of B in the second.</remarks>
internal sealed unsafe class Gemm : Work, IProduct
{
    private readonly GemmShape shape;
    private readonly GemmPlan plan;
    private readonly Kernels kernels;
    private readonly PackShared? packShared;
    private readonly FewRows? fewRows;
    private readonly int rowBlocks, columnBlocks, depthBlocks, paddedColumns;
    private readonly nint stripOffset, panelOffset;

    private ThreadTeam team = null!;
    private float* a, b, c, shared;
    private Epilogue? epilogue;

    public Gemm(GemmShape shape, LaneWidth? width = null, GemmPlan? plan = null) : this(shape, Kernels.Of(width ?? Kernels.Widest), plan, fewRows: true)
    {
    }

    /// <summary>A product of words that other kernels multiply.</summary>
    public Gemm(GemmShape shape, Kernels kernels) : this(shape, kernels, null, fewRows: false)
    {
    }

    private Gemm(GemmShape shape, Kernels kernels, GemmPlan? plan, bool fewRows)
    {
        shape = shape.Checked();
        this.shape = shape;
        this.kernels = kernels;
        if (fewRows && plan is null && FewRows.Suits(shape))
        {
            this.fewRows = new FewRows(shape, kernels);
            WorkspaceBytes = this.fewRows.WorkspaceBytes;
            return;
        }
        this.plan = plan ?? GemmPlan.For(shape, kernels);
        this.plan = this.plan with { PackA = this.plan.PackA || kernels.WantsAdjacentRows && shape.A.Row != 1 };
        rowBlocks = Blocks(shape.M, this.plan.Rows);
        columnBlocks = Blocks(shape.N, this.plan.Columns);
        depthBlocks = Math.Max(1, Blocks(shape.K, this.plan.Depth));
        paddedColumns = Blocks(shape.N, kernels.Columns) * kernels.Columns;

        nint tile = kernels.Rows * kernels.Columns, strip = this.plan.Depth * kernels.Rows;
        nint panels = this.plan.Depth * (this.plan.B == Panels.PerTask ? this.plan.Columns : kernels.Columns);
        stripOffset = Aligned(tile);
        panelOffset = stripOffset + Aligned(strip);
        ScratchBytes = (panelOffset + panels) * sizeof(float);
        if (this.plan.B == Panels.Shared)
        {
            packShared = new PackShared(this);
            WorkspaceBytes = (shape.B.Batch == 0 ? 1 : shape.Batch) * (long)shape.K * paddedColumns * sizeof(float);
        }
    }

    /// <inheritdoc/>
    public long WorkspaceBytes { get; }

    /// <summary>Bytes of the team's scratch that each worker needs.</summary>
    public long ScratchBytes { get; }

    /// <inheritdoc/>
    public void Run(ThreadTeam on, byte* workspace, float* left, float* right, float* result, Epilogue? finish = null)
    {
        if (fewRows is not null)
        {
            fewRows.Run(on, (float*)workspace, left, right, result, finish);
            return;
        }
        team = on;
        shared = (float*)workspace;
        a = left;
        b = right;
        c = result;
        epilogue = finish;
        on.EnsureScratch(ScratchBytes);
        if (packShared is not null)
            on.Run(packShared, packShared.Tasks);
        on.Run(this, shape.Batch * rowBlocks * columnBlocks);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int task, int worker)
    {
        var (columnBlock, rest) = (task / rowBlocks % columnBlocks, task % rowBlocks);
        var batch = task / (rowBlocks * columnBlocks);
        int row = rest * plan.Rows, rows = Math.Min(plan.Rows, shape.M - row);
        int column = columnBlock * plan.Columns, columns = Math.Min(plan.Columns, shape.N - column);
        if (shape.K == 0)
            Empty(batch, row, rows, column, columns, worker);
        for (var step = 0; step < shape.K; step += plan.Depth)
        {
            var depth = Math.Min(plan.Depth, shape.K - step);
            var strips = new Block(batch, row, rows, column, columns, step, depth) { Adds = shape.Accumulate || step > 0, IsLast = step + depth == shape.K };
            Multiply(strips, PanelsOf(strips, worker), worker);
        }
    }

    /// <summary>How many blocks of columns a part of the product is made in.</summary>
    internal int ColumnBlocks => columnBlocks;

    /// <summary>Says what a part is made of, and on which threads.</summary>
    internal void Prepare(ThreadTeam on, float* left, float* right, float* result)
    {
        team = on;
        a = left;
        b = right;
        c = result;
        on.EnsureScratch(ScratchBytes);
    }

    /// <summary>
    /// A block of columns of some rows of C, for products whose size is known only when they run: rows are counted from the first of A and C, and the depth
    /// goes from one row of B to the one before another.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void Part(int batch, int row, int rows, int columnBlock, int from, int to, int worker)
    {
        var column = columnBlock * plan.Columns;
        var columns = Math.Min(plan.Columns, shape.N - column);
        if (from >= to) Empty(batch, row, rows, column, columns, worker);
        for (var step = from; step < to; step += plan.Depth)
        {
            var block = new Block(batch, row, rows, column, columns, step, Math.Min(plan.Depth, to - step)) { Adds = step > from };
            Multiply(block, PanelsOf(block, worker), worker);
        }
    }

    private readonly record struct Block(int Batch, int Row, int Rows, int Column, int Columns, int Step, int Depth)
    {
        /// <summary>Whether the product is added to what C holds.</summary>
        public bool Adds { get; init; }

        /// <summary>Whether C is finished with it.</summary>
        public bool IsLast { get; init; }
    }

    private readonly struct PanelSet(float* first, nint apart, nint row, float* last)
    {
        /// <summary>The first panel, the distance to the next, the distance of a panel's rows.</summary>
        public readonly float* First = first;
        public readonly nint Apart = apart, Row = row;

        /// <summary>A packed copy of a last panel that is not full and would be read beyond its end in place, or null.</summary>
        public readonly float* Last = last;
    }

    private PanelSet PanelsOf(in Block block, int worker)
    {
        var width = kernels.Columns;
        var source = b + block.Batch * shape.B.Batch + block.Step * shape.B.Row + block.Column * shape.B.Column;
        var packed = (float*)team.Scratch(worker) + panelOffset;
        switch (plan.B)
        {
            case Panels.Shared:
                var matrix = shape.B.Batch == 0 ? 0 : block.Batch;
                var first = shared + (((long)matrix * shape.K + block.Step) * paddedColumns) + (long)block.Column * block.Depth;
                return new(first, (nint)width * block.Depth, width, null);
            case Panels.PerTask:
                for (var j = 0; j < block.Columns; j += width)
                    PackPanel(source + j * shape.B.Column, Math.Min(width, block.Columns - j), block.Depth, packed + (nint)j * block.Depth);
                return new(packed, (nint)width * block.Depth, width, null);
            default:
                var whole = block.Columns / width * width;
                if (whole == block.Columns)
                    return new(source, width, (nint)shape.B.Row, null);
                PackPanel(source + whole, block.Columns - whole, block.Depth, packed);
                return new(source, width, (nint)shape.B.Row, packed);
        }
    }

    private void PackPanel(float* source, int columns, int depth, float* panel)
    {
        if (shape.B.Column == 1)
            Packing.Copy(source, (nint)shape.B.Row, columns, depth, panel, kernels.Columns);
        else
            Packing.Transpose(source, (nint)shape.B.Column, columns, depth, panel, kernels.Columns);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Multiply(in Block block, in PanelSet panels, int worker)
    {
        var scratch = (float*)team.Scratch(worker);
        var add = block.Adds ? 1 : 0;
        int tileRows = kernels.Rows, tileColumns = kernels.Columns;
        nint cRow = (nint)shape.C.Row;
        for (var i = 0; i < block.Rows; i += tileRows)
        {
            var rows = Math.Min(tileRows, block.Rows - i);
            var strip = a + block.Batch * shape.A.Batch + (block.Row + i) * shape.A.Row + block.Step * shape.A.Column;
            nint aRow = (nint)shape.A.Row, aColumn = (nint)shape.A.Column;
            if (plan.PackA)
            {
                var packed = scratch + stripOffset;
                if (aColumn == 1)
                    Packing.Transpose(strip, aRow, rows, block.Depth, packed, tileRows);
                else
                    Packing.Copy(strip, aColumn, rows, block.Depth, packed, tileRows);
                strip = packed;
                aRow = 1;
                aColumn = tileRows;
            }
            var target = c + block.Batch * shape.C.Batch + (block.Row + i) * shape.C.Row + block.Column;
            var kernel = kernels.For(rows, 2, aRow == 1);
            var j = 0;
            var panel = panels.First;
            for (; j <= block.Columns - tileColumns; j += tileColumns, panel += panels.Apart)
                kernel(block.Depth, strip, aRow, aColumn, panel, panels.Row, target + j, cRow, add);
            if (j < block.Columns)
            {
                var edge = panels.Last == null ? panel : panels.Last;
                var bRow = panels.Last == null ? panels.Row : tileColumns;
                var columns = block.Columns - j;
                kernels.For(rows, columns <= kernels.Lanes ? 1 : 2, aRow == 1)(block.Depth, strip, aRow, aColumn, edge, bRow, scratch, tileColumns, 0);
                StoreEdge(scratch, tileColumns, target + j, cRow, rows, columns, add);
            }
            if (block.IsLast)
                epilogue?.Apply(block.Batch, block.Row + i, block.Column, rows, block.Columns, worker);
        }
    }

    private static void StoreEdge(float* tile, nint tileRow, float* target, nint targetRow, int rows, int columns, int add)
    {
        for (nint r = 0; r < rows; r++, tile += tileRow, target += targetRow)
            for (nint j = 0; j < columns; j++)
                target[j] = add != 0 ? target[j] + tile[j] : tile[j];
    }

    private void Empty(int batch, int row, int rows, int column, int columns, int worker)
    {
        for (var i = row; i < row + rows && !shape.Accumulate; i++)
            new Span<float>(c + batch * shape.C.Batch + i * shape.C.Row + column, columns).Clear();
        epilogue?.Apply(batch, row, column, rows, columns, worker);
    }

    private static int Blocks(int length, int size) => (length + size - 1) / size;

    private static nint Aligned(nint floats) => (floats + 15) / 16 * 16;

    /// <summary>Packs all of B for all tasks; a task is one panel of columns through one step of the depth.</summary>
    private sealed class PackShared(Gemm gemm) : Work
    {
        private readonly int panels = gemm.paddedColumns / gemm.kernels.Columns;

        public int Tasks => panels * gemm.depthBlocks * (gemm.shape.B.Batch == 0 ? 1 : gemm.shape.Batch);

        public override void Run(int task, int worker)
        {
            var shape = gemm.shape;
            int width = gemm.kernels.Columns, panel = task % panels, step = task / panels % gemm.depthBlocks * gemm.plan.Depth;
            long matrix = task / (panels * gemm.depthBlocks);
            var depth = Math.Min(gemm.plan.Depth, shape.K - step);
            var source = gemm.b + matrix * shape.B.Batch + step * shape.B.Row + (long)panel * width * shape.B.Column;
            var target = gemm.shared + (matrix * shape.K + step) * gemm.paddedColumns + (long)panel * width * depth;
            gemm.PackPanel(source, Math.Min(width, shape.N - panel * width), depth, target);
        }
    }
}
