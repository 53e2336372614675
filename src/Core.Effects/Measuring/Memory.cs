using LanguageExt;

namespace Functional;

/// <summary>Whether a run has room in this machine, before anything of it is made.</summary>
public static class Memory
{
    /// <summary>The configuration, or a fault when its weights and the optimiser's state alone take more than there is.</summary>
    /// <param name="config">The run; a vocabulary that is not known yet counts as small.</param>
    public static Validation<Fault, RunConfig> Check(RunConfig config) => Check(config, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);

    internal static Validation<Fault, RunConfig> Check(RunConfig config, long available) => config.Validate().Bind(valid =>
    {
        var needed = Needed(valid);
        return Fault.Unless(needed <= available, "memory", $"weights and optimiser take {Gibibytes(needed)}", $"allowed: up to {Gibibytes(available)} on this machine; fewer layers or a smaller width make it less")
            .Map(_ => valid);
    });

    // Blocks make up nearly all of a model that is too large: 12 width² numbers each, and as many twice in the optimiser.
    static double Needed(RunConfig config) =>
        3.0 * sizeof(float) * ((12.0 * config.Model.Layers * config.Model.Width + config.Model.Vocabulary + config.Model.Context) * config.Model.Width);

    static string Gibibytes(double bytes) => FormattableString.Invariant($"{bytes / (1 << 30):0.0} GiB");
}
