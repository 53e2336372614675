using Functional.Base;
using Functional.Graphs;
using TorchSharp;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Functional.Engines.Torch;

/// <summary>
/// The cross-entropy of a linear head, some rows at a time, so that no logits of all rows are in memory at once. libtorch's own cross-entropy,
/// with its gradient by the logits from automatic differentiation.
/// </summary>
static class TorchHead
{
    public static TorchKernel LinearCrossEntropy(LinearCrossEntropy kind, Vec<Tensor> args, TorchContext context)
    {
        var (rows, width, vocabulary) = (args[0].Shape[0], args[0].Shape[1], args[1].Shape[0]);
        var (cap, perCap) = (kind.Cap.ToScalar(), (1 / Math.Max(kind.Cap, double.Epsilon)).ToScalar());
        TorchTensor Loss(TorchTensor logits, TorchTensor labels) => TorchHead.Loss(kind.Cap > 0 ? logits.mul(perCap).tanh().mul(cap) : logits, labels, kind.Smoothing);
        var step = (int)Math.Clamp(context.LogitsAtOnce / vocabulary, 1, rows);
        return frame =>
        {
            var (hidden, weight, labels) = (context.Factor(frame[0]), context.Factor(frame[1]), frame[2].to(torch.ScalarType.Int64));
            var differentiates = frame.Wants(1) || frame.Wants(2);
            TorchTensor? byWeight = null;
            var (sum, byHidden) = (torch.zeros([], torch.ScalarType.Float32, context.Device), new List<TorchTensor>());
            for (var first = 0; first < rows; first += step)
            {
                using var passing = torch.NewDisposeScope();
                var count = Math.Min(step, rows - first);
                var (h, target) = (hidden.narrow(0, first, count), labels.narrow(0, first, count));
                var logits = TorchReductions.Product(h, weight.t(), [count, vocabulary]).to(torch.ScalarType.Float32);
                if (!differentiates)
                {
                    sum.PlusInPlace(Loss(logits, target));
                    continue;
                }
                using var tape = TorchTape.Record(a => Loss(a[0], target), logits);
                sum.PlusInPlace(tape.Output.detach());
                var byLogits = context.Factor(tape.Gradients(torch.ones([], torch.ScalarType.Float32, context.Device))[0]);
                if (frame.Wants(1)) byHidden.Add(TorchReductions.Product(byLogits, weight,
                    [count, width]).to(torch.ScalarType.Float32).MoveToOuterDisposeScope());
                if (!frame.Wants(2)) continue;
                var part = TorchReductions.Product(byLogits.t(), h, [vocabulary, width]).to(torch.ScalarType.Float32);
                if (byWeight is null) byWeight = part.MoveToOuterDisposeScope();
                else byWeight.PlusInPlace(part);
            }
            frame.Results[0] = sum;
            if (byHidden.Count > 0) frame.Results[1] = byHidden.Count == 1 ? byHidden[0] : torch.cat(byHidden, 0);
            frame.Results[2] = byWeight;
        };
    }

    static TorchTensor Loss(TorchTensor logits, TorchTensor labels, double smoothing) => torch.nn.functional.cross_entropy(
        logits, labels, ignore_index: Graphs.LinearCrossEntropy.Ignore, reduction: torch.nn.Reduction.Sum, label_smoothing: smoothing);
}
