using Functional.Base;
using Functional.Dialogues;

namespace Functional.Chat;

/// <summary>
/// JSON schemas as they come of C# types. The exporter says less than the types do: <c>integer</c> for an <see cref="int"/>, <c>time</c> for a <see cref="TimeOnly"/> that reads no zone. What is
/// written by a schema is to be read by its type, so that such words are narrowed to what all types behind them read.
/// </summary>
static class Schemas
{
    // Whole numbers and others: what a bound of the constraint has room for, and a decimal reads.
    const long MostNumber = 999_999_999;
    const string Time = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]";

    static Json Text(string text) => new Json.Text(text);

    /// <summary>A schema that says the same, without words that say nothing beside a reference.</summary>
    public static Json Plain(Json schema) => JsonSchemas.Each(schema, static words => Bare(words));

    /// <summary>A schema that came of a C# type, as far as the type surely reads it.</summary>
    public static Json OfCSharp(Json schema) => JsonSchemas.Each(schema, static words => Narrowed(Bare(words)));

    // Beside a reference the exporter leaves items of any kind; and Semantic Kernel calls what a function does a condition, which says nothing about values.
    static Params<Json> Bare(Params<Json> words) => words.Filter((name, value) => !(name == "condition" && value is Json.Text)
        && !(words.Contains("$ref") && name is "items" or "additionalProperties" && IsAny(value)));

    static bool IsAny(Json schema) => schema is Json.Bool { Value: true } or Json.Map { Members.Count: 0 };

    static Params<Json> Narrowed(Params<Json> words)
    {
        if (words.Contains("enum") || words.Contains("const") || words.Contains("$ref")) return words;
        var types = !words.Contains("type") ? [] : words["type"] is Json.List { Items: var items } ? items : (Vec<Json>)[words["type"]];
        if (types.Contains(Text("number"))) return Bounded(words, -MostNumber, MostNumber);
        if (types.Contains(Text("integer"))) return Bounded(words, int.MinValue, int.MaxValue);
        if (!types.Contains(Text("string")) || Pattern(words) is not { } pattern) return words;
        return words.Filter(static (name, _) => name is not ("format" or "pattern" or "minLength" or "maxLength")).Add("pattern", Text(pattern));
    }

    // Where one bound is said, the other may be missing only where it is within what is usual: who says more than that knows why.
    static Params<Json> Bounded(Params<Json> words, long least, long most)
    {
        var (from, to) = (Bound(words, "minimum", "exclusiveMinimum"), Bound(words, "maximum", "exclusiveMaximum"));
        if (from >= most || to <= least) return words;
        var bounded = from is null ? words.Add("minimum", new Json.Whole(least)) : words;
        return to is null ? bounded.Add("maximum", new Json.Whole(most)) : bounded;
    }

    static double? Bound(Params<Json> words, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
            if (words.Contains(name)) return words[name] switch { Json.Whole { Value: var whole } => whole, Json.Real { Value: var real } => real, _ => 0 };
        return null;
    }

    static string? Pattern(Params<Json> words)
    {
        string Word(string name) => words.Contains(name) && words[name] is Json.Text { Value: var text } ? text : "";
        bool IsOne(string name) => words.Contains(name) && words[name] is Json.Whole { Value: 1 };
        return (Word("format"), Word("$comment")) switch
        {
            // A TimeOnly reads no zone; a TimeSpan no 25th hour; a Version no more than an int.
            ("time", _) => $@"^{Time}(\.[0-9]{{1,7}})?$",
            (_, "Represents a System.TimeSpan value.") => $@"^-?([1-9][0-9]{{0,5}}\.)?{Time}(\.[0-9]{{7}})?$",
            (_, "Represents a version string.") => @"^(0|[1-9][0-9]{0,5})(\.(0|[1-9][0-9]{0,5})){1,3}$",
            // A char is no character beyond the first plane.
            _ when IsOne("minLength") && IsOne("maxLength") && !words.Contains("pattern") => "^[ -\uD7FF\uE000-\uFFFD]$",
            _ => null,
        };
    }
}
