using System.Net;
using System.Text.Json.Nodes;
using Xunit;

namespace Functional.Tests.Properties.Studio;

/// <summary>Texts in the studio: tokens that are the text, distributions that are the model's, attention that is causal.</summary>
public sealed class ChatApiLaws(Studios studios) : IClassFixture<Studios>
{
    static JsonArray Ids(IEnumerable<int> ids) => new([.. ids.Select(static i => (JsonNode)i)]);

    static IEnumerable<JsonNode> Tokens(IEnumerable<JsonNode> events) => events.SelectMany(static e => e["tokens"]?.AsArray().Select(static t => t!) ?? []);

    /// <summary>What tokens add together is the text, and the text is what the same request gives by OpenAI's API.</summary>
    [Theory]
    [InlineData("""{"model":"pair/more","prompt":"abc","max_tokens":20,"seed":3,"temperature":1.3}""", "/v1/completions")]
    [InlineData("""{"model":"single","messages":[{"role":"user","content":"ab"}],"template":"user-assistant","max_tokens":20,"seed":3,"temperature":1.3,"top_k":7}""", "/v1/chat/completions")]
    public async Task Tokens_are_the_text(string request, string path)
    {
        var events = await studios.Events("write", request);
        var text = string.Concat(events.Skip(1).Select(static e => (string)e["text"]!));
        using var content = new StringContent(request, System.Text.Encoding.UTF8, "application/json");
        var plain = JsonNode.Parse(await (await studios.Http.PostAsync(new Uri(path, UriKind.Relative), content)).Content.ReadAsStringAsync())!["choices"]![0]!;
        Assert.Equal((string?)plain["text"] ?? (string?)plain["message"]!["content"], text);
        Assert.Equal(20, Tokens(events).Count());
        // A character that is cut off at the end is a sign in the text, and nothing yet of its tokens.
        Assert.StartsWith(string.Concat(Tokens(events).Select(static t => (string)t["text"]!)), text, StringComparison.Ordinal);
        Assert.Equal("length", (string)events[^1]["end"]!);
        Assert.All(Tokens(events), static t => Assert.Equal(5, t["likely"]!.AsArray().Count));
    }

    /// <summary>The first of what is told of a place is what was told when its token was written; what the rules leave sums to one; the token that was drawn is among them.</summary>
    [Fact]
    public async Task A_place_has_the_distribution_that_its_token_was_drawn_from()
    {
        const string rules = """
            "temperature":0.7,"top_k":6,"top_p":0.9,"min_p":0.05,"repetition_penalty":1.2,"presence_penalty":0.5
            """;
        var events = await studios.Events("write", $$"""{"model":"pair/more","prompt":"abc ab","max_tokens":12,"seed":5,{{rules}}}""");
        var (prompt, written) = (events[0]["prompt"]!.AsArray().Select(static t => (int)t!["id"]!).ToArray(), Tokens(events).ToArray());
        for (var at = 0; at < written.Length; at += 3)
        {
            var asked = JsonNode.Parse($$"""{"model":"pair/more",{{rules}}}""")!.AsObject();
            (asked["prompt"], asked["written"]) = (Ids(prompt), Ids(written.Take(at).Select(static t => (int)t["id"]!)));
            var (status, next) = await studios.Post("next", asked.ToJsonString());
            Assert.True(status == HttpStatusCode.OK, $"{next}");
            var (names, tokens) = (next["rules"]!.AsArray().Select(static r => (string)r!).ToArray(), next["tokens"]!.AsArray());
            Assert.Equal("the model's own", names[0]);
            Assert.Contains("temperature 0.7", names);
            Assert.Contains("top-k 6", names);
            var drawn = tokens.Single(t => (int)t!["id"]! == (int)written[at]["id"]!)!;
            Assert.Equal(Math.Exp((double)written[at]["logprob"]!), (double)drawn["chances"]![0]!, 1e-5);
            Assert.True((double)drawn["chances"]![names.Length - 1]! > 0);
            Assert.Equal(1, tokens.Sum(t => (double)t!["chances"]![names.Length - 1]!), 1e-9);
            Assert.Equal((int)next["left"]![names.Length - 1]!, tokens.Count(t => (double)t!["chances"]![names.Length - 1]! > 0));
            // The likeliest come first, and all rules have a number at each.
            Assert.Equal(tokens.Select(t => (double)t!["chances"]![names.Length - 1]!).OrderDescending(), tokens.Select(t => (double)t!["chances"]![names.Length - 1]!));
            Assert.All(tokens, t => Assert.Equal(names.Length, t!["chances"]!.AsArray().Count));
        }
    }

    /// <summary>What rules leave out is told beside what they leave, as the model's own; and of a text that is longer than the context its end is read.</summary>
    [Fact]
    public async Task A_place_tells_what_rules_leave_out_and_reads_the_end()
    {
        var ids = Enumerable.Range(0, 100).Select(static i => 97 + i % 3).ToArray();
        var (_, next) = await studios.Post("next", new JsonObject { ["model"] = "single", ["prompt"] = Ids(ids[..90]), ["written"] = Ids(ids[90..]), ["temperature"] = 0 }.ToJsonString());
        Assert.Equal([256, 1], next["left"]!.AsArray().Select(static n => (int)n!));
        var own = next["tokens"]!.AsArray().Select(static t => (double)t!["chances"]![0]!).ToArray();
        Assert.Equal(40, own.Length);
        Assert.Equal(own.OrderDescending(), own);
        using var model = await LanguageModel.LoadAsync(Path.Combine(studios.Runs, "single"));
        var logits = (await model.LogitsAsync(ids[^48..]))[0];
        Assert.Equal(SamplingRules.Of(new()).Probabilities(logits, new([], [])).Max(), own[0], 1e-5);
    }

    [Fact]
    public async Task Attention_is_of_what_came_before_and_sums_to_one()
    {
        var asked = new JsonObject { ["model"] = "pair/more", ["ids"] = Ids(System.Text.Encoding.UTF8.GetBytes("abcab cab").Select(static b => (int)b)), ["layer"] = 1, ["head"] = 0 };
        var (_, seen) = await studios.Post("attention", asked.ToJsonString());
        var (weights, n) = (seen["weights"]!.AsArray().Select(static w => (int)w!).ToArray(), seen["tokens"]!.AsArray().Count);
        Assert.Equal((2, 2, 0, 9), ((int)seen["layers"]!, (int)seen["heads"]!, (int)seen["from"]!, n));
        for (var row = 0; row < n; row++)
        {
            Assert.InRange(weights.Skip(row * n).Take(n).Sum(), 995, 1005);
            Assert.All(weights.Skip(row * n + row + 1).Take(n - row - 1), static w => Assert.Equal(0, w));
        }
        // Another head and another layer are another picture.
        foreach (var (layer, head) in new[] { (1, 1), (0, 0) })
        {
            (asked["layer"], asked["head"]) = (layer, head);
            Assert.NotEqual(weights, (await studios.Post("attention", asked.ToJsonString())).Body["weights"]!.AsArray().Select(static w => (int)w!));
        }
        // Of a text that is longer than the context, its end.
        asked["ids"] = Ids(Enumerable.Range(0, 100).Select(static i => 97 + i % 3));
        var (_, cut) = await studios.Post("attention", asked.ToJsonString());
        Assert.Equal((52, 48), ((int)cut["from"]!, cut["tokens"]!.AsArray().Count));
        Assert.Equal(Enumerable.Range(52, 48).Select(static i => $"{(char)(97 + i % 3)}"), cut["tokens"]!.AsArray().Select(static t => (string)t!));
    }

    /// <summary>Each stage of a run is a model of its own, with the text of its own weights; the run alone is the last.</summary>
    [Fact]
    public async Task A_stage_writes_with_its_own_weights()
    {
        async Task<string> Text(string model) => string.Concat((await studios.Events("write", $$"""{"model":"{{model}}","prompt":"abc","max_tokens":30,"seed":5,"temperature":1.5}""")).Skip(1).Select(static e => (string)e["text"]!));
        foreach (var stage in (string[])["pretrain", "more"])
        {
            using var alone = await LanguageModel.LoadAsync(Path.Combine(studios.Runs, "pair"), stage: stage);
            Assert.Equal((await alone.CompleteAsync("abc", new() { Tokens = 30, Temperature = 1.5, Seed = 5 }))[0].Text, await Text($"pair/{stage}"));
        }
        Assert.NotEqual(await Text("pair/pretrain"), await Text("pair/more"));
        Assert.Equal(await Text("pair/more"), await Text("pair"));
    }

    /// <summary>A run that was replaced by another, which has come as far, is the other.</summary>
    [Fact]
    public async Task A_run_that_was_replaced_is_the_other()
    {
        async Task<string> Text(string model) => string.Concat((await studios.Events("write", $$"""{"model":"{{model}}","prompt":"abc","max_tokens":30,"seed":5,"temperature":1.5}""")).Skip(1).Select(static e => (string)e["text"]!));
        var config = RunFolder.Open(Path.Combine(studios.Runs, "single")).Match(static f => f.Config, static _ => throw new InvalidOperationException());
        studios.Train("swap", Recipe.Of(config with { Seed = 21 }));
        var before = await Text("swap");
        Directory.Delete(Path.Combine(studios.Runs, "swap"), true);
        studios.Train("swap", Recipe.Of(config with { Seed = 22 }));
        using var other = await LanguageModel.LoadAsync(Path.Combine(studios.Runs, "swap"));
        var expected = (await other.CompleteAsync("abc", new() { Tokens = 30, Temperature = 1.5, Seed = 5 }))[0].Text;
        Assert.NotEqual(before, expected);
        Assert.Equal(expected, await Text("swap"));
    }

    /// <summary>Tokens are gone on from as the text is that they are.</summary>
    [Fact]
    public async Task Tokens_are_a_prompt()
    {
        async Task<string> Text(string prompt) => string.Concat((await studios.Events("write", $$"""{"model":"single","prompt":{{prompt}},"max_tokens":9,"seed":5}""")).Skip(1).Select(static e => (string)e["text"]!));
        Assert.Equal(await Text("\"abc\""), await Text("[97,98,99]"));
    }

    /// <summary>What judges is told as such, and writes nothing: neither here nor by OpenAI's API.</summary>
    [Fact]
    public async Task A_judge_writes_nothing()
    {
        var judge = (await studios.Get("models")).Body.AsArray().Single(static m => (string)m!["name"]! == "judge")!;
        Assert.Equal((true, false), ((bool)judge["judges"]!, (bool)judge["answers"]!));
        var (status, body) = await studios.Post("write", """{"model":"judge","prompt":"a"}""");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("judges texts", Studios.Message(body), StringComparison.Ordinal);
        var listed = JsonNode.Parse(await studios.Http.GetStringAsync(new Uri("/v1/models", UriKind.Relative)))!["data"]!.AsArray().Select(static m => (string)m!["id"]!).ToArray();
        Assert.DoesNotContain("judge", listed);
        Assert.Contains("pair/more", listed);
        // As OpenAI's clients write it.
        Assert.Equal("pair/more", (string)JsonNode.Parse(await studios.Http.GetStringAsync(new Uri("/v1/models/pair%2Fmore", UriKind.Relative)))!["id"]!);
    }

    /// <summary>Of a character that is several tokens the last adds all of it, in prompts and in what is written behind one that was cut off.</summary>
    [Fact]
    public async Task A_prompt_that_ends_within_a_character_leaves_nothing_to_the_text()
    {
        var tokenizer = ByteTokenizer.Instance;
        var texts = new Functional.Studio.TokenTexts(tokenizer);
        Assert.Equal(["a", "", "é", "", "", "", "🙂", "b"], System.Text.Encoding.UTF8.GetBytes("aé🙂b").Select(b => texts.Next(b)));
        var events = await studios.Events("write", """{"model":"single","prompt":"aé","max_tokens":4,"seed":3,"temperature":0}""");
        Assert.Equal("aé", string.Concat(events[0]["prompt"]!.AsArray().Select(static t => (string)t!["text"]!)));
    }

    [Theory]
    [InlineData("write", """{"prompt":"a"}""", 400, "model")]
    [InlineData("write", """{"model":"none","prompt":"a"}""", 404, "model")]
    [InlineData("write", """{"model":"../runs/single","prompt":"a"}""", 404, "model")]
    [InlineData("write", """{"model":"single","prompt":7}""", 400, "prompt")]
    [InlineData("write", """{"model":"single","messages":[]}""", 400, "messages")]
    [InlineData("write", """{"model":"single","prompt":"a","max_tokens":-1}""", 400, "max_tokens")]
    [InlineData("write", """{"model":"single","prompt":"a","temperature":1e300}""", 400, "temperature")]
    [InlineData("next", """{"model":"single"}""", 400, "prompt")]
    [InlineData("next", """{"model":"single","prompt":["a"]}""", 400, "prompt")]
    [InlineData("next", """{"model":"single","prompt":[300]}""", 400, "ids")]
    [InlineData("next", """{"model":"single","prompt":[97],"written":[-1]}""", 400, "written")]
    [InlineData("next", """{"model":"single","prompt":[97],"logit_bias":{"256":1}}""", 400, "logit_bias")]
    [InlineData("write", """{"model":"single","prompt":["a","b"]}""", 400, "prompt")]
    [InlineData("attention", """{"model":"single","ids":[]}""", 400, "ids")]
    [InlineData("attention", """{"model":"single","ids":[97],"layer":2}""", 400, "layer")]
    [InlineData("attention", """{"model":"single","ids":[97],"head":-1}""", 400, "head")]
    [InlineData("attention", """{"model":"single","ids":[99999999999]}""", 400, "ids")]
    [InlineData("attention", "[]", 400, "body")]
    [InlineData("attention", "{", 400, "body")]
    public async Task What_is_wrong_is_named(string path, string body, int status, string where)
    {
        var (answered, error) = await studios.Post(path, body);
        Assert.Equal(status, (int)answered);
        Assert.StartsWith(where, Studios.Message(error), StringComparison.Ordinal);
    }

    /// <summary>Models come when they are asked for, go when too many are there, and come again when their run has learned more: always with the text of the run as it is.</summary>
    [Fact]
    public async Task Models_come_and_go()
    {
        await using var server = await studios.Start(static o => o with { MostModels = 1 });
        using var http = new HttpClient { BaseAddress = new(server.Address) };
        async Task<string> Text(string model)
        {
            using var content = new StringContent($$"""{"model":"{{model}}","prompt":"abc","max_tokens":30,"seed":5,"temperature":0}""", System.Text.Encoding.UTF8, "application/json");
            return (string)JsonNode.Parse(await (await http.PostAsync(new Uri("/v1/completions", UriKind.Relative), content)).Content.ReadAsStringAsync())!["choices"]![0]!["text"]!;
        }
        async Task<int> Held() => (await http.GetStringAsync(new Uri("/metrics", UriKind.Relative))).Split('\n').Count(static l => l.StartsWith("functional_rows{", StringComparison.Ordinal));
        Assert.Equal(0, await Held());
        var texts = new Dictionary<string, string>();
        foreach (var model in (string[])["single", "pair/pretrain", "pair/more", "single"])
        {
            var text = await Text(model);
            Assert.Equal(texts.GetValueOrDefault(model, text), text);
            texts[model] = text;
            await Studios.Until(async () => await Held() == 1);
        }
        // All at once, more than may stay: nobody's model is taken from under them.
        var all = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => texts.Keys.ElementAt(i % 3)).Select(async model => (Model: model, Text: await Text(model))));
        Assert.All(all, a => Assert.Equal(texts[a.Model], a.Text));
        studios.Train("grown", Recipe.Of(RunFolder.Open(Path.Combine(studios.Runs, "single")).Match(static f => f.Config, static _ => throw new InvalidOperationException())));
        var before = await Text("grown");
        await Functional.Training.ResumeAsync(Path.Combine(studios.Runs, "grown"), changes: ("steps", "40"));
        var after = await Text("grown");
        using var model40 = await LanguageModel.LoadAsync(Path.Combine(studios.Runs, "grown"));
        var expected = await model40.CompleteAsync("abc", new() { Tokens = 30, Temperature = 0 });
        Assert.Equal(expected[0].Text, after);
        Assert.NotEqual(before, after);
    }
}
