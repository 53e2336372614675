using Functional.Base;
using TorchSharp;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Functional.Engines.Torch;

/// <summary>Ranks of the numbers of each row by libtorch's stable sort, and the masses before them, summed in double precision.</summary>
static class TorchRanks
{
    public static TorchKernel Kernel(Vec<int> shape, TorchContext context)
    {
        var (rows, n) = ((long)shape[0], (long)shape[1]);
        return frame =>
        {
            var (_, order) = frame[0].sort(-1, true, true);
            if (frame.Wants(0)) frame.Results[0] = Back(TorchTypes.Range(n, context.Device).unsqueeze(0).expand(rows, n), order);
            if (!frame.Wants(1)) return;
            var sorted = frame[1].gather(-1, order).to(torch.ScalarType.Float64);
            frame.Results[1] = Back(sorted.cumsum(-1, torch.ScalarType.Float64).sub_(sorted).to(torch.ScalarType.Float32), order);
        };
    }

    // What stands in sorted order, in the order of before.
    static TorchTensor Back(TorchTensor sorted, TorchTensor order) => torch.empty_like(sorted).scatter_(-1, order, sorted);
}
