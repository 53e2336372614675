using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Families;

/// <summary>A <c>config.json</c> while it is read: its members by name, each of the kind that is asked for or a fault that names it.</summary>
/// <param name="Members">The object's members.</param>
/// <param name="Where">What faults call it: the file, or a member of it.</param>
sealed record ConfigSource(Params<Json> Members, string Where)
{
    /// <summary>Whether a member is there, be it null.</summary>
    public bool Has(string name) => Members.Contains(name);

    /// <summary>Whether a member is there and not null.</summary>
    public bool Gives(string name) => Has(name) && Members[name] is not Json.Null;

    /// <summary>A fault at a member.</summary>
    public Fault Wrong(string name, string what, string allowed) => new($"{Where}: {name}", what, allowed);

    /// <summary>A member that must be of a kind; nothing where it is missing or null.</summary>
    public Validation<Fault, Option<T>> Maybe<T>(string name, string expected, Func<Json, Option<T>> read) => !Gives(name)
        ? Success<Fault, Option<T>>(None)
        : read(Members[name]).Match(value => Success<Fault, Option<T>>(Some(value)), () => Wrong(name, $"is {Shown(Members[name])}",
            $"expected {expected}").As<Option<T>>());

    static string Shown(Json json) => json switch
    {
        Json.Whole w => FormattableString.Invariant($"{w.Value}"),
        Json.Real r => FormattableString.Invariant($"{r.Value:R}"),
        Json.Text t => $"'{(t.Value.Length > 60 ? t.Value[..60] + "…" : t.Value)}'",
        Json.Bool b => b.Value ? "true" : "false",
        _ => json.Kind,
    };

    /// <summary>A whole number from <paramref name="least"/> on; one written as <c>4096.0</c> counts.</summary>
    public Validation<Fault, Option<int>> Whole(string name, int least = 0) => Maybe(name, $"a whole number from {least} to {int.MaxValue}", json => json switch
    {
        Json.Whole { Value: var value } when value >= least && value <= int.MaxValue => Some((int)value),
        Json.Real { Value: var value } when value >= least && value <= int.MaxValue && value == Math.Floor(value) => Some((int)value),
        _ => Option<int>.None,
    });

    /// <summary>A number from 0 on.</summary>
    public Validation<Fault, Option<double>> Real(string name) => Maybe(name, "a number from 0 on", static json => NumberOf(json).Filter(static n => n >= 0));

    /// <summary>True or false.</summary>
    public Validation<Fault, Option<bool>> Flag(string name) => Maybe(name, "true or false", static json => json is Json.Bool b ? Some(b.Value) : None);

    /// <summary>A text.</summary>
    public Validation<Fault, Option<string>> Word(string name) => Maybe(name, "a text", static json => json is Json.Text t ? Some(t.Value) : None);

    /// <summary>A list of numbers from 0 on.</summary>
    public Validation<Fault, Option<Vec<double>>> Reals(string name) => Maybe(name, "a list of numbers from 0 on", static json =>
        json is Json.List { Items: var items } && items.All(static i => NumberOf(i).Exists(static n => n >= 0))
            ? Some(items.Map(static i => NumberOf(i).IfNone(0))) : None);

    /// <summary>A list of texts.</summary>
    public Validation<Fault, Option<Vec<string>>> Words(string name) => Maybe(name, "a list of texts", static json =>
        json is Json.List { Items: var items } && items.All(static i => i is Json.Text) ? Some(items.Map(static i => ((Json.Text)i).Value)) : None);

    /// <summary>An object.</summary>
    public Validation<Fault, Option<ConfigSource>> Inside(string name) => Maybe(name, "an object", json =>
        json is Json.Map { Members: var members } ? Some(new ConfigSource(members, $"{Where}: {name}")) : None);

    static Option<double> NumberOf(Json json) => json switch { Json.Whole w => Some((double)w.Value), Json.Real r => Some(r.Value), _ => None };
}
