using Functional.Server;

namespace Functional.Studio;

/// <summary>
/// Pages for people, and OpenAI's API beside them, from one server: runs as they learn, chats with their models, annotations, lessons. Models are loaded when somebody
/// asks for one. Nothing comes from a network, and all that the pages need is in the program.
/// </summary>
/// <example><code>
/// await using var studio = await StudioServer.StartAsync(new() { Folders = ["runs"] });
/// Console.WriteLine(studio.Address);
/// </code></example>
public sealed class StudioServer : IAsyncDisposable
{
    readonly ModelServer server;
    readonly Jobs jobs;

    StudioServer(ModelServer server, Jobs jobs) => (this.server, this.jobs) = (server, jobs);

    /// <summary>Where it listens, as <c>http://127.0.0.1:8080</c>.</summary>
    public string Address => server.Address;

    /// <summary>Begins to listen.</summary>
    /// <param name="options">What is shown, and to whom.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FunctionalException">An option is out of range, or the address cannot be listened at.</exception>
    public static async Task<StudioServer> StartAsync(StudioOptions options, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var valid = options.Validate().OrThrow();
        var (library, jobs) = (new Library(valid.Folders), new Jobs());
        var shelf = new RunShelf(library, valid);
        var annex = new StudioAnnex(valid.Server, Routes(library, shelf, jobs));
        try
        {
            return new(await ModelServer.StartAsync(valid.Server, shelf, annex, cancellation).ConfigureAwait(false), jobs);
        }
        catch
        {
            await jobs.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    // What the pages ask for, a part of the studio each.
    static IEnumerable<Route> Routes(Library library, RunShelf shelf, Jobs jobs) =>
    [
        .. JobsApi.Routes(jobs), .. RunsApi.Routes(library, jobs), .. ChatApi.Routes(library, shelf), .. AnnotateApi.Routes(library, shelf, jobs), .. new LearnApi().Routes,
    ];

    /// <summary>Takes nothing more, has what trains save and stop, and waits until what is being written is.</summary>
    public async Task StopAsync()
    {
        await jobs.DisposeAsync().ConfigureAwait(false);
        await server.StopAsync().ConfigureAwait(false);
    }

    /// <summary>As <see cref="StopAsync"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        await jobs.DisposeAsync().ConfigureAwait(false);
        await server.DisposeAsync().ConfigureAwait(false);
    }
}
