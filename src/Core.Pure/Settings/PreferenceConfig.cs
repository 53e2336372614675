using System.Globalization;
using Functional.Base;
using Functional.Learning;
using Functional.Models;

namespace Functional.Settings;

/// <summary>Where the numbers of the reference come from that a policy is held to.</summary>
public enum ReferenceKind
{
    /// <summary>They are computed once, before the first step.</summary>
    Cached,
    /// <summary>In every step, by a model beside the policy; with adapters it is the policy's own base.</summary>
    Live,
    /// <summary>There is none.</summary>
    None,
}

/// <summary>How a stage learns from comparisons.</summary>
public sealed record PreferenceConfig
{
    /// <summary>The loss of preferences, or several with weights: <c>sigmoid</c>, <c>sigmoid=1+sft=0.5</c>.</summary>
    public string Loss { get; init; } = "sigmoid";

    /// <summary>The loss of rewards.</summary>
    public RewardLossKind RewardLoss { get; init; }

    /// <summary>What the square of both rewards' sum weighs.</summary>
    public double Centring { get; init; }

    /// <summary>Whether the model that judges sees both sides of each token, whatever it saw before.</summary>
    public bool Bidirectional { get; init; }

    /// <summary>What of a text the model reads that judges it.</summary>
    public Pooling Pooling { get; init; }

    /// <summary>Where the reference's numbers come from.</summary>
    public ReferenceKind Reference { get; init; }

    /// <summary>What losses have in common.</summary>
    public PreferenceOptions Options { get; init; } = new();

    /// <summary>What a good answer weighs, of those that were judged one by one.</summary>
    public double GoodWeight { get; init; } = 1;

    /// <summary>What a bad answer weighs.</summary>
    public double BadWeight { get; init; } = 1;

    /// <summary>The losses of pairs with their weights; none where the loss is one of judged answers, or none that is known.</summary>
    public Vec<(PreferenceLoss Loss, double Weight)> Losses => Parsed(Loss) ?? [];

    /// <summary>The loss of answers that were judged one by one; nothing where it is one of pairs.</summary>
    public JudgedLoss? Judged => JudgedLosses.Find(Loss);

    /// <summary>How judged answers count.</summary>
    public JudgedOptions JudgedOptions => new() { Beta = Options.Beta, GoodWeight = GoodWeight, BadWeight = BadWeight };

    /// <summary>How rewards are learned.</summary>
    public RewardOptions Rewards => new(RewardLoss, Options.UsesMargin, Centring);

    /// <summary>Whether the policy is held to a reference.</summary>
    public bool HasReference => Reference != ReferenceKind.None && (Judged is not null || Losses.Any(static l => l.Loss.HasReference));

    static Vec<(PreferenceLoss, double)>? Parsed(string text)
    {
        var all = new List<(PreferenceLoss, double)>();
        foreach (var part in text.Split('+'))
        {
            var at = part.IndexOf('=', StringComparison.Ordinal);
            var weight = 1.0;
            if (at >= 0 && !(double.TryParse(part.AsSpan(at + 1), NumberStyles.Float, CultureInfo.InvariantCulture, out weight) && weight > 0 && double.IsFinite(weight)))
                return null;
            if (PreferenceLosses.Find(at < 0 ? part : part[..at]) is not { } loss) return null;
            all.Add((loss, weight));
        }
        return [.. all];
    }

    /// <summary>Its settings.</summary>
    internal static Vec<Field<PreferenceConfig>> Fields { get; } = [.. All.Select(static f => f with { Fixed = true, IsDetail = true })];

    static Field<PreferenceConfig>[] All =>
    [
        Make.Name<PreferenceConfig>("preference-loss", "the loss of preferences",
            $"{string.Join(", ", PreferenceLosses.All.Select(static l => l.Name))}, several as sigmoid=1+sft=0.5; of answers that were judged one by one {string.Join(", ", JudgedLosses.All.Select(static l => l.Name))}",
            static c => c.Loss, static (c, v) => c with { Loss = v })
            with { Holds = static c => c.Judged is not null || c.Losses.Count > 0, Kinds = [StageKind.Dpo], Aliases = ["loss-type", "loss"] },
        Make.Number<PreferenceConfig>("beta", "how strongly the policy is held to the reference", "above 0", static c => c.Options.Beta,
            static (c, v) => c with { Options = c.Options with { Beta = v } }, static v => v > 0) with { Kinds = [StageKind.Dpo] },
        Make.OneOf<PreferenceConfig, ReferenceKind>("reference", "where the numbers of the policy's beginning come from: computed once, in every step, or nowhere",
            static c => c.Reference, static (c, v) => c with { Reference = v },
            [("cached", ReferenceKind.Cached), ("live", ReferenceKind.Live), ("none", ReferenceKind.None)]) with { Kinds = [StageKind.Dpo] },
        Make.Number<PreferenceConfig>("preference-smoothing", "share of pairs that are taken to be the wrong way round", "at least 0 and less than 0.5",
            static c => c.Options.Smoothing, static (c, v) => c with { Options = c.Options with { Smoothing = v } }, static v => v is >= 0 and < 0.5) with { Kinds = [StageKind.Dpo] },
        Make.OneOf<PreferenceConfig, Divergence>("divergence", "how far apart policy and reference are measured", static c => c.Options.Divergence,
            static (c, v) => c with { Options = c.Options with { Divergence = v } },
            [("reverse-kl", Divergence.ReverseKl), ("forward-kl", Divergence.ForwardKl), ("jensen-shannon", Divergence.JensenShannon), ("alpha", Divergence.Alpha)])
            with { Kinds = [StageKind.Dpo] },
        Make.Number<PreferenceConfig>("divergence-alpha", "the alpha of that divergence", "above 0", static c => c.Options.DivergenceAlpha,
            static (c, v) => c with { Options = c.Options with { DivergenceAlpha = v } }, static v => v > 0) with { Kinds = [StageKind.Dpo] },
        Make.Truth<PreferenceConfig>("by-token", "log-ratios are means over tokens", static c => c.Options.ByToken,
            static (c, v) => c with { Options = c.Options with { ByToken = v } }) with { Kinds = [StageKind.Dpo] },
        Make.Number<PreferenceConfig>("gamma", "the margin that simpo and slic want", "0 or more", static c => c.Options.Gamma,
            static (c, v) => c with { Options = c.Options with { Gamma = v } }, static v => v >= 0) with { Kinds = [StageKind.Dpo] },
        Make.Number<PreferenceConfig>("reward-alpha", "the alpha of AlphaPO; 0 for SimPO", "any", static c => c.Options.RewardAlpha,
            static (c, v) => c with { Options = c.Options with { RewardAlpha = v } }, static _ => true) with { Kinds = [StageKind.Dpo] },
        Make.Number<PreferenceConfig>("discopop-temperature", "the temperature of discopop", "above 0", static c => c.Options.Temperature,
            static (c, v) => c with { Options = c.Options with { Temperature = v } }, static v => v > 0) with { Kinds = [StageKind.Dpo] },
        Make.Number<PreferenceConfig>("sft-weight", "what the cross-entropy of the better answer weighs beside", "0 or more", static c => c.Options.Sft,
            static (c, v) => c with { Options = c.Options with { Sft = v } }, static v => v >= 0) with { Kinds = [StageKind.Dpo], Aliases = ["rpo-alpha", "cpo-alpha"] },
        Make.Truth<PreferenceConfig>("sft-text", "that cross-entropy is of the prompt, too, as TRL's ORPO has it", static c => c.Options.SftOnText,
            static (c, v) => c with { Options = c.Options with { SftOnText = v } }) with { Kinds = [StageKind.Dpo] },
        Make.Truth<PreferenceConfig>("wpo", "a pair counts as much as its answers are what the policy would write itself", static c => c.Options.Weighted,
            static (c, v) => c with { Options = c.Options with { Weighted = v } }) with { Kinds = [StageKind.Dpo], Aliases = ["use-weighting"] },
        Make.Number<PreferenceConfig>("length-share", "what tokens count beyond the other answer's length", "0 to 1", static c => c.Options.LengthShare,
            static (c, v) => c with { Options = c.Options with { LengthShare = v } }, static v => v is >= 0 and <= 1) with { Kinds = [StageKind.Dpo], Aliases = ["ld-alpha"] },
        Make.Number<PreferenceConfig>("good-weight", "what a good answer weighs, of those that were judged one by one", "above 0", static c => c.GoodWeight,
            static (c, v) => c with { GoodWeight = v }, static v => v > 0) with { Kinds = [StageKind.Dpo], Aliases = ["desirable-weight"] },
        Make.Number<PreferenceConfig>("bad-weight", "what a bad answer weighs", "above 0", static c => c.BadWeight,
            static (c, v) => c with { BadWeight = v }, static v => v > 0) with { Kinds = [StageKind.Dpo], Aliases = ["undesirable-weight"] },
        Make.Truth<PreferenceConfig>("margins", "a better answer must be as much better as its row says", static c => c.Options.UsesMargin,
            static (c, v) => c with { Options = c.Options with { UsesMargin = v } }) with { Kinds = [StageKind.Reward, StageKind.Dpo] },
        Make.OneOf<PreferenceConfig, RewardLossKind>("reward-loss", "the loss of rewards", static c => c.RewardLoss, static (c, v) => c with { RewardLoss = v },
            [("bradley-terry", RewardLossKind.BradleyTerry), ("ranking", RewardLossKind.Ranking)]) with { Kinds = [StageKind.Reward] },
        Make.Number<PreferenceConfig>("centring", "what the square of both rewards' sum weighs, which holds their mean at 0", "0 or more", static c => c.Centring,
            static (c, v) => c with { Centring = v }, static v => v >= 0) with { Kinds = [StageKind.Reward], Aliases = ["center-rewards-coefficient"] },
        Make.Truth<PreferenceConfig>("bidirectional", "each token sees those behind it, too, whatever the model saw before", static c => c.Bidirectional,
            static (c, v) => c with { Bidirectional = v }) with { Kinds = [StageKind.Reward] },
        Make.OneOf<PreferenceConfig, Pooling>("pooling", "what of a text's tokens is judged: the last, or the mean of all", static c => c.Pooling,
            static (c, v) => c with { Pooling = v }, [("last", Pooling.Last), ("mean", Pooling.Mean)]) with { Kinds = [StageKind.Reward] },
    ];
}
