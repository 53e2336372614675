using System.Text;
using System.Text.Json.Nodes;
using Functional.Base;
using Functional.Generation;
using Functional.Server;

namespace Functional.Studio;

/// <summary>Texts with their tokens, what else might have come, and what heads attend to.</summary>
static class ChatApi
{
    const int Likely = 5, MostTold = 40, MostRead = 160;

    public static IEnumerable<Route> Routes(Library library, RunShelf shelf) =>
    [
        Route.Get("models", call => call.Send(new JsonArray([.. library.Models.Select(static m => (JsonNode)About(m))]))),
        Route.Post("write", call => Write(call, shelf)),
        Route.Post("next", call => Next(call, shelf)),
        Route.Post("attention", call => Attention(call, shelf)),
    ];

    static JsonObject About(LibraryModel model) => new()
    {
        ["name"] = model.Name, ["run"] = model.Run.Name, ["kind"] = $"{model.Config.Stage.Kind}".ToLowerInvariant(), ["judges"] = model.Judges, ["answers"] = model.Answers, ["step"] = model.Step,
        ["context"] = model.Config.Model.Context, ["layers"] = model.Config.Model.Layers, ["heads"] = model.Config.Model.Heads,
    };

    // The same words as OpenAI's, and with every token what it is: chats where there are messages, else texts that go on.
    static async Task Write(Call call, RunShelf shelf)
    {
        using var lease = await shelf.Take(call.Text("model"), call.Stop).ConfigureAwait(false);
        var (model, most) = (lease.Model, call.Server.MostTokens);
        Hosted hosted;
        if (call.Body["messages"] is not null)
        {
            var request = ChatRequest.Of(call.Body, model.UsualTokens(most), most);
            hosted = await model.Host.AskAsync(request.Messages, request.Options with { LogProbs = Likely, Samples = 1 }, call.Client, call.Stop).ConfigureAwait(false);
        }
        else
        {
            var request = CompletionRequest.Of(call.Body, most);
            if (request.Prompts.Count > 1) throw new ApiException(400, $"prompt: has {request.Prompts.Count} texts; allowed: one", "prompt");
            var options = request.Options with { LogProbs = Likely, Samples = 1 };
            hosted = await (request.Prompts[0].Text is { } text ? model.Host.CompleteAsync(text, options, call.Client, call.Stop) : model.Host.CompleteAsync(request.Prompts[0].Ids, options, call.Client, call.Stop)).ConfigureAwait(false);
        }
        var events = EventStream.Begin(call.Context, call.Stop);
        await events.Open().ConfigureAwait(false);
        var pieces = new TokenTexts(model.Tokenizer);
        try
        {
            await events.Send(new() { ["prompt"] = new JsonArray([.. hosted.Prompt.Select(id => (JsonNode)Token(id, pieces.Next(id)))]), ["forgotten"] = hosted.Forgotten }).ConfigureAwait(false);
            pieces = new(model.Tokenizer);
            await foreach (var piece in hosted.Pieces.ConfigureAwait(false))
            {
                await events.Send(new()
                {
                    ["text"] = piece.Text, ["tokens"] = new JsonArray([.. piece.Tokens.Select(t => (JsonNode)Written(t, pieces, model))]),
                    ["end"] = piece.Whole is { } whole ? Said.Reason(whole) : null,
                }).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (Faulty.Of(e) is { } known)
        {
            await events.Send(known.Body).ConfigureAwait(false);
        }
        await events.Done().ConfigureAwait(false);
    }

    static JsonObject Token(int id, string text) => new() { ["id"] = id, ["text"] = text };

    static JsonObject Written(WrittenToken token, TokenTexts texts, ServedModel model)
    {
        var told = Token(token.Token, texts.Next(token.Token));
        told["logprob"] = Said.Finite(token.LogProb);
        told["likely"] = new JsonArray([.. token.Likely.Select(l => (JsonNode)new JsonObject { ["id"] = l.Token, ["text"] = Alone(model, l.Token), ["logprob"] = Said.Finite(l.LogProb) })]);
        return told;
    }

    static string Alone(ServedModel model, int token) => Encoding.UTF8.GetString(model.Tokenizer.Bytes(token));

    static async Task Next(Call call, RunShelf shelf)
    {
        using var lease = await shelf.Take(call.Text("model"), call.Stop).ConfigureAwait(false);
        var (prompt, written) = (Ids(call, "prompt"), Ids(call, "written"));
        if (prompt.Count == 0) call.Body.Wrong("prompt", "is not there, or empty", "expected tokens");
        // The rules are those of a request for a text.
        var rules = CompletionRequest.Of(new Members(Without(call.Body, "prompt"), "", []), call.Server.MostTokens).Options;
        call.Body.Check();
        var next = await lease.Model.Model.NextTokensAsync(prompt, written, rules, MostTold, call.Stop).ConfigureAwait(false);
        await call.Send(new JsonObject
        {
            ["rules"] = RunsApi.Texts(next.Rules), ["left"] = new JsonArray([.. next.Left.Select(static n => (JsonNode)n)]),
            ["tokens"] = new JsonArray([.. next.Tokens.Take(MostTold).Select(t =>
            {
                var told = Token(t.Token, Alone(lease.Model, t.Token));
                told["chances"] = RunsApi.Numbers(t.Probabilities);
                return (JsonNode)told;
            })]),
        }).ConfigureAwait(false);
    }

    static Json Without(Members body, string name) => body.Json is Json.Map { Members: var members } ? new Json.Map(members.Filter((n, _) => n != name)) : body.Json;

    static async Task Attention(Call call, RunShelf shelf)
    {
        using var lease = await shelf.Take(call.Text("model"), call.Stop).ConfigureAwait(false);
        var (ids, model, config) = (Ids(call, "ids"), lease.Model.Model, lease.Model.Model.Config.Model);
        var (layer, head) = ((int)(call.Body.Whole("layer", 0, config.Layers - 1) ?? 0), (int)(call.Body.Whole("head", 0, config.Heads - 1) ?? 0));
        if (ids.Count == 0) call.Body.Wrong("ids", "is not there, or empty", "expected tokens");
        call.Body.Check();
        // Of a long text the end, which is what was just written.
        var most = config.Context > 0 ? Math.Min(MostRead, config.Context) : MostRead;
        Vec<int> read = [.. ids.Skip(Math.Max(0, ids.Count - most))];
        var all = await model.AttentionAsync(read, call.Stop).ConfigureAwait(false);
        var texts = new TokenTexts(lease.Model.Tokenizer);
        await call.Send(new JsonObject
        {
            ["layers"] = all.Count, ["heads"] = all[layer].Heads.Count, ["from"] = ids.Count - read.Count, ["tokens"] = RunsApi.Texts(read.Select(texts.Next)),
            // A thousandth is more than a colour shows.
            ["weights"] = new JsonArray([.. all[layer].Heads[head].Select(static w => (JsonNode)(int)MathF.Round(1000 * w))]),
        }).ConfigureAwait(false);
    }

    static Vec<int> Ids(Call call, string name)
    {
        var items = call.Body.List(name);
        if (items is null) return [];
        if (items.Value.All(static i => i is Json.Whole { Value: >= 0 and <= int.MaxValue })) return items.Value.Map(static i => (int)((Json.Whole)i).Value);
        call.Body.Wrong(name, "has something that is no token", "expected tokens, as whole numbers from 0");
        return [];
    }
}
