using Functional.Server;
using Functional.Storage;

namespace Functional.Studio;

/// <summary>
/// The models of a library, each loaded when somebody asks for it, and again when its run has learned more since. A few stay in memory while nobody uses them; those
/// that were used last.
/// </summary>
sealed class RunShelf(Library library, StudioOptions options) : Shelf
{
    readonly long began = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
    readonly Lock gate = new();
    readonly Dictionary<string, Slot> slots = new(StringComparer.Ordinal);
    readonly CancellationTokenSource closing = new();
    long uses;

    public override Task Load(CancellationToken stop) => Task.CompletedTask;

    public override IReadOnlyList<(string Name, long Created)> Names => [.. library.Models.Where(static m => !m.Judges).Select(m => (m.Name, began))];

    public override IReadOnlyList<ServedModel> Held
    {
        get
        {
            lock (gate) return [.. slots.Values.Select(static s => s.Model).Where(static m => m.IsCompletedSuccessfully).Select(static m => m.Result)];
        }
    }

    public override async ValueTask<Lease> Take(string? name, CancellationToken stop)
    {
        var found = name is null ? library.Models.FirstOrDefault(static m => !m.Judges) : library.Model(name);
        if (found is null) throw Unknown(name);
        if (found.Judges) throw new ApiException(400, $"model: '{name}' judges texts, and writes none; allowed: one that writes", "model", "model_not_found");
        var slot = Slot(found);
        try
        {
            var model = await slot.Model.WaitAsync(stop).ConfigureAwait(false);
            return new(model, () => _ = Over(slot));
        }
        catch
        {
            await Over(slot).ConfigureAwait(false);
            throw;
        }
    }

    Slot Slot(LibraryModel found)
    {
        List<Slot> gone;
        Slot slot;
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(closing.IsCancellationRequested, this);
            var (known, there) = slots.TryGetValue(found.Name, out var held) ? (held, true) : (null, false);
            gone = [];
            // What has learned more, or could not be loaded, is read again; whoever uses the old one goes on with it.
            if (there && (known!.Saved != (found.Step, found.Written) || known.Model.IsFaulted || known.Model.IsCanceled))
            {
                slots.Remove(found.Name);
                known.IsGone = true;
                if (known.Users == 0) gone.Add(known);
                there = false;
            }
            slot = there ? known! : slots[found.Name] = new((found.Step, found.Written), Task.Run(() => Loaded(found), CancellationToken.None));
            slot.Users++;
            slot.Used = ++uses;
            foreach (var (name, old) in slots.Where(static s => s.Value.Users == 0).OrderByDescending(static s => s.Value.Used).Skip(options.MostModels - 1).ToList())
            {
                slots.Remove(name);
                old.IsGone = true;
                gone.Add(old);
            }
        }
        foreach (var old in gone) _ = Close(old);
        return slot;
    }

    Task<ServedModel> Loaded(LibraryModel found) => ServedModel.Load(new(found.Name, found.Folder.Location), found.Folder.Stage, options.Server with { Checkpoint = CheckpointChoice.Last }, closing.Token);

    async Task Over(Slot slot)
    {
        bool last;
        lock (gate) last = --slot.Users == 0 && slot.IsGone;
        if (last) await Close(slot).ConfigureAwait(false);
    }

    static async Task Close(Slot slot)
    {
        try
        {
            await (await slot.Model.ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is FunctionalException or OperationCanceledException or IOException)
        {
            // One that could not be loaded holds nothing; whoever asked for it was told.
        }
    }

    public override async ValueTask DisposeAsync()
    {
        List<Slot> all;
        lock (gate)
        {
            all = [.. slots.Values];
            slots.Clear();
        }
        await closing.CancelAsync().ConfigureAwait(false);
        foreach (var slot in all) await Close(slot).ConfigureAwait(false);
        closing.Dispose();
    }
}

/// <summary>A model's place on a shelf.</summary>
/// <param name="saved">After which step it was saved, and when.</param>
/// <param name="model">The model, when it is loaded.</param>
sealed class Slot((long Step, DateTime Written) saved, Task<ServedModel> model)
{
    public (long Step, DateTime Written) Saved => saved;

    public Task<ServedModel> Model => model;

    // How many use it, when it was used last, and whether it is off the shelf: under the shelf's lock.
    public int Users { get; set; }

    public long Used { get; set; }

    public bool IsGone { get; set; }
}
