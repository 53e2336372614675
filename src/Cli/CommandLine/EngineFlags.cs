using Functional.Base;
using Functional.Execution;
using Functional.Settings;
using LanguageExt;

namespace Functional.Cli;

/// <summary>The options that say what computes: those of a run, for every command that computes.</summary>
static class EngineFlags
{
    /// <summary>Settings of <see cref="RunConfig"/>, in the order in which help lists them.</summary>
    public static Vec<string> Names { get; } = ["engine", "device", "precision", "threads"];

    /// <summary>The options.</summary>
    public static Vec<Flag> All { get; } = Names.Map(static name => SettingFlags.Of(RunConfig.Field(name)!, new())[0] with { Group = "engine" });

    /// <summary>What is asked for, as it stands there; or every value that is none.</summary>
    public static Validation<Fault, EngineOptions> Asked(Given given) =>
        RunConfig.Read(new(), Names.Where(name => given.Has($"--{name}")).Select(name => ConfigEntry.Option(name, given.Text($"--{name}")!)))
            .Map(static config => config.Execution);

    /// <summary>What is asked for, with everything decided; or every fault in it.</summary>
    public static Validation<Fault, EngineOptions> Of(Given given) => Asked(given).Bind(asked => Check(given, asked));

    /// <summary>As <see cref="Of"/>, for what reads and does not learn: half precision is of training alone.</summary>
    public static Validation<Fault, EngineOptions> Reading(Given given) => Asked(given).Bind(asked => asked.Precision is Precision.BF16 or Precision.F16
        ? Fault.Of<EngineOptions>("--precision", $"is {EngineChoice.Text(asked.Precision)}, which is how a run learns, and not how it is read", "allowed: f32, tf32 on a GPU; quantise makes a run that is read from 8 or 4 bits")
        : Check(given, asked));

    /// <summary>The options with everything decided; or every fault in them, under the names of the options that were given.</summary>
    public static Validation<Fault, EngineOptions> Check(Given given, EngineOptions asked) => Engine.Resolve(asked).MapFail(f => Named(given, f));

    /// <summary>The fault under the name of its option, where that was given.</summary>
    public static Fault Named(Given given, Fault fault) => given.Has($"--{fault.Where}") ? fault with { Where = $"--{fault.Where}" } : fault;
}
