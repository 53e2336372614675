using System.Globalization;
using Functional.Base;
using Functional.Engines;
using Functional.Files;
using Functional.Graphs;
using Functional.Runs;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Storage;

/// <summary>
/// The checkpoints of a run, <c>step-00000100</c> and so on. One is written into a folder beside its place, each file flushed to the medium,
/// <c>state.json</c> last, and then renamed: whatever happens when, what has a checkpoint's name is whole, or is known not to be.
/// </summary>
public sealed class CheckpointStore
{
    const string Prefix = "step-", Partial = ".partial", Removed = ".removed";
    readonly Disk disk;

    internal CheckpointStore(string folder, Disk disk) => (Folder, this.disk) = (folder, disk);

    /// <summary>The checkpoints in a folder, which need not exist yet.</summary>
    public CheckpointStore(string folder) : this(folder, Disk.Real) { }

    /// <summary>Where they lie.</summary>
    public string Folder { get; }

    /// <summary>The steps of the checkpoints that are there, from the newest back; unfinished ones have other names, and do not count.</summary>
    public Vec<long> Steps => Directory.Exists(Folder)
        ? [.. Directory.EnumerateDirectories(Folder).Select(StepOf).OfType<long>().OrderDescending()]
        : [];

    internal static string NameOf(long step) => Prefix + step.ToString("D8", CultureInfo.InvariantCulture);

    /// <summary>The folder of a step's checkpoint.</summary>
    public string PathOf(long step) => Path.Combine(Folder, NameOf(step));

    /// <summary>The newest checkpoint, or nothing when there is none. A damaged one is a fault that names the one before.</summary>
    public Validation<Fault, Option<Checkpoint>> Newest() =>
        Disk.Guard(Folder, "expected a folder that can be read", () => Steps is [var newest, .. ] and var steps
        ? Checkpoint.Open(PathOf(newest)).Map(Some).MapFail(fault => fault with { Allowed = $"{fault.Allowed}; {Instead(steps)}" })
        : Success<Fault, Option<Checkpoint>>(None));

    /// <summary>Writes a checkpoint, then removes those beyond the last <paramref name="keep"/> but for the best.</summary>
    /// <param name="state">How far the run has come.</param>
    /// <param name="identity">What the run is.</param>
    /// <param name="parts">What is kept of each part that learns.</param>
    /// <param name="keep">How many stay, at least 1.</param>
    /// <returns>Its folder, or a fault; then those before are unharmed and nothing is left of this one.</returns>
    public Validation<Fault, string> Save(RunState state, RunIdentity identity, Vec<SavedPart> parts, int keep)
    {
        var (final, partial) = (PathOf(state.Step), PathOf(state.Step) + Partial);
        var saved = Disk.Guard(final, "it was not written; the checkpoints before are unharmed", () =>
        {
            if (Directory.Exists(partial)) disk.DeleteFolder(partial);
            disk.CreateFolder(partial);
            var metadata = Params.Of(("step", state.Step.ToString(CultureInfo.InvariantCulture)));
            foreach (var part in parts.Where(static p => p.Name.Length > 0)) disk.CreateFolder(Path.Combine(partial, part.Name));
            Vec<FileSum> files = [.. parts.SelectMany(part =>
                new[] { Tensors(partial, part.ModelFile, part.Model, metadata), Tensors(partial, part.SlotsFile, part.Slots, metadata) })];
            using (var file = disk.Create(Path.Combine(partial, Checkpoint.State)))
            {
                file.Write(new CheckpointManifest(state, identity, files).Write());
                disk.Flush(file);
            }
            if (Directory.Exists(final)) Replace(final, partial);
            else disk.MoveFolder(partial, final);
            return Success<Fault, string>(final);
        });
        if (saved.IsFail) Discard(partial);
        return saved.Bind(path => Prune(keep, state.BestStep).Map(_ => path));
    }

    /// <summary>
    /// Removes what a crash left of checkpoints that were being written or removed. One that was written whole, and only lacks its name, gets it: when a
    /// step is saved once more, the checkpoint before may be gone already.
    /// </summary>
    public Validation<Fault, Unit> Clean() => Disk.Guard(Folder, "expected a folder that can be written", () =>
    {
        if (Directory.Exists(Folder))
        {
            foreach (var whole in Directory.EnumerateDirectories(Folder, $"{Prefix}*{Partial}").ToList())
                if (whole[..^Partial.Length] is var final && StepOf(final) is not null && !Directory.Exists(final)
                    && Checkpoint.IsWhole(whole)) disk.MoveFolder(whole, final);
            foreach (var left in Directory.EnumerateDirectories(Folder, $"{Prefix}*")
                .Where(static f => f.EndsWith(Partial, StringComparison.Ordinal) || f.EndsWith(Removed, StringComparison.Ordinal)).ToList())
                disk.DeleteFolder(left);
        }
        return Success<Fault, Unit>(unit);
    });

    Validation<Fault, Unit> Prune(int keep, long best) => Disk.Guard(Folder, "old checkpoints could not be removed", () =>
    {
        foreach (var step in Steps.Skip(Math.Max(1, keep)).Where(step => step != best)) Remove(PathOf(step));
        return Success<Fault, Unit>(unit);
    });

    // At every moment one of the two is whole, under its name or found by Clean; a rename that fails gives the old one its name back.
    void Replace(string final, string partial)
    {
        if (Directory.Exists(final + Removed)) disk.DeleteFolder(final + Removed);
        disk.MoveFolder(final, final + Removed);
        try
        {
            disk.MoveFolder(partial, final);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Directory.Move(final + Removed, final);
            throw;
        }
        disk.DeleteFolder(final + Removed);
    }

    // Renamed first: a crash inside the deletion leaves nothing that could be taken for a checkpoint.
    void Remove(string folder)
    {
        if (Directory.Exists(folder + Removed)) disk.DeleteFolder(folder + Removed);
        disk.MoveFolder(folder, folder + Removed);
        disk.DeleteFolder(folder + Removed);
    }

    FileSum Tensors(string folder, string name, Params<IBuffer> buffers, Params<string> metadata)
    {
        using var file = disk.Create(Path.Combine(folder, name));
        var sum = new SummingStream(file);
        SafeTensors.Write(sum, buffers, metadata);
        disk.Flush(file);
        return new(name, sum.Bytes, sum.Crc);
    }

    void Discard(string partial) => _ = Disk.Guard(partial, "", () =>
    {
        if (Directory.Exists(partial)) disk.DeleteFolder(partial);
        return Success<Fault, Unit>(unit);
    });

    string Instead(Vec<long> steps) => steps is [_, var before, ..]
        ? $"remove {PathOf(steps[0])} to go on from step {before}"
        : "there is no other checkpoint; begin anew in another folder";

    internal static long? StepOf(string path) => Path.GetFileName(path) is var name && name.StartsWith(Prefix, StringComparison.Ordinal)
        && long.TryParse(name.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var step) && NameOf(step) == name ? step : null;
}
