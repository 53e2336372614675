using Functional.Text;

namespace Functional.Server;

/// <summary>A model that is loaded, and its host.</summary>
sealed class ServedModel : IAsyncDisposable
{
    ServedModel(ServedRun run, LanguageModel model, ModelHost host) => (Run, Model, Host) = (run, model, host);

    public ServedRun Run { get; }

    public LanguageModel Model { get; }

    public ModelHost Host { get; }

    public string Name => Run.Name;

    public Tokenizer Tokenizer => Model.Tokenizer;

    public long Created { get; } = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    /// <summary>How many tokens an answer has where nobody says so: half the context, so that the conversation keeps the rest.</summary>
    public int UsualTokens(int most) => Math.Clamp(Model.Config.Decoder.Context / 2, 1, Math.Min(most, 1024));

    public static Task<ServedModel> Load(ServedRun run, ServerOptions options, CancellationToken stop) => Load(run, null, options, stop);

    /// <summary>As a server loads a run, at one of its stages; nothing for the last that has a checkpoint.</summary>
    public static async Task<ServedModel> Load(ServedRun run, string? stage, ServerOptions options, CancellationToken stop)
    {
        var model = await (run.Adapter is { } adapter ? LanguageModel.LoadWithAdapterAsync(run.Folder, adapter, options.Engine, options.Checkpoint, stage, stop)
            : LanguageModel.LoadAsync(run.Folder, options.Engine, options.Checkpoint, stage, stop)).ConfigureAwait(false);
        ModelHost? host = null;
        try
        {
            host = new(model, options.Host);
            // What is compiled at the first text is compiled before anybody waits for it.
            _ = await (await host.CompleteAsync("", new() { Tokens = 2 }, cancellation: stop).ConfigureAwait(false)).WholeAsync().ConfigureAwait(false);
            return new(run, model, host);
        }
        catch
        {
            if (host is not null) await host.DisposeAsync().ConfigureAwait(false);
            model.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync().ConfigureAwait(false);
        Model.Dispose();
    }
}
