using Functional.Base;
using Functional.Graphs;

namespace Functional.Layers;

/// <summary>
/// A model or a part of one, as a value: which parameters it has, and a pure function from an environment and an input to an output.
/// The same full name with an equal specification is one parameter (tying); with another specification it is an error.
/// </summary>
/// <param name="Params">The parameters by name within the layer, in the order of their use.</param>
/// <param name="Apply">The computation; it finds its parameters in the environment.</param>
public sealed record Layer(Params<ParamSpec> Params, Func<Env, Tensor, Flow> Apply)
{
    /// <summary>Its input, unchanged.</summary>
    public static Layer Identity { get; } = new(Params<ParamSpec>.Empty, static (_, x) => x);

    /// <summary>A layer of these parameters.</summary>
    public static Layer Of(Vec<ParamSpec> specs, Func<Env, Tensor, Flow> apply) => new(specs.Select(static s => (s.Name, s)).ToParams(), apply);

    /// <summary>A function without parameters.</summary>
    public static Layer Lift(Func<Tensor, Tensor> f) => new(Params<ParamSpec>.Empty, (_, x) => f(x));

    /// <summary>First <paramref name="f"/>, then <paramref name="g"/>.</summary>
    public static Layer operator >>(Layer f, Layer g) => new(Union(f.Params, g.Params), (env, x) => f.Apply(env, x).Then(y => g.Apply(env, y)));

    /// <summary>Both on the same input, their outputs added.</summary>
    public static Layer operator +(Layer f, Layer g) => Branch(f, g, static (a, b) => a + b);

    /// <summary>Both on the same input, their outputs multiplied elementwise.</summary>
    public static Layer operator *(Layer f, Layer g) => Branch(f, g, static (a, b) => a * b);

    /// <summary>x + f(x) (He et al. 2016).</summary>
    public static Layer Residual(Layer f) => Identity + f;

    /// <summary>Layers one after the other, the i-th named <c>i</c>.</summary>
    public static Layer Repeat(int count, Func<int, Layer> layer)
    {
        // In halves: one after the other would copy the names of all layers before for each.
        Layer Between(int from, int to) => to - from == 1 ? layer(from).Named(FormattableString.Invariant($"{from}"))
            : Between(from, (from + to) / 2) >> Between((from + to) / 2, to);
        return count < 1 ? Identity : Between(0, count);
    }

    /// <summary>The same layer as a part called <paramref name="name"/>: its parameters are named <c>name.…</c>.</summary>
    public Layer Named(string name) => new(
        Params.Select(p => Prefixed(name, p.Value)).Select(static s => (s.Name, s)).ToParams(),
        (env, x) => Apply(env.In(name), x));

    /// <summary>The parameters of both, tied where names and specifications are equal.</summary>
    /// <exception cref="ArgumentException">One name has two specifications.</exception>
    public static Params<ParamSpec> Union(Params<ParamSpec> a, Params<ParamSpec> b)
    {
        foreach (var (name, spec) in b)
            if (a.Contains(name) && a[name] != spec)
                throw new ArgumentException($"parameter '{name}' has two specifications: {a[name]} and {spec}.");
        return a.Concat(b.Filter((name, _) => !a.Contains(name)));
    }

    static Layer Branch(Layer f, Layer g, Func<Tensor, Tensor, Tensor> join) =>
        new(Union(f.Params, g.Params), (env, x) => Flow.Join(f.Apply(env, x), g.Apply(env, x), join));

    static ParamSpec Prefixed(string prefix, ParamSpec spec) => spec with { Name = spec.Name.Length == 0 ? prefix : $"{prefix}.{spec.Name}" };
}
