using Functional.Base;
using Functional.Engines.Managed;
using Functional.Engines.Torch;
using Functional.Execution;
using Functional.Graphs;
using LanguageExt;

namespace Functional.Engines.Catalogue;

/// <summary>The engines that are compiled in.</summary>
public static class EngineCatalog
{
    static readonly Vec<EngineEntry> entries = [new(EngineKind.Managed, ManagedEngine.Offer, static o => new ManagedEngine(o.Threads)), TorchEntry.Entry];

    /// <summary>Each engine, with its devices as they are now. Looking for GPUs may take a second.</summary>
    public static Vec<EngineOffer> Offers() => entries.Map(static e => e.Offer());

    /// <summary>
    /// The options with everything decided, and the device that they come to; or every fault in them (<see cref="EngineChoice.Resolve"/>).
    /// Asks torch only where it was asked for, or where it may be better because there is a GPU.
    /// </summary>
    public static Validation<Fault, (EngineOptions Options, OfferedDevice Device)> Choose(EngineOptions asked)
    {
        var torch = EngineChoice.MayBeTorch(asked, NvidiaDriver.Probe);
        var offers = entries.Where(e => e.Kind == EngineKind.Managed || torch).Select(static e => e.Offer()).ToVec();
        return EngineChoice.Resolve(asked, offers)
            .Map(chosen => (chosen, offers.First(o => o.Engine == chosen.Engine).Devices.First(d => d.Device == chosen.Device)));
    }

    /// <summary>An engine, owned by the caller; or every fault in the options.</summary>
    public static Validation<Fault, IEngine> Create(EngineOptions options) =>
        Choose(options).Map(chosen => entries.First(e => e.Kind == chosen.Options.Engine).Create(chosen.Options));
}
