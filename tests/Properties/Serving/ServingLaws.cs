using System.Net;
using System.Text.Json.Nodes;
using Functional.Server;
using Xunit;

namespace Functional.Tests.Properties.Serving;

/// <summary>What a server answers, by plain HTTP.</summary>
public sealed class ServingLaws(Served served) : IClassFixture<Served>
{
    const string Chat = "/v1/chat/completions", Completions = "/v1/completions", Embeddings = "/v1/embeddings";

    // What is said last of a member holds.
    static string Ask(string more)
    {
        var body = new JsonObject { ["model"] = "one", ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "abc" }), ["max_tokens"] = 12, ["seed"] = 7 };
        foreach (var (name, value) in JsonNode.Parse($"{{{more.TrimStart(',')}}}")!.AsObject()) body[name] = value?.DeepClone();
        return body.ToJsonString();
    }

    /// <summary>A row's text does not depend on its neighbours, whoever they are and whenever they come and go.</summary>
    [Fact]
    public async Task A_text_does_not_depend_on_its_neighbours()
    {
        string Request(int i) => $$"""{"model":"one","prompt":"{{new string('a', 1 + i % 5)}}b","max_tokens":{{4 + i * 7 % 30}},"seed":{{i}},"temperature":{{(i % 3 == 0 ? "0" : "1.1")}},"n":{{1 + i % 2}},"top_k":{{i % 4 * 10}}}""";
        var alone = new List<string>();
        for (var i = 0; i < 24; i++) alone.Add((await served.Post(Completions, Request(i))).Body["choices"]!.ToJsonString());
        var together = await Task.WhenAll(Enumerable.Range(0, 24).Select(async i =>
        {
            await Task.Delay(i % 6);
            return (await served.Post(Completions, Request(i))).Body["choices"]!.ToJsonString();
        }));
        Assert.Equal(alone, together);
        Assert.NotEqual(alone[1], alone[4]);
    }

    [Theory, InlineData("")]
    [InlineData(""","n":3,"temperature":1.3""")]
    [InlineData(""","logprobs":true,"top_logprobs":2,"max_tokens":9""")]
    [InlineData(""","stop":["a","b"],"temperature":2""")]
    [InlineData(""","response_format":{"type":"json_object"},"max_tokens":40""")]
    public async Task A_stream_is_the_answer_in_pieces(string more)
    {
        var (status, whole) = await served.Post(Chat, Ask(more));
        Assert.Equal(HttpStatusCode.OK, status);
        var events = await served.Events(Chat, Ask(more + ""","stream":true,"stream_options":{"include_usage":true}"""));
        var choices = whole["choices"]!.AsArray();
        for (var i = 0; i < choices.Count; i++)
        {
            var own = events.SelectMany(static e => e["choices"]!.AsArray()).Where(c => (int)c!["index"]! == i).ToList();
            Assert.Equal("assistant", (string)own[0]!["delta"]!["role"]!);
            Assert.Equal(Served.Said(whole, i), string.Concat(own.Select(static c => (string?)c!["delta"]!["content"])));
            Assert.Equal((string)choices[i]!["finish_reason"]!, (string)Assert.Single(own, static c => c!["finish_reason"] is not null)!["finish_reason"]!);
            var logProbs = own.SelectMany(static c => c!["logprobs"]?["content"]?.AsArray().Select(static t => t!.ToJsonString()) ?? []).ToList();
            if (more.Contains("top_logprobs", StringComparison.Ordinal)) Assert.Equal(choices[i]!["logprobs"]!["content"]!.AsArray().Select(static t => t!.ToJsonString()), logProbs);
        }
        Assert.Equal(whole["usage"]!.ToJsonString(), events[^1]["usage"]!.ToJsonString());
        Assert.Empty(events[^1]["choices"]!.AsArray());
        Assert.All(events, e => Assert.Equal(((string)events[0]["id"]!, "chat.completion.chunk", "one"), ((string)e["id"]!, (string)e["object"]!, (string)e["model"]!)));
    }

    /// <summary>Each option changes what it is for, and reaches the writing.</summary>
    [Theory]
    [InlineData(""","seed":8,"temperature":1"""), InlineData(""","max_tokens":3"""), InlineData(""","max_completion_tokens":3"""), InlineData(""","temperature":1.9""")]
    [InlineData(""","min_p":1,"temperature":1.01"""), InlineData(""","typical_p":0.01,"temperature":1.01"""), InlineData(""","top_k":2,"temperature":1.01"""), InlineData(""","top_p":0.01,"temperature":1.01""")]
    [InlineData(""","logit_bias":{"122":100}"""), InlineData(""","regex":"[0-9]+" """), InlineData(""","repetition_penalty":9"""), InlineData(""","frequency_penalty":2,"presence_penalty":2""")]
    [InlineData(""","response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"integer"}}}"""), InlineData(""","template":"user-assistant" """)]
    public async Task Each_option_reaches_the_writing(string more)
    {
        // What cuts the unlikely off is seen where tokens are drawn.
        var plain = (await served.Post(Chat, Ask(more.Contains("1.01", StringComparison.Ordinal) ? ""","temperature":1.01""" : ""","temperature":0"""))).Body["choices"]!.ToJsonString();
        var (status, body) = await served.Post(Chat, more.Contains("temperature", StringComparison.Ordinal) ? Ask(more) : Ask($"{more},\"temperature\":0"));
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.NotEqual(plain, body["choices"]!.ToJsonString());
    }

    [Fact]
    public async Task Prompts_are_texts_tokens_or_lists_of_them()
    {
        async Task<string[]> Texts(string prompt, string more = "") => [.. (await served.Post(Completions, $$"""{"model":"one","prompt":{{prompt}},"max_tokens":5,"seed":3{{more}}}""")).Body["choices"]!.AsArray().Select(static c => (string)c!["text"]!)];
        var (a, b) = ((await Texts("\"ab\""))[0], (await Texts("\"cab\""))[0]);
        Assert.Equal([a], await Texts("[97,98]"));
        Assert.Equal([a, b], await Texts("""["ab","cab"]"""));
        Assert.Equal([a, b], await Texts("[[97,98],[99,97,98]]"));
        Assert.Equal(["ab" + a], await Texts("\"ab\"", ""","echo":true"""));
        Assert.NotEqual([a], await Texts("\"ab\"", ""","temperature":0"""));
        // Each of several is drawn anew, and the first is the one that is written alone.
        var several = (await served.Post(Completions, """{"model":"one","prompt":"ab","max_tokens":5,"seed":3,"n":3}""")).Body;
        Assert.Equal(a, Served.Text(several));
        Assert.Equal(3, Enumerable.Range(0, 3).Select(i => Served.Text(several, i)).Distinct().Count());
        // The best is one of those that n gives, by its mean log-probability.
        var all = (await served.Post(Completions, """{"model":"one","prompt":"ab","max_tokens":5,"seed":3,"n":4,"logprobs":0}""")).Body["choices"]!.AsArray();
        var best = all.MaxBy(static c => c!["logprobs"]!["token_logprobs"]!.AsArray().Average(static p => (double)p!));
        Assert.Equal([(string)best!["text"]!], await Texts("\"ab\"", ""","best_of":4"""));
    }

    [Fact]
    public async Task Texts_are_numbers_by_themselves()
    {
        var (_, one) = await served.Post(Embeddings, """{"model":"one","input":"abc cab"}""");
        var (_, all) = await served.Post(Embeddings, """{"model":"one","input":["abc","abc cab"],"encoding_format":"base64"}""");
        float[] Packed(int i) => [.. Convert.FromBase64String((string)all["data"]![i]!["embedding"]!).Chunk(4).Select(static b => BitConverter.ToSingle(b))];
        float[] vector = [.. one["data"]![0]!["embedding"]!.AsArray().Select(static v => (float)v!)];
        Assert.Equal(vector, Packed(1));
        Assert.Equal(16, vector.Length);
        Assert.Equal(1, vector.Sum(static v => (double)v * v), 1e-5);
        Assert.NotEqual(Packed(0), Packed(1));
        // What a text is padded with is no part of it.
        var padded = (await served.Post(Embeddings, """{"model":"one","input":[97,98,99,32,99,97,98,0]}""")).Body["data"]![0]!["embedding"]!.AsArray().Select(static v => (float)v!);
        Assert.NotEqual(vector, padded);
        Assert.Equal(10, (int)all["usage"]!["prompt_tokens"]!);
        Assert.Equal(vector, (await served.Post(Embeddings, """{"model":"one","input":[97,98,99,32,99,97,98]}""")).Body["data"]![0]!["embedding"]!.AsArray().Select(static v => (float)v!));
    }

    /// <summary>A call is what its tool's schema accepts, or no call; a text that is one is never told as a text.</summary>
    [Theory, InlineData("\"required\""), InlineData("""{"type":"function","function":{"name":"add"}}"""), InlineData("\"auto\"")]
    public async Task Tools_are_called_as_their_schemas_say(string choice)
    {
        const string Tools = ""","tools":[{"type":"function","function":{"name":"add","description":"Adds.","parameters":{"type":"object","properties":{"a":{"type":"integer","minimum":0,"maximum":99},"b":{"enum":["x","y"]}},"required":["a","b"],"additionalProperties":false}}},{"type":"function","function":{"name":"now"}}]""";
        for (var seed = 0; seed < 6; seed++)
        {
            // Of bytes a model that knows nothing begins a call seldom by itself.
            var more = $$"""{{Tools}},"tool_choice":{{choice}},"seed":{{seed}},"max_tokens":60,"temperature":1.2,"logit_bias":{"123":{{(seed % 2 == 0 ? 20 : 0)}}}""";
            var (status, body) = await served.Post(Chat, Ask(more));
            Assert.True(status == HttpStatusCode.OK, body.ToJsonString());
            var answer = body["choices"]![0]!;
            if (choice != "\"auto\"" || seed % 2 == 0)
            {
                Assert.Equal(("tool_calls", null), ((string)answer["finish_reason"]!, (string?)answer["message"]!["content"]));
                var function = Assert.Single(answer["message"]!["tool_calls"]!.AsArray())!["function"]!;
                var arguments = JsonNode.Parse((string)function["arguments"]!)!.AsObject();
                if ((string)function["name"]! == "add") Assert.True((int)arguments["a"]! is >= 0 and <= 99 && (string)arguments["b"]! is "x" or "y");
                else Assert.Empty(arguments);
                if (choice.Contains("add", StringComparison.Ordinal)) Assert.Equal("add", (string)function["name"]!);
                var events = await served.Events(Chat, Ask(more + ""","stream":true"""));
                var told = events.Select(static e => e["choices"]![0]!).ToList();
                Assert.Equal("", string.Concat(told.Select(static c => (string?)c["delta"]!["content"])));
                Assert.Equal(function.ToJsonString(), Assert.Single(told, static c => c["delta"]!["tool_calls"] is not null)["delta"]!["tool_calls"]![0]!["function"]!.ToJsonString());
                Assert.Equal("tool_calls", (string)told[^1]["finish_reason"]!);
            }
            else Assert.Equal((false, null), (((string)answer["message"]!["content"]!).StartsWith('{'), answer["message"]!["tool_calls"]));
        }
    }

    /// <summary>What a tool's schema refers to is its own, beside other tools; and whether one must be called is each request's own.</summary>
    [Fact]
    public async Task A_schema_of_a_tool_may_refer_to_itself()
    {
        const string Tools = ""","tools":[{"type":"function","function":{"name":"a","parameters":{"type":"object","properties":{"x":{"$ref":"#/$defs/n"}},"required":["x"],"$defs":{"n":{"type":"integer","minimum":7,"maximum":7}}}}}],"max_tokens":60,"temperature":0""";
        var called = (await served.Post(Chat, Ask($"{Tools},\"tool_choice\":\"required\""))).Body;
        Assert.Equal("""{"x":7}""", ((string)called["choices"]![0]!["message"]!["tool_calls"]![0]!["function"]!["arguments"]!).Replace(" ", "", StringComparison.Ordinal));
        var free = (await served.Post(Chat, Ask($"{Tools},\"logit_bias\":{{\"123\":-100}}"))).Body;
        Assert.NotNull((string?)free["choices"]![0]!["message"]!["content"]);
    }

    /// <summary>What was called before and what came of it are messages as others.</summary>
    [Fact]
    public async Task Results_of_tools_are_told()
    {
        const string Before = """{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"add","arguments":"{\"a\":1}"}}]},{"role":"tool","tool_call_id":"c1","content":"RESULT"}""";
        async Task<string> With(string messages) => Served.Said((await served.Post(Chat, $$"""{"model":"one","messages":[{"role":"developer","content":"s"},{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}{{messages}}],"max_tokens":20,"temperature":0,"template":"user-assistant"}""")).Body);
        Assert.Equal(await With($",{Before.Replace("RESULT", "2", StringComparison.Ordinal)}"), await With($$""",{"role":"assistant","content":{{Served.Quoted(ToolCalls.Said(new("add", new Json.Map(Params.Of(("a", (Json)new Json.Whole(1)))))))}}},{"role":"user","content":"add gave: 2"}"""));
    }

    [Theory]
    [InlineData("POST", Chat, "{", 400), InlineData("POST", Chat, "[]", 400), InlineData("POST", Chat, "{}", 400), InlineData("POST", Chat, """{"messages":[]}""", 400)]
    [InlineData("POST", Chat, """{"model":"three","messages":[{"role":"user","content":"a"}]}""", 404), InlineData("POST", Chat, """{"model":"../one","messages":[{"role":"user","content":"a"}]}""", 404)]
    [InlineData("POST", Chat, """{"model":7,"messages":[{"role":"user","content":"a"}]}""", 400), InlineData("POST", Chat, """{"messages":[{"role":"king","content":"a"}]}""", 400)]
    [InlineData("POST", Chat, """{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}]}""", 400), InlineData("POST", Chat, """{"messages":[{"role":"user","content":"a"}],"temperature":-1}""", 400)]
    [InlineData("POST", Chat, """{"messages":[{"role":"user","content":"a"}],"max_tokens":1e99}""", 400), InlineData("POST", Chat, """{"messages":[{"role":"user","content":"a"}],"max_tokens":99999999999999999999}""", 400)]
    [InlineData("POST", Chat, """{"messages":[{"role":"user","content":"a"}],"n":1000000}""", 400), InlineData("POST", Chat, """{"messages":[{"role":"user","content":"a"}],"stop":""}""", 400)]
    [InlineData("POST", Chat, """{"messages":[{"role":"user","content":"a"}],"regex":"("}""", 400), InlineData("POST", Chat, """{"messages":[{"role":"user","content":"a"}],"template":"/etc/passwd"}""", 400)]
    [InlineData("POST", Chat, """{"messages":[{"role":"user","content":"a"}],"response_format":{"type":"json_schema","json_schema":{"schema":{"type":"what"}}}}""", 400)]
    [InlineData("POST", Chat, """{"messages":[{"role":"user","content":"a"}],"logit_bias":{"99999":1}}""", 400), InlineData("POST", Chat, """{"messages":[{"role":"user","content":"a"}],"tool_choice":"required"}""", 400)]
    [InlineData("POST", Chat, """{"messages":[{"role":"user","content":"a"}],"stream_options":{}}""", 400), InlineData("POST", Chat, """{"messages":[{"role":"user","content":" "}]}""", 400)]
    [InlineData("POST", Completions, """{"prompt":[-1]}""", 400), InlineData("POST", Completions, """{"prompt":[999]}""", 400), InlineData("POST", Completions, """{"prompt":"a","suffix":"b"}""", 400)]
    [InlineData("POST", Completions, """{"prompt":"a","best_of":1,"n":2}""", 400), InlineData("POST", Embeddings, """{"input":[]}""", 400), InlineData("POST", Embeddings, """{"input":""}""", 400)]
    [InlineData("POST", Embeddings, """{"input":"a","dimensions":3}""", 400), InlineData("GET", Chat, "", 405), InlineData("POST", "/v1/models", "{}", 405), InlineData("GET", "/", "", 404)]
    [InlineData("GET", "/v1/models/none", "", 404), InlineData("GET", "/v1/models/..%2fone", "", 404), InlineData("GET", "/v1/models/one", "", 200), InlineData("GET", "/healthz", "", 200)]
    [InlineData("GET", "/readyz", "", 200), InlineData("GET", "/metrics", "", 200)]
    public async Task Wrong_requests_are_told_what_is_wrong(string method, string path, string body, int expected)
    {
        using var request = new HttpRequestMessage(new(method), path) { Content = body.Length > 0 ? Served.Body(body) : null };
        using var answer = await served.Http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.Equal(expected, (int)answer.StatusCode);
        Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
        if (expected == 200) return;
        var error = JsonNode.Parse(text)!["error"]!;
        Assert.NotEqual("", (string)error["message"]!);
        Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", text, StringComparison.Ordinal);
        Assert.Equal(expected == 404 ? "not_found_error" : "invalid_request_error", (string)error["type"]!);
    }

    /// <summary>Whatever a body says, no answer is an error of the server's, and the next is answered.</summary>
    [Property(MaxTest = 150)]
    public void Any_body_has_an_answer(int seed)
    {
        var random = new Random(seed);
        string[] names = ["messages", "model", "n", "stream", "temperature", "tools", "stop", "max_tokens", "response_format", "logit_bias", "prompt", "input", "role", "content", "type", "function", "tool_choice", "seed", "logprobs", "top_logprobs"];
        JsonNode? Any(int depth) => random.Next(depth > 3 ? 6 : 9) switch
        {
            0 => null, 1 => random.Next(-3, 5), 2 => random.NextDouble() * 1e10, 3 => random.Next(2) == 0, 4 => new[] { "", "one", "user", "text", "a\u0000b", "auto", "{", "json_object", "function", "\ud83d\ude00" }[random.Next(10)],
            5 => names[random.Next(names.Length)], 6 => new JsonArray([.. Enumerable.Range(0, random.Next(4)).Select(_ => Any(depth + 1))]),
            _ => new JsonObject(Enumerable.Range(0, random.Next(6)).Select(_ => names[random.Next(names.Length)]).Distinct().Select(name => KeyValuePair.Create(name, Any(depth + 1)))),
        };
        var body = new JsonObject { ["max_tokens"] = 3, ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "a" }), ["prompt"] = "a", ["input"] = "a" };
        for (var i = random.Next(4); i >= 0; i--) body[names[random.Next(names.Length)]] = Any(0);
        using var content = Served.Body(body.ToJsonString());
        using var request = new HttpRequestMessage(HttpMethod.Post, ((string[])[Chat, Completions, Embeddings])[random.Next(3)]) { Content = content };
        using var answer = served.Http.Send(request);
        Assert.True((int)answer.StatusCode is 200 or 400 or 404, $"{answer.StatusCode} {body.ToJsonString()}");
    }

    /// <summary>A request that names no model is for the first; one for a model of its own is not.</summary>
    [Fact]
    public async Task Who_names_no_model_has_the_first()
    {
        async Task<string> Model(string named) => (string)(await served.Post("/v1/completions", $$"""{ {{named}}"prompt":"ab","max_tokens":3}""")).Body["model"]!;
        Assert.Equal(("one", "one", "two"), (await Model(""), await Model("\"model\":\"one\","), await Model("\"model\":\"two\",")));
    }
}
