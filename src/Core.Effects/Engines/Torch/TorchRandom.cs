using TorchSharp;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Functional.Engines;

/// <summary>
/// Threefry-2x32 by library calls on whole tensors, in wrapping 32-bit integers: the bits of <see cref="Key.Bits(uint, uint)"/>. Some hundred
/// passes over the elements, so the dearest way to dropout; but the same dropout on every engine.
/// </summary>
static class TorchRandom
{
    static readonly int[] even = [13, 15, 26, 6], odd = [17, 29, 16, 24];

    public static TorchKernel RandomBits(Op.RandomBits op, TorchContext context)
    {
        var (shape, count) = (TorchTypes.Shape(op.Shape), new TensorType(op.Shape).Size);
        return frame =>
        {
            var (a, b) = (frame[0].narrow(0, 0, 1), frame[0].narrow(0, 1, 1));
            TorchTensor[] keys = [a, b, a.bitwise_xor(b).bitwise_xor(TorchTypes.Scalar(0x1BD11BDA, DType.I32, context.Device))];
            var x = TorchTypes.Range(count, context.Device).add_(a);
            var y = torch.full([count], unchecked((int)op.Stream), torch.ScalarType.Int32, context.Device).add_(b);
            for (var group = 0; group < 5; group++)
            {
                foreach (var rotation in group % 2 == 0 ? even : odd) Mix(x, y, rotation, context);
                x.add_(keys[(group + 1) % 3]);
                y.add_(keys[(group + 2) % 3]).add_((group + 1).ToScalar());
            }
            frame.Results[0] = x.reshape(shape);
        };
    }

    static void Mix(TorchTensor x, TorchTensor y, int rotation, TorchContext context)
    {
        using var passing = torch.NewDisposeScope();
        x.add_(y);
        // An arithmetic shift fills up with the sign, which the mask takes away.
        var high = y.bitwise_right_shift(TorchTypes.Scalar(32 - rotation, DType.I32, context.Device));
        high.bitwise_and_(TorchTypes.Scalar((1 << rotation) - 1, DType.I32, context.Device));
        y.mul_((1 << rotation).ToScalar());
        y.bitwise_or_(high);
        y.bitwise_xor_(x);
    }
}
