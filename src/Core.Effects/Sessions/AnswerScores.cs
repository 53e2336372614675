using Functional.Base;
using Functional.Dialogues;
using Functional.Generation;

namespace Functional.Sessions;

/// <summary>A question of the rows that a model is evaluated on, with what it answers.</summary>
/// <param name="Prompt">What is asked, as people read it.</param>
/// <param name="Expected">The answer in the rows; nothing where they have none.</param>
/// <param name="Answer">The model's.</param>
public sealed record Answered(string Prompt, string? Expected, Answer Answer)
{
    /// <summary>What is asked, message by message.</summary>
    public Vec<Message> Asked { get; init; } = [];

    /// <summary>How near they are; nothing where no answer is expected.</summary>
    public AnswerMatch? Match => Expected is null ? null : AnswerMatch.Of(Answer.Text, Expected);

    /// <summary>What is asked and answered, in a line.</summary>
    public override string ToString() => $"{Line(Prompt)} → {Line(Answer.Text)}{(Expected is null ? "" : $" (expected: {Line(Expected)})")}";

    static string Line(string text) => text.Trim().ReplaceLineEndings(" ");
}

/// <summary>How a model answers questions.</summary>
/// <param name="Loss">The mean cross-entropy of the expected answers, in nats a token; NaN where none is expected.</param>
/// <param name="Answers">The questions, each with what it answers.</param>
public sealed record AnswerScores(double Loss, Vec<Answered> Answers)
{
    /// <summary>How many questions expect an answer: all that is compared is of these.</summary>
    public int Compared => Answers.Count(static a => a.Expected is not null);

    /// <summary>As if so many tokens had been equally likely each time.</summary>
    public double Perplexity => Math.Exp(Loss);

    /// <summary>The share of answers that are the expected ones, but for case, punctuation at the ends and white space.</summary>
    public double Exact => Mean(static m => m.Exact ? 1 : 0);

    /// <summary>The same with its interval.</summary>
    public Rate ExactRate => Rate.Of(Answers.Count(static a => a.Match is { Exact: true }), Compared);

    /// <summary>How much more this has in the mean than another model's answers to the same questions.</summary>
    /// <param name="other">The other's, as many.</param>
    /// <param name="of">What is compared.</param>
    /// <param name="key">What decides the draws of the interval (<see cref="Rate.OfMean"/>).</param>
    /// <exception cref="ArgumentException">They answered other questions.</exception>
    public Rate Difference(AnswerScores other, Func<AnswerMatch, double> of, Key key) => HasQuestionsOf(other)
        ? Rate.OfMean([.. Answers.Zip(other.Answers, (a, b) => a.Match is { } mine && b.Match is { } theirs ? of(mine) - of(theirs) : double.NaN).Where(static d => !double.IsNaN(d))], key)
        : throw new ArgumentException("answers to other questions are not compared.", nameof(other));

    /// <summary>Whether another model was asked the same.</summary>
    public bool HasQuestionsOf(AnswerScores other) => Answers.Select(static a => a.Prompt).SequenceEqual(other.Answers.Select(static a => a.Prompt), StringComparer.Ordinal);

    /// <summary>A mean over all answers to questions that expect one; NaN where none does.</summary>
    public double Mean(Func<AnswerMatch, double> of) => Answers.Select(static a => a.Match).OfType<AnswerMatch>().Select(of).DefaultIfEmpty(double.NaN).Average();

    /// <summary>The scores in a line.</summary>
    public override string ToString() => FormattableString.Invariant($"{Answers.Count} questions{(Compared > 0 ? FormattableString.Invariant($": loss {Loss:0.0000}, exact {ExactRate}, F1 {Mean(static m => m.F1):0.000}, ROUGE-L {Mean(static m => m.RougeL):0.000}") : ", without answers that are expected")}");
}
