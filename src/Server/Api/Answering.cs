using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Functional.Base;
using Microsoft.AspNetCore.Http;

namespace Functional.Server;

/// <summary>Bodies of requests and answers.</summary>
static class Answering
{
    static readonly JsonSerializerOptions relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Text(JsonNode body) => body.ToJsonString(relaxed);

    public static async Task Send(HttpContext context, JsonNode body, int status = 200)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json; charset=utf-8";
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(Text(body)), context.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>The body, or what is wrong with it.</summary>
    public static async Task<Members> Read(HttpContext context, CancellationToken stop)
    {
        // A page of another site can send a text without asking; only what asks before can send this.
        if (context.Request.ContentType?.Split(';')[0].Trim() is not { } type || !type.Equals("application/json", StringComparison.OrdinalIgnoreCase))
            throw new ApiException(415, "Content-Type: is none that is read; expected application/json");
        using var reader = new StreamReader(context.Request.Body, new UTF8Encoding(false, throwOnInvalidBytes: true));
        string text;
        try
        {
            text = await reader.ReadToEndAsync(stop).ConfigureAwait(false);
        }
        catch (DecoderFallbackException)
        {
            throw new ApiException(400, "body: is not UTF-8; expected JSON in UTF-8");
        }
        return Members.Of(Json.Parse(text, "body").IfFail(static faults => throw ApiException.Of([.. faults])));
    }
}
