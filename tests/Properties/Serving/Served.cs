using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Functional.Server;
using Functional.Tests.Properties.Training;

namespace Functional.Tests.Properties.Serving;

/// <summary>A server of two models of bytes, which know nothing, at a port of its own; and a client of plain HTTP.</summary>
public sealed class Served : IDisposable
{
    readonly Scratch scratch = new();

    public Served()
    {
        File.WriteAllText(scratch["text.txt"], string.Concat(Enumerable.Repeat("abcab cabba. {\"a\": 1} ", 400)));
        foreach (var (name, width) in new[] { ("one", 16), ("two", 8) }) Train(name, width);
        Server = Start().GetAwaiter().GetResult();
        Http = new() { BaseAddress = new(Server.Address) };
    }

    internal ModelServer Server { get; }

    public HttpClient Http { get; }

    public string this[string name] => scratch[name];

    void Train(string name, int width)
    {
        var config = new RunConfig
        {
            Model = new() { Layers = 1, Heads = 2, Width = width, Context = 640, Vocabulary = 0, Bias = Biases.None }, Tokenizer = "byte",
            Stage = new() { Batch = 1, Steps = 2, EvalEvery = 0, SaveEvery = 0, Source = new() { File = this["text.txt"] }, Optimiser = new() { Warmup = 0, LearningRate = 0.03 } },
        };
        using var engine = new ManagedEngine(1);
        using var session = TinyRun.Get(RunSession.Begin(this[name], Recipe.Of(config)));
        TinyRun.Get(Loop.Run(engine, session, null, StillClock.Instance));
    }

    internal ServerOptions Options => new()
    {
        Runs = [new("one", this["one"]), new("two", this["two"])], Engine = new() { Engine = EngineKind.Managed, Threads = 1 }, Port = 0, Host = new() { Rows = 8 },
    };

    internal async Task<ModelServer> Start(Func<ServerOptions, ServerOptions>? change = null)
    {
        var server = await ModelServer.StartAsync(change?.Invoke(Options) ?? Options);
        await server.Loaded;
        return server;
    }

    public static StringContent Body(string json) => new(json, Encoding.UTF8, "application/json");

    public async Task<(HttpStatusCode Status, JsonNode Body)> Post(string path, string json, HttpClient? http = null)
    {
        using var content = Body(json);
        using var answer = await (http ?? Http).PostAsync(new Uri(path, UriKind.Relative), content);
        return (answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!);
    }

    /// <summary>The events of a stream, without its end; that is asserted.</summary>
    public async Task<List<JsonNode>> Events(string path, string json, CancellationToken stop = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = Body(json) };
        using var answer = await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
        Xunit.Assert.Equal("text/event-stream", answer.Content.Headers.ContentType!.MediaType);
        var (events, ended) = (new List<JsonNode>(), false);
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(stop));
        while (await lines.ReadLineAsync(stop) is { } line)
        {
            if (line.Length == 0) continue;
            Xunit.Assert.False(ended);
            Xunit.Assert.StartsWith("data: ", line, StringComparison.Ordinal);
            if (line == "data: [DONE]") ended = true;
            else events.Add(JsonNode.Parse(line["data: ".Length..])!);
        }
        Xunit.Assert.True(ended);
        return events;
    }

    public static string Text(JsonNode body, int choice = 0) => (string)body["choices"]![choice]!["text"]!;

    public static string Said(JsonNode body, int choice = 0) => (string)body["choices"]![choice]!["message"]!["content"]!;

    public static string Quoted(string text) => JsonSerializer.Serialize(text);

    public void Dispose()
    {
        Http.Dispose();
        Server.DisposeAsync().AsTask().GetAwaiter().GetResult();
        scratch.Dispose();
    }
}
