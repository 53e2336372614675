using System.Net;
using System.Text.Json.Nodes;
using Xunit;

namespace Functional.Tests.Properties.Studio;

/// <summary>Runs in the studio: what is told of them, and what may be done with them.</summary>
public sealed class RunsApiLaws(Studios studios) : IClassFixture<Studios>
{
    static JsonNode Stage(JsonNode runs, string name) => runs.AsArray().SelectMany(static r => r!["stages"]?.AsArray() ?? []).First(s => (string)s!["name"]! == name)!;

    [Fact]
    public async Task Runs_are_told_with_their_stages()
    {
        var (status, runs) = await studios.Get("runs");
        Assert.Equal(HttpStatusCode.OK, status);
        var (first, more) = (Stage(runs, "pair/pretrain"), Stage(runs, "pair/more"));
        Assert.Equal((4, 4, "completed", true), ((int)first["step"]!, (int)first["steps"]!, (string)first["standing"]!, (bool)first["begun"]!));
        Assert.Equal((3, 3), ((int)more["step"]!, (int)more["steps"]!));
        // A run of one stage has no name of its stage.
        Assert.Equal("pretrain", (string)Stage(runs, "single")["kind"]!);
        Assert.NotNull(Stage(runs, "single")["best"]);
    }

    [Fact]
    public async Task Curves_of_several_are_on_one_picture_with_the_numbers_of_their_files()
    {
        var (_, charts) = await studios.Get("runs/curves?run=pair/pretrain&run=single");
        var loss = charts.AsArray().Single(static c => (string)c!["title"]! == "Training loss")!;
        Assert.Equal(["pair/pretrain", "single"], loss["lines"]!.AsArray().Select(static l => (string)l!["name"]!));
        Assert.StartsWith("<svg ", (string)loss["svg"]!, StringComparison.Ordinal);
        var lines = await Functional.Training.MetricsAsync(Path.Combine(studios.Runs, "single"));
        Assert.Equal(lines.Where(static l => l.Training is not null).Select(static l => l.Training!.Value.Loss), loss["lines"]![1]!["y"]!.AsArray().Select(static y => (float)(double)y!));
        // Where the numbers are in the picture: the range covers all steps, the area lies inside.
        var (range, area, size) = (Numbers(loss["range"]!), Numbers(loss["area"]!), Numbers(loss["size"]!));
        Assert.True(range[0] <= 1 && range[1] >= 6 && area[0] > 0 && area[1] > 0 && area[0] + area[2] < size[0] && area[1] + area[3] < size[1]);
        Assert.Contains(charts.AsArray(), static c => (string)c!["title"]! == "Validation loss");
    }

    static double[] Numbers(JsonNode list) => [.. list.AsArray().Select(static n => (double)n!)];

    [Fact]
    public async Task Settings_of_one_are_those_that_are_not_usual_and_of_several_those_that_differ()
    {
        var (_, one) = await studios.Get("runs/settings?run=single");
        Assert.Contains(one["rows"]!.AsArray(), static r => (string)r!["cells"]![0]! == "width" && (string)r["cells"]![1]! == "8");
        var (_, two) = await studios.Get("runs/settings?run=pair/pretrain&run=single");
        Assert.Contains(two["rows"]!.AsArray(), static r => (string)r!["cells"]![0]! == "width" && (string)r["cells"]![1]! == "16" && (string)r["cells"]![2]! == "8");
        Assert.DoesNotContain(two["rows"]!.AsArray(), static r => (string)r!["cells"]![0]! == "heads");
    }

    [Fact]
    public async Task Samples_are_those_that_were_written()
    {
        var (_, told) = await studios.Get("runs/samples?run=single&run=pair");
        Assert.Equal(["single", "pair"], told.AsArray().Select(static t => (string)t!["name"]!));
        Assert.Equal([2, 4, 6], told[0]!["samples"]!.AsArray().Select(static s => (int)s!["step"]!));
        // A run alone is the stage of it that learned last, which has three steps.
        Assert.Equal([2], told[1]!["samples"]!.AsArray().Select(static s => (int)s!["step"]!));
    }

    /// <summary>Only names that are listed lead anywhere; a path never does.</summary>
    [Theory]
    [InlineData("runs/curves?run=none", HttpStatusCode.NotFound)]
    [InlineData("runs/curves?run=../runs/single", HttpStatusCode.NotFound)]
    [InlineData("runs/curves?run=pair/none", HttpStatusCode.NotFound)]
    [InlineData("runs/curves?run=pair/../single", HttpStatusCode.NotFound)]
    [InlineData("runs/curves", HttpStatusCode.BadRequest)]
    [InlineData("runs/curves?run=1&run=2&run=3&run=4&run=5&run=6&run=7", HttpStatusCode.BadRequest)]
    [InlineData("runs/none", HttpStatusCode.NotFound)]
    [InlineData("runs/stop", HttpStatusCode.MethodNotAllowed)]
    public async Task Names_that_are_none_are_refused(string path, HttpStatusCode expected)
    {
        var (status, body) = await studios.Get(path);
        Assert.Equal(expected, status);
        Assert.DoesNotContain(studios.Runs, Studios.Message(body), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_path_is_no_run_to_train()
    {
        foreach (var run in new[] { Path.Combine(studios.Runs, "single"), "./single", "single/", "" })
        {
            var (status, _) = await studios.Post("runs/resume", new JsonObject { ["run"] = run }.ToJsonString());
            Assert.True(status is HttpStatusCode.NotFound or HttpStatusCode.BadRequest, $"{run}: {status}");
        }
        Assert.Equal(HttpStatusCode.BadRequest, (await studios.Post("runs/resume", """{"run":"single","steps":-1}""")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await studios.Post("runs/resume", """{"run":7}""")).Status);
    }

    /// <summary>A run that goes on, is stopped and goes on again has every step once; a second wish to train it is refused meanwhile; another waits for its turn.</summary>
    [Fact]
    public async Task Training_goes_on_stops_and_goes_on()
    {
        studios.Train("longer", Recipe.Of((await Config("single")) with { Seed = 9 }));
        await using var server = await studios.Start();
        using var http = new HttpClient { BaseAddress = new(server.Address) };
        Assert.Equal(HttpStatusCode.Conflict, (await studios.Post("runs/stop", """{"run":"longer"}""", http)).Status);
        var (status, job) = await studios.Post("runs/resume", """{"run":"longer","steps":1000000}""", http);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(HttpStatusCode.Conflict, (await studios.Post("runs/resume", """{"run":"longer"}""", http)).Status);
        async Task<JsonNode> Job(JsonNode of) => (await studios.Get("jobs", http)).Body.AsArray().Single(j => (int)j!["id"]! == (int)of["id"]!)!;
        var (_, waiting) = await studios.Post("runs/resume", """{"run":"pair"}""", http);
        Assert.Equal("waiting", (string)(await Job(waiting))["state"]!);
        // Looked at all the while, as a page does.
        await Studios.Until(async () => (int)Stage((await studios.Get("runs", http)).Body, "longer")["step"]! > 8 && ((string)(await Job(job))["note"]!).Contains("step ", StringComparison.Ordinal));
        // The one that waits is taken back before it has begun.
        Assert.Equal(HttpStatusCode.OK, (await studios.Post("jobs/stop", $$"""{"id":{{(int)waiting["id"]!}}}""", http)).Status);
        Assert.Equal(HttpStatusCode.OK, (await studios.Post("runs/stop", """{"run":"longer"}""", http)).Status);
        await Studios.Until(async () => (string)(await Job(job))["state"]! == "stopped" && (string)(await Job(waiting))["state"]! == "stopped");
        var done = (await Functional.Training.MetricsAsync(Path.Combine(studios.Runs, "longer"))).Where(static l => l.Training is not null).Select(static l => l.Step).ToArray();
        Assert.Equal(Enumerable.Range(1, done.Length).Select(static i => (long)i), done);
        // What stands in files tells the page.
        Assert.Equal("interrupted", (string)Stage((await studios.Get("runs", http)).Body, "longer")["standing"]!);
        var (_, last) = await studios.Post("runs/resume", $$"""{"run":"longer","steps":{{done.Length + 2}}}""", http);
        await Studios.Until(async () => (string)(await Job(last))["state"]! == "done");
        Assert.Equal(done.Length + 2, (int)Stage((await studios.Get("runs", http)).Body, "longer")["step"]!);
        Assert.Equal(HttpStatusCode.NotFound, (await studios.Post("jobs/stop", """{"id":999}""", http)).Status);
    }

    async Task<RunConfig> Config(string run) => await Task.Run(() => RunFolder.Open(Path.Combine(studios.Runs, run)).Match(static f => f.Config, static _ => throw new InvalidOperationException()));

    /// <summary>A studio that ends has what trains save; what was asked for beside ends, too.</summary>
    [Fact]
    public async Task Ending_saves_what_trains()
    {
        studios.Train("saved", Recipe.Of((await Config("single")) with { Seed = 10 }));
        var server = await studios.Start();
        using (var http = new HttpClient { BaseAddress = new(server.Address) })
        {
            var (_, job) = await studios.Post("runs/resume", """{"run":"saved","steps":1000000}""", http);
            await Studios.Until(async () => ((string)(await studios.Get("jobs", http)).Body[0]!["note"]!).Contains("step ", StringComparison.Ordinal));
        }
        await server.DisposeAsync();
        var stage = (await Functional.Training.StagesAsync(Path.Combine(studios.Runs, "saved")))[0];
        Assert.True(stage.Done > 6 && !stage.IsDone);
    }

    /// <summary>A run whose files are damaged is told as such, and keeps no other from being shown.</summary>
    [Fact]
    public async Task A_damaged_run_harms_no_other()
    {
        var folder = Path.Combine(studios.Runs, "damaged");
        Directory.CreateDirectory(folder);
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "config.yaml"), "model: {layers: <script>");
            var (status, runs) = await studios.Get("runs");
            Assert.Equal(HttpStatusCode.OK, status);
            Assert.NotNull(runs.AsArray().Single(static r => (string)r!["name"]! == "damaged")!["error"]);
            Assert.Equal(4, (int)Stage(runs, "pair/pretrain")["step"]!);
            // It is nothing that who asks could mend, and where it lies is not their business.
            var (refused, told) = await studios.Post("runs/resume", """{"run":"damaged"}""");
            Assert.Equal(HttpStatusCode.InternalServerError, refused);
            Assert.StartsWith("config.yaml", Studios.Message(told), StringComparison.Ordinal);
            Assert.DoesNotContain(studios.Runs, told.ToJsonString(), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }
}
