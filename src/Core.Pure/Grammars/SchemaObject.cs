using Functional.Base;

namespace Functional.Grammars;

/// <summary>Schemas of objects as terms of a grammar.</summary>
/// <param name="grammar">The grammar.</param>
/// <param name="texts">Parts of JSON texts.</param>
/// <param name="wrong">Is told a fault: path, what is wrong, what is allowed.</param>
/// <param name="value">The term of a schema at a path and depth.</param>
sealed class SchemaObject(Grammar grammar, JsonTexts texts, Func<string, string, string, int> wrong, Func<Json, string, int, int> value)
{
    /// <summary>Objects with the properties in order, those that are not required there or not; without properties, objects with any names.</summary>
    public int Of(Params<Json> words, string path, int depth)
    {
        var required = Required(words, path);
        var more = words.Contains("additionalProperties") ? words["additionalProperties"] : new Json.Bool(!words.Contains("properties"));
        if (words.Contains("properties") && words["properties"] is not Json.Map) return wrong($"{path}.properties", $"is {words["properties"].Kind}", "expected an object");
        var named = words.Contains("properties") && words["properties"] is Json.Map { Members: var members } ? members : Params<Json>.Empty;
        foreach (var name in required)
            if (!named.Contains(name) && more is Json.Bool { Value: false }) _ = wrong($"{path}.required", $"names {name}, which is no property", named.Count == 0 ? "allowed: none, where there are no properties" : $"allowed: {string.Join(", ", named.Names)}");
        if (depth == 0) return Grammar.None;
        (string Name, Json Schema, string Path)[] all = [.. named.Select(p => (p.Name, p.Value, $"{path}.properties.{p.Name}")),
            .. required.Where(r => !named.Contains(r)).Select(r => (r, more, $"{path}.additionalProperties"))];
        var inner = all.Length > 0 || more is Json.Bool { Value: false } ? InOrder([.. all.Select(p => Member(grammar.Literal(new Json.Text(p.Name).Line()), p.Schema, p.Path, depth))],
            [.. all.Select(p => required.Contains(p.Name))]) : AnyNames(more, path, depth);
        return grammar.Row(grammar.Literal("{"), inner, grammar.Literal("}"));
    }

    Vec<string> Required(Params<Json> words, string path)
    {
        if (!words.Contains("required")) return [];
        if (words["required"] is Json.List { Items: var items } && items.All(static i => i is Json.Text)) return [.. items.OfType<Json.Text>().Select(static t => t.Value).Distinct()];
        _ = wrong($"{path}.required", "is no list of names", "expected a list of texts");
        return [];
    }

    int Member(int name, Json schema, string path, int depth) => grammar.Row(name, grammar.Literal(":"), grammar.Maybe(grammar.Literal(" ")), value(schema, path, depth - 1));

    // From the last to the first: what may follow where something stands before, and where nothing does.
    int InOrder(int[] members, bool[] required)
    {
        var comma = grammar.Row(grammar.Literal(","), grammar.Maybe(grammar.Literal(" ")));
        var (behind, first) = (Grammar.Empty, Grammar.Empty);
        for (var i = members.Length - 1; i >= 0; i--)
        {
            var (with, alone) = (grammar.Row(comma, members[i], behind), grammar.Row(members[i], behind));
            (behind, first) = required[i] ? (with, alone) : (grammar.Either(with, behind), grammar.Either(alone, first));
        }
        return first;
    }

    int AnyNames(Json schema, string path, int depth)
    {
        var member = Member(texts.Text(0, Grammar.Endless), schema, $"{path}.additionalProperties", depth);
        return grammar.Maybe(grammar.Row(member, grammar.Repeat(grammar.Row(grammar.Literal(","), grammar.Maybe(grammar.Literal(" ")), member), 0, Grammar.Endless)));
    }
}
