using Functional.Base;
using Functional.Compiling;
using Functional.Graphs;

namespace Functional.Layers;

/// <summary>
/// What a layer gives: its value, and beside it named side outputs (new caches, attention weights, auxiliary losses), collected purely.
/// A tensor is a flow without side outputs.
/// </summary>
/// <param name="Value">The layer's output.</param>
/// <param name="Side">Side outputs, in the order in which they arose.</param>
public readonly record struct Flow(Tensor Value, Vec<Named> Side = default)
{
    /// <summary>A value without side outputs.</summary>
    public static implicit operator Flow(Tensor value) => new(value);

    /// <summary>The next computation on this value, the side outputs of both kept.</summary>
    public Flow Then(Func<Tensor, Flow> next)
    {
        var after = next(Value);
        return Side.Count == 0 ? after : new(after.Value, [.. Side, .. after.Side]);
    }

    /// <summary>Another value, with the same side outputs.</summary>
    public Flow Map(Func<Tensor, Tensor> f) => new(f(Value), Side);

    /// <summary>The same value with one more side output.</summary>
    public Flow With(string name, Tensor value) => this with { Side = [.. Side, new Named(name, value)] };

    /// <summary>Both flows' values combined, the side outputs of both kept.</summary>
    public static Flow Join(Flow a, Flow b, Func<Tensor, Tensor, Tensor> f) => new(f(a.Value, b.Value), [.. a.Side, .. b.Side]);

    /// <summary>The side outputs whose names begin with a prefix, such as <c>cache/</c>.</summary>
    public Vec<Named> Under(string prefix) => [.. Side.Where(s => s.Name.StartsWith(prefix, StringComparison.Ordinal))];
}
