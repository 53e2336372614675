using System.Text.Json;
using Functional.Base;
using Functional.Dialogues;
using Microsoft.Extensions.AI;

namespace Functional.Chat;

/// <summary>
/// Messages as a model reads them. What the system says stands together at the beginning; calls and what they gave are texts (<see cref="ToolCalls"/>), the latter the user's;
/// and messages of one side behind each other are one, for many templates want sides to take turns.
/// </summary>
static class ChatTexts
{
    /// <summary>The messages, and what the system says before them.</summary>
    /// <param name="messages">What was said.</param>
    /// <param name="faults">Is told what cannot be read.</param>
    public static (string System, Vec<Message> Messages) Of(IReadOnlyList<ChatMessage> messages, List<Fault> faults)
    {
        var (system, said, names) = (new List<string>(), new List<Message>(), new Dictionary<string, string>(StringComparer.Ordinal));
        foreach (var (message, i) in messages.Select(static (m, i) => (m, i)))
        {
            if (message is null)
            {
                faults.Add(new($"messages[{i}]", "is null", "expected a message"));
                continue;
            }
            var text = string.Join('\n', message.Contents.Select((content, j) => Text(content, names, $"messages[{i}].Contents[{j}]", faults)).Where(static t => t.Length > 0));
            if (message.Role == ChatRole.System) system.Add(text);
            else if (message.Role == ChatRole.User || message.Role == ChatRole.Tool) Add(Role.User, text);
            else if (message.Role == ChatRole.Assistant) Add(Role.Assistant, text);
            else faults.Add(new($"messages[{i}].Role", $"is {message.Role.Value}", "allowed: system, user, assistant, tool"));
        }
        if (messages.Count == 0) faults.Add(new("messages", "is empty", "expected a message or more"));
        else if (faults.Count == 0 && said is not [.., { Role: Role.User }])
            faults.Add(new("messages", "ends with no question", "expected the user's or a tool's message as the last"));
        return (string.Join("\n\n", system.Where(static text => text.Length > 0)), [.. said]);

        void Add(Role role, string text)
        {
            if (said is [.., { } last] && last.Role == role) said[^1] = new(role, last.Text.Length == 0 || text.Length == 0 ? last.Text + text : $"{last.Text}\n{text}");
            else said.Add(new(role, text));
        }
    }

    static string Text(AIContent content, Dictionary<string, string> names, string where, List<Fault> faults)
    {
        switch (content)
        {
            case TextContent text:
                return text.Text;
            case FunctionCallContent call:
                names[call.CallId] = call.Name;
                return ToolCalls.Said(new(call.Name, Json.Parse(JsonSerializer.Serialize(call.Arguments ?? new Dictionary<string, object?>(), AIJsonUtilities.DefaultOptions), where).OrThrow()));
            case FunctionResultContent result:
                return ToolCalls.Result(names.GetValueOrDefault(result.CallId, ""), Given(result.Result));
            // What somebody thought, or what it took, is no part of what was said.
            case TextReasoningContent or UsageContent:
                return "";
            default:
                var kind = content is DataContent { MediaType: var media } ? $"data of {media}" : content?.GetType().Name ?? "null";
                faults.Add(new(where, $"is {kind}", "allowed: texts, calls of functions and what they gave"));
                return "";
        }
    }

    static string Given(object? result) => result switch
    {
        null => "null",
        string text => text,
        JsonElement { ValueKind: JsonValueKind.String } text => text.GetString()!,
        _ => JsonSerializer.Serialize(result, AIJsonUtilities.DefaultOptions),
    };
}
