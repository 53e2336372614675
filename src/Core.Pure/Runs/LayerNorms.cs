using Functional.Base;
using Functional.Learning;

namespace Functional.Runs;

/// <summary>
/// Parameters by layer, for norms and histograms: <c>blocks.0</c>, and its roles such as <c>blocks.0/attention</c>; what belongs to no block is a layer of its own.
/// Names are <c>gradient/LAYER</c>, <c>update/LAYER</c> and <c>weight/LAYER</c>.
/// </summary>
public static class LayerNorms
{
    /// <summary>The mean gradient before clipping.</summary>
    public const string Gradient = "gradient";

    /// <summary>What a step added to the weights.</summary>
    public const string Update = "update";

    /// <summary>The weights after it.</summary>
    public const string Weight = "weight";

    /// <summary>The layer of a parameter by its name.</summary>
    public static string LayerOf(OwnedParam param) => Scoped(param, Words(param) is [var blocks, var number, ..] && int.TryParse(number, out _) ? $"{blocks}.{number}" : Words(param)[0]);

    /// <summary>The layer with its role, such as <c>blocks.0/attention</c>; the layer alone where it has none.</summary>
    public static string RoleOf(OwnedParam param) => LayerOf(param) is var layer && Words(param) is [_, var number, var role, _, ..] && int.TryParse(number, out _) ? $"{layer}/{role}" : layer;

    static string[] Words(OwnedParam param) => param.Spec.Name.Split('.');

    static string Scoped(OwnedParam param, string layer) => param.Part.Name.Length == 0 ? layer : $"{param.Part.Name}:{layer}";

    /// <summary>Norms by layer and then by role, of sums of squares of parameters; each layer's is that of all its numbers together.</summary>
    /// <param name="of">What they are of: <see cref="Gradient"/>, <see cref="Update"/> or <see cref="Weight"/>.</param>
    /// <param name="squares">The parameters that learn, each with the sum of its squares.</param>
    public static Params<float> Of(string of, Vec<(OwnedParam Param, double Squares)> squares)
    {
        var (layers, roles) = (Grouped(LayerOf), Grouped(RoleOf));
        return layers.Concat(roles.Where(r => layers.All(l => l.Name != r.Name))).ToParams();

        Vec<(string Name, float)> Grouped(Func<OwnedParam, string> key) =>
            [.. squares.GroupBy(s => key(s.Param), StringComparer.Ordinal).Select(g => ($"{of}/{g.Key}", (float)Math.Sqrt(g.Sum(static s => s.Squares))))];
    }
}
