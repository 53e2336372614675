using Functional.Base;
using Functional.Graphs;
using TorchSharp;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Functional.Engines.Torch;

/// <summary>Shapes, element types and constants as TorchSharp has them.</summary>
static class TorchTypes
{
    public static torch.ScalarType Of(DType type) => type switch
    {
        DType.F32 => torch.ScalarType.Float32,
        DType.BF16 => torch.ScalarType.BFloat16,
        DType.F16 => torch.ScalarType.Float16,
        DType.I32 => torch.ScalarType.Int32,
        _ => torch.ScalarType.Bool,
    };

    public static long[] Shape(Vec<int> shape) => [.. shape.Select(static d => (long)d)];

    /// <summary>
    /// The factor of a plain sum. TorchSharp hands a <see cref="TorchSharp.Scalar"/>'s native handle over and may lose the object, and with it
    /// the handle, to the garbage collector before the call has read it: so every one that is used is kept, and overloads that make their own
    /// are avoided.
    /// </summary>
    public static Scalar One { get; } = 1.ToScalar();

    /// <summary>a + b.</summary>
    public static TorchTensor Plus(this TorchTensor a, TorchTensor b) => a.add(b, One);

    /// <summary>a ← a + b.</summary>
    public static TorchTensor PlusInPlace(this TorchTensor a, TorchTensor b) => a.add_(b, One);

    /// <summary>A tensor of equal numbers on a device; whole numbers pass through no float.</summary>
    public static TorchTensor Full(double value, DType type, torch.Device device, params long[] shape)
    {
        using var scalar = type switch { DType.I32 => ((int)value).ToScalar(), DType.Bool => (value != 0).ToScalar(), _ => value.ToScalar() };
        return torch.full(shape, scalar, Of(type), device);
    }

    /// <summary>
    /// The same numbers, one after the other from a place that 16 bytes divide. A GPU's fused attention reads 16 bytes at a time; libtorch looks at the
    /// length of the last axis, but not at where a view's rows begin: some views it refuses, and others end with an error that leaves the process
    /// without the GPU.
    /// </summary>
    public static TorchTensor Aligned(TorchTensor x)
    {
        // Flat and back: an axis of length 1 may have any stride and still count as contiguous.
        var whole = x.reshape(-1).view(x.shape);
        return whole.storage_offset() * whole.element_size() % 16 == 0 ? whole : whole.clone();
    }

    /// <summary>0, 1, 2, … as whole numbers.</summary>
    public static TorchTensor Range(long count, torch.Device device)
    {
        var ones = torch.ones([count], torch.ScalarType.Int32, device);
        return ones.cumsum(0, torch.ScalarType.Int32).sub_(ones);
    }
}
