using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Dialogues;

/// <summary>Conversations in one text, as Anthropic's HH data has them: each message after an empty line and <c>Human: </c> or <c>Assistant: </c>.</summary>
static class Transcript
{
    const string Human = "Human:", Assistant = "Assistant:", Between = "\n\n";

    public static bool IsOne(string text) => text.TrimStart().StartsWith(Human, StringComparison.Ordinal);

    public static Validation<Fault, Vec<Message>> Read(string text, string where, string name)
    {
        if (!IsOne(text)) return Fault.Of<Vec<Message>>(where, $"its {name} is no transcript: it does not begin with {Human}", $"expected {Human} and {Assistant} in turn; or a column prompt");
        // A text that ends with "Assistant:" asks for what comes next, and says nothing.
        var trimmed = text.Trim();
        var open = trimmed.EndsWith(Between + Assistant, StringComparison.Ordinal);
        if (open) trimmed = trimmed[..^Assistant.Length].TrimEnd();
        var messages = new List<Message>();
        for (var at = 0; at < trimmed.Length;)
        {
            var role = trimmed.AsSpan(at).StartsWith(Human) ? Role.User : Role.Assistant;
            at += (role == Role.User ? Human : Assistant).Length;
            var next = Next(trimmed, at);
            var said = trimmed[at..next].Trim();
            if (said.Length == 0) return Fault.Of<Vec<Message>>(where, $"message {messages.Count + 1} of its {name} is empty", "expected a text");
            messages.Add(new(role, said));
            at = next < trimmed.Length ? next + Between.Length : next;
        }
        return Success<Fault, Vec<Message>>([.. messages]);
    }

    static int Next(string text, int from)
    {
        for (var at = from; ; at++)
        {
            at = text.IndexOf(Between, at, StringComparison.Ordinal);
            if (at < 0) return text.Length;
            var rest = text.AsSpan(at + Between.Length);
            if (rest.StartsWith(Human) || rest.StartsWith(Assistant)) return at;
        }
    }
}
