using Functional.Base;
using Functional.Execution;

namespace Functional.Settings;

/// <summary>The settings of what computes.</summary>
static class EngineFields
{
    public static Vec<Field<EngineOptions>> All { get; } =
    [
        Make.OneOf<EngineOptions, EngineKind>("engine", "what computes", static c => c.Engine, static (c, v) => c with { Engine = v },
            Make.Choices<EngineKind>(EngineChoice.Text)),
        new("device", nameof(Device), "where it computes", "auto, cpu, cuda, cuda:N", static c => $"{c.Device}",
            static (c, text) => Device.Parse(text) is { } device ? c with { Device = device } : null, static _ => true) { Aliases = ["gpu", "cuda"] },
        Make.OneOf<EngineOptions, Precision>("precision", "precision of matrix products", static c => c.Precision, static (c, v) => c with { Precision = v },
            Make.Choices<Precision>(EngineChoice.Text)) with { Aliases = ["dtype"] },
        Make.Whole<EngineOptions>("threads", "threads that compute; 0 for one a processor", static c => c.Threads,
            static (c, v) => c with { Threads = (int)v }, 0, EngineOptions.MostThreads) with { Aliases = ["num-threads", "workers"] },
    ];
}
