using System.ClientModel;
using OpenAI;
using OpenAI.Chat;
using Xunit;

// Seeds are on trial there.
#pragma warning disable OPENAI001

namespace Functional.Tests.Properties.Serving;

/// <summary>The official client for .NET, with nothing changed but its address.</summary>
public sealed class OpenAiClientTests(Served served) : IClassFixture<Served>
{
    OpenAIClient Client => new(new ApiKeyCredential("any-key"), new() { Endpoint = new(served.Server.Address + "/v1") });

    [Fact]
    public async Task Chats()
    {
        var chat = Client.GetChatClient("one");
        var options = new ChatCompletionOptions { MaxOutputTokenCount = 15, Temperature = 1, Seed = 5, IncludeLogProbabilities = true, TopLogProbabilityCount = 2 };
        ChatMessage[] messages = [new SystemChatMessage("Be brief."), new UserChatMessage("abc")];
        var whole = (await chat.CompleteChatAsync(messages, options)).Value;
        Assert.Equal((15, 15, ChatFinishReason.Length), (whole.Usage.OutputTokenCount, whole.ContentTokenLogProbabilities.Count, whole.FinishReason));
        Assert.All(whole.ContentTokenLogProbabilities, static t => Assert.Equal(2, t.TopLogProbabilities.Count));
        var (text, usage) = ("", 0);
        await foreach (var update in chat.CompleteChatStreamingAsync(messages, options))
        {
            text += string.Concat(update.ContentUpdate.Select(static c => c.Text));
            usage = update.Usage?.OutputTokenCount ?? usage;
        }
        Assert.Equal((whole.Content[0].Text, 15), (text, usage));
    }

    [Fact]
    public async Task Calls_tools_and_writes_JSON()
    {
        var chat = Client.GetChatClient("one");
        var tool = ChatTool.CreateFunctionTool("pick", "Picks.", BinaryData.FromString("""{"type":"object","properties":{"n":{"type":"integer","minimum":1,"maximum":9}},"required":["n"],"additionalProperties":false}"""));
        var options = new ChatCompletionOptions { Tools = { tool }, ToolChoice = ChatToolChoice.CreateRequiredChoice(), MaxOutputTokenCount = 60, Seed = 2 };
        var called = (await chat.CompleteChatAsync([new UserChatMessage("a")], options)).Value;
        Assert.Equal(ChatFinishReason.ToolCalls, called.FinishReason);
        var call = Assert.Single(called.ToolCalls);
        Assert.Equal("pick", call.FunctionName);
        Assert.InRange(System.Text.Json.JsonDocument.Parse(call.FunctionArguments).RootElement.GetProperty("n").GetInt32(), 1, 9);
        var after = (await chat.CompleteChatAsync([new UserChatMessage("a"), new AssistantChatMessage(called), new ToolChatMessage(call.Id, "seven")], new() { MaxOutputTokenCount = 5 })).Value;
        Assert.Equal(5, after.Usage.OutputTokenCount);
        var streamed = new List<StreamingChatToolCallUpdate>();
        await foreach (var update in chat.CompleteChatStreamingAsync([new UserChatMessage("a")], options)) streamed.AddRange(update.ToolCallUpdates);
        Assert.Equal(call.FunctionArguments.ToString(), string.Concat(streamed.Select(static u => u.FunctionArgumentsUpdate)));
        var json = (await chat.CompleteChatAsync([new UserChatMessage("a")], new()
        {
            MaxOutputTokenCount = 60, ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat("s", BinaryData.FromString("""{"type":"object","properties":{"ok":{"type":"boolean"}},"required":["ok"],"additionalProperties":false}"""), jsonSchemaIsStrict: true),
        })).Value;
        Assert.True(System.Text.Json.JsonDocument.Parse(json.Content[0].Text).RootElement.TryGetProperty("ok", out _));
    }

    [Fact]
    public async Task Embeds_lists_models_and_hears_of_faults()
    {
        var vectors = (await Client.GetEmbeddingClient("two").GenerateEmbeddingsAsync(["abc", "b"])).Value;
        Assert.Equal((2, 8), (vectors.Count, vectors[0].ToFloats().Length));
        Assert.Equal(["one", "two"], (await Client.GetOpenAIModelClient().GetModelsAsync()).Value.Select(static m => m.Id));
        var fault = await Assert.ThrowsAsync<ClientResultException>(() => Client.GetChatClient("three").CompleteChatAsync(new UserChatMessage("a")));
        Assert.Equal(404, fault.Status);
        Assert.Contains("'three' is not served; allowed: one, two", fault.Message, StringComparison.Ordinal);
    }
}
