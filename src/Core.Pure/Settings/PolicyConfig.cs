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

    /// <summary>The distance from the reference that is wished, in nats an answer, where it counts in rewards; 0 for what it costs to stay as it is.</summary>
    public double KlTarget { get; init; }

    /// <summary>In how many answers what it costs may change by a fifth.</summary>
    public double KlHorizon { get; init; } = 10000;

    /// <summary>What it costs in rewards at first, and how that changes.</summary>
    public KlControl Control => new(Kl) { Target = KlTarget > 0 ? KlTarget : null, Horizon = KlHorizon };

    /// <summary>How far a policy may be from what wrote a round, in nats a token, before the rest of the round is left out; 0 for any distance.</summary>
    public double StopKl { get; init; }

    /// <summary>Of what the ratio is taken; nothing for what the loss has.</summary>
    public RatioLevel? Level { get; init; }

    /// <summary>What the loss is divided by; nothing for what the loss has.</summary>
    public PolicyNorm? Norm { get; init; }

    /// <summary>The largest ratio that counts of a negative advantage; 0 for any.</summary>
    public double DualClip { get; init; }

    /// <summary>The largest ratio that counts at all; 0 for any.</summary>
    public double RatioCap { get; init; }

    /// <summary>The largest ratio of cispo itself; 0 for its clip range.</summary>
    public double Ceiling { get; init; }

    /// <summary>Whether the distance from the reference is weighed by the ratio.</summary>
    public bool WeightsKl { get; init; }

    /// <summary>The share of tokens that count: those where the policy knows least.</summary>
    public double TopEntropy { get; init; } = 1;

    /// <summary>How far answers of negative advantage may be from what drew them, in nats a token, to count; 0 for any distance.</summary>
    public double OffPolicy { get; init; }

    /// <summary>SAPO's temperature of positive advantages.</summary>
    public double SoftPositive { get; init; } = 1;

    /// <summary>SAPO's temperature of negative advantages.</summary>
    public double SoftNegative { get; init; } = 1.05;

    /// <summary>What becomes of tokens that were drawn with other probabilities than the policy's.</summary>
    public SamplingCorrection Correction { get; init; }

    /// <summary>The largest ratio that is allowed there.</summary>
    public double CorrectionMost { get; init; } = 3;

    /// <summary>The smallest.</summary>
    public double CorrectionLeast { get; init; }

    /// <summary>What is added to the deviation that advantages are divided by.</summary>
    public double ScaleEpsilon { get; init; }

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
    public PolicyLoss? LossOf(StageKind kind) => PolicyLosses.Find(kind == StageKind.Trpo ? "ppo" : Loss ?? (kind == StageKind.Ppo ? "ppo" : "grpo"));

    /// <summary>Where the distance counts in a stage.</summary>
    public KlPlace PlaceOf(StageKind kind) => Place ?? (kind == StageKind.Ppo ? KlPlace.Reward : KlPlace.Loss);

    /// <summary>What expects rewards, where a critic learns: <c>head</c> on the policy's hidden states, a model of its <c>own</c> that begins as the policy, or the folder of a run that has learned rewards.</summary>
    public string Critic { get; init; } = Head;

    /// <summary>The critic that is a head on the policy.</summary>
    public const string Head = "head";

    /// <summary>The critic that begins as the policy.</summary>
    public const string Own = "own";

    /// <summary>The run whose weights a critic begins with; nothing where it is none.</summary>
    public string? CriticRun => Critic is Head or Own ? null : Critic;

    /// <summary>What the cross-entropy of a text counts beside; 0 for no text.</summary>
    public double PretrainWeight { get; init; }

    /// <summary>The text; nothing for the embedded one.</summary>
    public string? PretrainFile { get; init; }

    /// <summary>How a step within a trust region is found.</summary>
    public TrustOptions Trust { get; init; } = new();

    /// <summary>How values are learned.</summary>
    public ValueOptions Values => new() { Clip = ValueClip > 0 ? ValueClip : null, Weight = ValueWeight };

    /// <summary>How groups are compared.</summary>
    public GroupOptions Groups => new() { Baseline = Baseline, Scale = Scale, Epsilon = ScaleEpsilon };

    /// <summary>What losses have in common in a stage.</summary>
    public PolicyOptions OptionsOf(StageKind kind, PracticeConfig practice) => kind == StageKind.Trpo ? new()
    {
        // A trust region bounds the step itself: no ratio is clipped.
        Temperature = practice.Sampling.Temperature, Low = 1, High = double.MaxValue / 4, Beta = Kl, Estimator = Estimator, Entropy = Entropy,
    } : new()
    {
        Temperature = practice.Sampling.Temperature, Low = Low, High = High, Beta = PlaceOf(kind) == KlPlace.Loss ? Kl : 0, Estimator = Estimator, Entropy = Entropy,
        Length = practice.Tokens, Level = Level, Norm = Norm, DualClip = DualClip > 0 ? DualClip : null, Delta = RatioCap > 0 ? RatioCap : null,
        Ceiling = Ceiling > 0 ? Ceiling : null, WeightsKl = WeightsKl, TopEntropy = TopEntropy, OffPolicy = OffPolicy > 0 ? OffPolicy : null,
        SoftClip = (SoftPositive, SoftNegative), Correction = Correction, CorrectionMost = CorrectionMost, CorrectionLeast = CorrectionLeast,
    };

    static readonly Vec<StageKind> both = [StageKind.Grpo, StageKind.Ppo], all = [StageKind.Grpo, StageKind.Ppo, StageKind.Trpo], groups = [StageKind.Grpo, StageKind.Trpo],
        critic = [StageKind.Ppo], trust = [StageKind.Trpo];

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
            static (c, v) => c with { Kl = v }, static v => v >= 0) with { Kinds = all, Aliases = ["kl-coef", "init-kl-coef"] },
        Make.OneOf<PolicyConfig, KlEstimator>("kl-estimator", "how that distance is estimated", static c => c.Estimator, static (c, v) => c with { Estimator = v },
            [("k3", KlEstimator.K3), ("k1", KlEstimator.K1), ("k2", KlEstimator.K2), ("abs", KlEstimator.Abs)]) with { Kinds = all },
        new("kl-place", nameof(Place), "where the distance counts", "loss, reward, or nothing for where the kind has it", static c => c.Place switch
        {
            KlPlace.Loss => "loss", KlPlace.Reward => "reward", _ => null,
        }, static (c, text) => text switch
        {
            null => c with { Place = null }, "loss" => c with { Place = KlPlace.Loss }, "reward" => c with { Place = KlPlace.Reward }, _ => null,
        }, static _ => true) { IsText = true, Kinds = critic },
        Make.Number<PolicyConfig>("kl-target", "the distance that is wished where it counts in rewards, in nats an answer: what it costs follows; 0 for a cost that stays",
            "0 or more", static c => c.KlTarget, static (c, v) => c with { KlTarget = v }, static v => v >= 0) with { Kinds = critic, Aliases = ["target-kl"] },
        Make.Number<PolicyConfig>("kl-horizon", "answers in which what it costs may change by a fifth", "above 0", static c => c.KlHorizon,
            static (c, v) => c with { KlHorizon = v }, static v => v > 0) with { Kinds = critic },
        Make.Truth<PolicyConfig>("kl-weighted", "that distance is weighed by the ratio, so that it is right of tokens that are old", static c => c.WeightsKl,
            static (c, v) => c with { WeightsKl = v }) with { Kinds = both, Aliases = ["use-bias-correction-kl"] },
        Make.Number<PolicyConfig>("stop-kl", "nats a token that a policy may be from what wrote a round before the rest of its rows is left out; 0 for any", "0 or more",
            static c => c.StopKl, static (c, v) => c with { StopKl = v }, static v => v >= 0) with { Kinds = both },
        Choice("ratio-level", nameof(Level), "of what the ratio is taken", static c => c.Level, static (c, v) => c with { Level = v },
            [("token", RatioLevel.Token), ("sequence", RatioLevel.Sequence), ("sequence-token", RatioLevel.SequenceToken), ("answer", RatioLevel.Answer)]),
        Choice("loss-norm", nameof(Norm), "what the loss is divided by", static c => c.Norm, static (c, v) => c with { Norm = v },
            [("tokens", PolicyNorm.Tokens), ("sequences", PolicyNorm.Sequences), ("constant", PolicyNorm.Constant), ("rows", PolicyNorm.Rows)]),
        Make.Number<PolicyConfig>("dual-clip", "the largest ratio that counts of a negative advantage; 0 for any", "0, or above 1", static c => c.DualClip,
            static (c, v) => c with { DualClip = v }, static v => v is 0 or > 1) with { Kinds = both },
        Make.Number<PolicyConfig>("ratio-cap", "the largest ratio that counts at all; 0 for any", "0, or above 1", static c => c.RatioCap,
            static (c, v) => c with { RatioCap = v }, static v => v is 0 or > 1) with { Kinds = both, Aliases = ["delta"] },
        Make.Number<PolicyConfig>("cispo-ceiling", "the largest ratio of cispo, with no smallest; 0 for its clip range", "0 or more", static c => c.Ceiling,
            static (c, v) => c with { Ceiling = v }, static v => v >= 0) with { Kinds = both },
        Make.Number<PolicyConfig>("soft-clip-positive", "sapo's temperature of positive advantages", "above 0", static c => c.SoftPositive,
            static (c, v) => c with { SoftPositive = v }, static v => v > 0) with { Kinds = both, Aliases = ["sapo-temperature-pos"] },
        Make.Number<PolicyConfig>("soft-clip-negative", "sapo's temperature of negative advantages", "above 0", static c => c.SoftNegative,
            static (c, v) => c with { SoftNegative = v }, static v => v > 0) with { Kinds = both, Aliases = ["sapo-temperature-neg"] },
        Make.Number<PolicyConfig>("top-entropy", "the share of tokens that count: those where the policy knows least", "above 0, up to 1", static c => c.TopEntropy,
            static (c, v) => c with { TopEntropy = v }, static v => v is > 0 and <= 1) with { Kinds = both, Aliases = ["top-entropy-quantile"] },
        Make.Number<PolicyConfig>("off-policy-mask", "nats a token that answers of negative advantage may be from what drew them to count; 0 for any", "0 or more",
            static c => c.OffPolicy, static (c, v) => c with { OffPolicy = v }, static v => v >= 0) with { Kinds = both, Aliases = ["off-policy-mask-threshold"] },
        Make.OneOf<PolicyConfig, SamplingCorrection>("sampling-correction", "what tokens count that were drawn with other probabilities, as with answer-top-p",
            static c => c.Correction, static (c, v) => c with { Correction = v }, [("none", SamplingCorrection.None), ("token-truncate", SamplingCorrection.TokenTruncate),
                ("token-mask", SamplingCorrection.TokenMask), ("sequence-truncate", SamplingCorrection.SequenceTruncate), ("sequence-mask", SamplingCorrection.SequenceMask)])
            with { Kinds = both, Aliases = ["vllm-importance-sampling-correction"] },
        Make.Number<PolicyConfig>("correction-most", "the largest ratio that is allowed there", "above 0", static c => c.CorrectionMost,
            static (c, v) => c with { CorrectionMost = v }, static v => v > 0) with { Kinds = both, Aliases = ["vllm-importance-sampling-cap"] },
        Make.Number<PolicyConfig>("correction-least", "the smallest", "0 or more", static c => c.CorrectionLeast, static (c, v) => c with { CorrectionLeast = v },
            static v => v >= 0) with { Kinds = both },
        Make.Number<PolicyConfig>("entropy-weight", "what a nat of entropy is worth", "0 or more", static c => c.Entropy, static (c, v) => c with { Entropy = v },
            static v => v >= 0) with { Kinds = all, Aliases = ["entropy-coef"] },
        Make.OneOf<PolicyConfig, GroupBaseline>("baseline", "what an answer's reward is compared with", static c => c.Baseline, static (c, v) => c with { Baseline = v },
            [("group", GroupBaseline.Mean), ("others", GroupBaseline.LeaveOneOut), ("best", GroupBaseline.Best), ("batch", GroupBaseline.Batch), ("none", GroupBaseline.None)])
            with { Kinds = groups },
        Make.OneOf<PolicyConfig, AdvantageScale>("advantage-scale", "what the difference is divided by: the deviation of the group or of the round", static c => c.Scale,
            static (c, v) => c with { Scale = v }, [("group", AdvantageScale.Group), ("batch", AdvantageScale.Batch), ("batch-rewards", AdvantageScale.BatchRewards), ("none", AdvantageScale.None)])
            with { Kinds = groups, Aliases = ["scale-rewards"] },
        Make.Number<PolicyConfig>("advantage-epsilon", "what is added to that deviation", "0 or more", static c => c.ScaleEpsilon, static (c, v) => c with { ScaleEpsilon = v },
            static v => v >= 0) with { Kinds = groups },
        Make.Number<PolicyConfig>("pretrain-weight", "what the cross-entropy of a text counts beside; 0 for no text", "0 or more", static c => c.PretrainWeight,
            static (c, v) => c with { PretrainWeight = v }, static v => v >= 0) with { Kinds = both, Aliases = ["ptx-coef"] },
        Make.Path<PolicyConfig>("pretrain-data", "that text; else the embedded one", "a file of text, or of tokens", static c => c.PretrainFile,
            static (c, text) => c with { PretrainFile = text }) with { Kinds = both },
        Make.Number<PolicyConfig>("max-kl", "nats a token that a step may go", "above 0", static c => c.Trust.Bound,
            static (c, v) => c with { Trust = c.Trust with { Bound = v } }, static v => v > 0) with { Kinds = trust },
        Make.Whole<PolicyConfig>("cg-iterations", "products with the Fisher matrix in the search for a step's direction", static c => c.Trust.Iterations,
            static (c, v) => c with { Trust = c.Trust with { Iterations = (int)v } }, 1, 1000) with { Kinds = trust },
        Make.Number<PolicyConfig>("cg-damping", "what of a direction is added to its product with the Fisher matrix", "0 or more", static c => c.Trust.Damping,
            static (c, v) => c with { Trust = c.Trust with { Damping = v } }, static v => v >= 0) with { Kinds = trust },
        Make.Whole<PolicyConfig>("line-tries", "lengths of a step that are tried, each half of the one before", static c => c.Trust.Tries,
            static (c, v) => c with { Trust = c.Trust with { Tries = (int)v } }, 1, 1000) with { Kinds = trust },
        Make.Name<PolicyConfig>("critic", "what expects rewards", "head for one on the policy, own for a model that begins as the policy, or the folder of a run that has learned rewards",
            static c => c.Critic, static (c, v) => c with { Critic = v }) with { Kinds = critic, Aliases = ["value-model"] },
        Make.Number<PolicyConfig>("discount", "what the reward of the next token counts", "0 to 1", static c => c.Discount, static (c, v) => c with { Discount = v },
            static v => v is >= 0 and <= 1) with { Kinds = critic },
        Make.Number<PolicyConfig>("gae-lambda", "how far advantages look ahead of the critic", "0 to 1", static c => c.Lambda, static (c, v) => c with { Lambda = v },
            static v => v is >= 0 and <= 1) with { Kinds = critic, Aliases = ["lam"] },
        Make.Number<PolicyConfig>("value-weight", "what the critic's loss counts beside the policy's", "0 or more", static c => c.ValueWeight,
            static (c, v) => c with { ValueWeight = v }, static v => v >= 0) with { Kinds = critic, Aliases = ["vf-coef"] },
        Make.Number<PolicyConfig>("value-clip", "how far a value may go from the old one; 0 for no bound", "0 or more", static c => c.ValueClip,
            static (c, v) => c with { ValueClip = v }, static v => v >= 0) with { Kinds = critic, Aliases = ["cliprange-value"] },
    ];

    // One of some words, or nothing for what the loss itself has.
    static Field<PolicyConfig> Choice<V>(string name, string member, string summary, Func<PolicyConfig, V?> get, Func<PolicyConfig, V?, PolicyConfig> set, (string Text, V Value)[] words)
        where V : struct => new(name, member, summary, $"{string.Join(", ", words.Select(static w => w.Text))}, or nothing for what the loss has",
            c => get(c) is { } value ? words.First(w => w.Value.Equals(value)).Text : null,
            (c, text) => text is null ? set(c, null) : words.Any(w => w.Text == text) ? set(c, words.First(w => w.Text == text).Value) : null, static _ => true)
        { IsText = true, Kinds = both };
}
