using Microsoft.AspNetCore.Http;

namespace Functional.Server;

/// <summary>What exceptions say to clients.</summary>
static class Faulty
{
    /// <summary>What a client is told; nothing where nobody is there to be told, or it is an error of this program.</summary>
    /// <param name="exception">What happened.</param>
    public static ApiException? Of(Exception exception) => exception switch
    {
        ApiException api => api,
        FunctionalException { Faults: var faults } when faults[0].What.Contains("not finite", StringComparison.Ordinal) => new(500, faults[0].ToString()),
        FunctionalException { Faults: var faults } => ApiException.Of(faults),
        HostBusyException busy => new(429, $"too many requests: {busy.Message}", null, "queue_full"),
        ObjectDisposedException => new(503, "the server is stopping"),
        BadHttpRequestException bad => new(bad.StatusCode, bad.StatusCode == 413 ? "body: is too large" : "the request cannot be read"),
        _ => null,
    };
}
