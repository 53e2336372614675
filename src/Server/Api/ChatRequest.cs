using Functional.Base;
using Functional.Dialogues;

namespace Functional.Server;

/// <summary>The body of <c>/v1/chat/completions</c>.</summary>
/// <param name="Messages">What was said.</param>
/// <param name="Options">How it is answered.</param>
/// <param name="Tools">What may be called; none where nothing may.</param>
/// <param name="TellsLogProbs">Whether the log-probabilities of tokens are told.</param>
/// <param name="Writing">How many answers, and how they come.</param>
sealed record ChatRequest(Vec<Message> Messages, AskOptions Options, Vec<Tool> Tools, bool TellsLogProbs, WritingRequest Writing)
{
    const int MostTools = 128;

    /// <summary>A request, or every fault in it.</summary>
    /// <param name="body">The body.</param>
    /// <param name="usual">How many tokens an answer has where nobody says so.</param>
    /// <param name="most">How many it may have.</param>
    public static ChatRequest Of(Members body, int usual, int most)
    {
        var writing = WritingRequest.Of(body);
        foreach (var name in (string[])["functions", "function_call", "audio"])
            if (body[name] is not null) body.Wrong(name, "is not known", name == "audio" ? "allowed: texts" : "allowed: tools, tool_choice");
        var (tools, needed) = Called(body);
        var logProbs = body.Flag("logprobs");
        var likely = (int)(body.Whole("top_logprobs", 0, 20) ?? 0);
        if (likely > 0 && !logProbs) body.Wrong("top_logprobs", "is there, and logprobs is not true", "allowed: with logprobs true");
        var options = WritingRequest.Ruled(new AskOptions
        {
            Tokens = (int)(body.Whole("max_completion_tokens", 1, most) ?? body.Whole("max_tokens", 1, most) ?? usual), Temperature = body.Number("temperature", 1, 0, 2),
            TopP = body.Number("top_p", 1, 1e-9, 1), TopK = (int)(body.Whole("top_k", 0, int.MaxValue) ?? 0), Seed = WritingRequest.Seed(body), Samples = writing.Texts, LogProbs = likely,
            Template = Template(body), Schema = Schema(body, tools.Count > 0),
        }, body);
        if (options.Regex is not null && (options.Schema ?? (tools.Count > 0 ? "" : null)) is not null) body.Wrong("regex", "stands beside response_format or tools", "allowed: one of them");
        var messages = body.Objects("messages").SelectMany(Said).ToVec();
        // Tools that were called before have their names in the calls.
        messages = Told(body, messages);
        if (body["messages"] is null || (messages.Count == 0 && body.List("messages") is { Count: 0 })) body.Wrong("messages", "is not there or empty", "expected one message or more");
        body.Check();
        if (tools.Count > 0)
        {
            options = options with { Schema = ToolCalls.Schema(tools).Line(), SchemaOptional = !needed };
            messages = Behind(messages, ToolCalls.Told(tools, needed));
        }
        return new(messages, options, tools, logProbs, writing);
    }

    // Templates have one place for what the system says: at the beginning.
    static Vec<Message> Behind(Vec<Message> messages, string told) => messages is [{ Role: Role.System } first, ..]
        ? messages.With(0, first with { Text = $"{first.Text}\n\n{told}" }) : [new(Role.System, told), .. messages];

    static Vec<Message> Told(Members body, Vec<Message> messages)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var call in body.Objects("messages").SelectMany(static m => m.Objects("tool_calls")))
            if (call.Text("id") is { } id && call.Object("function")?.Text("name") is { } name) names[id] = name;
        return messages.Map(m => m.Input.Length == 0 ? m : m with { Text = ToolCalls.Result(names.GetValueOrDefault(m.Input, ""), m.Text), Input = "" });
    }

    static IEnumerable<Message> Said(Members message)
    {
        var text = Content(message);
        switch (message.Text("role"))
        {
            case "system" or "developer": return [new(Role.System, text ?? "")];
            case "user":
                if (text is null) message.Wrong("content", "is not there", "expected a text");
                return [new(Role.User, text ?? "")];
            case "assistant":
                var calls = message.Objects("tool_calls").Select(Call).OfType<ToolCall>().Select(ToolCalls.Said);
                return [new(Role.Assistant, string.Join('\n', text is { Length: > 0 } ? calls.Prepend(text) : calls))];
            // Its name is found later, in the call that has its id.
            case "tool" or "function": return [new(Role.User, text ?? "") { Input = message.Text("tool_call_id") ?? message.Text("name") ?? "?" }];
            case var role:
                message.Wrong("role", role is null ? "is not there" : $"is {role}", "allowed: system, developer, user, assistant, tool");
                return [];
        }
    }

    static string? Content(Members message)
    {
        if (message["content"] is not Json.List) return message.Text("content");
        var parts = new List<string>();
        foreach (var part in message.Objects("content"))
        {
            var type = part.Text("type");
            if (type is "text" or "refusal") parts.Add(part.Text(type) ?? "");
            else part.Wrong("type", $"is {type}", "allowed: text");
        }
        return string.Concat(parts);
    }

    static ToolCall? Call(Members call)
    {
        if (call.Object("function") is not { } function || function.Text("name") is not { } name)
        {
            call.Wrong("function", "has no name", "expected a function with name and arguments");
            return null;
        }
        var arguments = Json.Parse(function.Text("arguments") is { Length: > 0 } text ? text : "{}", function.At("arguments"));
        // A call that was cut off is said as it was.
        return new(name, arguments.IfFail(_ => new Json.Text(function.Text("arguments") ?? "")));
    }

    static string? Template(Members body)
    {
        var name = body.Text("template");
        // Never a file of somebody's choice.
        if (name is null || name == DialogueTemplate.Own || DialogueTemplate.BuiltIn.Any(t => t.Name == name)) return name;
        body.Wrong("template", $"is {name}", $"allowed: {DialogueTemplate.Own}, {string.Join(", ", DialogueTemplate.BuiltIn.Select(static t => t.Name))}");
        return null;
    }

    static string? Schema(Members body, bool calls)
    {
        if (body.Object("response_format") is not { } format) return null;
        var type = format.Text("type");
        if (calls && type is not null and not "text") format.Wrong("type", $"is {type}, and there are tools", "allowed: one of them; or tool_choice none");
        switch (type)
        {
            case "text": return null;
            case "json_object": return """{"type":"object"}""";
            case "json_schema":
                if (format.Object("json_schema") is { } named && named["schema"] is { } schema) return schema.Line();
                format.Wrong("json_schema", "has no schema", "expected an object with name and schema");
                return null;
            default:
                format.Wrong("type", type is null ? "is not there" : $"is {type}", "allowed: text, json_object, json_schema");
                return null;
        }
    }

    static (Vec<Tool> Tools, bool Needed) Called(Members body)
    {
        var tools = body.Objects("tools").Select(Tool).OfType<Tool>().ToVec();
        if (tools.Count > MostTools) body.Wrong("tools", $"are {tools.Count}", $"allowed: up to {MostTools}");
        if (tools.Select(static t => t.Name).Distinct().Count() < tools.Count) body.Wrong("tools", "has a name twice", "expected names of their own");
        switch (body["tool_choice"])
        {
            case null or Json.Text { Value: "auto" }: return (tools, false);
            case Json.Text { Value: "none" }: return ([], false);
            case Json.Text { Value: "required" }:
                if (tools.Count == 0) body.Wrong("tool_choice", "is required, and there are no tools", "expected tools");
                return (tools, true);
            case Json.Map when body.Object("tool_choice")!.Object("function")?.Text("name") is { } name:
                var chosen = tools.Where(t => t.Name == name).ToVec();
                if (chosen.Count == 0) body.Wrong("tool_choice", $"names {name}", $"allowed: {(tools.Count > 0 ? string.Join(", ", tools.Select(static t => t.Name)) : "one of tools")}");
                return (chosen, true);
            default:
                body.Wrong("tool_choice", "is none", "allowed: none, auto, required, or a function's name");
                return ([], false);
        }
    }

    static Tool? Tool(Members tool)
    {
        if (tool.Text("type") is var type && type is not "function") tool.Wrong("type", type is null ? "is not there" : $"is {type}", "allowed: function");
        if (tool.Object("function") is not { } function)
        {
            if (tool["function"] is null) tool.Wrong("function", "is not there", "expected a function with name and parameters");
            return null;
        }
        var name = function.Text("name");
        if (name is null or { Length: 0 or > 64 }) function.Wrong("name", "is not there or too long", "expected 1 to 64 characters");
        var parameters = function["parameters"] ?? new Json.Map(Params.Of(("type", (Json)new Json.Text("object")), ("properties", new Json.Map(Params<Json>.Empty)), ("additionalProperties", new Json.Bool(false))));
        if (parameters is not Json.Map) function.Wrong("parameters", $"is {parameters.Kind}", "expected a JSON schema of an object");
        return name is null ? null : new(name, function.Text("description") ?? "", parameters);
    }
}
