using Functional.Base;

namespace Functional.Dialogues;

/// <summary>Who speaks.</summary>
public enum Role
{
    /// <summary>Whoever set the conversation up: what holds throughout it.</summary>
    System,
    /// <summary>Whoever asks.</summary>
    User,
    /// <summary>Who answers: what a model learns to be.</summary>
    Assistant,
}

/// <summary>What somebody says in a conversation.</summary>
/// <param name="Role">Who.</param>
/// <param name="Text">What.</param>
public sealed record Message(Role Role, string Text)
{
    /// <summary>What an instruction is about, beside the instruction itself: Alpaca's <c>input</c>, Dolly's <c>context</c>; empty where there is none.</summary>
    public string Input { get; init; } = "";

    /// <summary>Whether a model is to learn it, where it is the assistant's; OpenAI's <c>weight</c> of 0 says no.</summary>
    public bool Learns { get; init; } = true;

    /// <summary>The whole text, for templates that have no place for an input of its own.</summary>
    public string Whole => Input.Length == 0 ? Text : $"{Text}\n\n{Input}";
}

/// <summary>A conversation to learn from: in at least one message the assistant speaks.</summary>
/// <param name="Messages">What is said, in order.</param>
public sealed record Conversation(Vec<Message> Messages);

/// <summary>Answers to one prompt in the order in which people like them; two make a pair.</summary>
/// <param name="Prompt">What they answer, in order.</param>
/// <param name="Answers">Two or more, all different, the best first.</param>
/// <param name="Margin">How much better each is than the next, 0 or more; 0 says no more than that it is better.</param>
public sealed record Ranking(Vec<Message> Prompt, Vec<string> Answers, double Margin = 0);

/// <summary>An answer that was judged by itself.</summary>
/// <param name="Prompt">What it answers, in order.</param>
/// <param name="Answer">The answer.</param>
/// <param name="Good">Whether it is as wished.</param>
public sealed record Judged(Vec<Message> Prompt, string Answer, bool Good);
