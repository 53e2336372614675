using Functional.Base;
using Functional.Graphs;
using TorchSharp;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Functional.Engines.Torch;

/// <summary>
/// Threefry-2x32 by library calls on whole tensors, in wrapping 32-bit integers: the bits of <see cref="Key.Bits(uint, uint)"/>. Some hundred
/// passes over the elements, so the dearest way to dropout; but the same dropout on every engine.
/// </summary>
sealed class TorchRandom(Op.RandomBits op, TorchContext context)
{
    static readonly int[] even = [Threefry.Even0, Threefry.Even1, Threefry.Even2, Threefry.Even3],
        odd = [Threefry.Odd0, Threefry.Odd1, Threefry.Odd2, Threefry.Odd3];
    static readonly Dictionary<int, Scalar> powers = even.Concat(odd).ToDictionary(static r => r, static r => (1 << r).ToScalar());

    readonly long[] shape = TorchTypes.Shape(op.Shape);
    readonly long count = new TensorType(op.Shape).Size;

    public static TorchKernel RandomBits(Op.RandomBits op, TorchContext context) => new TorchRandom(op, context).Run;

    void Run(TorchFrame frame)
    {
        var (a, b) = (frame[0].narrow(0, 0, 1), frame[0].narrow(0, 1, 1));
        TorchTensor[] keys = [a, b, a.bitwise_xor(b).bitwise_xor(Word((int)Threefry.Parity))];
        var x = TorchTypes.Range(count, context.Device).PlusInPlace(a);
        var y = TorchTypes.Full(unchecked((int)op.Stream), DType.I32, context.Device, count).PlusInPlace(b);
        for (var group = 0; group < 5; group++)
        {
            foreach (var rotation in group % 2 == 0 ? even : odd) Mix(x, y, rotation);
            x.PlusInPlace(keys[(group + 1) % 3]);
            y.PlusInPlace(keys[(group + 2) % 3]).PlusInPlace(Word(group + 1));
        }
        frame.Results[0] = x.reshape(shape);
    }

    void Mix(TorchTensor x, TorchTensor y, int rotation)
    {
        using var passing = torch.NewDisposeScope();
        x.PlusInPlace(y);
        // An arithmetic shift fills up with the sign, which the mask takes away.
        var high = y.bitwise_right_shift(Word(32 - rotation));
        high.bitwise_and_(Word((1 << rotation) - 1));
        y.mul_(powers[rotation]);
        y.bitwise_or_(high);
        y.bitwise_xor_(x);
    }

    TorchTensor Word(int value) => TorchTypes.Full(value, DType.I32, context.Device);
}
