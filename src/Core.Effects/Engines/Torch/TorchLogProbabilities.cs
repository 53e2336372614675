using Functional.Base;
using Functional.Graphs;
using TorchSharp;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Functional.Engines.Torch;

/// <summary>What a linear head gives to labels, some rows at a time, so that no logits of all rows are in memory at once.</summary>
static class TorchLogProbabilities
{
    // A scalar that is made in passing may be gone before it is read.
    static readonly Scalar zero = 0.ToScalar(), one = 1.0.ToScalar(), two = 2.0.ToScalar(), ignore = LinearCrossEntropy.Ignore.ToScalar();

    public static TorchKernel Forward(LinearLogProbabilities kind, Vec<Tensor> args, TorchContext context)
    {
        var cap = Cap.Of(kind.Cap);
        return frame =>
        {
            var results = new List<TorchTensor>[4];
            for (var i = 0; i < 4; i++) results[i] = [];
            EachChunk(cap, args, context, frame, (_, chunk) =>
            {
                if (frame.Wants(0)) Keep(0, chunk.Own);
                if (frame.Wants(1)) Keep(1, chunk.ToHidden(chunk.ByLogits()));
                if (frame.Wants(2)) Keep(2, chunk.Entropy);
                if (frame.Wants(3)) Keep(3, chunk.LogSquares);
            });
            for (var i = 0; i < 4; i++)
                if (results[i].Count > 0) frame.Results[i] = results[i].Count == 1 ? results[i][0] : torch.cat(results[i], 0);

            void Keep(int i, TorchTensor part) => results[i].Add(part.MoveToOuterDisposeScope());
        };
    }

    public static TorchKernel Gradient(LinearLogProbabilitiesGradient kind, Vec<Tensor> args, TorchContext context)
    {
        var cap = Cap.Of(kind.Cap);
        return frame =>
        {
            TorchTensor? all = null;
            EachChunk(cap, args, context, frame, (first, chunk) =>
            {
                var shares = frame[3].narrow(0, first, chunk.Count).unsqueeze(1);
                var part = chunk.ToWeight(chunk.ByLogits().mul(shares));
                if (all is null) all = part.MoveToOuterDisposeScope();
                else all.PlusInPlace(part);
            });
            frame.Results[0] = all;
        };
    }

    static void EachChunk(Cap? cap, Vec<Tensor> args, TorchContext context, TorchFrame frame, Action<int, Chunk> visit)
    {
        var (rows, vocabulary) = (args[0].Shape[0], args[1].Shape[0]);
        var step = (int)Math.Clamp(context.LogitsAtOnce / vocabulary, 1, Math.Max(1, rows));
        var (hidden, weight, labels) = (context.Factor(frame[0]), context.Factor(frame[1]), frame[2].to(torch.ScalarType.Int64));
        for (var first = 0; first < rows; first += step)
        {
            using var passing = torch.NewDisposeScope();
            var count = Math.Min(step, rows - first);
            visit(first, new(cap, context, hidden.narrow(0, first, count), weight, labels.narrow(0, first, count), count));
        }
    }

    /// <summary>A cap of logits and its inverse.</summary>
    sealed record Cap(Scalar At, Scalar Inverse)
    {
        public static Cap? Of(double cap) => cap > 0 ? new(cap.ToScalar(), (1 / cap).ToScalar()) : null;
    }

    /// <summary>Some rows: what their logits say.</summary>
    sealed class Chunk
    {
        readonly TorchContext context;
        readonly TorchTensor hidden, weight, labels, counts, logs;
        readonly TorchTensor? slopes;

        public Chunk(Cap? cap, TorchContext context, TorchTensor hidden, TorchTensor weight, TorchTensor labels, int count)
        {
            (this.context, this.hidden, this.weight, Count) = (context, hidden, weight, count);
            var logits = TorchReductions.Product(hidden, weight.t(), [count, weight.shape[0]]).to(torch.ScalarType.Float32);
            if (cap is not null)
            {
                var turned = logits.mul(cap.Inverse).tanh();
                slopes = turned.mul(turned).neg().add(one);
                logits = turned.mul(cap.At);
            }
            counts = labels.ne(ignore);
            this.labels = labels.clamp_min(zero).unsqueeze(1);
            logs = logits.log_softmax(1);
        }

        public int Count { get; }

        public TorchTensor Own => Counted(logs.gather(1, labels).squeeze(1));

        public TorchTensor Entropy => Counted(logs.exp().mul(logs).sum(1).neg());

        public TorchTensor LogSquares => Counted(logs.mul(two).logsumexp(1));

        /// <summary>The gradient of each row's own log-probability by its logits.</summary>
        public TorchTensor ByLogits()
        {
            var by = logs.exp().neg().scatter_add(1, labels, torch.ones_like(labels, torch.ScalarType.Float32));
            if (slopes is not null) by = by.mul(slopes);
            return by.mul(counts.to(torch.ScalarType.Float32).unsqueeze(1));
        }

        public TorchTensor ToHidden(TorchTensor byLogits) =>
            TorchReductions.Product(context.Factor(byLogits), weight, [Count, weight.shape[1]]).to(torch.ScalarType.Float32);

        public TorchTensor ToWeight(TorchTensor byLogits) =>
            TorchReductions.Product(context.Factor(byLogits).t(), hidden, [weight.shape[0], weight.shape[1]]).to(torch.ScalarType.Float32);

        TorchTensor Counted(TorchTensor x) => torch.where(counts, x, torch.zeros_like(x));
    }
}
