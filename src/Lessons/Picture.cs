using Functional.Base;
using Functional.Reports;

namespace Functional.Lessons;

/// <summary>A picture of a lesson, drawn from its own numbers whenever it is asked for.</summary>
/// <param name="Title">What it shows.</param>
/// <param name="Caption">What there is to be seen, in a sentence or two.</param>
/// <param name="Draw">Draws it, for where there is little room or for where there is more: an SVG element.</param>
public sealed record Picture(string Title, string Caption, Func<bool, string> Draw)
{
    // What a telephone shows beside its edges, so that letters are as large as the page's.
    const int Narrow = 340;

    /// <summary>A picture of lines and points.</summary>
    /// <param name="title">What it shows.</param>
    /// <param name="caption">What there is to be seen.</param>
    /// <param name="x">What the horizontal axis counts.</param>
    /// <param name="y">What the vertical axis counts.</param>
    /// <param name="traces">The numbers.</param>
    /// <param name="logY">Whether the vertical axis counts by powers of ten.</param>
    public static Picture Lines(string title, string caption, string x, string y, Func<Vec<Trace>> traces, bool logY = false) =>
        new(title, caption, narrow => new Chart(title, x, y, traces()) { LogY = logY, NamesBelow = true }.Svg(narrow ? Narrow : 640, narrow ? 320 : 360));

    /// <summary>A picture of numbers as colours, a cell each.</summary>
    /// <param name="title">What it shows.</param>
    /// <param name="caption">What there is to be seen.</param>
    /// <param name="cells">Names of columns and rows, and numbers row by row.</param>
    /// <param name="most">What the deepest colour stands for; nothing for the largest number.</param>
    /// <param name="width">Its width in pixels.</param>
    /// <param name="height">Its height in pixels.</param>
    public static Picture Cells(string title, string caption, Func<(Vec<string> Columns, Vec<string> Rows, Vec<Vec<double>> Cells)> cells, double? most = null, int width = 360, int height = 320) =>
        new(title, caption, narrow => cells() is var (columns, rows, numbers) ? new HeatChart(title, columns, rows, numbers) { Most = most, Letters = 12 }.Svg(narrow ? Math.Min(width, Narrow) : width, height) : "");

    /// <summary>The picture as an SVG element with a title, for those who do not see it.</summary>
    /// <param name="narrow">Whether there is little room.</param>
    public string Svg(bool narrow = false)
    {
        var svg = Draw(narrow);
        var end = svg.IndexOf('>', StringComparison.Ordinal);
        return $"{svg[..end]} role=\"img\"><title>{Page.Safe(Title)}</title>{svg[(end + 1)..]}";
    }
}
