using Microsoft.AspNetCore.Http;

namespace Functional.Server;

/// <summary>What a server answers beside OpenAI's API.</summary>
abstract class Annex
{
    /// <summary>What everybody may see who can reach the server, such as pages that hold nothing of anybody's.</summary>
    /// <returns>What it is called where requests are counted; nothing where there is nothing of it at the request's path.</returns>
    public abstract Task<string?> Open(HttpContext context, CancellationToken stop);

    /// <summary>What only those may ask for who have a key, where keys are asked for.</summary>
    /// <returns>As of <see cref="Open"/>.</returns>
    public abstract Task<string?> Closed(HttpContext context, string client, CancellationToken stop);

    /// <summary>What it is called that went wrong at a path.</summary>
    public abstract string? Known(PathString path);
}
