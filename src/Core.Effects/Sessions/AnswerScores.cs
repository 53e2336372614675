using Functional.Base;
using Functional.Dialogues;
using Functional.Generation;

namespace Functional.Sessions;

/// <summary>A question of the rows that a model is evaluated on, with what it answers.</summary>
/// <param name="Prompt">What is asked, as people read it.</param>
/// <param name="Expected">The answer in the rows.</param>
/// <param name="Answer">The model's.</param>
public sealed record Answered(string Prompt, string Expected, Answer Answer)
{
    /// <summary>What is asked, message by message.</summary>
    public Vec<Message> Asked { get; init; } = [];

    /// <summary>How near they are.</summary>
    public AnswerMatch Match => AnswerMatch.Of(Answer.Text, Expected);
}

/// <summary>How a model answers questions.</summary>
/// <param name="Loss">The mean cross-entropy of the expected answers, in nats a token.</param>
/// <param name="Answers">The questions, each with the likeliest answer.</param>
public sealed record AnswerScores(double Loss, Vec<Answered> Answers)
{
    /// <summary>As if so many tokens had been equally likely each time.</summary>
    public double Perplexity => Math.Exp(Loss);

    /// <summary>The share of answers that are the expected ones, but for case, punctuation at the ends and white space.</summary>
    public double Exact => Mean(static m => m.Exact ? 1 : 0);

    /// <summary>The same with its interval.</summary>
    public Rate ExactRate => Rate.Of(Answers.Count(static a => a.Match.Exact), Answers.Count);

    /// <summary>How much more this has in the mean than another model's answers to the same questions.</summary>
    /// <param name="other">The other's, as many.</param>
    /// <param name="of">What is compared.</param>
    /// <param name="key">What decides the draws of the interval (<see cref="Rate.OfMean"/>).</param>
    /// <exception cref="ArgumentException">They answered other questions.</exception>
    public Rate Difference(AnswerScores other, Func<AnswerMatch, double> of, Key key) => HasQuestionsOf(other)
        ? Rate.OfMean([.. Answers.Zip(other.Answers, (a, b) => of(a.Match) - of(b.Match))], key)
        : throw new ArgumentException("answers to other questions are not compared.", nameof(other));

    /// <summary>Whether another model was asked the same.</summary>
    public bool HasQuestionsOf(AnswerScores other) => Answers.Select(static a => a.Prompt).SequenceEqual(other.Answers.Select(static a => a.Prompt), StringComparer.Ordinal);

    /// <summary>A mean over all answers.</summary>
    public double Mean(Func<AnswerMatch, double> of) => Answers.Count == 0 ? double.NaN : Answers.Average(a => of(a.Match));
}
