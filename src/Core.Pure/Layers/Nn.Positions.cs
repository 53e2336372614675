using Functional.Base;
using Functional.Graphs;

namespace Functional.Layers;

public static partial class Nn
{
    /// <summary>
    /// x plus a learned vector for each position: <c>[batch, time, width]</c>, table <c>[context, width]</c>. Positions count from
    /// <see cref="Env.Position"/>; position + time must not exceed the context.
    /// </summary>
    public static Layer LearnedPositions(int context, int width, Initializer? init = null) =>
        Layer.Of([ParamSpec.Of("", [context, width], init ?? new Initializer.Normal(0.02), ParamRole.Embedding)], (env, x) => x + (env.Position is null && env.Starts is null
            ? env[""].Slice(0, 0, x.Shape[1])
            : env[""].Gather(env.Positions(x.Shape[1]))));

    /// <summary>
    /// x plus sines and cosines of the position (Vaswani et al. 2017): sin(p · 10000^(−2i/width)) at 2i, cos of the same at 2i + 1.
    /// Positions count from <see cref="Env.Position"/>.
    /// </summary>
    public static Layer SinusoidalPositions() => Layer.Of([], static (env, x) => x + Sinusoids(x.Shape[2], env.Positions(x.Shape[1])));

    /// <summary>Sines and cosines of positions <c>i32[batch or 1, time]</c>: <c>[batch or 1, time, width]</c>.</summary>
    /// <param name="width">How many numbers for each.</param>
    /// <param name="positions">The positions.</param>
    public static Tensor Sinusoids(int width, Tensor positions)
    {
        var position = positions.Cast(DType.F32).Reshape([.. positions.Shape, 1]);
        var pair = (Create.Range(width).Cast(DType.F32) * 0.5).Cast(DType.I32);
        var odd = Create.Range(width).EqualTo(pair + pair).Not();
        var angle = position * (pair.Cast(DType.F32) * (-2 * Math.Log(10000) / width)).Exp();
        return odd.BroadcastTo(angle.Shape).Where(angle.Cos(), angle.Sin());
    }

    /// <summary>Heads <c>[batch, time, heads, size]</c> turned by their positions (Su et al. 2021).</summary>
    /// <param name="angles">By which angles.</param>
    /// <param name="furthest">A position beyond which none is counted, such as that of a query which meets sinks; nothing for no such limit.</param>
    public static Layer Rotated(Rotary angles, int? furthest = null) => Layer.Of([], (env, x) =>
    {
        var positions = env.Positions(x.Shape[1]);
        return angles.Turn(x, furthest is { } most ? positions.Min(Create.Scalar(most, DType.I32)) : positions);
    });
}
