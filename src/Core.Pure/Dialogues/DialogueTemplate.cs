using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Dialogues;

/// <summary>A part of a conversation's text, encoded by itself: what stands there when a model begins to write is encoded as it was in training.</summary>
/// <param name="Text">The text.</param>
/// <param name="Learns">Whether the assistant writes it, so that it is learned.</param>
/// <param name="Ends">Whether the tokenizer's own end token comes after it, which is learned as it is.</param>
public sealed record Segment(string Text, bool Learns, bool Ends = false);

/// <summary>
/// How messages become text, and what of it is learned. A value: equal templates make equal texts. Text of messages is put in as it is; which special tokens are
/// the template's own and which only stand in a message is the <see cref="DialogueEncoder"/>'s business.
/// </summary>
/// <param name="Name">What it is called.</param>
public abstract record DialogueTemplate(string Name)
{
    /// <summary>The templates that are built in; beside them there are <c>own</c>, which comes with a model, and a user's, in a file.</summary>
    public static Vec<MarkTemplate> BuiltIn { get; } = MarkTemplate.All;

    /// <summary>What a model's own chat template is called.</summary>
    public const string Own = "own";

    /// <summary>The built-in template of that name, or what is allowed.</summary>
    public static Validation<Fault, DialogueTemplate> Named(string name) => BuiltIn.FirstOrDefault(t => t.Name == name) is { } found
        ? Success<Fault, DialogueTemplate>(found)
        : Fault.Of<DialogueTemplate>("template", $"is {name}", $"allowed: {string.Join(", ", BuiltIn.Select(static t => t.Name))}, {Own}, or the file of one, in YAML or JSON");

    /// <summary>The mark at the end of what the assistant says; empty where there is none, and the tokenizer's end token takes its place.</summary>
    public abstract string End { get; }

    /// <summary>What stands for the end where neither the template has a mark nor the tokenizer a token; may be empty.</summary>
    public abstract string Fallback { get; }

    /// <summary>
    /// The parts of a conversation. After what the assistant says comes its end, which is learned, too: the template's mark, else the tokenizer's token, else
    /// <see cref="Fallback"/>.
    /// </summary>
    /// <param name="messages">What is said, in order.</param>
    /// <param name="prompt">Whether the text ends where the assistant is to speak.</param>
    /// <param name="hasEnd">Whether the tokenizer has a token for the end of a text.</param>
    /// <param name="where">What faults call the conversation.</param>
    public abstract Validation<Fault, Vec<Segment>> Segments(Vec<Message> messages, bool prompt, bool hasEnd, string where);

    /// <summary>The whole text, for people; without the tokenizer's end tokens.</summary>
    /// <param name="messages">What is said, in order.</param>
    /// <param name="prompt">Whether it ends where the assistant is to speak.</param>
    public Validation<Fault, string> Text(Vec<Message> messages, bool prompt = false) =>
        Segments(messages, prompt, hasEnd: true, $"template {Name}").Map(static all => string.Concat(all.Select(static s => s.Text)));
}
