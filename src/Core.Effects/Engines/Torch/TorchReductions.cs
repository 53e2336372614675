using Functional.Graphs;
using TorchSharp;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Functional.Engines.Torch;

/// <summary>Kernels that combine elements: reductions, running sums, products.</summary>
static class TorchReductions
{
    public static TorchKernel Reduce(Op.Reduce op, DType type)
    {
        var (axes, scalar) = (TorchTypes.Shape(op.Axes), TorchTypes.Of(type));
        // Over several axes libtorch 1.13 rounds to 16 bits in between.
        return op.Kind == ReduceKind.Sum && type.IsNarrow() ? frame =>
            frame.Results[0] = frame[0].sum(axes, keepdim: true, type: torch.ScalarType.Float32).to(scalar)
            : op.Kind == ReduceKind.Sum ? frame => frame.Results[0] = frame[0].sum(axes, keepdim: true, type: scalar)
            : frame => frame.Results[0] = frame[0].amax(axes, keepdim: true);
    }

    public static TorchKernel ArgMax(int axis) => frame => frame.Results[0] = frame[0].argmax(axis, keepdim: true).to(torch.ScalarType.Int32);

    public static TorchKernel CumSum(int axis, DType type) => frame => frame.Results[0] = frame[0].cumsum(axis, TorchTypes.Of(type));

    public static TorchKernel MatMul(Tensor node)
    {
        var shape = TorchTypes.Shape(node.Shape);
        return frame => frame.Results[0] = Product(frame[0], frame[1], shape);
    }

    /// <summary>
    /// Products of the last two axes, through the calls whose errors TorchSharp reports; those of its matmul end the process. On the processor
    /// libtorch 1.13 sums BF16 products in BF16 and knows none of F16, so they are taken in F32 there.
    /// </summary>
    public static TorchTensor Product(TorchTensor a, TorchTensor b, long[] shape)
    {
        if (a.dtype is torch.ScalarType.BFloat16 or torch.ScalarType.Float16 && a.device_type == DeviceType.CPU)
            return Product(a.to(torch.ScalarType.Float32), b.to(torch.ScalarType.Float32), shape).to(a.dtype);
        return shape.Length == 2 ? a.mm(b) : shape.Length == 3 ? a.bmm(b)
            : a.reshape(-1, a.shape[^2], a.shape[^1]).bmm(b.reshape(-1, b.shape[^2], b.shape[^1])).reshape(shape);
    }
}
