using System.Text.Json;
using Functional.Base;

namespace Functional.Cli;

/// <summary><c>functional compare</c>: runs side by side.</summary>
static class CompareCommand
{
    public static CommandSpec Spec => new("Compares runs: settings that differ, how they learned, what they came to, and how much seeds matter.",
        [
            new("--stage", "NAME", "which stage of each") { Default = "the last that has learned something" },
            new("--out", "FILE", "writes a page with their curves, too"),
            new("--json", null, "one line of JSON, for scripts"),
        ], Run)
    {
        Argument = new("runs", "RUN RUN…", "folders of runs, or of stages in them"), TakesMany = true,
        Details = """
            Runs that differ in their seed alone are also taken together: mean, standard deviation, and the interval in which the mean lies with
            95 %. * marks the best, where nothing keeps the numbers from being compared.

            """,
        Examples = [new("compare runs/a runs/b", "what differs, and what came of it"), new("compare runs/seed-1 runs/seed-2 runs/seed-3 --out seeds.html", "how much the seed matters")],
    };

    static async Task<int> Run(Given given, Terminal terminal, Interruption interruption)
    {
        var folders = given.Text("runs")!.Split('\n');
        if (folders.Length < 2) throw new FunctionalException(new Fault("compare", $"is given {folders[0]} alone", "expected two runs or more"));
        var compared = await RunComparison.OfAsync(folders, given.Text("--stage")).ConfigureAwait(false);
        if (given.Text("--out") is { } file) await compared.WriteAsync(file).ConfigureAwait(false);
        if (given.Has("--json")) terminal.Line(Json(compared));
        else
        {
            terminal.Out.Write(Show.Harmless(compared.Text));
            if (given.Text("--out") is { } page) terminal.Line($"\nwritten to {Show.Harmless(page)}");
        }
        return 0;
    }

    static string Json(RunComparison of) => JsonLine.Of(json =>
    {
        json.Objects("runs", of.Runs, run =>
        {
            json.WriteString("name", run.Name);
            json.WriteString("stage", run.Stage);
            json.WriteNumber("step", run.Step);
            json.WriteNumber("steps", run.Steps);
            json.Number("loss", run.Loss);
            json.Number("last", run.Last);
            json.Number("best", run.Best);
            json.Number("best_step", run.BestStep);
            json.Number("bits_per_byte", run.BitsPerByte);
            json.Number("tokens_per_second", run.TokensPerSecond);
        });
        json.WriteString("measure", of.Measure);
        json.Objects("settings", of.Settings, setting =>
        {
            json.WriteString("setting", setting.Setting);
            Texts(json, "values", setting.Values);
        });
        json.Objects("seeds", of.Seeds, seeds =>
        {
            Texts(json, "runs", seeds.Runs);
            Spread(json, "loss", seeds.Loss);
            Spread(json, "last", seeds.Last);
            Spread(json, "best", seeds.Best);
        });
        Texts(json, "warnings", of.Warnings);
    });

    static void Texts(Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts) json.WriteStringValue(text);
        json.WriteEndArray();
    }

    static void Spread(Utf8JsonWriter json, string name, SeedSpread? spread)
    {
        if (spread is null) return;
        json.Number($"{name}_mean", spread.Mean);
        json.Number($"{name}_deviation", spread.Deviation);
        json.Number($"{name}_low", spread.Low);
        json.Number($"{name}_high", spread.High);
    }
}
