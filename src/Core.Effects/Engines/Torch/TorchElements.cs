using System.Diagnostics;
using Functional.Graphs;
using TorchSharp;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Functional.Engines.Torch;

/// <summary>Kernels of elementwise ops; in place where the plan says so.</summary>
static class TorchElements
{
    public static TorchKernel Unary(UnaryFunction function, bool inPlace, TorchContext context) => One(inPlace, (function, inPlace) switch
    {
        // Newer libtorch approximates it on the processor to 1e-7, which near 0 is far from float32's precision.
        (UnaryFunction.Erf, false) when !context.IsGpu => Erf,
        (UnaryFunction.Erf, true) when !context.IsGpu => static x => x.copy_(Erf(x)),
        (UnaryFunction.Neg, false) => static x => x.neg(),
        (UnaryFunction.Neg, true) => static x => x.neg_(),
        (UnaryFunction.Exp, false) => static x => x.exp(),
        (UnaryFunction.Exp, true) => static x => x.exp_(),
        (UnaryFunction.Log, false) => static x => x.log(),
        (UnaryFunction.Log, true) => static x => x.log_(),
        (UnaryFunction.Log1p, false) => static x => x.log1p(),
        (UnaryFunction.Log1p, true) => static x => x.log1p_(),
        (UnaryFunction.Sqrt, false) => static x => x.sqrt(),
        (UnaryFunction.Sqrt, true) => static x => x.sqrt_(),
        (UnaryFunction.Sin, false) => static x => x.sin(),
        (UnaryFunction.Sin, true) => static x => x.sin_(),
        (UnaryFunction.Cos, false) => static x => x.cos(),
        (UnaryFunction.Cos, true) => static x => x.cos_(),
        (UnaryFunction.Tanh, false) => static x => x.tanh(),
        (UnaryFunction.Tanh, true) => static x => x.tanh_(),
        (UnaryFunction.Erf, false) => static x => x.erf(),
        (UnaryFunction.Erf, true) => static x => x.erf_(),
        _ => throw new UnreachableException(function.Name),
    });

    /// <summary>Of two arguments; a constant one is handed over as a number where that is exact.</summary>
    /// <param name="node">The op and its arguments.</param>
    /// <param name="over">Which argument is written over; −1 for none.</param>
    public static TorchKernel Binary(Tensor node, int over)
    {
        var function = ((Op.Binary)node.Op).Function;
        if (over <= 0 && Number(node, 1) is { } number && WithNumber(function, number, over == 0) is { } f) return One(over == 0, f);
        if (over != 0 && function.Commutes && Number(node, 0) is { } first && WithNumber(function, first, over == 1) is { } g)
            return frame => frame.Results[0] = over == 1 ? Done(g(frame[1]), frame[1]) : g(frame[1]);
        Func<TorchTensor, TorchTensor, TorchTensor> both = (function, over >= 0) switch
        {
            (BinaryFunction.Add, false) => static (a, b) => a.Plus(b),
            (BinaryFunction.Add, true) => static (a, b) => a.PlusInPlace(b),
            (BinaryFunction.Sub, false) => static (a, b) => a.sub(b),
            (BinaryFunction.Sub, true) => static (a, b) => a.sub_(b),
            (BinaryFunction.Mul, false) => static (a, b) => a.mul(b),
            (BinaryFunction.Mul, true) => static (a, b) => a.mul_(b),
            (BinaryFunction.Div, false) => static (a, b) => a.div(b),
            (BinaryFunction.Div, true) => static (a, b) => a.div_(b),
            (BinaryFunction.Max, false) => static (a, b) => a.maximum(b),
            (BinaryFunction.Pow, false) => static (a, b) => a.pow(b),
            (BinaryFunction.Pow, true) => static (a, b) => a.pow_(b),
            _ => throw new UnreachableException(function.Name),
        };
        return over switch
        {
            1 => frame => frame.Results[0] = Done(both(frame[1], frame[0]), frame[1]),
            0 => frame => frame.Results[0] = Done(both(frame[0], frame[1]), frame[0]),
            _ => frame => frame.Results[0] = both(frame[0], frame[1]),
        };
    }

    static TorchTensor Erf(TorchTensor x) => x.to(torch.ScalarType.Float64).erf().to(x.dtype);

    /// <summary>a + scale · b [· c] in one pass.</summary>
    public static TorchKernel ScaledSum(ScaledSum kind, int args, bool inPlace)
    {
        var scale = kind.Scale.ToScalar();
        return (args, inPlace) switch
        {
            (2, false) => frame => frame.Results[0] = frame[0].add(frame[1], scale),
            (2, true) => frame => frame.Results[0] = Done(frame[0].add_(frame[1], scale), frame[0]),
            (_, false) => frame => frame.Results[0] = frame[0].addcmul(frame[1], frame[2], scale),
            (_, true) => frame => frame.Results[0] = Done(frame[0].addcmul_(frame[1], frame[2], scale), frame[0]),
        };
    }

    public static TorchKernel Compare(CompareFunction function) => function is CompareFunction.Less
        ? static frame => frame.Results[0] = frame[0].lt(frame[1])
        : static frame => frame.Results[0] = frame[0].eq(frame[1]);

    public static void Where(TorchFrame frame) => frame.Results[0] = torch.where(frame[0], frame[1], frame[2]);

    public static TorchKernel Cast(DType from, DType to) => from.IsFloat() && to == DType.I32
        ? static frame => frame.Results[0] = Saturated(frame[0])
        : frame => frame.Results[0] = frame[0].to(TorchTypes.Of(to));

    // Towards zero, to the nearest integer there is, and NaN to 0: libtorch leaves what does not fit undefined.
    static TorchTensor Saturated(TorchTensor x) => x.to(torch.ScalarType.Float64).nan_to_num(0, double.PositiveInfinity, double.NegativeInfinity)
        .clamp(least, most).to(torch.ScalarType.Int32);

    static readonly Scalar least = ((double)int.MinValue).ToScalar(), most = ((double)int.MaxValue).ToScalar();

    static TorchKernel One(bool inPlace, Func<TorchTensor, TorchTensor> f) => inPlace
        ? frame => frame.Results[0] = Done(f(frame[0]), frame[0])
        : frame => frame.Results[0] = f(frame[0]);

    // What an in-place call returns is the same memory; the argument's own handle goes on.
    static TorchTensor Done(TorchTensor _, TorchTensor argument) => argument;

    // BF16 would see a number of full precision, where the op's meaning rounds it first.
    static Scalar? Number(Tensor node, int argument) => node.Args[argument].Op is Op.Fill fill
        ? node.DType switch { DType.F32 => ((float)fill.Value).ToScalar(), DType.I32 => ((int)fill.Value).ToScalar(), _ => null } : null;

    static Func<TorchTensor, TorchTensor>? WithNumber(BinaryFunction function, Scalar s, bool inPlace) => (function, inPlace) switch
    {
        (BinaryFunction.Add, false) => x => x.add(s, TorchTypes.One),
        (BinaryFunction.Add, true) => x => x.add_(s, TorchTypes.One),
        (BinaryFunction.Sub, false) => x => x.sub(s),
        (BinaryFunction.Sub, true) => x => x.sub_(s),
        (BinaryFunction.Mul, false) => x => x.mul(s),
        (BinaryFunction.Mul, true) => x => x.mul_(s),
        (BinaryFunction.Div, false) => x => x.div(s),
        (BinaryFunction.Div, true) => x => x.div_(s),
        (BinaryFunction.Max, false) => x => x.clamp_min(s),
        _ => null,
    };
}
