using Functional.Engines;
using LanguageExt;

namespace Functional;

/// <summary>Whether a run has room on its device, before anything of it is made.</summary>
public static class Memory
{
    /// <summary>
    /// The configuration, or every fault in it, in its engine and device, or that its weights and the optimiser's state alone take more than
    /// the device has.
    /// </summary>
    /// <param name="config">The run; a vocabulary that is not known yet counts as small.</param>
    public static Validation<Fault, RunConfig> Check(RunConfig config) =>
        (config.Validate(), EngineCatalog.Choose(config.Execution)).Apply(static (valid, chosen) => (valid, chosen.Device))
            .Match(static both => Check(both.valid, both.Device), static faults => Validation<Fault, RunConfig>.Fail(faults.Distinct().ToSeq().Strict()));

    internal static Validation<Fault, RunConfig> Check(RunConfig config, OfferedDevice device)
    {
        var (needed, available) = (Needed(config), device.MemoryBytes);
        var where = device.Device.Kind == DeviceKind.Cpu ? "this machine" : $"{device.Device} ({device.Name})";
        return Fault.Unless(needed <= available, "memory", $"weights and optimiser take {Gibibytes(needed)}", $"allowed: up to {Gibibytes(available)} on {where}; fewer layers or a smaller width make it less")
            .Map(_ => config);
    }

    // Blocks make up nearly all of a model that is too large: 12 width² numbers each, and as many twice in the optimiser.
    static double Needed(RunConfig config) =>
        3.0 * sizeof(float) * ((12.0 * config.Model.Layers * config.Model.Width + config.Model.Vocabulary + config.Model.Context) * config.Model.Width);

    static string Gibibytes(double bytes) => FormattableString.Invariant($"{bytes / (1 << 30):0.0} GiB");
}
