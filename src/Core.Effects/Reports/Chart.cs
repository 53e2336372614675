using Functional.Base;
using Functional.Files;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace Functional.Reports;

/// <summary>Points that belong together.</summary>
/// <param name="Name">What they are.</param>
/// <param name="Points">Where they are, from left to right where they are joined.</param>
public sealed record Trace(string Name, Vec<(double X, double Y)> Points)
{
    /// <summary>Whether they are joined by a line.</summary>
    public bool IsLine { get; init; } = true;

    /// <summary>Which of the colours they have, from 0; nothing for the one of their place. So that what is one thing in several pictures looks alike.</summary>
    public int? Colour { get; init; }
}

/// <summary>A picture that is drawn, and where in it the numbers are.</summary>
/// <param name="Svg">The picture as an SVG element.</param>
/// <param name="Left">Where the axes meet, in pixels from the left.</param>
/// <param name="Top">The upper end of the vertical axis, in pixels from the top.</param>
/// <param name="Width">The length of the horizontal axis, in pixels.</param>
/// <param name="Height">The length of the vertical axis, in pixels.</param>
/// <param name="LeastX">The number at the left end.</param>
/// <param name="MostX">The number at the right end.</param>
/// <param name="LeastY">The number at the lower end.</param>
/// <param name="MostY">The number at the upper end.</param>
public sealed record DrawnChart(string Svg, double Left, double Top, double Width, double Height, double LeastX, double MostX, double LeastY, double MostY);

/// <summary>A picture of numbers, which <see cref="Svg"/> draws.</summary>
/// <param name="Title">What it shows.</param>
/// <param name="X">What the horizontal axis counts.</param>
/// <param name="Y">What the vertical axis counts.</param>
/// <param name="Traces">What is drawn; points that are not finite are left out.</param>
public sealed record Chart(string Title, string X, string Y, Vec<Trace> Traces)
{
    const int Most = 400;

    /// <summary>Whether the vertical axis counts by powers of ten; what is not above 0 is then left out.</summary>
    public bool LogY { get; init; }

    /// <summary>Whether the name of a trace stands there even where there is one alone.</summary>
    public bool NamesAlways { get; init; }

    /// <summary>Whether names of traces stand below the picture, so that it is as wide as there is room.</summary>
    public bool NamesBelow { get; init; }

    // One whose widths the library knows, so that texts have room; a browser without it takes one that is as wide.
    const string Font = "Arial";

    // Colours that colour-blind people tell apart, too (Okabe and Ito 2008).
    static readonly OxyColor[] colours =
        [OxyColor.FromRgb(0, 114, 178), OxyColor.FromRgb(213, 94, 0), OxyColor.FromRgb(0, 158, 115), OxyColor.FromRgb(204, 121, 167), OxyColor.FromRgb(230, 159, 0), OxyColor.FromRgb(86, 180, 233)];

    /// <summary>The picture as an SVG element: the same numbers give the same text.</summary>
    /// <param name="width">Its width in pixels.</param>
    /// <param name="height">Its height in pixels.</param>
    public string Svg(int width = 640, int height = 360) => Draw(width, height).Svg;

    /// <summary>The picture, and where in it the numbers are.</summary>
    /// <param name="width">Its width in pixels.</param>
    /// <param name="height">Its height in pixels.</param>
    public DrawnChart Draw(int width = 640, int height = 360)
    {
        var plot = new PlotModel { Title = Drawable(Title), TitleFontSize = 14, TitleFontWeight = 400, PlotAreaBorderColor = OxyColors.LightGray, DefaultFont = Font };
        foreach (var (position, title) in new[] { (AxisPosition.Bottom, X), (AxisPosition.Left, Y) })
        {
            Axis axis = LogY && position == AxisPosition.Left ? new LogarithmicAxis() : new LinearAxis();
            (axis.Position, axis.Title, axis.MajorGridlineStyle, axis.MajorGridlineColor, axis.TicklineColor) = (position, Drawable(title), LineStyle.Solid, Grid, OxyColors.LightGray);
            (axis.MinorTickSize, axis.MinimumPadding, axis.MaximumPadding, axis.AxisTitleDistance) = (0, 0.06, 0.06, 10);
            plot.Axes.Add(axis);
        }
        // Beside the picture or below it, where it covers nothing.
        if (Traces.Count > 1 || (NamesAlways && Traces.Count > 0))
            plot.Legends.Add(new Legend
            {
                LegendPosition = NamesBelow ? LegendPosition.BottomCenter : LegendPosition.RightTop, LegendPlacement = LegendPlacement.Outside, LegendBorderThickness = 0, LegendLineSpacing = 3,
                LegendOrientation = NamesBelow ? LegendOrientation.Horizontal : LegendOrientation.Vertical, LegendItemSpacing = 12,
            });
        for (var i = 0; i < Traces.Count; i++) plot.Series.Add(Of(LogY ? Traces[i] with { Points = [.. Traces[i].Points.Where(static p => p.Y > 0)] } : Traces[i], colours[(Traces[i].Colour ?? i) % colours.Length]));
        var svg = Export(plot, width, height);
        var (area, x, y) = (plot.PlotArea, plot.Axes[0], plot.Axes[1]);
        return new(svg, area.Left, area.Top, area.Width, area.Height, x.ActualMinimum, x.ActualMaximum, y.ActualMinimum, y.ActualMaximum);
    }

    // Seen on white and on black.
    static readonly OxyColor Grid = OxyColor.FromAColor(48, OxyColors.Gray);

    internal static string Export(PlotModel plot, int width, int height)
    {
        plot.DefaultFont = Font;
        var svg = SvgExporter.ExportToString(plot, width, height, isDocument: false, new Pixels());
        // An element, and one that is as wide as there is room.
        svg = svg[svg.IndexOf("<svg ", StringComparison.Ordinal)..].Insert("<svg ".Length, FormattableString.Invariant($"viewBox=\"0 0 {width} {height}\" "));
        // On a page with other pictures a name that both have is the first one's.
        var own = $"clip-{Crc32C.Of(System.Text.Encoding.UTF8.GetBytes(svg)):x8}-";
        return svg.Replace("id=\"clipPath", $"id=\"{own}", StringComparison.Ordinal).Replace("url(#clipPath", $"url(#{own}", StringComparison.Ordinal).Replace($"font-family=\"{Font}\"", $"font-family=\"{Font}, Helvetica, Liberation Sans, sans-serif\"", StringComparison.Ordinal);
    }

    /// <summary>A text with a sign in place of each that XML cannot say, such as most control characters, or that turns lines around: a picture of one would be none at all.</summary>
    internal static string Drawable(string text) => string.Concat(text.EnumerateRunes().Select(static r => r.Value is 0xfffe or 0xffff || r.IsBmp && Page.Steers((char)r.Value) ? "\ufffd" : r.ToString()));

    static XYAxisSeries Of(Trace trace, OxyColor colour)
    {
        var points = Few([.. trace.Points.Where(static p => double.IsFinite(p.X) && double.IsFinite(p.Y))]);
        if (trace.IsLine)
        {
            var line = new LineSeries { Title = Drawable(trace.Name), Color = colour, StrokeThickness = 1.6 };
            line.Points.AddRange(points.Select(static p => new DataPoint(p.X, p.Y)));
            return line;
        }
        var dots = new ScatterSeries { Title = Drawable(trace.Name), MarkerType = MarkerType.Circle, MarkerFill = colour, MarkerSize = 4 };
        dots.Points.AddRange(points.Select(static p => new ScatterPoint(p.X, p.Y)));
        return dots;
    }

    // More than there are pixels say no more: means of neighbours stand for them.
    static Vec<(double X, double Y)> Few(Vec<(double X, double Y)> points) => points.Count <= Most ? points
        : [.. points.Chunk((points.Count + Most - 1) / Most).Select(static some => (some.Average(static p => p.X), some.Average(static p => p.Y)))];

    // What the library measures texts by takes a point for a pixel, so that they would have three quarters of the room that they need, and the names of traces be cut off.
    sealed class Pixels() : PdfRenderContext(1, 1, OxyColors.White)
    {
        public override OxySize MeasureText(string text, string fontFamily, double fontSize, double fontWeight) =>
            base.MeasureText(text, fontFamily, fontSize * 96 / 72, fontWeight);
    }
}
