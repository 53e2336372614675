using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Dialogues;

/// <summary>Rows to be fine-tuned on.</summary>
public static class ConversationShapes
{
    /// <summary>The forms that are known.</summary>
    public static Vec<RowShape<Conversation>> All { get; } =
    [
        new("messages", "messages: role and content, or from and value", static f => f.HasList("messages"), static row => Talk(row, "messages")),
        new("ShareGPT", "conversations: from and value, or role and content", static f => f.HasList("conversations"), static row => Talk(row, "conversations")),
        new("Alpaca", "instruction, input, output", static f => f.Contains("instruction") && f.Contains("output"),
            static row => Told(row, "instruction", "input", "output")),
        new("Dolly", "instruction, context, response", static f => f.Contains("instruction") && f.Contains("response"),
            static row => Told(row, "instruction", "context", "response")),
        new("prompt and completion", "prompt or question; completion, response or answer; system",
            static f => f.First("prompt", "question").IsSome && f.First("completion", "response", "answer", "output").IsSome, static row =>
                row.Fields.First("prompt", "question").IfNone("") is var prompt && row.Fields.First("completion", "response", "answer", "output").IfNone("") is var answer
                && row.Fields.HasList(prompt) ? Continued(row, prompt, answer) : Told(row, prompt, "input", answer)),
    ];

    static Validation<Fault, Option<Conversation>> Told(Row row, string instruction, string input, string output) =>
        (row.Maybe("system"), row.Text(instruction), row.Maybe(input), row.Text(output)).Apply(static (system, asked, about, answer) =>
            Some(new Conversation(RowShapes.With(system, new(Role.User, asked) { Input = about }, new(Role.Assistant, answer)))));

    static Validation<Fault, Option<Conversation>> Talk(Row row, string name) =>
        (row.Maybe("system"), row.Messages(name)).Apply(static (system, messages) => RowShapes.With(system, [.. messages]))
            .Bind(messages => Answered(row, name, messages));

    // A prompt of messages, and a completion that is a text or messages.
    static Validation<Fault, Option<Conversation>> Continued(Row row, string prompt, string answer) =>
        (row.Messages(prompt), row.Fields[answer] is Json.List ? row.Messages(answer) : row.Text(answer).Map(static t => (Vec<Message>)[new(Role.Assistant, t)]))
            .Apply(static (asked, answered) => (Asked: asked, Answered: answered))
            .Bind(both => Answered(row, answer, [.. both.Asked.Select(static m => m with { Learns = false }), .. both.Answered]));

    static Validation<Fault, Option<Conversation>> Answered(Row row, string name, Vec<Message> messages) =>
        messages.Any(static m => m is { Role: Role.Assistant, Learns: true }) ? Success<Fault, Option<Conversation>>(Some(new Conversation(messages)))
            : Fault.Of<Option<Conversation>>(row.Where, $"its {name} has nothing to learn: the assistant says nothing", "expected a message of the assistant (assistant, gpt)");
}
