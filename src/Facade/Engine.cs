using Functional.Base;
using Functional.Engines;
using Functional.Engines.Catalogue;
using Functional.Execution;
using Functional.Settings;
using LanguageExt;

namespace Functional;

/// <summary>Makes engines.</summary>
public static class Engine
{
    /// <summary>An engine; dispose it after everything that it made.</summary>
    /// <param name="options">Which, and on what device; nothing for the best that is there: torch on a GPU where it is compiled in, else managed.</param>
    /// <exception cref="FunctionalException">What is asked for is not there, or has no room.</exception>
    public static IEngine Create(EngineOptions? options = null) =>
        Outcomes.OnDevice(() => EngineCatalog.Create(options ?? new()).MapFail(static f => f.ByMember(nameof(RunConfig.Execution))).OrThrow());

    /// <summary>The options with everything decided that they leave open, or every fault in them.</summary>
    /// <param name="options">What is asked for.</param>
    public static Validation<Fault, EngineOptions> Resolve(EngineOptions options) => EngineCatalog.Choose(options).Map(static chosen => chosen.Options);

    /// <summary>The engines of this build, with the devices that they can use now.</summary>
    public static Vec<EngineOffer> Offers() => EngineCatalog.Offers();
}
