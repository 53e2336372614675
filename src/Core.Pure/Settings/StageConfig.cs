using Functional.Base;

namespace Functional.Settings;

using Schedule = Functional.Learning.Schedule;

/// <summary>
/// What a stage of a run needs to know beside what all its stages share: where it begins, what it learns from, how, for how long, and when what is done.
/// </summary>
public sealed record StageConfig
{
    /// <summary>
    /// The checkpoint whose weights it begins with, of a run's folder or by its own; nothing for those of the stage before, or fresh ones where there is
    /// none. Architecture and tokenizer must then be those of that run, as they are of what <c>Configuration.From</c> makes of <c>from</c>, or
    /// <c>Configuration.FromRun</c> of a folder.
    /// </summary>
    public string? From { get; init; }

    /// <summary>The stage of its recipe whose weights it begins with; nothing for the last before it whose model writes.</summary>
    public string? After { get; init; }

    /// <summary>What it learns.</summary>
    public StageKind Kind { get; init; }

    /// <summary>What it learns from.</summary>
    public SourceConfig Source { get; init; } = new();

    /// <summary>How rows become what it learns from, where it does not learn a text.</summary>
    public RowsConfig Rows { get; init; } = new();

    /// <summary>How it learns from comparisons, where it does.</summary>
    public PreferenceConfig Preference { get; init; } = new();

    /// <summary>How it learns from what its own policy writes, where it does.</summary>
    public PracticeConfig Practice { get; init; } = new();

    /// <summary>How it learns from a teacher, where it does.</summary>
    public DistillConfig Distill { get; init; } = new();

    /// <summary>Whether it learns every token of a text.</summary>
    public bool LearnsText => Kind == StageKind.Pretrain || (Kind == StageKind.Distill && Distill.OnText);

    /// <summary>Whether it learns answers in dialogues.</summary>
    public bool LearnsAnswers => Kind == StageKind.Sft || (Kind == StageKind.Distill && !Distill.OnText);

    /// <summary>Whether it learns from what its own policy writes and somebody judges.</summary>
    public bool IsJudged => Kind is StageKind.Grpo or StageKind.Ppo or StageKind.Trpo || (Kind == StageKind.Dpo && (Practice.Judge ?? Practice.JudgedBy) is not null);

    /// <summary>Whether it learns from what its own policy writes.</summary>
    public bool Practises => IsJudged || (LearnsAnswers && Kind == StageKind.Distill && Distill.OwnShare > 0);

    /// <summary>How a policy learns from rewards, where it does.</summary>
    public PolicyConfig Policy { get; init; } = new();

    /// <summary>What becomes of the rewards of its own answers, where it has them judged.</summary>
    public RewardConfig Reward { get; init; } = new();

    /// <summary>Whether short conversations share a row; what a student writes itself has a row of its own, and what stands beside it, too.</summary>
    public bool Packs => Rows.Packing && !Practises;

    /// <summary>How many rows a round has, of a stage that practises: a pair of each prompt, or all answers.</summary>
    public int RoundRows => Practice.Prompts * (Kind == StageKind.Dpo ? 1 : Practice.Answers);

    /// <summary>How many prompts of a round its own policy answers, of a stage that practises.</summary>
    public int OwnPrompts => Kind == StageKind.Distill ? (int)Math.Round(Distill.OwnShare * Practice.Prompts, MidpointRounding.AwayFromZero) : Practice.Prompts;

    /// <summary>How many steps learn from a round, of a stage that practises.</summary>
    public long RoundSteps => Math.Max(1, (long)RoundRows * Practice.Epochs / ((long)Batch * Accumulate));

    /// <summary>The adapters that it learns in place of the model's weights.</summary>
    public AdapterConfig Adapter { get; init; } = new();

    /// <summary>Steps.</summary>
    public long Steps { get; init; } = 4000;

    /// <summary>Windows in a batch.</summary>
    public int Batch { get; init; } = 12;

    /// <summary>Batches whose gradients make one step.</summary>
    public int Accumulate { get; init; } = 1;

    /// <summary>
    /// After how many blocks one state is kept for the backward pass, which computes what lies between again: less memory for about a third more time. 0 keeps all.
    /// </summary>
    public int Recompute { get; init; }

    /// <summary>The share of the target that is spread over all tokens, in [0, 1).</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>How it learns.</summary>
    public OptimiserConfig Optimiser { get; init; } = new();

    /// <summary>Steps between evaluations; 0 for one at the end only.</summary>
    public long EvalEvery { get; init; } = 250;

    /// <summary>Batches of validation windows in an evaluation, the same ones each time; 0 for all.</summary>
    public int EvalBatches { get; init; } = 20;

    /// <summary>Steps between checkpoints; 0 for one at the end only.</summary>
    public long SaveEvery { get; init; } = 1000;

    /// <summary>How many of the last checkpoints stay, beside the one with the lowest validation loss.</summary>
    public int Keep { get; init; } = 2;

    /// <summary>Steps between samples; 0 for none.</summary>
    public long SampleEvery { get; init; }

    /// <summary>Tokens in a sample.</summary>
    public int SampleTokens { get; init; } = 200;

    /// <summary>What the logits of samples are divided by; 0 takes the most likely token.</summary>
    public double SampleTemperature { get; init; } = 0.8;

    /// <summary>The learning rate of each step, counted from 0.</summary>
    public Schedule LearningRates => Optimiser.Rates(Steps);

    /// <summary>Its settings.</summary>
    internal static Vec<Field<StageConfig>> Fields { get; } =
    [
        Make.Path<StageConfig>("from", "checkpoint to begin with; else the stage before, or fresh weights", "the folder of a run, of a stage in it, or of a checkpoint",
            static c => c.From, static (c, text) => c with { From = text }) with { Fixed = true, Aliases = ["init-from", "pretrained", "load"] },
        new("after", nameof(After), "the stage before it whose weights it begins with", "the name of a stage before it, or nothing for the last that writes",
            static c => c.After, static (c, text) => c with { After = text }, static c => c.After != "") { Fixed = true, IsText = true, IsDetail = true },
        Make.OneOf<StageConfig, StageKind>("kind", "what it learns: the next token of a text, answers, what a teacher expects, rewards of answers, preferences, or what a policy's own answers are worth", static c => c.Kind,
            static (c, v) => c with { Kind = v },
            [("pretrain", StageKind.Pretrain), ("sft", StageKind.Sft), ("distill", StageKind.Distill), ("reward", StageKind.Reward), ("dpo", StageKind.Dpo), ("grpo", StageKind.Grpo),
                ("ppo", StageKind.Ppo), ("trpo", StageKind.Trpo)])
            with { Fixed = true, IsDetail = true },
        Make.Whole<StageConfig>("batch", "windows in a batch", static c => c.Batch, static (c, v) => c with { Batch = (int)v }, 1, int.MaxValue)
            with { Aliases = ["batch-size", "bs", "micro-batch-size", "per-device-train-batch-size"] },
        Make.Whole<StageConfig>("accumulate", "batches whose gradients make one step", static c => c.Accumulate,
            static (c, v) => c with { Accumulate = (int)v }, 1, int.MaxValue)
            with { Aliases = ["gradient-accumulation-steps", "grad-accum", "accumulation-steps"] },
        Make.Whole<StageConfig>("recompute", "after how many blocks a state is kept for the backward pass, which computes the rest again; 0 keeps all", static c => c.Recompute,
            static (c, v) => c with { Recompute = (int)v }, 0, 64) with { Aliases = ["activation-checkpointing", "gradient-checkpointing", "checkpoint-activations", "remat"] },
        Make.Whole<StageConfig>("steps", "steps in all", static c => c.Steps, static (c, v) => c with { Steps = v }, 1)
            with { Aliases = ["max-iters", "max-steps", "iterations", "iters", "epochs", "num-epochs", "num-train-epochs"] },
        Make.Number<StageConfig>("label-smoothing", "share of the target spread over all tokens", Make.Share, static c => c.LabelSmoothing,
            static (c, v) => c with { LabelSmoothing = v }, static v => v is >= 0 and < 1) with { Kinds = [StageKind.Pretrain, StageKind.Sft] },
        Make.Whole<StageConfig>("eval-every", "steps between evaluations; 0 for one at the end", static c => c.EvalEvery,
            static (c, v) => c with { EvalEvery = v }, 0)
            with { Aliases = ["eval-interval", "eval-steps"] },
        Make.Whole<StageConfig>("eval-batches", "batches in an evaluation; 0 for all of the validation text", static c => c.EvalBatches,
            static (c, v) => c with { EvalBatches = (int)v }, 0, int.MaxValue) with { Aliases = ["eval-iters"] },
        Make.Whole<StageConfig>("save-every", "steps between checkpoints; 0 for one at the end", static c => c.SaveEvery,
            static (c, v) => c with { SaveEvery = v }, 0)
            with { Aliases = ["save-steps", "save-interval", "checkpoint-every"] },
        Make.Whole<StageConfig>("keep", "checkpoints kept beside the best", static c => c.Keep, static (c, v) => c with { Keep = (int)v }, 1, int.MaxValue)
            with { Aliases = ["save-total-limit"] },
        Make.Whole<StageConfig>("sample-every", "steps between samples; 0 for none", static c => c.SampleEvery, static (c, v) => c with { SampleEvery = v }, 0),
        Make.Whole<StageConfig>("sample-tokens", "tokens in a sample", static c => c.SampleTokens, static (c, v) => c with { SampleTokens = (int)v }, 1,
            int.MaxValue),
        Make.Number<StageConfig>("sample-temperature", "0 takes the likeliest token each time, 1 draws as the model believes", "0 or more",
            static c => c.SampleTemperature, static (c, v) => c with { SampleTemperature = v }, static v => v >= 0),
        .. SourceConfig.Fields.Select(static f =>
            f.In(Make.Part<StageConfig, SourceConfig>(static c => c.Source, static (c, v) => c with { Source = v }), "source")),
        .. RowsConfig.Fields.Select(static f =>
            f.In(Make.Part<StageConfig, RowsConfig>(static c => c.Rows, static (c, v) => c with { Rows = v }), "rows")),
        .. DistillConfig.Fields.Select(static f =>
            f.In(Make.Part<StageConfig, DistillConfig>(static c => c.Distill, static (c, v) => c with { Distill = v }), "distill")),
        .. PreferenceConfig.Fields.Select(static f =>
            f.In(Make.Part<StageConfig, PreferenceConfig>(static c => c.Preference, static (c, v) => c with { Preference = v }), "preference")),
        .. PracticeConfig.Fields.Select(static f =>
            f.In(Make.Part<StageConfig, PracticeConfig>(static c => c.Practice, static (c, v) => c with { Practice = v }), "practice")),
        .. RewardConfig.Fields.Select(static f =>
            f.In(Make.Part<StageConfig, RewardConfig>(static c => c.Reward, static (c, v) => c with { Reward = v }), "practice")),
        .. PolicyConfig.Fields.Select(static f =>
            f.In(Make.Part<StageConfig, PolicyConfig>(static c => c.Policy, static (c, v) => c with { Policy = v }), "policy")),
        .. AdapterConfig.Fields.Select(static f =>
            f.In(Make.Part<StageConfig, AdapterConfig>(static c => c.Adapter, static (c, v) => c with { Adapter = v }), "adapter")),
        .. OptimiserConfig.Fields.Select(static f =>
            f.In(Make.Part<StageConfig, OptimiserConfig>(static c => c.Optimiser, static (c, v) => c with { Optimiser = v }), "learning")),
    ];
}
