using Functional.Base;
using Functional.Graphs;

namespace Functional.Compiling;

/// <summary>
/// Rewrites that keep the meaning: constants folded, identities dropped, movement merged, sums of scattered and padded parts joined.
/// Equal subexpressions need no pass: nodes are equal by content.
/// </summary>
static class Simplifier
{
    public static Vec<Tensor> Run(Vec<Tensor> roots) => Graph.Rewrite(roots, static (node, args) => Simplify(node.WithArgs(args)));

    static Tensor Simplify(Tensor t) => t.Op switch
    {
        Op.Unary o => Unary(o.Function, t),
        Op.Binary o => Binary(o.Function, t),
        Op.Where => Where(t),
        Op.Cast => Constant(t.Args[0]) is { } v && t.DType != DType.I32 ? t.Like(t.DType == DType.Bool && v != 0 ? 1 : v) : t,
        Op.Reshape => Reshape(t),
        Op.Permute o => Permute(o, t),
        Op.Broadcast => Broadcast(t),
        Op.Slice => t.Type == t.Args[0].Type ? t.Args[0] : Constant(t.Args[0]) is { } v ? t.Like(v) : t,
        Op.Reduce o => Reduce(o, t),
        _ => t,
    };

    // As the element type keeps it.
    static double? Constant(Tensor t) => t.Op is Op.Fill f ? Numbers.Convert(f.Value, f.Type.DType) : null;

    static bool Is(Tensor t, double value) => t.Op is Op.Fill f && f.Value == value;

    static Tensor Unary(UnaryFunction function, Tensor t) => (function, t.Args[0]) switch
    {
        (UnaryFunction.Neg, { Op: Op.Unary { Function: UnaryFunction.Neg } } x) => x.Args[0],
        (UnaryFunction.Neg, { Op: Op.Fill f }) when t.DType.IsFloat() => t.Like(-f.Value),
        (UnaryFunction.Sqrt, { Op: Op.Fill f }) => t.Like(Math.Sqrt(f.Value)),
        _ => t,
    };

    static Tensor Binary(BinaryFunction function, Tensor t)
    {
        var (a, b) = (t.Args[0], t.Args[1]);
        if (Constant(a) is { } x && Constant(b) is { } y && t.DType == DType.F32 && function is not BinaryFunction.Pow) return t.Like(function.Of(x, y));
        return function switch
        {
            BinaryFunction.Add when Is(a, 0) => b,
            BinaryFunction.Add when Is(b, 0) => a,
            BinaryFunction.Add => Sum(t, a, b),
            BinaryFunction.Sub when Is(b, 0) => a,
            BinaryFunction.Sub when Is(a, 0) => -b,
            BinaryFunction.Sub when b.Op is Op.Unary { Function: UnaryFunction.Neg } => Simplify(a + b.Args[0]),
            BinaryFunction.Mul when Is(a, 1) => b,
            BinaryFunction.Mul when Is(b, 1) => a,
            BinaryFunction.Div when Is(b, 1) => a,
            _ => t,
        };
    }

    static Tensor Sum(Tensor t, Tensor a, Tensor b) =>
        b.Op is Op.Unary { Function: UnaryFunction.Neg } ? Simplify(a - b.Args[0])
        : a.Op is Op.Unary { Function: UnaryFunction.Neg } ? Simplify(b - a.Args[0])
        : b.Op is Op.ScatterAdd && Is(b.Args[0], 0) ? a.ScatterAdd(b.Args[1], b.Args[2])
        : a.Op is Op.ScatterAdd && Is(a.Args[0], 0) ? b.ScatterAdd(a.Args[1], a.Args[2])
        : Joined(a, b) ?? Joined(b, a) ?? t;

    /// <summary>Two paddings that fill neighbouring parts of one axis are one concatenation: so come the parts of a split back.</summary>
    static Tensor? Joined(Tensor a, Tensor b)
    {
        if (a.Op is not Op.Pad p || b.Op is not Op.Pad q) return null;
        var axes = Enumerable.Range(0, a.Rank).Where(i => p.Before[i] != q.Before[i] || p.After[i] != q.After[i]).ToArray();
        if (axes is not [var axis] || p.Before[axis] + a.Args[0].Shape[axis] != q.Before[axis]) return null;
        var both = Parts(a.Args[0], axis).Concat(Parts(b.Args[0], axis)).ToArray();
        return Movement.Concat(axis, both).Pad(p.Before, q.After);
    }

    static IEnumerable<Tensor> Parts(Tensor t, int axis) => t.Op is Op.Concat c && c.Axis == axis ? t.Args : [t];

    static Tensor Where(Tensor t) =>
        Constant(t.Args[0]) is { } condition ? t.Args[condition != 0 ? 1 : 2]
        : t.Args[1].Equals(t.Args[2]) ? t.Args[1]
        : t;

    static Tensor Reshape(Tensor t)
    {
        var x = t.Args[0];
        return x.Type == t.Type ? x : x.Op switch
        {
            Op.Fill f => t.Like(f.Value),
            Op.Reshape => x.Args[0].Reshape(t.Shape),
            _ => t,
        };
    }

    static Tensor Permute(Op.Permute o, Tensor t)
    {
        var x = t.Args[0];
        return x.Op switch
        {
            Op.Fill f => t.Like(f.Value),
            Op.Permute inner => x.Args[0].Permute(o.Order.Map(i => inner.Order[i])),
            _ when o.Order.SequenceEqual(Enumerable.Range(0, t.Rank)) => x,
            _ => t,
        };
    }

    static Tensor Broadcast(Tensor t)
    {
        var x = t.Args[0];
        return x.Type == t.Type ? x : x.Op switch
        {
            Op.Fill f => t.Like(f.Value),
            Op.Broadcast => Tensor.Of(t.Op, x.Args[0]),
            _ => t,
        };
    }

    static Tensor Reduce(Op.Reduce o, Tensor t)
    {
        var x = t.Args[0];
        return x.Type == t.Type ? x
            : x.Op is Op.Fill f && t.DType == DType.F32 ? t.Like(o.Kind == ReduceKind.Max ? f.Value : f.Value * x.Type.Size / t.Type.Size)
            : t;
    }
}
