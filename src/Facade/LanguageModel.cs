using Functional.Base;
using Functional.Data;
using Functional.Engines;
using Functional.Execution;
using Functional.Sessions;
using Functional.Settings;
using Functional.Storage;
using Functional.Text;
using LanguageExt;

namespace Functional;

/// <summary>
/// A trained model: it writes, is measured and saved. Calls wait for each other, so that one model may be shared; computing happens on the
/// thread pool. A call within a loop over <see cref="GenerateAsync"/> of the same model would wait for itself, and fails at once instead.
/// </summary>
/// <example><code>
/// using var model = await LanguageModel.LoadAsync("runs/poems");
/// await foreach (var text in model.GenerateAsync("O ")) Console.Write(text);
/// </code></example>
public sealed partial class LanguageModel : IDisposable
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
    public long ParameterCount => model.ParameterCount;

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

    /// <summary>Loads a checkpoint of a run folder, or a published model, with adapters of PEFT put into its weights in memory; nothing is written.</summary>
    /// <param name="folder">The run folder, or the published model's.</param>
    /// <param name="adapter">The folder with <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>.</param>
    /// <param name="engine">What it computes on; nothing for the best that is there.</param>
    /// <param name="checkpoint">Which checkpoint of the run.</param>
    /// <param name="stage">Of which of its stages; nothing for the last that has a checkpoint.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ArgumentException">A folder has no name.</exception>
    /// <exception cref="FunctionalException">As for <see cref="LoadAsync"/>; or the adapters are damaged, for another model or of a kind that is not known.</exception>
    public static Task<LanguageModel> LoadWithAdapterAsync(string folder, string adapter, EngineOptions? engine = null, CheckpointChoice checkpoint = default,
        string? stage = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentException.ThrowIfNullOrEmpty(adapter);
        return Task.Run(() => Owning(Engine.Create(engine), made => TrainedModel.OpenWith(made, folder, adapter, checkpoint, stage)), cancellation);
    }

    /// <summary>
    /// Makes a run out of a published model: a folder with Hugging Face's <c>config.json</c>, weights, and, where it is there, a tokenizer. It writes, is
    /// measured and trained further like any run; without a tokenizer only <see cref="LogitsAsync"/> is left.
    /// </summary>
    /// <param name="folder">The published model.</param>
    /// <param name="run">The run's folder; there must be nothing there. It is there whole, or not at all.</param>
    /// <param name="tokenizer">A file, folder or encoding with its tokenizer; nothing for the one in the folder.</param>
    /// <param name="cancellation">Gives up before it begins.</param>
    /// <returns>What was made, and what is odd about it.</returns>
    /// <exception cref="ArgumentException">A folder has no name.</exception>
    /// <exception cref="FunctionalException">
    /// The configuration cannot be used, tensors are missing, left over or of other shapes, the tokenizer is not the model's, or the run cannot be written.
    /// </exception>
    public static Task<Imported> ImportAsync(string folder, string run, string? tokenizer = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentException.ThrowIfNullOrEmpty(run);
        return Task.Run(() => Import.Run(folder, run, tokenizer).OrThrow(), cancellation);
    }

    /// <summary>As <see cref="LoadAsync"/>, on an engine that becomes the model's own.</summary>
    internal static LanguageModel Load(string folder, IEngine engine, CheckpointChoice checkpoint = default, string? stage = null) =>
        Owning(engine, made => TrainedModel.Open(made, folder, checkpoint, stage));

    static LanguageModel Owning(IEngine engine, Func<IEngine, Validation<Fault, TrainedModel>> open)
    {
        try
        {
            return Outcomes.OnDevice(() => new LanguageModel(engine, open(engine).OrThrow()));
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
        var valid = (options ?? new()).Validate().Bind(static o => o.Told.Gather().Map(_ => o)).OrThrow();
        return new Writing(turns, stop => Write(prompt, valid, stop).GetAsyncEnumerator(stop), cancellation);
    }

    /// <summary>How well the model predicts a text.</summary>
    /// <param name="file">A text file, its line ends read as those of the run's text were; nothing for the part of the run's own text that was kept
    /// for evaluation. Where these are several texts, each is measured, and counts by its share of what was learned.</param>
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
            Finite(() => file is null ? model.Score(model.Data(cancellation).OrThrow(), cancellation) : model.Score(model.Text(file, cancellation).OrThrow(), cancellation)),
            cancellation).ConfigureAwait(false);
    }

    /// <summary>How often the experts of each layer are chosen on a text.</summary>
    /// <param name="file">A text file, at least a window; nothing for the part of the run's own text that was kept for evaluation.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FunctionalException">The model has no experts; the text cannot be read, or is not the run's own any more; or the device has no room.
    /// </exception>
    /// <exception cref="InvalidOperationException">The same caller is inside a loop over this model's text.</exception>
    public async Task<IReadOnlyList<ExpertLoad>> ExpertLoadAsync(string? file = null, CancellationToken cancellation = default)
    {
        using var turn = turns.Ask();
        await turn.Come(cancellation).ConfigureAwait(false);
        return await Compute(() => Evaluated(file, cancellation).Bind(text => model.ExpertLoad(text, cancellation)).OrThrow(), cancellation)
            .ConfigureAwait(false);
    }

    Validation<Fault, TokenStream> Evaluated(string? file, CancellationToken cancellation) =>
        file is null ? model.Data(cancellation).Map(static data => data.Validation) : model.Text(file, cancellation);

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

    /// <summary>Writes the model as Hugging Face's transformers reads it: <c>config.json</c>, weights, tokenizer and <c>generation_config.json</c>.</summary>
    /// <param name="folder">A folder; there must be nothing there. It is there whole, or not at all.</param>
    /// <param name="family">The family, such as <c>llama</c>; nothing for the one that it came from, or else the first that has words for it.</param>
    /// <param name="dtype">The weights' type: F32, F16 or BF16.</param>
    /// <param name="shardBytes">How large a file of weights may become, 1 or more.</param>
    /// <param name="cancellation">Gives up before it begins.</param>
    /// <returns>The family's name.</returns>
    /// <exception cref="ArgumentException">The folder has no name.</exception>
    /// <exception cref="FunctionalException">The family has no words for a setting, an argument is out of range, or the folder cannot be written.</exception>
    /// <exception cref="InvalidOperationException">The same caller is inside a loop over this model's text.</exception>
    public async Task<string> ExportAsync(string folder, string? family = null, string dtype = "F32", long shardBytes = 5_000_000_000,
        CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        using var turn = turns.Ask();
        await turn.Come(cancellation).ConfigureAwait(false);
        return await Compute(() => model.ExportTo(folder, family, dtype, shardBytes).OrThrow(), cancellation).ConfigureAwait(false);
    }

    /// <summary>What the model gives after each of the last tokens: logits, or, of a model that judges texts, its scores of the whole.</summary>
    /// <param name="ids">The tokens: one or more, and no more than the context of a model that it bounds.</param>
    /// <param name="last">For how many of the last tokens.</param>
    /// <param name="cached">Whether they go through the caches that writing uses; else all at once.</param>
    /// <param name="cancellation">Gives up before it begins.</param>
    /// <returns><c>[last, vocabulary]</c>, or <c>[1, labels]</c>.</returns>
    /// <exception cref="ArgumentNullException">There are no ids.</exception>
    /// <exception cref="FunctionalException">An id is no token, there are too many, an argument is out of range, or the device has no room.</exception>
    /// <exception cref="InvalidOperationException">The same caller is inside a loop over this model's text.</exception>
    public async Task<IReadOnlyList<float[]>> LogitsAsync(IReadOnlyList<int> ids, int last = 1, bool cached = false, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(ids);
        using var turn = turns.Ask();
        await turn.Come(cancellation).ConfigureAwait(false);
        return await Compute(() => model.Logits(ids, last, cached).OrThrow(), cancellation).ConfigureAwait(false);
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
