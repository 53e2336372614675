using System.Globalization;
using System.Text;

namespace Functional.Templates;

/// <summary>Texts of values as Python writes them, since templates were tried with it: <c>str</c>, <c>repr</c> and <c>json.dumps</c>.</summary>
static class PythonText
{
    /// <summary>White space as <c>str.strip</c> has it.</summary>
    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\x1c' and <= '\x1f';

    /// <summary>Every such character.</summary>
    public static readonly string Space = string.Concat(Enumerable.Range(0, 0x3001).Select(static c => (char)c).Where(IsSpace));

    /// <summary>Whether there are letters and none is a capital.</summary>
    public static bool IsLower(string text) => text.Any(char.IsLower) && !text.Any(char.IsUpper);

    /// <summary>Whether there are letters and all are capitals.</summary>
    public static bool IsUpper(string text) => text.Any(char.IsUpper) && !text.Any(char.IsLower);

    /// <summary>Without the characters of <paramref name="set"/> at its ends.</summary>
    public static string Strip(string text, string set, bool left, bool right)
    {
        var (from, to) = (0, text.Length);
        while (left && from < to && set.Contains(text[from], StringComparison.Ordinal)) from++;
        while (right && to > from && set.Contains(text[to - 1], StringComparison.Ordinal)) to--;
        return text[from..to];
    }

    /// <summary><c>str(value)</c>: what a print shows.</summary>
    public static string Of(TemplateValue value) => value switch
    {
        TemplateValue.Text t => t.Value,
        TemplateValue.Undefined => "",
        _ => new StringBuilder().Repr(value, 0).ToString(),
    };

    static StringBuilder Repr(this StringBuilder text, TemplateValue value, int depth) => value switch
    {
        _ when depth > 64 => text.Append("..."),
        TemplateValue.Text t => text.Quoted(t.Value),
        TemplateValue.Undefined => text.Append("Undefined"),
        TemplateValue.None => text.Append("None"),
        TemplateValue.Bool b => text.Append(b.Value ? "True" : "False"),
        TemplateValue.Whole w => text.Append(w.Value),
        TemplateValue.Real r => text.Append(Real(r.Value)),
        TemplateValue.List { Tuple: true, Items: [var one] } => text.Append('(').Repr(one, depth + 1).Append(",)"),
        TemplateValue.List l => text.Append(l.Tuple ? '(' : '[').Joined(l.Items, ", ", (s, item) => s.Repr(item, depth + 1)).Append(l.Tuple ? ')' : ']'),
        TemplateValue.Map m => text.Append('{').Joined(m.Held.Entries, ", ", (s, e) => s.Repr(e.Key, depth + 1).Append(": ").Repr(e.Value,
            depth + 1)).Append('}'),
        TemplateValue.Cell => text.Append("<Namespace>"),
        TemplateValue.Loop l => text.Append(CultureInfo.InvariantCulture, $"<LoopContext {l.At + 1}/{l.Items.Count}>"),
        TemplateValue.Function f => text.Append(CultureInfo.InvariantCulture, $"<function {f.Name}>"),
        _ => text,
    };

    static StringBuilder Joined<T>(this StringBuilder text, IReadOnlyList<T> items, string between, Func<StringBuilder, T, StringBuilder> write)
    {
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0) _ = text.Append(between);
            _ = write(text, items[i]);
        }
        return text;
    }

    static StringBuilder Quoted(this StringBuilder text, string value)
    {
        var quote = value.Contains('\'', StringComparison.Ordinal) && !value.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        _ = text.Append(quote);
        foreach (var rune in value.EnumerateRunes())
            _ = rune.Value switch
            {
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                '\\' => text.Append("\\\\"),
                var c when c == quote => text.Append('\\').Append(quote),
                var c when Prints(rune) => text.Append(char.ConvertFromUtf32(c)),
                < 0x100 and var c => text.Append(CultureInfo.InvariantCulture, $"\\x{c:x2}"),
                < 0x10000 and var c => text.Append(CultureInfo.InvariantCulture, $"\\u{c:x4}"),
                var c => text.Append(CultureInfo.InvariantCulture, $"\\U{c:x8}"),
            };
        return text.Append(quote);
    }

    static bool Prints(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator
        or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);

    /// <summary><c>repr</c> of a float: the shortest digits that are read back as it, with an exponent from 1e16 on and below 1e-4.</summary>
    public static string Real(double value)
    {
        if (double.IsNaN(value)) return "nan";
        if (double.IsInfinity(value)) return value > 0 ? "inf" : "-inf";
        var digits = value.ToString("E16", CultureInfo.InvariantCulture);
        var shortest = value.ToString("R", CultureInfo.InvariantCulture);
        var exponent = value == 0 ? 0 : int.Parse(digits.AsSpan(digits.IndexOf('E', StringComparison.Ordinal) + 1), NumberStyles.AllowLeadingSign,
            CultureInfo.InvariantCulture);
        var e = shortest.IndexOf('E', StringComparison.Ordinal);
        var mantissa = e < 0 ? shortest : shortest[..e];
        var (sign, figures) = mantissa.StartsWith('-') ? ("-", mantissa[1..]) : ("", mantissa);
        var significant = figures.Replace(".", "", StringComparison.Ordinal).TrimStart('0').TrimEnd('0');
        if (significant.Length == 0) return sign + "0.0";
        if (exponent is < -4 or >= 16)
            return $"{sign}{significant[0]}{(significant.Length > 1 ? "." + significant[1..] : "")}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        return sign + (exponent < 0 ? "0." + new string('0', -exponent - 1) + significant
            : significant.Length <= exponent + 1 ? significant.PadRight(exponent + 1, '0') + ".0"
            : $"{significant[..(exponent + 1)]}.{significant[(exponent + 1)..]}");
    }

    /// <summary><c>json.dumps(value, ensure_ascii=False, …)</c>; nothing for what JSON has no word for.</summary>
    /// <param name="value">What to write.</param>
    /// <param name="indent">What stands before a member for each level, a line each; nothing for one line.</param>
    /// <param name="between">Between items.</param>
    /// <param name="after">After a key.</param>
    /// <param name="sorted">Whether keys come in order.</param>
    public static string? Json(TemplateValue value, string? indent, string between, string after, bool sorted)
    {
        var text = new StringBuilder();
        return Write(value, 0) ? text.ToString() : null;

        bool Write(TemplateValue v, int depth)
        {
            switch (v)
            {
                case TemplateValue.None: _ = text.Append("null"); return true;
                case TemplateValue.Bool b: _ = text.Append(b.Value ? "true" : "false"); return true;
                case TemplateValue.Whole w: _ = text.Append(w.Value); return true;
                case TemplateValue.Real r:
                    _ = text.Append(double.IsNaN(r.Value) ? "NaN" : double.IsInfinity(r.Value) ? r.Value > 0 ? "Infinity" : "-Infinity" : Real(r.Value));
                    return true;
                case TemplateValue.Text t: _ = text.JsonText(t.Value); return true;
                case TemplateValue.List l: return All('[', ']', l.Items, depth, item => Write(item, depth + 1));
                case TemplateValue.Map m:
                    var entries = sorted ? [.. m.Held.Entries.OrderBy(static e => Of(e.Key), StringComparer.Ordinal)] : m.Held.Entries;
                    return All('{', '}', entries, depth, e =>
                    {
                        if (e.Key is TemplateValue.Text key) _ = text.JsonText(key.Value);
                        else
                        {
                            _ = text.Append('"');
                            if (!Write(e.Key, depth + 1)) return false;
                            _ = text.Append('"');
                        }
                        _ = text.Append(after);
                        return Write(e.Value, depth + 1);
                    });
                default: return false;
            }
        }

        bool All<T>(char open, char close, IReadOnlyList<T> items, int depth, Func<T, bool> write)
        {
            if (depth > 64) return false;
            _ = text.Append(open);
            for (var i = 0; i < items.Count; i++)
            {
                if (i > 0) _ = text.Append(between);
                Line(depth + 1);
                if (!write(items[i])) return false;
            }
            if (items.Count > 0) Line(depth);
            _ = text.Append(close);
            return true;
        }

        void Line(int depth)
        {
            if (indent is null) return;
            _ = text.Append('\n');
            for (var i = 0; i < depth; i++) _ = text.Append(indent);
        }
    }

    static StringBuilder JsonText(this StringBuilder text, string value)
    {
        _ = text.Append('"');
        foreach (var c in value)
            _ = c switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                '\b' => text.Append("\\b"),
                '\f' => text.Append("\\f"),
                < ' ' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => text.Append(c),
            };
        return text.Append('"');
    }
}
