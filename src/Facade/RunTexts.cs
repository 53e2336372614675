using System.Globalization;
using Functional.Base;
using Functional.Sessions;
using Functional.Settings;

namespace Functional;

/// <summary>A run's numbers and settings as people read them.</summary>
static class RunTexts
{
    /// <summary>A number: whole ones with commas, others with as many digits as matter.</summary>
    public static string Number(double value) => !double.IsFinite(value) ? "–"
        : value == Math.Round(value) && Math.Abs(value) < 1e15 ? value.ToString("#,0", CultureInfo.InvariantCulture)
        : Math.Abs(value) >= 100 ? value.ToString("#,0.0", CultureInfo.InvariantCulture)
        : Math.Abs(value) >= 0.01 ? value.ToString("0.####", CultureInfo.InvariantCulture) : value.ToString("0.##e+0", CultureInfo.InvariantCulture);

    /// <summary>A loss: four digits behind the point, so that columns of them are read down.</summary>
    public static string Loss(double value) => !double.IsFinite(value) ? "–" : Math.Abs(value) is >= 1e-4 and < 1e6 or 0 ? value.ToString("0.0000", CultureInfo.InvariantCulture) : Number(value);

    /// <summary>A count that was written down as a text; the text where it is none.</summary>
    public static string Count(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? Number(value) : text;

    /// <summary>A time that something took.</summary>
    public static string Duration(double milliseconds) => TimeSpan.FromMilliseconds(Math.Min(Math.Max(0, double.IsFinite(milliseconds) ? milliseconds : 0), 1e14)) switch
    {
        { TotalSeconds: < 1 } t => string.Create(CultureInfo.InvariantCulture, $"{t.TotalMilliseconds:0} ms"),
        { TotalMinutes: < 1 } t => string.Create(CultureInfo.InvariantCulture, $"{t.TotalSeconds:0.0} s"),
        { TotalHours: < 1 } t => string.Create(CultureInfo.InvariantCulture, $"{(int)t.TotalMinutes} min {t.Seconds} s"),
        var t => string.Create(CultureInfo.InvariantCulture, $"{(long)t.TotalHours} h {t.Minutes} min"),
    };

    /// <summary>Settings of a stage that are not what they are where nothing is said; of files their names alone, since where they lie says nothing elsewhere.</summary>
    public static Vec<(Field<RunConfig> Field, string Value, string Usual)> Changed(RunConfig config)
    {
        // A short run's warm-up is shortened with it.
        var usual = RunConfig.For(config.Stage.Kind);
        if (config.Stage.Optimiser.Warmup == config.Stage.Steps / 10 && config.Stage.Optimiser.Warmup < usual.Stage.Optimiser.Warmup)
            usual = usual with { Stage = usual.Stage with { Optimiser = usual.Stage.Optimiser with { Warmup = config.Stage.Optimiser.Warmup } } };
        return [.. RunConfig.Fields.Where(f => IsTelling(f) && f.IsFor(config.Stage.Kind) && f.Get(config) != f.Get(usual)).Select(f => (f, Value(f, config), f.Show(usual)))];
    }

    /// <summary>Whether a setting says what a run is, and not who is told of it.</summary>
    public static bool IsTelling(Field<RunConfig> field) => field.Name is not ("kind" or "logs" or "otlp-endpoint" or "norms-every" or "log-histograms-every" or "peak-share" or "save-every" or "keep" or "sample-every" or "sample-tokens"
        or "sample-temperature");

    /// <summary>A setting's value; of files their names.</summary>
    public static string Value(Field<RunConfig> field, RunConfig config) => field.Get(config) is { } text ? Named(field, text) : "not given";

    /// <summary>Whether a setting's value may say where something lies.</summary>
    public static bool IsPlace(Field<RunConfig> field) => field.IsPath || field.Name is "tokenizer" or "mixture";

    /// <summary>A setting's value without where things lie.</summary>
    public static string Named(Field<RunConfig> field, string value) => field.Name switch
    {
        "mixture" when TextChoice.All(value) is { } texts => TextChoice.Text(texts.Map(static t => t with { Name = FileName(t.Name) })),
        "tokenizer" => value.Contains(Path.DirectorySeparatorChar, StringComparison.Ordinal) ? FileName(value) : value,
        _ => field.IsPath ? FileName(value) : value,
    };

    /// <summary>The last part of a path.</summary>
    public static string FileName(string path) => Path.GetFileName(Path.TrimEndingDirectorySeparator(path)) is { Length: > 0 } name ? name : path;

    /// <summary>What a stage learned from.</summary>
    public static string Data(StageHistory stage) => stage.Config.Stage.Source.File is { } file ? FileName(file) : stage.Config.Stage.Source.Name;

    /// <summary>What the best measurement is called.</summary>
    public static string Measure(StageHistory stage) => stage.IsReward ? "reward of kept prompts" : "validation loss";
}
