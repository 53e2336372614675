using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Functional.Engines.Managed;

/// <summary>
/// A product of float32 matrices whose numbers BF16 holds. They are laid out as pairs along the depth first, two to a word, and the words are multiplied as <see cref="Gemm"/> multiplies
/// floats: products of two such numbers are exact in float32, sums are float32's. Numbers below 1.2e-38 count as 0. Its bits do not depend on the number of threads.
/// </summary>
internal sealed unsafe class PairGemm : Work, IProduct
{
    // Numbers that a task lays out: 64 KB.
    const int TaskSize = 1 << 14;

    readonly Gemm words;
    readonly Layout left, right;

    float* a, b;
    uint* aWords, bWords;

    public PairGemm(GemmShape shape)
    {
        shape = shape.Checked();
        var pairs = (shape.K + 1) / 2;
        // Of A the depth goes along its columns, of B along its rows.
        left = new(shape.Batch, shape.M, shape.K, shape.A.Row, shape.A.Column, shape.A.Batch);
        right = new(shape.Batch, shape.N, shape.K, shape.B.Column, shape.B.Row, shape.B.Batch);
        words = new(shape with
        {
            K = pairs,
            A = new(left.WordRow, left.WordDepth, left.WordBatch),
            B = new(right.WordDepth, right.WordRow, right.WordBatch),
        }, PairUnit.Kernels ?? throw new InvalidOperationException(PairUnit.Lacking));
    }

    /// <summary>Whether a product is better made of pairs: where these are multiplied at all, and each number is used often enough to be worth laying out.</summary>
    public static bool Suits(in GemmShape shape) => PairUnit.Kernels is not null && shape.M >= 2 * PairCode.Rows && shape.N >= 64 && shape.K >= 32;

    /// <inheritdoc/>
    public long WorkspaceBytes => left.Bytes + right.Bytes + words.WorkspaceBytes;

    /// <inheritdoc/>
    public void Run(ThreadTeam on, byte* workspace, float* left, float* right, float* result, Epilogue? finish = null)
    {
        a = left;
        b = right;
        aWords = (uint*)workspace;
        bWords = (uint*)(workspace + this.left.Bytes);
        on.Run(this, this.left.Tasks + this.right.Tasks);
        words.Run(on, workspace + this.left.Bytes + this.right.Bytes, (float*)aWords, (float*)bWords, result, finish);
    }

    /// <inheritdoc/>
    public override void Run(int task, int worker)
    {
        if (task < left.Tasks) left.Run(task, a, aWords);
        else right.Run(task - left.Tasks, b, bWords);
    }

    /// <summary>
    /// A factor as words. A row, of A's or of B's transpose, is as long as the depth: where its numbers lie together so do its words, else those of all rows at one depth.
    /// </summary>
    sealed class Layout
    {
        readonly int rows, depth, pairs, lines, length, linesOfTask;
        readonly long row, step, batch;
        readonly bool along;

        public Layout(int batches, int rows, int depth, long row, long step, long batch)
        {
            (this.rows, this.depth, this.row, this.step, this.batch) = (rows, depth, row, step, batch);
            pairs = (depth + 1) / 2;
            along = step == 1;
            (lines, length) = along ? (rows, pairs) : (pairs, rows);
            linesOfTask = Math.Clamp(TaskSize / Math.Max(1, 2 * length), 1, Math.Max(1, lines));
            var matrices = batch == 0 ? Math.Min(1, batches) : batches;
            TasksOfMatrix = (lines + linesOfTask - 1) / linesOfTask;
            Tasks = matrices * TasksOfMatrix;
            Bytes = ((long)matrices * lines * length * sizeof(uint) + 63) / 64 * 64;
        }

        int TasksOfMatrix { get; }

        public int Tasks { get; }

        public long Bytes { get; }

        public long WordRow => along ? pairs : 1;

        public long WordDepth => along ? 1 : rows;

        public long WordBatch => batch == 0 ? 0 : (long)rows * pairs;

        public void Run(int task, float* from, uint* to)
        {
            var (matrix, first) = (task / TasksOfMatrix, task % TasksOfMatrix * linesOfTask);
            from += matrix * batch;
            to += matrix * (long)rows * pairs;
            for (var line = first; line < Math.Min(lines, first + linesOfTask); line++)
                if (along) Along(from + line * row, depth, to + (long)line * length);
                else Across(from + 2 * line * step, 2 * line + 1 < depth ? from + (2 * line + 1) * step : null, rows, to + (long)line * length);
        }
    }

    /// <summary>Neighbours in one row: what BF16 keeps of each, the first below.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Along(float* from, int count, uint* to)
    {
        var i = 0;
        for (; i <= count - 32; i += 32, to += 16)
            Vector512.Narrow(High(Vector512.Load(from + i)), High(Vector512.Load(from + i + 16))).AsUInt32().Store(to);
        for (; i < count; i += 2) *to++ = Kept(from[i]) >> 16 | (i + 1 < count ? Kept(from[i + 1]) : 0);
    }

    /// <summary>What stands in two rows, one below the other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Across(float* even, float* odd, int count, uint* to)
    {
        var i = 0;
        if (odd != null)
            for (; i <= count - 16; i += 16) (High(Vector512.Load(even + i)) | Kept(Vector512.Load(odd + i))).Store(to + i);
        for (; i < count; i++) to[i] = Kept(even[i]) >> 16 | (odd == null ? 0 : Kept(odd[i]));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<uint> High(Vector512<float> x) => Kept(x) >> 16;

    // A NaN whose mark stands in the lower half stays one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<uint> Kept(Vector512<float> x) => (x.AsUInt32() | (Vector512.IsNaN(x).AsUInt32() & Vector512.Create(Quiet))) & Vector512.Create(0xFFFF0000);

    static uint Kept(float x) => (BitConverter.SingleToUInt32Bits(x) | (float.IsNaN(x) ? Quiet : 0)) & 0xFFFF0000;

    const uint Quiet = 0x400000;
}
