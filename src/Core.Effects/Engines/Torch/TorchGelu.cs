using TorchSharp;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Functional.Engines;

/// <summary>GELU by libtorch's own kernels.</summary>
static class TorchGelu
{
    public static TorchKernel Forward(bool approximate) => frame =>
    {
        if (!frame.Keeps)
        {
            frame.Results[0] = Function(approximate)(frame.Args!);
            return;
        }
        frame.Tape = TorchTape.Record(Function(approximate), frame[0]);
        frame.Results[0] = frame.Tape.Output.detach();
    };

    public static TorchKernel Gradient(bool approximate) => frame =>
    {
        using var own = frame.Tape is null ? TorchTape.Record(Function(approximate), frame[0]) : null;
        // Of a cotangent that is a view, libtorch 1.13 computes a gradient from memory that nothing was written to.
        frame.Results[0] = (frame.Tape ?? own!).Gradients(frame[1].contiguous())[0];
    };

    static Func<TorchTensor[], TorchTensor> Function(bool approximate) => approximate
        ? static args => TorchCapabilities.GeluTanh!(args[0])
        : static args => torch.nn.functional.gelu(args[0]);
}
