using System.Net;
using System.Text.Json.Nodes;
using Functional.Studio;
using Xunit;

namespace Functional.Tests.Properties.Studio;

/// <summary>Annotate over HTTP: whoever judges knows no names, and what was acknowledged is there, whatever becomes of the server.</summary>
public sealed class AnnotateApiLaws(Studios studios) : IClassFixture<Studios>
{
    const string Questions = "a b\\nb a\\nc c\\nab\\nba b\\ncab\\nbb\\nac";

    static string Body(params (string Name, JsonNode? Value)[] members) => new JsonObject(members.Select(static m => KeyValuePair.Create(m.Name, m.Value))).ToJsonString();

    async Task<JsonNode> Get(string path, HttpClient? http = null)
    {
        var (status, body) = await studios.Get(path, http);
        Assert.True(status == HttpStatusCode.OK, body.ToJsonString());
        return body;
    }

    async Task<JsonNode> Post(string path, string json, HttpClient? http = null)
    {
        var (status, body) = await studios.Post(path, json, http);
        Assert.True(status == HttpStatusCode.OK, body.ToJsonString());
        return body;
    }

    async Task<JsonNode> Over(JsonNode job, HttpClient? http = null)
    {
        JsonNode? now = null;
        await Studios.Until(async () => (string)(now = (await Get("jobs", http)).AsArray().Single(j => (int)j!["id"]! == (int)job["id"]!)!)["state"]! is not ("running" or "waiting"));
        return now!;
    }

    async Task Make(string set, string models = "\"pair/pretrain\",\"single\"", int answers = 2)
    {
        var job = await Post("annotate/make", $$"""{"set":"{{set}}","models":[{{models}}],"answers":{{answers}},"temperature":1.5,"tokens":6,"seed":3,"questions":"{{Questions}}"}""");
        Assert.Equal(("done", null), ((string)(await Over(job))["state"]!, (string?)(await Over(job))["error"]));
    }

    Task<JsonNode> State(string set, string who, HttpClient? http = null) => Get($"annotate/state?set={set}&annotator={who}", http);

    Task<JsonNode> Judge(string set, string who, string id, JsonNode state, string said, HttpClient? http = null) =>
        Post("annotate/judge", $$"""{"set":"{{set}}","annotator":"{{who}}","id":"{{id}}","question":{{state["next"]!["question"]}},{{said}}}""", http);

    string File(string set) => Path.Combine(studios.Runs, "annotations", set, StudyFolder.JudgementsName);

    /// <summary>Two studios over one folder: whoever judges at either, everything that was acknowledged is there, once, and nothing else.</summary>
    [Fact]
    public async Task Two_studios_over_one_folder_lose_nothing()
    {
        await Make("shared");
        await using var second = await studios.Start();
        using var other = new HttpClient { BaseAddress = new(second.Address) };
        var kept = new System.Collections.Concurrent.ConcurrentBag<string>();
        await Task.WhenAll(Enumerable.Range(0, 12).Select(async person =>
        {
            var (who, http) = ($"p{person}", person % 2 == 0 ? null : other);
            for (var (n, state) = (0, await State("shared", who, http)); state["next"] is not null; n++)
            {
                var id = $"{who}-{n}";
                state = await Judge("shared", who, id, state, """
                    "verdict":"better"
                    """.Trim(), http);
                // Some take back what they said, and say it again.
                if (n % 3 == 1 && person % 3 == 0) state = await Post("annotate/back", $$"""{"set":"shared","annotator":"{{who}}","id":"{{id}}"}""", http);
                else kept.Add(id);
            }
        }));
        var rows = (await System.IO.File.ReadAllLinesAsync(File("shared"))).Select(static line => (string)JsonNode.Parse(line)!["id"]!).ToArray();
        Assert.Equal(kept.Order(StringComparer.Ordinal), rows.Order(StringComparer.Ordinal));
    }

    /// <summary>Judgements whose study is gone are not taken for another's.</summary>
    [Fact]
    public async Task A_study_that_is_gone_is_not_begun_anew_over_its_judgements()
    {
        await Make("gone");
        _ = await Judge("gone", "ann", "g-1", await State("gone", "ann"), """
            "verdict":"better"
            """.Trim());
        System.IO.File.Delete(Path.Combine(studios.Runs, "annotations", "gone", StudyFolder.StudyName));
        var before = await System.IO.File.ReadAllTextAsync(File("gone"));
        var job = await Post("annotate/make", $$"""{"set":"gone","models":["single"],"tokens":6,"questions":"{{Questions}}"}""");
        Assert.Equal("failed", (string)(await Over(job))["state"]!);
        Assert.Equal(before, await System.IO.File.ReadAllTextAsync(File("gone")));
        Assert.False(System.IO.File.Exists(Path.Combine(studios.Runs, "annotations", "gone", StudyFolder.StudyName)));
    }

    /// <summary>What is sent while somebody judges names no model, and everybody is asked all questions in an order of their own.</summary>
    [Fact]
    public async Task Who_answers_is_not_told_before_results_are_asked_for()
    {
        await Make("blind");
        var (orders, sent) = (new List<string>(), "");
        foreach (var who in new[] { "ann", "bob" })
        {
            var (state, order) = (await State("blind", who), new List<int>());
            Assert.Equal((0, null), ((int)state["done"]!, (string?)state["last"]));
            for (var i = 0; state["next"] is { } next; i++)
            {
                order.Add((int)next["question"]!);
                Assert.Equal(2, next["answers"]!.AsArray().Count);
                sent += state.ToJsonString();
                state = await Judge("blind", who, $"{who}{i}", state, i == 2 ? "\"skip\":true" : i == 3 ? "\"flag\":true,\"note\":\"odd\"" : i == 4 ? """ "edit":{"answer":1,"text":"better"} """ : "\"verdict\":\"worse\"");
                Assert.Equal((i + 1, $"{who}{i}"), ((int)state["done"]!, (string)state["last"]!));
            }
            Assert.Equal(Enumerable.Range(0, (int)state["total"]!), order.Order());
            orders.Add(string.Join(' ', order));
        }
        Assert.DoesNotContain("pair", sent, StringComparison.Ordinal);
        Assert.DoesNotContain("single", sent, StringComparison.Ordinal);
        Assert.NotEqual(orders[0], orders[1]);
        var results = await Get("annotate/results?set=blind");
        Assert.Equal(["ann", "bob"], results["people"]!.AsArray().Select(static p => (string)p!["name"]!));
        Assert.All(results["people"]!.AsArray(), static p => Assert.Equal((1, 1, 1), ((int)p!["edited"]!, (int)p["skipped"]!, (int)p["flagged"]!)));
        Assert.Equal(["pair/pretrain", "single"], results["models"]!.AsArray().Select(static m => (string)m!["name"]!));
        Assert.Equal("odd", (string)results["flagged"]![0]!["note"]!);
        // What is downloaded is what stands on the disk, and what stages learn from.
        var file = await Get("annotate/file?set=blind");
        Assert.Equal((await System.IO.File.ReadAllTextAsync(File("blind")), "blind.jsonl"), ((string)file["text"]!, (string)file["name"]!));
        Assert.Equal((int)results["pairs"]!, Dialogues.Studies.Learned(File("blind")).Count);
        Assert.Contains((await Get("annotate/sets")).AsArray(), static s => (string)s!["name"]! == "blind" && (int)s["people"]! == 2);
    }

    [Fact]
    public async Task Going_back_and_twice_the_same()
    {
        await Make("back");
        var first = await State("back", "ann");
        for (var twice = 0; twice < 2; twice++) Assert.Equal(1, (int)(await Judge("back", "ann", "one", first, "\"verdict\":\"better\""))["done"]!);
        Assert.Single(await System.IO.File.ReadAllLinesAsync(File("back")));
        // The same again is the same; something else under its name is refused, and not passed over.
        foreach (var other in new[] { "\"verdict\":\"worse\"", "\"skip\":true" })
            Assert.Equal(HttpStatusCode.BadRequest, (await studios.Post("annotate/judge", $$"""{"set":"back","annotator":"ann","id":"one","question":{{first["next"]!["question"]}},{{other}}}""")).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await studios.Post("annotate/judge", $$"""{"set":"back","annotator":"ann","id":"two","question":{{first["next"]!["question"]}},"skip":true}""")).Status);
        var bob = await State("back", "bob");
        Assert.Equal((0, null), ((int)bob["done"]!, (string?)bob["last"]));
        Assert.Equal(HttpStatusCode.BadRequest, (await studios.Post("annotate/back", """{"set":"back","annotator":"bob","id":"one"}""")).Status);
        for (var twice = 0; twice < 2; twice++)
        {
            var back = await Post("annotate/back", """{"set":"back","annotator":"ann","id":"one"}""");
            Assert.Equal(((int)first["next"]!["question"]!, 0), ((int)back["next"]!["question"]!, (int)back["done"]!));
            Assert.Equal(first["next"]!.ToJsonString(), back["next"]!.ToJsonString());
        }
        Assert.Empty(await System.IO.File.ReadAllTextAsync(File("back")));
        Assert.Equal(1, (int)(await Judge("back", "ann", "three", first, "\"verdict\":\"much worse\""))["done"]!);
    }

    /// <summary>A server that begins again knows what the one before had acknowledged; of a judgement of which only some rows were written it knows nothing.</summary>
    [Fact]
    public async Task A_server_that_begins_again_goes_on()
    {
        await Make("again", answers: 3);
        var state = await State("again", "ann");
        state = await Judge("again", "ann", "a", state, "\"grades\":[3,5,1]");
        state = await Judge("again", "ann", "b", state, "\"grades\":[1,1,2]");
        var whole = await System.IO.File.ReadAllTextAsync(File("again"));
        await System.IO.File.AppendAllTextAsync(File("again"), whole.Split('\n')[0].Replace("\"a\"", "\"c\"", StringComparison.Ordinal) + "\n{\"prompt\":");
        await using var server = await studios.Start();
        using var http = new HttpClient { BaseAddress = new(server.Address) };
        Assert.Equal(state.ToJsonString(), (await State("again", "ann", http)).ToJsonString());
        Assert.Equal(whole, await System.IO.File.ReadAllTextAsync(File("again")));
        Assert.Equal(3, (int)(await Judge("again", "ann", "c", state, "\"skip\":true", http))["done"]!);
        // The first sees it, too.
        Assert.Equal(3, (int)(await State("again", "ann"))["done"]!);
    }

    /// <summary>Paths are no names, and what cannot be said is told by its name; nothing is written then.</summary>
    [Fact]
    public async Task What_is_wrong_is_named()
    {
        await Make("wrong", "\"single\"");
        foreach (var name in new[] { "../wrong", "wrong/", "..", ".", "a b", "-a", "é", new string('a', 49) })
        {
            Assert.Equal(HttpStatusCode.BadRequest, (await studios.Get($"annotate/state?set={Uri.EscapeDataString(name)}&annotator=a")).Status);
            Assert.Equal(HttpStatusCode.BadRequest, (await studios.Post("annotate/make", Body(("set", name), ("models", new JsonArray("single")), ("questions", "q")))).Status);
        }
        Assert.Equal(HttpStatusCode.NotFound, (await studios.Get("annotate/state?set=none&annotator=a")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await studios.Get("annotate/state?set=wrong")).Status);
        // Nobody has a name of which something is not seen: white space at an end, a zero width, a turn of the direction, an end of a line.
        foreach (var name in new[] { " a", "a\u200b", "\u202ea", "a\u2028b", "a\ufeff", "a\tb", "\ue000" })
            Assert.Equal(HttpStatusCode.BadRequest, (await studios.Get($"annotate/state?set=wrong&annotator={Uri.EscapeDataString(name)}")).Status);
        foreach (var (said, where) in new[] { ("\"verdict\":\"good\"", "verdict"), ("\"verdict\":\"skip\"", "verdict"), ("\"x\":1", "verdict"), ("\"skip\":true,\"verdict\":\"better\"", "verdict"), ("\"grades\":[1,2]", "grades"),
            ("\"grades\":[9]", "grades"), ("\"grades\":\"x\"", "grades"), ("\"edit\":{\"text\":\"x\"}", "edit"), ("\"edit\":{\"answer\":0,\"text\":\" \"}", "text"), ("\"edit\":{\"answer\":7,\"text\":\"x\"}", "edit"), ("\"verdict\":3", "verdict") })
        {
            var (status, body) = await studios.Post("annotate/judge", $$"""{"set":"wrong","annotator":"ann","id":"i","question":0,{{said}}}""");
            Assert.True(status == HttpStatusCode.BadRequest && Studios.Message(body).StartsWith(where, StringComparison.Ordinal), $"{said}: {status} {body.ToJsonString()}");
        }
        foreach (var asked in new[] { """{"set":"wrong","annotator":"ann","id":"i","question":99,"skip":true}""", """{"set":"wrong","annotator":"ann","id":"i","skip":true}""", """{"set":"wrong","annotator":"ann","question":0,"skip":true}""",
            """{"set":"wrong","annotator":"a\nb","id":"i","question":0,"skip":true}""" })
            Assert.Equal(HttpStatusCode.BadRequest, (await studios.Post("annotate/judge", asked)).Status);
        Assert.False(System.IO.File.Exists(File("wrong")));
        foreach (var (asked, expected) in new[] { ("\"models\":[]", HttpStatusCode.BadRequest), ("\"models\":[\"none\"]", HttpStatusCode.NotFound), ("\"models\":[\"single\"],\"answers\":5", HttpStatusCode.BadRequest),
            ("\"models\":[\"single\"],\"temperature\":0", HttpStatusCode.BadRequest), ("\"models\":[\"single\"],\"own\":3", HttpStatusCode.BadRequest), ("\"models\":[\"single\",\"single\"]", HttpStatusCode.BadRequest) })
            Assert.Equal(expected, (await studios.Post("annotate/make", $$"""{"set":"new","questions":"q",{{asked}}}""")).Status);
        // A run that learned a text has no questions of its own, and what is there is not made anew.
        Assert.Contains("has learned no answers", Studios.Message((await studios.Post("annotate/make", """{"set":"new","models":["single"],"own":3}""")).Body), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Conflict, (await studios.Post("annotate/make", """{"set":"wrong","models":["single"],"questions":"q"}""")).Status);
        Assert.DoesNotContain((await Get("annotate/sets")).AsArray(), static s => (string)s!["name"]! == "new");
    }

    /// <summary>A set whose file is damaged is told, nothing of it is written over, and the others go on.</summary>
    [Theory, InlineData(StudyFolder.JudgementsName, "{\"other\": 1}\n"), InlineData(StudyFolder.JudgementsName, "hello"), InlineData(StudyFolder.StudyName, "{}"), InlineData(StudyFolder.StudyName, "{\"study\":1,")]
    public async Task A_damaged_set_stays_as_it_is(string file, string text)
    {
        var set = $"damaged{file.Length}{text.Length}";
        await Make(set, "\"single\"");
        var path = Path.Combine(studios.Runs, "annotations", set, file);
        await System.IO.File.WriteAllTextAsync(path, text);
        Assert.Equal(HttpStatusCode.InternalServerError, (await studios.Get($"annotate/state?set={set}&annotator=ann")).Status);
        Assert.Equal(HttpStatusCode.InternalServerError, (await studios.Post("annotate/judge", $$"""{"set":"{{set}}","annotator":"ann","id":"i","question":0,"skip":true}""")).Status);
        Assert.Equal(text, await System.IO.File.ReadAllTextAsync(path));
        Assert.Contains(file, (string)(await Get("annotate/sets")).AsArray().Single(s => (string)s!["name"]! == set)!["error"]!, StringComparison.Ordinal);
    }

    /// <summary>From judgements to a judge, a policy and what changed: told as it goes, stopped and gone on with, and there for the next server.</summary>
    [Fact]
    public async Task What_was_judged_is_learned_from()
    {
        await Make("learn", "\"pair/pretrain\"");
        Assert.Contains("pairs", Studios.Message((await studios.Post("annotate/train", """{"set":"learn","base":"pair/pretrain"}""")).Body), StringComparison.Ordinal);
        var state = await State("learn", "ann");
        for (var i = 0; state["next"] is not null; i++) state = await Judge("learn", "ann", $"i{i}", state, "\"verdict\":\"better\"");
        foreach (var (asked, where) in new[] { ("\"base\":\"none\"", "base"), ("\"base\":\"single\",\"method\":\"sft\"", "method"), ("\"base\":\"single\",\"steps\":0", "steps"), ("\"base\":\"single\",\"rate\":2", "rate"), ("\"base\":\"single\",\"beta\":0", "beta") })
            Assert.StartsWith(where, Studios.Message((await studios.Post("annotate/train", $$"""{"set":"learn",{{asked}}}""")).Body), StringComparison.Ordinal);
        Assert.Empty((await Get("annotate/trainings?set=learn")).AsArray());
        var begun = await Post("annotate/train", """{"set":"learn","base":"pair/pretrain","steps":100000,"reward_steps":2,"rate":0.0001}""");
        await Studios.Until(async () => ((string)(await Get("jobs")).AsArray().Single(j => (int)j!["id"]! == (int)begun["job"]!["id"]!)!["note"]!).StartsWith("the policy: step", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.Conflict, (await studios.Post("annotate/continue", """{"set":"learn","training":1}""")).Status);
        await Post("jobs/stop", $$"""{"id":{{begun["job"]!["id"]}}}""");
        Assert.Equal("stopped", (string)(await Over(begun["job"]!))["state"]!);
        var stopped = (await Get("annotate/trainings?set=learn"))[0]!;
        Assert.Equal(("pair/pretrain", "plain", null), ((string)stopped["base"]!, (string)stopped["template"]!, stopped["change"]));
        Assert.Equal(["learn-1-reward", "learn-1-dpo"], stopped["begun"]!.AsArray().Select(static b => (string)b!));
        var second = await Post("annotate/train", """{"set":"learn","base":"pair/pretrain","steps":2,"reward_steps":2}""");
        Assert.Equal(2, (int)second["training"]!);
        Assert.Equal(("done", null), ((string)(await Over(second["job"]!))["state"]!, (string?)(await Over(second["job"]!))["error"]));
        await using var server = await studios.Start();
        using var http = new HttpClient { BaseAddress = new(server.Address) };
        var change = (await Get("annotate/trainings?set=learn", http))[1]!["change"]!;
        Assert.Equal((int)state["total"]!, (int)change["learned"]!["pairs"]! + (int)change["kept"]!["pairs"]!);
        Assert.InRange((double)change["wins"]![0]!, 0, 1);
        // Those that were kept were not learned from.
        Assert.Equal((int)change["kept"]!["pairs"]!, change["answers"]!.AsArray().Count(static a => !(bool)a!["judged"]!));
        // What was trained is a run like any other.
        Assert.Contains((await Get("models", http)).AsArray(), static m => (string)m!["name"]! == "learn-2-dpo");
        Assert.Equal(HttpStatusCode.Conflict, (await studios.Post("annotate/continue", """{"set":"learn","training":2}""", http)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await studios.Post("annotate/continue", """{"set":"learn","training":9}""", http)).Status);
    }
}
