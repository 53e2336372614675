using Functional.Base;
using Functional.Graphs;

namespace Functional.Layers;

/// <summary>The layers that models are made of. Each is small enough to read at a glance; inputs are <c>[batch, time, width]</c>.</summary>
public static partial class Nn
{
    /// <summary>x · weight + bias: <c>[…, inputs] → […, outputs]</c>; weight <c>[inputs, outputs]</c>, bias <c>[outputs]</c>.</summary>
    /// <param name="inputs">The width that goes in.</param>
    /// <param name="outputs">The width that comes out.</param>
    /// <param name="bias">Whether there is a bias; it begins at 0 and does not decay.</param>
    /// <param name="init">How the weight begins; by default uniform within ±1/√inputs.</param>
    public static Layer Linear(int inputs, int outputs, bool bias = true, Initializer? init = null)
    {
        var weight = ParamSpec.Of("weight", [inputs, outputs], init ?? new Initializer.Uniform(1 / Math.Sqrt(inputs)));
        return bias
            ? Layer.Of([weight, ParamSpec.Of("bias", [outputs], Initializer.Zeros)], static (env, x) => x.MatMul(env["weight"]) + env["bias"])
            : Layer.Of([weight], static (env, x) => x.MatMul(env["weight"]));
    }

    /// <summary>
    /// Rows of a table by token: <c>i32[batch, time] → [batch, time, width]</c>. The table <c>[vocabulary, width]</c> is the layer's only
    /// parameter and has the layer's own name.
    /// </summary>
    public static Layer Embedding(int vocabulary, int width, Initializer? init = null) =>
        Layer.Of([ParamSpec.Of("", [vocabulary, width], init ?? new Initializer.Normal(1))], static (env, tokens) => env[""].Gather(tokens));

    /// <summary>Layer normalisation over the last axis (Ba et al. 2016), with a weight that begins at 1 and, if wanted, a bias at 0.</summary>
    public static Layer Norm(int width, bool bias = true, double epsilon = 1e-5) => bias
        ? Layer.Of([ParamSpec.Of("weight", [width], Initializer.Ones), ParamSpec.Of("bias", [width], Initializer.Zeros)],
            (env, x) => new LayerNorm(epsilon).Result(0, [x, env["weight"], env["bias"]]))
        : Layer.Of([ParamSpec.Of("weight", [width], Initializer.Ones)],
            (env, x) => new LayerNorm(epsilon).Result(0, [x, env["weight"]]));

    /// <summary>
    /// When training, zero with probability <paramref name="rate"/> and x / (1 − rate) otherwise (Srivastava et al. 2014); else x.
    /// Which elements go is a function of the run's key and the layer's path.
    /// </summary>
    public static Layer Dropout(double rate) => rate == 0 ? Layer.Identity
        // The upper half of the streams belongs to keys derived from this one.
        : Layer.Of([], (env, x) => env.RandomKey is { } key ? x.Dropout(rate, key, env.Stream >> 1) : x);

    /// <summary>An elementwise nonlinearity.</summary>
    public static Layer Activation(Activation kind) => Layer.Lift(kind switch
    {
        Layers.Activation.Gelu => static x => x.Gelu(),
        Layers.Activation.GeluTanh => static x => x.GeluTanh(),
        _ => throw new ArgumentException($"there is no activation {kind}."),
    });

    /// <summary>Two linear layers, <c>up</c> to <paramref name="hidden"/> and <c>down</c> again, with a nonlinearity between them.</summary>
    public static Layer Mlp(int width, int hidden, Activation activation, bool bias = true, Initializer? up = null, Initializer? down = null) =>
        Linear(width, hidden, bias, up).Named("up") >> Activation(activation) >> Linear(hidden, width, bias, down).Named("down");
}

/// <summary>The nonlinearity of an MLP.</summary>
public enum Activation
{
    /// <summary>x · Φ(x), exactly (Hendrycks &amp; Gimpel 2016).</summary>
    Gelu,
    /// <summary>Its approximation with tanh, as GPT-2 used it.</summary>
    GeluTanh,
}
