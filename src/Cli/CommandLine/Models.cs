using Functional.Execution;
using Functional.Storage;

namespace Functional.Cli;

/// <summary>The model that a command asks: of a run, maybe with adapters beside.</summary>
static class Models
{
    /// <summary>Which of a run's checkpoints.</summary>
    public static Flag Checkpoint => new("--checkpoint", "NAME", "which of its checkpoints: best, last, average or a step") { Default = "last" };

    /// <summary>The option that names adapters.</summary>
    public static Flag Adapter => new("--adapter", "DIR", "adapters of PEFT over it, put into its weights in memory; the run may then be a published model's folder, too");

    /// <summary>Loads it.</summary>
    public static Task<LanguageModel> Load(Given given, string run, EngineOptions engine, CheckpointChoice checkpoint, string? stage, CancellationToken stop) =>
        given.Text(Adapter.Name) is { } adapter ? LanguageModel.LoadWithAdapterAsync(run, adapter, engine, checkpoint, stage, stop)
            : LanguageModel.LoadAsync(run, engine, checkpoint, stage, stop);
}
