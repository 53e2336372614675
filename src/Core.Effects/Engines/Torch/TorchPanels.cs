using Functional.Graphs;
using TorchSharp;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Functional.Engines.Torch;

/// <summary>Matrices in panels by library calls: they are unpacked where they are needed, and not kept.</summary>
static class TorchPanels
{
    public static TorchKernel Matrix(PanelMatrix kind, TorchContext context) => frame => frame.Results[0] = Unpacked(kind, frame[0], context);

    public static TorchKernel Product(PanelMatMul kind, int rows, TorchContext context) => frame =>
    {
        using var passing = torch.NewDisposeScope();
        var matrix = Unpacked(new(kind.Packing, kind.Outputs, kind.Inputs, true), frame[1], context);
        frame.Results[0] = TorchReductions.Product(context.Factor(frame[0]), context.Factor(matrix), [rows, kind.Outputs]).MoveToOuterDisposeScope();
    };

    static TorchTensor Unpacked(PanelMatrix kind, TorchTensor words, TorchContext context)
    {
        using var passing = torch.NewDisposeScope();
        var (panels, groups, bits) = (words.shape[0], words.shape[1], kind.Packing.Bits);
        const long group = PanelPacking.Group, panel = PanelPacking.Panel;
        TorchTensor Whole(long value) => TorchTypes.Full(value, DType.I32, context.Device);
        // The digits of each word, side by side, from the lowest on and without signs.
        TorchTensor Digits(TorchTensor of, int each) => of.unsqueeze(-1)
            .bitwise_right_shift(TorchTypes.Range(32 / each, context.Device).mul(each.ToScalar())).bitwise_and(Whole((1 << each) - 1));
        var digits = Digits(words.narrow(2, PanelPacking.ScaleWords, words.shape[2] - PanelPacking.ScaleWords).reshape(panels, groups, group, -1), bits);
        // In bytes of two digits the upper ones are of the panel's second half.
        var whole = (bits == 8 ? digits.bitwise_xor(Whole(128)).sub(Whole(128)) : digits.reshape(panels, groups, group, panel / 2, 2).transpose(3, 4).sub(Whole(8)))
            .reshape(panels, groups, group, panel);
        var half = Digits(words.narrow(2, 0, PanelPacking.ScaleWords), 16).reshape(panels, groups, 1, panel);
        var exponent = half.bitwise_right_shift(Whole(10)).clamp(min: 1.ToScalar());
        var mantissa = half.bitwise_and(Whole((1 << 10) - 1)).add(half.ge(Whole(1 << 10)).to(torch.ScalarType.Int32).mul((1 << 10).ToScalar()));
        // 2^(exponent − 25) by shifting: what is shifted is at most 2^30.
        var scales = mantissa.to(torch.ScalarType.Float32).mul(Whole(1).bitwise_left_shift(exponent.sub(Whole(1))).to(torch.ScalarType.Float32))
            .mul(Math.Pow(2, -24).ToScalar());
        var numbers = whole.to(torch.ScalarType.Float32).mul(scales);
        return (kind.Turned ? numbers.permute(1, 2, 0, 3).reshape(groups * group, panels * panel).narrow(0, 0, kind.Inputs).narrow(1, 0, kind.Outputs)
            : numbers.permute(0, 3, 1, 2).reshape(panels * panel, groups * group).narrow(0, 0, kind.Outputs).narrow(1, 0, kind.Inputs))
            .contiguous().MoveToOuterDisposeScope();
    }
}
