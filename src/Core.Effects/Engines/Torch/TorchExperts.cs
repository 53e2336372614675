using Functional.Base;
using Functional.Graphs;
using TorchSharp;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Functional.Engines.Torch;

/// <summary>Rows in groups, each with a matrix of its own: a product a group, whose size the host has to know.</summary>
static class TorchExperts
{
    public static TorchKernel Order(ExpertOrder kind, TorchContext context)
    {
        var (count, zero, limit) = (kind.Experts, 0.ToScalar(), kind.Experts.ToScalar());
        return frame =>
        {
            var known = frame[0].ge(zero).logical_and(frame[0].lt(limit));
            var expert = torch.where(known, frame[0], TorchTypes.Full(count, DType.I32, context.Device));
            var (sorted, order) = expert.sort(0, false, true);
            var rows = TorchTypes.Range(frame[0].shape[0], context.Device);
            if (frame.Wants(0)) frame.Results[0] = torch.empty_like(rows).scatter_(0, order, rows);
            if (frame.Wants(1)) frame.Results[1] = order.to(torch.ScalarType.Int32);
            if (frame.Wants(2)) frame.Results[2] = sorted.unsqueeze(0).le(TorchTypes.Range(count, context.Device).unsqueeze(1))
                .sum(1, type: torch.ScalarType.Int32);
        };
    }

    public static TorchKernel Products(GroupedMatMul kind, Vec<Tensor> args, TorchContext context)
    {
        var (rows, columns) = (args[0].Shape[0], args[1].Shape[kind.Transposed ? 1 : 2]);
        return frame =>
        {
            var (x, weights, result) = (context.Factor(frame[0]), context.Factor(frame[1]), torch.zeros([rows, columns], torch.ScalarType.Float32, context.Device));
            foreach (var (group, from, count) in Groups(frame[2], rows))
            {
                using var passing = torch.NewDisposeScope();
                var matrix = weights.select(0, group);
                result.narrow(0, from, count).copy_(TorchReductions.Product(x.narrow(0, from, count), kind.Transposed ? matrix.t() : matrix, [count, columns]));
            }
            frame.Results[0] = result;
        };
    }

    public static TorchKernel Outer(Vec<Tensor> args, TorchContext context)
    {
        var (rows, m, n, groups) = (args[0].Shape[0], args[0].Shape[1], args[1].Shape[1], args[2].Shape[0]);
        return frame =>
        {
            var (a, b, result) = (context.Factor(frame[0]), context.Factor(frame[1]), torch.zeros([groups, m, n], torch.ScalarType.Float32, context.Device));
            foreach (var (group, from, count) in Groups(frame[2], rows))
            {
                using var passing = torch.NewDisposeScope();
                result.select(0, group).copy_(TorchReductions.Product(a.narrow(0, from, count).t(), b.narrow(0, from, count), [m, n]));
            }
            frame.Results[0] = result;
        };
    }

    // Groups that have rows.
    static IEnumerable<(int Group, int From, int Count)> Groups(TorchTensor ends, int rows)
    {
        using var host = ends.cpu();
        int[] all = [.. host.data<int>()];
        var from = 0;
        for (var group = 0; group < all.Length; group++)
        {
            if (all[group] < from || all[group] > rows)
                throw new ArgumentOutOfRangeException(nameof(ends), $"grouped_matmul: group {group} ends at {all[group]}, behind {from}, of {rows} rows.");
            if (all[group] > from) yield return (group, from, all[group] - from);
            from = all[group];
        }
    }
}
