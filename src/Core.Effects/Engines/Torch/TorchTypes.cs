using TorchSharp;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Functional.Engines;

/// <summary>Shapes, element types and constants as TorchSharp has them.</summary>
static class TorchTypes
{
    public static torch.ScalarType Of(DType type) => type switch
    {
        DType.F32 => torch.ScalarType.Float32,
        DType.BF16 => torch.ScalarType.BFloat16,
        DType.I32 => torch.ScalarType.Int32,
        _ => torch.ScalarType.Bool,
    };

    public static long[] Shape(Vec<int> shape) => [.. shape.Select(static d => (long)d)];

    /// <summary>A scalar on a device; whole numbers pass through no float.</summary>
    public static TorchTensor Scalar(double value, DType type, torch.Device device) => type switch
    {
        DType.I32 => torch.full([], (int)value, torch.ScalarType.Int32, device),
        DType.Bool => torch.full([], value != 0, torch.ScalarType.Bool, device),
        _ => torch.full([], value, Of(type), device),
    };

    /// <summary>0, 1, 2, … as whole numbers.</summary>
    public static TorchTensor Range(long count, torch.Device device) => torch.arange(count, torch.ScalarType.Int32, device);
}
