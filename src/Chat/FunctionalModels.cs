using System.Diagnostics;
using Functional.Base;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Functional.Chat;

/// <summary>The models that <see cref="FunctionalServices.AddFunctional"/> serves, each loaded at its first use and closed with the program's services.</summary>
public sealed class FunctionalModels : IAsyncDisposable, IDisposable
{
    readonly Dictionary<string, Served> models;

    internal FunctionalModels(IEnumerable<ServedModel> models, ILoggerFactory? loggers) =>
        this.models = models.ToDictionary(static m => m.Name, m => new Served(m, loggers?.CreateLogger<FunctionalModels>() ?? (ILogger)NullLogger.Instance), StringComparer.Ordinal);

    /// <summary>Their names, in the order in which they were added.</summary>
    public IReadOnlyList<string> Names => [.. models.Keys];

    internal ModelSource this[string name] => models[name];

    /// <summary>What writes with a model, loaded now where it is not: for a program that would not have its first caller wait.</summary>
    /// <param name="name">The model's name.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <exception cref="FunctionalException">There is no such model, or it cannot be loaded; the next use tries again.</exception>
    /// <exception cref="ObjectDisposedException">The services are closed.</exception>
    public Task<ModelHost> LoadAsync(string name, CancellationToken cancellation = default) => models.TryGetValue(name, out var model) ? model.HostAsync(cancellation)
        : throw new FunctionalException(new Fault("model", $"is {name}", $"allowed: {string.Join(", ", models.Keys)}"));

    /// <summary>Closes all; what is being written is given up.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var model in models.Values) await model.DisposeAsync().ConfigureAwait(false);
    }

    /// <inheritdoc cref="DisposeAsync"/>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    sealed class Served(ServedModel served, ILogger logger) : ModelSource, IAsyncDisposable
    {
        readonly SemaphoreSlim gate = new(1);
        LanguageModel? model;
        ModelHost? host;
        bool closed;

        public override LanguageModel? Model => model;

        public override ModelHost? Host => host;

        public override Task<LanguageModel> ModelAsync(CancellationToken cancellation) => Alone(LoadedAsync, cancellation);

        public override Task<ModelHost> HostAsync(CancellationToken cancellation) => host is { } begun && !closed ? Task.FromResult(begun)
            : Alone(async () => host ??= new(await LoadedAsync().ConfigureAwait(false), served.Host), cancellation);

        async Task<T> Alone<T>(Func<Task<T>> work, CancellationToken cancellation)
        {
            ObjectDisposedException.ThrowIf(closed, typeof(FunctionalModels));
            await gate.WaitAsync(cancellation).ConfigureAwait(false);
            try
            {
                ObjectDisposedException.ThrowIf(closed, typeof(FunctionalModels));
                return await work().ConfigureAwait(false);
            }
            finally
            {
                gate.Release();
            }
        }

        // Who gives up waits no more, but others may want it: loading goes on to its end.
        async Task<LanguageModel> LoadedAsync()
        {
            if (model is not null) return model;
            var begin = Stopwatch.GetTimestamp();
            try
            {
                model = served.Adapter is { } adapter ? await LanguageModel.LoadWithAdapterAsync(served.Folder, adapter, served.Engine, served.Checkpoint, served.Stage).ConfigureAwait(false)
                    : await LanguageModel.LoadAsync(served.Folder, served.Engine, served.Checkpoint, served.Stage).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                Log.NotLoaded(logger, e, served.Name, served.Folder);
                throw;
            }
            Log.Loaded(logger, served.Name, served.Folder, model.ParameterCount, Stopwatch.GetElapsedTime(begin).TotalSeconds);
            return model;
        }

        public async ValueTask DisposeAsync()
        {
            await gate.WaitAsync().ConfigureAwait(false);
            try
            {
                if (closed) return;
                closed = true;
                if (host is not null)
                {
                    await host.StopAsync(new(true)).ConfigureAwait(false);
                    await host.DisposeAsync().ConfigureAwait(false);
                }
                model?.Dispose();
            }
            finally
            {
                gate.Release();
            }
        }
    }
}
