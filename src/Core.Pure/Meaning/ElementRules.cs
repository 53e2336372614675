using Functional.Base;
using Functional.Graphs;

namespace Functional.Meaning;

/// <summary>Reference evaluation of elementwise ops.</summary>
static class ElementRules
{
    public static double[] Unary(UnaryFunction function, Value x) =>
        x.Type.DType == DType.I32 ? Map(x, v => function.Of((int)v)) : Map(x, function.Of);

    public static double[] Binary(BinaryFunction function, Value a, Value b) =>
        a.Type.DType == DType.I32 ? Map(a, b, (x, y) => function.Of((int)x, (int)y)) : Map(a, b, function.Of);

    public static double[] Compare(CompareFunction function, Value a, Value b) => Map(a, b, (x, y) => function.Of(x, y) ? 1 : 0);

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
