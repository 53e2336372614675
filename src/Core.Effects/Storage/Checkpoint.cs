using Functional.Base;
using Functional.Engines;
using Functional.Files;
using Functional.Graphs;
using Functional.Runs;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Storage;

/// <summary>What a checkpoint keeps of a part of the objective: the parameters that it learns, and the optimiser's state for them.</summary>
/// <param name="Name">The part's name; empty for the only one.</param>
/// <param name="Model">Its parameters.</param>
/// <param name="Slots">The optimiser's state tensors, named <c>SLOT/PARAMETER</c>.</param>
public sealed record SavedPart(string Name, Params<IBuffer> Model, Params<IBuffer> Slots)
{
    /// <summary>Its parameters' file within a checkpoint.</summary>
    internal string ModelFile => FileOf(Name, Checkpoint.Model);

    /// <summary>Its slots' file within a checkpoint.</summary>
    internal string SlotsFile => FileOf(Name, Checkpoint.Optimizer);

    internal static string FileOf(string part, string file) => part.Length == 0 ? file : $"{part}/{file}";
}

/// <summary>
/// A complete checkpoint on disk: <c>state.json</c> in a folder of its own, and for each part that learns <c>model.safetensors</c> and
/// <c>optimizer.safetensors</c>, in a folder of the part's name where it has one.
/// </summary>
public sealed class Checkpoint
{
    internal const string Model = "model.safetensors", Optimizer = "optimizer.safetensors", State = "state.json";
    readonly CheckpointManifest manifest;
    readonly bool averaged;

    Checkpoint(string folder, CheckpointManifest manifest, bool averaged = false) => (Folder, this.manifest, this.averaged) = (folder, manifest, averaged);

    /// <summary>What the means of a part's weights are called, as a part.</summary>
    internal static string AverageOf(string part) => part.Length == 0 ? "average" : $"{part}-average";

    /// <summary>The same, whose models are the means of the weights; one without any is a fault.</summary>
    internal Validation<Fault, Checkpoint> Averages() => manifest.Files.Any(static f => f.Name.EndsWith($"average/{Model}", StringComparison.Ordinal))
        ? Success<Fault, Checkpoint>(new(Folder, manifest, averaged: true))
        : Fault.Of<Checkpoint>(Folder, "has no mean of the weights", "needed: a run that was trained with average above 0");

    /// <summary>Where it lies.</summary>
    public string Folder { get; }

    /// <summary>The step after which it was written.</summary>
    public long Step => manifest.State.Step;

    /// <summary>How far the run had come.</summary>
    public RunState Training => manifest.State;

    /// <summary>What it belongs to.</summary>
    public RunIdentity Identity => manifest.Identity;

    /// <summary>The step of the checkpoint that a folder holds by its name and its files; nothing when it holds none.</summary>
    /// <param name="folder">Any folder.</param>
    internal static long? StepIn(string folder) =>
        File.Exists(Path.Combine(folder, State)) ? CheckpointStore.StepOf(Path.GetFullPath(folder).TrimEnd(Path.DirectorySeparatorChar)) : null;

    /// <summary>Whether everything of a checkpoint is in a folder, whatever it is called.</summary>
    internal static bool IsWhole(string folder) =>
        Disk.Guard(folder, "", () => CheckpointManifest.Parse(File.ReadAllBytes(Path.Combine(folder, State)), folder))
        .Match(manifest => manifest.Files.All(f => new FileInfo(Path.Combine(folder, f.Name)) is { Exists: true } info && info.Length == f.Bytes), static _ =>
            false);

    /// <summary>Opens a checkpoint: its state must be undamaged and its files as long as it says.</summary>
    /// <param name="folder">Its folder.</param>
    public static Validation<Fault, Checkpoint> Open(string folder) => Disk.Guard(folder, "expected a whole checkpoint", () =>
    {
        var file = Path.Combine(folder, State);
        return CheckpointManifest.Parse(File.ReadAllBytes(file), file).Bind(manifest => manifest.Files
            .Select(f => new FileInfo(Path.Combine(folder, f.Name)) is { Exists: true } info
                ? Fault.Unless(info.Length == f.Bytes, info.FullName, $"has {info.Length} bytes", $"expected {f.Bytes}")
                : Fault.Of<Unit>(Path.Combine(folder, f.Name), "is missing", "expected a whole checkpoint"))
            .Append(Fault.Unless(Path.GetFileName(folder) == CheckpointStore.NameOf(manifest.State.Step), folder, $"holds step {manifest.State.Step}",
                "expected the step of its name"))
            .Append(Fault.Unless(AreParts(manifest.Files.Map(static f => f.Name)), file, "lists other files",
                $"expected {Model} and {Optimizer}, of each part"))
            .Gather()
            .Map(_ => new Checkpoint(folder, manifest)));
    });

    /// <summary>Fills the buffers of a part: its parameters and the optimiser's state, after the files' checksums fit.</summary>
    public Validation<Fault, Unit> Load(SavedPart part) => Load(part.ModelFile, part.Model).Bind(_ => Load(part.SlotsFile, part.Slots));

    /// <summary>Fills the buffers of a part's parameters, after the file's checksum fits.</summary>
    /// <param name="parameters">What is wanted, by the parameters' names.</param>
    /// <param name="part">Which part; nothing for the only one.</param>
    public Validation<Fault, Unit> LoadModel(Params<IBuffer> parameters, string part = "") => Load(SavedPart.FileOf(averaged ? AverageOf(part) : part, Model), parameters);

    // A file of each kind for every part, and nothing that leads out of the checkpoint.
    static bool AreParts(Vec<string> files) => files.Count > 0 && files.Count % 2 == 0 && Enumerable.Range(0, files.Count / 2)
        .All(i => files[2 * i].EndsWith(Model, StringComparison.Ordinal) && files[2 * i][..^Model.Length] is var prefix
            && files[2 * i + 1] == prefix + Optimizer
            && prefix.TrimEnd('/').All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
                && prefix.Count(static c => c == '/') == (prefix.Length > 0 ? 1 : 0));

    Validation<Fault, Unit> Load(string name, Params<IBuffer> buffers)
    {
        var path = Path.Combine(Folder, name);
        if (manifest.Files.FirstOrDefault(f => f.Name == name) is not { } sum)
            return Fault.Of<Unit>(Folder, $"has no {name}", $"it has {string.Join(", ", manifest.Files.Select(static f => f.Name))}");
        return Disk.Guard(path, "expected a file that can be read", () =>
        {
            using (var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0,
                FileOptions.SequentialScan))
                if (Crc32C.Of(file) != (sum.Bytes, sum.Crc)) return Fault.Of<Unit>(path, "is damaged: its checksum does not fit",
                    $"expected what training wrote; choose another checkpoint, or remove {Folder} to go on from the one before");
            return SafeTensors.Open(path).Bind(tensors =>
            {
                using (tensors) return tensors.Tensors.Count == 0 && buffers.Count > 0
                    ? Fault.Of<Unit>(Folder,
                        $"was saved without {(name.EndsWith(Optimizer, StringComparison.Ordinal) ? "the optimiser's state" : "parameters")}",
                            "allowed: a run of its own that begins with its weights")
                    // A run may go on in another precision, with or without a scale of its loss.
                    : tensors.ReadInto(buffers, static tensor => tensor.StartsWith($"{Layers.Names.LossScale}/", StringComparison.Ordinal));
            });
        });
    }
}
