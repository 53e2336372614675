using System.Text.Json;
using Functional.Base;
using Functional.Dialogues;
using LanguageExt;
using Microsoft.Extensions.AI;

namespace Functional.Chat;

/// <summary>A request of Microsoft.Extensions.AI in this library's words.</summary>
/// <param name="Messages">What was said, calls and what they gave among it as texts.</param>
/// <param name="Options">How it is answered.</param>
/// <param name="Tools">What may be called.</param>
/// <param name="Client">Who asks.</param>
sealed record ChatRequest(Vec<Message> Messages, AskOptions Options, Vec<Tool> Tools, string Client)
{
    /// <summary>The request, or all that cannot be used in it, each under the name of the caller's member.</summary>
    /// <param name="messages">The messages.</param>
    /// <param name="asked">The options.</param>
    /// <param name="defaults">How is answered where they say nothing.</param>
    /// <param name="model">The name of the model.</param>
    public static Validation<Fault, ChatRequest> Of(IReadOnlyList<ChatMessage> messages, ChatOptions? asked, AskOptions defaults, string model)
    {
        asked ??= new();
        var faults = new List<Fault>();
        var said = ChatTexts.Of(messages, faults);
        var own = new OwnProperties(asked.AdditionalProperties, faults);
        var tools = ChatTools.Of(asked, own.IsExact, faults);
        var begun = Begun(asked, defaults, faults);
        if (asked.ModelId is { } id && id != model) faults.Add(new(nameof(asked.ModelId), $"is {id}", $"allowed: {model}"));
        if (asked.ConversationId is { } conversation)
            faults.Add(new(nameof(asked.ConversationId), $"is {conversation}, and nothing is remembered between requests", "allowed: none; send all messages"));
#pragma warning disable MEAI001 // What is not here is refused, experimental or not.
        if (asked.ContinuationToken is not null) faults.Add(new(nameof(asked.ContinuationToken), "is given, and nothing goes on in the background", "allowed: none"));
#pragma warning restore MEAI001
        var options = own.On(begun with
        {
            Temperature = Number(asked.Temperature) ?? begun.Temperature, TopP = Number(asked.TopP) ?? begun.TopP, TopK = asked.TopK ?? begun.TopK,
            Tokens = asked.MaxOutputTokens ?? begun.Tokens, Seed = asked.Seed ?? (asked.RawRepresentationFactory is null ? Random.Shared.Next() : begun.Seed),
            Stops = asked.StopSequences is { } stops ? [.. stops] : begun.Stops, FrequencyPenalty = Number(asked.FrequencyPenalty) ?? begun.FrequencyPenalty,
            PresencePenalty = Number(asked.PresencePenalty) ?? begun.PresencePenalty,
            System = string.Join("\n\n", new[] { begun.System, asked.Instructions, said.System, tools.Told }.Where(static text => !string.IsNullOrWhiteSpace(text))),
            Schema = tools.Schema?.Line() ?? begun.Schema, SchemaOptional = tools.Schema is null ? begun.SchemaOptional : tools.IsOptional,
        });
        if (options.Samples != 1) faults.Add(new(nameof(options.Samples), $"is {options.Samples}, and one text is told", "allowed: 1"));
        var request = new ChatRequest(said.Messages, options, tools.Offered, own.Client);
        faults.AddRange(options.Validate().Match(static _ => [], found => found.Select(request.Called)));
        return faults.Count == 0 ? Prelude.Success<Fault, ChatRequest>(request) : Validation<Fault, ChatRequest>.Fail(faults.Distinct().ToSeq().Strict());
    }

    static AskOptions Begun(ChatOptions asked, AskOptions defaults, List<Fault> faults)
    {
        // Whoever makes such options knows the implementation, and needs no client for it.
        var made = asked.RawRepresentationFactory?.Invoke(null!);
        if (made is not null and not AskOptions) faults.Add(new(nameof(asked.RawRepresentationFactory), $"gives a {made.GetType().Name}", $"allowed: {nameof(AskOptions)}"));
        return made as AskOptions ?? defaults;
    }

    // The number that was written: 0.7 of single precision is not 0.7.
    static double? Number(float? value) => value is { } some && Math.Abs(some) < 1e9 ? (double)(decimal)some : value;

    /// <summary>The call that a text is; nothing where it is none.</summary>
    /// <param name="text">A whole text.</param>
    /// <param name="id">What the call is called.</param>
    public FunctionCallContent? Call(string text, string id) => ToolCalls.Read(text, Tools).Case is ToolCall { Arguments: Json.Map arguments } call
        ? new(id, call.Name, JsonSerializer.Deserialize<Dictionary<string, object?>>(arguments.Line(), AIJsonUtilities.DefaultOptions)) : null;

    /// <summary>A fault under the name that <see cref="ChatOptions"/> has for its member.</summary>
    public Fault Called(Fault fault) => fault with
    {
        Where = fault.Where switch
        {
            nameof(AskOptions.Tokens) => nameof(ChatOptions.MaxOutputTokens),
            nameof(AskOptions.Stops) => nameof(ChatOptions.StopSequences),
            nameof(AskOptions.Schema) => Tools.Count > 0 ? nameof(ChatOptions.Tools) : nameof(ChatOptions.ResponseFormat),
            "question" => "messages",
            _ => ChatTools.Called(fault.Where, Tools),
        },
    };
}
