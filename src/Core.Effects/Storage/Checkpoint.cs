using Functional.Base;
using Functional.Engines;
using Functional.Files;
using Functional.Graphs;
using Functional.Runs;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Storage;

/// <summary>A complete checkpoint on disk: <c>model.safetensors</c>, <c>optimizer.safetensors</c> and <c>state.json</c> in a folder of its own.</summary>
public sealed class Checkpoint
{
    internal const string Model = "model.safetensors", Optimizer = "optimizer.safetensors", State = "state.json";
    readonly CheckpointManifest manifest;

    Checkpoint(string folder, CheckpointManifest manifest) => (Folder, this.manifest) = (folder, manifest);

    /// <summary>Where it lies.</summary>
    public string Folder { get; }

    /// <summary>The step after which it was written.</summary>
    public long Step => manifest.State.Step;

    /// <summary>How far the run had come.</summary>
    public TrainState Training => manifest.State;

    /// <summary>What it belongs to.</summary>
    public RunIdentity Identity => manifest.Identity;

    /// <summary>The step of the checkpoint that a folder holds by its name and its files; nothing when it holds none.</summary>
    /// <param name="folder">Any folder.</param>
    internal static long? StepIn(string folder) =>
        File.Exists(Path.Combine(folder, State)) ? CheckpointStore.StepOf(Path.GetFullPath(folder).TrimEnd(Path.DirectorySeparatorChar)) : null;

    /// <summary>Whether everything of a checkpoint is in a folder, whatever it is called.</summary>
    internal static bool IsWhole(string folder) => Disk.Guard(folder, "", () => CheckpointManifest.Parse(File.ReadAllBytes(Path.Combine(folder, State)), folder))
        .Match(manifest => manifest.Files.All(f => new FileInfo(Path.Combine(folder, f.Name)) is { Exists: true } info && info.Length == f.Bytes), static _ => false);

    /// <summary>Opens a checkpoint: its state must be undamaged and its files as long as it says.</summary>
    /// <param name="folder">Its folder.</param>
    public static Validation<Fault, Checkpoint> Open(string folder) => Disk.Guard(folder, "expected a whole checkpoint", () =>
    {
        var file = Path.Combine(folder, State);
        return CheckpointManifest.Parse(File.ReadAllBytes(file), file).Bind(manifest => manifest.Files
            .Select(f => new FileInfo(Path.Combine(folder, f.Name)) is { Exists: true } info
                ? Fault.Unless(info.Length == f.Bytes, info.FullName, $"has {info.Length} bytes", $"expected {f.Bytes}")
                : Fault.Of<Unit>(Path.Combine(folder, f.Name), "is missing", "expected a whole checkpoint"))
            .Append(Fault.Unless(Path.GetFileName(folder) == CheckpointStore.NameOf(manifest.State.Step), folder, $"holds step {manifest.State.Step}", "expected the step of its name"))
            .Append(Fault.Unless(manifest.Files.Map(static f => f.Name) == [Model, Optimizer], file, "lists other files", $"expected {Model} and {Optimizer}"))
            .Gather()
            .Map(_ => new Checkpoint(folder, manifest)));
    });

    /// <summary>Fills the buffers of a model's parameters, after the file's checksum fits.</summary>
    public Validation<Fault, Unit> LoadModel(Params<IBuffer> parameters) => Load(Model, parameters);

    /// <summary>Fills the buffers of an optimiser's slots, after the file's checksum fits.</summary>
    public Validation<Fault, Unit> LoadOptimizer(Params<IBuffer> slots) => Load(Optimizer, slots);

    Validation<Fault, Unit> Load(string name, Params<IBuffer> buffers)
    {
        var (path, sum) = (Path.Combine(Folder, name), manifest.Files.First(f => f.Name == name));
        return Disk.Guard(path, "expected a file that can be read", () =>
        {
            using (var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0, FileOptions.SequentialScan))
                if (Crc32C.Of(file) != (sum.Bytes, sum.Crc)) return Fault.Of<Unit>(path, "is damaged: its checksum does not fit", $"expected what training wrote; choose another checkpoint, or remove {Folder} to go on from the one before");
            return SafeTensors.Open(path).Bind(tensors =>
            {
                using (tensors) return tensors.Tensors.Count == 0 && buffers.Count > 0
                    ? Fault.Of<Unit>(Folder, $"was saved without {(name == Optimizer ? "the optimiser's state" : "parameters")}", "allowed: a run of its own that begins with its weights")
                    : tensors.ReadInto(buffers);
            });
        });
    }
}
