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
        ("PresencePenalty", "--presence-penalty"), ("FrequencyPenalty", "--frequency-penalty"), ("Banned", "--ban"), ("Biases", "--bias"), ("Forced", "--force"), ("Stops", "--stop"), ("Regex", "--regex"),
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
            new("--force", "N=ID,N=ID", "tokens that stand at their places, counted from 0, whatever else holds"),
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

    /// <summary>How many texts, and which of more.</summary>
    public static Vec<Flag> Several =>
    [
        .. new Flag[]
        {
            new("--samples", "N", "texts to write; fewer are the first of more") { Default = "1" },
            new("--best-of", "N", "writes so many, and shows the likeliest; 0 for no choice") { Default = "0" },
            new("--best-by", "NAME", "by what these are chosen: the mean log-probability of a text's tokens, or their sum: mean, sum") { Default = "mean" },
            new("--beams", "N", "searches for the likeliest text with so many beams, in place of drawing; 0 for none") { Default = "0" },
            new("--length-penalty", "A", "beams are worth their log-probability by their length to this power") { Default = "1" },
            new("--logprobs", "N", "shows each token with its log-probability, and so many of the likeliest in its place") { Default = "0" },
            new("--json", null, "one line of JSON: texts, why they end, and their tokens' log-probabilities"),
        }.Select(static f => f with { Group = "several texts" }),
    ];

    /// <summary>Whether texts are shown when they are whole: what is unfinished, or likelier than others, is not known before.</summary>
    public static bool Whole(Given given, DecodingOptions options) => given.Has("--json") || options.Samples > 1 || options.BestOf > 0 || options.Beams > 0 || options.LogProbs > 0
        || (options.Regex ?? options.Schema) is not null;

    /// <summary>Options with what was given.</summary>
    /// <exception cref="FunctionalException">A value is none, or the schema's file cannot be read.</exception>
    public static T Of<T>(Given given, T options) where T : DecodingOptions
    {
        var (repetition, presence, frequency, minP) = (given.Number("--repetition-penalty", 1), given.Number("--presence-penalty", 0), given.Number("--frequency-penalty", 0),
            given.Number("--min-p", 0)).Checked();
        var (typicalP, biases, banned, drafts) = (given.Number("--typical-p", 1), Biases(given), given.Wholes("--ban", [], 0), given.Whole("--draft-tokens", 4, 1, 63)).Checked();
        var (lookup, forced) = (given.Whole("--lookup", 0, 0), Forced(given)).Checked();
        var (samples, best, beams, likely) = (given.Whole("--samples", 1, 1, 4096), given.Whole("--best-of", 0, 0, 4096), given.Whole("--beams", 0, 0, 256),
            given.Whole("--logprobs", 0, 0, 1000)).Checked();
        var (length, by) = (given.Number("--length-penalty", 1), given.Choice("--best-by", "mean", ["mean", "sum"])).Checked();
        if (beams > 0 && ((string[])["--temperature", "--top-k", "--top-p", "--min-p", "--typical-p", "--seed"]).FirstOrDefault(given.Has) is { } drawn)
            throw new FunctionalException(new Fault(drawn, "stands beside --beams, which searches, and draws nothing", "allowed: one of them"));
        foreach (var (flag, needs, holds) in new[] { ("--length-penalty", "--beams", beams > 0), ("--best-by", "--best-of", best > 0), ("--draft-tokens", "--draft or --lookup", given.Has("--draft") || lookup > 0),
            ("--keep-stop", "--stop", given.Has("--stop")) })
            if (given.Has(flag) && !holds) throw new FunctionalException(new Fault(flag, $"is given without {needs}", $"allowed: beside {needs}"));
        var schema = given.Text("--schema") is { } file ? TextFile.Read(file).OrThrow() : null;
        return options with
        {
            RepetitionPenalty = repetition, PresencePenalty = presence, FrequencyPenalty = frequency, MinP = minP, TypicalP = typicalP, Biases = biases, Banned = banned, Forced = forced,
            Stops = given.All("--stop"), KeepsStop = given.Has("--keep-stop"), Regex = given.Text("--regex"), Schema = schema, Draft = given.Text("--draft"), DraftTokens = drafts, Lookup = lookup,
            Samples = samples, BestOf = best, BestBy = by == "sum" ? BestBy.Sum : BestBy.Mean, Beams = beams, LengthPenalty = length, LogProbs = likely,
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

    static Validation<Fault, Vec<TokenBias>> Biases(Given given) => Pairs<TokenBias>(given, "--bias", "tokens and numbers, as 13=2.5,198=-1",
        static (id, amount) => int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var token)
            && double.TryParse(amount, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? new TokenBias(token, value) : null);

    static Validation<Fault, Vec<ForcedToken>> Forced(Given given) => Pairs<ForcedToken>(given, "--force", "places from 0 and tokens, as 0=13,1=198",
        static (place, id) => int.TryParse(place, NumberStyles.None, CultureInfo.InvariantCulture, out var at)
            && int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var token) ? new ForcedToken(at, token) : null);

    static Validation<Fault, Vec<T>> Pairs<T>(Given given, string name, string allowed, Func<string, string, T?> read) where T : struct =>
        given.Text(name) is not { } text ? Success<Fault, Vec<T>>([])
        : text.Split(',').Select(part => part.Split('=') is [var first, var second] && read(first, second) is { } pair ? Success<Fault, T>(pair)
            : Fault.Of<T>(name, text.Contains(',', StringComparison.Ordinal) ? $"has '{part}'" : $"is '{part}'", $"expected {allowed}; functional tokenize shows ids")).Gather();
}
