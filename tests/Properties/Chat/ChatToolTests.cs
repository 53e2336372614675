using System.ComponentModel;
using System.Text.Json;
using Functional.Chat;
using Microsoft.Extensions.AI;

namespace Functional.Tests.Properties.Chat;

/// <summary>Tools of C# and answers of C# types: whatever the model would rather say, what is whole can be read.</summary>
public sealed class ChatToolTests(ChatRuns runs) : IClassFixture<ChatRuns>
{
    static readonly ChatMessage[] question = [new(ChatRole.User, "ab?")];

    public enum Colour
    {
        Red,
        Green,
    }

    public sealed record Place([property: Description("Of a town")] string Name, int Floor, Colour? Paint);

    /// <summary>All that C# types are made of; one that refers to itself, too.</summary>
    public sealed record Everything(string? Name, int Age, Colour Favourite, Colour? Other, DateTime Born, DateTimeOffset Seen, DateOnly Day, TimeOnly Noon, TimeSpan Span, Guid Id, decimal Price,
        double Share, float Weight, bool IsTrue, char Letter, Version Release);

    public sealed record Lists(List<int> Numbers, Dictionary<string, int> Scores, string[]? Words, int? Maybe, IReadOnlyList<Place> Places, Uri? Home);

    public sealed record Numbered(int Number);

    public sealed record Tree(string Name, List<string> Tags, Tree? Left, List<Tree> Others);

    static readonly AIFunction paint = AIFunctionFactory.Create((string town, Place place, int times = 3, Colour colour = Colour.Red) => $"{town} {place.Floor} {times} {colour}", "paint", "Paints a place.");

    static readonly AIFunction twice = AIFunctionFactory.Create((int x) => 2L * x, "twice", "Doubles.");

    static ChatOptions Options(int seed, ChatToolMode? mode, params AITool[] tools) =>
        new() { MaxOutputTokens = 400, Temperature = 1, Seed = seed, Tools = tools, ToolMode = mode, AdditionalProperties = new() { ["template"] = "user-assistant" } };

    /// <summary>A call that is required is one, of a tool that is offered, and C# takes its arguments.</summary>
    [Fact]
    public async Task Calls_can_be_carried_out()
    {
        var (names, ids) = (new HashSet<string>(), new HashSet<string>());
        for (var seed = 0; seed < 12; seed++)
        {
            var response = await runs.Client.GetResponseAsync(question, Options(seed, seed % 3 == 2 ? ChatToolMode.RequireSpecific("paint") : ChatToolMode.RequireAny, twice, paint));
            var call = Assert.IsType<FunctionCallContent>(Assert.Single(response.Messages[0].Contents));
            Assert.Equal(ChatFinishReason.ToolCalls, response.FinishReason);
            if (seed % 3 == 2) Assert.Equal("paint", call.Name);
            Assert.True(names.Add(call.Name) || ids.Count > 0);
            Assert.True(ids.Add(call.CallId));
            Assert.NotNull(await (call.Name == "paint" ? paint : twice).InvokeAsync(new(call.Arguments)));
        }
        Assert.Equal(2, names.Count);
    }

    /// <summary>A call is one update, whole, with the usage behind it; where none is made, text comes piece by piece.</summary>
    [Fact]
    public async Task A_call_is_one_update()
    {
        var updates = new List<ChatResponseUpdate>();
        await foreach (var update in runs.Client.GetStreamingResponseAsync(question, Options(1, ChatToolMode.RequireAny, twice))) updates.Add(update);
        Assert.Equal([typeof(FunctionCallContent), typeof(UsageContent)], updates.Select(static u => Assert.Single(u.Contents).GetType()));
        Assert.Equal(ChatFinishReason.ToolCalls, updates[^1].FinishReason);
        updates.Clear();
        await foreach (var update in runs.Client.GetStreamingResponseAsync(question, Options(2, null, twice))) updates.Add(update);
        Assert.True(updates.Count > 20 && updates.SkipLast(1).All(static u => u.Contents.Single() is TextContent), $"{updates.Count}: {string.Concat(updates.Select(static u => u.Text))}");
    }

    /// <summary>None means none: nothing is said of tools, and any text may come, those of calls among them.</summary>
    [Fact]
    public async Task Without_tools()
    {
        var none = await runs.Client.GetResponseAsync(question, Options(1, ChatToolMode.None, twice));
        var plain = await runs.Client.GetResponseAsync(question, Options(1, null));
        Assert.Equal((plain.Text, plain.Usage!.InputTokenCount), (none.Text, none.Usage!.InputTokenCount));
        var auto = await runs.Client.GetResponseAsync(question, Options(1, ChatToolMode.Auto, twice));
        Assert.True(auto.Usage!.InputTokenCount > plain.Usage.InputTokenCount);
        var forced = Options(1, ChatToolMode.None, twice);
        forced.AdditionalProperties = new() { ["regex"] = """\{"name": "twice", "arguments": \{"x": 4\}\}""" };
        Assert.IsType<TextContent>(Assert.Single((await runs.Client.GetResponseAsync(question, forced)).Messages[0].Contents));
    }

    /// <summary>Beside a form of the answer a call may come or the answer in its form, and nothing else.</summary>
    [Fact]
    public async Task A_call_or_an_answer_in_its_form()
    {
        var kinds = new HashSet<Type>();
        for (var seed = 0; seed < 12; seed++)
        {
            var options = Options(seed, null, twice);
            options.ResponseFormat = ChatResponseFormat.ForJsonSchema<Numbered>();
            var content = Assert.Single((await runs.Client.GetResponseAsync(question, options)).Messages[0].Contents);
            kinds.Add(content.GetType());
            if (content is TextContent text) Assert.NotNull(JsonSerializer.Deserialize<Numbered>(text.Text, AIJsonUtilities.DefaultOptions));
        }
        Assert.Equal(2, kinds.Count);
        // One that refers to itself, so that its references must lead to where it stands beside the call.
        var trees = Options(3, null, twice);
        trees.ResponseFormat = ChatResponseFormat.ForJsonSchema<Tree>();
        trees.MaxOutputTokens = 1200;
        Assert.NotNull(JsonSerializer.Deserialize<Tree>((await runs.Client.GetResponseAsync(question, trees)).Text, AIJsonUtilities.DefaultOptions));
    }

    /// <summary>The loop of Microsoft.Extensions.AI takes the client unchanged: the call is made, what it gave is told, and a text ends it.</summary>
    [Fact]
    public async Task The_loop_of_calls_ends()
    {
        var asked = new List<int>();
        using var client = new ChatClient(runs.Host).AsBuilder().UseFunctionInvocation().Build();
        var tool = AIFunctionFactory.Create((int x) =>
        {
            asked.Add(x);
            return "done";
        }, "twice");
        var options = Options(5, ChatToolMode.RequireAny, tool);
        options.MaxOutputTokens = 60;
        var response = await client.GetResponseAsync(question, options);
        Assert.NotEmpty(asked);
        Assert.Equal("done", Assert.IsType<FunctionResultContent>(response.Messages[1].Contents[0]).Result?.ToString());
        Assert.Equal(2 * asked.Count + 1, response.Messages.Count);
        Assert.NotEmpty(response.Text);
        Assert.Equal(ChatRole.Assistant, response.Messages[^1].Role);
        asked.Clear();
        Assert.NotEmpty(await ChatRuns.Joined(client.GetStreamingResponseAsync(question, options)));
        Assert.NotEmpty(asked);
    }

    /// <summary>Whatever a C# type has, what is written of it is read as one.</summary>
    [Fact]
    public async Task Answers_of_types()
    {
        async Task Reads<T>(int seeds, Action<T>? check = null)
        {
            for (var seed = 0; seed < seeds; seed++)
            {
                var response = await runs.Client.GetResponseAsync<T>(question, new ChatOptions { Seed = seed, Temperature = 1, MaxOutputTokens = 1500, AdditionalProperties = new() { ["template"] = "user-assistant" } });
                Assert.True(response.TryGetResult(out var result), $"{typeof(T)}, {seed}: {response.FinishReason} {response.Text}");
                check?.Invoke(result!);
            }
        }

        await Reads<Everything>(6, static e => Assert.True(Enum.IsDefined(e.Favourite) && e.Born.Year >= 1000));
        await Reads<Lists>(6);
        await Reads<Tree>(3);
        await Reads<Place>(3);
        await Reads<int>(4);
        await Reads<List<decimal>>(4);
        await Reads<Colour>(4);
        await Reads<bool>(2);
        await Reads<string>(2);
        await Reads<Place[]>(2);
    }

    /// <summary>A word that cannot be kept is told with its place, in an answer and in a tool; another word by the letter is taken by the letter.</summary>
    [Fact]
    public async Task Schemas_that_cannot_be_kept()
    {
        static JsonElement Schema(string text) => JsonDocument.Parse(text).RootElement.Clone();
        ChatOptions Form(string text) => new() { ResponseFormat = ChatResponseFormat.ForJsonSchema(Schema(text)), MaxOutputTokens = 60, Temperature = 1, Seed = 1 };
        Assert.Contains("ResponseFormat.properties.x.multipleOf: is not known; allowed: ", await ChatRuns.Fault(() =>
            runs.Client.GetResponseAsync(question, Form("""{"type":"object","properties":{"x":{"type":"integer","multipleOf":3}}}"""))), StringComparison.Ordinal);
        var odd = AIFunctionFactory.CreateDeclaration("odd", "", Schema("""{"type":"object","properties":{"x":{"not":{"type":"null"}}}}"""));
        Assert.Contains("Tools[odd].properties.x.not: is not known", await ChatRuns.Fault(() => runs.Client.GetResponseAsync(question, Options(1, null, twice, odd))), StringComparison.Ordinal);
        var both = Form("""{"type":"object","properties":{"x":{"not":{}}}}""");
        both.Tools = [twice];
        Assert.Contains("ResponseFormat.properties.x.not: is not known", await ChatRuns.Fault(() => runs.Client.GetResponseAsync(question, both)), StringComparison.Ordinal);
        var exact = Form("""{"type":"integer","minimum":123456789012}""");
        Assert.True(long.Parse((await runs.Client.GetResponseAsync(question, exact)).Text, System.Globalization.CultureInfo.InvariantCulture) >= 123456789012);
    }

    /// <summary>Schemas of C# types are narrowed to what the types read, names of properties are no words, and references are led along.</summary>
    [Fact]
    public void Schemas_are_narrowed()
    {
        static string Of(string schema) => Schemas.OfCSharp(Json.Parse(schema, "x").OrThrow()).Line();
        static string Same(string schema) => Json.Parse(schema, "x").OrThrow().Line();
        Assert.Equal(Same("""{"type":"integer","minimum":-2147483648,"maximum":2147483647}"""), Of("""{"type":"integer"}"""));
        Assert.Equal(Same("""{"type":["integer","null"],"minimum":5,"maximum":2147483647}"""), Of("""{"type":["integer","null"],"minimum":5}"""));
        Assert.Equal(Same("""{"type":"integer","minimum":3000000000}"""), Of("""{"type":"integer","minimum":3000000000}"""));
        Assert.Equal(Same("""{"type":"number","exclusiveMaximum":2.5,"minimum":-999999999}"""), Of("""{"type":"number","exclusiveMaximum":2.5}"""));
        Assert.Equal(Same("""{"type":"integer","enum":[1,2]}"""), Of("""{"type":"integer","enum":[1,2]}"""));
        Assert.Equal(Same("""{"properties":{"type":{"type":"string"},"format":{"type":"string","minLength":1}}}"""), Of("""{"properties":{"type":{"type":"string"},"format":{"type":"string","minLength":1}}}"""));
        Assert.Equal(Same("""{"$ref":"#/properties/a"}"""), Of("""{"$ref":"#/properties/a","items":{}}"""));
        Assert.Equal(Same("""{"type":"object","properties":{"condition":{"type":"string"}}}"""), Of("""{"type":"object","condition":"What it does.","properties":{"condition":{"type":"string"}}}"""));
        foreach (var (narrow, holds, not) in new[]
        {
            ("""{"type":"string","minLength":1,"maxLength":1}""", "\uFFFD", "\U0001F600"), ("""{"type":"string","format":"time"}""", "23:59:00.1", "23:59:00Z"),
            ("""{"type":"string","$comment":"Represents a System.TimeSpan value.","pattern":"x"}""", "-1.23:59:00.1234567", "25:00:00"),
            ("""{"type":"string","$comment":"Represents a version string.","pattern":"x"}""", "0.10.999999", "1.99999999999"),
        })
        {
            var pattern = ((Json.Text)((Json.Map)Schemas.OfCSharp(Json.Parse(narrow, "x").OrThrow())).Members["pattern"]).Value;
            Assert.Matches(pattern, holds);
            Assert.DoesNotMatch(pattern, not);
        }
        Assert.Equal(Same("""{"$ref":"#/anyOf/2/properties/a","const":{"$ref":"#"}}"""),
            JsonSchemas.Moved(Json.Parse("""{"$ref":"#/properties/a","const":{"$ref":"#"}}""", "x").OrThrow(), "#/anyOf/2").Line());
        Assert.Equal(Same("""{"type":"integer"}"""), Schemas.Plain(Json.Parse("""{"type":"integer"}""", "x").OrThrow()).Line());
    }

    /// <summary>A schema is taken to the letter where that is asked for; and a tool is told as its author wrote it, in either case.</summary>
    [Fact]
    public void Schemas_to_the_letter()
    {
        static AskOptions Of(ChatOptions options, bool exact)
        {
            options.AdditionalProperties = new() { ["exact_schema"] = exact, ["client"] = "me" };
            var request = ChatRequest.Of(question, options, new(), "tiny").OrThrow();
            Assert.Equal("me", request.Client);
            return request.Options;
        }

        Assert.Equal(Json.Parse("""{"type":"integer"}""", "x").OrThrow().Line(), Of(new() { ResponseFormat = ChatResponseFormat.ForJsonSchema(JsonDocument.Parse("""{"type":"integer"}""").RootElement) }, true).Schema);
        Assert.Contains("2147483647", Of(new() { ResponseFormat = ChatResponseFormat.ForJsonSchema<int>() }, false).Schema, StringComparison.Ordinal);
        foreach (var exact in (bool[])[false, true])
        {
            var options = Of(new() { Tools = [twice] }, exact);
            Assert.Equal(!exact, options.Schema!.Contains("2147483647", StringComparison.Ordinal));
            Assert.DoesNotContain("2147483647", options.System, StringComparison.Ordinal);
            Assert.Contains("Doubles.", options.System, StringComparison.Ordinal);
            Assert.True(options.SchemaOptional);
        }
    }
}
