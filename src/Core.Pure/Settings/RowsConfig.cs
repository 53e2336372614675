using Functional.Base;

namespace Functional.Settings;

/// <summary>How rows of a file, such as instructions and answers, become what a stage learns from.</summary>
public sealed record RowsConfig
{
    /// <summary>
    /// How messages become text: a template that is built in, <c>own</c> for the model's, or the file of one; nothing for the model's own where it has one, else
    /// <c>alpaca</c>, and <c>user-assistant</c> for the embedded world.
    /// </summary>
    public string? Template { get; init; }

    /// <summary>Which columns of the file are meant, as <c>prompt=question,response=answer</c>; nothing for those that are found.</summary>
    public string? Columns { get; init; }

    /// <summary>Which questions of the embedded world are asked, where there is no file: <c>all</c>, or kinds with + between them.</summary>
    public string Lessons { get; init; } = "all";

    /// <summary>
    /// The share of those questions whose answers, where they are learned, are wrong, as of people who err: what is imitated errs, too, and is bettered by rewards and
    /// preferences. In [0, 1).
    /// </summary>
    public double Slips { get; init; }

    /// <summary>Whether several short conversations share a row, where they see nothing of each other: the same loss for less work.</summary>
    public bool Packing { get; init; } = true;

    /// <summary>Whether the first pass goes from short rows to long ones (Bengio et al. 2009).</summary>
    public bool Curriculum { get; init; }

    /// <summary>Whether comparisons of two equal answers are left out; else they are faults.</summary>
    public bool SkipsEqual { get; init; }

    /// <summary>How strong the noise on embeddings is in training (NEFTune; Jain et al. 2023); 0 for none, 5 is usual.</summary>
    public double Neftune { get; init; }

    /// <summary>Whether answers are learned by dynamic fine-tuning: tokens count as much as the model already finds them likely (Wu et al. 2025).</summary>
    public bool Dft { get; init; }

    static readonly Vec<StageKind> rows = [StageKind.Sft, StageKind.Distill, StageKind.Reward, StageKind.Dpo, StageKind.Grpo, StageKind.Ppo, StageKind.Trpo],
        ordered = [StageKind.Sft, StageKind.Distill, StageKind.Reward, StageKind.Dpo];

    /// <summary>Its settings.</summary>
    internal static Vec<Field<RowsConfig>> Fields { get; } =
    [
        new("template", nameof(Template), "how messages become text", "alpaca, user-assistant, human-assistant, chatml, llama3, plain, own for the model's, or the file of one",
            static c => c.Template, static (c, text) => c with { Template = text }, static c => c.Template != "")
            { Fixed = true, IsText = true, IsDetail = true, Kinds = rows, Aliases = ["chat-template", "prompt-style"] },
        new("columns", nameof(Columns), "which columns are meant, as prompt=question,response=answer", "NAME=COLUMN, with commas between them, or nothing",
            static c => c.Columns, static (c, text) => c with { Columns = text }, static c => c.Columns != "") { Fixed = true, IsText = true, IsDetail = true, Kinds = rows },
        Make.Name<RowsConfig>("lessons", "which questions of the embedded world are asked", "all, or story, count, copy, reverse, compare, sum, with + between them",
            static c => c.Lessons, static (c, v) => c with { Lessons = v }) with { Fixed = true, IsDetail = true, Kinds = rows },
        Make.Number<RowsConfig>("slips", "share of the embedded world's answers that are learned wrong, as of people who err", Make.Share, static c => c.Slips,
            static (c, v) => c with { Slips = v }, static v => v is >= 0 and < 1) with { Fixed = true, IsDetail = true, Kinds = [StageKind.Sft, StageKind.Distill] },
        Make.Truth<RowsConfig>("packing", "several short conversations share a row and see nothing of each other", static c => c.Packing,
            static (c, v) => c with { Packing = v }) with { Fixed = true, IsDetail = true, Kinds = [StageKind.Sft, StageKind.Distill] },
        Make.Truth<RowsConfig>("curriculum", "the first pass goes from short rows to long ones", static c => c.Curriculum, static (c, v) => c with { Curriculum = v })
            with { Fixed = true, IsDetail = true, Kinds = ordered },
        Make.Truth<RowsConfig>("skip-equal", "comparisons of two equal answers are left out, and are no faults", static c => c.SkipsEqual, static (c, v) => c with { SkipsEqual = v })
            with { Fixed = true, IsDetail = true, Kinds = [StageKind.Reward, StageKind.Dpo] },
        Make.Number<RowsConfig>("neftune", "noise on embeddings in training; 5 is usual, 0 for none", "0 or more", static c => c.Neftune,
            static (c, v) => c with { Neftune = v }, static v => v >= 0) with { IsDetail = true, Kinds = [StageKind.Sft], Aliases = ["neftune-noise-alpha"] },
        Make.Truth<RowsConfig>("dft", "tokens count as much as the model already finds them likely", static c => c.Dft, static (c, v) => c with { Dft = v })
            with { Fixed = true, IsDetail = true, Kinds = [StageKind.Sft] },
    ];
}
