using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Functional.Studio;
using Functional.Tests.Properties.Training;

namespace Functional.Tests.Properties.Studio;

/// <summary>A studio over a folder of runs of bytes: one of two stages, and one of one stage that has only begun.</summary>
public sealed class Studios : IDisposable
{
    readonly Scratch scratch = new();

    public Studios()
    {
        Directory.CreateDirectory(scratch["runs"]);
        File.WriteAllText(scratch["text.txt"], string.Concat(Enumerable.Repeat("abcab cabba. abba cab. ", 400)));
        var first = Config(16, 4);
        Train("pair", Recipe.Of(first).Then("more", first.Stage with { Steps = 3 }));
        Train("single", Recipe.Of(Config(8, 6)));
        // Writes nothing, but judges.
        File.WriteAllText(scratch["pairs.jsonl"], string.Concat(Enumerable.Repeat("{\"prompt\":\"ab\",\"chosen\":\"a\",\"rejected\":\"b\"}\n", 8)));
        var judge = RunConfig.For(StageKind.Reward);
        Train("judge", Recipe.Of(judge with
        {
            Model = first.Model, Tokenizer = "byte", Stage = judge.Stage with { Batch = 2, Steps = 2, EvalEvery = 0, Source = new() { File = scratch["pairs.jsonl"] }, Rows = judge.Stage.Rows with { Template = "plain" }, Optimiser = first.Stage.Optimiser },
        }));
        Server = Start().GetAwaiter().GetResult();
        Http = new() { BaseAddress = new(Server.Address) };
    }

    internal StudioServer Server { get; }

    public HttpClient Http { get; }

    public string this[string name] => scratch[name];

    public string Runs => scratch["runs"];

    RunConfig Config(int width, int steps) => new()
    {
        Model = new() { Layers = 2, Heads = 2, Width = width, Context = 48, Vocabulary = 0, Bias = Biases.None }, Tokenizer = "byte",
        Stage = new()
        {
            Batch = 1, Steps = steps, EvalEvery = 2, SaveEvery = 0, SampleEvery = 2, SampleTokens = 4, Source = new() { File = scratch["text.txt"] }, Optimiser = new() { Warmup = 0, LearningRate = 0.03 },
        },
    };

    internal void Train(string name, Recipe recipe)
    {
        Functional.Training.RunAsync(recipe.Map(static c => c with { Execution = new() { Engine = EngineKind.Managed, Threads = 1 } }), Path.Combine(Runs, name)).GetAwaiter().GetResult();
    }

    internal StudioOptions Options => new() { Folders = [Runs], Server = new() { Engine = new() { Engine = EngineKind.Managed, Threads = 1 }, Port = 0, Host = new() { Rows = 4 } } };

    internal Task<StudioServer> Start(Func<StudioOptions, StudioOptions>? change = null) => StudioServer.StartAsync(change?.Invoke(Options) ?? Options);

    public async Task<(HttpStatusCode Status, JsonNode Body)> Get(string path, HttpClient? http = null)
    {
        using var answer = await (http ?? Http).GetAsync(new Uri($"/studio/api/{path}", UriKind.Relative));
        return (answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!);
    }

    public async Task<(HttpStatusCode Status, JsonNode Body)> Post(string path, string json, HttpClient? http = null)
    {
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        using var answer = await (http ?? Http).PostAsync(new Uri($"/studio/api/{path}", UriKind.Relative), content);
        return (answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!);
    }

    /// <summary>The events of a stream that ends as streams do.</summary>
    public async Task<List<JsonNode>> Events(string path, string json)
    {
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        using var answer = await Http.PostAsync(new Uri($"/studio/api/{path}", UriKind.Relative), content);
        var text = await answer.Content.ReadAsStringAsync();
        Xunit.Assert.True(answer.IsSuccessStatusCode, text);
        var lines = text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Xunit.Assert.Equal("data: [DONE]", lines[^1]);
        return [.. lines[..^1].Select(static l => JsonNode.Parse(l["data: ".Length..])!)];
    }

    public static string Message(JsonNode body) => (string)body["error"]!["message"]!;

    public static async Task Until(Func<Task<bool>> what)
    {
        for (var tries = 0; !await what(); tries++)
        {
            Xunit.Assert.True(tries < 800);
            await Task.Delay(25);
        }
    }

    public void Dispose()
    {
        Http.Dispose();
        Server.DisposeAsync().AsTask().GetAwaiter().GetResult();
        scratch.Dispose();
    }
}
