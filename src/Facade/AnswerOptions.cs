using Functional.Base;
using Functional.Sampling;
using LanguageExt;

namespace Functional;

/// <summary>Which questions a model is asked, and how it answers.</summary>
public sealed record AnswerOptions
{
    /// <summary>A file or folder of rows; nothing for the questions that the run has kept for evaluation.</summary>
    public string? File { get; init; }

    /// <summary>How they are asked: a built-in template's name, <c>own</c>, or the file of one; nothing for what the run was trained with, or its model's own.</summary>
    public string? Template { get; init; }

    /// <summary>The folder of a run that is to be compared with: its questions are asked in place of the run's own, as that would be asked; nothing for none.</summary>
    public string? Like { get; init; }

    /// <summary>Which columns of the file are meant, as <c>prompt=question,response=answer</c>.</summary>
    public string? Columns { get; init; }

    /// <summary>How many questions at most, spread evenly over all; 0 for all.</summary>
    public int Questions { get; init; }

    /// <summary>How many tokens an answer has at most, 1 or more.</summary>
    public int Tokens { get; init; } = 128;

    /// <summary>0 takes the likeliest token each time, 1 draws as the model believes.</summary>
    public double Temperature { get; init; }

    /// <summary>The same seed draws the same answers, 0 or more.</summary>
    public long Seed { get; init; } = 1;

    internal SamplingConfig Sampling => new() { Temperature = Temperature };

    /// <summary>These options, or every fault in them at once.</summary>
    public Validation<Fault, AnswerOptions> Validate() => new[]
    {
        Fault.Unless(Questions >= 0, nameof(Questions), $"is {Questions}", "allowed: 0 (all) or more"),
        Fault.Unless(Tokens >= 1, nameof(Tokens), $"is {Tokens}", "allowed: 1 or more"),
        Fault.Unless(Seed >= 0, nameof(Seed), $"is {Seed}", "allowed: 0 or more"),
        Sampling.Validate().Map(static _ => Unit.Default).MapFail(static f => f with { Where = nameof(Temperature) }),
    }.Gather().Map(_ => this);
}
