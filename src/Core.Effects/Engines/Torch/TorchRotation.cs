using Functional.Graphs;
using TorchSharp;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Functional.Engines.Torch;

/// <summary>Pairs of numbers turned by angles, and normalisation by the root mean square: a few calls each, without a tape.</summary>
static class TorchRotation
{
    public static TorchKernel Rotate(Rotation kind, int size) => frame =>
    {
        var (x, pairs) = (frame[0], frame[1].shape[2]);
        var (cos, sin) = (frame[1].unsqueeze(2), frame[2].unsqueeze(2));
        var turned = x.narrow(3, 0, 2 * pairs);
        var apart = kind.Interleaved ? turned.reshape([.. x.shape[..3], pairs, 2]) : null;
        var (a, b) = apart is null ? (turned.narrow(3, 0, pairs), turned.narrow(3, pairs, pairs)) : (apart.select(4, 0), apart.select(4, 1));
        var (c, d) = (a.mul(cos).sub_(b.mul(sin)), b.mul(cos).PlusInPlace(a.mul(sin)));
        var result = apart is null ? Joined(c, d) : torch.stack([c, d], -1).reshape(turned.shape);
        frame.Results[0] = size == 2 * pairs ? result : Joined(result, x.narrow(3, 2 * pairs, size - 2 * pairs));
    };

    static TorchTensor Joined(TorchTensor a, TorchTensor b) => torch.cat([a, b], 3);

    public static TorchKernel Norm(RmsNorm kind)
    {
        var epsilon = kind.Epsilon.ToScalar();
        return frame =>
        {
            var scale = frame[0].mul(frame[0]).mean([-1L], keepdim: true).add_(epsilon, TorchTypes.One).rsqrt_();
            frame.Results[1] = scale;
            if (!frame.Wants(0)) return;
            var y = frame[0].mul(scale);
            frame.Results[0] = frame.Args.Length > 1 ? y.mul_(frame[1]) : y;
        };
    }

    public static TorchKernel NormGradient(int width) => frame =>
    {
        var (scale, dy, weight) = (frame[1], frame[2], frame.Args.Length > 3 ? frame[3] : null);
        var normal = frame[0].mul(scale);
        var g = weight is null ? dy : dy.mul(weight);
        if (frame.Wants(0)) frame.Results[0] = g.sub(normal.mul(g.mul(normal).mean([-1L], keepdim: true))).mul_(scale);
        if (weight is not null && frame.Wants(1)) frame.Results[1] = dy.mul(normal).reshape(-1, width).sum([0L]);
    };

    public static TorchKernel Listed(Listed kind, TorchContext context)
    {
        var values = kind.Values.Select(static v => (float)v).ToArray();
        return frame => frame.Results[0] = torch.tensor(values, device: context.Device);
    }
}
