using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Grammars;

/// <summary>
/// JSON schemas as terms of a grammar. Known are <c>type</c>, <c>enum</c>, <c>const</c>, <c>anyOf</c>, <c>oneOf</c> of what cannot both hold, <c>allOf</c> of one, <c>$ref</c> within the
/// schema; <c>properties</c> (written in this order), <c>required</c>, <c>additionalProperties</c>; <c>prefixItems</c>, <c>items</c>, <c>minItems</c>, <c>maxItems</c>;
/// <c>minLength</c>, <c>maxLength</c>, <c>pattern</c>, <c>format</c> of <see cref="SchemaFormats"/>; <c>minimum</c>, <c>maximum</c> and the exclusive ones. Any other word is a fault, but for
/// those that say nothing about values.
/// </summary>
/// <remarks>
/// What is written is in one line, with a blank or none behind commas and colons. Objects with <c>properties</c> have no others; of others no name is looked at. Objects and arrays are at most
/// <see cref="Deepest"/> deep, whole numbers have at most 18 digits, exponents two; numbers with bounds have no exponent.
/// </remarks>
sealed class SchemaTerms
{
    /// <summary>How deep objects and arrays may be in each other, wherever a schema has no end itself.</summary>
    public const int Deepest = 32;

    const int MostWalk = 200;
    readonly Grammar grammar;
    readonly JsonTexts texts;
    readonly Json root;
    readonly string where;
    readonly List<Fault> faults = [];
    readonly Dictionary<(Json Schema, int Depth), int> known = [];
    readonly List<(Json Schema, int Depth)> open = [];

    SchemaTerms(Grammar grammar, Json root, string where) => (this.grammar, texts, this.root, this.where) = (grammar, new(grammar), root, where);

    /// <summary>The texts of values that it accepts, or all faults in it, each with its path.</summary>
    public static Validation<Fault, int> Of(Grammar grammar, Json schema, string where)
    {
        var reader = new SchemaTerms(grammar, schema, where);
        var term = reader.Value(schema, where, Deepest);
        return reader.faults.Count == 0 ? Success<Fault, int>(term) : Validation<Fault, int>.Fail(reader.faults.Distinct().ToSeq().Strict());
    }

    int Wrong(string path, string what, string allowed)
    {
        faults.Add(new(path, what, allowed));
        return Grammar.None;
    }

    // A schema at a depth has one term, however often it is referred to.
    int Value(Json schema, string path, int depth)
    {
        var key = (schema, depth);
        if (known.TryGetValue(key, out var term)) return term;
        if (open.Exists(o => ReferenceEquals(o.Schema, schema) && o.Depth == depth) || open.Count > MostWalk)
            return Wrong(path, "refers to itself with no object or array between", "allowed: recursion within properties or items");
        open.Add(key);
        term = Read(schema, path, depth);
        open.RemoveAt(open.Count - 1);
        known[key] = term;
        return term;
    }

    int Read(Json schema, string path, int depth)
    {
        if (schema is Json.Bool { Value: var all }) return all ? Any(depth) : Grammar.None;
        if (schema is not Json.Map { Members: var words }) return Wrong(path, $"is {schema.Kind}", "expected a schema: an object, true or false");
        var said = words.Names.Where(static w => !SchemaWords.IsNote(w)).ToVec();
        foreach (var word in (string[])["$ref", "const", "enum", "anyOf", "oneOf", "allOf"])
        {
            if (!said.Contains(word)) continue;
            var beside = said.Where(w => w != word && !(w == "type" && word is "const" or "enum")).ToVec();
            return beside.Count > 0 ? Wrong($"{path}.{beside[0]}", $"stands beside {word}", $"allowed: {word} alone")
                : word switch
                {
                    "$ref" => Referred(words[word], $"{path}.$ref", depth),
                    "const" => Values([words[word]], words, path, word),
                    "enum" => words[word] is Json.List { Items: var items } ? Values(items, words, path, word) : Wrong($"{path}.enum", $"is {words[word].Kind}", "expected a list"),
                    _ => Choice(word, words[word], $"{path}.{word}", depth),
                };
        }
        foreach (var word in said)
            if (word != "type" && !SchemaWords.About(word).Any()) _ = Wrong($"{path}.{word}", "is not known", $"allowed: {string.Join(", ", Known)}");
        var types = TypesOf(words, path);
        foreach (var word in said)
            if (word != "type" && SchemaWords.About(word).Any() && !SchemaWords.About(word).Any(types.Contains))
                _ = types.Contains("number") || types.Count == 0 ? 0 : Wrong($"{path}.{word}", $"is no word of {string.Join(" or ", types)}", "allowed: words of its type");
        return grammar.Either([.. types.Select(type => Typed(type, words, path, depth))]);
    }

    static IEnumerable<string> Known => ((string[])["type", "enum", "const", "anyOf", "oneOf", "$ref"]).Concat(SchemaWords.Types.SelectMany(static t => SchemaWords.Of(t))).Distinct();

    // Where no type is named, that of its words; of a schema that says nothing, all.
    Vec<string> TypesOf(Params<Json> words, string path)
    {
        if (words.Contains("type"))
        {
            Vec<Json> named = words["type"] is Json.List { Items: var items } ? items : [words["type"]];
            foreach (var name in named)
                if (name is not Json.Text { Value: var type } || !SchemaWords.Types.Contains(type))
                    _ = Wrong($"{path}.type", $"is {name.Line()}", $"allowed: {string.Join(", ", SchemaWords.Types)}");
            var all = named.OfType<Json.Text>().Select(static t => t.Value).Where(t => SchemaWords.Types.Contains(t)).Distinct().ToVec();
            return all.Contains("number") ? [.. all.Where(static t => t != "integer")] : all;
        }
        var about = words.Names.Where(static w => !SchemaWords.IsNote(w)).Select(static w => SchemaWords.About(w).FirstOrDefault()).OfType<string>().Distinct().ToVec();
        return about.Count > 0 ? about : [.. SchemaWords.Types.Where(static t => t != "integer")];
    }

    int Typed(string type, Params<Json> words, string path, int depth) => type switch
    {
        "object" => new SchemaObject(grammar, texts, Wrong, Value).Of(words, path, depth),
        "array" => Items(words, path, depth),
        "string" => String(words, path),
        "integer" => Integer(words, path),
        "number" => NumberOf(words, path),
        "boolean" => grammar.Either(grammar.Literal("true"), grammar.Literal("false")),
        _ => grammar.Literal("null"),
    };

    int Any(int depth) => Value(new Json.Map(Params<Json>.Empty), where, depth);

    int Values(Vec<Json> values, Params<Json> words, string path, string word)
    {
        var types = words.Contains("type") ? TypesOf(words, path) : SchemaWords.Types;
        var left = values.Where(v => types.Any(t => SchemaWords.Is(v, t))).ToVec();
        return left.Count == 0 ? Wrong($"{path}.{word}", values.Count == 0 ? "is empty" : "has no value of the type", "expected a value or more") :
            grammar.AnyOf([.. left.Select(static v => v.Line())]);
    }

    int Choice(string word, Json parts, string path, int depth)
    {
        if (parts is not Json.List { Items: { Count: > 0 } items }) return Wrong(path, "is no list of schemas", "expected one schema or more");
        if (word == "allOf" && items.Count > 1) return Wrong(path, $"has {items.Count} schemas", "allowed: one");
        var resolved = items.Select(Resolved).ToVec();
        if (word == "oneOf")
            for (var i = 0; i < items.Count; i++)
                for (var j = i + 1; j < items.Count; j++)
                    if (!SchemaOverlap.Excludes(resolved[i], resolved[j]))
                        return Wrong(path, $"has schemas {i} and {j}, which may both hold", "allowed: schemas of different types or values, or objects with a property that tells them apart; or anyOf");
        return grammar.Either([.. items.Select((item, i) => Value(item, $"{path}[{i}]", depth))]);
    }

    Json Resolved(Json schema) => schema.Given("$ref").Bind(r => r is Json.Text { Value: var pointer } ? Optional(Find(pointer)!) : None).IfNone(schema);

    int Referred(Json reference, string path, int depth) => reference is not Json.Text { Value: var pointer } ? Wrong(path, $"is {reference.Kind}", "expected a text")
        : Find(pointer) is { } found ? Value(found, $"{where}{(pointer.Length > 1 ? pointer[1..].Replace('/', '.') : "")}", depth)
        : Wrong(path, $"is {pointer}, where nothing is", "allowed: # and paths behind it, such as #/$defs/name");

    // A JSON pointer (RFC 6901) into the schema itself.
    Json? Find(string pointer)
    {
        if (pointer != "#" && !pointer.StartsWith("#/", StringComparison.Ordinal)) return null;
        var at = root;
        foreach (var part in pointer.Split('/').Skip(1).Select(static p => p.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal)))
        {
            if (at is Json.List { Items: var items } && int.TryParse(part, System.Globalization.CultureInfo.InvariantCulture, out var i) && i >= 0 && i < items.Count) at = items[i];
            else if (at[part].Case is Json inner) at = inner;
            else return null;
        }
        return at;
    }

    int Items(Params<Json> words, string path, int depth)
    {
        var (least, most) = (Count(words, "minItems", 0, path), Count(words, "maxItems", Grammar.Endless, path));
        if (least > most) return Wrong($"{path}.minItems", $"is {least}, above maxItems {most}", "allowed: up to maxItems");
        if (depth == 0) return Grammar.None;
        if (words.Contains("prefixItems") && words["prefixItems"] is not Json.List) return Wrong($"{path}.prefixItems", $"is {words["prefixItems"].Kind}", "expected a list of schemas");
        Vec<Json> first = words.Contains("prefixItems") && words["prefixItems"] is Json.List { Items: var named } ? named : [];
        var begin = first.Map((schema, i) => Value(schema, $"{path}.prefixItems[{i}]", depth - 1));
        var item = words.Contains("items") ? Value(words["items"], $"{path}.items", depth - 1) : Any(depth - 1);
        return grammar.Row(grammar.Literal("["), Behind(0), grammar.Literal("]"));

        // What may stand behind so many items.
        int Behind(int count)
        {
            if (count >= most) return Grammar.Empty;
            var comma = count == 0 ? Grammar.Empty : grammar.Row(grammar.Literal(","), grammar.Maybe(grammar.Literal(" ")));
            if (count > 0 && count >= begin.Count)
                return grammar.Repeat(grammar.Row(comma, item), Math.Max(0, least - count), most == Grammar.Endless ? most : most - count);
            var more = grammar.Row(comma, count < begin.Count ? begin[count] : item, Behind(count + 1));
            return count >= least ? grammar.Maybe(more) : more;
        }
    }

    int String(Params<Json> words, string path)
    {
        var (least, most) = (Count(words, "minLength", 0, path), Count(words, "maxLength", Grammar.Endless, path));
        if (least > most) return Wrong($"{path}.minLength", $"is {least}, above maxLength {most}", "allowed: up to maxLength");
        foreach (var word in (string[])["pattern", "format"])
        {
            if (!words.Contains(word)) continue;
            if (words.Contains("minLength") || words.Contains("maxLength")) return Wrong($"{path}.{word}", "stands beside a length", "allowed: a pattern that says it, such as ^.{1,9}$");
            if (words[word] is not Json.Text { Value: var text }) return Wrong($"{path}.{word}", $"is {words[word].Kind}", "expected a text");
            if (word == "pattern" && words.Contains("format")) return Wrong($"{path}.pattern", "stands beside a format", "allowed: one of them");
            if ((word == "pattern" ? text : SchemaFormats.Pattern(text)) is not { } pattern) return Wrong($"{path}.format", $"is {text}", $"allowed: {string.Join(", ", SchemaFormats.Names)}");
            return RegexTerms.Within(grammar, pattern, $"{path}.{word}", texts.Written).Match(inner => grammar.Row(grammar.Literal("\""), inner, grammar.Literal("\"")), found =>
            {
                faults.AddRange(found);
                return Grammar.None;
            });
        }
        return texts.Text(least, most);
    }

    int Count(Params<Json> words, string word, int otherwise, string path) => !words.Contains(word) ? otherwise
        : words[word] is Json.Whole { Value: >= 0 and < int.MaxValue and var count } ? (int)count : Wrong($"{path}.{word}", $"is {words[word].Line()}", "allowed: a whole number from 0");

    int Integer(Params<Json> words, string path)
    {
        var least = Math.Max(Bound(words, "minimum", long.MinValue, path, Math.Ceiling), Bound(words, "exclusiveMinimum", long.MinValue, path, static x => Math.Floor(x) + 1));
        var most = Math.Min(Bound(words, "maximum", long.MaxValue, path, Math.Floor), Bound(words, "exclusiveMaximum", long.MaxValue, path, static x => Math.Ceiling(x) - 1));
        return least > most ? Wrong(path, $"is to be from {least} to {most}", "allowed: a minimum up to the maximum") : texts.Whole(least, most);
    }

    long Bound(Params<Json> words, string word, long otherwise, string path, Func<double, double> rounded) => !words.Contains(word) ? otherwise : words[word] switch
    {
        Json.Whole { Value: var whole } => word switch { "exclusiveMinimum" => whole == long.MaxValue ? whole : whole + 1, "exclusiveMaximum" => whole == long.MinValue ? whole : whole - 1, _ => whole },
        Json.Real { Value: var real } => (long)Math.Clamp(rounded(real), -1e18, 1e18),
        _ => Wrong($"{path}.{word}", $"is {words[word].Kind}", "expected a number"),
    };

    int NumberOf(Params<Json> words, string path)
    {
        var (least, most) = (Limit(words, "minimum", "exclusiveMinimum", path, static (a, b) => a > b), Limit(words, "maximum", "exclusiveMaximum", path, static (a, b) => a < b));
        if (least is null && most is null) return texts.Number(false);
        if (least is { Value: 0, IsOpen: false } && most is null) return texts.Number(true);
        return least is { } l && most is { } m && (l.Value > m.Value || (l.Value == m.Value && (l.IsOpen || m.IsOpen)))
            ? Wrong(path, FormattableString.Invariant($"is to be from {l.Value} to {m.Value}"), "allowed: a minimum up to the maximum")
            : new DecimalTerms(grammar, texts).Between(least, most);
    }

    // The narrower of a bound and an exclusive one.
    Limit? Limit(Params<Json> words, string word, string exclusive, string path, Func<decimal, decimal, bool> isNarrower)
    {
        var (closed, open) = (Read(word), Read(exclusive));
        return open is { } o && (closed is not { } c || !isNarrower(c, o)) ? new(o, true) : closed is { } value ? new(value, false) : null;

        decimal? Read(string name)
        {
            if (!words.Contains(name)) return null;
            decimal? value = words[name] switch
            {
                Json.Whole { Value: var whole } => whole,
                Json.Real { Value: var real } when Math.Abs(real) < 1e15 => decimal.Parse(real.ToString("R", System.Globalization.CultureInfo.InvariantCulture),
                    System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture),
                _ => null,
            };
            if (value is { } known && DecimalTerms.IsBound(known)) return known;
            _ = Wrong($"{path}.{name}", $"is {words[name].Line()}", $"allowed: a number of up to {DecimalTerms.MostDigits} digits");
            return null;
        }
    }
}
