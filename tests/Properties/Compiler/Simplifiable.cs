namespace Functional.Tests.Properties;

/// <summary>Random graphs of what the simplifier looks for, made of bare nodes: constants, identities, parts that belong together.</summary>
static class Simplifiable
{
    public static Tensor Of(ParityGenerator g)
    {
        var (type, n) = (g.Any(DType.F32, DType.F32, DType.BF16, DType.I32), g.Length(6));
        Vec<int> s = [n, n];
        Tensor Constant() => Create.Fill(g.Any(0, 0, 1, 1, -1, 2), s, type);
        // Whole numbers of little size: no sum or product of a few is rounded, so every order of summing gives the same.
        var pool = new List<Tensor> { Input(g, s, type), Input(g, s, type), Constant(), Constant() };
        Tensor Any() => g.Maybe(0.2) ? Constant() : pool[g.Random.Next(pool.Count)];
        for (var i = 0; i < 25; i++) pool.Add(Next(g, Any(), Any(), n));
        return pool[^1] + pool[^2] + pool[^3];
    }

    static Tensor Input(ParityGenerator g, Vec<int> s, DType type) => g.Input(Domain.Integers(s, -4, 5).As(type));

    static Tensor Next(ParityGenerator g, Tensor a, Tensor b, int n)
    {
        Vec<int> s = a.Shape, none = [0, 0];
        var (axis, at) = (g.Random.Next(2), g.Random.Next(n));
        Tensor Binary(BinaryFunction function) => Tensor.Of(new Op.Binary(function), a, b);
        switch (g.Random.Next(19))
        {
            case 0 or 1: return Binary(new BinaryFunction.Add());
            case 2 or 3: return Binary(new BinaryFunction.Sub());
            case 4: return Tensor.Of(new Op.Binary(new BinaryFunction.Mul()), a, Create.Fill(g.Any(0, 1, 1, -1), s, a.DType));
            case 5: return Tensor.Of(new Op.Binary(new BinaryFunction.Mul()), Create.Fill(g.Any(0, 1, 1, -1), s, a.DType), a);
            case 6 when a.DType.IsFloat(): return Tensor.Of(new Op.Binary(new BinaryFunction.Div()), a, Create.Fill(g.Any(1, 1, -1, 0.5), s, a.DType));
            case 7: return Binary(new BinaryFunction.Max());
            case 8: return Tensor.Of(new Op.Unary(new UnaryFunction.Neg()), a);
            case 9: return Tensor.Of(new Op.Where(), g.Maybe() ? Create.Fill(at % 2, s, DType.Bool)
                : Tensor.Of(new Op.Compare(new CompareFunction.Less()), a, b), a, g.Maybe() ? a : b);
            case 10: return Tensor.Of(new Op.Cast(a.DType), Tensor.Of(new Op.Cast(g.Any(DType.F32, DType.Bool, DType.I32)), a));
            case 11: return Tensor.Of(new Op.Reshape(s), Tensor.Of(new Op.Reshape([n * n]), g.Maybe() ? a : Tensor.Of(new Op.Reshape([1, n, n]), a)));
            case 12: return Tensor.Of(new Op.Permute(g.Maybe() ? [1, 0] : [0, 1]), g.Maybe() ? a : Tensor.Of(new Op.Permute([1, 0]), a));
            case 13: return Tensor.Of(new Op.Broadcast(s), Tensor.Of(new Op.Broadcast(s.With(1 - axis, n).With(axis, 1)),
                a.Slice(axis, at, 1).Slice(1 - axis, at, 1)));
            case 14: return Tensor.Of(new Op.Slice(none, s), a);
            case 15 when n > 1:
                // Parts of one axis, put side by side; a zero between them, or an overlap, must not join.
                var (cut, from) = (g.Random.Next(1, n), g.Any(0, 0, 0, 1, -1));
                var (left, right) = (a.Slice(axis, 0, cut), b.Slice(axis, cut, n - cut));
                if (from != 0 && cut + from < n && cut + from > 0) right = b.Slice(axis, cut + from, n - cut - from);
                var parts = (Tensor.Of(new Op.Pad(none, none.With(axis, n - left.Shape[axis])), left),
                    Tensor.Of(new Op.Pad(none.With(axis, n - right.Shape[axis]), none), right));
                return g.Maybe() ? Tensor.Of(new Op.Binary(new BinaryFunction.Add()), parts.Item1, parts.Item2)
                    : Tensor.Of(new Op.Binary(new BinaryFunction.Add()), parts.Item2, parts.Item1);
            case 16 when a.DType.IsFloat(): return Tensor.Of(new Op.ScatterAdd(), Create.Fill(g.Any(0, 0, 1), s, a.DType), g.Input(Domain.Integers([n], 0, n)),
                a);
            case 17: return Tensor.Of(new Op.Broadcast(s), Tensor.Of(new Op.Reduce(g.Any(ReduceKind.Sum, ReduceKind.Max), [axis]),
                Create.Fill(g.Any(0, 1, -2), s, a.DType)));
            default: return Tensor.Of(new Op.Broadcast(s), Tensor.Of(new Op.Reduce(ReduceKind.Max, [axis]), n == 1 ? a : a.Slice(axis, at, 1)));
        }
    }
}
