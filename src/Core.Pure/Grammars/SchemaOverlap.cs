using Functional.Base;

namespace Functional.Grammars;

/// <summary>Whether two schemas can both hold for a value, as far as that is seen at a glance: for <c>oneOf</c>.</summary>
static class SchemaOverlap
{
    /// <summary>Whether no value fits both, for certain.</summary>
    public static bool Excludes(Json a, Json b)
    {
        if (Values(a) is { } some && Values(b) is { } others) return !some.Any(others.Contains);
        var (first, second) = (Types(a), Types(b));
        if (first is not null && second is not null && !first.Any(t => second.Any(u => t == u || (t, u) is ("integer", "number") or ("number", "integer")))) return true;
        return first is ["object"] && second is ["object"] && Names(a).Intersect(Names(b)).Any(name => Property(a, name) is { } p && Property(b, name) is { } q && Excludes(p, q));
    }

    // The values that are named one by one.
    static IReadOnlyList<Json>? Values(Json schema) => schema["const"].Case is Json one ? [one] : schema["enum"].Case is Json.List { Items: var items } ? [.. items] : null;

    static string[]? Types(Json schema) => Values(schema) is { } values ? [.. values.SelectMany(static v => SchemaWords.Types.Where(t => SchemaWords.Is(v, t))).Distinct()]
        : schema["type"].Case switch
        {
            Json.Text t => [t.Value],
            Json.List { Items: var items } => [.. items.OfType<Json.Text>().Select(static t => t.Value)],
            _ => null,
        };

    static IEnumerable<string> Names(Json schema) => schema["required"].Case is Json.List { Items: var items } ? items.OfType<Json.Text>().Select(static t => t.Value) : [];

    static Json? Property(Json schema, string name) => schema["properties"].Bind(p => p[name]).Case as Json;
}
