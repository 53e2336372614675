using System.Text;
using System.Text.Json.Nodes;
using Functional.Generation;
using Microsoft.AspNetCore.Http;

namespace Functional.Server;

/// <summary><c>POST /v1/completions</c>.</summary>
static class CompletionEndpoint
{
    const string Kind = "text_completion";

    public static async Task Run(HttpContext context, ServedModel model, Members body, Visit visit)
    {
        var request = CompletionRequest.Of(body, visit.MostTokens);
        var prompts = new List<Hosted>();
        foreach (var prompt in request.Prompts)
            prompts.Add(await (prompt.Text is { } text ? model.Host.CompleteAsync(text, request.Options, visit.Client, visit.Stop)
                : model.Host.CompleteAsync(prompt.Ids, request.Options, visit.Client, visit.Stop)).ConfigureAwait(false));
        var read = prompts.Sum(static p => p.PromptTokens);
        visit.Began(read);
        var (id, created, texts) = (Said.Id("cmpl"), Said.Now, request.Writing.Texts);
        string Echo(int prompt) => !request.Echoes ? "" : request.Prompts[prompt].Text ?? model.Tokenizer.Decode(request.Prompts[prompt].Ids.Span);
        JsonObject Choice(int index, string text, JsonObject? logProbs, string? reason) => new() { ["index"] = index, ["text"] = text, ["logprobs"] = logProbs, ["finish_reason"] = reason };
        JsonObject? LogProbs(IEnumerable<WrittenToken> tokens, int offset) => request.Likely is null ? null : Said.CompletionLogProbs(tokens, model.Tokenizer, offset);
        if (!request.Writing.Streams)
        {
            var (choices, written) = (new JsonArray(), 0);
            for (var p = 0; p < prompts.Count; p++)
            {
                var all = new SortedDictionary<int, (StringBuilder Text, List<WrittenToken> Tokens, Answer? Whole)>();
                await foreach (var piece in prompts[p].Pieces.ConfigureAwait(false))
                {
                    visit.Wrote(piece.Tokens.Count);
                    var (text, tokens, _) = all.TryGetValue(piece.Index, out var known) ? known : (new(), [], null);
                    text.Append(piece.Text);
                    tokens.AddRange(piece.Tokens);
                    all[piece.Index] = (text, tokens, piece.Whole);
                    written += piece.Tokens.Count;
                }
                var best = request.BestOf > texts ? all.Values.OrderByDescending(static t => t.Whole!.LogProb / Math.Max(1, t.Tokens.Count)).Take(texts) : all.Values;
                foreach (var (text, tokens, whole) in best)
                    choices.Add((JsonNode)Choice(choices.Count, Echo(p) + text, LogProbs(tokens, Echo(p).Length), Said.Reason(whole!)));
            }
            await Answering.Send(context, Said.Completion(id, Kind, created, model.Name, choices, Said.Usage(read, written))).ConfigureAwait(false);
            return;
        }
        var events = EventStream.Begin(context, visit.Stop);
        JsonObject Chunk(JsonArray choices, JsonObject? usage = null) => Said.Completion(id, Kind, created, model.Name, choices, usage);
        await visit.Streaming(events, async () =>
        {
            var written = 0;
            for (var p = 0; p < prompts.Count; p++)
            {
                var plain = Enumerable.Range(p * texts, texts).Select(i => events.Like(Chunk([Choice(i, EventStream.Slot, null, null)]))).ToArray();
                var offsets = Enumerable.Repeat(Echo(p).Length, texts).ToArray();
                if (request.Echoes)
                    for (var i = 0; i < texts; i++) await events.Send(Chunk([Choice(p * texts + i, Echo(p), null, null)])).ConfigureAwait(false);
                await foreach (var piece in prompts[p].Pieces.ConfigureAwait(false))
                {
                    visit.Wrote(piece.Tokens.Count);
                    written += piece.Tokens.Count;
                    await (request.Likely is null && piece.Whole is null ? plain[piece.Index](piece.Text) : events.Send(Chunk([Choice(p * texts + piece.Index, piece.Text,
                        LogProbs(piece.Tokens, offsets[piece.Index]), piece.Whole is null ? null : Said.Reason(piece.Whole))]))).ConfigureAwait(false);
                    offsets[piece.Index] += piece.Text.Length;
                }
            }
            if (request.Writing.TellsUsage) await events.Send(Chunk([], Said.Usage(read, written))).ConfigureAwait(false);
        }).ConfigureAwait(false);
    }
}
