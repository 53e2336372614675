using Functional.Base;
using Functional.Files;
using Functional.Reports;
using Functional.Runs;
using Functional.Sessions;
using Functional.Settings;

namespace Functional;

/// <summary>The page that tells of a run, in one file.</summary>
static class RunPage
{
    const int MostSamples = 12;

    /// <summary>The page.</summary>
    /// <param name="run">The run as far as it has come.</param>
    /// <param name="seen">What was looked at in a stage's model, as HTML: by the stage's name.</param>
    public static string Of(RunHistory run, Params<string> seen) => new Page(run.Name,
    [
        Page.Text(Summary(run)),
        Page.Facts(Model(run)),
        .. run.Stages.Count > 1 ? [Page.Heading("Stages"), Page.Table(["stage", "kind", "data", "steps#", "training loss#", "best#", "time#", "stands"], [.. run.Stages.Select(Row)])] : Array.Empty<string>(),
        .. run.Stages.Where(static s => s.Progress.IsBegun || s.Lines.Count > 0).SelectMany(s => Stage(s, run.Stages.Count > 1, seen.Contains(s.Name) ? seen[s.Name] : "")),
        Page.Heading("What it was made of"),
        Settings(run),
        $"<details><summary>the whole recipe</summary>{Page.Quoted(Recipe(run))}</details>",
        .. Machines(run),
    ]).Html;

    static string Summary(RunHistory run) => run.Stages.Count == 1 && run.Stages[0] is var only
        ? $"A run of kind {KindOf(only)}: {only.Standing} at step {RunTexts.Number(only.Step)} of {RunTexts.Number(only.Config.Stage.Steps)}."
        : $"A run of {run.Stages.Count} stages: {string.Join("; ", run.Stages.Select(static s => $"{s.Name} {s.Standing}"))}.";

    static string KindOf(StageHistory stage) => RunConfig.Field("kind")!.Get(stage.Config) ?? "";

    static Vec<(string, string)> Model(RunHistory run)
    {
        var (config, last) = (run.Stages[0].Config, run.Stages.LastOrDefault(static s => s.Facts.Count > 0) ?? run.Stages[0]);
        string? Fact(string name) => last.Facts.Contains(name) ? last.Facts[name] : null;
        return
        [
            ("parameters", Fact("parameters") is { } known ? RunTexts.Count(known) : ParametersOf(config)),
            ("layers × heads × width", $"{config.Model.Layers} × {config.Model.Heads} × {config.Model.Width}"), ("context, in tokens", RunTexts.Number(config.Model.Context)),
            ("tokens in the vocabulary", RunTexts.Number(config.Model.Vocabulary)), ("tokenizer", RunTexts.Value(RunConfig.Field("tokenizer")!, config)),
            ("seed", $"{config.Seed}"), .. Fact("device") is { } device ? [("engine and device", $"{Fact("engine")}, {device}")] : Array.Empty<(string, string)>(),
        ];
    }

    // A vocabulary that is not known yet has no size.
    static string ParametersOf(RunConfig config) => config.Model.Vocabulary < 1 || config.Validate().IsFail ? "–" : RunTexts.Number((double)RunMemory.Of(config).Parameters);

    static Vec<string> Row(StageHistory s) =>
    [
        s.Name, KindOf(s), RunTexts.Data(s), $"{RunTexts.Number(s.Step)} of {RunTexts.Number(s.Config.Stage.Steps)}", Last(s.Series("loss")),
        s.Best is { } best ? $"{RunTexts.Number(best.Value)} {(s.IsReward ? "reward" : "")}".Trim() : "", RunTexts.Duration(s.Milliseconds), s.Standing,
    ];

    static string Last(Vec<(double Step, double Value)> series) => series.Count == 0 ? "" : RunTexts.Number(series[^1].Value);

    static IEnumerable<string> Stage(StageHistory stage, bool named, string seen)
    {
        yield return Page.Heading(named ? $"{stage.Name} ({KindOf(stage)})" : "How it learned");
        yield return Page.Facts(Numbers(stage));
        if (stage.Broken > 0) yield return Page.Text($"{RunTexts.Number(stage.Broken)} lines of its metrics could not be read, and are left out.");
        if (stage.Lines.Count == 0) yield return Page.Text("There are no numbers of it yet.");
        yield return Page.Pictures([.. RunCharts.Of(stage)]);
        if (RunCharts.Norms(stage) is { Count: > 0 } norms)
        {
            yield return Page.Subheading("By layer");
            yield return Page.Pictures([.. norms]);
        }
        if (seen.Length > 0) yield return seen;
        if (Samples(stage) is { Length: > 0 } samples)
        {
            yield return Page.Subheading("What it wrote while it learned");
            yield return samples;
        }
    }

    static Vec<(string, string)> Numbers(StageHistory stage)
    {
        var (steps, loss, speed) = (stage.Lines.Count(static l => l.Training is not null), stage.Series("loss"), stage.Series("tokens_per_second"));
        var tokens = stage.Lines.Where(static l => l.Training is not null).Sum(static l => l.Training!.Value.TokensPerSecond * l.Training.Value.Milliseconds / 1e3);
        string? Fact(string name) => stage.Facts.Contains(name) ? stage.Facts[name] : null;
        return
        [
            ("steps", $"{RunTexts.Number(stage.Step)} of {RunTexts.Number(stage.Config.Stage.Steps)}"),
            ("data", RunTexts.Data(stage)), .. Fact("train_tokens") is { } train ? [("tokens of data", RunTexts.Count(train))] : Array.Empty<(string, string)>(),
            .. steps == 0 ? [] : new (string, string)[]
            {
                ("tokens learned from", RunTexts.Number(Math.Round(tokens))), ("time of its steps", RunTexts.Duration(stage.Milliseconds)),
                ("tokens a second, median", RunTexts.Number(Math.Round(Median(speed)))), ("last training loss", RunTexts.Number(loss.Count == 0 ? double.NaN : loss[^1].Value)),
            },
            .. stage.Best is { } best && stage.Measured is var measured ? new[]
            {
                ($"last {RunTexts.Measure(stage)}", RunTexts.Number(measured[^1].Value)), ($"best {RunTexts.Measure(stage)}, at step {RunTexts.Number(best.Step)}", RunTexts.Number(best.Value)),
            } : [],
            .. stage.Best is { } lowest && stage.Config.Stage.Kind is StageKind.Pretrain or StageKind.Sft ? [("perplexity at its best", RunTexts.Number(Math.Exp(stage.Best.Value.Value)))] : Array.Empty<(string, string)>(),
            .. stage.Best is { } least && stage.BitsPerByte(least.Value) is { } bits ? [("bits a byte at its best, about", RunTexts.Number(bits))] : Array.Empty<(string, string)>(),
            .. stage.Names.Where(static n => n.StartsWith("shown/", StringComparison.Ordinal) || (n.StartsWith("rollout/", StringComparison.Ordinal) && n != "rollout/milliseconds"))
                .Select(n => (n.Replace("shown/", "last ", StringComparison.Ordinal).Replace("rollout/", "last round's ", StringComparison.Ordinal), Last(stage.Series(n)))),
        ];
    }

    static double Median(Vec<(double Step, double Value)> of) => of.Count == 0 ? double.NaN : of.Select(static p => p.Value).Order().ElementAt(of.Count / 2);

    // Those of the end say most; the first shows where it came from.
    static string Samples(StageHistory stage)
    {
        var all = stage.Story.Where(static l => l.Written is { Length: > 0 }).ToArray();
        var some = all.Length <= MostSamples ? all : [all[0], .. all[^(MostSamples - 1)..]];
        return string.Concat(some.Select(static l => $"<p class=\"soft\">after step {Page.Safe(RunTexts.Number(l.Step))}</p>{Page.Quoted(l.Written!)}"));
    }

    static string Settings(RunHistory run)
    {
        var rows = run.Stages.SelectMany(s => RunTexts.Changed(s.Config).Where(c => !c.Field.IsShared || s == run.Stages[0])
            .Select(c => (Vec<string>)[.. run.Stages.Count > 1 ? [c.Field.IsShared ? "all" : s.Name] : Array.Empty<string>(), c.Field.Name, c.Value, c.Usual, c.Field.Summary])).ToArray();
        return rows.Length == 0 ? Page.Text("All settings are as they are where nothing is said.")
            : Page.Text("Settings that are not as they are where nothing is said:") + Page.Table([.. run.Stages.Count > 1 ? ["stage"] : Array.Empty<string>(), "setting", "value", "usual", "what it is"], [.. rows]);
    }

    // As its file says it, without where things lie on the machine it ran on, and without who was told.
    static string Recipe(RunHistory run) => ConfigYaml.Write(run.Folder.Recipe.Map(static config => RunConfig.Fields.Where(RunTexts.IsPlace).Aggregate(config with { Logs = new() },
        static (c, f) => f.Get(c) is { } place ? f.Set(c, RunTexts.Named(f, place)) ?? c : c)));

    static IEnumerable<string> Machines(RunHistory run)
    {
        var began = run.Stages.SelectMany(static s => s.Story.Where(static l => l.Began is not null).Select(l => (Stage: s.Name, Line: l))).ToArray();
        if (began.Length == 0) yield break;
        string Fact((string, Functional.Logs.StoryLine Line) b, string name) => b.Line.Began!.Contains(name) ? b.Line.Began[name] : "";
        yield return Page.Heading("Where and when");
        yield return Page.Table([.. run.Stages.Count > 1 ? ["stage"] : Array.Empty<string>(), "begun", "after step#", "engine", "processor", "system", "runtime", "version"],
            [.. began.Select(b => (Vec<string>)[.. run.Stages.Count > 1 ? [b.Stage] : Array.Empty<string>(), b.Line.Time, RunTexts.Number(b.Line.Step), $"{Fact(b, "engine")}, {Fact(b, "device")}, {Fact(b, "precision")}".TrimEnd(',', ' '),
                $"{Fact(b, "processors")} × {Fact(b, "processor")}", Fact(b, "system"), Fact(b, "runtime"), Fact(b, "version")])]);
    }
}
