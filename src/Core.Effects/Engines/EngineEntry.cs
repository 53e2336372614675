using Functional.Execution;

namespace Functional.Engines;

/// <summary>An engine that can be chosen.</summary>
/// <param name="Kind">Which one.</param>
/// <param name="Offer">What it offers on this machine; never throws.</param>
/// <param name="Create">Makes it, of options that its offer fulfils.</param>
internal sealed record EngineEntry(EngineKind Kind, Func<EngineOffer> Offer, Func<EngineOptions, IEngine> Create);
