namespace Functional.Server;

/// <summary>Runs that are named once and for all, and loaded one after the other.</summary>
sealed class FixedShelf(ServerOptions options) : Shelf
{
    readonly Dictionary<string, ServedModel> models = new(StringComparer.Ordinal);

    public override async Task Load(CancellationToken stop)
    {
        foreach (var run in options.Runs)
        {
            var model = await ServedModel.Load(run, options, stop).ConfigureAwait(false);
            lock (models) models.Add(run.Name, model);
        }
    }

    public override IReadOnlyList<(string Name, long Created)> Names => [.. Held.Select(static m => (m.Name, m.Created))];

    public override IReadOnlyList<ServedModel> Held
    {
        get
        {
            lock (models) return [.. models.Values];
        }
    }

    public override ValueTask<Lease> Take(string? name, CancellationToken stop)
    {
        lock (models)
            return ValueTask.FromResult(new Lease(name is null && models.Count > 0 ? models[options.Runs[0].Name]
                : name is not null && models.TryGetValue(name, out var model) ? model : throw Unknown(name)));
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (var model in Held) await model.DisposeAsync().ConfigureAwait(false);
    }
}
