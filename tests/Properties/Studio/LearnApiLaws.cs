using System.Net;
using System.Text.Json.Nodes;
using Functional.Lessons;
using Functional.Server;
using Functional.Studio;
using Functional.Tests.Properties.Serving;
using Functional.Tests.Properties.Training;
using Lesson = Functional.Lessons.Lesson;

namespace Functional.Tests.Properties.Studio;

/// <summary>What the Learn page asks for, over HTTP: of the lessons as they are, and of some that are made to be endless, wrong or broken.</summary>
public sealed class LearnApiLaws : IAsyncLifetime
{
    const string Endless = "01-endless", Quick = "02-quick", Broken = "03-broken";

    readonly Scratch scratch = new();
    readonly TaskCompletionSource stopped = new();
    readonly List<ModelServer> servers = [];
    HttpClient http = null!;

    Vec<Lesson> Made =>
    [
        Of(Endless, async (told, stop) =>
        {
            await told.WriteAsync("it begins");
            try
            {
                await Task.Delay(Timeout.Infinite, stop);
            }
            finally
            {
                stopped.TrySetResult();
            }
        }),
        Of(Quick, static async (told, stop) =>
        {
            await told.WriteLineAsync("one <b>&amp;</b>");
            await told.WriteAsync("\u202etwo 👋".AsMemory(), stop);
        }),
        Of(Broken, static (_, _) => throw new FunctionalException(new Fault("a text", "is not there", "expected one"))),
    ];

    Lesson Of(string name, Func<TextWriter, CancellationToken, Task> writes) => new(name, "A lesson", "One learns something.", writes)
    {
        Pictures = [new("A picture", "It is empty.", static _ => "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1 1\"></svg>")],
        Laws =
        [
            new("small", "No number is above nine tenths.", static key => LawCase.Of(key.Uniform(0) <= 0.9, $"{key.Uniform(0):0.000}")),
            // It asks nobody, so that only what stands around it can stop it.
            new("endless", "It ends.", key => LawCase.Of(!stopped.Task.Wait(5), $"")),
        ],
    };

    public async ValueTask InitializeAsync() => http = await Start(new());

    async Task<HttpClient> Start(LearnApi api)
    {
        var options = new StudioOptions { Folders = [scratch["runs"]], Server = new() { Port = 0, Engine = new() { Engine = EngineKind.Managed, Threads = 1 } } };
        var server = await ModelServer.StartAsync(options.Server, new RunShelf(new Library(options.Folders), options), new StudioAnnex(options.Server, api.Routes), CancellationToken.None);
        servers.Add(server);
        return new() { BaseAddress = new(server.Address) };
    }

    Task<HttpClient> StartMade(TimeSpan? most = null) => Start(new(Made, most ?? TimeSpan.FromDays(1)));

    public async ValueTask DisposeAsync()
    {
        stopped.TrySetResult();
        http.Dispose();
        foreach (var server in servers) await server.DisposeAsync();
        scratch.Dispose();
    }

    async Task<(HttpStatusCode Status, JsonNode Body)> Get(string path, HttpClient? from = null)
    {
        using var answer = await (from ?? http).GetAsync(new Uri($"/studio/api/{path}", UriKind.Relative));
        return (answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!);
    }

    async Task<(HttpStatusCode Status, string Body)> Post(string path, string json, HttpClient? to = null)
    {
        using var content = Served.Body(json);
        using var answer = await (to ?? http).PostAsync(new Uri($"/studio/api/{path}", UriKind.Relative), content);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    async Task<List<JsonNode>> Events(string path, string json, HttpClient? from = null)
    {
        var (status, body) = await Post(path, json, from);
        Assert.Equal(HttpStatusCode.OK, status);
        var lines = body.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("data: [DONE]", lines[^1]);
        return [.. lines[..^1].Select(static l => JsonNode.Parse(l["data: ".Length..])!)];
    }

    static string Message(JsonNode body) => (string)body["error"]!["message"]!;

    [Fact]
    public async Task All_lessons_are_listed_in_order()
    {
        var (status, body) = await Get("learn");
        Assert.Equal((HttpStatusCode.OK, Lesson.All.Count), (status, body.AsArray().Count));
        Assert.Equal(Lesson.All.Select(static l => (l.Name, l.Number, l.Title, l.Learns, l.Seconds)), body.AsArray().Select(static l => ((string)l!["name"]!, (int)l["number"]!, (string)l["title"]!, (string)l["learns"]!, (int)l["seconds"]!)));
    }

    [Fact]
    public async Task A_lesson_has_its_laws_pictures_and_sources()
    {
        var lesson = Lesson.Find("07-modern-block")!;
        var (_, body) = await Get("learn/lesson?name=07-modern-block");
        Assert.Equal(lesson.Laws.Select(static l => (l.Name, l.Says)), body["laws"]!.AsArray().Select(static l => ((string)l!["name"]!, (string)l["says"]!)));
        Assert.Equal(lesson.Pictures.Select(static p => (p.Title, p.Caption)), body["pictures"]!.AsArray().Select(static p => ((string)p!["title"]!, (string)p["caption"]!)));
        Assert.Equal(lesson.Sources, body["sources"]!.AsArray().Select(static s => new LessonSource((string)s!["name"]!, (string)s["text"]!)));
        var (_, picture) = await Get("learn/picture?name=07-modern-block&picture=0");
        Assert.Equal(lesson.Pictures[0].Svg(), (string)picture["svg"]!);
        var (_, narrow) = await Get("learn/picture?name=07-modern-block&picture=0&narrow=true");
        Assert.Equal(lesson.Pictures[0].Svg(narrow: true), (string)narrow["svg"]!);
    }

    /// <summary>What is not there is said by its name, and what there is.</summary>
    [Theory]
    [InlineData("learn/lesson?name=27-nothing", 404, "there is no lesson 27-nothing; there are 01-attention-by-hand to 25-in-a-program")]
    [InlineData("learn/lesson", 400, "name: is not there")]
    [InlineData("learn/picture?name=27-nothing", 404, "there is no lesson 27-nothing")]
    [InlineData("learn/picture?name=01-attention-by-hand&picture=1", 404, "picture: 01-attention-by-hand has none of that number; allowed: 0 to 0")]
    [InlineData("learn/picture?name=01-attention-by-hand&picture=-1", 404, "allowed: 0 to 0")]
    [InlineData("learn/picture?name=01-attention-by-hand&picture=99999999999999999999", 404, "allowed: 0 to 0")]
    [InlineData("learn/picture?name=01-attention-by-hand&picture=x", 404, "allowed: 0 to 0")]
    public async Task What_is_not_there_is_said(string path, int status, string message)
    {
        var (code, body) = await Get(path);
        Assert.Equal(status, (int)code);
        Assert.Contains(message, Message(body), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("learn/run", """{"name":"27-nothing"}""", 404, "there is no lesson 27-nothing")]
    [InlineData("learn/run", "{}", 400, "name")]
    [InlineData("learn/run", """{"name":7}""", 400, "name")]
    [InlineData("learn/check", """{"name":"27-nothing","law":"shares"}""", 404, "there is no lesson 27-nothing")]
    [InlineData("learn/check", """{"name":"01-attention-by-hand","law":"nothing"}""", 404, "law: 01-attention-by-hand has no law nothing; it has shares, future, same-for-all")]
    [InlineData("learn/check", """{"name":"01-attention-by-hand"}""", 400, "law")]
    [InlineData("learn/check", """{"name":"01-attention-by-hand","law":"shares","cases":0}""", 400, "cases: is 0; allowed: whole numbers from 1 to 10000")]
    [InlineData("learn/check", """{"name":"01-attention-by-hand","law":"shares","cases":-5}""", 400, "cases: is -5; allowed: whole numbers from 1 to 10000")]
    [InlineData("learn/check", """{"name":"01-attention-by-hand","law":"shares","cases":10001}""", 400, "cases: is 10001; allowed: whole numbers from 1 to 10000")]
    [InlineData("learn/check", """{"name":"01-attention-by-hand","law":"shares","cases":1.5}""", 400, "cases")]
    [InlineData("learn/check", """{"name":"01-attention-by-hand","law":"shares","seed":-1}""", 400, "seed: is -1; allowed: whole numbers from 0 to 9007199254740991")]
    [InlineData("learn/check", """{"name":"01-attention-by-hand","law":"shares","seed":-1,"cases":0}""", 400, "cases: is 0")]
    public async Task What_cannot_be_asked_is_said(string path, string body, int status, string message)
    {
        var (code, answer) = await Post(path, body);
        Assert.Equal(status, (int)code);
        Assert.Contains(message, Message(JsonNode.Parse(answer)!), StringComparison.Ordinal);
    }

    /// <summary>A run is what the program writes, whatever pieces it comes in.</summary>
    [Theory]
    [InlineData("01-attention-by-hand")]
    [InlineData("15-returns-and-gae")]
    public async Task A_run_writes_the_lesson(string name) =>
        Assert.Equal(await Lesson.Find(name)!.TextAsync(), string.Concat((await Events("learn/run", $$"""{"name":"{{name}}"}""")).Select(static e => (string)e["text"]!)));

    /// <summary>What it writes is a text, letter by letter, and lines end as everywhere.</summary>
    [Fact]
    public async Task What_is_written_stays_as_it_is()
    {
        using var made = await StartMade();
        Assert.Equal("one <b>&amp;</b>\n\u202etwo 👋", string.Concat((await Events("learn/run", $$"""{"name":"{{Quick}}"}""", made)).Select(static e => (string)e["text"]!)));
    }

    /// <summary>Over HTTP a law says what it says here, with the same cases; progress only rises, up to what held.</summary>
    [Theory]
    [InlineData(1, 1000)]
    [InlineData(7, 3)]
    [InlineData(0, 1)]
    [InlineData(9007199254740991, 500)]
    public async Task A_law_is_looked_at(long seed, int cases)
    {
        using var made = await StartMade();
        var expected = Made[1].Laws[0].Run((ulong)seed, cases);
        var events = await Events("learn/check", $$"""{"name":"{{Quick}}","law":"small","seed":{{seed}},"cases":{{cases}}}""", made);
        var held = events.ConvertAll(static e => (int)e["held"]!);
        Assert.Equal(held.Order(), held);
        Assert.Equal((expected.Held, expected.Cases, expected.Counterexample, expected.ToString(), seed), ((int)events[^1]["held"]!, (int)events[^1]["cases"]!, (string?)events[^1]["counterexample"], (string)events[^1]["says"]!, (long)events[^1]["seed"]!));
        Assert.All(events.SkipLast(1), static e => Assert.False(e.AsObject().ContainsKey("says")));
    }

    [Fact]
    public async Task Without_numbers_a_hundred_cases_of_seed_one_are_looked_at() => Assert.Equal(("100 of 100 hold", 1),
        (await Events("learn/check", """{"name":"01-attention-by-hand","law":"shares"}"""))[^1] is var last ? ((string)last["says"]!, (int)last["seed"]!) : default);

    /// <summary>Whoever leaves in the middle stops the lesson, and its turn is free: of two places both are taken before, and somebody else has one after.</summary>
    [Fact]
    public async Task A_run_is_stopped_when_the_client_leaves()
    {
        using var made = await StartMade();
        async Task<HttpResponseMessage> Begin()
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/studio/api/learn/run") { Content = Served.Body($$"""{"name":"{{Endless}}"}""") };
            var answer = await made.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            using var first = new StreamReader(await answer.Content.ReadAsStreamAsync(), leaveOpen: true);
            Assert.Contains("it begins", await first.ReadLineAsync(), StringComparison.Ordinal);
            return answer;
        }
        using var one = await Begin();
        using var other = await Begin();
        Assert.False(stopped.Task.IsCompleted);
        var waiting = Events("learn/check", $$"""{"name":"{{Quick}}","law":"small","cases":1}""", made);
        Assert.False(waiting.IsCompleted);
        one.Dispose();
        await stopped.Task;
        Assert.Equal("1 of 1 hold", (string)(await waiting)[^1]["says"]!);
    }

    /// <summary>A time that is over stops lessons and laws, and says so in the stream that has begun.</summary>
    [Theory]
    [InlineData("learn/run", $$"""{"name":"{{Endless}}"}""")]
    [InlineData("learn/check", $$"""{"name":"{{Quick}}","law":"endless","cases":10000}""")]
    public async Task Time_is_over(string path, string body)
    {
        using var made = await StartMade(TimeSpan.FromMilliseconds(60));
        Assert.Equal("it took longer than 0 seconds, and was stopped", Message((await Events(path, body, made))[^1]));
    }

    /// <summary>What goes wrong in a lesson is told in words.</summary>
    [Fact]
    public async Task A_fault_is_told()
    {
        using var made = await StartMade();
        Assert.Equal("a text: is not there; expected one", Message(Assert.Single(await Events("learn/run", $$"""{"name":"{{Broken}}"}""", made))));
    }
}
