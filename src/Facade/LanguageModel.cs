using System.Runtime.CompilerServices;

namespace Functional;

/// <summary>
/// A trained model: it writes, is measured and saved. Calls wait for each other, so that one model may be shared; computing happens on the
/// thread pool.
/// </summary>
/// <example><code>
/// using var model = await LanguageModel.LoadAsync("runs/poems");
/// await foreach (var text in model.GenerateAsync("O ")) Console.Write(text);
/// </code></example>
public sealed class LanguageModel : IDisposable
{
    readonly IEngine engine;
    readonly TrainedModel model;
    readonly SemaphoreSlim turn = new(1);

    LanguageModel(IEngine engine, TrainedModel model) => (this.engine, this.model) = (engine, model);

    /// <summary>The run that made it.</summary>
    public RunConfig Config => model.Run.Config;

    /// <summary>Its tokenizer.</summary>
    public Tokenizer Tokenizer => model.Run.Tokenizer;

    /// <summary>Numbers that it holds.</summary>
    public long ParameterCount => model.Model.ParameterCount;

    /// <summary>The step after which its checkpoint was written.</summary>
    public long Step => model.Checkpoint.Step;

    /// <summary>Loads the newest whole checkpoint of a run folder.</summary>
    /// <param name="folder">The run folder.</param>
    /// <param name="engine">What it computes on; nothing for the best that is there.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FunctionalException">There is no run, a file of it is missing or damaged, the engine is not there, or its device has no room.</exception>
    public static Task<LanguageModel> LoadAsync(string folder, EngineOptions? engine = null, CancellationToken cancellation = default) =>
        Task.Run(() => Load(folder, Engine.Create(engine)), cancellation);

    /// <summary>As <see cref="LoadAsync"/>, on an engine that becomes the model's own.</summary>
    internal static LanguageModel Load(string folder, IEngine engine)
    {
        try
        {
            return Outcomes.OnDevice(() => new LanguageModel(engine, TrainedModel.Open(engine, folder).OrThrow()));
        }
        catch
        {
            engine.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Goes on from a prompt; the text comes in pieces of whole characters, as soon as they are known. An empty prompt begins as a new line
    /// does. When the text outgrows the model's context, the last half of the context is read again and writing goes on.
    /// </summary>
    /// <param name="prompt">The text to go on from; it is not repeated. Its line ends are read as those of the run's text were.</param>
    /// <param name="options">How to draw, and how much.</param>
    /// <param name="cancellation">Stops writing.</param>
    /// <exception cref="FunctionalException">An option is out of range, the prompt has characters that the model does not know, or the device has no room.</exception>
    public async IAsyncEnumerable<string> GenerateAsync(string prompt, GenerationOptions? options = null, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        options ??= new();
        var sampler = new Sampler(options.Sampling.Validate().OrThrow());
        await turn.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            var generator = await Compute(() => model.Generator, cancellation).ConfigureAwait(false);
            using var pieces = generator.Text(generator.Encode(prompt).OrThrow(), options.Tokens, sampler, Key.Seed((ulong)options.Seed)).GetEnumerator();
            while (await Compute(pieces.MoveNext, cancellation).ConfigureAwait(false)) yield return pieces.Current;
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>How well the model predicts a text.</summary>
    /// <param name="file">A text file, its line ends read as those of the run's text were; nothing for the part of the run's own text that was kept for evaluation.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FunctionalException">The text cannot be read, is too short, has characters that the model does not know, or the device has no room.</exception>
    public async Task<Score> EvaluateAsync(string? file = null, CancellationToken cancellation = default)
    {
        await turn.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            return await Compute(() => model.Score((file is null ? model.Validation() : model.Text(file)).OrThrow(), cancellation), cancellation).ConfigureAwait(false);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Saves the model in a folder of its own, without what only training needs.</summary>
    /// <param name="folder">A folder that holds no run; it is made.</param>
    /// <param name="cancellation">Gives up before writing begins.</param>
    /// <exception cref="FunctionalException">The folder holds a run, or cannot be written.</exception>
    public Task SaveAsync(string folder, CancellationToken cancellation = default) => Task.Run(() => model.Save(folder).OrThrow(), cancellation);

    static Task<T> Compute<T>(Func<T> work, CancellationToken cancellation) => Task.Run(() => Outcomes.OnDevice(work), cancellation);

    /// <inheritdoc/>
    public void Dispose()
    {
        model.Dispose();
        engine.Dispose();
        turn.Dispose();
    }
}
