using System.Globalization;
using Functional.Base;
using Functional.Layers;

namespace Functional.Adapters;

/// <summary>How much of a model learns.</summary>
/// <param name="Trained">Numbers that training changes.</param>
/// <param name="All">All numbers.</param>
/// <param name="ByLayer">Those that training changes by the last part of their layer's name, such as <c>q</c>, in the order of the model.</param>
public sealed record TrainedShare(long Trained, long All, Params<long> ByLayer)
{
    /// <summary>Trained / all, 0 to 1.</summary>
    public double Share => All == 0 ? 0 : (double)Trained / All;

    /// <summary>Of some parameters.</summary>
    public static TrainedShare Of(Params<ParamSpec> specs)
    {
        var trained = specs.Values.Where(static s => s.Trains).ToVec();
        return new(trained.Sum(static s => s.Type.Size), specs.Fold(0L, static (n, s) => n + s.Type.Size),
            trained.GroupBy(static s => Layer(s.Name), StringComparer.Ordinal).Select(static g => (g.Key, g.Sum(static s => s.Type.Size))).ToParams());
    }

    /// <summary>As <c>294,912 of 124,734,720 parameters learn (0.24 %): q 147,456, v 147,456</c>.</summary>
    public override string ToString()
    {
        var layers = ByLayer.Select(static l => string.Create(CultureInfo.InvariantCulture, $"{l.Name} {l.Value:N0}"));
        return string.Create(CultureInfo.InvariantCulture, $"{Trained:N0} of {All:N0} parameters learn ({Share * 100:0.##} %): {string.Join(", ", layers)}");
    }

    // Of blocks.0.q.lora_a it is q, of blocks.0.norm1.weight it is norm1.
    static string Layer(string name) => name.Split('.') is { Length: > 1 } parts ? parts[^2] is "weight" or "bias" && parts.Length > 2 ? parts[^3]
        : parts[^2] : name;
}
