using System.Globalization;
using System.Text;
using Functional.Base;
using V = Functional.Templates.TemplateValue;

namespace Functional.Templates;

/// <summary>What may stand behind <c>|</c>: filters of one value, and those of lists in <see cref="ListFilters"/>.</summary>
static class TemplateFilters
{
    /// <summary>Every filter.</summary>
    public static Vec<string> Names { get; } =
    [
        "abs", "capitalize", "count", "d", "default", "dictsort", "e", "escape", "first", "float", "indent", "int", "items", "join", "last", "length", "list",
        "lower", "map", "max", "min", "reject", "rejectattr", "replace", "reverse", "round", "safe", "select", "selectattr", "sort", "string", "sum", "title",
        "tojson", "trim", "unique", "upper", "wordcount",
    ];

    /// <summary>What a filter makes of a value.</summary>
    public static V Apply(string name, V value, Arguments given)
    {
        switch (name)
        {
            case "default" or "d":
                given.Only(name, "default_value", "boolean");
                return value is V.Undefined || (given.Flag(1, "boolean") && !value.Truth) ? given.Find(0, "default_value") ?? V.Of("") : value;
            case "trim": return V.Of(TemplateMethods.Strip(PythonText.Of(value), given, left: true, right: true));
            case "replace": return TemplateMethods.Replace(PythonText.Of(value), given);
            case "tojson": return Json(value, given);
            case "indent": return Indent(PythonText.Of(value), given);
            case "int": return Int(value, given);
            case "float":
                given.Only(name, "default");
                return Operators.Number(value) is { } number ? new V.Real(number)
                    : value is V.Text t && double.TryParse(t.Value.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out var read) ? new V.Real(read)
                    : given.Find(0, "default") ?? new V.Real(0);
            case "round": return Round(value, given);
            default: return Simple(name, value, given) ?? ListFilters.Apply(name, value, given);
        }
    }

    static V? Simple(string name, V value, Arguments given)
    {
        V Text(string text)
        {
            given.Only(name);
            return V.Of(text);
        }
        return name switch
        {
            "string" => Text(PythonText.Of(value)),
            "safe" => Text(PythonText.Of(value)),
            "lower" => Text(PythonText.Of(value).ToLowerInvariant()),
            "upper" => Text(PythonText.Of(value).ToUpperInvariant()),
            "capitalize" => Text(TemplateMethods.Capital(PythonText.Of(value))),
            "title" => Text(Title(PythonText.Of(value))),
            "e" or "escape" => Text(Escape(PythonText.Of(value))),
            "wordcount" => V.Of(Words(PythonText.Of(value))),
            "abs" => value switch
            {
                V.Real r => new V.Real(Math.Abs(r.Value)),
                _ when Operators.Whole(value) is { } w && w != long.MinValue => V.Of(Math.Abs(w)),
                _ => throw given.Wrong($"{value.Kind} has no size", "expected a number"),
            },
            "length" or "count" => Length(value, given),
            _ => null,
        };
    }

    // Not as the method of that name: an apostrophe begins no word.
    static string Title(string text)
    {
        var letters = text.ToCharArray();
        for (var i = 0; i < letters.Length; i++)
            letters[i] = i == 0 || PythonText.IsSpace(letters[i - 1]) || letters[i - 1] is '-' or '(' or '{' or '[' or '<'
                ? char.ToUpperInvariant(letters[i]) : char.ToLowerInvariant(letters[i]);
        return new(letters);
    }

    static int Words(string text)
    {
        static bool IsPart(char c) => char.IsLetterOrDigit(c) || c == '_';
        return Enumerable.Range(0, text.Length).Count(i => IsPart(text[i]) && (i == 0 || !IsPart(text[i - 1])));
    }

    static V Length(V value, Arguments given)
    {
        given.Only("length");
        return V.Of(value switch
        {
            V.Text t => CodePoints.Count(t.Value),
            V.List l => l.Items.Count,
            V.Map m => m.Held.Count,
            V.Loop l => l.Items.Count,
            V.Undefined => 0,
            _ => throw given.Wrong($"{value.Kind} has no length", "expected a string, a list or a mapping"),
        });
    }

    static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (var c in text)
            _ = c switch
            {
                '&' => escaped.Append("&amp;"),
                '<' => escaped.Append("&lt;"),
                '>' => escaped.Append("&gt;"),
                '\'' => escaped.Append("&#39;"),
                '"' => escaped.Append("&#34;"),
                _ => escaped.Append(c),
            };
        return escaped.ToString();
    }

    // Transformers' own tojson, which keeps letters and signs as they are; not Jinja's, which is for pages of the web.
    static V Json(V value, Arguments given)
    {
        given.Only("tojson", "indent", "ensure_ascii", "separators", "sort_keys");
        var indent = given.Find(0, "indent") switch
        {
            null or V.None => null,
            V.Text t => t.Value,
            _ => new string(' ', (int)Math.Clamp(given.Whole(0, "indent", 0), 0, 64)),
        };
        if (given.Flag(1, "ensure_ascii")) throw given.Wrong("'ensure_ascii' is true", "allowed: false");
        var (between, after) = given.Find(2, "separators") switch
        {
            null or V.None => (indent is null ? ", " : ",", ": "),
            V.List { Items: [V.Text first, V.Text second] } => (first.Value, second.Value),
            _ => throw given.Wrong("'separators' are not two strings", "expected two strings"),
        };
        var text = PythonText.Json(value, indent, between, after, given.Flag(3, "sort_keys"))
            ?? throw given.Wrong(value is V.Undefined ? $"{value.Kind} is no JSON" : "the value has no JSON form, or is more than 64 deep",
                "allowed: none, booleans, numbers, strings, lists and mappings of them");
        _ = given.Budget.Room(given.At, text.Length);
        return V.Of(text);
    }

    static V Indent(string text, Arguments given)
    {
        given.Only("indent", "width", "first", "blank");
        var by = given.Find(0, "width") is V.Text t ? t.Value : new string(' ', (int)Math.Clamp(given.Whole(0, "width", 4), 0, 256));
        var blank = given.Flag(2, "blank");
        var lines = text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n').Split('\n');
        _ = given.Budget.Room(given.At, text.Length + ((Int128)lines.Length * by.Length));
        return V.Of(string.Join('\n', lines.Select((line, i) =>
            (i == 0 && !given.Flag(1, "first")) || (i > 0 && line.Length == 0 && !blank) ? line : by + line)));
    }

    static V Int(V value, Arguments given)
    {
        given.Only("int", "default", "base");
        var numeral = given.Whole(1, "base", 10);
        if (numeral is not 10) throw given.Wrong($"the base is {numeral}", "allowed: 10");
        return value switch
        {
            V.Real r when double.IsFinite(r.Value) && Math.Abs(r.Value) < 9e18 => V.Of((long)r.Value),
            _ when Operators.Whole(value) is { } w => V.Of(w),
            V.Text t when long.TryParse(t.Value.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) => V.Of(whole),
            V.Text t when double.TryParse(t.Value.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out var real) && Math.Abs(real) < 9e18 =>
                V.Of((long)real),
            _ => given.Find(0, "default") ?? V.Of(0),
        };
    }

    static V Round(V value, Arguments given)
    {
        given.Only("round", "precision", "method");
        var digits = given.Whole(0, "precision", 0);
        if (digits is < 0 or > 15) throw given.Wrong($"'precision' is {digits}", "allowed: 0 to 15");
        var number = Operators.Number(value) ?? throw given.Wrong($"{value.Kind} cannot be rounded", "expected a number");
        var scale = Math.Pow(10, digits);
        return new V.Real((given.Find(1, "method") is null ? "common" : given.Text(1, "method")) switch
        {
            "common" when digits == 0 || !double.IsFinite(number) => Math.Round(number, MidpointRounding.ToEven),
            // By its exact digits, which a product with a power of ten has not.
            "common" => double.Parse(number.ToString($"F{digits}", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture),
            "ceil" => Math.Ceiling(number * scale) / scale,
            "floor" => Math.Floor(number * scale) / scale,
            var other => throw given.Wrong($"'method' is {other}", "allowed: common, ceil, floor"),
        });
    }
}
