using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Families;

/// <summary>The ids of tokens that begin, end and fill up texts.</summary>
/// <param name="Begin">The token that texts begin with.</param>
/// <param name="End">Tokens at which a text ends; some models have several.</param>
/// <param name="Pad">The token that fills up shorter rows; a judge of texts reads the last token that is another.</param>
public sealed record TokenMarks(Option<int> Begin, Vec<int> End, Option<int> Pad)
{
    /// <summary>None of them.</summary>
    public static TokenMarks None { get; } = new(Option<int>.None, [], Option<int>.None);

    internal static Validation<Fault, TokenMarks> Read(ConfigSource from) => (
        // Some families say −1 for none.
        from.Maybe("bos_token_id", "a token id", Id), from.Maybe("eos_token_id", "a token id or a list of them", Ids),
            from.Maybe("pad_token_id", "a token id", Id))
        .Apply(static (begin, end, pad) => new TokenMarks(begin.Bind(static b => b), end.IfNone([]), pad.Bind(static p => p)));

    static Option<Option<int>> Id(Json json) => json switch
    {
        Json.Whole { Value: -1 } => Some(Option<int>.None),
        Json.Whole { Value: >= 0 and <= int.MaxValue and var id } => Some(Some((int)id)),
        _ => Option<Option<int>>.None,
    };

    static Option<Vec<int>> Ids(Json json) => json switch
    {
        Json.List { Items: var items } when items.All(static i => Id(i).IsSome) =>
            Some((Vec<int>)[.. items.SelectMany(static i => Id(i).IfNone(Option<int>.None))]),
        _ => Id(json).Map(static id => (Vec<int>)[.. id]),
    };

    internal Vec<(string Name, Json Value)> Write() =>
    [
        ("bos_token_id", Begin.Match(static b => (Json)new Json.Whole(b), static () => new Json.Null())),
        ("eos_token_id", End switch { [] => new Json.Null(), [var one] => new Json.Whole(one), _ =>
            new Json.List(End.Map(static e => (Json)new Json.Whole(e))) }),
        ("pad_token_id", Pad.Match(static p => (Json)new Json.Whole(p), static () => new Json.Null())),
    ];
}
