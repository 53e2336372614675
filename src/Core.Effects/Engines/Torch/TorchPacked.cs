using Functional.Base;
using Functional.Graphs;
using TorchSharp;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Functional.Engines.Torch;

/// <summary>Packed matrices by library calls: a word times powers of two brings each digit to the top, where a shift leaves it with its sign.</summary>
static class TorchPacked
{
    public static TorchKernel Matrix(PackedMatrix kind, Vec<Tensor> args, TorchContext context)
    {
        var unpack = Unpacking(kind.Packing, args[0], args[1], context);
        return frame => frame.Results[0] = unpack(frame[0], frame[1]);
    }

    public static TorchKernel Product(PackedMatMul kind, Vec<Tensor> args, TorchContext context)
    {
        var (unpack, rows, columns) = (Unpacking(kind.Packing, args[1], args[2], context), args[0].Shape[0], kind.Transposed ? args[1].Shape[0]
            : args[2].Shape[1]);
        return frame =>
        {
            using var passing = torch.NewDisposeScope();
            var matrix = unpack(frame[1], frame[2]);
            frame.Results[0] = TorchReductions.Product(context.Factor(frame[0]), context.Factor(kind.Transposed ? matrix.t() : matrix),
                [rows, columns]).MoveToOuterDisposeScope();
        };
    }

    static Func<TorchTensor, TorchTensor, TorchTensor> Unpacking(BitPacking packing, Tensor words, Tensor scales, TorchContext context)
    {
        var (inputs, outputs, groups) = ((long)words.Shape[0], (long)scales.Shape[1], (long)scales.Shape[0]);
        var flip = packing.Bits == 4 ? 0x08888888 : 0x00808080;
        return (packed, factors) =>
        {
            using var passing = torch.NewDisposeScope();
            var places = TorchTypes.Range(packing.InWord, context.Device);
            // 2^(bits · (last place − place)), by shifting.
            var powers = TorchTypes.Full(1, DType.I32, context.Device, packing.InWord).bitwise_left_shift(
                TorchTypes.Full((packing.InWord - 1) * packing.Bits, DType.I32, context.Device).sub(places.mul(packing.Bits.ToScalar())));
            var digits = packed.bitwise_xor(TorchTypes.Full(flip, DType.I32, context.Device)).unsqueeze(2).mul(powers)
                .bitwise_right_shift(TorchTypes.Full(32 - packing.Bits, DType.I32, context.Device)).reshape(inputs, -1).narrow(1, 0,
                    outputs).to(torch.ScalarType.Float32);
            var all = packing.Group == 0 ? factors : factors.repeat_interleave(packing.Group, 0).narrow(0, 0, inputs);
            return digits.mul(all).MoveToOuterDisposeScope();
        };
    }
}
