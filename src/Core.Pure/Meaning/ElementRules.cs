using System.Diagnostics;
using Functional.Base;
using Functional.Graphs;

namespace Functional.Meaning;

/// <summary>Reference evaluation of elementwise ops.</summary>
static class ElementRules
{
    public static double[] Unary(UnaryKind kind, Value x) => kind switch
    {
        UnaryKind.Neg when x.Type.DType == DType.I32 => Map(x, static v => unchecked(-(int)v)),
        UnaryKind.Neg => Map(x, static v => -v),
        UnaryKind.Exp => Map(x, Math.Exp),
        UnaryKind.Log => Map(x, Math.Log),
        UnaryKind.Log1p => Map(x, Numbers.Log1p),
        UnaryKind.Sqrt => Map(x, Math.Sqrt),
        UnaryKind.Sin => Map(x, Math.Sin),
        UnaryKind.Cos => Map(x, Math.Cos),
        UnaryKind.Tanh => Map(x, Math.Tanh),
        UnaryKind.Erf => Map(x, Numbers.Erf),
        _ => throw new UnreachableException(kind.ToString()),
    };

    public static double[] Binary(BinaryKind kind, Value a, Value b) => (kind, a.Type.DType) switch
    {
        (BinaryKind.Add, DType.I32) => Map(a, b, static (x, y) => unchecked((int)x + (int)y)),
        (BinaryKind.Sub, DType.I32) => Map(a, b, static (x, y) => unchecked((int)x - (int)y)),
        (BinaryKind.Mul, DType.I32) => Map(a, b, static (x, y) => unchecked((int)x * (int)y)),
        (BinaryKind.Add, _) => Map(a, b, static (x, y) => x + y),
        (BinaryKind.Sub, _) => Map(a, b, static (x, y) => x - y),
        (BinaryKind.Mul, _) => Map(a, b, static (x, y) => x * y),
        (BinaryKind.Div, _) => Map(a, b, static (x, y) => x / y),
        (BinaryKind.Max, _) => Map(a, b, Math.Max),
        (BinaryKind.Pow, _) => Map(a, b, Math.Pow),
        _ => throw new UnreachableException(kind.ToString()),
    };

    public static double[] Compare(CompareKind kind, Value a, Value b) => kind switch
    {
        CompareKind.Less => Map(a, b, static (x, y) => x < y ? 1 : 0),
        CompareKind.Equal => Map(a, b, static (x, y) => x == y ? 1 : 0),
        _ => throw new UnreachableException(kind.ToString()),
    };

    public static double[] Where(Value condition, Value whenTrue, Value whenFalse)
    {
        var result = new double[condition.Items.Length];
        for (var i = 0; i < result.Length; i++) result[i] = condition[i] != 0 ? whenTrue[i] : whenFalse[i];
        return result;
    }

    public static double[] Cast(DType to, Value x) => Map(x, v => Numbers.Convert(v, to));

    public static double[] RandomBits(Op.RandomBits op, Value key)
    {
        var words = new Key((uint)(int)key[0], (uint)(int)key[1]);
        var result = new double[new TensorType(op.Shape).Size];
        for (var i = 0; i < result.Length; i++) result[i] = (int)words.Bits((uint)i, op.Stream).X;
        return result;
    }

    static double[] Map(Value x, Func<double, double> f)
    {
        var result = new double[x.Items.Length];
        for (var i = 0; i < result.Length; i++) result[i] = f(x[i]);
        return result;
    }

    static double[] Map(Value a, Value b, Func<double, double, double> f)
    {
        var result = new double[a.Items.Length];
        for (var i = 0; i < result.Length; i++) result[i] = f(a[i], b[i]);
        return result;
    }
}
