using Functional.Base;
using Functional.Learning;

namespace Functional.Settings;

/// <summary>Where the distance from the reference counts.</summary>
public enum KlPlace
{
    /// <summary>In the loss (Shao et al. 2024).</summary>
    Loss,
    /// <summary>In the reward of each token (Ziegler et al. 2019).</summary>
    Reward,
}

/// <summary>How a policy learns from the rewards of what it writes.</summary>
public sealed record PolicyConfig
{
    /// <summary>The loss by its name; nothing for that of the kind.</summary>
    public string? Loss { get; init; }

    /// <summary>How far a ratio may fall below 1 before it is clipped.</summary>
    public double Low { get; init; } = 0.2;

    /// <summary>How far a ratio may rise above 1 before it is clipped.</summary>
    public double High { get; init; } = 0.2;

    /// <summary>What a nat of distance from the reference costs; 0 for no reference.</summary>
    public double Kl { get; init; } = 0.04;

    /// <summary>How that distance is estimated.</summary>
    public KlEstimator Estimator { get; init; }

    /// <summary>Where it counts; nothing for where the kind has it: in the loss of groups, in the reward where a critic learns.</summary>
    public KlPlace? Place { get; init; }

    /// <summary>What a nat of entropy is worth.</summary>
    public double Entropy { get; init; }

    /// <summary>What an answer's reward is compared with, where answers are compared in groups.</summary>
    public GroupBaseline Baseline { get; init; }

    /// <summary>By what the difference is divided there.</summary>
    public AdvantageScale Scale { get; init; }

    /// <summary>What the reward of the next token counts, where a critic learns.</summary>
    public double Discount { get; init; } = 1;

    /// <summary>How far advantages look ahead of the critic there.</summary>
    public double Lambda { get; init; } = 0.95;

    /// <summary>What the critic's loss counts beside the policy's.</summary>
    public double ValueWeight { get; init; } = 0.5;

    /// <summary>How far a value may go from the old one in a round; 0 for no bound.</summary>
    public double ValueClip { get; init; } = 0.2;

    /// <summary>The loss of a stage.</summary>
    public PolicyLoss? LossOf(StageKind kind) => PolicyLosses.Find(Loss ?? (kind == StageKind.Ppo ? "ppo" : "grpo"));

    /// <summary>Where the distance counts in a stage.</summary>
    public KlPlace PlaceOf(StageKind kind) => Place ?? (kind == StageKind.Ppo ? KlPlace.Reward : KlPlace.Loss);

    /// <summary>How values are learned.</summary>
    public ValueOptions Values => new() { Clip = ValueClip > 0 ? ValueClip : null, Weight = ValueWeight };

    /// <summary>How groups are compared.</summary>
    public GroupOptions Groups => new() { Baseline = Baseline, Scale = Scale };

    /// <summary>What losses have in common in a stage.</summary>
    public PolicyOptions OptionsOf(StageKind kind, PracticeConfig practice) => new()
    {
        Temperature = practice.Sampling.Temperature, Low = Low, High = High, Beta = PlaceOf(kind) == KlPlace.Loss ? Kl : 0, Estimator = Estimator, Entropy = Entropy,
        Length = practice.Tokens,
    };

    static readonly Vec<StageKind> both = [StageKind.Grpo, StageKind.Ppo], groups = [StageKind.Grpo], critic = [StageKind.Ppo];

    /// <summary>Its settings.</summary>
    internal static Vec<Field<PolicyConfig>> Fields { get; } = [.. All.Select(static f => f with { Fixed = true, IsDetail = true })];

    static Field<PolicyConfig>[] All =>
    [
        new("policy-loss", nameof(Loss), "the loss of a policy", $"{string.Join(", ", PolicyLosses.All.Select(static l => l.Name))}, or nothing for that of the kind",
            static c => c.Loss, static (c, text) => c with { Loss = text }, static c => c.Loss is null || PolicyLosses.Find(c.Loss) is not null) { IsText = true, Kinds = both },
        Make.Number<PolicyConfig>("clip-low", "how far a ratio of probabilities may fall below 1", "0 to 1", static c => c.Low, static (c, v) => c with { Low = v },
            static v => v is >= 0 and <= 1) with { Kinds = both, Aliases = ["epsilon-low", "cliprange"] },
        Make.Number<PolicyConfig>("clip-high", "how far it may rise above 1", "0 or more", static c => c.High, static (c, v) => c with { High = v }, static v => v >= 0)
            with { Kinds = both, Aliases = ["epsilon-high"] },
        Make.Number<PolicyConfig>("kl-weight", "what a nat of distance from the policy's beginning costs; 0 for no reference", "0 or more", static c => c.Kl,
            static (c, v) => c with { Kl = v }, static v => v >= 0) with { Kinds = both, Aliases = ["kl-coef", "init-kl-coef"] },
        Make.OneOf<PolicyConfig, KlEstimator>("kl-estimator", "how that distance is estimated", static c => c.Estimator, static (c, v) => c with { Estimator = v },
            [("k3", KlEstimator.K3), ("k1", KlEstimator.K1), ("k2", KlEstimator.K2), ("abs", KlEstimator.Abs)]) with { Kinds = both },
        new("kl-place", nameof(Place), "where the distance counts", "loss, reward, or nothing for where the kind has it", static c => c.Place switch
        {
            KlPlace.Loss => "loss", KlPlace.Reward => "reward", _ => null,
        }, static (c, text) => text switch
        {
            null => c with { Place = null }, "loss" => c with { Place = KlPlace.Loss }, "reward" => c with { Place = KlPlace.Reward }, _ => null,
        }, static _ => true) { IsText = true, Kinds = critic },
        Make.Number<PolicyConfig>("entropy-weight", "what a nat of entropy is worth", "0 or more", static c => c.Entropy, static (c, v) => c with { Entropy = v },
            static v => v >= 0) with { Kinds = both, Aliases = ["entropy-coef"] },
        Make.OneOf<PolicyConfig, GroupBaseline>("baseline", "what an answer's reward is compared with", static c => c.Baseline, static (c, v) => c with { Baseline = v },
            [("group", GroupBaseline.Mean), ("others", GroupBaseline.LeaveOneOut), ("best", GroupBaseline.Best), ("batch", GroupBaseline.Batch), ("none", GroupBaseline.None)])
            with { Kinds = groups },
        Make.OneOf<PolicyConfig, AdvantageScale>("advantage-scale", "what the difference is divided by: the deviation of the group or of the round", static c => c.Scale,
            static (c, v) => c with { Scale = v }, [("group", AdvantageScale.Group), ("batch", AdvantageScale.Batch), ("none", AdvantageScale.None)])
            with { Kinds = groups, Aliases = ["scale-rewards"] },
        Make.Number<PolicyConfig>("discount", "what the reward of the next token counts", "0 to 1", static c => c.Discount, static (c, v) => c with { Discount = v },
            static v => v is >= 0 and <= 1) with { Kinds = critic },
        Make.Number<PolicyConfig>("gae-lambda", "how far advantages look ahead of the critic", "0 to 1", static c => c.Lambda, static (c, v) => c with { Lambda = v },
            static v => v is >= 0 and <= 1) with { Kinds = critic, Aliases = ["lam"] },
        Make.Number<PolicyConfig>("value-weight", "what the critic's loss counts beside the policy's", "0 or more", static c => c.ValueWeight,
            static (c, v) => c with { ValueWeight = v }, static v => v >= 0) with { Kinds = critic, Aliases = ["vf-coef"] },
        Make.Number<PolicyConfig>("value-clip", "how far a value may go from the old one; 0 for no bound", "0 or more", static c => c.ValueClip,
            static (c, v) => c with { ValueClip = v }, static v => v >= 0) with { Kinds = critic, Aliases = ["cliprange-value"] },
    ];
}
