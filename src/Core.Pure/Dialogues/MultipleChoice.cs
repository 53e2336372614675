using System.Text;
using Functional.Base;

namespace Functional.Dialogues;

/// <summary>A question with answers to choose from, one of which is right.</summary>
/// <param name="Prompt">What is asked of a model that answers, in order.</param>
/// <param name="Text">What stands before the choices for a model that goes on with a text, such as <c>Question: … Answer:</c> in two lines.</param>
/// <param name="Choices">Two or more, none empty.</param>
/// <param name="Right">Which is right, from 0.</param>
public sealed record MultipleChoice(Vec<Message> Prompt, string Text, Vec<string> Choices, int Right)
{
    /// <summary>A question as models that go on with a text are asked it.</summary>
    public static MultipleChoice Question(string question, Vec<string> choices, int right) =>
        new([new(Role.User, question)], $"Question: {question}\nAnswer:", choices, right);

    /// <summary>A text of which each choice is an end.</summary>
    public static MultipleChoice Ending(string text, Vec<string> choices, int right) => new([new(Role.User, text)], text, choices, right);
}

/// <summary>How likely a model finds a choice behind its question.</summary>
/// <param name="LogProb">The sum of the logarithms of its tokens' probabilities, in nats.</param>
/// <param name="Tokens">How many they are, 1 or more.</param>
/// <param name="Characters">How many characters it has.</param>
/// <param name="Bytes">How many bytes of UTF-8.</param>
public sealed record ScoredChoice(double LogProb, int Tokens, int Characters, int Bytes)
{
    /// <summary>The score of a choice.</summary>
    public static ScoredChoice Of(double logProb, int tokens, string choice) => new(logProb, tokens, choice.EnumerateRunes().Count(), Encoding.UTF8.GetByteCount(choice));

    /// <summary>What choices are compared by.</summary>
    public double By(ChoiceRule rule) => rule switch
    {
        ChoiceRule.Sum => LogProb,
        ChoiceRule.PerToken => LogProb / Tokens,
        ChoiceRule.PerCharacter => LogProb / Characters,
        _ => LogProb / Bytes,
    };
}

/// <summary>What choices are compared by: long ones are less likely than short ones, however right.</summary>
public enum ChoiceRule
{
    /// <summary>The sum of log-probabilities: lm-eval's <c>acc</c>.</summary>
    Sum,
    /// <summary>Their mean over the choice's tokens.</summary>
    PerToken,
    /// <summary>Their sum divided by the choice's characters: lm-eval's <c>acc_norm</c>.</summary>
    PerCharacter,
    /// <summary>Their sum divided by its bytes in UTF-8: lm-eval's <c>acc_bytes</c>, the same for every tokenizer.</summary>
    PerByte,
}

/// <summary>A question with what a model thinks of its choices.</summary>
/// <param name="Question">The question.</param>
/// <param name="Choices">The score of each choice.</param>
public sealed record Chosen(MultipleChoice Question, Vec<ScoredChoice> Choices)
{
    /// <summary>The choice with most; of several the first.</summary>
    public int Pick(ChoiceRule rule)
    {
        var best = 0;
        for (var i = 1; i < Choices.Count; i++)
            if (Choices[i].By(rule) > Choices[best].By(rule)) best = i;
        return best;
    }

    /// <summary>Whether that is the right one.</summary>
    public bool IsRight(ChoiceRule rule) => Pick(rule) == Question.Right;
}

/// <summary>How a model chooses among answers.</summary>
/// <param name="Questions">The questions, one or more.</param>
/// <param name="Cut">How many of them lost the beginning of what stands before the choices, for it was longer than the model's context.</param>
public sealed record ChoiceScores(Vec<Chosen> Questions, int Cut)
{
    /// <summary>How often the choice is right, with Wilson's interval.</summary>
    public Rate Accuracy(ChoiceRule rule) => Rate.Of(Questions.Count(q => q.IsRight(rule)), Questions.Count);

    /// <summary>How often whoever guesses is right.</summary>
    public double Chance => Questions.Average(static q => 1.0 / q.Choices.Count);

    /// <summary>The mean cross-entropy of the right choices, in nats a token.</summary>
    public double Loss => -Questions.Sum(static q => q.Choices[q.Question.Right].LogProb) / Questions.Sum(static q => (double)q.Choices[q.Question.Right].Tokens);

    /// <summary>As if so many tokens had been equally likely each time.</summary>
    public double Perplexity => Math.Exp(Loss);

    /// <summary>Whether another model was asked the same.</summary>
    public bool HasQuestionsOf(ChoiceScores other) => Questions.Select(static q => q.Question).SequenceEqual(other.Questions.Select(static q => q.Question));

    /// <summary>How much more often this is right than another model, on the same questions.</summary>
    /// <param name="other">The other's.</param>
    /// <param name="rule">What choices are compared by.</param>
    /// <param name="key">What decides the draws of the interval (<see cref="Rate.OfMean"/>).</param>
    /// <exception cref="ArgumentException">It was asked other questions.</exception>
    public Rate Difference(ChoiceScores other, ChoiceRule rule, Key key) => HasQuestionsOf(other)
        ? Rate.OfMean([.. Questions.Zip(other.Questions, (a, b) => (a.IsRight(rule) ? 1.0 : 0) - (b.IsRight(rule) ? 1 : 0))], key)
        : throw new ArgumentException("choices among the answers to other questions are not compared.", nameof(other));
}
