using TorchSharp;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Functional.Engines.Torch;

/// <summary>GELU by libtorch's own kernels.</summary>
static class TorchGelu
{
    public static TorchKernel Forward(bool approximate) => frame => TorchTape.Forward(frame, Function(approximate), frame.Args!);

    // Of a cotangent that is a view, libtorch 1.13 computes a gradient from memory that nothing was written to.
    public static TorchKernel Gradient(bool approximate) => frame =>
        frame.Results[0] = TorchTape.Gradients(frame, frame[1].contiguous(), Function(approximate), [frame[0]])[0];

    static Func<TorchTensor[], TorchTensor> Function(bool approximate) => approximate
        ? static args => torch.nn.functional.gelu(args[0], TorchSharp.Modules.GELU.Approximate.tanh)
        : static args => torch.nn.functional.gelu(args[0]);
}
