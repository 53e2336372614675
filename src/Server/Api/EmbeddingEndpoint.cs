using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Functional.Base;
using Microsoft.AspNetCore.Http;

namespace Functional.Server;

/// <summary><c>POST /v1/embeddings</c>.</summary>
static class EmbeddingEndpoint
{
    const int MostTexts = 2048;

    public static async Task Run(HttpContext context, ServedModel model, Members body, Visit visit)
    {
        var packed = body.Text("encoding_format") switch
        {
            null or "float" => false,
            "base64" => true,
            var other => Wrong(other),
        };
        var inputs = Prompt.All(body, "input", MostTexts);
        var dimensions = body.Whole("dimensions", 1, int.MaxValue);
        body.Check();
        var texts = inputs.Where(static i => i.Text is not null).Select(static i => i.Text!).ToList();
        var all = texts.Count > 0 ? await model.Model.EmbedAsync(texts, visit.Stop).ConfigureAwait(false)
            : await model.Model.EmbedAsync((Vec<int>[])[.. inputs.Select(static i => i.Ids)], visit.Stop).ConfigureAwait(false);
        if (dimensions is { } asked && asked != all[0].Vector.Length)
            throw new ApiException(400, $"dimensions: is {asked}; allowed: {all[0].Vector.Length}, which the model has", "dimensions");
        var read = all.Sum(static e => e.Tokens);
        visit.Began(read);
        await Answering.Send(context, new JsonObject
        {
            ["object"] = "list",
            ["data"] = new JsonArray([.. all.Select((e, i) => (JsonNode)new JsonObject
            {
                ["object"] = "embedding", ["index"] = i,
                ["embedding"] = packed ? Convert.ToBase64String(MemoryMarshal.AsBytes(e.Vector.AsSpan())) : new JsonArray([.. e.Vector.Select(static v => (JsonNode)v)]),
            })]),
            ["model"] = model.Name, ["usage"] = new JsonObject { ["prompt_tokens"] = read, ["total_tokens"] = read },
        }).ConfigureAwait(false);

        bool Wrong(string other)
        {
            body.Wrong("encoding_format", $"is {other}", "allowed: float, base64");
            return false;
        }
    }
}
