using System.Text;
using Functional.Base;

namespace Functional;

/// <summary>Compared runs as tables of text.</summary>
static class ComparisonText
{
    const int Widest = 28;

    public static string Of(RunComparison of)
    {
        var text = new StringBuilder();
        foreach (var warning in of.Warnings) text.Append("warning: ").Append(warning).Append('\n');
        if (of.Warnings.Count > 0) text.Append('\n');
        text.Append("settings that differ\n");
        if (of.Settings.Count == 0) text.Append("  none\n");
        else Table(text, ["setting", .. of.Runs.Select(static r => r.Name)], [.. of.Settings.Select(static s => (Vec<string>)[s.Setting, .. s.Values])]);
        text.Append("\nwhat they came to\n");
        Table(text, Heads(of), Rows(of));
        if (of.Seeds.Count == 0) return text.ToString();
        text.Append("\nruns that differ in their seed alone: mean ± standard deviation, and the interval of the mean with 95 %\n");
        foreach (var seeds in of.Seeds)
        {
            text.Append($"  {string.Join(", ", seeds.Runs)}\n");
            foreach (var (name, spread) in new[] { ("training loss", seeds.Loss), ($"last {of.Measure}", seeds.Last), ($"best {of.Measure}", seeds.Best) })
                if (spread is not null) text.Append($"    {name,-28}{spread}\n");
        }
        return text.ToString();
    }

    public static Vec<string> Heads(RunComparison of) => ["run", "stage", "steps#", "training loss#", $"last {of.Measure}#", "best#", "at step#", "bits a byte#", "tokens/s#"];

    public static Vec<Vec<string>> Rows(RunComparison of)
    {
        var best = of.Runs.Select(static r => r.Best).Where(double.IsFinite).ToArray() is { Length: > 1 } all && of.IsAlike ? of.IsReward ? all.Max() : all.Min() : double.NaN;
        return of.Runs.Map(r => (Vec<string>)
        [
            r.Name, r.Stage, r.Step == r.Steps ? RunTexts.Number(r.Step) : $"{RunTexts.Number(r.Step)} of {RunTexts.Number(r.Steps)}", RunTexts.Loss(r.Loss), RunTexts.Loss(r.Last), RunTexts.Loss(r.Best) + (r.Best == best ? " *" : ""), Known(r.BestStep),
            RunTexts.Loss(r.BitsPerByte), Known(Math.Round(r.TokensPerSecond)),
        ]);
    }

    public static Vec<string> SeedHeads(RunComparison of) => ["runs", "training loss", $"last {of.Measure}", $"best {of.Measure}"];

    public static Vec<Vec<string>> SeedRows(RunComparison of) => of.Seeds.Map(static s => (Vec<string>)[string.Join(", ", s.Runs), $"{s.Loss}", $"{s.Last}", $"{s.Best}"]);

    static string Known(double value) => double.IsFinite(value) ? RunTexts.Number(value) : "–";

    static void Table(StringBuilder text, Vec<string> heads, Vec<Vec<string>> rows)
    {
        Vec<Vec<string>> all = [heads.Map(static h => h.TrimEnd('#')), .. rows.Select(static row => row.Map(Brief))];
        var widths = heads.Map((_, i) => all.Max(row => row[i].Length));
        foreach (var row in all) text.Append("  ").Append(string.Join("  ", row.Select((cell, i) => heads[i].EndsWith('#') ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i]))).TrimEnd()).Append('\n');
    }

    static string Brief(string cell) => cell.Length <= Widest ? cell : $"…{cell[^(Widest - 1)..]}";
}
