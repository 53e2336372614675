using System.Text.Json.Nodes;
using Functional.Server;
using Functional.Sessions;
using Functional.Settings;

namespace Functional.Studio;

/// <summary>Runs: how they learn, what they are made of, what they write; and going on with them.</summary>
static class RunsApi
{
    // More lines than colours say nothing.
    const int MostAtOnce = 6, MostSamples = 30, Width = 560, Height = 320;

    public static IEnumerable<Route> Routes(Library library, Jobs jobs)
    {
        var histories = new Histories();
        return
        [
            Route.Get("runs", call => call.Send(new JsonArray([.. library.Runs.Select(run => (JsonNode)About(run, histories, jobs))]))),
            Route.Get("runs/curves", call => call.Send(new JsonArray([.. RunCurves.Of(Chosen(call, library, histories)).Select(static c => (JsonNode)Picture(c))]))),
            Route.Get("runs/settings", call => Settings(call, library, histories)),
            Route.Get("runs/samples", call => call.Send(new JsonArray([.. Chosen(call, library, histories).Select(static s => (JsonNode)new JsonObject { ["name"] = s.Name, ["samples"] = Samples(s.Stage) })]))),
            Route.Post("runs/resume", call => Resume(call, library, jobs)),
            Route.Post("runs/stop", call => Stop(call, library, jobs)),
        ];
    }

    static JsonObject About(LibraryRun run, Histories histories, Jobs jobs)
    {
        try
        {
            if (run.Read.Case is not RunFolder) throw ApiException.Of([.. run.Read.FailToSeq()]);
            var (history, job) = (histories.Of(run), jobs.About(TrainingJob.Kind, run.Name));
            return new()
            {
                ["name"] = run.Name, ["at_work"] = job?.Json, ["elsewhere"] = job is null && IsOpen(history) && RunFolder.IsHeld(run.Folder),
                // A set that learns in this studio makes runs of its name.
                ["learning"] = jobs.All.FirstOrDefault(j => j is { Kind: StudyTrainings.Kind, State: JobState.Running } && run.Name.StartsWith($"{j.About.Replace('/', '-')}-", StringComparison.Ordinal))?.About.Split('/')[0],
                ["stages"] = new JsonArray([.. history.Stages.Select(s => (JsonNode)About(s, history.Stages.Count == 1 ? run.Name : $"{run.Name}/{s.Name}"))]),
            };
        }
        catch (Exception e) when (e is ApiException or IOException or UnauthorizedAccessException)
        {
            return new() { ["name"] = run.Name, ["error"] = e.Message };
        }
    }

    static bool IsOpen(RunHistory history) => history.Stages.Any(static s => s.Story.LastOrDefault(static l => l.Began is not null || l.Ended is not null) is { Ended: null });

    static JsonObject About(StageHistory stage, string name) => new()
    {
        ["name"] = name, ["kind"] = $"{stage.Config.Stage.Kind}".ToLowerInvariant(), ["step"] = stage.Step, ["steps"] = stage.Config.Stage.Steps, ["standing"] = stage.Standing, ["begun"] = stage.Progress.IsBegun,
        ["saved"] = stage.Progress.Done, ["measure"] = RunCurves.Measure(stage), ["best"] = Number(stage.Best?.Value), ["loss"] = stage.Series("loss") is { Count: > 0 } loss ? Number(loss[^1].Value) : null,
        ["milliseconds"] = Number(stage.Milliseconds), ["changed"] = stage.Story.Count > 0 ? stage.Story[^1].Time : null,
    };

    internal static JsonNode? Number(double? value) => value is { } known && double.IsFinite(known) ? JsonValue.Create(known) : null;

    static List<NamedStage> Chosen(Call call, Library library, Histories histories)
    {
        var names = call.All("run").Distinct(StringComparer.Ordinal).ToArray();
        if (names.Length is 0 or > MostAtOnce) throw new ApiException(400, $"run: there are {names.Length}; allowed: 1 to {MostAtOnce}, as ?run=…&run=…", "run");
        return [.. names.Select(name => Named(name, library, histories))];
    }

    // A run alone is the stage of it that learned last.
    static NamedStage Named(string name, Library library, Histories histories)
    {
        var runs = library.Runs;
        if (runs.FirstOrDefault(r => r.Name == name) is { } whole && histories.Of(library.Run(whole.Name)) is var all)
            return new(name, all.Stages.LastOrDefault(static s => s.Lines.Count > 0) ?? all.Stages[0]);
        foreach (var run in runs.Where(r => name.StartsWith(r.Name + "/", StringComparison.Ordinal)))
            if (histories.Of(library.Run(run.Name)).Stages.FirstOrDefault(s => s.Name == name[(run.Name.Length + 1)..]) is { } stage) return new(name, stage);
        _ = library.Run(name);
        throw new ApiException(404, "run: is not here", "run");
    }

    static JsonObject Picture(RunCurve curve)
    {
        var chart = curve.Chart;
        var drawn = chart.Draw(Width, Height);
        return new()
        {
            ["title"] = chart.Title, ["detail"] = curve.IsDetail, ["svg"] = drawn.Svg, ["area"] = Numbers([drawn.Left, drawn.Top, drawn.Width, drawn.Height]), ["range"] = Numbers([drawn.LeastX, drawn.MostX]), ["size"] = Numbers([Width, Height]),
            ["lines"] = new JsonArray([.. chart.Traces.Select(static t => (JsonNode)new JsonObject
            {
                ["name"] = t.Name, ["x"] = Numbers(t.Points.Select(static p => p.X)), ["y"] = Numbers(t.Points.Select(static p => p.Y)),
            })]),
        };
    }

    internal static JsonArray Numbers(IEnumerable<double> values) => new([.. values.Select(static v => Number(v))]);

    static async Task Settings(Call call, Library library, Histories histories)
    {
        var stages = Chosen(call, library, histories);
        if (stages is [var only])
        {
            await call.Send(new JsonObject
            {
                ["heads"] = Texts(["setting", "value", "usual"]), ["warnings"] = new JsonArray(),
                ["rows"] = new JsonArray([.. RunCurves.Settings(only.Stage).Select(static s => (JsonNode)new JsonObject { ["cells"] = Texts([s.Name, s.Value, s.Usual]), ["about"] = s.Summary })]),
            }).ConfigureAwait(false);
            return;
        }
        var compared = RunComparison.Of([.. stages.Select(s => (s, (RunFolder)RunOf(s.Name, library).Read.Case))]);
        await call.Send(new JsonObject
        {
            ["heads"] = Texts(["setting", .. stages.Select(static s => s.Name)]), ["warnings"] = Texts(compared.Warnings),
            ["rows"] = new JsonArray([.. compared.Settings.Select(static s => (JsonNode)new JsonObject { ["cells"] = Texts([s.Setting, .. s.Values]), ["about"] = RunConfig.Field(s.Setting)?.Summary })]),
        }).ConfigureAwait(false);
    }

    static LibraryRun RunOf(string name, Library library) => library.Runs.First(r => r.Name == name || name.StartsWith(r.Name + "/", StringComparison.Ordinal));

    internal static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(static t => (JsonNode)t)]);

    static JsonArray Samples(StageHistory stage) => new([.. stage.Story.Where(static l => l.Written is { Length: > 0 }).TakeLast(MostSamples)
        .Select(static l => (JsonNode)new JsonObject { ["step"] = l.Step, ["time"] = l.Time, ["text"] = l.Written })]);

    static async Task Resume(Call call, Library library, Jobs jobs)
    {
        var (run, steps) = (library.Run(call.Text("run")), call.Body.Whole("steps", 1, 1_000_000_000));
        call.Body.Check();
        if (jobs.About(TrainingJob.Kind, run.Name) is not null) throw new ApiException(409, $"run: {run.Name} trains already", "run");
        await call.Send(TrainingJob.Resume(jobs, run, steps).Json).ConfigureAwait(false);
    }

    static async Task Stop(Call call, Library library, Jobs jobs)
    {
        // Also of a run whose folder is gone.
        if (jobs.About(TrainingJob.Kind, call.Text("run")) is not { } job)
        {
            var run = library.Run(call.Text("run"));
            throw new ApiException(409, RunFolder.IsHeld(run.Folder) ? $"run: {run.Name} is trained by another program; stop it there, with Ctrl-C" : $"run: {run.Name} is not at work", "run");
        }
        await jobs.Stop(job).ConfigureAwait(false);
        await call.Send(job.Json).ConfigureAwait(false);
    }
}
