using System.Globalization;
using System.Text;
using Functional.Engines;
using Functional.Graphs;

namespace Functional.Cli;

/// <summary>A curve of text: braille dots, two columns and four rows a character.</summary>
static class LossCurve
{
    const int Gutter = 9;

    /// <summary>
    /// Training losses as a line and evaluations as <c>o</c>, over steps. Losses are averaged where several fall into one column.
    /// </summary>
    /// <param name="losses">Step and loss of training steps, in order.</param>
    /// <param name="evaluations">Step and loss of evaluations, in order.</param>
    /// <param name="width">Columns that the picture takes.</param>
    /// <param name="height">Lines that the curve takes, without its axis.</param>
    public static string Draw(IReadOnlyList<(long Step, double Loss)> losses, IReadOnlyList<(long Step, double Loss)> evaluations, int width = 76,
        int height = 12)
    {
        var all = losses.Concat(evaluations).Where(static p => double.IsFinite(p.Loss)).ToArray();
        if (all.Length == 0) return "";
        var (first, last) = (all.Min(static p => p.Step), all.Max(static p => p.Step));
        var (low, high) = (all.Min(static p => p.Loss), all.Max(static p => p.Loss));
        if (high - low < 1e-9) (low, high) = (low - 0.5, high + 0.5);
        var (columns, rows) = (width - Gutter, height);
        var dots = new int[rows, columns];
        Line(dots, Means(losses, first, last, columns * 2), low, high);
        var marks = evaluations.Where(static e => double.IsFinite(e.Loss))
            .ToLookup(e => (Row: Place(high - e.Loss, high - low, rows), Column: Place(e.Step - first, last - first, columns)));
        var text = new StringBuilder();
        for (var row = 0; row < rows; row++)
        {
            var label = row % 3 == 0 || row == rows - 1 ? Label(high - (high - low) * ((double)row / Math.Max(1, rows - 1))) : "";
            text.Append(CultureInfo.InvariantCulture, $"{label,Gutter - 2} ┤");
            var line = new StringBuilder();
            for (var column = 0; column < columns; column++)
                line.Append(marks.Contains((row, column)) ? 'o' : dots[row, column] == 0 ? ' ' : (char)(0x2800 + dots[row, column]));
            text.Append(line.ToString().TrimEnd()).Append('\n');
        }
        return text.Append(Axis(first, last, columns)).ToString();
    }

    // At most as wide as the gutter, whatever the number.
    static string Label(double loss) => loss.ToString(Math.Abs(loss) < 100 ? "0.000" : "0E+0", CultureInfo.InvariantCulture);

    // Under the curve: a rule, then the first, the middle and the last step.
    static string Axis(long first, long last, int columns)
    {
        var (left, middle, right) = ($"{first}", $"{(first + last) / 2}", $"{last}");
        var gap = columns - left.Length - right.Length - middle.Length;
        var numbers = last == first || gap < 4 ? left : left + new string(' ', gap / 2) + middle + new string(' ', gap - gap / 2) + right;
        return $"{new string(' ', Gutter - 1)}└{new string('─', columns)}\n{new string(' ', Gutter)}{numbers}\n";
    }

    static double?[] Means(IReadOnlyList<(long Step, double Loss)> points, long first, long last, int columns)
    {
        var (sums, counts) = (new double[columns], new int[columns]);
        foreach (var (step, loss) in points)
        {
            if (!double.IsFinite(loss)) continue;
            var column = Place(step - first, last - first, columns);
            (sums[column], counts[column]) = (sums[column] + loss, counts[column] + 1);
        }
        return [.. sums.Select((sum, i) => counts[i] == 0 ? (double?)null : sum / counts[i])];
    }

    // Columns without a point are bridged, so that a short run still shows a line.
    static void Line(int[,] dots, double?[] means, double low, double high)
    {
        var height = dots.GetLength(0) * 4;
        (int X, int Y)? previous = null;
        for (var x = 0; x < means.Length; x++)
        {
            if (means[x] is not { } mean) continue;
            var y = Place(high - mean, high - low, height);
            var (px, py) = previous ?? (x, y);
            var steps = Math.Max(1, Math.Max(x - px, Math.Abs(y - py)));
            for (var i = 0; i <= steps; i++) Set(dots, px + (x - px) * i / steps, py + (y - py) * i / steps);
            previous = (x, y);
        }
    }

    static int Place(double offset, double range, int cells) =>
        range <= 0 ? 0 : Math.Clamp((int)Math.Round(offset / range * (cells - 1)), 0, cells - 1);

    // Braille's dot numbers go down the left column, then the right, the fourth row apart.
    static void Set(int[,] dots, int x, int y) =>
        dots[y / 4, x / 2] |= (y % 4) switch { 3 => x % 2 == 0 ? 0x40 : 0x80, var row => (x % 2 == 0 ? 0x01 : 0x08) << row };
}
