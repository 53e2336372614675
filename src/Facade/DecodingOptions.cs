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

    /// <summary>Whether a text that does not begin as JSON objects do may be written in place of what <see cref="Schema"/> accepts, as where a model may call a tool or not.</summary>
    public bool SchemaOptional { get; init; }

    /// <summary>The folder of a run with a smaller model and the same tokenizer, which drafts: text comes faster, and is distributed as without. Nothing for none.</summary>
    public string? Draft { get; init; }

    /// <summary>How many tokens are drafted at a time, 1 to 63.</summary>
    public int DraftTokens { get; init; } = 4;

    /// <summary>How many of the last tokens are looked for in what was read, to draft what stood behind them; 0 for none.</summary>
    public int Lookup { get; init; }

    /// <summary>How many texts <see cref="LanguageModel.CompleteAsync"/> and <see cref="LanguageModel.RepliesAsync"/> give, 1 or more: each with a key of its own, so that fewer are the first of more.</summary>
    public int Samples { get; init; } = 1;

    /// <summary>Of how many texts the <see cref="Samples"/> best are given, by the model's own log-probabilities; 0 for no choice.</summary>
    public int BestOf { get; init; }

    /// <summary>By what they are chosen.</summary>
    public BestBy BestBy { get; init; }

    /// <summary>How many sequences a search keeps in view; 0 for none, and tokens are drawn. A search knows rules of single tokens and constraints, and no temperature.</summary>
    public int Beams { get; init; }

    /// <summary>What a search gives the most of: Σ log p / length^this, 0 or more.</summary>
    public double LengthPenalty { get; init; } = 1;

    /// <summary>How many of the likeliest tokens are told at the place of each token, 0 or more.</summary>
    public int LogProbs { get; init; }

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
        Stops = Stops, KeepsStop = Stops.Count > 0 && KeepsStop, Regex = Regex, Schema = Schema is null ? null : Json.Parse(Schema, nameof(Schema)).OrThrow(),
        SchemaOptional = Schema is not null && SchemaOptional, Draft = Draft,
        Drafts = Draft is null && Lookup == 0 ? 0 : DraftTokens, Lookup = Lookup, Likely = LogProbs,
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
        Fault.Unless(Samples is >= 1 and <= 4096, nameof(Samples), $"is {Samples}", "allowed: 1 to 4096"),
        Fault.Unless(BestOf == 0 || (BestOf >= Samples && BestOf <= 4096), nameof(BestOf), $"is {BestOf}", $"allowed: 0 (off), or {Samples}, which are given, to 4096"),
        Fault.Unless(Enum.IsDefined(BestBy), nameof(BestBy), $"is {BestBy}", "allowed: Mean, Sum"),
        Fault.Unless(Beams is >= 0 and <= 256, nameof(Beams), $"is {Beams}", "allowed: 0 (off) to 256"),
        Fault.Unless(Beams == 0 || (BestOf == 0 && Samples <= Beams), nameof(Beams), "stands beside a choice of the best, or is fewer than are given", "allowed: beams alone, as many as samples or more"),
        Fault.Unless(Beams == 0 || (Draft is null && Lookup == 0), nameof(Beams), "stands beside drafts", "allowed: one of them"),
        Fault.Unless(Beams == 0 || Stops.Count == 0, nameof(Beams), "stands beside stops", "allowed: one of them"),
        Fault.Unless(Beams == 0 || LogProbs == 0, nameof(Beams), "stands beside log-probabilities of tokens", "allowed: one of them; a search tells the sum"),
        Fault.Unless(LengthPenalty >= 0 && double.IsFinite(LengthPenalty), nameof(LengthPenalty), FormattableString.Invariant($"is {LengthPenalty:R}"), "allowed: a finite number, 0 or more"),
        Fault.Unless(LogProbs is >= 0 and <= 1000, nameof(LogProbs), $"is {LogProbs}", "allowed: 0 to 1000"),
    ];

    // One text that is drawn, and told while it is written.
    internal IEnumerable<Validation<Fault, Unit>> Single =>
    [
        Fault.Unless(Samples == 1, nameof(Samples), $"is {Samples}, and one text is written", "allowed: 1; or CompleteAsync and RepliesAsync"),
        Fault.Unless(BestOf == 0, nameof(BestOf), $"is {BestOf}, and one text is written", "allowed: 0; or CompleteAsync and RepliesAsync"),
        Fault.Unless(Beams == 0, nameof(Beams), $"is {Beams}, and a search has no text before its end", "allowed: 0; or CompleteAsync and RepliesAsync"),
    ];

    // Only pieces of text are told.
    internal IEnumerable<Validation<Fault, Unit>> Told =>
    [
        .. Single, Fault.Unless(LogProbs == 0, nameof(LogProbs), $"is {LogProbs}, and only text is told", "allowed: 0; or CompleteAsync and RepliesAsync"),
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
