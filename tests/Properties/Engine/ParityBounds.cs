namespace Functional.Tests.Properties;

/// <summary>
/// How far a careful engine in float32 may be from the reference: running error analysis (Wilkinson 1963) beside the reference's
/// values. Each op passes on its arguments' errors and adds its own: a few units of rounding of the result, or of the accumulated
/// absolute values. Where an error makes a comparison, an index or a truncation uncertain, the bound is infinite.
/// </summary>
static class ParityBounds
{
    // Below this, float32 loses bits or flushes to zero.
    const double Tiny = 1.2e-38;

    /// <summary>The values of the roots and the bounds of their elements' errors.</summary>
    public static Vec<(Value Value, double[] Bound)> Run(Vec<Tensor> roots, IReadOnlyDictionary<string, Value> inputs)
    {
        var primitive = Graph.Expand(roots);
        var order = Graph.Topological(primitive);
        var values = Evaluator.Run(order.ToVec(), inputs).Zip(order, static (v, n) => (v, n)).ToDictionary(static p => p.n, static p => p.v);
        var bounds = new Dictionary<Tensor, double[]>();
        foreach (var node in order)
        {
            var args = node.Args.Map(a => values[a]);
            var errors = node.Args.Map(a => bounds[a]);
            var (passed, own) = (Passed(node, values[node], args, errors), Own(node, values[node], args));
            bounds[node] = [.. passed.Select((p, i) =>
                Bound(node.DType, values[node][i], p, p == 0 && IsExact(node, args) ? Stored(node.DType, values[node][i]) : own(i)))];
        }
        return primitive.Map(r => (values[r], bounds[r]));
    }

    /// <summary>Half the distance between neighbouring numbers, relative to the number.</summary>
    public static double Unit(DType type) => type switch { DType.F32 => Math.ScaleB(1, -24), DType.BF16 => Math.ScaleB(1, -8), DType.F16 => Math.ScaleB(1, -11), _ => 0 };

    static double Bound(DType type, double value, double passed, double own) =>
        double.IsInfinity(passed) || double.IsNaN(passed) ? double.PositiveInfinity
        : type.IsFloat() ? (double.IsFinite(value) ? passed + own + (own > 0 || passed > 0 ? type == DType.F16 ? Math.ScaleB(1, -23) : Tiny : 0) : passed > 0 ? double.PositiveInfinity : 0)
        : passed > 0 ? double.PositiveInfinity : 0;

    // Conversions and constants are rounded in one way only, so they are exact but for what float32 cannot hold of the reference's number.
    static bool IsExact(Tensor node, Vec<Value> args) =>
        node.Op is Op.Fill || (node.Op is Op.Cast && !(node.DType.IsNarrow() && args[0].Type.DType == DType.I32));

    static double Stored(DType type, double value) => type == DType.F32 && double.IsFinite(value) ? Math.Abs((float)value - value) : 0;

    // The op's own error, from the result or from what it accumulates. 16 bits are rounded here and there: twice the unit, and near 0 F16 has steps of 2⁻²⁴.
    static Func<int, double> Own(Tensor node, Value y, Vec<Value> args)
    {
        var unit = node.DType.IsNarrow() ? 2 * Unit(node.DType) : Unit(node.DType);
        switch (node.Op)
        {
            case Op.Fill or Op.Cast or Op.Binary:
                return i => unit * (node.Op is Op.Binary { Function: BinaryFunction.Pow } ? 8 : 1) * Math.Abs(y[i]);
            case Op.Unary { Function: not UnaryFunction.Neg }:
                return i => 8 * unit * Math.Abs(y[i]);
            case Op.Reduce { Kind: ReduceKind.Sum } or Op.CumSum or Op.MatMul or Op.ScatterAdd when node.DType.IsFloat():
                var sums = Evaluate(node.Op, args.Map(static a => a.Type.DType.IsFloat() ? a.Items.ToArray().Select(Math.Abs).ToArray() : a.Items.ToArray()),
                    args);
                var terms = node.Op is Op.MatMul ? args[0].Type.Shape[^1] : node.Op is Op.ScatterAdd ? args[1].Items.Length + 1
                    : args[0].Type.Size / (node.Op is Op.CumSum ? 1 : node.Type.Size);
                return i => terms * Unit(DType.F32) * sums[i] + unit * Math.Abs(y[i]);
            default:
                return static _ => 0;
        }
    }

    static IEnumerable<double> Passed(Tensor node, Value y, Vec<Value> x, Vec<double[]> e) => node.Op switch
    {
        Op.Input or Op.Fill or Op.Iota => Each(y, static _ => 0),
        Op.RandomBits => Each(y, _ => e[0].Max()),
        Op.Unary o => Each(y, i => Unary(o.Function, x[0][i], e[0][i])),
        Op.Binary o => Each(y, i => Binary(o.Function, x[0][i], x[1][i], e[0][i], e[1][i])),
        Op.Compare => Each(y, i => e[0][i] + e[1][i] > 0 && !(Math.Abs(x[0][i] - x[1][i]) > e[0][i] + e[1][i]) ? double.PositiveInfinity : 0),
        Op.Where => Each(y, i => e[0][i] > 0
            ? Math.Max(e[1][i], e[2][i]) + Math.Abs(x[1][i] - x[2][i])
            : x[0][i] != 0 ? e[1][i] : e[2][i]),
        Op.Cast o => Each(y, i => o.To.IsFloat() ? e[0][i] : e[0][i] > 0
            && Numbers.Convert(x[0][i] - e[0][i], o.To) != Numbers.Convert(x[0][i] + e[0][i], o.To) ? double.PositiveInfinity : 0),
        Op.Reduce { Kind: ReduceKind.Max } or Op.Reshape or Op.Permute or Op.Broadcast or Op.Slice or Op.Pad or Op.Concat or Op.StopGradient or Op.Reduce or Op.CumSum => Evaluate(node.Op, e, x),
        Op.ArgMax o => ArgMax(o, y, x[0], e[0]),
        Op.MatMul => MatMul(x, e),
        Op.Gather => e[1].Any(static v => v > 0) ? Each(y, static _ => double.PositiveInfinity) : Evaluate(node.Op, [e[0], x[1].Items.ToArray()], x),
        Op.ScatterAdd => e[1].Any(static v => v > 0) ? Each(y, static _ => double.PositiveInfinity) : Evaluate(node.Op, [e[0], x[1].Items.ToArray(), e[2]], x),
        _ => throw new NotSupportedException($"{node.Op}: say how it passes errors on"),
    };

    static double Unary(UnaryFunction function, double at, double error)
    {
        if (error == 0) return 0;
        if (function is UnaryFunction.Neg) return error;
        if (function is UnaryFunction.Sin or UnaryFunction.Cos) return Math.Min(error, 2);
        // Increasing functions: the ends of the interval bound what is between.
        double low = at - error, high = at + error;
        if (function is UnaryFunction.Sqrt) low = Math.Max(low, function.Least);
        return Math.Max(Math.Abs(function.Of(high) - function.Of(at)), Math.Abs(function.Of(at) - function.Of(low)));
    }

    static double Binary(BinaryFunction function, double a, double b, double ea, double eb)
    {
        if (ea == 0 && eb == 0) return 0;
        return function switch
        {
            // Beside an exact infinity no other error shows.
            BinaryFunction.Add or BinaryFunction.Sub => (double.IsInfinity(a) && ea == 0) || (double.IsInfinity(b) && eb == 0) ? 0 : ea + eb,
            BinaryFunction.Max => Math.Max(ea, eb),
            BinaryFunction.Mul => Product(a, eb) + Product(b, ea) + ea * eb,
            BinaryFunction.Div => Math.Abs(b) > eb ? (Math.Abs(a) * eb + Math.Abs(b) * ea) / (Math.Abs(b) * (Math.Abs(b) - eb)) : double.PositiveInfinity,
            BinaryFunction.Pow =>
                new[] { Math.Pow(a + ea, b + eb), Math.Pow(a + ea, b - eb), Math.Pow(a - ea, b + eb), Math.Pow(a - ea, b - eb) }.Max(v =>
                    Math.Abs(v - Math.Pow(a, b))),
            _ => throw new NotSupportedException($"{function}: say how it passes errors on"),
        };
    }

    static double Product(double x, double error) => error == 0 ? 0 : Math.Abs(x) * error;

    static IEnumerable<double> ArgMax(Op.ArgMax op, Value y, Value x, double[] e)
    {
        // Certain where no other element could be as large as the one that was chosen.
        var axis = x.Type.Shape[op.Axis];
        var inner = MovementRules.Strides(x.Type.Shape)[op.Axis];
        return Each(y, i =>
        {
            int At(int k) => (i / inner * axis + k) * inner + i % inner;
            var best = At((int)y[i]);
            return Enumerable.Range(0, axis).Any(k => At(k) != best && e[At(k)] + e[best] > 0 && x[At(k)] + e[At(k)] >= x[best] - e[best])
                ? double.PositiveInfinity : 0;
        });
    }

    static IEnumerable<double> MatMul(Vec<Value> x, Vec<double[]> e)
    {
        double[] a = [.. x[0].Items.ToArray().Select(Math.Abs)], b = [.. x[1].Items.ToArray().Select(Math.Abs)];
        var parts = new[] { Evaluate(new Op.MatMul(), [a, e[1]], x), Evaluate(new Op.MatMul(), [e[0], b], x), Evaluate(new Op.MatMul(), [e[0], e[1]], x) };
        return parts[0].Select((v, i) => v + parts[1][i] + parts[2][i]);
    }

    // The op on other numbers of its arguments' shapes.
    static double[] Evaluate(Op op, Vec<double[]> items, Vec<Value> like)
    {
        var inputs = like.Map((v, i) => Create.Input($"x{i}", v.Type.Shape, op is Op.Gather or Op.ScatterAdd && i == 1 ? DType.I32 : DType.F32));
        var values = inputs.Select((t, i) => ($"x{i}", Value.Of(t.Type, items[i]))).ToDictionary();
        return Evaluator.Run([Tensor.Of(op, inputs.Span)], values)[0].Items.ToArray();
    }

    static IEnumerable<double> Each(Value y, Func<int, double> f) => Enumerable.Range(0, y.Items.Length).Select(f);
}
