using Functional.Base;
using Functional.Server;
using Microsoft.AspNetCore.Http;

namespace Functional.Studio;

/// <summary>The pages, which everybody may see, and what they ask for, which is only for those who have a key where keys are asked for.</summary>
sealed class StudioAnnex(ServerOptions server, IEnumerable<Route> routes) : Annex
{
    const string Api = "/studio/api/";

    readonly Dictionary<(string Method, string Path), Route> routes = routes.ToDictionary(static r => (r.Method, Api + r.Path));

    public override string? Known(PathString path) => path.StartsWithSegments("/studio", StringComparison.Ordinal) || Pages.Has(path.Value ?? "") ? "/studio" : null;

    public override async Task<string?> Open(HttpContext context, CancellationToken stop) =>
        !HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method) ? null : await Pages.Send(context, stop).ConfigureAwait(false) ? "/studio" : null;

    public override async Task<string?> Closed(HttpContext context, string client, CancellationToken stop)
    {
        var path = context.Request.Path.Value ?? "";
        if (!path.StartsWith(Api, StringComparison.Ordinal)) return null;
        if (!routes.TryGetValue((context.Request.Method, path), out var route))
        {
            var other = routes.Keys.Where(r => r.Path == path).Select(static r => r.Method).ToArray();
            if (other.Length == 0) throw new ApiException(404, "there is nothing at this path");
            context.Response.Headers.Allow = other[0];
            throw new ApiException(405, $"{context.Request.Method} is no method of {path}; allowed: {other[0]}");
        }
        var body = route.Method == "POST" ? await Answering.Read(context, stop).ConfigureAwait(false) : Members.Of(new Json.Map(Params<Json>.Empty));
        body.Check();
        // What is asked for once may be another the next time.
        context.Response.Headers.CacheControl = "no-store";
        try
        {
            await route.Answer(new(context, client, body, server, stop)).ConfigureAwait(false);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or DirectoryNotFoundException or FileNotFoundException && !context.Response.HasStarted)
        {
            throw new ApiException(500, $"files: cannot be read or written: {e.Message}", "files");
        }
        return "/studio";
    }
}
