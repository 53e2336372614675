using Functional.Base;
using Functional.Graphs;
using TorchSharp;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Functional.Engines.Torch;

/// <summary>Kernels that read and write rows by index.</summary>
static class TorchTables
{
    public static TorchKernel Gather(Tensor node)
    {
        var shape = TorchTypes.Shape(node.Shape);
        return frame => frame.Results[0] = frame[0].index_select(0, frame[1].reshape(-1)).reshape(shape);
    }

    public static TorchKernel ScatterAdd(Tensor node, bool inPlace, TorchContext context)
    {
        Vec<int> row = [.. node.Shape.Skip(1)];
        var rows = TorchTypes.Shape([(int)node.Args[1].Type.Size, .. row]);
        return frame =>
        {
            var target = inPlace ? frame[0] : frame[0].clone();
            var (places, updates) = (frame[1].reshape(-1).to(torch.ScalarType.Int64), frame[2].reshape(rows));
            // On a GPU this sorts and then adds, the same bits each time, where index_add_ adds in any order; on the processor it is the other way round.
            if (context.AsOnGpu) target.index_put_(updates, [places], true);
            else target.index_add_(0, places, updates, TorchTypes.One);
            frame.Results[0] = target;
        };
    }

    /// <summary>
    /// Tokens into rows of a cache, at positions that stay on the device. Tokens that lie outside go where they would lie in a ring, and put back
    /// what was there: so each goes to a place of its own, and none is lost by another.
    /// </summary>
    public static TorchKernel CacheWrite(CacheWrite kind, Tensor node, bool inPlace, TorchContext context)
    {
        var (capacity, batch, count) = (node.Args[0].Shape[1], node.Args[1].Shape[0], node.Args[1].Shape[1]);
        var (size, zero) = (capacity.ToScalar(), 0.ToScalar());
        var (sinks, ringSize) = (kind.Sinks.ToScalar(), Math.Max(1, capacity - kind.Sinks).ToScalar());
        // Where a position lies: in a rolling cache, behind the sinks, around the ring.
        TorchTensor Place(TorchTensor at) => !kind.Rolling ? at
            : torch.where(at.lt(sinks), at, at.sub(TorchTypes.Full(kind.Sinks, DType.I32, context.Device)).remainder(ringSize)
                .PlusInPlace(TorchTypes.Full(kind.Sinks, DType.I32, context.Device)));
        return frame =>
        {
            var cache = inPlace ? frame[0] : frame[0].clone();
            var rows = (frame.Args.Length > 3 ? frame[3] : TorchTypes.Range(batch, context.Device)).unsqueeze(1).to(torch.ScalarType.Int64);
            // More tokens than there are places would go round the ring.
            for (var first = 0; first < count; first += capacity)
            {
                var tokens = Math.Min(capacity, count - first);
                var at = TorchTypes.Range(tokens, context.Device).Plus(frame[2].unsqueeze(1)).PlusInPlace(TorchTypes.Full(first, DType.I32, context.Device));
                at = Place(at);
                var inside = at.ge(zero).logical_and(at.lt(size)).reshape([batch, tokens, .. Enumerable.Repeat(1L, node.Rank - 2)]);
                var ring = at.remainder(size).to(torch.ScalarType.Int64);
                var before = cache.index(torch.TensorIndex.Tensor(rows), torch.TensorIndex.Tensor(ring));
                cache.index_put_(torch.where(inside, frame[1].narrow(1, first, tokens), before), [rows, ring]);
            }
            frame.Results[0] = cache;
        };
    }
}
