using V = Functional.Templates.TemplateValue;

namespace Functional.Templates;

/// <summary>Methods of strings, lists and mappings, and what else stands behind a point.</summary>
static class TemplateMethods
{
    /// <summary>The method or attribute of that name; nothing where the value has none.</summary>
    public static V? Find(V value, string name) => value switch
    {
        V.Text text => Text(text.Value, name) is { } of ? new V.Function(name, of) : null,
        V.Map map => Map(map.Held, name) is { } of ? new V.Function(name, of) : null,
        V.List list => List(list, name) is { } of ? new V.Function(name, of) : null,
        V.Cell cell => cell.Members.GetValueOrDefault(name),
        V.Loop loop => Loop(loop, name),
        _ => null,
    };

    static Func<Arguments, V>? Text(string s, string name) => name switch
    {
        "strip" => a => V.Of(Strip(s, a, true, true)),
        "lstrip" => a => V.Of(Strip(s, a, true, false)),
        "rstrip" => a => V.Of(Strip(s, a, false, true)),
        "lower" => a => None(a, name, V.Of(s.ToLowerInvariant())),
        "upper" => a => None(a, name, V.Of(s.ToUpperInvariant())),
        "title" => a => None(a, name, V.Of(Title(s))),
        "capitalize" => a => None(a, name, V.Of(Capital(s))),
        "isdigit" => a => None(a, name, V.Of(s.Length > 0 && s.All(char.IsDigit))),
        "isalpha" => a => None(a, name, V.Of(s.Length > 0 && s.All(char.IsLetter))),
        "isalnum" => a => None(a, name, V.Of(s.Length > 0 && s.All(char.IsLetterOrDigit))),
        "isspace" => a => None(a, name, V.Of(s.Length > 0 && s.All(PythonText.IsSpace))),
        "islower" => a => None(a, name, V.Of(PythonText.IsLower(s))),
        "isupper" => a => None(a, name, V.Of(PythonText.IsUpper(s))),
        "startswith" => a => V.Of(Affix(a, name, s.StartsWith)),
        "endswith" => a => V.Of(Affix(a, name, s.EndsWith)),
        "removeprefix" => a => One(a, name) is var p && s.StartsWith(p, StringComparison.Ordinal) ? V.Of(s[p.Length..]) : V.Of(s),
        "removesuffix" => a => One(a, name) is var p && s.EndsWith(p, StringComparison.Ordinal) ? V.Of(s[..^p.Length]) : V.Of(s),
        "replace" => a => Replace(s, a),
        "split" => a => Split(s, a, fromEnd: false),
        "rsplit" => a => Split(s, a, fromEnd: true),
        "splitlines" => a => None(a, name, V.Of(Lines(s).Select(V.Of))),
        "partition" => a => Partition(s, One(a, name), a, last: false),
        "rpartition" => a => Partition(s, One(a, name), a, last: true),
        "find" => a => V.Of(CodePoints.Before(s, s.IndexOf(One(a, name), StringComparison.Ordinal))),
        "rfind" => a => V.Of(CodePoints.Before(s, s.LastIndexOf(One(a, name), StringComparison.Ordinal))),
        "index" => a => s.IndexOf(One(a, name), StringComparison.Ordinal) is >= 0 and var at ? V.Of(CodePoints.Before(s, at))
            : throw a.Wrong("the substring is not found"),
        "count" => a => V.Of(One(a, name) is { Length: > 0 } part ? (s.Length - s.Replace(part, "", StringComparison.Ordinal).Length) / part.Length
            : CodePoints.Count(s) + 1),
        "join" => a => { a.Only(name, "items"); return a.Budget.Join(a.At, a.Budget.Each(a.At, a.Get(0, "items")), s, mustBeText: true); },
        "zfill" => a => V.Of(Fill(s, a)),
        _ => null,
    };

    static string Fill(string s, Arguments a)
    {
        var width = a.Whole(0, "width", 0);
        _ = a.Budget.Room(a.At, width);
        return s.StartsWith('-') || s.StartsWith('+') ? s[0] + s[1..].PadLeft(Math.Max(0, (int)width - 1), '0') : s.PadLeft(Math.Max(0, (int)width), '0');
    }

    static Func<Arguments, V>? Map(TemplateMap map, string name) => name switch
    {
        "items" => a => None(a, name, V.Of(map.Entries.Select(static e => V.Pair(e.Key, e.Value)))),
        "keys" => a => None(a, name, V.Of(map.Entries.Select(static e => e.Key))),
        "values" => a => None(a, name, V.Of(map.Entries.Select(static e => e.Value))),
        "copy" => a => None(a, name, new V.Map(map)),
        "get" => a => { a.Only(name, "key", "default"); return map.Find(a.Get(0, "key")) ?? a.Find(1, "default") ?? V.Nothing; },
        "update" or "pop" or "popitem" or "clear" or "setdefault" => a => throw a.Wrong($"{name} would change a mapping",
            "allowed: what changes nothing; a namespace can change"),
        _ => null,
    };

    static Func<Arguments, V>? List(V.List list, string name) => name switch
    {
        "index" => a => list.Items.TakeWhile(item => !Operators.Equal(item, a.Get(0, "value"))).Count() is var at && at < list.Items.Count
            ? V.Of(at) : throw a.Wrong("the value is not in the list"),
        "count" => a => V.Of(list.Items.Count(item => Operators.Equal(item, a.Get(0, "value")))),
        "copy" => a => None(a, name, list),
        "append" or "extend" or "insert" or "pop" or "remove" or "reverse" or "sort" or "clear" when !list.Tuple =>
            a => throw a.Wrong($"{name} would change a list", "allowed: what changes nothing, such as + [item]; a namespace can change"),
        _ => null,
    };

    static V? Loop(V.Loop loop, string name) => name switch
    {
        "index" => V.Of(loop.At + 1),
        "index0" => V.Of(loop.At),
        "revindex" => V.Of(loop.Items.Count - loop.At),
        "revindex0" => V.Of(loop.Items.Count - loop.At - 1),
        "first" => V.Of(loop.At == 0),
        "last" => V.Of(loop.At == loop.Items.Count - 1),
        "length" => V.Of(loop.Items.Count),
        // Deeper only in recursive loops, of which there are none.
        "depth" => V.Of(1),
        "depth0" => V.Of(0),
        "previtem" => loop.At > 0 ? loop.Items[loop.At - 1] : new V.Undefined("there is no previous item"),
        "nextitem" => loop.At + 1 < loop.Items.Count ? loop.Items[loop.At + 1] : new V.Undefined("there is no next item"),
        "cycle" => new V.Function(name, a => a.Placed.Count > 0 ? a.Placed[loop.At % a.Placed.Count] : throw a.Wrong("there is nothing to cycle through")),
        "changed" => new V.Function(name, a =>
        {
            V now = new V.List(a.Placed, Tuple: true);
            var same = loop.Seen.TryGetValue("", out var before) && Operators.Equal(before, now);
            loop.Seen[""] = now;
            return V.Of(!same);
        }),
        _ => null,
    };

    static V None(Arguments a, string name, V value)
    {
        a.Only(name);
        return value;
    }

    static string One(Arguments a, string name)
    {
        a.Only(name, "value");
        return a.Text(0, "value");
    }

    /// <summary>Without white space, or the characters that are given, at its ends.</summary>
    public static string Strip(string s, Arguments a, bool left, bool right)
    {
        a.Only("strip", "chars");
        return PythonText.Strip(s, a.Find(0, "chars") is null or V.None ? PythonText.Space : a.Text(0, "chars"), left, right);
    }

    static bool Affix(Arguments a, string name, Func<string, StringComparison, bool> test)
    {
        a.Only(name, "value");
        return a.Get(0, "value") is V.List { Items: var options }
            ? options.Any(o => o is V.Text t && test(t.Value, StringComparison.Ordinal))
            : test(a.Text(0, "value"), StringComparison.Ordinal);
    }

    /// <summary><c>replace(old, new, count)</c>.</summary>
    public static V Replace(string s, Arguments a)
    {
        a.Only("replace", "old", "new", "count");
        var (old, other, count) = (a.Text(0, "old"), a.Text(1, "new"), a.Whole(2, "count", -1));
        string[] parts = old.Length > 0 ? s.Split(old) : ["", .. CodePoints.Each(s), ""];
        if (count >= 0 && parts.Length - 1 > count)
            parts = [.. parts.Take((int)count), string.Join(old, parts.Skip((int)count))];
        _ = a.Budget.Room(a.At, s.Length + ((Int128)(parts.Length - 1) * other.Length));
        return V.Of(string.Join(other, parts));
    }

    static V Split(string s, Arguments a, bool fromEnd)
    {
        a.Only("split", "sep", "maxsplit");
        var most = a.Whole(1, "maxsplit", -1) is >= 0 and < int.MaxValue and var m ? (int)m : int.MaxValue - 1;
        if (a.Find(0, "sep") is not (null or V.None))
        {
            var by = a.Text(0, "sep");
            if (by.Length == 0) throw a.Wrong("the separator is empty", "expected a string");
            var parts = s.Split(by);
            if (parts.Length - 1 > most)
                parts = fromEnd ? [string.Join(by, parts[..^most]), .. parts[^most..]] : [.. parts[..most], string.Join(by, parts[most..])];
            return a.Budget.Counted(a.At, V.Of(parts.Select(V.Of)));
        }
        var words = new List<string>();
        var rest = PythonText.Strip(s, PythonText.Space, left: !fromEnd, right: fromEnd);
        while (rest.Length > 0)
        {
            var at = words.Count == most ? -1 : fromEnd ? rest.AsSpan().LastIndexOfAny(PythonText.Space) : rest.AsSpan().IndexOfAny(PythonText.Space);
            words.Add(at < 0 ? rest : fromEnd ? rest[(at + 1)..] : rest[..at]);
            rest = at < 0 ? "" : fromEnd ? PythonText.Strip(rest[..at], PythonText.Space, left: false, right: true)
                : PythonText.Strip(rest[at..], PythonText.Space, left: true, right: false);
            a.Budget.Step(a.At, 1 + (rest.Length / 64));
        }
        if (fromEnd) words.Reverse();
        return a.Budget.Counted(a.At, V.Of(words.Select(V.Of)));
    }

    static IEnumerable<string> Lines(string s)
    {
        var from = 0;
        for (var i = 0; i < s.Length; i++)
        {
            if (s[i] is not ('\n' or '\r' or '\v' or '\f' or '\x1c' or '\x1d' or '\x1e' or '\x85' or '\u2028' or '\u2029')) continue;
            yield return s[from..i];
            if (s[i] == '\r' && i + 1 < s.Length && s[i + 1] == '\n') i++;
            from = i + 1;
        }
        if (from < s.Length) yield return s[from..];
    }

    static V Partition(string s, string by, Arguments a, bool last)
    {
        if (by.Length == 0) throw a.Wrong("the separator is empty", "expected a string");
        var at = last ? s.LastIndexOf(by, StringComparison.Ordinal) : s.IndexOf(by, StringComparison.Ordinal);
        string[] parts = at >= 0 ? [s[..at], by, s[(at + by.Length)..]] : last ? ["", "", s] : [s, "", ""];
        return new V.List([.. parts.Select(V.Of)], Tuple: true);
    }

    /// <summary>Each word with a capital and else small.</summary>
    public static string Title(string s)
    {
        var letters = s.ToCharArray();
        for (var i = 0; i < letters.Length; i++)
            letters[i] = i > 0 && char.IsLetter(letters[i - 1]) ? char.ToLowerInvariant(letters[i]) : char.ToUpperInvariant(letters[i]);
        return new(letters);
    }

    /// <summary>A capital and else small.</summary>
    public static string Capital(string s) => s.Length == 0 ? s : char.ToUpperInvariant(s[0]) + s[1..].ToLowerInvariant();
}
