using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Functional.Server;

/// <summary>Server-sent events: an object each, and <c>[DONE]</c>.</summary>
sealed class EventStream(HttpResponse response, CancellationToken stop)
{
    public static EventStream Begin(HttpContext context, CancellationToken stop)
    {
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        context.Response.Headers.CacheControl = "no-cache";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        return new(context.Response, stop);
    }

    /// <summary>Says that the request was taken, before there is anything to tell.</summary>
    public Task Open() => response.Body.FlushAsync(stop);

    public Task Send(JsonObject body) => Send(Answering.Text(body));

    public Task Done() => Send("[DONE]");

    async Task Send(string data)
    {
        await response.Body.WriteAsync(Encoding.UTF8.GetBytes($"data: {data}\n\n"), stop).ConfigureAwait(false);
        await response.Body.FlushAsync(stop).ConfigureAwait(false);
    }
}
