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
            ? env[""].Gather(Create.Range(x.Shape[1]) + first.Reshape(x.Shape[0], 1))
            : env[""].Slice(0, 0, x.Shape[1])));

    /// <summary>
    /// x plus sines and cosines of the position (Vaswani et al. 2017): sin(p · 10000^(−2i/width)) at 2i, cos of the same at 2i + 1.
    /// Positions count from <see cref="Env.Position"/>.
    /// </summary>
    public static Layer SinusoidalPositions() => Layer.Of([], static (env, x) => x + Sinusoids(x.Shape[1], x.Shape[2], env.Position));

    /// <summary>Sines and cosines of positions, <c>[time, width]</c>, or <c>[batch, time, width]</c> from a first position of each row.</summary>
    /// <param name="time">How many positions.</param>
    /// <param name="width">How many numbers for each.</param>
    /// <param name="first">The first position of each row, <c>i32[batch]</c>; null for 0.</param>
    public static Tensor Sinusoids(int time, int width, Tensor? first = null)
    {
        var places = first is null ? Create.Range(time) : Create.Range(time) + first.Reshape(first.Shape[0], 1);
        var position = places.Cast(DType.F32).Reshape([.. places.Shape, 1]);
        var pair = (Create.Range(width).Cast(DType.F32) * 0.5).Cast(DType.I32);
        var odd = Create.Range(width).EqualTo(pair + pair).Not();
        var angle = position * (pair.Cast(DType.F32) * (-2 * Math.Log(10000) / width)).Exp();
        return odd.BroadcastTo(angle.Shape).Where(angle.Cos(), angle.Sin());
    }
}
