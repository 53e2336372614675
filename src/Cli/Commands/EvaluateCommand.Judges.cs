using System.Globalization;
using Functional.Base;
using Functional.Learning;

namespace Functional.Cli;

/// <content>What judges are worth.</content>
static partial class EvaluateCommand
{
    static Vec<(string Name, string Json, Func<RewardStatistics, double> Of)> Numbers =>
    [
        ("margin", "margin", static s => s.Margin), ("loss", "loss", static s => s.Loss), ("calibration error", "calibration_error", static s => s.CalibrationError),
        ("Brier score", "brier", static s => s.Brier), ("reward and length, Pearson", "length_pearson", static s => s.Pearson),
        ("reward and length, Spearman", "length_spearman", static s => s.Spearman),
    ];

    static Vec<(string Name, string Json, Func<RewardStatistics, Rate> Of)> Shares =>
    [
        ("accuracy", "accuracy", static s => s.Accuracy), ("gives the longer answer more", "longer_preferred", static s => s.LongerPreferred),
        ("right if the longer one wins", "longer_wins", static s => s.LongerWins),
    ];

    static void TellJudges(Terminal terminal, List<(string Name, RewardStatistics Scores)> all, bool asJson)
    {
        if (asJson)
        {
            terminal.Line(JudgesJson(all));
            return;
        }
        terminal.Line($"{Show.Count(all[0].Scores.Pairs)} comparisons");
        var width = Math.Max(26, all.Max(static a => a.Name.Length));
        void Row(string name, Func<RewardStatistics, string> of) => terminal.Line($"{name,-30}{string.Join("  ", all.Select(a => of(a.Scores).PadRight(width)))}".TrimEnd());
        if (all.Count > 1) terminal.Line($"{"",-30}{string.Join("  ", all.Select(a => a.Name.PadRight(width)))}".TrimEnd());
        Row(Shares[0].Name, s => Shares[0].Of(s).ToString());
        foreach (var (name, _, of) in Numbers) Row(name, s => of(s).ToString("0.0000", CultureInfo.InvariantCulture));
        foreach (var (name, _, of) in Shares.Skip(1)) Row(name, s => of(s).ToString());
    }

    static string JudgesJson(List<(string Name, RewardStatistics Scores)> all) => JsonLine.Of(json =>
    {
        json.WriteStartArray("judges");
        foreach (var (name, s) in all)
        {
            json.WriteStartObject();
            json.WriteString("run", name);
            json.WriteNumber("comparisons", s.Pairs);
            foreach (var (_, field, of) in Shares) json.Rate(field, of(s));
            foreach (var (_, field, of) in Numbers) json.WriteNumber(field, of(s));
            json.WriteEndObject();
        }
        json.WriteEndArray();
    });
}
