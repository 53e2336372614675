namespace Functional.Server;

/// <summary>Models by their names. Whoever uses one has it until the lease ends, whatever else happens to the shelf.</summary>
abstract class Shelf : IAsyncDisposable
{
    /// <summary>Begins to load what is to be there from the beginning; ends when that is.</summary>
    /// <param name="stop">Gives up.</param>
    public abstract Task Load(CancellationToken stop);

    /// <summary>Each model's name, and since when it is there, in seconds since 1970.</summary>
    public abstract IReadOnlyList<(string Name, long Created)> Names { get; }

    /// <summary>Those that are in memory.</summary>
    public abstract IReadOnlyList<ServedModel> Held { get; }

    /// <summary>A model; only names lead to one, and no request's text is ever a path.</summary>
    /// <param name="name">Its name; nothing for the first.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="ApiException">There is none of that name.</exception>
    public abstract ValueTask<Lease> Take(string? name, CancellationToken stop);

    /// <summary>What is said where there is no such name.</summary>
    public ApiException Unknown(string? name) => new(404, $"model: {(name is { Length: <= 200 } ? $"'{name}'" : "its name")} is not served; allowed: {Allowed}", "model", "model_not_found");

    string Allowed => Names.Count switch
    {
        0 => "none, for there is none",
        > 20 => $"{string.Join(", ", Names.Take(20).Select(static n => n.Name))} and {Names.Count - 20} more",
        _ => string.Join(", ", Names.Select(static n => n.Name)),
    };

    public abstract ValueTask DisposeAsync();
}

/// <summary>A model that somebody uses.</summary>
/// <param name="model">The model.</param>
/// <param name="over">Is told when it is not used any more.</param>
sealed class Lease(ServedModel model, Action? over = null) : IDisposable
{
    Action? over = over;

    public ServedModel Model => model;

    public void Dispose() => Interlocked.Exchange(ref over, null)?.Invoke();
}
