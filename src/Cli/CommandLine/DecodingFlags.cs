using System.Globalization;
using Functional.Base;
using Functional.Files;
using Functional.Sampling;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Cli;

/// <summary>How tokens are chosen, where a text ends and what it must look like, as options.</summary>
static class DecodingFlags
{
    const string Group = "choosing tokens";

    // As the library's properties are called.
    static readonly (string Member, string Flag)[] names =
    [
        ("Temperature", "--temperature"), ("TopK", "--top-k"), ("TopP", "--top-p"), ("MinP", "--min-p"), ("TypicalP", "--typical-p"), ("RepetitionPenalty", "--repetition-penalty"),
        ("PresencePenalty", "--presence-penalty"), ("FrequencyPenalty", "--frequency-penalty"), ("Banned", "--ban"), ("Biases", "--bias"), ("Stops", "--stop"), ("Regex", "--regex"),
        ("regex", "--regex"), ("Schema", "--schema"), ("schema", "--schema"), ("Draft", "--draft"), ("draft", "--draft"), ("DraftTokens", "--draft-tokens"), ("Lookup", "--lookup"),
        ("Samples", "--samples"), ("BestOf", "--best-of"), ("BestBy", "--best-by"), ("Beams", "--beams"), ("LengthPenalty", "--length-penalty"), ("LogProbs", "--logprobs"),
        ("Tokens", "--tokens"), ("Window", "--window"), ("Sinks", "--sinks"),
    ];

    /// <summary>The options.</summary>
    public static Vec<Flag> All =>
    [
        .. new Flag[]
        {
            new("--repetition-penalty", "X", "above 1, tokens that were seen are less likely, in the prompt or since") { Default = "1" },
            new("--presence-penalty", "X", "taken from the logit of each token that was written") { Default = "0" },
            new("--frequency-penalty", "X", "taken from a token's logit for each time that it was written") { Default = "0" },
            new("--bias", "ID=X,ID=X", "added to the logits of tokens; functional tokenize shows ids"),
            new("--ban", "ID,ID", "tokens that are never written"),
            new("--min-p", "P", "draw from tokens at least so likely as this share of the likeliest") { Default = "0" },
            new("--typical-p", "P", "draw from the tokens of the most typical surprise that together reach this share") { Default = "1" },
            new("--stop", "TEXT", "a text at which it ends, and that is no part of it; may be given several times") { Many = true },
            new("--keep-stop", null, "it is a part of it"),
            new("--regex", "PATTERN", "a regular expression that the whole text matches"),
            new("--schema", "FILE", "a JSON schema that accepts what is written"),
            new("--draft", "DIR", "a run with a smaller model and the same tokenizer that drafts: the same distribution, in fewer passes"),
            new("--draft-tokens", "N", "tokens that are drafted at a time") { Default = "4" },
            new("--lookup", "N", "drafts what stood behind the last so many tokens where they were before; 0 for none") { Default = "0" },
        }.Select(static f => f with { Group = Group }),
    ];

    /// <summary>Options with what was given.</summary>
    /// <exception cref="FunctionalException">A value is none, or the schema's file cannot be read.</exception>
    public static T Of<T>(Given given, T options) where T : DecodingOptions
    {
        var (repetition, presence, frequency, minP) = (given.Number("--repetition-penalty", 1), given.Number("--presence-penalty", 0), given.Number("--frequency-penalty", 0),
            given.Number("--min-p", 0)).Checked();
        var (typicalP, biases, banned, drafts) = (given.Number("--typical-p", 1), Biases(given), given.Wholes("--ban", [], 0), given.Whole("--draft-tokens", 4, 1, 63)).Checked();
        var lookup = given.Whole("--lookup", 0, 0).OrThrow();
        var schema = given.Text("--schema") is { } file ? TextFile.Read(file).OrThrow() : null;
        return options with
        {
            RepetitionPenalty = repetition, PresencePenalty = presence, FrequencyPenalty = frequency, MinP = minP, TypicalP = typicalP, Biases = biases, Banned = banned,
            Stops = given.All("--stop"), KeepsStop = given.Has("--keep-stop"), Regex = given.Text("--regex"), Schema = schema, Draft = given.Text("--draft"), DraftTokens = drafts, Lookup = lookup,
        };
    }

    /// <summary>A fault under the name of its option.</summary>
    public static Fault Named(Fault fault) => names.FirstOrDefault(n => fault.Where == n.Member || fault.Where.StartsWith($"{n.Member}.", StringComparison.Ordinal)
        || fault.Where.StartsWith($"{n.Member},", StringComparison.Ordinal)) is { Flag: { } flag } found ? fault with { Where = flag + fault.Where[found.Member.Length..] } : fault;

    /// <summary>Work whose faults have the names of options.</summary>
    public static async Task<T> Named<T>(Func<Task<T>> work)
    {
        try
        {
            return await work().ConfigureAwait(false);
        }
        catch (FunctionalException e) when (e.InnerException is null)
        {
            throw new FunctionalException([.. e.Faults.Select(Named)]);
        }
    }

    static Validation<Fault, Vec<TokenBias>> Biases(Given given) => given.Text("--bias") is not { } text ? Success<Fault, Vec<TokenBias>>([])
        : text.Split(',').Select(part => part.Split('=') is [var id, var amount] && int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var token)
            && double.TryParse(amount, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? Success<Fault, TokenBias>(new(token, value))
            : Fault.Of<TokenBias>("--bias", $"'{part}' stands in {text}", "allowed: tokens and numbers, as 13=2.5,198=-1")).Gather();
}
