using Functional.Base;
using Functional.Dialogues;
using Functional.Generation;
using Functional.Sampling;
using LanguageExt;

namespace Functional;

/// <summary>How a model is asked a question, and how it answers.</summary>
public sealed record AskOptions : DecodingOptions
{
    /// <summary>How it is asked: a built-in template's name, <c>own</c>, or the file of one; nothing for <see cref="LanguageModel.UsualTemplate"/>.</summary>
    public string? Template { get; init; }

    /// <summary>What holds throughout, said by the system; nothing where it says nothing.</summary>
    public string? System { get; init; }

    /// <summary>
    /// What was said before, in order: questions and answers. Where not all of it has room in the model's context beside the question and an answer, the oldest is
    /// left out (<see cref="Reply.Forgotten"/>).
    /// </summary>
    public Vec<Message> Before { get; init; } = [];

    /// <summary>How many tokens an answer has at most, 1 or more; fewer where the model's context has no room for so many.</summary>
    public int Tokens { get; init; } = 256;

    /// <summary>0 takes the likeliest token each time, 1 draws as the model believes.</summary>
    public double Temperature { get; init; }

    /// <summary>Only so many of the most likely tokens may be drawn; 0 for all.</summary>
    public int TopK { get; init; }

    /// <summary>Only the most likely tokens that together reach this share may be drawn; 1 for all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>The same seed draws the same answer, 0 or more.</summary>
    public long Seed { get; init; } = 1;

    private protected override SamplingConfig Config => new() { Temperature = Temperature, TopK = TopK, TopP = TopP };

    internal Vec<Message> Messages(string question) => Said([new(Role.User, question)]);

    internal Vec<Message> Said(IEnumerable<Message> messages) => [.. string.IsNullOrWhiteSpace(System) ? (Message[])[] : [new(Role.System, System)], .. Before, .. messages];

    /// <summary>These options, or every fault in them at once, each under the name of its property.</summary>
    public Validation<Fault, AskOptions> Validate() => new[]
    {
        Fault.Unless(Tokens >= 1, nameof(Tokens), $"is {Tokens}", "allowed: 1 or more"),
        Fault.Unless(Seed >= 0, nameof(Seed), $"is {Seed}", "allowed: 0 or more"),
    }.Concat(Checks).Gather().Map(_ => this);
}

/// <summary>What a model said to a question.</summary>
/// <param name="Answer">Its tokens, their log-probabilities, its text, and why it ends.</param>
/// <param name="Forgotten">How many of the oldest messages of <see cref="AskOptions.Before"/> were left out for want of room.</param>
public sealed record Reply(Answer Answer, int Forgotten)
{
    /// <summary>The text.</summary>
    public string Text => Answer.Text;

    /// <summary>The text.</summary>
    public override string ToString() => Text;
}
