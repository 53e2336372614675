using V = Functional.Templates.TemplateValue;

namespace Functional.Templates;

/// <summary>Python's operators on values.</summary>
static class Operators
{
    /// <summary><c>a + b</c> and the like.</summary>
    /// <exception cref="TemplateException">The two do not go together.</exception>
    public static V Binary(TemplateBudget budget, Spot at, string sign, V a, V b)
    {
        try
        {
            return (sign, a, b) switch
            {
                ("~", _, _) => budget.Made(at, PythonText.Of(a), PythonText.Of(b)),
                ("+", V.Text x, V.Text y) => budget.Made(at, x.Value, y.Value),
                ("+", V.List x, V.List y) when x.Tuple == y.Tuple => new V.List(budget.Made(at, [.. x.Items, .. y.Items]), x.Tuple),
                ("*", V.Text x, _) when Whole(b) is { } n => Repeat(budget, at, x.Value, n),
                ("*", _, V.Text y) when Whole(a) is { } n => Repeat(budget, at, y.Value, n),
                ("*", V.List x, _) when Whole(b) is { } n => Repeat(budget, at, x, n),
                ("/", _, _) when Number(a) is { } x && Number(b) is { } y => y == 0 ? throw Zero() : new V.Real(x / y),
                (_, _, _) when Whole(a) is { } x && Whole(b) is { } y => Wholes(sign, x, y, Zero),
                (_, _, _) when Number(a) is { } x && Number(b) is { } y => Reals(sign, x, y, Zero),
                ("%", V.Text, _) => throw new TemplateException(at, "formatting with % is not supported", "allowed: +, ~ and join"),
                _ => throw new TemplateException(at, $"{a.Kind} {sign} {b.Kind} has no value"),
            };
        }
        catch (OverflowException)
        {
            throw new TemplateException(at, "the number has more than 64 bits");
        }

        TemplateException Zero() => new(at, "division by 0");
    }

    static V Repeat(TemplateBudget budget, Spot at, string text, long count) =>
        budget.Room(at, text.Length * (Int128)Math.Max(0, count)) && count > 0 && text.Length > 0
            ? V.Of(new System.Text.StringBuilder(text.Length * (int)count).Insert(0, text, (int)count).ToString()) : V.Of("");

    static V.List Repeat(TemplateBudget budget, Spot at, V.List list, long count) =>
        budget.Room(at, list.Items.Count * (Int128)Math.Max(0, count)) && count > 0 && list.Items.Count > 0
            ? new([.. Enumerable.Repeat(list.Items, (int)count).SelectMany(static i => i)], list.Tuple) : new([], list.Tuple);

    static V Wholes(string sign, long a, long b, Func<TemplateException> zero) => sign switch
    {
        "+" => V.Of(checked(a + b)),
        "-" => V.Of(checked(a - b)),
        "*" => V.Of(checked(a * b)),
        "//" or "%" when b == 0 => throw zero(),
        // Towards minus infinity, and the rest has the divisor's sign.
        "//" => V.Of(checked(a / b) - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0)),
        "%" => V.Of(b == -1 ? 0 : a % b is var rest && rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest),
        "**" when b >= 0 => V.Of(Power(a, b)),
        _ => Reals(sign, a, b, zero),
    };

    static long Power(long of, long times)
    {
        if (of is 0 or 1) return times == 0 ? 1 : of;
        if (of == -1) return times % 2 == 0 ? 1 : -1;
        var result = 1L;
        for (var i = 0L; i < times; i++) result = checked(result * of);
        return result;
    }

    static V.Real Reals(string sign, double a, double b, Func<TemplateException> zero) => new(sign switch
    {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "//" or "%" when b == 0 => throw zero(),
        "//" => Math.Floor(a / b),
        "%" => a - (Math.Floor(a / b) * b),
        "**" when a == 0 && b < 0 => throw zero(),
        _ => Math.Pow(a, b),
    });

    /// <summary><c>-a</c> or <c>+a</c>.</summary>
    public static V Signed(Spot at, string sign, V a) => (sign, a) switch
    {
        ("-", V.Real r) => new V.Real(-r.Value),
        ("+", V.Real r) => r,
        ("-", _) when Whole(a) is { } w && w != long.MinValue => V.Of(-w),
        ("+", _) when Whole(a) is { } w => V.Of(w),
        _ => throw new TemplateException(at, $"{sign} {a.Kind} has no value"),
    };

    /// <summary>A boolean or whole number as a number.</summary>
    public static long? Whole(V value) => value switch { V.Whole w => w.Value, V.Bool b => b.Value ? 1 : 0, _ => null };

    /// <summary>Any number.</summary>
    public static double? Number(V value) => value is V.Real r ? r.Value : Whole(value);

    /// <summary><c>a == b</c>.</summary>
    public static bool Equal(V a, V b) => (a, b) switch
    {
        (V.Text x, V.Text y) => x.Value == y.Value,
        (V.None, V.None) or (V.Undefined, V.Undefined) => true,
        (V.List x, V.List y) => x.Tuple == y.Tuple && x.Items.Count == y.Items.Count && x.Items.Zip(y.Items, Equal).All(static e => e),
        (V.Map x, V.Map y) => x.Held.Count == y.Held.Count && x.Held.Entries.All(e => y.Held.Find(e.Key) is { } other && Equal(e.Value, other)),
        (V.Cell or V.Function or V.Loop, _) => ReferenceEquals(a, b),
        _ when Whole(a) is { } x && Whole(b) is { } y => x == y,
        _ when Number(a) is { } x && Number(b) is { } y => x == y,
        _ => false,
    };

    /// <summary>Whether two compare as a sign says.</summary>
    public static bool Holds(Spot at, string sign, V a, V b) => sign switch
    {
        "==" => Equal(a, b),
        "!=" => !Equal(a, b),
        "in" => In(at, a, b),
        "not in" => !In(at, a, b),
        // Nothing is less or more than what is no number.
        _ when Number(a) is double.NaN || Number(b) is double.NaN => false,
        "<" => Order(at, sign, a, b) < 0,
        "<=" => Order(at, sign, a, b) <= 0,
        ">" => Order(at, sign, a, b) > 0,
        _ => Order(at, sign, a, b) >= 0,
    };

    /// <summary>Which comes first: negative when a does.</summary>
    public static int Order(Spot at, string sign, V a, V b)
    {
        switch (a, b)
        {
            case (V.Text x, V.Text y): return CodePoints(x.Value, y.Value);
            case (V.List x, V.List y) when x.Tuple == y.Tuple:
                for (var i = 0; i < Math.Min(x.Items.Count, y.Items.Count); i++)
                    if (!Equal(x.Items[i], y.Items[i])) return Order(at, sign, x.Items[i], y.Items[i]);
                return x.Items.Count.CompareTo(y.Items.Count);
            default:
                return Whole(a) is { } m && Whole(b) is { } n ? m.CompareTo(n)
                    : Number(a) is { } p && Number(b) is { } q ? p.CompareTo(q)
                    : throw new TemplateException(at, $"{a.Kind} {sign} {b.Kind} has no value");
        }
    }

    // Surrogates stand above all other code units, as the code points that they make do.
    static int CodePoints(string a, string b)
    {
        static int Rank(char c) => c >= 0xE000 ? c - 0x800 : c >= 0xD800 ? c + 0x2000 : c;
        for (var i = 0; i < Math.Min(a.Length, b.Length); i++)
            if (a[i] != b[i]) return Rank(a[i]).CompareTo(Rank(b[i]));
        return a.Length.CompareTo(b.Length);
    }

    static bool In(Spot at, V a, V b) => b switch
    {
        V.Text text => a is V.Text part ? text.Value.Contains(part.Value, StringComparison.Ordinal)
            : throw new TemplateException(at, $"{a.Kind} cannot be in a string", "expected a string"),
        V.List list => list.Items.Any(item => Equal(a, item)),
        V.Map map => map.Held.Find(a) is not null,
        V.Undefined => false,
        _ => throw new TemplateException(at, $"nothing is in {b.Kind}", "expected a string, a list or a mapping"),
    };
}
