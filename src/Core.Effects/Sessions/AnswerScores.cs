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

    /// <summary>A mean over all answers.</summary>
    public double Mean(Func<AnswerMatch, double> of) => Answers.Count == 0 ? double.NaN : Answers.Average(a => of(a.Match));
}
