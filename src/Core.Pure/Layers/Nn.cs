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
            ? Layer.Of([weight, ParamSpec.Of("bias", [outputs], Initializer.Zeros)], static (env, x) => env.Times("weight", x) + env["bias"])
            : Layer.Of([weight], static (env, x) => env.Times("weight", x));
    }

    /// <summary>
    /// Rows of a table by token: <c>i32[batch, time] → [batch, time, width]</c>. The table <c>[vocabulary, width]</c> is the layer's only
    /// parameter and has the layer's own name.
    /// </summary>
    public static Layer Embedding(int vocabulary, int width, Initializer? init = null) =>
        Layer.Of([ParamSpec.Of("", [vocabulary, width], init ?? new Initializer.Normal(1), ParamRole.Embedding)], static (env, tokens) => env.Rows("", tokens));

    /// <summary>
    /// When training, zero with probability <paramref name="rate"/> and x / (1 − rate) otherwise (Srivastava et al. 2014); else x.
    /// Which elements go is a function of the run's key and the layer's path.
    /// </summary>
    public static Layer Dropout(double rate) => rate == 0 ? Layer.Identity
        // The upper half of the streams belongs to keys derived from this one.
        : Layer.Of([], (env, x) => env.RandomKey is { } key ? x.Dropout(rate, key, env.Stream >> 1) : x);

    /// <summary>An elementwise nonlinearity.</summary>
    public static Layer Activation(Activation kind) => Layer.Lift(x => kind.Of(x));

    /// <summary>
    /// Two linear layers, <c>up</c> to <paramref name="hidden"/> and <c>down</c> again, with a nonlinearity between them; where that is gated, a third
    /// beside the first, <c>gate</c>, and the nonlinearity of the one is multiplied by the other: <c>[batch, time, width]</c> to the same.
    /// </summary>
    public static Layer Mlp(int width, int hidden, Activation activation, bool bias = true, Initializer? up = null, Initializer? down = null)
    {
        var (rise, fall) = (Linear(width, hidden, bias, up).Named("up"), Linear(hidden, width, bias, down).Named("down"));
        return activation.IsGated ? (Linear(width, hidden, bias, up).Named("gate") >> Activation(activation)) * rise >> fall
            : rise >> Activation(activation) >> fall;
    }
}
