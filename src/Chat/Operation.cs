using System.Diagnostics;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;

namespace Functional.Chat;

/// <summary>One request while it is carried out, as loggers, meters and activities see it. What is neither ended nor failed when it is disposed of was left.</summary>
sealed class Operation : IDisposable
{
    readonly string name, model;
    readonly ILogger logger;
    readonly bool sensitive;
    readonly long begin = Stopwatch.GetTimestamp();
    readonly Activity? activity;
    double? first;
    int input;
    bool over;

    /// <summary>It begins.</summary>
    /// <param name="name">What it is in the conventions: <c>chat</c> or <c>embeddings</c>.</param>
    /// <param name="model">The model's name.</param>
    /// <param name="logger">Who is told.</param>
    /// <param name="sensitive">Whether logs may hold what is said.</param>
    public Operation(string name, string model, ILogger logger, bool sensitive)
    {
        (this.name, this.model, this.logger, this.sensitive) = (name, model, logger, sensitive);
        activity = Telemetry.Activities.StartActivity($"{name} {model}");
        foreach (var (key, value) in Tags()) activity?.SetTag(key, value);
    }

    double Seconds => Stopwatch.GetElapsedTime(begin).TotalSeconds;

    TagList Tags() => new()
    {
        { "gen_ai.operation.name", name }, { "gen_ai.provider.name", Telemetry.Provider }, { "gen_ai.request.model", model }, { "gen_ai.response.model", model },
    };

    /// <summary>What is asked.</summary>
    public void Asked(IReadOnlyList<ChatMessage> messages, ChatOptions? options)
    {
        Log.Begun(logger, name, model, messages.Count);
        if (sensitive && logger.IsEnabled(LogLevel.Trace))
            foreach (var message in messages) Log.Said(logger, model, message?.Role.Value ?? "", message?.Text ?? "");
        if (activity is null || options is null) return;
        activity.SetTag("gen_ai.request.temperature", options.Temperature).SetTag("gen_ai.request.top_p", options.TopP).SetTag("gen_ai.request.top_k", options.TopK)
            .SetTag("gen_ai.request.max_tokens", options.MaxOutputTokens).SetTag("gen_ai.request.seed", options.Seed).SetTag("gen_ai.request.frequency_penalty", options.FrequencyPenalty)
            .SetTag("gen_ai.request.presence_penalty", options.PresencePenalty).SetTag("gen_ai.request.stop_sequences", options.StopSequences?.ToArray())
            .SetTag("gen_ai.output.type", options.ResponseFormat switch { null => null, ChatResponseFormatJson => "json", _ => "text" });
    }

    /// <summary>Texts that are to be numbers.</summary>
    public void Asked(IReadOnlyList<string> texts)
    {
        Log.Begun(logger, name, model, texts.Count);
        if (sensitive && logger.IsEnabled(LogLevel.Trace))
            foreach (var text in texts) Log.Said(logger, model, "text", text ?? "");
    }

    /// <summary>A host has taken it.</summary>
    public void Taken(int tokens, int forgotten)
    {
        input = tokens;
        if (forgotten > 0) Log.Forgot(logger, model, forgotten);
    }

    /// <summary>More is written.</summary>
    public void Wrote(HostPiece piece)
    {
        if (piece.Tokens.Count > 0) first ??= Seconds;
    }

    /// <summary>It is over.</summary>
    /// <param name="usage">What it took.</param>
    /// <param name="id">What the response is called; nothing for none.</param>
    /// <param name="reason">Why the text ends; nothing for none.</param>
    /// <param name="text">The text.</param>
    public void End(UsageDetails usage, string? id = null, string? reason = null, string? text = null)
    {
        over = true;
        Log.Ended(logger, name, model, usage.InputTokenCount ?? 0, usage.OutputTokenCount ?? 0, reason ?? "", Seconds);
        if (sensitive && text is not null) Log.Said(logger, model, "assistant", text);
        activity?.SetTag("gen_ai.response.id", id).SetTag("gen_ai.response.finish_reasons", reason is null ? null : (string[])[reason])
            .SetTag("gen_ai.usage.input_tokens", usage.InputTokenCount).SetTag("gen_ai.usage.output_tokens", usage.OutputTokenCount);
        Telemetry.Duration.Record(Seconds, Tags());
        Count("input", usage.InputTokenCount);
        Count("output", usage.OutputTokenCount);
        if (first is { } seconds) Telemetry.FirstToken.Record(seconds, Tags());
    }

    void Count(string type, long? tokens)
    {
        if (tokens is not { } count) return;
        var tags = Tags();
        tags.Add("gen_ai.token.type", type);
        Telemetry.Tokens.Record(count, tags);
    }

    /// <summary>It has failed. A message may hold what was said, so that its type alone is logged, and of a fault where it is.</summary>
    public void Fail(Exception exception)
    {
        over = true;
        var type = exception.GetType().FullName ?? exception.GetType().Name;
        if (exception is OperationCanceledException) Log.Left(logger, name, model, input, Seconds);
        else Log.Failed(logger, sensitive ? exception : null, name, model, type, exception is FunctionalException { Faults: var faults } ? string.Join(", ", faults.Select(static f => f.Where)) : "");
        activity?.SetTag("error.type", type).SetStatus(ActivityStatusCode.Error);
        var tags = Tags();
        tags.Add("error.type", type);
        Telemetry.Duration.Record(Seconds, tags);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!over)
        {
            over = true;
            Log.Left(logger, name, model, input, Seconds);
            Telemetry.Duration.Record(Seconds, Tags());
        }
        activity?.Dispose();
    }
}
