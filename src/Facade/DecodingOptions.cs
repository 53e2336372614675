using Functional.Base;
using Functional.Sampling;
using Functional.Sessions;
using LanguageExt;

namespace Functional;

/// <summary>How tokens are chosen, where a text ends, and what it must look like: what <see cref="GenerationOptions"/> and <see cref="AskOptions"/> have in common.</summary>
/// <remarks>Rules apply in the order in which they stand here: what changes single tokens, then temperature, then what leaves the unlikely out.</remarks>
public abstract record DecodingOptions
{
    private protected DecodingOptions()
    {
    }

    /// <summary>Tokens that were seen, in the prompt or since, are made less likely by this factor: positive logits are divided, negative ones multiplied. 1 for none.</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>What is taken from the logit of each token that was written.</summary>
    public double PresencePenalty { get; init; }

    /// <summary>What is taken from the logit of a token for each time that it was written.</summary>
    public double FrequencyPenalty { get; init; }

    /// <summary>Numbers that are added to the logits of tokens.</summary>
    public Vec<TokenBias> Biases { get; init; } = [];

    /// <summary>Tokens that are never written.</summary>
    public Vec<int> Banned { get; init; } = [];

    /// <summary>Tokens that stand at their places, whatever else holds.</summary>
    public Vec<ForcedToken> Forced { get; init; } = [];

    /// <summary>Only tokens that are at least so likely as this share of the most likely one may be drawn; 0 for all.</summary>
    public double MinP { get; init; }

    /// <summary>Only the tokens of the most typical surprise that together reach this share may be drawn; 1 for all.</summary>
    public double TypicalP { get; init; } = 1;

    /// <summary>Texts at which the text ends, wherever tokens begin and end; nothing that could be the beginning of one is told before it is none.</summary>
    public Vec<string> Stops { get; init; } = [];

    /// <summary>Whether the stop is a part of the text.</summary>
    public bool KeepsStop { get; init; }

    /// <summary>A regular expression that the whole text matches; nothing for none. Where its end has no room, the shortest end is taken.</summary>
    public string? Regex { get; init; }

    /// <summary>A JSON schema, as a text, that accepts what is written; nothing for none. Where its end has no room, the shortest end is taken.</summary>
    public string? Schema { get; init; }

    /// <summary>The folder of a run with a smaller model and the same tokenizer, which drafts: text comes faster, and is distributed as without. Nothing for none.</summary>
    public string? Draft { get; init; }

    /// <summary>How many tokens are drafted at a time, 1 to 63.</summary>
    public int DraftTokens { get; init; } = 4;

    /// <summary>How many of the last tokens are looked for in what was read, to draft what stood behind them; 0 for none.</summary>
    public int Lookup { get; init; }

    private protected abstract SamplingConfig Config { get; }

    // What changes nothing is no rule: the others are then a configuration's, to the bit.
    Vec<SamplingRule> Rules =>
    [
        .. new SamplingRule?[]
        {
            RepetitionPenalty == 1 ? null : new RepetitionRule(RepetitionPenalty), PresencePenalty == 0 ? null : new PresenceRule(PresencePenalty),
            FrequencyPenalty == 0 ? null : new FrequencyRule(FrequencyPenalty), Biases.Count == 0 ? null : new BiasRule(Biases), Banned.Count == 0 ? null : new BanRule(Banned),
            Forced.Count == 0 ? null : new ForceRule(Forced), MinP == 0 ? null : new MinPRule(MinP), TypicalP == 1 ? null : new TypicalPRule(TypicalP),
        }.OfType<SamplingRule>(), .. SamplingRules.In(Config),
    ];

    // Without faults.
    internal Decoding Decoding => new(SamplingRules.Usual(Rules))
    {
        Stops = Stops, KeepsStop = Stops.Count > 0 && KeepsStop, Regex = Regex, Schema = Schema is null ? null : Json.Parse(Schema, nameof(Schema)).OrThrow(), Draft = Draft,
        Drafts = Draft is null && Lookup == 0 ? 0 : DraftTokens, Lookup = Lookup,
    };

    private protected IEnumerable<Validation<Fault, Unit>> Checks =>
    [
        .. Rules.Select(static rule => rule.Validate().MapFail(static f => f with { Where = Member(f.Where) })),
        Fault.Unless(!Stops.Any(static s => s.Length == 0), nameof(Stops), "holds an empty text, which stands everywhere", "allowed: texts of a character or more"),
        Fault.Unless(Regex is null || Schema is null, nameof(Schema), "stands beside a regular expression", "allowed: one of them"),
        Fault.Unless(Forced.Count == 0 || (Regex is null && Schema is null), nameof(Forced), "stands beside what the text must look like", "allowed: one of them"),
        Schema is null ? Prelude.Success<Fault, Unit>(Prelude.unit) : Json.Parse(Schema, nameof(Schema)).Map(static _ => Prelude.unit),
        Fault.Unless(Draft is not { Length: 0 }, nameof(Draft), "is empty", "expected a run's folder"),
        Fault.Unless(DraftTokens is >= 1 and <= 63, nameof(DraftTokens), $"is {DraftTokens}", "allowed: 1 to 63"),
        Fault.Unless(Lookup >= 0, nameof(Lookup), $"is {Lookup}", "allowed: 0 (off) or more"),
        Fault.Unless(Draft is null || Lookup == 0, nameof(Lookup), "stands beside a draft", "allowed: one of them"),
    ];

    static string Member(string rule) => rule switch
    {
        "temperature" => "Temperature",
        "top-k" => "TopK",
        "top-p" => "TopP",
        "min-p" => nameof(MinP),
        "typical-p" => nameof(TypicalP),
        "repetition-penalty" => nameof(RepetitionPenalty),
        "presence-penalty" => nameof(PresencePenalty),
        "frequency-penalty" => nameof(FrequencyPenalty),
        "bias" => nameof(Biases),
        "ban" => nameof(Banned),
        _ => nameof(Forced),
    };
}
