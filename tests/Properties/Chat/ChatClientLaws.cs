using Functional.Chat;
using Microsoft.Extensions.AI;

namespace Functional.Tests.Properties.Chat;

/// <summary>A model as IChatClient: what is asked reaches the host, and what is written comes back.</summary>
public sealed class ChatClientLaws(ChatRuns runs) : IClassFixture<ChatRuns>
{
    static readonly ChatMessage[] question = [new(ChatRole.User, "ab?")];

    static ChatOptions With(Action<ChatOptions> change)
    {
        var options = ChatRuns.Options;
        change(options);
        return options;
    }

    static ChatOptions Own(string name, object value) => With(o => o.AdditionalProperties = new() { [name] = value });

    /// <summary>Pieces joined are the answer, whatever the seed, the temperature, the stops and the tools; so are the usage and the end.</summary>
    [Property(MaxTest = 25)]
    public bool Pieces_joined_are_the_answer(byte seed, byte heat, bool tools, bool json) => Task.Run(async () =>
    {
        var options = With(o =>
        {
            (o.Seed, o.Temperature, o.StopSequences) = (seed, heat / 100f, seed % 2 == 0 ? ["a", "zz"] : null);
            if (tools) o.Tools = [AIFunctionFactory.Create((int x) => x, "twice")];
            if (json) o.ResponseFormat = ChatResponseFormat.Json;
        });
        var updates = new List<ChatResponseUpdate>();
        await foreach (var update in runs.Client.GetStreamingResponseAsync(question, options)) updates.Add(update);
        var whole = await runs.Client.GetResponseAsync(question, options);
        var joined = updates.ToChatResponse();
        Assert.Equal((whole.Text, whole.FinishReason, whole.Usage!.TotalTokenCount), (string.Concat(updates.Select(static u => u.Text)), joined.FinishReason, joined.Usage!.TotalTokenCount));
        Assert.Equal(whole.Messages[0].Contents.OfType<FunctionCallContent>().Select(static c => c.Name), updates.SelectMany(static u => u.Contents).OfType<FunctionCallContent>().Select(static c => c.Name));
        Assert.IsType<UsageContent>(Assert.Single(updates[^1].Contents));
        Assert.All(updates, u => Assert.Equal((updates[0].ResponseId, "tiny", ChatRole.Assistant), (u.ResponseId, u.ModelId, u.Role)));
        return true;
    }).GetAwaiter().GetResult();

    /// <summary>Each option by itself is the option of the host that it is for, and changes what is written.</summary>
    [Fact]
    public async Task Each_option_reaches_the_host()
    {
        var basis = new AskOptions { Tokens = 24, Temperature = 1.2, Seed = 3 };
        var plain = (await runs.Client.GetResponseAsync(question, ChatRuns.Options)).Text;
        // A letter of ASCII within, where a stop is seen.
        var letter = plain.Skip(2).First(char.IsAsciiLetter).ToString();
        (ChatOptions Asked, AskOptions Expected)[] ways =
        [
            (With(static o => o.Instructions = "Be brief."), basis with { System = "Be brief." }), (With(static o => o.Temperature = 0.7f), basis with { Temperature = 0.7 }),
            (With(static o => o.TopP = 0.3f), basis with { TopP = 0.3 }), (With(static o => o.TopK = 2), basis with { TopK = 2 }), (With(static o => o.MaxOutputTokens = 5), basis with { Tokens = 5 }),
            (With(static o => o.Seed = 4), basis with { Seed = 4 }), (With(o => o.StopSequences = ["nowhere", letter]), basis with { Stops = ["nowhere", letter] }),
            (With(static o => o.FrequencyPenalty = -9), basis with { FrequencyPenalty = -9 }), (With(static o => o.PresencePenalty = 9), basis with { PresencePenalty = 9 }),
            (With(static o => o.ResponseFormat = ChatResponseFormat.Json), basis with { Schema = """{"type":"object"}""" }),
            (With(static o => o.ResponseFormat = ChatResponseFormat.ForJsonSchema<bool[]>()), basis with { Schema = """{"type":"array","items":{"type":"boolean"}}""" }),
            (Own("min_p", 0.5f), basis with { MinP = 0.5 }), (Own("typical_p", 0.2), basis with { TypicalP = 0.2 }), (Own("repetition_penalty", 5), basis with { RepetitionPenalty = 5 }),
            (Own("regex", "[xyz]{3,9}\\."), basis with { Regex = "[xyz]{3,9}\\." }), (Own("template", "chatml"), basis with { Template = "chatml" }),
            (With(static o => o.RawRepresentationFactory = static _ => new AskOptions { Banned = [97, 98] }), basis with { Banned = [97, 98] }),
        ];
        var seen = new HashSet<string> { plain };
        Assert.Equal(plain, (await (await runs.Host.AskAsync([new(Role.User, "ab?")], basis)).WholeAsync())[0].Text);
        foreach (var ((asked, expected), i) in ways.Select(static (w, i) => (w, i)))
        {
            var text = (await runs.Client.GetResponseAsync(question, asked)).Text;
            Assert.Equal(((await (await runs.Host.AskAsync([new(Role.User, "ab?")], expected)).WholeAsync())[0].Text, i), (text, i));
            Assert.True(seen.Add(text), $"{i}: {text}");
        }
    }

    /// <summary>Where a request says nothing, the client's defaults hold; where it does, the request.</summary>
    [Fact]
    public async Task Defaults_hold_where_nothing_is_said()
    {
        using var client = new ChatClient(runs.Host, new() { ModelId = "tiny", Defaults = new() { Tokens = 7, Temperature = 0.5, Stops = ["q"], System = "Hm." } });
        Assert.Equal((await runs.Client.GetResponseAsync(question, new() { MaxOutputTokens = 7, Temperature = 0.5f, StopSequences = ["q"], Instructions = "Hm.", Seed = 9 })).Text,
            (await client.GetResponseAsync(question, new() { Seed = 9 })).Text);
        Assert.Equal(3, (await client.GetResponseAsync(question, new() { MaxOutputTokens = 3, Seed = 9 })).Usage!.OutputTokenCount);
    }

    /// <summary>The likeliest tokens are told in the answer behind the response, of a stream in its last update.</summary>
    [Fact]
    public async Task Log_probabilities_are_told()
    {
        var whole = Assert.IsType<Answer>((await runs.Client.GetResponseAsync(question, Own("logprobs", 3))).RawRepresentation);
        Assert.All(whole.Likely, static one => Assert.Equal(3, one.Count));
        Assert.Equal(whole.Tokens.Count, whole.Likely.Count);
        Assert.Empty(Assert.IsType<Answer>((await runs.Client.GetResponseAsync(question, ChatRuns.Options)).RawRepresentation).Likely);
    }

    /// <summary>The same seed gives the same; without one another is drawn each time, which is told and gives the same again.</summary>
    [Fact]
    public async Task Seeds_repeat()
    {
        Assert.Equal((await runs.Client.GetResponseAsync(question, ChatRuns.Options)).Text, (await runs.Client.GetResponseAsync(question, ChatRuns.Options)).Text);
        var responses = new List<ChatResponse>();
        for (var i = 0; i < 3; i++) responses.Add(await runs.Client.GetResponseAsync(question, With(static o => o.Seed = null)));
        Assert.Equal(3, responses.Select(static r => r.Text).Distinct().Count());
        Assert.Equal(responses[1].Text, (await runs.Client.GetResponseAsync(question, With(o => o.Seed = Assert.IsType<long>(responses[1].AdditionalProperties!["seed"])))).Text);
        Assert.Equal(3, responses.Select(static r => r.ResponseId).Distinct().Count());
    }

    /// <summary>What is written does not depend on who else asks.</summary>
    [Fact]
    public async Task Others_change_nothing()
    {
        ChatOptions Of(int i) => With(o => (o.Seed, o.MaxOutputTokens) = (i, 5 + 3 * i));
        var alone = new List<string>();
        for (var i = 0; i < 9; i++) alone.Add((await runs.Client.GetResponseAsync([new(ChatRole.User, $"{i}ab")], Of(i))).Text);
        Assert.Equal(alone, (await Task.WhenAll(Enumerable.Range(0, 9).Select(i => runs.Client.GetResponseAsync([new(ChatRole.User, $"{i}ab")], Of(i))))).Select(static r => r.Text));
        Assert.Equal(9, alone.Distinct().Count());
    }

    /// <summary>Messages are those of the host: what the system says first, calls and results as texts, one message a side.</summary>
    [Fact]
    public async Task Messages_are_those_of_the_host()
    {
        ChatMessage[] talk =
        [
            new(ChatRole.System, "One."), new(ChatRole.User, [new TextContent("ab"), new TextContent("c")]), new(ChatRole.Assistant, "a"), new(ChatRole.System, "Two."),
            new(ChatRole.User, "b?"), new(ChatRole.Assistant, [new TextReasoningContent("hm"), new FunctionCallContent("7", "twice", new Dictionary<string, object?> { ["x"] = 4 })]),
            new(ChatRole.Tool, [new FunctionResultContent("7", 8)]), new(ChatRole.User, "So?"),
        ];
        Message[] said = [new(Role.User, "ab\nc"), new(Role.Assistant, "a"), new(Role.User, "b?"), new(Role.Assistant, """{"name": "twice", "arguments": {"x": 4}}"""), new(Role.User, "twice gave: 8\nSo?")];
        said[3] = new(Role.Assistant, ToolCalls.Said(new("twice", Json.Parse("""{"x":4}""", "x").OrThrow())));
        var response = await runs.Client.GetResponseAsync(talk, With(static o => o.Instructions = "Zero."));
        var hosted = await runs.Host.AskAsync(said, new() { Tokens = 24, Temperature = 1.2, Seed = 3, System = "Zero.\n\nOne.\n\nTwo." });
        Assert.Equal((hosted.PromptTokens, (await hosted.WholeAsync())[0].Text), ((int)response.Usage!.InputTokenCount!, response.Text));
    }

    /// <summary>The end and the usage are the answer's.</summary>
    [Fact]
    public async Task Ends_and_usage()
    {
        var cut = await runs.Client.GetResponseAsync(question, ChatRuns.Options);
        Assert.Equal((ChatFinishReason.Length, 24, cut.Usage!.InputTokenCount + 24), (cut.FinishReason, cut.Usage.OutputTokenCount, cut.Usage.TotalTokenCount));
        Assert.Equal((ChatFinishReason.Stop, 3), ((await runs.Client.GetResponseAsync(question, Own("regex", "xyz"))).FinishReason, (await runs.Client.GetResponseAsync(question, Own("regex", "xyz"))).Usage!.OutputTokenCount));
        Assert.Equal("tiny", cut.ModelId);
        Assert.NotNull(cut.CreatedAt);
        Assert.Equal(ChatRole.Assistant, Assert.Single(cut.Messages).Role);
    }

    /// <summary>Whoever gives up, by a token or by leaving the loop, frees the row.</summary>
    [Fact]
    public async Task Giving_up_frees_the_row()
    {
        var long_ = With(static o => (o.MaxOutputTokens, o.StopSequences) = (1500, null));
        long_.AdditionalProperties = new() { ["regex"] = "[ab]{900}[ab]{500,600}" };
        using var source = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in runs.Client.GetStreamingResponseAsync(question, long_, source.Token)) await source.CancelAsync();
        });
        await runs.IsIdle();
        await foreach (var _ in runs.Client.GetStreamingResponseAsync(question, long_)) break;
        await runs.IsIdle();
        Assert.True(runs.Host.Load.TokensWritten < 1400 * 2);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => runs.Client.GetResponseAsync(question, long_, new(true)));
        await runs.IsIdle();
        Assert.NotEmpty((await runs.Client.GetResponseAsync(question, ChatRuns.Options)).Text);
    }

    /// <summary>What cannot be used is told by the caller's own names, all of it at once.</summary>
    [Fact]
    public async Task Wrong_requests_are_told()
    {
        Task Ask(ChatOptions? options, params ChatMessage[] messages) => runs.Client.GetResponseAsync(messages, options);
        Assert.Equal("messages: is empty; expected a message or more", await ChatRuns.Fault(() => Ask(null)));
        Assert.Equal("messages: ends with no question; expected the user's or a tool's message as the last", await ChatRuns.Fault(() => Ask(null, new ChatMessage(ChatRole.Assistant, "a"))));
        Assert.Equal("messages: is empty; expected a text", await ChatRuns.Fault(() => Ask(null, new ChatMessage(ChatRole.User, " "))));
        Assert.Equal("messages[1].Contents[0]: is data of image/png; allowed: texts, calls of functions and what they gave",
            await ChatRuns.Fault(() => Ask(null, question[0], new ChatMessage(ChatRole.User, [new DataContent(new byte[] { 1 }, "image/png")]))));
        Assert.Equal("messages[0].Role: is developer; allowed: system, user, assistant, tool", await ChatRuns.Fault(() => Ask(null, new ChatMessage(new("developer"), "a"), question[0])));
        Assert.Equal("ModelId: is gpt; allowed: tiny\nConversationId: is c, and nothing is remembered between requests; allowed: none; send all messages\n"
            + "MaxOutputTokens: is 0; allowed: 1 or more\nSeed: is -1; allowed: 0 or more\nTemperature: is -1; allowed: 0 (greedy) or a finite number above it",
            await ChatRuns.Fault(() => Ask(new() { ModelId = "gpt", ConversationId = "c", Temperature = -1, Seed = -1, MaxOutputTokens = 0 }, question)));
        Assert.StartsWith("Temperature: is NaN", await ChatRuns.Fault(() => Ask(new() { Temperature = float.NaN }, question)), StringComparison.Ordinal);
        Assert.StartsWith("StopSequences: holds an empty text", await ChatRuns.Fault(() => Ask(new() { StopSequences = [""] }, question)), StringComparison.Ordinal);
        Assert.Equal("AdditionalProperties[min_p]: is much, a String; expected a number", await ChatRuns.Fault(() => Ask(Own("min_p", "much"), question)));
        Assert.Equal("AdditionalProperties[logprobs]: is 1.5, a Double; expected a whole number", await ChatRuns.Fault(() => Ask(Own("logprobs", 1.5), question)));
        Assert.Equal("RawRepresentationFactory: gives a String; allowed: AskOptions", await ChatRuns.Fault(() => Ask(With(static o => o.RawRepresentationFactory = static _ => ""), question)));
        Assert.Equal("Samples: is 2, and one text is told; allowed: 1", await ChatRuns.Fault(() => Ask(With(static o => o.RawRepresentationFactory = static _ => new AskOptions { Samples = 2 }), question)));
        Assert.Equal("Tools[0]: is HostedWebSearchTool; allowed: functions", await ChatRuns.Fault(() => Ask(new() { Tools = [new HostedWebSearchTool()] }, question)));
        Assert.Equal("ToolMode: requires a call, and there are no tools; expected a tool or more", await ChatRuns.Fault(() => Ask(new() { ToolMode = ChatToolMode.RequireAny }, question)));
        Assert.Equal("ToolMode: requires thrice, which is no tool; allowed: twice",
            await ChatRuns.Fault(() => Ask(new() { Tools = [AIFunctionFactory.Create((int x) => x, "twice")], ToolMode = ChatToolMode.RequireSpecific("thrice") }, question)));
        await Assert.ThrowsAsync<ArgumentNullException>(() => runs.Client.GetResponseAsync((IEnumerable<ChatMessage>)null!));
        Assert.Equal(0, runs.Host.Load.Waiting);
    }

    /// <summary>Of a closed client or host nothing is hoped for; a client that owns its host closes it, and gives up what is being written.</summary>
    [Fact]
    public async Task After_the_end()
    {
        var host = new ModelHost(runs.Model, new() { Rows = 2 });
        var (guest, owner) = (new ChatClient(host), new ChatClient(host, new() { OwnsHost = true }));
        guest.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => guest.GetResponseAsync(question, ChatRuns.Options));
        Assert.NotEmpty((await owner.GetResponseAsync(question, ChatRuns.Options)).Text);
        var endless = With(static o => o.MaxOutputTokens = 1900);
        endless.AdditionalProperties = new() { ["regex"] = "[ab]{900}[ab]{900}" };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in owner.GetStreamingResponseAsync(question, endless)) owner.Dispose();
        });
        Assert.True(host.Load.TokensWritten < 1800);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => owner.GetResponseAsync(question));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => new ChatClient(host).GetResponseAsync(question));
        owner.Dispose();
        await host.DisposeAsync();
    }

    [Fact]
    public void What_it_serves()
    {
        Assert.Equal(("functional", "tiny"), (runs.Client.GetService<ChatClientMetadata>()!.ProviderName, runs.Client.GetService<ChatClientMetadata>()!.DefaultModelId));
        Assert.Same(runs.Host, runs.Client.GetService<ModelHost>());
        Assert.Same(runs.Model, runs.Client.GetService<LanguageModel>());
        Assert.Same(runs.Client, runs.Client.GetService<IChatClient>());
        Assert.Null(runs.Client.GetService<ModelHost>("key"));
        Assert.Null(runs.Client.GetService<string>());
    }
}
