using Functional.Base;
using Functional.Learning;
using Functional.Models;

namespace Functional.Settings;

/// <summary>How a stage learns from what a teacher expects at each token, where it does.</summary>
public sealed record DistillConfig
{
    /// <summary>The run that teaches: its folder, that of a stage or of a checkpoint in it; nothing where nobody does.</summary>
    public string? Teacher { get; init; }

    /// <summary>The teacher's architecture, as its folder has it; nothing before that was read, and then it is taken for the student's.</summary>
    public DecoderConfig? Architecture { get; init; }

    /// <summary>Which divergence is made small, and how much the rows' own tokens count beside it.</summary>
    public DistillOptions Options { get; init; } = new();

    /// <summary>The share of a round's prompts that the student answers itself, in [0, 1]; of the others it reads the rows' own answers.</summary>
    public double OwnShare { get; init; }

    /// <summary>Whether it learns every token of a text, as pretraining does, in place of answers.</summary>
    public bool OnText { get; init; }

    /// <summary>Its settings.</summary>
    internal static Vec<Field<DistillConfig>> Fields { get; } =
    [
        .. new Field<DistillConfig>[]
        {
            Make.Path<DistillConfig>("teacher", "the run whose distributions are learned", "the folder of a run, of a stage in it, or of a checkpoint", static c => c.Teacher,
                static (c, text) => c with { Teacher = text, Architecture = null }) with { Aliases = ["teacher-model", "teacher-from"] },
            Make.Number<DistillConfig>("distill-beta", "which divergence is made small: 0 is KL(teacher ‖ student), 1 is KL(student ‖ teacher), between lie generalised Jensen–Shannon divergences", "0 to 1",
                static c => c.Options.Beta, static (c, v) => c with { Options = c.Options with { Beta = v } }, static v => v is >= 0 and <= 1) with { Aliases = ["jsd-beta", "gkd-beta"] },
            Make.Number<DistillConfig>("distill-temperature", "what the logits of both are divided by", "above 0", static c => c.Options.Temperature,
                static (c, v) => c with { Options = c.Options with { Temperature = v } }, static v => v > 0) with { Aliases = ["teacher-temperature"] },
            Make.Number<DistillConfig>("answer-weight", "what the cross-entropy of the rows' own tokens counts beside", "0 or more", static c => c.Options.AnswerWeight,
                static (c, v) => c with { Options = c.Options with { AnswerWeight = v } }, static v => v >= 0) with { Aliases = ["hard-label-weight"] },
            Make.Number<DistillConfig>("own-share", "share of a round's prompts that the student answers itself; of the others it reads the rows' answers, each in a row of its own", "0 to 1", static c => c.OwnShare,
                static (c, v) => c with { OwnShare = v }, static v => v is >= 0 and <= 1) with { Aliases = ["lmbda", "on-policy-share"] },
            Make.Truth<DistillConfig>("on-text", "every token of a text is learned, in place of answers in rows", static c => c.OnText, static (c, v) => c with { OnText = v }),
        }.Select(static f => f with { Fixed = true, IsDetail = true, Kinds = [StageKind.Distill] }),
    ];
}
