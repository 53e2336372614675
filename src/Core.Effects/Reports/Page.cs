using System.Net;
using System.Text;
using Functional.Base;

namespace Functional.Reports;

/// <summary>A page in one file that needs nothing else, for people who look at a run.</summary>
/// <param name="Title">Its title.</param>
/// <param name="Parts">What stands on it, in order, as HTML that <see cref="Text"/>, <see cref="Table"/> and <see cref="Chart.Svg"/> make.</param>
public sealed record Page(string Title, Vec<string> Parts)
{
    /// <summary>The page.</summary>
    public string Html => $$"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>{{Safe(Title)}}</title>
        <style>
        body { font: 15px/1.5 system-ui, sans-serif; color: #1b1f24; background: #fff; max-width: 72rem; margin: 2rem auto; padding: 0 1rem }
        h1 { font-size: 1.6rem; margin: 0 0 .5rem } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem } p { margin: .4rem 0; max-width: 48rem }
        .wide { overflow-x: auto } table { border-collapse: collapse; margin: .5rem 0 } th, td { text-align: left; vertical-align: top; padding: .3rem .9rem .3rem 0; border-bottom: 1px solid #e6e8eb }
        td.n, th.n { text-align: right; font-variant-numeric: tabular-nums } th { font-weight: 600 } code, td.t { font-family: ui-monospace, monospace; font-size: .92em; white-space: pre-wrap }
        .good { color: #00704a } .bad { color: #b04a00 } .pictures { display: flex; flex-wrap: wrap; gap: 1rem } svg { max-width: 100%; height: auto }
        </style>
        </head>
        <body>
        <h1>{{Safe(Title)}}</h1>
        {{string.Join('\n', Parts)}}
        </body>
        </html>

        """;

    /// <summary>A text as HTML shows it, letter by letter.</summary>
    public static string Safe(string text) => WebUtility.HtmlEncode(text);

    /// <summary>A heading.</summary>
    public static string Heading(string text) => $"<h2>{Safe(text)}</h2>";

    /// <summary>A paragraph.</summary>
    public static string Text(string text) => $"<p>{Safe(text)}</p>";

    /// <summary>Pictures side by side where there is room.</summary>
    public static string Pictures(params IReadOnlyList<string> svgs) => $"<div class=\"pictures\">{string.Join('\n', svgs)}</div>";

    /// <summary>A table.</summary>
    /// <param name="heads">The columns' names; one that ends in <c>#</c> is of numbers, in <c>~</c> of what models wrote.</param>
    /// <param name="rows">Cells as texts, as many a row as there are columns.</param>
    public static string Table(Vec<string> heads, Vec<Vec<string>> rows)
    {
        var kinds = heads.Map(static h => h.EndsWith('#') ? " class=\"n\"" : h.EndsWith('~') ? " class=\"t\"" : "");
        var html = new StringBuilder("<div class=\"wide\"><table><thead><tr>");
        foreach (var (head, i) in heads.Select(static (h, i) => (h, i))) html.Append(System.Globalization.CultureInfo.InvariantCulture, $"<th{(kinds[i] == " class=\"n\"" ? kinds[i] : "")}>{Safe(head.TrimEnd('#', '~'))}</th>");
        html.Append("</tr></thead><tbody>");
        foreach (var row in rows)
        {
            html.Append("<tr>");
            for (var i = 0; i < heads.Count; i++) html.Append(System.Globalization.CultureInfo.InvariantCulture, $"<td{kinds[i]}>{Safe(row[i])}</td>");
            html.Append("</tr>");
        }
        return html.Append("</tbody></table></div>").ToString();
    }
}
