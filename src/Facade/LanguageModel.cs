using System.Runtime.CompilerServices;
using Functional.Base;
using Functional.Data;
using Functional.Engines;
using Functional.Execution;
using Functional.Sessions;
using Functional.Settings;
using Functional.Storage;
using Functional.Text;

namespace Functional;

/// <summary>
/// A trained model: it writes, is measured and saved. Calls wait for each other, so that one model may be shared; computing happens on the
/// thread pool. A call within a loop over <see cref="GenerateAsync"/> of the same model would wait for itself, and fails at once instead.
/// </summary>
/// <example><code>
/// using var model = await LanguageModel.LoadAsync("runs/poems");
/// await foreach (var text in model.GenerateAsync("O ")) Console.Write(text);
/// </code></example>
public sealed class LanguageModel : IDisposable
{
    readonly IEngine engine;
    readonly TrainedModel model;
    readonly Turns turns = new();

    LanguageModel(IEngine engine, TrainedModel model) => (this.engine, this.model) = (engine, model);

    /// <summary>The run that made it.</summary>
    public RunConfig Config => model.Run.Config;

    /// <summary>Its tokenizer.</summary>
    public Tokenizer Tokenizer => model.Run.Tokenizer;

    /// <summary>Numbers that it holds.</summary>
    public long ParameterCount => model.Model.ParameterCount;

    /// <summary>The step after which its checkpoint was written.</summary>
    public long Step => model.Checkpoint.Step;

    /// <summary>Loads a checkpoint of a run folder.</summary>
    /// <param name="folder">The run folder.</param>
    /// <param name="engine">What it computes on; nothing for the best that is there.</param>
    /// <param name="checkpoint">Which checkpoint: the newest, <c>"best"</c> by validation loss, or a step.</param>
    /// <param name="stage">Of which of its stages; nothing for the last that has a checkpoint.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ArgumentException">The folder has no name.</exception>
    /// <exception cref="FunctionalException">
    /// There is no run or no such checkpoint, a file of it is missing, damaged or not what the checkpoint was written with, the engine is not there, or
    /// its device has no room.
    /// </exception>
    public static Task<LanguageModel> LoadAsync(string folder, EngineOptions? engine = null, CheckpointChoice checkpoint = default, string? stage = null,
        CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return Task.Run(() => Load(folder, Engine.Create(engine), checkpoint, stage), cancellation);
    }

    /// <summary>As <see cref="LoadAsync"/>, on an engine that becomes the model's own.</summary>
    internal static LanguageModel Load(string folder, IEngine engine, CheckpointChoice checkpoint = default, string? stage = null)
    {
        try
        {
            return Outcomes.OnDevice(() => new LanguageModel(engine, TrainedModel.Open(engine, folder, checkpoint, stage).OrThrow()));
        }
        catch
        {
            engine.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Goes on from a prompt; the text comes in pieces of whole characters, as soon as they are known. An empty prompt begins as a new line
    /// does. When the text outgrows the model's context, the last half of the context is read again and writing goes on; with a window it just goes on.
    /// </summary>
    /// <param name="prompt">The text to go on from; it is not repeated. Its line ends are read as those of the run's text were.</param>
    /// <param name="options">How to draw, and how much.</param>
    /// <param name="cancellation">Stops writing.</param>
    /// <exception cref="ArgumentNullException">There is no prompt.</exception>
    /// <exception cref="FunctionalException">An option is out of range, the prompt has characters that the model does not know, or the device has no
    /// room.</exception>
    /// <exception cref="InvalidOperationException">The same caller is inside another loop over this model's text.</exception>
    public IAsyncEnumerable<string> GenerateAsync(string prompt, GenerationOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        var valid = (options ?? new()).Validate().OrThrow();
        return new Writing(turns, stop => Write(prompt, valid, stop).GetAsyncEnumerator(stop), cancellation);
    }

    async IAsyncEnumerable<string> Write(string prompt, GenerationOptions options, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var generator = await Compute(() => model.Generator(options.Window, options.Sinks).OrThrow(), cancellation).ConfigureAwait(false);
        using var pieces = generator.Text(generator.Encode(prompt).OrThrow(), options.Tokens, new(options.Sampling),
            Key.Seed((ulong)options.Seed)).GetEnumerator();
        while (await Compute(() => Finite(pieces.MoveNext), cancellation).ConfigureAwait(false)) yield return pieces.Current;
    }

    /// <summary>How well the model predicts a text.</summary>
    /// <param name="file">A text file, its line ends read as those of the run's text were; nothing for the part of the run's own text that was kept
    /// for evaluation.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FunctionalException">
    /// The text cannot be read, is too short, is not the run's own any more, has characters that the model does not know, or the device has no room.
    /// </exception>
    /// <exception cref="InvalidOperationException">The same caller is inside a loop over this model's text.</exception>
    public async Task<Score> EvaluateAsync(string? file = null, CancellationToken cancellation = default)
    {
        using var turn = turns.Ask();
        await turn.Come(cancellation).ConfigureAwait(false);
        return await Compute(() =>
            Finite(() => model.Score((file is null ? model.Data(cancellation).Map(static data => data.Validation) : model.Text(file, cancellation)).OrThrow(), cancellation)), cancellation)
            .ConfigureAwait(false);
    }

    /// <summary>How often the experts of each layer are chosen on the part of the run's text that was kept for evaluation.</summary>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FunctionalException">The model has no experts; the text cannot be read, or is not the run's own any more; or the device has no room.
    /// </exception>
    /// <exception cref="InvalidOperationException">The same caller is inside a loop over this model's text.</exception>
    public async Task<IReadOnlyList<ExpertLoad>> ExpertLoadAsync(CancellationToken cancellation = default)
    {
        using var turn = turns.Ask();
        await turn.Come(cancellation).ConfigureAwait(false);
        return await Compute(() => model.Data(cancellation).Bind(data => model.ExpertLoad(data.Validation, cancellation)).OrThrow(), cancellation)
            .ConfigureAwait(false);
    }

    /// <summary>What the simplest models reach on the same text, as yardsticks for <see cref="EvaluateAsync"/>.</summary>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FunctionalException">The text cannot be read, or is not the run's own any more.</exception>
    public async Task<NGrams> BaselinesAsync(CancellationToken cancellation = default)
    {
        using var turn = turns.Ask();
        await turn.Come(cancellation).ConfigureAwait(false);
        return await Compute(() => model.Data(cancellation).Map(data => NGrams.Measure(data.Train, data.Validation, Tokenizer.VocabularySize)).OrThrow(), cancellation)
            .ConfigureAwait(false);
    }

    /// <summary>Saves the model in a folder of its own, without what only training needs.</summary>
    /// <param name="folder">A folder that holds no run; it is made.</param>
    /// <param name="cancellation">Gives up before writing begins.</param>
    /// <exception cref="ArgumentException">The folder has no name.</exception>
    /// <exception cref="FunctionalException">The folder holds a run, or cannot be written.</exception>
    public Task SaveAsync(string folder, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return Task.Run(() => model.Save(folder).OrThrow(), cancellation);
    }

    // What a diverged run left is no model.
    T Finite<T>(Func<T> work)
    {
        try
        {
            var result = work();
            return result is Score { Loss: var loss } && !double.IsFinite(loss) ? throw new NotFiniteNumberException() : result;
        }
        catch (NotFiniteNumberException)
        {
            throw new FunctionalException(new Fault(model.Checkpoint.Folder, "the model's numbers are not finite, as after a run that diverged",
                "allowed: another checkpoint, if the run has one"));
        }
    }

    static Task<T> Compute<T>(Func<T> work, CancellationToken cancellation) => Task.Run(() => Outcomes.OnDevice(work), cancellation);

    /// <inheritdoc/>
    public void Dispose()
    {
        model.Dispose();
        engine.Dispose();
        turns.Dispose();
    }
}
