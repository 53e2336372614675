using System.Runtime.CompilerServices;

namespace Functional.Engines.Managed;

/// <summary>
/// Products with so few rows (decoding) that reading B is much of the work: B is read in place, once. B of contiguous rows is summed in parts of K, which
/// are then added in order: of a few rows each part is a task, and B is read in the order that it is stored; of more, a task is some columns. B stored
/// transposed is cut along N. A row's sums are taken in the same order however many rows there are, so that a row has the same bits whatever is beside it.
/// </summary>
internal sealed unsafe class FewRows : Work
{
    /// <summary>The most rows that this path is for.</summary>
    public const int Limit = 64;

    // Of more rows the sums of parts would be more to move than B.
    private const int MostApart = 8;

    private const int WideRow = 8192;

    // What a task reads of B at once where it reads it again for other rows, in numbers: half a megabyte.
    private const int Kept = 128 * 1024;

    private readonly GemmShape shape;
    private readonly FewRowsKernels kernels;
    private readonly Kernels tiles;
    private readonly AddParts addParts;
    private readonly bool dots, apart, packA;
    private readonly int parts, partLength, chunks, chunkLength;
    private readonly long partialFloats;

    private float* a, b, c, partial;
    private nint aRow;
    private Epilogue? epilogue;

    public FewRows(GemmShape shape, Kernels tiles)
    {
        this.shape = shape;
        this.tiles = tiles;
        kernels = FewRowsKernels.Of(tiles.Width);
        dots = shape.B.Column != 1;
        packA = dots && shape.A.Column != 1;
        // Whole rows of B in a task keep its reads sequential; rows of many pages are sequential enough when cut.
        var whole = dots || shape.N >= WideRow || shape.Batch >= 8;
        partLength = whole ? shape.K : Blocks(shape.K, Math.Clamp(shape.K / 64, 1, 16));
        parts = Blocks(shape.K, partLength);
        apart = shape.M <= MostApart && parts > 1;
        chunkLength = dots ? RoundUp(Blocks(shape.N, (int)Math.Clamp((long)shape.N * shape.K / 32768, 1, 1024)), 4)
            : shape.Batch >= 8 || apart ? shape.N
            : whole ? 1024
            : RoundUp(Math.Clamp(shape.N / 4, 64, Math.Max(64, Kept / partLength)), 32);
        chunks = Blocks(shape.N, chunkLength);
        addParts = new AddParts(this);
        partialFloats = apart ? (long)shape.Batch * parts * shape.M * shape.N : 0;
        WorkspaceBytes = (partialFloats + (packA ? (long)shape.Batch * shape.M * shape.K : 0)) * sizeof(float);
    }

    public static bool Suits(in GemmShape shape) => shape.M > 0 && shape.M <= (shape.Batch == 1 ? Limit : MostApart) && shape.N >= 8 && shape.K >= 8;

    public long WorkspaceBytes { get; }

    public void Run(ThreadTeam team, float* workspace, float* left, float* right, float* result, Epilogue? finish)
    {
        partial = workspace;
        a = left;
        b = right;
        c = result;
        epilogue = finish;
        aRow = (nint)shape.A.Row;
        if (packA)
            PackA();
        team.Run(this, shape.Batch * (apart ? parts : 1) * chunks);
        if (apart)
            team.Run(addParts, addParts.Tasks);
    }

    public override void Run(int task, int worker)
    {
        var (batch, rest) = apart ? (task / (parts * chunks), task % (parts * chunks)) : (task / chunks, task % chunks);
        if (dots)
            Columns(batch, rest, worker);
        else if (apart)
            Part(batch, rest);
        else
            Rows(batch, rest, worker);
    }

    private void PackA()
    {
        var packed = partial + partialFloats;
        for (var i = 0; i < shape.Batch; i++)
            for (var p = 0; p < shape.K; p++)
                for (var r = 0; r < shape.M; r++)
                    packed[((long)i * shape.M + r) * shape.K + p] = a[i * shape.A.Batch + r + p * shape.A.Column];
        a = packed;
        aRow = shape.K;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Columns(int batch, int chunk, int worker)
    {
        int first = chunk * chunkLength, end = Math.Min(shape.N, first + chunkLength);
        nint bRow = (nint)shape.B.Column, cRow = (nint)shape.C.Row;
        var left = a + batch * (packA ? (long)shape.M * shape.K : shape.A.Batch);
        var right = b + batch * shape.B.Batch;
        var target = c + batch * shape.C.Batch;
        var add = shape.Accumulate ? 1 : 0;
        // The next four rows find the chunk of B in the second-level cache.
        for (var r = 0; r < shape.M; r += 4)
            kernels.Dots(Math.Min(4, shape.M - r))(end - first, shape.K, left + r * aRow, aRow, right + first * bRow, bRow, target + r * cRow + first, cRow,
                add);
        epilogue?.Apply(batch, 0, first, shape.M, end - first, worker);
    }

    // A part of K, summed apart.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Part(int batch, int part)
    {
        var target = partial + ((long)batch * parts + part) * shape.M * shape.N;
        Sum(batch, part * partLength, Math.Min(partLength, shape.K - part * partLength), 0, shape.N, target, shape.N, true);
    }

    // Some columns of all parts, one part after the other.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Rows(int batch, int chunk, int worker)
    {
        int first = chunk * chunkLength, columns = Math.Min(chunkLength, shape.N - first);
        var target = c + batch * shape.C.Batch + first;
        if (parts == 1)
            Sum(batch, 0, shape.K, first, columns, target, (nint)shape.C.Row, !shape.Accumulate);
        else
            for (var step = 0; step < shape.K; step += partLength)
                kernels.Tiled(tiles, shape.M, columns, Math.Min(partLength, shape.K - step), a + batch * shape.A.Batch + step * shape.A.Column,
                    (nint)shape.A.Row, (nint)shape.A.Column, b + batch * shape.B.Batch + step * shape.B.Row + first, (nint)shape.B.Row, target,
                    (nint)shape.C.Row, step > 0 || shape.Accumulate ? 1 : 0);
        epilogue?.Apply(batch, 0, first, shape.M, columns, worker);
    }

    // Sums that go on in the target while rows of B pass.
    private void Sum(int batch, int step, int depth, int first, int columns, float* target, nint targetRow, bool clear)
    {
        for (var r = 0; clear && r < shape.M; r++)
            new Span<float>(target + r * targetRow, columns).Clear();
        var left = a + batch * shape.A.Batch + step * shape.A.Column;
        var right = b + batch * shape.B.Batch + step * shape.B.Row + first;
        nint aColumn = (nint)shape.A.Column, bRow = (nint)shape.B.Row;
        if (shape.M > 1)
        {
            kernels.Tiled(tiles, shape.M, columns, depth, left, (nint)shape.A.Row, aColumn, right, bRow, target, targetRow, 2);
            return;
        }
        // The sums stay in the first-level cache while the rows of B pass.
        const int width = 4096;
        for (var j = 0; j < columns; j += width)
            kernels.Sweep(Math.Min(width, columns - j), depth, left, aColumn, right + j, bRow, target + j);
    }

    private static int Blocks(int length, int size) => size == 0 ? 0 : (length + size - 1) / size;

    private static int RoundUp(int x, int unit) => (x + unit - 1) / unit * unit;

    /// <summary>Adds up the parts of K, in order.</summary>
    private sealed class AddParts(FewRows owner) : Work
    {
        private const int Width = 4096;

        private readonly int chunks = Blocks(owner.shape.N, Width);

        public int Tasks => owner.shape.Batch * chunks;

        public override void Run(int task, int worker)
        {
            var shape = owner.shape;
            int batch = task / chunks, first = task % chunks * Width, columns = Math.Min(Width, shape.N - first);
            nint apart = (nint)shape.M * shape.N;
            for (var r = 0; r < shape.M; r++)
                owner.kernels.Add(
                    columns, owner.parts, owner.partial + batch * owner.parts * apart + (nint)r * shape.N + first, apart,
                    owner.c + batch * shape.C.Batch + r * shape.C.Row + first, shape.Accumulate ? 1 : 0);
            owner.epilogue?.Apply(batch, 0, first, shape.M, columns, worker);
        }
    }
}
