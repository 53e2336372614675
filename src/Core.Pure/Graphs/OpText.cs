using System.Diagnostics;
using System.Globalization;

namespace Functional.Graphs;

/// <summary>Prints an op as text: what graphs show, and what a node's identity is computed from.</summary>
static class OpText
{
    public static string Of(Op op) => op switch
    {
        Op.Input o => $"input({o.Name})",
        Op.Fill o => $"fill({o.Value.ToString("R", CultureInfo.InvariantCulture)})",
        Op.Iota o => $"iota(axis={o.Axis})",
        Op.RandomBits o => $"random_bits(stream={o.Stream:x8})",
        Op.Unary o => o.Function.Name,
        Op.Binary o => o.Function.Name,
        Op.Compare o => o.Function.Name,
        Op.Where => "where",
        Op.Cast o => $"cast({Lower(o.To)})",
        Op.StopGradient => "stop_gradient",
        Op.Reshape o => $"reshape{o.Shape}",
        Op.Permute o => $"permute{o.Order}",
        Op.Broadcast o => $"broadcast{o.Shape}",
        Op.Slice o => $"slice(starts={o.Starts}, lengths={o.Lengths})",
        Op.Pad o => $"pad(before={o.Before}, after={o.After})",
        Op.Concat o => $"concat(axis={o.Axis})",
        Op.Reduce o => $"{Lower(o.Kind)}(axes={o.Axes})",
        Op.ArgMax o => $"argmax(axis={o.Axis})",
        Op.CumSum o => $"cumsum(axis={o.Axis})",
        Op.MatMul => "matmul",
        Op.Gather => "gather",
        Op.ScatterAdd => "scatter_add",
        Op.Fused o => $"{o.Kind.Text}#{o.Output}",
        _ => throw new UnreachableException(op.GetType().Name),
    };

    static string Lower<T>(T value) where T : struct, Enum => value.ToString().ToLowerInvariant();
}
