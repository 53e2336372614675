using V = Functional.Templates.TemplateValue;

namespace Functional.Templates;

/// <summary>Filters of lists, and of what can be gone through like one.</summary>
static class ListFilters
{
    /// <summary>What a filter makes of a value.</summary>
    public static V Apply(string name, V value, Arguments given)
    {
        // Before the items are asked for: a mapping is more than its keys here.
        if (name is "items" or "dictsort") return Entries(name, value, given);
        if (name == "reverse" && value is V.Text text)
        {
            given.Only(name);
            return V.Of(string.Concat(CodePoints.Each(text.Value).Reverse()));
        }
        var items = given.Budget.Each(given.At, value);
        switch (name)
        {
            case "first" or "last":
                given.Only(name);
                return items.Count == 0 ? new V.Undefined($"the {name} item of an empty list") : name == "first" ? items[0] : items[^1];
            case "list":
                given.Only(name);
                return new V.List(items);
            case "reverse":
                given.Only(name);
                return V.Of(items.Reverse());
            case "join":
                given.Only(name, "d", "attribute");
                return given.Budget.Join(given.At, given.Find(1, "attribute") is { } of ? [.. items.Select(i => Attribute(i, of, given))] : items,
                    given.Find(0, "d") is { } between ? PythonText.Of(between) : "", mustBeText: false);
            case "map": return given.Budget.Counted(given.At, V.Of(Mapped(items, given)));
            case "select" or "reject": return V.Of(items.Where(item => Passes(item, given, 0) == (name == "select")));
            case "selectattr" or "rejectattr":
                var attribute = given.Get(0, "attribute");
                return V.Of(items.Where(item => Passes(Attribute(item, attribute, given), given, 1) == (name == "selectattr")));
            case "min" or "max" or "sort" or "unique": return Ordered(name, items, given);
            default:
                given.Only("sum", "attribute", "start");
                return items.Aggregate(given.Find(1, "start") ?? V.Of(0), (sum, item) =>
                    Operators.Binary(given.Budget, given.At, "+", sum, given.Find(0, "attribute") is { } by and not V.None ? Attribute(item, by, given) : item));
        }
    }

    static V Entries(string name, V value, Arguments given)
    {
        given.Only(name, name == "items" ? [] : ["case_sensitive", "by", "reverse"]);
        if (name == "items" && value is V.Undefined) return V.Of([]);
        if (value is not V.Map map) throw given.Wrong($"{value.Kind} has no items", "expected a mapping");
        var entries = map.Held.Entries.Select(static e => V.Pair(e.Key, e.Value));
        if (name == "items") return V.Of(entries);
        var by = given.Find(1, "by") is null ? "key" : given.Text(1, "by");
        if (by is not ("key" or "value")) throw given.Wrong($"'by' is {by}", "allowed: key, value");
        return V.Of(Sorted(entries, e => Folded(((V.List)e).Items[by == "key" ? 0 : 1], given.Flag(0, "case_sensitive")), given, given.Flag(2, "reverse")));
    }

    static IEnumerable<V> Mapped(IReadOnlyList<V> items, Arguments given)
    {
        if (given.Placed.Count == 0)
        {
            given.Only("map", "attribute", "default");
            var (by, otherwise) = (given.Get(0, "attribute"), given.Named.FirstOrDefault(static n => n.Name == "default").Value);
            return items.Select(item => Attribute(item, by, given) is var found && found is V.Undefined && otherwise is not null ? otherwise : found);
        }
        var name = given.Text(0, "filter");
        if (!TemplateFilters.Names.Contains(name)) throw given.Wrong($"the filter '{name}' is not supported",
            $"allowed: {string.Join(", ", TemplateFilters.Names)}");
        var rest = given with { Placed = [.. given.Placed.Skip(1)] };
        return items.Select(item => TemplateFilters.Apply(name, item, rest));
    }

    static bool Passes(V item, Arguments given, int skip)
    {
        if (given.Placed.Count <= skip) return item.Truth;
        var name = given.Text(skip, "test");
        name = name switch { "==" => "eq", "!=" => "ne", "<" => "lt", "<=" => "le", ">" => "gt", ">=" => "ge", _ => name };
        if (!TemplateTests.Names.Contains(name)) throw given.Wrong($"the test '{name}' is not supported", $"allowed: {string.Join(", ", TemplateTests.Names)}");
        given.Budget.Step(given.At, 1);
        return TemplateTests.Holds(name, item, given with { Placed = [.. given.Placed.Skip(skip + 1)] });
    }

    // 'a.b.0' goes in by members and places.
    static V Attribute(V item, V path, Arguments given)
    {
        if (path is V.Whole) return TemplateExpressions.Item(given.At, item, path);
        foreach (var part in PythonText.Of(path).Split('.'))
            item = TemplateExpressions.Item(given.At, item, part.Length > 0 && part.All(char.IsAsciiDigit) && part.Length < 10
                ? V.Of(long.Parse(part, System.Globalization.CultureInfo.InvariantCulture)) : V.Of(part));
        return item;
    }

    static V Folded(V value, bool exact) => value is V.Text t && !exact ? V.Of(t.Value.ToLowerInvariant()) : value;

    static V Ordered(string name, IReadOnlyList<V> items, Arguments given)
    {
        var sort = name == "sort";
        if (sort) given.Only(name, "reverse", "case_sensitive", "attribute");
        else given.Only(name, "case_sensitive", "attribute");
        var exact = given.Flag(sort ? 1 : 0, "case_sensitive");
        var by = given.Find(sort ? 2 : 1, "attribute");
        V Key(V item) => Folded(by is null or V.None ? item : Attribute(item, by, given), exact);
        // To sort, one may name several, with commas.
        V Keys(V item) => by is V.Text { Value: var names } && names.Contains(',', StringComparison.Ordinal)
            ? V.Of(names.Split(',').Select(n => Folded(Attribute(item, V.Of(n), given), exact))) : Key(item);
        if (sort) return V.Of(Sorted(items, Keys, given, given.Flag(0, "reverse")));
        if (name == "unique")
        {
            var ids = new System.Collections.Generic.HashSet<string>(StringComparer.Ordinal);
            return V.Of([.. items.Where(item => ids.Add(TemplateMap.Id(Key(item)) ?? throw given.Wrong($"{item.Kind} cannot be told apart",
                "expected strings or numbers")))]);
        }
        if (items.Count == 0) return new V.Undefined($"the {name} of an empty list");
        return items.Aggregate((best, item) => Operators.Order(given.At, "<", Key(item), Key(best)) is var order && (name == "min" ? order < 0 : order > 0)
            ? item : best);
    }

    static IEnumerable<V> Sorted(IEnumerable<V> items, Func<V, V> key, Arguments given, bool reverse)
    {
        (V Item, V Key)[] keyed = [.. items.Select(item => (item, key(item)))];
        given.Budget.Step(given.At, keyed.Length);
        var order = Comparer<V>.Create((a, b) => Operators.Order(given.At, "<", a, b));
        var sorted = reverse ? keyed.OrderByDescending(static k => k.Key, order) : keyed.OrderBy(static k => k.Key, order);
        try
        {
            return sorted.Select(static k => k.Item).ToArray();
        }
        catch (InvalidOperationException e) when (e.InnerException is TemplateException inner)
        {
            throw given.Wrong(inner.Message);
        }
    }
}
