using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Functional.Server;

/// <summary>Who may ask.</summary>
sealed class Gate(ServerOptions options)
{
    readonly byte[][] keys = [.. options.Keys.Select(static key => SHA256.HashData(Encoding.UTF8.GetBytes(key)))];
    readonly bool isLocal = IPAddress.IsLoopback(options.Address);

    /// <summary>
    /// A page of another site that has its name lead here would be the same site to a browser: at a loopback address only that's own names count, and where nobody
    /// needs a key only addresses and the machine's name.
    /// </summary>
    /// <exception cref="ApiException">The request is for another host.</exception>
    public void CheckHost(HttpRequest request)
    {
        var host = request.Host.Host;
        if (host.Length == 0 || host.Equals("localhost", StringComparison.OrdinalIgnoreCase)) return;
        var address = IPAddress.TryParse(host.Trim('[', ']'), out var known) ? known : null;
        if (isLocal ? address is not null && IPAddress.IsLoopback(address) : keys.Length > 0 || address is not null || host.Equals(Environment.MachineName, StringComparison.OrdinalIgnoreCase)) return;
        throw new ApiException(403, isLocal ? $"Host: is {host}, and this server is for this machine; allowed: localhost"
            : $"Host: is {host}, which any page can have lead here; allowed: an address, {Environment.MachineName}, or any name where keys are asked for");
    }

    /// <summary>Whose turn a request takes: its key's, or else its connection's.</summary>
    /// <exception cref="ApiException">Keys are asked for, and it has none of them.</exception>
    public string Client(HttpContext context)
    {
        if (keys.Length == 0) return context.Connection.Id;
        var given = context.Request.Headers.Authorization.ToString();
        if (!given.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)) throw Denied("no key is given");
        // Each is looked at to its end, so that the time tells nothing of any.
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(given["Bearer ".Length..].Trim()));
        var found = -1;
        for (var i = 0; i < keys.Length; i++)
            if (CryptographicOperations.FixedTimeEquals(keys[i], hash)) found = i;
        return found >= 0 ? $"key {found}" : throw Denied("the key is not known");
    }

    static ApiException Denied(string what) => new(401, $"Authorization: {what}; expected Bearer and a key of this server", null, "invalid_api_key");

    /// <summary>Lets pages of origins that are named ask; whether the request is no more than their browser's question.</summary>
    public bool Crosses(HttpContext context)
    {
        var origin = context.Request.Headers.Origin.ToString();
        if (origin.Length == 0 || !options.Origins.Contains(origin)) return false;
        var headers = context.Response.Headers;
        (headers.AccessControlAllowOrigin, headers.Vary) = (origin, "Origin");
        if (!HttpMethods.IsOptions(context.Request.Method)) return false;
        (headers.AccessControlAllowMethods, headers.AccessControlAllowHeaders, headers.AccessControlMaxAge) = ("GET, POST", "authorization, content-type", "600");
        context.Response.StatusCode = 204;
        return true;
    }
}
