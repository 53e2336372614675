using System.Text;
using System.Text.Json.Nodes;
using Functional.Dialogues;
using Functional.Generation;
using Functional.Text;

namespace Functional.Server;

/// <summary>What is answered, in the words of OpenAI's API.</summary>
static class Said
{
    public static string Id(string kind) => $"{kind}-{Guid.NewGuid():N}";

    public static long Now => DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    public static string Reason(Answer answer) => answer.End == AnswerEnd.Length ? "length" : "stop";

    public static JsonObject Usage(int prompt, int completion) => new() { ["prompt_tokens"] = prompt, ["completion_tokens"] = completion, ["total_tokens"] = prompt + completion };

    /// <summary>An object that answers a request for texts, whole or a part of a stream.</summary>
    public static JsonObject Completion(string id, string kind, long created, string model, JsonArray choices, JsonObject? usage = null)
    {
        var result = new JsonObject { ["id"] = id, ["object"] = kind, ["created"] = created, ["model"] = model, ["choices"] = choices, ["system_fingerprint"] = null };
        if (usage is not null) result["usage"] = usage;
        return result;
    }

    public static JsonObject Call(ToolCall call, bool streamed)
    {
        var result = new JsonObject
        {
            ["id"] = $"call_{Guid.NewGuid():N}", ["type"] = "function", ["function"] = new JsonObject { ["name"] = call.Name, ["arguments"] = call.Arguments.Line() },
        };
        if (streamed) result["index"] = 0;
        return result;
    }

    /// <summary>Tokens with their log-probabilities, as chats have them.</summary>
    public static JsonObject ChatLogProbs(IEnumerable<WrittenToken> tokens, Tokenizer tokenizer)
    {
        JsonObject Of(int token, float logProb)
        {
            var bytes = tokenizer.Bytes(token);
            return new() { ["token"] = Encoding.UTF8.GetString(bytes), ["logprob"] = Finite(logProb), ["bytes"] = new JsonArray([.. bytes.ToArray().Select(static b => (JsonNode)b)]) };
        }
        return new()
        {
            ["content"] = new JsonArray([.. tokens.Select(t =>
            {
                var told = Of(t.Token, t.LogProb);
                told["top_logprobs"] = new JsonArray([.. t.Likely.Select(l => Of(l.Token, l.LogProb))]);
                return told;
            })]),
            ["refusal"] = null,
        };
    }

    /// <summary>Tokens with their log-probabilities, as completions have them.</summary>
    public static JsonObject CompletionLogProbs(IEnumerable<WrittenToken> tokens, Tokenizer tokenizer, int offset)
    {
        var (words, logProbs, tops, offsets) = (new JsonArray(), new JsonArray(), new JsonArray(), new JsonArray());
        foreach (var t in tokens)
        {
            var word = Encoding.UTF8.GetString(tokenizer.Bytes(t.Token));
            words.Add((JsonNode)word);
            logProbs.Add((JsonNode)Finite(t.LogProb));
            offsets.Add((JsonNode)offset);
            offset += word.Length;
            var top = new JsonObject();
            foreach (var l in t.Likely) top[Encoding.UTF8.GetString(tokenizer.Bytes(l.Token))] = Finite(l.LogProb);
            tops.Add((JsonNode)top);
        }
        return new() { ["tokens"] = words, ["token_logprobs"] = logProbs, ["top_logprobs"] = tops, ["text_offset"] = offsets };
    }

    // JSON has no infinity.
    public static double Finite(float logProb) => Math.Max(logProb, -9999);
}
