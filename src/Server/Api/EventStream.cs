using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Functional.Server;

/// <summary>Server-sent events: an object each, and <c>[DONE]</c>.</summary>
sealed class EventStream(HttpResponse response, CancellationToken stop)
{
    /// <summary>Stands where a text goes in an object of which only that text changes; no name has a blank.</summary>
    public const string Slot = "< text >";

    public static EventStream Begin(HttpContext context, CancellationToken stop)
    {
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        context.Response.Headers.CacheControl = "no-cache";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        return new(context.Response, stop);
    }

    /// <summary>Says that the request was taken, before there is anything to tell.</summary>
    public Task Open() => response.Body.FlushAsync(stop);

    public Task Send(JsonObject body) => Send(Encoding.UTF8.GetBytes(Answering.Text(body)), default, []);

    public Task Done() => Send("[DONE]"u8.ToArray(), default, []);

    /// <summary>Objects that differ in one text, which stands where <see cref="Slot"/> does: all else is written once, for a token has an event of its own.</summary>
    public Func<string, Task> Like(JsonObject body)
    {
        var parts = Answering.Text(body).Split($"\"{Slot}\"");
        var (before, behind) = (Encoding.UTF8.GetBytes(parts[0] + "\""), Encoding.UTF8.GetBytes("\"" + parts[1]));
        return text => Send(before, JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping), behind);
    }

    async Task Send(byte[] before, JsonEncodedText text, byte[] behind)
    {
        var pipe = response.BodyWriter;
        pipe.Write("data: "u8);
        pipe.Write(before);
        pipe.Write(text.EncodedUtf8Bytes);
        pipe.Write(behind);
        pipe.Write("\n\n"u8);
        await pipe.FlushAsync(stop).ConfigureAwait(false);
    }
}
