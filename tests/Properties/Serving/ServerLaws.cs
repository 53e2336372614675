using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Functional.Server;
using Xunit;

namespace Functional.Tests.Properties.Serving;

/// <summary>Who may ask, how much, and what becomes of it when somebody leaves.</summary>
public sealed class ServerLaws(Served served) : IClassFixture<Served>
{
    const string Chat = "/v1/chat/completions", Completions = "/v1/completions";
    const string Long = """{"model":"one","prompt":"ab","max_tokens":1000000,"stream":true,"ignored":true}""";

    static HttpClient Client(ModelServer server) => new() { BaseAddress = new(server.Address) };

    static async Task<HttpResponseMessage> Begin(HttpClient http, string body, CancellationToken stop = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Completions) { Content = Served.Body(body) };
        return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
    }

    static async Task<double> Metric(HttpClient http, string name)
    {
        var text = await http.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        return text.Split('\n').Where(line => line.StartsWith(name, StringComparison.Ordinal)).Sum(static line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture));
    }

    static async Task Until(Func<Task<bool>> what)
    {
        for (var tries = 0; !await what(); tries++)
        {
            Assert.True(tries < 400);
            await Task.Delay(25);
        }
    }

    /// <summary>Whoever leaves in the middle leaves nothing behind: every row is free again, and the others have their texts.</summary>
    [Fact]
    public async Task Who_leaves_frees_the_row()
    {
        await using var server = await served.Start(static o => o with { MostTokens = 1_000_000 });
        using var http = Client(server);
        var expected = Served.Text((await served.Post(Completions, """{"model":"one","prompt":"ab","max_tokens":40,"seed":5}""")).Body);
        var leaving = Enumerable.Range(0, 30).Select(async i =>
        {
            using var stop = new CancellationTokenSource();
            using var answer = await Begin(http, Long, stop.Token);
            using var lines = await answer.Content.ReadAsStreamAsync();
            _ = await lines.ReadAsync(new byte[100]);
            if (i % 3 == 0) await stop.CancelAsync();
        });
        var staying = Enumerable.Range(0, 15).Select(async _ => Served.Text((await served.Post(Completions, """{"model":"one","prompt":"ab","max_tokens":40,"seed":5}""", http)).Body));
        await Task.WhenAll(leaving);
        Assert.All(await Task.WhenAll(staying), text => Assert.Equal(expected, text));
        await Until(async () => await Metric(http, "functional_writing") + await Metric(http, "functional_waiting") == 0);
    }

    [Fact]
    public async Task A_queue_has_an_end()
    {
        await using var server = await served.Start(static o => o with { Host = new() { Rows = 1, Queue = 1 }, MostTokens = 1_000_000 });
        using var http = Client(server);
        using var first = await Begin(http, Long);
        using var second = await Begin(http, Long);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (first.StatusCode, second.StatusCode));
        var third = await served.Post(Completions, """{"model":"one","prompt":"ab"}""", http);
        Assert.Equal((HttpStatusCode.TooManyRequests, "queue_full"), (third.Status, (string)third.Body["error"]!["code"]!));
        // Another model has a queue of its own.
        Assert.Equal(HttpStatusCode.OK, (await served.Post(Completions, """{"model":"two","prompt":"ab"}""", http)).Status);
        first.Dispose();
        second.Dispose();
        await Until(async () => (await served.Post(Completions, """{"model":"one","prompt":"ab"}""", http)).Status == HttpStatusCode.OK);
    }

    [Fact]
    public async Task What_is_answered_is_counted()
    {
        await using var server = await served.Start();
        using var http = Client(server);
        foreach (var model in (string[])["one", "two"]) Assert.Equal(HttpStatusCode.OK, (await served.Post(Completions, $$"""{"model":"{{model}}","prompt":"abc","max_tokens":5,"n":2}""", http)).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await served.Post(Completions, """{"prompt":7}""", http)).Status);
        foreach (var (name, count) in new[] { ("functional_completion_tokens_total{model=\"one\"}", 10), ("functional_prompt_tokens_total{model=\"two\"}", 3), ("functional_requests_total{route=\"/v1/completions\",status=\"200\"}", 2),
            ("functional_requests_total{route=\"/v1/completions\",status=\"400\"}", 1), ("functional_first_token_seconds_count", 2) })
            Assert.Equal((name, count), (name, await Metric(http, name)));
    }

    [Fact]
    public async Task Only_who_has_a_key_may_ask()
    {
        await using var server = await served.Start(static o => o with { Keys = ["first-key", "second-key"] });
        using var http = Client(server);
        foreach (var (given, expected) in new[] { (null, 401), ("Bearer first-key", 200), ("bearer second-key", 200), ("Bearer second-ke", 401), ("Bearer first-key2", 401), ("Bearer ", 401), ("Basic first-key", 401) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/models");
            if (given is not null) request.Headers.TryAddWithoutValidation("Authorization", given);
            using var answer = await http.SendAsync(request);
            Assert.Equal((given, expected), (given, (int)answer.StatusCode));
        }
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri("/healthz", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync(new Uri("/metrics", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await served.Post(Completions, """{"prompt":"ab"}""", http)).Status);
    }

    /// <summary>A page of another site cannot ask: neither by a name that leads here, nor by a text without a question, nor where its origin is not named.</summary>
    [Fact]
    public async Task Other_sites_cannot_ask()
    {
        await using var server = await served.Start(static o => o with { Origins = ["https://page.example"] });
        using var http = Client(server);
        async Task<HttpResponseMessage> Send(HttpMethod method, string? host, string? origin, HttpContent? content = null)
        {
            using var request = new HttpRequestMessage(method, Completions) { Content = content };
            if (host is not null) request.Headers.Host = host;
            if (origin is not null) request.Headers.TryAddWithoutValidation("Origin", origin);
            return await http.SendAsync(request);
        }
        Assert.Equal(HttpStatusCode.Forbidden, (await Send(HttpMethod.Post, "evil.example", null, Served.Body("{}"))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await Send(HttpMethod.Post, "localhost:1", null, Served.Body("""{"prompt":"a"}"""))).StatusCode);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await Send(HttpMethod.Post, null, null, new StringContent("""{"prompt":"a"}""", Encoding.UTF8, "text/plain"))).StatusCode);
        var known = await Send(HttpMethod.Options, null, "https://page.example");
        Assert.Equal((HttpStatusCode.NoContent, "https://page.example"), (known.StatusCode, Assert.Single(known.Headers.GetValues("Access-Control-Allow-Origin"))));
        var other = await Send(HttpMethod.Options, null, "https://other.example");
        Assert.Equal((HttpStatusCode.MethodNotAllowed, false), (other.StatusCode, other.Headers.Contains("Access-Control-Allow-Origin")));
    }

    [Fact]
    public async Task Too_much_is_refused()
    {
        await using var server = await served.Start(static o => o with { MostBody = 2000, MostTokens = 10, Timeout = TimeSpan.FromMilliseconds(300) });
        using var http = Client(server);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await served.Post(Completions, $$"""{"prompt":"{{new string('a', 3000)}}"}""", http)).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await served.Post(Completions, """{"prompt":"a","max_tokens":11}""", http)).Status);
        await using var patient = await served.Start(static o => o with { MostTokens = 1_000_000, Timeout = TimeSpan.FromMilliseconds(300) });
        using var slow = Client(patient);
        var late = await served.Post(Completions, """{"prompt":"a","max_tokens":1000000}""", slow);
        Assert.Equal((HttpStatusCode.GatewayTimeout, "timeout"), (late.Status, (string)late.Body["error"]!["code"]!));
        await Until(async () => await Metric(slow, "functional_writing") == 0);
    }

    /// <summary>What is not HTTP, headers without end and bodies that never come hurt nobody else.</summary>
    [Fact]
    public async Task Connections_that_are_none_hurt_nobody()
    {
        var (host, port) = (new Uri(served.Server.Address).Host, new Uri(served.Server.Address).Port);
        var open = new List<TcpClient>();
        foreach (var text in (string[])["\0\0\0", "GET / HTTP/9.9\r\n\r\n", $"GET /{new string('a', 20_000)} HTTP/1.1\r\n", string.Concat(Enumerable.Range(0, 500).Select(static i => $"X-{i}: {i}\r\n")), "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{", ""])
        {
            var client = new TcpClient(host, port);
            open.Add(client);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(text.StartsWith("X-", StringComparison.Ordinal) ? $"GET /healthz HTTP/1.1\r\nHost: localhost\r\n{text}\r\n" : text));
        }
        Assert.Equal(HttpStatusCode.OK, (await served.Post(Completions, """{"prompt":"a"}""")).Status);
        foreach (var client in open) client.Dispose();
        Assert.Equal(HttpStatusCode.OK, (await served.Post(Completions, """{"prompt":"a"}""")).Status);
    }

    /// <summary>What streams when the server is asked to stop comes to its end; what comes then is refused; what takes too long is cut.</summary>
    [Theory, InlineData(true), InlineData(false)]
    public async Task What_streams_comes_to_its_end(bool patient)
    {
        await using var server = await served.Start(o => o with { Grace = patient ? TimeSpan.FromSeconds(30) : TimeSpan.FromMilliseconds(100), MostTokens = 1_000_000 });
        using var http = Client(server);
        using var answer = await Begin(http, $$"""{"model":"one","prompt":"ab","max_tokens":{{(patient ? 300 : 1_000_000)}},"stream":true,"regex":"[a-z]*","logit_bias":{"97":5} }""");
        var stopping = server.StopAsync();
        if (patient) Assert.EndsWith("data: [DONE]\n\n", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        else await Assert.ThrowsAnyAsync<Exception>(async () => Assert.DoesNotContain("[DONE]", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal));
        await stopping.WaitAsync(TimeSpan.FromSeconds(30));
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => http.GetAsync(new Uri("/healthz", UriKind.Relative)));
    }

    [Fact]
    public async Task What_cannot_be_served_is_told()
    {
        Assert.Contains("Runs: is empty", (await Assert.ThrowsAsync<FunctionalException>(() => ModelServer.StartAsync(new()))).Message, StringComparison.Ordinal);
        var faults = await Assert.ThrowsAsync<FunctionalException>(() => ModelServer.StartAsync(served.Options with { Runs = [new("a", "x"), new("a", "y")], Keys = ["short"], Port = -1, Origins = ["page"], MostTokens = 0 }));
        Assert.Equal(5, faults.Faults.Count);
        await using var missing = await ModelServer.StartAsync(served.Options with { Runs = [new("none", served["none"])] });
        using var http = Client(missing);
        Assert.Contains("none", (await Assert.ThrowsAsync<FunctionalException>(() => missing.Loaded)).Message, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await http.GetAsync(new Uri("/readyz", UriKind.Relative))).StatusCode);
        var taken = await Assert.ThrowsAsync<FunctionalException>(() => ModelServer.StartAsync(served.Options with { Port = new Uri(served.Server.Address).Port }));
        Assert.Contains("Port: ", taken.Message, StringComparison.Ordinal);
    }

    /// <summary>A connection on which nothing is asked keeps nobody from ending, however much patience there is; what is being written ends first.</summary>
    [Fact]
    public async Task A_half_open_connection_keeps_nobody()
    {
        var server = await served.Start(static o => o with { Grace = TimeSpan.FromSeconds(120) });
        using var http = Client(server);
        using var half = new TcpClient(new Uri(server.Address).Host, new Uri(server.Address).Port);
        await half.GetStream().WriteAsync("GET / HT"u8.ToArray());
        using var writing = await Begin(http, """{"model":"one","prompt":"ab","max_tokens":200,"stream":true}""");
        var rest = writing.Content.ReadAsStringAsync();
        var ended = server.DisposeAsync().AsTask();
        Assert.EndsWith("data: [DONE]\n\n", await rest, StringComparison.Ordinal);
        // Far less than what it would be waited for otherwise.
        Assert.Same(ended, await Task.WhenAny(ended, Task.Delay(TimeSpan.FromSeconds(60))));
    }

    /// <summary>Where everybody who can reach an address may ask, no name that a page has lead there counts.</summary>
    [Fact]
    public async Task Names_of_others_lead_nowhere()
    {
        await using var open = await served.Start(static o => o with { Address = IPAddress.Any });
        await using var keyed = await served.Start(static o => o with { Address = IPAddress.Any, Keys = ["a-long-key"] });
        foreach (var (server, host, expected) in new[] { (open, "evil.example", 403), (open, "10.1.2.3:80", 200), (open, "LOCALHOST", 200), (open, Environment.MachineName, 200), (keyed, "evil.example", 200), (served.Server, "10.1.2.3", 403), (served.Server, "[::1]", 200) })
        {
            using var http = new HttpClient { BaseAddress = new($"http://127.0.0.1:{new Uri(server.Address).Port}") };
            using var request = new HttpRequestMessage(HttpMethod.Get, "/healthz");
            request.Headers.Host = host;
            Assert.Equal((host, expected), (host, (int)(await http.SendAsync(request)).StatusCode));
        }
    }
}
