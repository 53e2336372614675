using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Dialogues;

/// <summary>Rows that are only asked; answers in them are passed over.</summary>
public static class PromptShapes
{
    /// <summary>The forms that are known.</summary>
    public static Vec<RowShape<Vec<Message>>> All { get; } =
    [
        new("messages", "messages: role and content, or from and value", static f => f.HasList("messages"), static row => Asked(row, "messages")),
        new("ShareGPT", "conversations: from and value, or role and content", static f => f.HasList("conversations"), static row => Asked(row, "conversations")),
        new("instruction", "instruction, input or context", static f => f.Contains("instruction"), static row =>
            (row.Maybe("system"), row.Text("instruction"), row.Maybe(row.Fields.Contains("input") ? "input" : "context"))
                .Apply(static (system, asked, about) => Some(RowShapes.With(system, new Message(Role.User, asked) { Input = about })))),
        new("prompt", "prompt or question; system", static f => f.First("prompt", "question").IsSome, static row => row.Fields.First("prompt", "question").IfNone("") is var name
            && row.Fields.HasList(name) ? Asked(row, name)
            : (row.Maybe("system"), row.Text(name)).Apply(static (system, asked) => Some(RowShapes.With(system, new Message(Role.User, asked))))),
    ];

    /// <summary>Whether a row asks and has no answer: no column for one, or messages in which the assistant says nothing.</summary>
    public static bool HasNoAnswer(Row row) => All.Any(shape => shape.Fits(row.Fields))
        && (row.Fields.HasList("messages") || row.Fields.HasList("conversations")
            ? row.Messages(row.Fields.HasList("messages") ? "messages" : "conversations").Exists(static messages => messages.All(static m => m.Role != Role.Assistant))
            : !ConversationShapes.All.Any(shape => shape.Fits(row.Fields)));

    /// <summary>Whether a row is of messages of which the last is what the assistant says.</summary>
    public static bool EndsWithAnswer(Row row) =>
        row.Messages(row.Fields.HasList("messages") ? "messages" : "conversations").Exists(static m => m is [.., { Role: Role.Assistant }]);

    // Up to what the user says last.
    static Validation<Fault, Option<Vec<Message>>> Asked(Row row, string name) => (row.Maybe("system"), row.Messages(name)).Apply(static (system, messages) => RowShapes.With(system, [.. messages]))
        .Bind(messages => messages.ToList().FindLastIndex(static m => m.Role == Role.User) is >= 0 and var last
            ? Success<Fault, Option<Vec<Message>>>(Some((Vec<Message>)[.. messages.Take(last + 1)]))
            : Fault.Of<Option<Vec<Message>>>(row.Where, $"its {name} has nothing that the user says", "expected a question"));
}
