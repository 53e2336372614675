using Functional.Base;

namespace Functional.Settings;

/// <summary>What becomes of the rewards of answers that a stage's own policy writes, before it learns from them.</summary>
public sealed record RewardConfig
{
    /// <summary>How far a reward may be from 0 either way; 0 for no bound.</summary>
    public double Clip { get; init; }

    /// <summary>Whether rewards are learned in deviations from the mean of all that came so far.</summary>
    public bool Normalises { get; init; }

    /// <summary>In how many tokens before the limit an answer becomes too long; 0 for none.</summary>
    public int OverlongTokens { get; init; }

    /// <summary>What is taken off the reward of an answer at the limit.</summary>
    public double OverlongPenalty { get; init; } = 1;

    /// <summary>Whether the rewards of tokens are divided by their deviation in the round, where a critic learns.</summary>
    public bool Whitens { get; init; }

    /// <summary>How many times other prompts are asked in place of those whose answers are all worth the same.</summary>
    public int Resample { get; init; }

    static readonly Vec<StageKind> kinds = [StageKind.Dpo, StageKind.Grpo, StageKind.Ppo, StageKind.Trpo], groups = [StageKind.Dpo, StageKind.Grpo, StageKind.Trpo];

    /// <summary>Its settings.</summary>
    internal static Vec<Field<RewardConfig>> Fields { get; } =
    [
        .. new Field<RewardConfig>[]
        {
            Make.Number<RewardConfig>("reward-clip", "how far a reward may be from 0 either way; 0 for no bound", "0 or more", static c => c.Clip,
                static (c, v) => c with { Clip = v }, static v => v >= 0) with { Kinds = kinds, Aliases = ["cliprange-reward"] },
            Make.Truth<RewardConfig>("reward-normalise", "rewards are learned in deviations from the mean of all that came so far, this round's among them",
                static c => c.Normalises, static (c, v) => c with { Normalises = v }) with { Kinds = kinds, Aliases = ["scale-reward"] },
            Make.Whole<RewardConfig>("overlong-tokens", "tokens before the most that an answer may have, in which a penalty grows from nothing; 0 for none",
                static c => c.OverlongTokens, static (c, v) => c with { OverlongTokens = (int)v }, 0, 1 << 20) with { Kinds = kinds, Aliases = ["overlong-buffer"] },
            Make.Number<RewardConfig>("overlong-penalty", "what that penalty comes to at the most tokens", "0 or more", static c => c.OverlongPenalty,
                static (c, v) => c with { OverlongPenalty = v }, static v => v >= 0) with { Kinds = kinds },
            Make.Truth<RewardConfig>("whiten-rewards", "the rewards of tokens are divided by their deviation in the round, and keep their mean", static c => c.Whitens,
                static (c, v) => c with { Whitens = v }) with { Kinds = [StageKind.Ppo] },
            Make.Whole<RewardConfig>("resample", "times that other prompts are asked in place of those whose answers are all worth the same", static c => c.Resample,
                static (c, v) => c with { Resample = (int)v }, 0, 1 << 10) with { Kinds = groups, Aliases = ["max-num-gen-batches"] },
        }.Select(static f => f with { Fixed = true, IsDetail = true }),
    ];
}
