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
        Layer.Of([ParamSpec.Of("", [context, width], init ?? new Initializer.Normal(0.02))], (env, x) => x + (env.Position is { } first
            ? env[""].Gather(Create.Range(x.Shape[1]) + first)
            : env[""].Slice(0, 0, x.Shape[1])));

    /// <summary>
    /// x plus sines and cosines of the position (Vaswani et al. 2017): sin(p · 10000^(−2i/width)) at 2i, cos of the same at 2i + 1.
    /// Positions count from <see cref="Env.Position"/>.
    /// </summary>
    public static Layer SinusoidalPositions() => Layer.Of([], static (env, x) => x + Sinusoids(x.Shape[1], x.Shape[2], env.Position));

    /// <summary>Sines and cosines of positions, <c>[time, width]</c>.</summary>
    /// <param name="time">How many positions.</param>
    /// <param name="width">How many numbers for each.</param>
    /// <param name="first">The first position, <c>i32[]</c>; null for 0.</param>
    public static Tensor Sinusoids(int time, int width, Tensor? first = null)
    {
        var position = (Create.Range(time) + (first ?? Create.Scalar(0, DType.I32))).Cast(DType.F32).Reshape(time, 1);
        var pair = (Create.Range(width).Cast(DType.F32) * 0.5).Cast(DType.I32);
        var odd = Create.Range(width).EqualTo(pair + pair).Not().Reshape(1, width);
        var angle = position * (pair.Cast(DType.F32) * (-2 * Math.Log(10000) / width)).Exp().Reshape(1, width);
        return odd.BroadcastTo(angle.Shape).Where(angle.Cos(), angle.Sin());
    }
}
