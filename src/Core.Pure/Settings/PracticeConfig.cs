using Functional.Base;
using Functional.Sampling;

namespace Functional.Settings;

/// <summary>How a stage learns from answers that its own policy writes, and that somebody judges.</summary>
public sealed record PracticeConfig
{
    /// <summary>The judges that need nothing but the answer that the row expects.</summary>
    public static Vec<string> Nearness { get; } = ["exact", "f1", "rouge-l", "number"];

    /// <summary>The judge that a program gives; several have names of their own, <c>function:NAME</c>.</summary>
    public const string Function = "function";

    /// <summary>
    /// What judges answers: <c>exact</c>, <c>f1</c>, <c>rouge-l</c> or <c>number</c>, their nearness to the row's own; <c>format:PATTERN</c> and <c>length:N</c>, which ask
    /// nothing of the row; the folder of a run that has learned rewards; or <c>function</c>, which a program gives. Several have weights (<see cref="JudgeChoice.All"/>).
    /// Nothing where the rows' own answers are learned from.
    /// </summary>
    public string? Judge { get; init; }

    /// <summary>The stage of the recipe, before this one, that has learned the rewards by which answers are judged; nothing where <see cref="Judge"/> says who judges.</summary>
    public string? JudgedBy { get; init; }

    /// <summary>How many prompts a round answers.</summary>
    public int Prompts { get; init; } = 16;

    /// <summary>How many answers each prompt has.</summary>
    public int Answers { get; init; } = 4;

    /// <summary>How many tokens an answer has at most.</summary>
    public int Tokens { get; init; } = 64;

    /// <summary>How answers are drawn.</summary>
    public SamplingConfig Sampling { get; init; } = new();

    /// <summary>What is taken off the reward of an answer that the model did not end.</summary>
    public double EndPenalty { get; init; }

    /// <summary>How many times the rows of a round are gone through.</summary>
    public int Epochs { get; init; } = 1;

    /// <summary>Those who judge, each with what its word counts.</summary>
    public Vec<JudgeChoice> Judges => JudgeChoice.All(Judge);

    static readonly Vec<StageKind> judged = [StageKind.Dpo, StageKind.Grpo, StageKind.Ppo, StageKind.Trpo], kinds = [.. judged, StageKind.Distill];

    /// <summary>Its settings.</summary>
    internal static Vec<Field<PracticeConfig>> Fields { get; } =
    [
        .. new Field<PracticeConfig>[]
        {
            new("judge", nameof(Judge), "what judges answers that the policy writes itself, from which it then learns; else the rows' own answers are learned from",
                JudgeChoice.Allowed, static c => c.Judge, static (c, text) => c with { Judge = text }, static c => JudgeChoice.IsSound(c.Judge)) { IsText = true, Kinds = judged, Aliases = ["reward-model", "reward-from"] },
            new("judged-by", nameof(JudgedBy), "the stage before it that judges those answers, in place of a judge", "the name of a stage before it that learns rewards, or nothing",
                static c => c.JudgedBy, static (c, text) => c with { JudgedBy = text }, static c => c.JudgedBy != "") { IsText = true, Kinds = judged },
            Make.Whole<PracticeConfig>("round-prompts", "prompts that a round answers", static c => c.Prompts, static (c, v) => c with { Prompts = (int)v }, 1, 1 << 16),
            Make.Whole<PracticeConfig>("round-answers", "answers that each of them has", static c => c.Answers, static (c, v) => c with { Answers = (int)v }, 1, 1 << 12)
                with { Aliases = ["num-generations", "group-size"] },
            Make.Whole<PracticeConfig>("answer-tokens", "tokens of an answer at most", static c => c.Tokens, static (c, v) => c with { Tokens = (int)v }, 1, 1 << 20)
                with { Aliases = ["max-new-tokens", "max-completion-length", "response-length"] },
            Make.Number<PracticeConfig>("answer-temperature", "what the logits of answers are divided by", "above 0", static c => c.Sampling.Temperature,
                static (c, v) => c with { Sampling = c.Sampling with { Temperature = v } }, static v => v > 0),
            Make.Whole<PracticeConfig>("answer-top-k", "only so many of the likeliest tokens may be drawn; 0 for all", static c => c.Sampling.TopK,
                static (c, v) => c with { Sampling = c.Sampling with { TopK = (int)v } }, 0, int.MaxValue),
            Make.Number<PracticeConfig>("answer-top-p", "only the likeliest tokens that have this share together", "above 0, up to 1", static c => c.Sampling.TopP,
                static (c, v) => c with { Sampling = c.Sampling with { TopP = v } }, static v => v is > 0 and <= 1),
            Make.Number<PracticeConfig>("end-penalty", "what is taken off the reward of an answer that the model did not end", "0 or more", static c => c.EndPenalty,
                static (c, v) => c with { EndPenalty = v }, static v => v >= 0) with { Kinds = judged, Aliases = ["missing-eos-penalty"] },
            Make.Whole<PracticeConfig>("round-epochs", "times that the rows of a round are gone through", static c => c.Epochs, static (c, v) => c with { Epochs = (int)v }, 1, 1 << 16)
                with { Kinds = [StageKind.Dpo, StageKind.Grpo, StageKind.Ppo, StageKind.Distill], Aliases = ["num-iterations", "ppo-epochs"] },
        }.Select(static f => f with { Fixed = true, IsDetail = true, Kinds = f.Kinds.Count > 0 ? f.Kinds : kinds }),
    ];
}
