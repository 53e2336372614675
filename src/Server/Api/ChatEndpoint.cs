using System.Text;
using System.Text.Json.Nodes;
using Functional.Base;
using Functional.Dialogues;
using Functional.Generation;
using Microsoft.AspNetCore.Http;

namespace Functional.Server;

/// <summary><c>POST /v1/chat/completions</c>.</summary>
static class ChatEndpoint
{
    const string Whole = "chat.completion", Part = "chat.completion.chunk";

    public static async Task Run(HttpContext context, ServedModel model, Members body, Visit visit)
    {
        var request = ChatRequest.Of(body, model.UsualTokens(visit.MostTokens), visit.MostTokens);
        var hosted = await model.Host.AskAsync(request.Messages, request.Options, visit.Client, visit.Stop).ConfigureAwait(false);
        visit.Began(hosted.PromptTokens);
        var voices = Enumerable.Range(0, request.Writing.Texts).Select(i => new Voice(i, request.Tools)).ToArray();
        var (id, created) = (Said.Id("chatcmpl"), Said.Now);
        JsonObject? LogProbs(IEnumerable<WrittenToken> tokens) => request.TellsLogProbs ? Said.ChatLogProbs(tokens, model.Tokenizer) : null;
        if (!request.Writing.Streams)
        {
            await foreach (var piece in hosted.Pieces.ConfigureAwait(false)) _ = voices[piece.Index].Hear(piece, visit);
            await Answering.Send(context, Said.Completion(id, Whole, created, model.Name, new([.. voices.Select(v => (JsonNode)new JsonObject
            {
                ["index"] = v.Index, ["message"] = v.Message(), ["logprobs"] = LogProbs(v.Tokens), ["finish_reason"] = v.Reason,
            })]), Said.Usage(hosted.PromptTokens, voices.Sum(static v => v.Tokens.Count)))).ConfigureAwait(false);
            return;
        }
        var events = EventStream.Begin(context, visit.Stop);
        JsonObject Chunk(JsonArray choices, JsonObject? usage = null) => Said.Completion(id, Part, created, model.Name, choices, usage);
        Task Delta(int index, JsonObject delta, JsonObject? logProbs = null, string? reason = null) =>
            events.Send(Chunk([new JsonObject { ["index"] = index, ["delta"] = delta, ["logprobs"] = logProbs, ["finish_reason"] = reason }]));
        var texts = voices.Select(v => events.Like(Chunk([new JsonObject
        {
            ["index"] = v.Index, ["delta"] = new JsonObject { ["content"] = EventStream.Slot }, ["logprobs"] = null, ["finish_reason"] = null,
        }]))).ToArray();
        await visit.Streaming(events, async () =>
        {
            foreach (var voice in voices) await Delta(voice.Index, new() { ["role"] = "assistant", ["content"] = "" }).ConfigureAwait(false);
            await foreach (var piece in hosted.Pieces.ConfigureAwait(false))
            {
                var voice = voices[piece.Index];
                var text = voice.Hear(piece, visit);
                if (text.Length > 0) await (request.TellsLogProbs ? Delta(voice.Index, new() { ["content"] = text }, LogProbs(piece.Tokens)) : texts[voice.Index](text)).ConfigureAwait(false);
                if (piece.Whole is null) continue;
                if (voice.Called is { } call) await Delta(voice.Index, new() { ["tool_calls"] = new JsonArray(Said.Call(call, streamed: true)) }).ConfigureAwait(false);
                await Delta(voice.Index, [], null, voice.Reason).ConfigureAwait(false);
            }
            if (request.Writing.TellsUsage) await events.Send(Chunk([], Said.Usage(hosted.PromptTokens, voices.Sum(static v => v.Tokens.Count)))).ConfigureAwait(false);
        }).ConfigureAwait(false);
    }

    // One of the answers, as far as it is known.
    sealed class Voice(int index, Vec<Tool> tools)
    {
        readonly StringBuilder text = new();
        Answer? whole;

        public int Index => index;

        public List<WrittenToken> Tokens { get; } = [];

        public ToolCall? Called { get; private set; }

        public string Reason => Called is null ? Said.Reason(whole!) : "tool_calls";

        // What may be the beginning of a call is told when it is known to be none.
        bool Waits => tools.Count > 0 && text.Length > 0 && text[0] == '{';

        /// <summary>What can be told of it as a text.</summary>
        public string Hear(HostPiece piece, Visit visit)
        {
            visit.Wrote(piece.Tokens.Count);
            Tokens.AddRange(piece.Tokens);
            text.Append(piece.Text);
            if (piece.Whole is { } answer)
            {
                whole = answer;
                if (Waits) Called = ToolCalls.Read(text.ToString(), tools).Case as ToolCall;
                // A call that had no room for its end is a text after all.
                if (Waits) return Called is null ? text.ToString() : "";
            }
            return Waits ? "" : piece.Text;
        }

        public JsonObject Message()
        {
            var message = new JsonObject { ["role"] = "assistant", ["content"] = Called is null ? text.ToString() : null, ["refusal"] = null };
            if (Called is { } call) message["tool_calls"] = new JsonArray(Said.Call(call, streamed: false));
            return message;
        }
    }
}
