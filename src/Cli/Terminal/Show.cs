using System.Globalization;
using Functional.Text;

namespace Functional.Cli;

/// <summary>Numbers as people read them, the same in every culture.</summary>
static class Show
{
    const int LongestYears = 10_000;
    const double Minute = 60, Day = 86_400, Year = 365.2425 * Day;

    static readonly string[] Binary = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"];
    static readonly string[] Decimal = ["", "k", "M", "G", "T", "P", "E", "Z", "Y", "R", "Q"];

    /// <summary>As <c>1,234,567</c>; every digit.</summary>
    public static string Count(Int128 n) => n.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>As <c>1.2 M</c>.</summary>
    public static string Short(double n) => Scaled(n, 1000, Decimal).TrimEnd();

    /// <summary>As <c>3.4 MiB</c>.</summary>
    public static string Bytes(double n) => Scaled(n, 1024, Binary);

    /// <summary>A word of a command line, in quotes where it needs them.</summary>
    public static string Word(string word) => word.Length > 0 && word.All(static c => char.IsLetterOrDigit(c) || "._-/\\:+@%,=".Contains(c, StringComparison.Ordinal))
        ? word : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    /// <summary>As <c>2.3451</c>.</summary>
    public static string Loss(double loss) => loss.ToString("0.0000", CultureInfo.InvariantCulture);

    /// <summary>As <c>62.5 %</c>.</summary>
    public static string Percent(double share) => share.ToString("0.0 %", CultureInfo.InvariantCulture);

    /// <summary>
    /// Text of a model for a terminal: line ends of every kind become LF, for a CR would let the line be written over; other control
    /// characters, which could change the terminal, become U+FFFD.
    /// </summary>
    public static string Harmless(string text) => Harmless(text, LineEndStream.Start(LineEnds.Lf)).Text;

    /// <summary>A text of a model in one line, without the white space around it; where lines end, a sign says so.</summary>
    public static string OneLine(string text) => Harmless(text.Trim().ReplaceLineEndings(" ⏎ "));

    /// <summary>As <see cref="Harmless(string)"/>, a piece at a time.</summary>
    /// <param name="piece">Text that was cut anywhere.</param>
    /// <param name="lines">The line ends before it, made LF.</param>
    public static (string Text, LineEndStream Next) Harmless(string piece, LineEndStream lines)
    {
        var (text, next) = lines.Push(piece);
        return (text.Any(IsControl) ? string.Concat(text.Select(static c => IsControl(c) ? '\uFFFD' : c)) : text, next);
    }

    /// <summary>With up to four significant digits.</summary>
    public static string Number(double n) => n.ToString("G4", CultureInfo.InvariantCulture);

    /// <summary>Seconds as <c>45 s</c>, <c>1 min 52 s</c> or <c>3 h 7 min</c>; beyond ten thousand years only that.</summary>
    public static string Duration(double seconds) => seconds switch
    {
        < 0.0005 => "0 s",
        < 0.95 => Text($"{seconds * 1000:0} ms"),
        < 9.5 => Text($"{seconds:0.0} s"),
        < 59.5 => Text($"{seconds:0} s"),
        < 60 * Minute - 0.5 => Sixties(seconds, "min", "s"),
        < 2 * Day => Sixties(seconds / Minute, "h", "min"),
        < 1000 * Day => Text($"{seconds / Day:0.0} days"),
        < LongestYears * Year => Text($"{seconds / Year:N1} years"),
        _ => Text($"more than {LongestYears:N0} years"),
    };

    // Rounded before it is divided: 59.7 s is a minute, not "0 min 59 s".
    static string Sixties(double count, string large, string small)
    {
        var (whole, rest) = Math.DivRem((long)Math.Round(count), 60);
        return Text($"{whole} {large} {rest} {small}");
    }

    static string Text(FormattableString text) => FormattableString.Invariant(text);

    static bool IsControl(char c) => char.IsControl(c) && c is not ('\n' or '\t');

    static string Scaled(double n, double unit, string[] names)
    {
        var rank = 0;
        // Rounded up at 999.5, so that no number shows as 1000 of a unit.
        while (Math.Abs(n) >= unit - 0.5 && rank < names.Length - 1) (n, rank) = (n / unit, rank + 1);
        var digits = Math.Abs(n) >= unit - 0.5 ? "0.00E+0" : rank == 0 ? "0.##" : Math.Abs(n) < 9.95 ? "0.00" : Math.Abs(n) < 99.5 ? "0.0" : "0";
        return $"{n.ToString(digits, CultureInfo.InvariantCulture)} {names[rank]}";
    }
}
