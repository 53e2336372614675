using Functional.Execution;
using Functional.Models;
using Functional.Settings;

namespace Functional.Samples;

/// <summary>A model of bytes that learns the embedded stories for a few seconds, in a folder that is gone with it.</summary>
public sealed class StoryModel : IDisposable
{
    readonly DirectoryInfo home = Directory.CreateTempSubdirectory("functional-");

    StoryModel()
    {
    }

    /// <summary>The run folder.</summary>
    public string Folder => Path.Combine(home.FullName, "stories");

    /// <summary>Trains one: one block of width 48, with room for a question and a tool.</summary>
    /// <param name="cancellation">Asks to stop; then there is no model, and no folder.</param>
    /// <exception cref="OperationCanceledException">It was asked to stop.</exception>
    public static async Task<StoryModel> TrainAsync(CancellationToken cancellation = default)
    {
        var model = new StoryModel();
        var config = new RunConfig
        {
            // Bytes can write anything, JSON among it; letters could write those of their text alone.
            Tokenizer = "byte", Model = new() { Layers = 1, Heads = 2, Width = 48, Context = 768, Vocabulary = 0, Bias = Biases.None }, Execution = new EngineOptions { Engine = EngineKind.Managed },
            Stage = new() { Batch = 2, Steps = 80, EvalEvery = 0, SaveEvery = 0, Source = new() { CorpusSize = 40_000 }, Optimiser = new() { Warmup = 4, LearningRate = 0.01 } },
        };
        try
        {
            await Training.RunAsync(config, model.Folder, cancellation: cancellation);
            // Training that is asked to stop saves, and says how far it came.
            cancellation.ThrowIfCancellationRequested();
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => home.Delete(recursive: true);
}
