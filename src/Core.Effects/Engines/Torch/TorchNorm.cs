using Functional.Graphs;
using TorchSharp;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Functional.Engines.Torch;

/// <summary>Layer normalisation by libtorch's own kernels; their backward is reached through its automatic differentiation alone.</summary>
static class TorchNorm
{
    public static TorchKernel Forward(LayerNorm kind, int width)
    {
        var epsilon = kind.Epsilon.ToScalar();
        return frame => Forward(frame, kind.Epsilon, epsilon, width);
    }

    static void Forward(TorchFrame frame, double eps, Scalar epsilon, int width)
    {
        TorchTape.Forward(frame, Function(eps, width), frame.Args!);
        if (!frame.Wants(1) && !frame.Wants(2)) return;
        var mean = frame[0].mean([-1L], keepdim: true);
        var centred = frame[0].sub(mean);
        frame.Results[1] = mean;
        frame.Results[2] = centred.mul(centred).mean([-1L], keepdim: true).add_(epsilon, TorchTypes.One).sqrt_().reciprocal_();
    }

    public static TorchKernel Gradient(LayerNormGradient kind, int width) => frame =>
    {
        var (weighted, cotangent) = (frame.Args.Length > 4, frame[3]);
        var gradients = TorchTape.Gradients(frame, cotangent, Function(kind.Epsilon, width), weighted ? [frame[0], frame[4]] : [frame[0]]);
        for (var i = 0; i < gradients.Length && i < frame.Results.Length; i++) frame.Results[i] = gradients[i];
        // The bias is added to every row: its gradient needs no tape.
        if (weighted && gradients.Length < 3) frame.Results[2] = cotangent.reshape(-1, width).sum([0L]);
    };

    static Func<TorchTensor[], TorchTensor> Function(double epsilon, int width) => args =>
        torch.nn.functional.layer_norm(args[0], [width], args.Length > 1 ? args[1] : null!, args.Length > 2 ? args[2] : null!, epsilon);
}
