using System.Runtime.CompilerServices;
using System.Text;
using Functional.Generation;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Functional.Chat;

/// <summary>
/// A model as the <see cref="IChatClient"/> of Microsoft.Extensions.AI: whatever is written for that, such as its function invocation, caching or Semantic Kernel, takes it
/// unchanged. Requests come at any time and are written side by side; what a text becomes does not depend on the others.
/// </summary>
/// <remarks>
/// <para>Of <see cref="ChatOptions"/> everything that the model can do is kept, and what it cannot is a <see cref="FunctionalException"/> that names the member. Ignored are
/// <c>AllowMultipleToolCalls</c> (an answer has one call at most), <c>Reasoning</c> and <c>AllowBackgroundResponses</c>, as their documents allow, and additional properties that nobody here knows.
/// Known ones are <c>min_p</c>, <c>typical_p</c>, <c>repetition_penalty</c>, <c>logprobs</c>, <c>regex</c>, <c>template</c>, <c>client</c> (callers have turns by it) and <c>exact_schema</c>.
/// <c>RawRepresentationFactory</c> may give an <see cref="AskOptions"/> to begin with. Without a seed one is drawn, and told as <c>seed</c> among the answer's additional properties.</para>
/// <para>Calls and JSON come by constrained decoding: tokens that would break the schema are never drawn, so that what is whole always parses. Schemas are taken as C# types read them:
/// whole numbers without bounds are those of <see cref="int"/>, other numbers are below a billion and have no exponent, times have no zone. <c>exact_schema</c> takes a schema to the letter.</para>
/// <para>An answer's <c>RawRepresentation</c> is the <see cref="Answer"/>, with the log-probabilities of its tokens.</para>
/// </remarks>
/// <example><code>
/// using var model = await LanguageModel.LoadAsync("runs/answers");
/// await using var host = new ModelHost(model);
/// using IChatClient client = new ChatClient(host);
/// await foreach (var update in client.GetStreamingResponseAsync("What is the capital of France?")) Console.Write(update.Text);
/// </code></example>
public sealed class ChatClient : IChatClient, IAsyncDisposable
{
    readonly ModelSource source;
    readonly ChatClientOptions options;
    readonly ChatClientMetadata metadata;
    readonly ILogger logger;
    int disposed;

    /// <summary>A client of a host.</summary>
    /// <param name="host">What writes; it lives longer than the client, unless the client owns it.</param>
    /// <param name="options">How it serves.</param>
    public ChatClient(ModelHost host, ChatClientOptions? options = null) : this(new GivenHost(host ?? throw new ArgumentNullException(nameof(host))), options ?? new())
    {
    }

    internal ChatClient(ModelSource source, ChatClientOptions options)
    {
        (this.source, this.options, metadata) = (source, options, new(Telemetry.Provider, null, options.ModelId));
        logger = options.LoggerFactory?.CreateLogger<ChatClient>() ?? (ILogger)NullLogger.Instance;
    }

    /// <summary>Asks, and waits for the whole answer.</summary>
    /// <param name="messages">What was said, in order; the last of it by the user or a tool.</param>
    /// <param name="options">How it is answered.</param>
    /// <param name="cancellationToken">Gives up; the row that wrote is free again.</param>
    /// <exception cref="ArgumentNullException">There are no messages.</exception>
    /// <exception cref="FunctionalException">A message or an option cannot be used, or the model cannot be loaded.</exception>
    /// <exception cref="HostBusyException">As many requests wait as may.</exception>
    /// <exception cref="ObjectDisposedException">The client or its host is closed.</exception>
    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var updates = new List<ChatResponseUpdate>();
        await foreach (var update in GetStreamingResponseAsync(messages, options, cancellationToken).ConfigureAwait(false)) updates.Add(update);
        var response = updates.ToChatResponse();
        (response.RawRepresentation, response.AdditionalProperties) = (updates[^1].RawRepresentation, updates[^1].AdditionalProperties);
        return response;
    }

    /// <summary>Asks; the answer comes in pieces of whole characters, a call of a tool whole, and what it took last.</summary>
    /// <inheritdoc cref="GetResponseAsync"/>
    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        return Told([.. messages], options, cancellationToken);
    }

    // The same, with whoever measures and logs beside it.
    async IAsyncEnumerable<ChatResponseUpdate> Told(IReadOnlyList<ChatMessage> messages, ChatOptions? asked, [EnumeratorCancellation] CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(disposed > 0, this);
        using var operation = new Operation("chat", options.ModelId, logger, options.EnableSensitiveData);
        operation.Asked(messages, asked);
        await using var updates = Write(messages, asked, operation, cancellation).GetAsyncEnumerator(cancellation);
        while (true)
        {
            try
            {
                if (!await updates.MoveNextAsync().ConfigureAwait(false)) break;
            }
            catch (Exception e)
            {
                operation.Fail(e);
                throw;
            }
            yield return updates.Current;
        }
    }

    async IAsyncEnumerable<ChatResponseUpdate> Write(IReadOnlyList<ChatMessage> messages, ChatOptions? asked, Operation operation, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var request = ChatRequest.Of(messages, asked, options.Defaults, options.ModelId).OrThrow();
        var host = await source.HostAsync(cancellation).ConfigureAwait(false);
        var hosted = await Take(host, request, cancellation).ConfigureAwait(false);
        operation.Taken(hosted.PromptTokens, hosted.Forgotten);
        var (id, created) = ($"{Guid.NewGuid():N}", DateTimeOffset.UtcNow);
        // What may be a call is told when it is known to be none.
        var (held, holds, whole) = (new StringBuilder(), request.Tools.Count > 0, (Answer?)null);
        await foreach (var piece in hosted.Pieces.WithCancellation(cancellation).ConfigureAwait(false))
        {
            operation.Wrote(piece);
            whole ??= piece.Whole;
            held.Append(piece.Text);
            if (held.Length == 0 || (holds && held[0] == '{')) continue;
            holds = false;
            yield return Update(new TextContent(held.ToString()));
            held.Clear();
        }
        var call = held.Length == 0 ? null : request.Call(held.ToString(), $"call_{id}");
        if (call is not null || held.Length > 0) yield return Update(call ?? (AIContent)new TextContent(held.ToString()));
        var usage = new UsageDetails { InputTokenCount = hosted.PromptTokens, OutputTokenCount = whole!.Tokens.Count, TotalTokenCount = hosted.PromptTokens + whole.Tokens.Count };
        var reason = call is not null ? ChatFinishReason.ToolCalls : whole.End == AnswerEnd.Length && !whole.IsWhole ? ChatFinishReason.Length : ChatFinishReason.Stop;
        var last = Update(new UsageContent(usage));
        (last.FinishReason, last.RawRepresentation) = (reason, whole);
        last.AdditionalProperties = new() { ["seed"] = request.Options.Seed, ["forgotten"] = hosted.Forgotten };
        operation.End(usage, id, reason.Value, whole.Text);
        yield return last;

        ChatResponseUpdate Update(AIContent content) => new(ChatRole.Assistant, [content]) { ResponseId = id, MessageId = id, ModelId = options.ModelId, CreatedAt = created };
    }

    // Faults have the names that the caller knows.
    static async Task<Hosted> Take(ModelHost host, ChatRequest request, CancellationToken cancellation)
    {
        try
        {
            return await host.AskAsync(request.Messages, request.Options, request.Client, cancellation).ConfigureAwait(false);
        }
        catch (FunctionalException e)
        {
            throw new FunctionalException([.. e.Faults.Select(request.Called)]);
        }
    }

    /// <summary>Itself, its <see cref="ChatClientMetadata"/>; and, where they are loaded, the <see cref="ModelHost"/> and the <see cref="LanguageModel"/>.</summary>
    /// <param name="serviceType">What is asked for.</param>
    /// <param name="serviceKey">Nothing here has a key.</param>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(ChatClientMetadata) ? metadata
            : serviceType == typeof(ModelHost) ? source.Host
            : serviceType == typeof(LanguageModel) ? source.Model
            : serviceType.IsInstanceOfType(this) ? this : null;
    }

    /// <summary>Takes no more requests. Of a host that it owns, what is being written is given up.</summary>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    /// <inheritdoc cref="Dispose"/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) > 0 || !options.OwnsHost || source.Host is not { } host) return;
        await host.StopAsync(new(true)).ConfigureAwait(false);
        await host.DisposeAsync().ConfigureAwait(false);
    }
}
