using Functional.Compiling;
using Functional.Execution;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Functional.Engines.Torch;

/// <summary>What a kernel is given and gives. Made once a step; what lies in it belongs to the run.</summary>
/// <param name="step">The step.</param>
sealed class TorchFrame(EagerStep.Compute step)
{
    /// <summary>The arguments; nothing where <see cref="Tape"/> has what is needed of one.</summary>
    public TorchTensor?[] Args { get; } = new TorchTensor?[step.Args.Count];

    /// <summary>The results by number; only those that <see cref="Wants"/> names are used.</summary>
    public TorchTensor?[] Results { get; } = new TorchTensor?[step.Results.Count];

    /// <summary>What a forward kernel keeps, or its gradient takes.</summary>
    public TorchTape? Tape { get; set; }

    /// <summary>Whether the gradient wants something kept.</summary>
    public bool Keeps => step.Keeps >= 0;

    /// <summary>Whether a result is used.</summary>
    public bool Wants(int result) => step.Results[result] >= 0;

    /// <summary>An argument that is surely given.</summary>
    public TorchTensor this[int argument] => Args[argument]!;
}

/// <summary>Computes the results of a step. Tensors that it makes besides are disposed after it.</summary>
delegate void TorchKernel(TorchFrame frame);

/// <summary>What kernels depend on beside their arguments.</summary>
/// <param name="Device">Where tensors are.</param>
/// <param name="Precision">Of matrix products.</param>
/// <param name="AsOnGpu">Whether to go a GPU's way, with its kernels and its uploads; a test does so on the processor.</param>
/// <param name="LogitsAtOnce">How many logits a linear head has in memory at a time: enough to keep a GPU busy.</param>
sealed record TorchContext(TorchSharp.torch.Device Device, Precision Precision, bool AsOnGpu, long LogitsAtOnce = 1 << 24)
{
    /// <summary>Whether the device is a GPU.</summary>
    public bool IsGpu => Device.type == TorchSharp.DeviceType.CUDA;

    /// <summary>
    /// A factor of a product in the precision that products have. On the processor those of BF16 are rounded to it, and then multiplied in F32:
    /// libtorch 1.13 would sum in BF16, and newer ones end the process where a virtual machine promises AMX in vain.
    /// </summary>
    public TorchTensor Factor(TorchTensor x) => Precision != Precision.BF16 ? x
        : IsGpu ? x.to(TorchSharp.torch.ScalarType.BFloat16) : x.to(TorchSharp.torch.ScalarType.BFloat16).to(TorchSharp.torch.ScalarType.Float32);
}
