namespace Functional.Tests.Properties;

/// <summary>Makes the tensor under test from inputs and views that it draws.</summary>
delegate Tensor ParityCase(ParityGenerator g);

/// <summary>One generator or more for every op and fused kind, and for mixtures of them.</summary>
static class ParityCases
{
    static readonly DType[] Types = Enum.GetValues<DType>(), Floats = [DType.F32, DType.BF16, DType.F16], Numbers = [DType.F32, DType.BF16, DType.I32, DType.F16];

    public static SortedDictionary<string, ParityCase> All { get; } = new(
        Leaves().Concat(Elements()).Concat(Moves()).Concat(Sums()).Concat(ParityFusedCases.All()).Concat(ParityMixtures.All())
            .ToDictionary(static c => c.Name, static c => c.Make),
        StringComparer.Ordinal);

    /// <summary>Ordinary numbers of a type.</summary>
    public static Domain Ordinary(DType type, Vec<int> shape) => type switch
    {
        DType.I32 => Domain.Integers(shape, -9, 10),
        DType.Bool => Domain.Booleans(shape),
        _ => Domain.Uniform(shape, -3, 3).As(type),
    };

    static IEnumerable<(string Name, ParityCase Make)> Leaves() =>
    [
        ("input", static g => g.View(Ordinary(g.Any(Types), g.Shape()))),
        .. Types.Select(static t => ($"fill {t}", (ParityCase)(g => Create.Fill(g.Any(0, 1, -2.5, 0.1), g.Shape(), t)))),
        ("iota", static g => g.Shape(1) is var s ? Create.Iota(s, g.Random.Next(s.Count)) : null!),
        ("random bits", static g => Create.RandomBits(g.View(Domain.Words(2)), g.Shape(), (uint)g.Random.Next())),
        ("dropout", static g => g.View(Ordinary(DType.F32, g.Shape())).Dropout(g.Any(0.1, 0.5), g.Input(Domain.Words(2)), 3)),
    ];

    static IEnumerable<(string Name, ParityCase Make)> Elements() =>
    [
        .. from f in UnaryFunction.All
           from type in f.TakesIntegers ? Numbers : Floats
           select ($"{f.GetType().Name} {type}", (ParityCase)(g => Tensor.Of(new Op.Unary(f), g.View(Unary(f, type, g.Shape()))))),
        .. from f in BinaryFunction.All
           from type in f.TakesIntegers ? Numbers : Floats
           select ($"{f.GetType().Name} {type}", (ParityCase)(g => g.Shape() is var s
               ? Tensor.Of(new Op.Binary(f), g.View(Base(f, type, s)), g.View(Divisor(f, type, s))) : null!)),
        .. from f in CompareFunction.All
           from type in Types
           select ($"{f.GetType().Name} {type}", (ParityCase)(g => g.Shape() is var s
               ? Tensor.Of(new Op.Compare(f), g.View(Coarse(type, s)), g.View(Coarse(type, s))) : null!)),
        .. from type in Types
           select ($"where {type}", (ParityCase)(g => g.Shape() is var s ? g.View(Domain.Booleans(s))
               .Where(g.View(Ordinary(type, s)), g.View(Ordinary(type, s))) : null!)),
        .. from type in Types from to in Types where type != to
           select ($"cast {type} to {to}", (ParityCase)(g =>
               g.View(g.Maybe() && type == DType.I32 ? Domain.Words(g.Shape()) : Ordinary(type, g.Shape())).Cast(to))),
        ("cast of what does not fit", static g => g.View(new(new(g.Shape()), (r, t) =>
            [.. Enumerable.Range(0, (int)t.Size).Select(_ =>
                ((double[])[3e9, -3e9, 2147483520, -2147483648, double.NaN, double.PositiveInfinity, double.NegativeInfinity, -0.9,
                    0.9])[r.Next(9)])])).Cast(DType.I32)),
        // What is left is 0, or far more than rounding when the constant is not rounded as its type says.
        ("BF16 beside a constant of its size", static g => (c: g.Random.NextDouble() * 4 - 2, s: g.Shape()) is var p
            && g.View(new(new(p.s, DType.BF16), (_, t) => [.. Enumerable.Repeat(Graphs.Numbers.Convert(p.c, DType.BF16), (int)t.Size)])) is var x
            && Create.Fill(p.c, p.s, DType.BF16) is var c ? g.Any(x - c, c - x, x + Create.Fill(-p.c, p.s, DType.BF16), x.Max(c) - x) : null!),
        ("integers wrap", static g => g.Shape() is var s ? g.View(Domain.Words(s)) * g.View(Domain.Words(s)) - g.View(Domain.Words(s)) : null!),
        ("integer sums wrap", static g => g.View(Domain.Words(g.Shape(1))).Sum(-1)),
        ("stop gradient", static g => g.View(Ordinary(g.Any(Types), g.Shape())).StopGradient()),
    ];

    static Domain Unary(UnaryFunction function, DType type, Vec<int> shape) => function switch
    {
        UnaryFunction.Log or UnaryFunction.Sqrt => Domain.Uniform(shape, 0.01, 9).As(type),
        UnaryFunction.Log1p => Domain.Uniform(shape, -0.9, 3).As(type),
        UnaryFunction.Sin or UnaryFunction.Cos => Domain.Uniform(shape, -30, 30).As(type),
        UnaryFunction.Exp => Domain.Uniform(shape, -20, 10).As(type),
        _ => Ordinary(type, shape),
    };

    static Domain Base(BinaryFunction function, DType type, Vec<int> shape) =>
        function is BinaryFunction.Pow ? Domain.Uniform(shape, 0.05, 4).As(type) : Ordinary(type, shape);

    static Domain Divisor(BinaryFunction function, DType type, Vec<int> shape) =>
        function is BinaryFunction.Div ? Domain.Uniform(shape, 0.2, 3).As(type) : Ordinary(type, shape);

    // Few different numbers, so that some are equal.
    static Domain Coarse(DType type, Vec<int> shape) => type == DType.Bool ? Domain.Booleans(shape)
        : new(new(shape, type), static (r, t) => [.. Enumerable.Range(0, (int)t.Size).Select(_ => (double)r.Next(-2, 3))]);

    static IEnumerable<(string Name, ParityCase Make)> Moves() => Types.SelectMany(static type => new (string, ParityCase)[]
    {
        ($"reshape {type}", g => g.View(Ordinary(type, g.Shape())) is var x ? Tensor.Of(new Op.Reshape([1, .. x.Shape.Reverse()]), x) : null!),
        ($"permute {type}", g => Permuted(g, g.View(Ordinary(type, g.Shape(1))))),
        ($"broadcast {type}", g => g.Shape(1) is var s ? Tensor.Of(new Op.Broadcast(s), g.View(Ordinary(type, s.Map(d => g.Maybe() ? 1 : d)))) : null!),
        ($"slice {type}", g => Sliced(g, g.View(Ordinary(type, g.Shape(1))))),
        ($"pad {type}", g => g.View(Ordinary(type, g.Shape(1))) is var x
            ? Tensor.Of(new Op.Pad(x.Shape.Map(_ => g.Random.Next(3)), x.Shape.Map(_ => g.Random.Next(3))), x) : null!),
        ($"concat {type}", g => g.Shape(1) is var s && g.Random.Next(s.Count) is var axis
            ? Tensor.Of(new Op.Concat(axis), [.. Enumerable.Range(0, g.Length(5)).Select(_ => g.View(Ordinary(type, s.With(axis, g.Length(6)))))]) : null!),
        ($"gather {type}", g => g.Shape(1) is var s ? g.View(Ordinary(type, s)).Gather(g.View(Domain.Integers(g.Shape(0, g.Large ? 1 : 2), 0, s[0]))) : null!),
    });

    static Tensor Permuted(ParityGenerator g, Tensor x)
    {
        int[] order = [.. Enumerable.Range(0, x.Rank)];
        g.Random.Shuffle(order);
        return Tensor.Of(new Op.Permute([.. order]), x);
    }

    static Tensor Sliced(ParityGenerator g, Tensor x)
    {
        var starts = x.Shape.Map(d => g.Random.Next(d));
        return Tensor.Of(new Op.Slice(starts, x.Shape.Map((d, i) => g.Random.Next(1, d - starts[i] + 1))), x);
    }

    static IEnumerable<(string Name, ParityCase Make)> Sums() =>
    [
        .. from kind in Enum.GetValues<ReduceKind>()
           from type in Numbers
           select ($"reduce {kind} {type}", (ParityCase)(g => g.View(Ordinary(type, g.Shape(1))) is var x ? Tensor.Of(new Op.Reduce(kind, Axes(g, x.Rank)), x)
               : null!)),
        .. from type in Numbers
           select ($"argmax {type}", (ParityCase)(g => g.View(Coarse(type, g.Shape(1))) is var x ? Tensor.Of(new Op.ArgMax(g.Random.Next(x.Rank)), x) : null!)),
        .. from type in Numbers
           select ($"cumsum {type}", (ParityCase)(g => g.View(Ordinary(type, g.Shape(1))) is var x ? x.CumSum(g.Random.Next(x.Rank)) : null!)),
        .. from type in Floats
           select ($"matmul {type}", (ParityCase)(g => MatMul(g, type))),
        .. from type in Floats
           select ($"scatter add {type}", (ParityCase)(g => ScatterAdd(g, type))),
        // Much cancels, so that rounding in between shows.
        ("BF16 sums over several axes", static g => Tensor.Of(new Op.Reduce(ReduceKind.Sum, g.Any<Vec<int>>([0, 2], [1, 2], [0, 1, 3], [1, 3])),
            Permuted(g, g.View(Ordinary(DType.BF16, [g.Length(), g.Length(4), g.Length(), 3]))))),
        ("matrix times vector", static g => (m: g.Length(), k: g.Length(), n: g.Length(4)) is var s
            ? g.View(Ordinary(DType.F32, [s.m, s.k])).MatMul(g.View(Ordinary(DType.F32, [s.k, s.n]))) : null!),
        ("vector times matrix", static g => (m: g.Length(4), k: g.Length(), n: g.Length()) is var s
            ? g.View(Ordinary(DType.F32, [s.m, s.k])).MatMul(g.View(Ordinary(DType.F32, [s.k, s.n]))) : null!),
        ("matmul with bias and activation", static g => MatMul(g, DType.F32) is var y
            ? (y + g.View(Ordinary(DType.F32, [y.Shape[^1]]))).Gelu() + g.View(Ordinary(DType.F32, y.Shape)) : null!),
    ];

    static Vec<int> Axes(ParityGenerator g, int rank)
    {
        Vec<int> axes = [.. Enumerable.Range(0, rank).Where(_ => g.Maybe())];
        return axes.Count > 0 ? axes : [g.Random.Next(rank)];
    }

    static Tensor MatMul(ParityGenerator g, DType type)
    {
        Vec<int> batch = [.. Enumerable.Range(0, g.Random.Next(3)).Select(_ => g.Length(4))];
        var (m, k, n) = (g.Length(), g.Length(), g.Length());
        return Tensor.Of(new Op.MatMul(), g.View(Ordinary(type, [.. batch, m, k])), g.View(Ordinary(type, [.. batch, k, n])));
    }

    static Tensor ScatterAdd(ParityGenerator g, DType type)
    {
        Vec<int> table = g.Shape(1, 3), indices = g.Shape(0, g.Large ? 1 : 2);
        return g.View(Ordinary(type, table)).ScatterAdd(g.View(Domain.Integers(indices, 0, table[0])), g.View(Ordinary(type, [.. indices, .. table.Skip(1)])));
    }
}
