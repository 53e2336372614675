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
        :root { color-scheme: light dark; --text: #1b1f24; --soft: #57606a; --back: #fff; --line: #e1e4e8; --box: #f6f8fa; --good: #00704a; --bad: #b04a00 }
        @media (prefers-color-scheme: dark) { :root { --text: #e6e8eb; --soft: #9aa4af; --back: #14171b; --line: #30363d; --box: #1c2127; --good: #3fb98a; --bad: #f0883e } }
        body { font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back); max-width: 72rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: break-word }
        h1 { font-size: 1.6rem; margin: 0 0 .5rem } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem } h3 { font-size: 1rem; margin: 1.4rem 0 .4rem } p { margin: .4rem 0; max-width: 48rem }
        .wide { overflow-x: auto } table { border-collapse: collapse; margin: .5rem 0 } th, td { text-align: left; vertical-align: top; padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--line) }
        td.n, th.n { text-align: right; font-variant-numeric: tabular-nums } th { font-weight: 600 } code, td.t, pre { font-family: ui-monospace, monospace; font-size: .92em; white-space: pre-wrap }
        .good { color: var(--good) } .bad { color: var(--bad) } .soft { color: var(--soft) } .pictures { display: flex; flex-wrap: wrap; gap: 1rem } svg { max-width: 100%; height: auto } svg text { fill: currentColor }
        .facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); gap: .6rem 1.4rem; margin: 1rem 0 } .facts div { border-top: 1px solid var(--line); padding-top: .3rem; min-width: 0 }
        .facts b { display: block; font-size: 1.1rem; font-weight: 600; font-variant-numeric: tabular-nums } .facts span { color: var(--soft); font-size: .85rem }
        pre { background: var(--box); border: 1px solid var(--line); border-radius: 4px; padding: .6rem .8rem; margin: .3rem 0 .9rem; overflow-x: auto } summary { cursor: pointer }
        @media (max-width: 36rem) { th, td { padding-right: .6rem } td:last-child:not(.n):nth-child(n+4), th:last-child:not(.n):nth-child(n+4) { display: none } }
        @media print { :root { --text: #000; --back: #fff; --line: #ccc; --box: #fff; --soft: #444 } body { margin: 0; max-width: none; font-size: 11px } svg, tr, pre { break-inside: avoid } h2, h3 { break-after: avoid } }
        </style>
        </head>
        <body>
        <h1>{{Safe(Title)}}</h1>
        {{string.Join('\n', Parts)}}
        </body>
        </html>

        """;

    /// <summary>A text as HTML shows it, letter by letter; signs that steer terminals or turn lines around are shown and do nothing.</summary>
    public static string Safe(string text) => WebUtility.HtmlEncode(string.Concat(text.Select(static c => Steers(c) ? '\ufffd' : c)));

    /// <summary>A heading.</summary>
    public static string Heading(string text) => $"<h2>{Safe(text)}</h2>";

    /// <summary>A paragraph.</summary>
    public static string Text(string text) => $"<p>{Safe(text)}</p>";

    /// <summary>A heading below another.</summary>
    public static string Subheading(string text) => $"<h3>{Safe(text)}</h3>";

    /// <summary>Facts at a glance: a number or a word, and below it what it is.</summary>
    public static string Facts(Vec<(string Name, string Value)> facts) =>
        $"<div class=\"facts\">{string.Concat(facts.Select(static f => $"<div><b>{Safe(f.Value)}</b><span>{Safe(f.Name)}</span></div>"))}</div>";

    /// <summary>A text as somebody wrote it, line by line.</summary>
    public static string Quoted(string text) => $"<pre>{Safe(text.ReplaceLineEndings("\n"))}</pre>";

    internal static bool Steers(char c) => (char.IsControl(c) && c is not ('\n' or '\t')) || c is (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069') or '\u200e' or '\u200f';

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
