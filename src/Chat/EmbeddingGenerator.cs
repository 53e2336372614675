using Functional.Base;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Functional.Chat;

/// <summary>
/// A model as the <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/> of Microsoft.Extensions.AI: of a text the mean of its tokens' last hidden states, of length 1
/// (<see cref="LanguageModel.EmbedAsync(IReadOnlyList{string}, CancellationToken)"/>).
/// </summary>
/// <example><code>
/// using var model = await LanguageModel.LoadAsync("runs/answers");
/// using var generator = new EmbeddingGenerator(model);
/// var vector = await generator.GenerateVectorAsync("What is the capital of France?");
/// </code></example>
public sealed class EmbeddingGenerator : IEmbeddingGenerator<string, Embedding<float>>
{
    readonly ModelSource source;
    readonly ChatClientOptions options;
    readonly ILogger logger;
    bool disposed;

    /// <summary>A generator over a model.</summary>
    /// <param name="model">The model; it lives longer than the generator.</param>
    /// <param name="options">How it serves: its name, and who is told.</param>
    public EmbeddingGenerator(LanguageModel model, ChatClientOptions? options = null) : this(new GivenModel(model ?? throw new ArgumentNullException(nameof(model))), options ?? new())
    {
    }

    internal EmbeddingGenerator(ModelSource source, ChatClientOptions options) =>
        (this.source, this.options, logger) = (source, options, options.LoggerFactory?.CreateLogger<EmbeddingGenerator>() ?? (ILogger)NullLogger.Instance);

    /// <summary>Texts as vectors, in order.</summary>
    /// <param name="values">The texts, each of a token or more and of no more than the model's context.</param>
    /// <param name="options">The model's name, and how wide vectors are; the model's own width alone is served.</param>
    /// <param name="cancellationToken">Gives up between texts.</param>
    /// <exception cref="ArgumentNullException">There are no texts.</exception>
    /// <exception cref="FunctionalException">A text or an option cannot be used, or the model cannot be loaded.</exception>
    /// <exception cref="ObjectDisposedException">The generator is closed.</exception>
    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        ObjectDisposedException.ThrowIf(disposed, this);
        IReadOnlyList<string> texts = [.. values];
        using var operation = new Operation("embeddings", this.options.ModelId, logger, this.options.EnableSensitiveData);
        operation.Asked(texts);
        try
        {
            var model = await source.ModelAsync(cancellationToken).ConfigureAwait(false);
            Check(texts, options, model.Config.Decoder.Width);
            var all = await model.EmbedAsync(texts, cancellationToken).ConfigureAwait(false);
            var now = DateTimeOffset.UtcNow;
            var tokens = all.Sum(static one => (long)one.Tokens);
            var usage = new UsageDetails { InputTokenCount = tokens, TotalTokenCount = tokens };
            operation.End(usage);
            return new(all.Select(one => new Embedding<float>(one.Vector) { CreatedAt = now, ModelId = this.options.ModelId })) { Usage = usage };
        }
        catch (Exception e)
        {
            operation.Fail(e);
            throw;
        }
    }

    void Check(IReadOnlyList<string> texts, EmbeddingGenerationOptions? asked, int width)
    {
        Fault[] faults =
        [
            .. asked?.ModelId is { } id && id != options.ModelId ? (Fault[])[new(nameof(asked.ModelId), $"is {id}", $"allowed: {options.ModelId}")] : [],
            .. asked?.Dimensions is { } dimensions && dimensions != width ? (Fault[])[new(nameof(asked.Dimensions), $"is {dimensions}", $"allowed: {width}, the model's width")] : [],
            .. texts.Select(static (text, i) => (text, i)).Where(static t => t.text is null).Select(static t => new Fault($"values[{t.i}]", "is null", "expected a text")),
        ];
        if (faults.Length > 0) throw new FunctionalException(faults);
    }

    /// <summary>Itself, its <see cref="EmbeddingGeneratorMetadata"/>; and the <see cref="LanguageModel"/>, where it is loaded.</summary>
    /// <param name="serviceType">What is asked for.</param>
    /// <param name="serviceKey">Nothing here has a key.</param>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(EmbeddingGeneratorMetadata) ? new EmbeddingGeneratorMetadata(Telemetry.Provider, null, options.ModelId, source.Model?.Config.Decoder.Width)
            : serviceType == typeof(LanguageModel) ? source.Model
            : serviceType.IsInstanceOfType(this) ? this : null;
    }

    /// <summary>Takes no more texts.</summary>
    public void Dispose() => disposed = true;
}
