using System.Diagnostics;
using Functional.Base;

namespace Functional.Graphs;

/// <summary>
/// One rule an op: from a node and its cotangent to the cotangents of its arguments; null where none flows. Broadcasts are nodes,
/// so no other rule un-broadcasts.
/// </summary>
static class VjpRules
{
    public static IReadOnlyList<Tensor?> Apply(Tensor node, Tensor ct) => node.Op switch
    {
        Op.Input or Op.Fill or Op.Iota => [],
        Op.RandomBits or Op.ArgMax or Op.StopGradient => [null],
        Op.Compare => [null, null],
        _ when !node.DType.IsFloat() => new Tensor?[node.Args.Count],
        Op.Unary o => [o.Function.Pull(node.Args[0], node, ct)],
        Op.Binary o => o.Function.Pull(node.Args[0], node.Args[1], node, ct) is var (a, b) ? [a, b] : [],
        Op.Where => [null, node.Args[0].Where(ct, ct.Like(0)), node.Args[0].Where(ct.Like(0), ct)],
        Op.Cast => [node.Args[0].DType.IsFloat() ? ct.Cast(node.Args[0].DType) : null],
        Op.Reshape => [ct.Reshape(node.Args[0].Shape)],
        Op.Permute o => [ct.Permute(Inverse(o.Order))],
        Op.Broadcast => [ct.Sum(Repeated(node.Args[0].Shape, node.Shape))],
        Op.Slice o => [ct.Pad(o.Starts, node.Args[0].Shape.Map((d, i) => d - o.Starts[i] - o.Lengths[i]))],
        Op.Pad o => [Tensor.Of(new Op.Slice(o.Before, node.Args[0].Shape), ct)],
        Op.Concat o => Concat(o.Axis, node.Args, ct),
        Op.Reduce { Kind: ReduceKind.Sum } => [ct.BroadcastTo(node.Args[0].Shape)],
        Op.Reduce o => [ReduceMax(o.Axes, node, node.Args[0], ct)],
        Op.CumSum o => [ct.Sum(o.Axis) - ct.CumSum(o.Axis) + ct],
        Op.MatMul => [ct.MatMul(node.Args[1].T()), node.Args[0].T().MatMul(ct)],
        Op.Gather => [node.Args[0].Like(0).ScatterAdd(node.Args[1], ct), null],
        Op.ScatterAdd => [ct, null, ct.Gather(node.Args[1])],
        Op.Fused o => o.Kind.Vjp(o.Output, node.Args, ct),
        _ => throw new UnreachableException(node.Op.GetType().Name),
    };

    static Tensor ReduceMax(Vec<int> axes, Tensor max, Tensor x, Tensor ct)
    {
        // Ties share the cotangent equally.
        var hit = x.EqualTo(max).Where(x.Like(1), x.Like(0));
        return hit * (ct / hit.Sum(axes));
    }

    static Tensor?[] Concat(int axis, Vec<Tensor> args, Tensor ct)
    {
        var parts = new Tensor?[args.Count];
        var start = 0;
        for (var i = 0; i < args.Count; i++)
        {
            parts[i] = ct.Slice(axis, start, args[i].Shape[axis]);
            start += args[i].Shape[axis];
        }
        return parts;
    }

    static Vec<int> Inverse(Vec<int> order) => [.. Enumerable.Range(0, order.Count).Select(i => order.Span.IndexOf(i))];

    static Vec<int> Repeated(Vec<int> from, Vec<int> to) => [.. Enumerable.Range(0, from.Count).Where(i => from[i] != to[i])];
}
