using System.Diagnostics;
using Functional.Base;

namespace Functional.Graphs;

/// <summary>One rule an op: the type of the result from the types of the arguments, or an error that names the op and prints the shapes.</summary>
static class TypeRules
{
    public static TensorType Infer(Op op, Vec<TensorType> a)
    {
        Require(a.Count == Arity(op, a.Count), op, a, $"takes {Arity(op, a.Count)} argument(s), not {a.Count}");
        return op switch
        {
            Op.Input o => Checked(op, a, o.Type),
            Op.Fill o => Checked(op, a, o.Type),
            Op.Iota o => Axis(op, a, o.Axis, o.Shape.Count, Checked(op, a, new(o.Shape, DType.I32))),
            Op.RandomBits o => RandomBits(o, a),
            Op.Unary o => Unary(o, a),
            Op.Binary o => Binary(o, a),
            Op.Compare o => Same(o, a, 0) with { DType = DType.Bool },
            Op.Where => Where(op, a),
            Op.Cast o => a[0] with { DType = o.To },
            Op.StopGradient => a[0],
            Op.Reshape o => Reshape(o, a),
            Op.Permute o => Permute(o, a),
            Op.Broadcast o => Broadcast(o, a),
            Op.Slice o => Slice(o, a),
            Op.Pad o => Pad(o, a),
            Op.Concat o => Concat(o, a),
            Op.Reduce o => Reduce(o, a),
            Op.ArgMax o => new(Axis(op, a, o.Axis, a[0].Rank, a[0]).Shape.With(o.Axis, 1), DType.I32),
            Op.CumSum o => Axis(op, a, o.Axis, a[0].Rank, Numeric(op, a, a[0])),
            Op.MatMul => MatMul(op, a),
            Op.Gather => Gather(op, a),
            Op.ScatterAdd => ScatterAdd(op, a),
            Op.Fused o => Fused(o, a),
            _ => throw new UnreachableException(op.GetType().Name),
        };
    }

    static int Arity(Op op, int given) => op switch
    {
        Op.Input or Op.Fill or Op.Iota => 0,
        Op.Binary or Op.Compare or Op.MatMul or Op.Gather => 2,
        Op.Where or Op.ScatterAdd => 3,
        Op.Concat => Math.Max(given, 1),
        Op.Fused => given,
        _ => 1,
    };

    static TensorType Checked(Op op, Vec<TensorType> a, TensorType type)
    {
        Require(type.Shape.All(static d => d > 0), op, a, $"has shape {type.Shape}; every axis must be at least 1");
        Require(type.Size <= int.MaxValue, op, a, $"has shape {type.Shape}; a tensor holds at most {int.MaxValue} elements");
        return type;
    }

    static TensorType Axis(Op op, Vec<TensorType> a, int axis, int rank, TensorType type)
    {
        Require(axis >= 0 && axis < rank, op, a, $"axis {axis} is outside 0..{rank - 1}");
        return type;
    }

    static TensorType Numeric(Op op, Vec<TensorType> a, TensorType type)
    {
        Require(type.DType != DType.Bool, op, a, "needs numbers, not booleans");
        return type;
    }

    static TensorType Float(Op op, Vec<TensorType> a, TensorType type)
    {
        Require(type.DType.IsFloat(), op, a, "needs floating-point arguments");
        return type;
    }

    static TensorType Same(Op op, Vec<TensorType> a, int first)
    {
        Require(a[first] == a[first + 1], op, a, "needs two arguments of one type (broadcast or cast first)");
        return a[first];
    }

    static TensorType RandomBits(Op.RandomBits op, Vec<TensorType> a)
    {
        Require(a[0] == new TensorType([2], DType.I32), op, a, "needs a key of type i32[2]");
        return Checked(op, a, new(op.Shape, DType.I32));
    }

    static TensorType Unary(Op.Unary op, Vec<TensorType> a) =>
        op.Function.TakesIntegers ? Numeric(op, a, a[0]) : Float(op, a, a[0]);

    static TensorType Binary(Op.Binary op, Vec<TensorType> a) =>
        op.Function.TakesIntegers ? Numeric(op, a, Same(op, a, 0)) : Float(op, a, Same(op, a, 0));

    static TensorType Where(Op op, Vec<TensorType> a)
    {
        Require(a[0].DType == DType.Bool && a[0].Shape == a[1].Shape, op, a, "needs a boolean condition of the choices' shape");
        return Same(op, a, 1);
    }

    static TensorType Reshape(Op.Reshape op, Vec<TensorType> a)
    {
        var type = Checked(op, a, a[0] with { Shape = op.Shape });
        Require(type.Size == a[0].Size, op, a, $"has {type.Size} elements, its argument {a[0].Size}");
        return type;
    }

    static TensorType Permute(Op.Permute op, Vec<TensorType> a)
    {
        Require(op.Order.Order().SequenceEqual(Enumerable.Range(0, a[0].Rank)), op, a, $"must name each of the {a[0].Rank} axes once");
        return a[0] with { Shape = op.Order.Map(i => a[0].Shape[i]) };
    }

    static TensorType Broadcast(Op.Broadcast op, Vec<TensorType> a)
    {
        Require(op.Shape.Count == a[0].Rank && Enumerable.Range(0, a[0].Rank).All(i => op.Shape[i] == a[0].Shape[i] || a[0].Shape[i] == 1),
            op, a, "needs a shape of the same rank that differs only where the argument's axis has length 1");
        return Checked(op, a, a[0] with { Shape = op.Shape });
    }

    static TensorType Slice(Op.Slice op, Vec<TensorType> a)
    {
        var shape = a[0].Shape;
        Require(op.Starts.Count == shape.Count && op.Lengths.Count == shape.Count, op, a, $"needs {shape.Count} starts and lengths");
        Require(Enumerable.Range(0, shape.Count).All(i => op.Starts[i] >= 0 && op.Lengths[i] > 0 && (long)op.Starts[i] + op.Lengths[i] <= shape[i]),
            op, a, "reaches outside its argument");
        return a[0] with { Shape = op.Lengths };
    }

    static TensorType Pad(Op.Pad op, Vec<TensorType> a)
    {
        var shape = a[0].Shape;
        Require(op.Before.Count == shape.Count && op.After.Count == shape.Count && op.Before.Concat(op.After).All(static n => n >= 0),
            op, a, $"needs {shape.Count} lengths before and after, none negative");
        return Checked(op, a, a[0] with { Shape = shape.Map((d, i) => op.Before[i] + d + op.After[i]) });
    }

    static TensorType Concat(Op.Concat op, Vec<TensorType> a)
    {
        Axis(op, a, op.Axis, a[0].Rank, a[0]);
        Require(a.All(t => t.DType == a[0].DType && t.Rank == a[0].Rank && t.Shape.With(op.Axis, 1) == a[0].Shape.With(op.Axis, 1)),
            op, a, "needs arguments that differ only along its axis");
        return Checked(op, a, a[0] with { Shape = a[0].Shape.With(op.Axis, a.Sum(t => t.Shape[op.Axis])) });
    }

    static TensorType Reduce(Op.Reduce op, Vec<TensorType> a)
    {
        Require(op.Axes.Count > 0 && op.Axes.All(i => i >= 0 && i < a[0].Rank) && op.Axes.Distinct().Count() == op.Axes.Count,
            op, a, $"needs distinct axes in 0..{a[0].Rank - 1}");
        return Numeric(op, a, a[0] with { Shape = a[0].Shape.Map((d, i) => op.Axes.Contains(i) ? 1 : d) });
    }

    static TensorType MatMul(Op op, Vec<TensorType> a)
    {
        var (p, q) = (a[0].Shape, a[1].Shape);
        Require(p.Count >= 2 && p.Count == q.Count && a[0].DType == a[1].DType, op, a, "needs two arguments of one element type and rank, at least 2");
        Require(p[^1] == q[^2] && p.SkipLast(2).SequenceEqual(q.SkipLast(2)), op, a, "needs […, m, k] × […, k, n] with equal leading axes");
        return Checked(op, a, Float(op, a, a[0] with { Shape = [.. p.SkipLast(1), q[^1]] }));
    }

    static TensorType Gather(Op op, Vec<TensorType> a)
    {
        Require(a[0].Rank >= 1 && a[1].DType == DType.I32, op, a, "needs a table of rank at least 1 and integer indices");
        return Checked(op, a, a[0] with { Shape = [.. a[1].Shape, .. a[0].Shape.Skip(1)] });
    }

    static TensorType ScatterAdd(Op op, Vec<TensorType> a)
    {
        Require(a[2] == Gather(op, a), op, a, $"needs updates of type {Gather(op, a)}");
        return Float(op, a, a[0]);
    }

    static TensorType Fused(Op.Fused op, Vec<TensorType> a)
    {
        var types = op.Kind.Types(a);
        Require(op.Output >= 0 && op.Output < types.Count, op, a, $"has {types.Count} results");
        return types[op.Output];
    }

    internal static void Require(bool condition, Op op, Vec<TensorType> a, string what) => Require(condition, op.ToString(), a, what);

    internal static void Require(bool condition, string op, Vec<TensorType> a, string what)
    {
        if (!condition) throw new ArgumentException($"{op} {what}; given {(a.Count == 0 ? "nothing" : string.Join(" and ", a))}.");
    }
}
