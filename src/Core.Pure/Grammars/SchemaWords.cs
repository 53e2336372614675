using Functional.Base;

namespace Functional.Grammars;

/// <summary>The words of JSON Schema (2020-12) that are known, and what they belong to.</summary>
static class SchemaWords
{
    static readonly Vec<string> Notes =
        ["title", "description", "default", "examples", "$comment", "$schema", "$id", "$defs", "definitions", "deprecated", "readOnly", "writeOnly"];

    static readonly Vec<(string Type, Vec<string> Words)> OfTypes =
    [
        ("object", ["properties", "required", "additionalProperties"]), ("array", ["prefixItems", "items", "minItems", "maxItems"]), ("string", ["minLength", "maxLength", "pattern", "format"]),
        ("integer", ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]), ("number", ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]), ("boolean", []), ("null", []),
    ];

    /// <summary>The types, in the order in which they are written.</summary>
    public static Vec<string> Types => OfTypes.Map(static t => t.Type);

    /// <summary>Whether a word says nothing about values.</summary>
    public static bool IsNote(string word) => Notes.Contains(word);

    /// <summary>The words of a type.</summary>
    public static Vec<string> Of(string type) => OfTypes.First(t => t.Type == type).Words;

    /// <summary>The types that a word is about.</summary>
    public static IEnumerable<string> About(string word) => OfTypes.Where(t => t.Words.Contains(word)).Select(static t => t.Type);

    /// <summary>Whether a value is of a type.</summary>
    public static bool Is(Json value, string type) => (type, value) switch
    {
        ("object", Json.Map) or ("array", Json.List) or ("string", Json.Text) or ("boolean", Json.Bool) or ("null", Json.Null) => true,
        ("integer", Json.Whole) or ("number", Json.Whole or Json.Real) => true,
        _ => false,
    };
}
