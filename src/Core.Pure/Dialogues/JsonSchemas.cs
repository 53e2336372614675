using Functional.Base;

namespace Functional.Dialogues;

/// <summary>JSON schemas as trees of schemas: what stands in one that is a schema itself, and not a name or a value.</summary>
public static class JsonSchemas
{
    /// <summary>Changes the words of a schema and of each within it, the inner ones first; names of properties, and values that are allowed, are none.</summary>
    /// <param name="schema">The schema; what is none, such as <c>true</c>, stays.</param>
    /// <param name="change">From words to words.</param>
    public static Json Each(Json schema, Func<Params<Json>, Params<Json>> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        return schema is not Json.Map { Members: var words } ? schema : new Json.Map(change(words.Map((name, value) => (name, value) switch
        {
            ("properties" or "$defs" or "definitions" or "patternProperties", Json.Map { Members: var members }) => new Json.Map(members.Map(member => Each(member, change))),
            ("anyOf" or "oneOf" or "allOf" or "prefixItems", Json.List { Items: var items }) => new Json.List(items.Map(item => Each(item, change))),
            ("items" or "additionalProperties" or "not", _) => Each(value, change),
            _ => value,
        })));
    }

    /// <summary>A schema that stands elsewhere, so that its references lead where they led.</summary>
    /// <param name="schema">The schema.</param>
    /// <param name="to">Where it stands, such as <c>#/properties/arguments</c>.</param>
    public static Json Moved(Json schema, string to) => Each(schema, words => words.Map((name, value) =>
        name == "$ref" && value is Json.Text { Value: ['#', ..] pointer } ? new Json.Text(to + pointer[1..]) : value));
}
