using System.Globalization;
using System.Text;
using LanguageExt;
using V = Functional.Templates.TemplateValue;

namespace Functional.Templates;

/// <summary>The functions that every template may call.</summary>
static class TemplateGlobals
{
    /// <summary>Names and functions.</summary>
    public static IEnumerable<(string Name, V Value)> Of(Option<DateTime> now) =>
    [
        Function("range", Range),
        Function("dict", static a => new V.Map(new([.. Members(a, "dict").Select(static m => (V.Of(m.Name), m.Value))]))),
        Function("namespace", static a => new V.Cell(Members(a, "namespace").ToDictionary(static m => m.Name, static m => m.Value, StringComparer.Ordinal))),
        Function("raise_exception", static a => throw a.Wrong(PythonText.Of(a.Get(0, "message")), "the template refuses these messages")),
        Function("strftime_now", a =>
        {
            a.Only("strftime_now", "format");
            var format = a.Text(0, "format");
            return now.Match(time => V.Of(Time(format, time, a)), () => throw a.Wrong("the time is asked for, but not known"));
        }),
    ];

    static (string, V) Function(string name, Func<Arguments, V> of) => (name, new V.Function(name, of));

    static IEnumerable<(string Name, V Value)> Members(Arguments a, string name) => a.Placed switch
    {
        [] => a.Named,
        [V.Map map] => map.Held.Entries.Select(static e => (PythonText.Of(e.Key), e.Value)).Concat(a.Named).GroupBy(static m => m.Item1)
            .Select(static g => g.Last()),
        _ => throw a.Wrong($"{name} is given {a.Placed[0].Kind}", "allowed: values by name, or a mapping"),
    };

    static V Range(Arguments a)
    {
        a.Only("range", "start", "stop", "step");
        var (start, stop) = a.Placed.Count == 1 ? (0, a.Whole(0, "stop", 0)) : (a.Whole(0, "start", 0), a.Whole(1, "stop", 0));
        var step = a.Whole(2, "step", 1);
        if (step == 0) throw a.Wrong("the step is 0", "expected another");
        var count = step > 0 ? ((Int128)stop - start + step - 1) / step : ((Int128)start - stop - step - 1) / -(Int128)step;
        if (count < 0) count = 0;
        _ = a.Budget.Room(a.At, count);
        return V.Of([.. Enumerable.Range(0, (int)count).Select(i => V.Of(start + (i * step)))]);
    }

    // In English whatever the machine speaks, as the C locale is.
    static string Time(string format, DateTime now, Arguments a)
    {
        var text = new StringBuilder();
        string Digits(int value, int width) => value.ToString(CultureInfo.InvariantCulture).PadLeft(width, '0');
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%') { _ = text.Append(format[i]); continue; }
            var plain = i + 1 < format.Length && format[i + 1] == '-';
            if (plain) i++;
            var piece = ++i >= format.Length ? null : format[i] switch
            {
                'd' => Digits(now.Day, 2),
                'e' => now.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2),
                'm' => Digits(now.Month, 2),
                'Y' => Digits(now.Year, 4),
                'y' => Digits(now.Year % 100, 2),
                'H' => Digits(now.Hour, 2),
                'I' => Digits((now.Hour + 11) % 12 + 1, 2),
                'M' => Digits(now.Minute, 2),
                'S' => Digits(now.Second, 2),
                'j' => Digits(now.DayOfYear, 3),
                'p' => now.Hour < 12 ? "AM" : "PM",
                'A' => now.ToString("dddd", CultureInfo.InvariantCulture),
                'a' => now.ToString("ddd", CultureInfo.InvariantCulture),
                'B' => now.ToString("MMMM", CultureInfo.InvariantCulture),
                'b' or 'h' => now.ToString("MMM", CultureInfo.InvariantCulture),
                'F' => now.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
                'T' => now.ToString("HH:mm:ss", CultureInfo.InvariantCulture),
                'R' => now.ToString("HH:mm", CultureInfo.InvariantCulture),
                'D' => now.ToString("MM/dd/yy", CultureInfo.InvariantCulture),
                'u' => (((int)now.DayOfWeek + 6) % 7 + 1).ToString(CultureInfo.InvariantCulture),
                'w' => ((int)now.DayOfWeek).ToString(CultureInfo.InvariantCulture),
                'n' => "\n",
                't' => "\t",
                '%' => "%",
                _ => null,
            };
            if (piece is null) throw a.Wrong($"'{format}' has an unknown part", "allowed: % with one of d e m Y y H I M S j p A a B b h F T R D u w n t %");
            _ = text.Append(plain && piece.Length > 1 ? piece.TrimStart('0').PadLeft(1, '0') : piece);
        }
        return text.ToString();
    }
}
