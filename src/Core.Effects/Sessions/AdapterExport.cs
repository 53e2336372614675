using Functional.Adapters;
using Functional.Base;
using Functional.Engines;
using Functional.Files;
using Functional.Models;
using Functional.Storage;
using Functional.Weights;
using LanguageExt;

namespace Functional.Sessions;

/// <summary>The adapters that a stage learned, without the weights that it learned them over.</summary>
public static class AdapterExport
{
    /// <summary>
    /// Writes <c>adapter_config.json</c> and <c>adapter_model.safetensors</c> as PEFT reads them, by the names of the family that the run came from, or else of the
    /// first that has words for its model. A stage without adapters is a fault, and so is one whose adapters stand where that family has no layer of its own.
    /// </summary>
    /// <param name="engine">Where parameters are held meanwhile.</param>
    /// <param name="location">The run's folder.</param>
    /// <param name="folder">The folder to be made; there must be nothing there.</param>
    /// <param name="choice">Which checkpoint.</param>
    /// <param name="stage">Of which stage; nothing for the last that has one.</param>
    /// <param name="family">The family's name; nothing for that one.</param>
    /// <param name="dtype">F32, F16 or BF16.</param>
    /// <returns>The family's name, and how many numbers the adapters have.</returns>
    public static Validation<Fault, (string Family, long Numbers)> Run(IEngine engine, string location, string folder, CheckpointChoice choice = default, string? stage = null,
        string? family = null, string dtype = "F32") =>
        from known in Fault.Unless(dtype is "F32" or "F16" or "BF16", "dtype", $"is {dtype}", "allowed: F32, F16, BF16")
        from run in RunFolder.Open(location, stage)
        from adapters in run.Config.Lora is { } lora ? Prelude.Success<Fault, LoraConfig>(lora) : Fault.Of<LoraConfig>(run.Location,
            $"has learned no adapters in its stage {run.Stage}", "allowed: functional export without --adapter-only, which writes the whole model")
        from published in StartAdapter.PublishedOf(run, run.Config, family)
        from checkpoint in run.Checkpoint(choice)
        from written in Write(engine, checkpoint, adapters, published, folder, dtype)
        select (published.Family.Name, written);

    static Validation<Fault, long> Write(IEngine engine, Checkpoint checkpoint, LoraConfig adapters, Families.PublishedModel published, string folder, string dtype)
    {
        using var learned = new Workspace(engine, Lora.Of(Transformer.Of(published.Config), adapters).Specs.Filter(static (_, s) => s.Trains).Map(static s => s.Type));
        return from loaded in checkpoint.LoadModel(learned.Buffers)
               from made in FolderAtOnce.Make(folder, Disk.Real, partial => AdapterFolder.Write(partial, adapters, published, dtype, (name, memory) =>
               {
                   learned[name].Read(memory);
                   return Prelude.Success<Fault, Unit>(Unit.Default);
               }))
               select learned.Buffers.Fold(0L, static (sum, b) => sum + b.Type.Size);
    }
}
