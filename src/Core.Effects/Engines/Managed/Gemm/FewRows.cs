using System.Runtime.CompilerServices;

namespace Functional.Engines.Managed;

/// <summary>
/// Products with so few rows (decoding) that reading B is all the work: B is read in place, once, in the order it is
/// stored. B of contiguous rows is cut along K, each part summed apart and the parts then added in order; B stored
/// transposed is cut along N.
/// </summary>
internal sealed unsafe class FewRows : Work
{
    /// <summary>The most rows that this path is for.</summary>
    public const int Limit = 8;

    private const int WideRow = 8192;

    private readonly GemmShape shape;
    private readonly FewRowsKernels kernels;
    private readonly AddParts addParts;
    private readonly bool dots, packA;
    private readonly int parts, partLength, chunks, chunkLength;
    private readonly long partialFloats;

    private float* a, b, c, partial;
    private nint aRow;
    private Epilogue? epilogue;

    public FewRows(GemmShape shape, LaneWidth width)
    {
        this.shape = shape;
        kernels = FewRowsKernels.Of(width);
        dots = shape.B.Column != 1;
        packA = dots && shape.A.Column != 1;
        // Whole rows of B in a task keep its reads sequential; rows of many pages are sequential enough when cut.
        var cutColumns = shape.N >= WideRow || shape.Batch >= 8;
        parts = dots || cutColumns ? 1 : Math.Clamp(shape.K / 32, 1, 16);
        partLength = RoundUp(Blocks(shape.K, parts), 4);
        parts = Math.Max(1, Blocks(shape.K, partLength));
        chunkLength = dots ? RoundUp(Blocks(shape.N, (int)Math.Clamp((long)shape.N * shape.K / 32768, 1, 1024)), 4)
            : cutColumns && shape.Batch < 8 ? 1024
            : shape.N;
        chunks = Blocks(shape.N, chunkLength);
        addParts = new AddParts(this);
        partialFloats = parts > 1 ? (long)shape.Batch * parts * shape.M * shape.N : 0;
        WorkspaceBytes = (partialFloats + (packA ? (long)shape.Batch * shape.M * shape.K : 0)) * sizeof(float);
    }

    public static bool Suits(in GemmShape shape) => shape.M is > 0 and <= Limit && shape.N >= 8 && shape.K >= 8;

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
        team.Run(this, shape.Batch * parts * chunks);
        if (parts > 1)
            team.Run(addParts, addParts.Tasks);
    }

    public override void Run(int task, int worker)
    {
        var batch = task / (parts * chunks);
        if (dots)
            Columns(batch, task % chunks, worker);
        else
            Rows(batch, task / chunks % parts, task % chunks, worker);
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
        // The second four rows find the chunk of B in the second-level cache.
        for (var r = 0; r < shape.M; r += 4)
            kernels.Dots(Math.Min(4, shape.M - r))(end - first, shape.K, left + r * aRow, aRow, right + first * bRow, bRow, target + r * cRow + first, cRow,
                add);
        epilogue?.Apply(batch, 0, first, shape.M, end - first, worker);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Rows(int batch, int part, int chunk, int worker)
    {
        int step = part * partLength, depth = Math.Min(partLength, shape.K - step);
        int first = chunk * chunkLength, columns = Math.Min(chunkLength, shape.N - first);
        var target = parts == 1 ? c + batch * shape.C.Batch + first : partial + ((long)batch * parts + part) * shape.M * shape.N;
        nint targetRow = parts == 1 ? (nint)shape.C.Row : shape.N;
        if (parts > 1 || !shape.Accumulate)
            for (var r = 0; r < shape.M; r++)
                new Span<float>(target + r * targetRow, columns).Clear();
        var left = a + batch * shape.A.Batch + step * shape.A.Column;
        var right = b + batch * shape.B.Batch + step * shape.B.Row + first;
        // The sums stay in the first-level cache while the rows of B pass.
        var width = shape.M > 4 ? 512 : 4096 / shape.M / 64 * 64;
        for (var j = 0; j < columns; j += width)
            kernels.Sweep(shape.M, Math.Min(width, columns - j), depth, left, (nint)shape.A.Row, (nint)shape.A.Column, right + j, (nint)shape.B.Row,
                target + j, targetRow);
        if (parts == 1)
            epilogue?.Apply(batch, 0, first, shape.M, columns, worker);
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
