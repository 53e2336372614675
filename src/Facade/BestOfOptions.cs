using Functional.Base;
using Functional.Sampling;
using Functional.Sessions;
using LanguageExt;

namespace Functional;

/// <summary>What a model is asked several times, who chooses among its answers, and what else is done with them.</summary>
public sealed record BestOfOptions
{
    /// <summary>A file or folder of rows; nothing for the questions that the run has kept for evaluation.</summary>
    public string? File { get; init; }

    /// <summary>How they are asked: a built-in template's name, <c>own</c>, or the file of one; nothing for what the run was trained with, or its model's own.</summary>
    public string? Template { get; init; }

    /// <summary>Which columns of the file are meant, as <c>prompt=question,response=answer</c>.</summary>
    public string? Columns { get; init; }

    /// <summary>How many prompts at most, spread evenly over all; 0 for all.</summary>
    public int Questions { get; init; } = 20;

    /// <summary>How many answers each has, 1 or more.</summary>
    public int Answers { get; init; } = 16;

    /// <summary>How many tokens an answer has at most, 1 or more.</summary>
    public int Tokens { get; init; } = 32;

    /// <summary>What logits are divided by before an answer is drawn, above 0 where there are several answers.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Only so many of the likeliest tokens may be drawn; 0 for all.</summary>
    public int TopK { get; init; }

    /// <summary>Only the likeliest tokens that have this share together may be drawn, above 0 and up to 1.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>The same seed draws the same answers, 0 or more.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>
    /// Who chooses: <c>exact</c>, <c>f1</c> or <c>rouge-l</c>, nearness to the row's own answer; or the folder of a run that has learned rewards. Nothing for the
    /// function that is given, else for <c>exact</c>.
    /// </summary>
    public string? Judge { get; init; }

    /// <summary>What answers are measured by, of the same kinds; nothing for the function that is given, else for the judge itself.</summary>
    public string? Measure { get; init; }

    /// <summary>Whether likelier answers count more in a vote: each as much as the geometric mean of its tokens' probabilities.</summary>
    public bool Weighted { get; init; }

    /// <summary>The form in which answers are the same to a vote, such as what stands behind a last equals sign; nothing for small letters, single blanks and no full stop.</summary>
    public Func<string, string>? Normal { get; init; }

    /// <summary>How often the model revises its best answer, 0 or more: for models that follow instructions.</summary>
    public int Revisions { get; init; }

    /// <summary>How many answers each revision writes, 1 or more.</summary>
    public int RevisionAnswers { get; init; } = 4;

    /// <summary>What it is asked then.</summary>
    public RevisionTexts RevisionTexts { get; init; } = RevisionTexts.Standard;

    SamplingConfig Sampling => new() { Temperature = Temperature, TopK = TopK, TopP = TopP };

    internal TestTimeRules Rules => new(Answers, Tokens, Sampling, Key.Seed((ulong)Seed), Weighted, Normal ?? Vote.Normal, Revisions, RevisionAnswers, RevisionTexts);

    /// <summary>These options, or every fault in them at once.</summary>
    public Validation<Fault, BestOfOptions> Validate() => new[]
    {
        Fault.Unless(Questions >= 0, nameof(Questions), $"is {Questions}", "allowed: 0 (all) or more"),
        Fault.Unless(Answers is >= 1 and <= MostAnswers, nameof(Answers), $"is {Answers}", $"allowed: 1 to {MostAnswers}"),
        Fault.Unless(Tokens >= 1, nameof(Tokens), $"is {Tokens}", "allowed: 1 or more"),
        Fault.Unless(Seed >= 0, nameof(Seed), $"is {Seed}", "allowed: 0 or more"),
        Fault.Unless(Temperature != 0 || (Answers == 1 && Revisions == 0), nameof(Temperature), "is 0, which would draw the same answer every time", "allowed: above 0"),
        Fault.Unless(Revisions is >= 0 and <= MostAnswers, nameof(Revisions), $"is {Revisions}", $"allowed: 0 (none) to {MostAnswers}"),
        Fault.Unless(RevisionAnswers is >= 1 and <= MostAnswers, nameof(RevisionAnswers), $"is {RevisionAnswers}", $"allowed: 1 to {MostAnswers}"),
        Fault.Unless(Judge is not "", nameof(Judge), "is empty", "allowed: exact, f1, rouge-l, or the folder of a run that has learned rewards"),
        Fault.Unless(Measure is not "", nameof(Measure), "is empty", "allowed: exact, f1, rouge-l, or the folder of a run that has learned rewards"),
        Sampling.Validate().Map(static _ => Unit.Default).MapFail(static f => f with
        {
            Where = f.Where switch { "temperature" => nameof(Temperature), "top-k" => nameof(TopK), _ => nameof(TopP) },
        }),
        RevisionTexts.Validate(nameof(RevisionTexts)).Map(static _ => Unit.Default),
    }.Gather().Map(_ => this);

    /// <summary>The most answers, revisions and answers of a revision.</summary>
    public const int MostAnswers = 1 << 16;
}
