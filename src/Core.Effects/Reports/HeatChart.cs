using Functional.Base;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace Functional.Reports;

/// <summary>Numbers of pairs as colours: a cell each, as they are, with nothing smoothed between them.</summary>
/// <param name="Title">What it shows.</param>
/// <param name="Columns">What the columns are, from left to right.</param>
/// <param name="Rows">What the rows are, from top to bottom.</param>
/// <param name="Cells">Numbers of 0 and more, row by row; 0 and what is not finite stay empty.</param>
public sealed record HeatChart(string Title, Vec<string> Columns, Vec<string> Rows, Vec<Vec<double>> Cells)
{
    /// <summary>What the deepest colour stands for; nothing for the largest number.</summary>
    public double? Most { get; init; }

    /// <summary>How large the letters of names are at most, in pixels; many names have smaller ones.</summary>
    public double Letters { get; init; } = 9;

    /// <summary>The picture as an SVG element.</summary>
    /// <param name="width">Its width in pixels.</param>
    /// <param name="height">Its height in pixels.</param>
    public string Svg(int width = 300, int height = 320)
    {
        var plot = new PlotModel { Title = Chart.Drawable(Title), TitleFontSize = 12, TitleFontWeight = 400, PlotAreaBorderColor = OxyColors.LightGray, Padding = new(4) };
        plot.Axes.Add(Names(AxisPosition.Bottom, Columns, 90, Letters));
        plot.Axes.Add(Names(AxisPosition.Left, [.. Rows.Reverse()], 0, Letters));
        var most = Most ?? Cells.SelectMany(static r => r).Where(double.IsFinite).DefaultIfEmpty(0).Max();
        for (var row = 0; row < Rows.Count; row++)
            for (var column = 0; column < Columns.Count; column++)
                if (Cells[row][column] is var value && double.IsFinite(value) && value > 0 && most > 0)
                    plot.Annotations.Add(new OxyPlot.Annotations.RectangleAnnotation
                    {
                        MinimumX = column - 0.5, MaximumX = column + 0.5, MinimumY = Rows.Count - 1 - row - 0.5, MaximumY = Rows.Count - 1 - row + 0.5, StrokeThickness = 0, Layer = OxyPlot.Annotations.AnnotationLayer.BelowSeries,
                        Fill = OxyColor.FromAColor((byte)Math.Round(255 * Math.Clamp(value / most, 0, 1)), OxyColor.FromRgb(0, 114, 178)),
                    });
        plot.Series.Add(new LineSeries());
        return Chart.Export(plot, width, height);
    }

    static CategoryAxis Names(AxisPosition position, Vec<string> names, double angle, double letters)
    {
        var axis = new CategoryAxis { Position = position, GapWidth = 0, Angle = angle, FontSize = Math.Clamp(220.0 / Math.Max(1, names.Count), 4, letters), TicklineColor = OxyColors.LightGray, MajorTickSize = 0, MinimumPadding = 0, MaximumPadding = 0 };
        axis.Labels.AddRange(names.Map(Chart.Drawable));
        return axis;
    }
}
