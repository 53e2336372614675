using Functional.Compiling;
using Functional.Graphs;

namespace Functional.Engines.Managed;

/// <summary>
/// A linear head in chunks of rows: the logits of one chunk at a time, so that no [rows, vocabulary] tensor exists; and only of rows whose label counts,
/// which are brought together where others lie between them.
/// </summary>
internal abstract unsafe class HeadStep : Step
{
    // Large enough that reading the weight once a chunk costs little beside the products.
    const long ChunkElements = 8 << 20;

    readonly float* hidden, weight;
    readonly int* labels;
    readonly int chunk;
    readonly Products[] products;

    protected HeadStep(PlanStep.Fused s, Address at)
    {
        hidden = (float*)at(s.Inputs[0]);
        weight = (float*)at(s.Inputs[1]);
        labels = (int*)at(s.Inputs[2]);
        (Rows, Width, Vocabulary) = (s.Inputs[0].Shape[0], s.Inputs[0].Shape[1], s.Inputs[1].Shape[0]);
        chunk = (int)Math.Min(Math.Max(ChunkElements / Vocabulary / 12 * 12, 12), Rows);
        // A last chunk is rounded up to an eighth of a whole one, with rows that do not count; all rows together end as they do.
        products = [.. Enumerable.Range(1, 8).Select(eighth => Math.Min(chunk, (chunk * eighth / 8 + 11) / 12 * 12)).Append(Rows % chunk)
            .Where(static size => size > 0).Distinct().Order().Select(size => new Products(size, Width, Vocabulary))];
    }

    protected int Rows { get; }

    protected int Width { get; }

    protected int Vocabulary { get; }

    public sealed override long WorkspaceBytes => LogitsBytes + 2 * PackedBytes + 3 * RowsBytes + products.Max(static p => p.WorkspaceBytes);

    long LogitsBytes => Aligned((long)chunk * Vocabulary * sizeof(float));

    long PackedBytes => Aligned((long)chunk * Width * sizeof(float));

    long RowsBytes => Aligned((long)Math.Max(Rows, chunk) * sizeof(float));

    static long Aligned(long bytes) => (bytes + Plan.Alignment - 1) / Plan.Alignment * Plan.Alignment;

    public sealed override void Run(ManagedEngine engine)
    {
        var logits = (float*)engine.Workspace;
        var packed = (float*)(engine.Workspace + LogitsBytes);
        var spare = (float*)(engine.Workspace + LogitsBytes + PackedBytes);
        var index = (int*)(engine.Workspace + LogitsBytes + 2 * PackedBytes);
        var own = (int*)((byte*)index + RowsBytes);
        var numbers = (float*)((byte*)own + RowsBytes);
        var workspace = (byte*)numbers + RowsBytes;
        var counted = 0;
        for (var row = 0; row < Rows; row++)
            if (labels[row] != SoftmaxKernels.Ignored) index[counted++] = row;
        Begin(counted);
        for (var at = 0; at < counted; at += chunk)
        {
            var count = Math.Min(chunk, counted - at);
            var p = products[0];
            foreach (var larger in products)
                if ((p = larger).Size >= count) break;
            var first = index[at];
            var inPlace = count == p.Size && index[at + count - 1] - first == count - 1;
            if (!inPlace) Pack(index + at, count, p.Size, packed, own);
            var part = new Chunk(engine, p, workspace, logits, inPlace ? hidden + (long)first * Width : packed, inPlace ? labels + first : own, index + at,
                count, numbers, spare, inPlace, at == 0);
            p.Logits.Run(engine.Team, workspace, part.Hidden, weight, logits);
            Visit(part);
        }
        End(counted, index);
    }

    /// <summary>Before the first chunk.</summary>
    protected abstract void Begin(int counted);

    /// <summary>What becomes of a chunk's logits.</summary>
    protected abstract void Visit(in Chunk chunk);

    /// <summary>After the last chunk; the rows that counted, in order.</summary>
    protected abstract void End(int counted, int* index);

    /// <summary>The product of a chunk's logits with the weight, into rows of a gradient by the hidden states.</summary>
    protected void ToHidden(in Chunk chunk, float* gradient)
    {
        var target = chunk.InPlace ? gradient + (long)chunk.Index[0] * Width : chunk.Spare;
        chunk.Products.HiddenGradient.Run(chunk.Engine.Team, chunk.Workspace, chunk.Logits, weight, target);
        if (chunk.InPlace) return;
        var bytes = (long)Width * sizeof(float);
        for (var i = 0; i < chunk.Count; i++) Buffer.MemoryCopy(target + (long)i * Width, gradient + (long)chunk.Index[i] * Width, bytes, bytes);
    }

    /// <summary>The product of a chunk's logits with hidden states, added up over chunks into the gradient by the weight.</summary>
    protected static void ToWeight(in Chunk chunk, float* states, float* gradient) =>
        (chunk.IsFirst ? chunk.Products.WeightGradient : chunk.Products.MoreWeightGradient).Run(chunk.Engine.Team, chunk.Workspace, chunk.Logits, states, gradient);

    /// <summary>0 where nothing counts, which no chunk has written.</summary>
    protected void ClearRest(int counted, int* index, float* gradient)
    {
        for (var (row, next) = (0, 0); row < Rows; row++)
            if (next < counted && index[next] == row) next++;
            else new Span<float>(gradient + (long)row * Width, Width).Clear();
    }

    /// <summary>0 in all of the gradient by the weight, where nothing counts at all.</summary>
    protected void ClearWeight(float* gradient)
    {
        for (var row = 0; row < Vocabulary; row++) new Span<float>(gradient + (long)row * Width, Width).Clear();
    }

    void Pack(int* index, int count, int size, float* packed, int* own)
    {
        var bytes = (long)Width * sizeof(float);
        for (var i = 0; i < count; i++)
        {
            Buffer.MemoryCopy(hidden + (long)index[i] * Width, packed + (long)i * Width, bytes, bytes);
            own[i] = labels[index[i]];
        }
        for (var i = count; i < size; i++)
        {
            new Span<float>(packed + (long)i * Width, Width).Clear();
            own[i] = SoftmaxKernels.Ignored;
        }
    }

    /// <summary>The logits of some rows, and what belongs to them.</summary>
    internal readonly struct Chunk(ManagedEngine engine, Products products, byte* workspace, float* logits, float* hidden, int* labels, int* index,
        int count, float* numbers, float* spare, bool inPlace, bool isFirst)
    {
        public ManagedEngine Engine => engine;

        /// <summary>The products of as many rows.</summary>
        public Products Products => products;

        /// <summary>Their workspace.</summary>
        public byte* Workspace => workspace;

        /// <summary>The logits, [size, vocabulary].</summary>
        public float* Logits => logits;

        /// <summary>The hidden states, [size, width].</summary>
        public float* Hidden => hidden;

        /// <summary>The labels, [size]; those that fill the chunk up do not count.</summary>
        public int* Labels => labels;

        /// <summary>Which rows these are, [count].</summary>
        public int* Index => index;

        /// <summary>How many rows count.</summary>
        public int Count => count;

        /// <summary>How many rows there are, with those that fill them up.</summary>
        public int Size => products.Size;

        /// <summary>Room for a number of each row, [size].</summary>
        public float* Numbers => numbers;

        /// <summary>Room for [size, width].</summary>
        public float* Spare => spare;

        /// <summary>Whether the rows are neighbours, and nothing fills them up.</summary>
        public bool InPlace => inPlace;

        public bool IsFirst => isFirst;
    }

    /// <summary>The products of so many rows.</summary>
    internal sealed class Products(int size, int width, int vocabulary)
    {
        public int Size => size;
        public Gemm Logits { get; } = new(GemmShape.Dense(size, vocabulary, width, transposeB: true));
        public Gemm HiddenGradient { get; } = new(GemmShape.Dense(size, width, vocabulary));
        public Gemm WeightGradient { get; } = new(GemmShape.Dense(vocabulary, width, size, transposeA: true));
        public Gemm MoreWeightGradient { get; } = new(GemmShape.Dense(vocabulary, width, size, transposeA: true, accumulate: true));

        public long WorkspaceBytes => new[] { Logits, HiddenGradient, WeightGradient, MoreWeightGradient }.Max(static g => g.WorkspaceBytes);
    }

    /// <summary>Logits to cross-entropies and, where they are asked for, their gradients over the logits, times a scale.</summary>
    internal sealed class Entropies(float smoothing, float cap, int vocabulary, bool gradients, float scale) : Work
    {
        readonly int taskRows = Math.Max(1, 16384 / vocabulary);
        float* logits, nll, entropies, squares;
        int* labels;
        int rows;
        ThreadTeam? team;

        /// <param name="chunk">Whose logits.</param>
        /// <param name="nll">The cross-entropies, [size].</param>
        /// <param name="entropies">The entropies of what is expected, [size], or null.</param>
        /// <param name="squares">ln Σ p², [size], or null.</param>
        public void Run(in Chunk chunk, float* nll, float* entropies = null, float* squares = null)
        {
            team = chunk.Engine.Team;
            if (cap > 0) team.EnsureScratch((long)vocabulary * sizeof(float));
            logits = chunk.Logits;
            labels = chunk.Labels;
            rows = chunk.Size;
            this.nll = nll;
            this.entropies = entropies;
            this.squares = squares;
            team.Run(this, (rows + taskRows - 1) / taskRows);
        }

        public override void Run(int task, int worker)
        {
            var (first, end) = (task * taskRows, Math.Min(rows, (task + 1) * taskRows));
            if (cap == 0 && entropies == null && squares == null)
            {
                Of(first, end);
                return;
            }
            for (var row = first; row < end; row++) Row(row, cap > 0 ? (float*)team!.Scratch(worker) : null);
        }

        void Of(int first, int end)
        {
            if (gradients) SoftmaxKernels.CrossEntropy(logits, labels, smoothing, scale, nll, vocabulary, first, end);
            else SoftmaxKernels.CrossEntropyLoss(logits, labels, smoothing, nll, vocabulary, first, end);
        }

        // The cap's derivative is kept until the gradient by the capped logits is there.
        void Row(int row, float* slopes)
        {
            var x = logits + (long)row * vocabulary;
            if (slopes != null) SoftmaxKernels.Cap(x, cap, slopes, vocabulary);
            if (entropies != null || squares != null)
            {
                var (entropy, square) = SoftmaxKernels.Spread(x, vocabulary);
                if (entropies != null) entropies[row] = entropy;
                if (squares != null) squares[row] = square;
            }
            Of(row, row + 1);
            if (slopes != null && gradients) SoftmaxKernels.Multiply(x, slopes, vocabulary);
        }
    }
}
