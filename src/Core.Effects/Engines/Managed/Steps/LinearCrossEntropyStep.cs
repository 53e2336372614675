using Functional.Compiling;
using Functional.Graphs;

namespace Functional.Engines.Managed;

/// <summary>
/// A linear head and its cross-entropy in chunks of rows: the logits of one chunk at a time, turned into their own gradient in place
/// and multiplied on at once, so no [rows, vocabulary] tensor exists.
/// </summary>
internal sealed unsafe class LinearCrossEntropyStep : Step
{
    // Large enough that reading the weight once a chunk costs little beside the products.
    const long ChunkElements = 8 << 20;

    readonly float* hidden, weight, sum, hiddenGradient, weightGradient;
    readonly int* labels;
    readonly int rows, width, vocabulary, chunk;
    readonly Products whole, rest;
    readonly Losses losses;

    public LinearCrossEntropyStep(LinearCrossEntropy kind, PlanStep.Fused s, Address at)
    {
        hidden = (float*)at(s.Inputs[0]);
        weight = (float*)at(s.Inputs[1]);
        labels = (int*)at(s.Inputs[2]);
        sum = Optional.At(s.Outputs[0], at);
        hiddenGradient = Optional.At(s.Outputs[1], at);
        weightGradient = Optional.At(s.Outputs[2], at);
        (rows, width, vocabulary) = (s.Inputs[0].Shape[0], s.Inputs[0].Shape[1], s.Inputs[1].Shape[0]);
        chunk = (int)Math.Min(Math.Max(ChunkElements / vocabulary / 12 * 12, 12), rows);
        whole = new(chunk, width, vocabulary);
        rest = rows % chunk == 0 ? whole : new(rows % chunk, width, vocabulary);
        losses = new((float)kind.Smoothing, (float)kind.Cap, vocabulary, hiddenGradient != null || weightGradient != null);
    }

    public override long WorkspaceBytes => LogitsBytes + NllBytes + Math.Max(whole.WorkspaceBytes, rest.WorkspaceBytes);

    long LogitsBytes => Aligned((long)chunk * vocabulary * sizeof(float));

    long NllBytes => Aligned((long)rows * sizeof(float));

    static long Aligned(long bytes) => (bytes + Plan.Alignment - 1) / Plan.Alignment * Plan.Alignment;

    public override void Run(ManagedEngine engine)
    {
        var logits = (float*)engine.Workspace;
        var nll = (float*)(engine.Workspace + LogitsBytes);
        var workspace = engine.Workspace + LogitsBytes + NllBytes;
        for (var row = 0; row < rows; row += chunk)
        {
            var h = hidden + (long)row * width;
            var count = Math.Min(chunk, rows - row);
            var products = count == chunk ? whole : rest;
            products.Logits.Run(engine.Team, workspace, h, weight, logits);
            losses.Run(engine.Team, logits, labels + row, nll + row, count);
            if (hiddenGradient != null) products.HiddenGradient.Run(engine.Team, workspace, logits, weight, hiddenGradient + (long)row * width);
            if (weightGradient != null) (row == 0 ? products.WeightGradient : products.MoreWeightGradient).Run(engine.Team, workspace, logits, h,
                weightGradient);
        }
        if (sum == null) return;
        var total = 0.0;
        for (var i = 0; i < rows; i++) total += nll[i];
        *sum = (float)total;
    }

    sealed class Products(int rows, int width, int vocabulary)
    {
        public Gemm Logits { get; } = new(GemmShape.Dense(rows, vocabulary, width, transposeB: true));
        public Gemm HiddenGradient { get; } = new(GemmShape.Dense(rows, width, vocabulary));
        public Gemm WeightGradient { get; } = new(GemmShape.Dense(vocabulary, width, rows, transposeA: true));
        public Gemm MoreWeightGradient { get; } = new(GemmShape.Dense(vocabulary, width, rows, transposeA: true, accumulate: true));

        public long WorkspaceBytes => new[] { Logits, HiddenGradient, WeightGradient, MoreWeightGradient }.Max(static g => g.WorkspaceBytes);
    }

    sealed class Losses(float smoothing, float cap, int vocabulary, bool gradients) : Work
    {
        readonly int taskRows = Math.Max(1, 16384 / vocabulary);
        float* logits, nll;
        int* labels;
        int rows;
        ThreadTeam? team;

        public void Run(ThreadTeam team, float* logits, int* labels, float* nll, int rows)
        {
            this.team = team;
            if (cap > 0) team.EnsureScratch((long)vocabulary * sizeof(float));
            this.logits = logits;
            this.labels = labels;
            this.nll = nll;
            this.rows = rows;
            team.Run(this, (rows + taskRows - 1) / taskRows);
        }

        public override void Run(int task, int worker)
        {
            var (first, end) = (task * taskRows, Math.Min(rows, (task + 1) * taskRows));
            if (cap > 0)
            {
                for (var row = first; row < end; row++) Capped(row, (float*)team!.Scratch(worker));
                return;
            }
            if (gradients) SoftmaxKernels.CrossEntropy(logits, labels, smoothing, 1f, nll, vocabulary, first, end);
            else SoftmaxKernels.CrossEntropyLoss(logits, labels, smoothing, nll, vocabulary, first, end);
        }

        // One row: the cap's derivative is kept until the gradient by the capped logits is there.
        void Capped(int row, float* slopes)
        {
            var x = logits + (long)row * vocabulary;
            SoftmaxKernels.Cap(x, cap, slopes, vocabulary);
            if (!gradients) SoftmaxKernels.CrossEntropyLoss(logits, labels, smoothing, nll, vocabulary, row, row + 1);
            else
            {
                SoftmaxKernels.CrossEntropy(logits, labels, smoothing, 1f, nll, vocabulary, row, row + 1);
                SoftmaxKernels.Multiply(x, slopes, vocabulary);
            }
        }
    }
}
