using Functional.Base;
using Functional.Reports;

namespace Functional.Lessons;

/// <summary>A picture of a lesson, drawn from its own numbers whenever it is asked for.</summary>
/// <param name="Title">What it shows.</param>
/// <param name="Caption">What there is to be seen, in a sentence or two.</param>
/// <param name="Draw">Draws it: an SVG element.</param>
public sealed record Picture(string Title, string Caption, Func<string> Draw)
{
    /// <summary>A picture of lines and points.</summary>
    /// <param name="title">What it shows.</param>
    /// <param name="caption">What there is to be seen.</param>
    /// <param name="x">What the horizontal axis counts.</param>
    /// <param name="y">What the vertical axis counts.</param>
    /// <param name="traces">The numbers.</param>
    /// <param name="logY">Whether the vertical axis counts by powers of ten.</param>
    public static Picture Lines(string title, string caption, string x, string y, Func<Vec<Trace>> traces, bool logY = false) =>
        new(title, caption, () => new Chart(title, x, y, traces()) { LogY = logY, NamesBelow = true }.Svg(640, 360));

    /// <summary>A picture of numbers as colours, a cell each.</summary>
    /// <param name="title">What it shows.</param>
    /// <param name="caption">What there is to be seen.</param>
    /// <param name="cells">Names of columns and rows, and numbers row by row.</param>
    /// <param name="most">What the deepest colour stands for; nothing for the largest number.</param>
    /// <param name="width">Its width in pixels.</param>
    /// <param name="height">Its height in pixels.</param>
    public static Picture Cells(string title, string caption, Func<(Vec<string> Columns, Vec<string> Rows, Vec<Vec<double>> Cells)> cells, double? most = null, int width = 360, int height = 320) =>
        new(title, caption, () => cells() is var (columns, rows, numbers) ? new HeatChart(title, columns, rows, numbers) { Most = most }.Svg(width, height) : "");

    /// <summary>The picture as an SVG element with a title, for those who do not see it.</summary>
    public string Svg()
    {
        var svg = Draw();
        var end = svg.IndexOf('>', StringComparison.Ordinal);
        return $"{svg[..end]} role=\"img\"><title>{Page.Safe(Title)}</title>{svg[(end + 1)..]}";
    }
}
