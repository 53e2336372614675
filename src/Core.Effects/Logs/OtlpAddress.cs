using Functional.Base;

namespace Functional.Logs;

/// <summary>Where OTLP goes: what the run says, else OpenTelemetry's own variables, else a collector on this machine.</summary>
static class OtlpAddress
{
    const string Path = "v1/metrics", Standard = "http://localhost:4318";

    /// <summary>The address that takes metrics.</summary>
    /// <param name="endpoint">The collector's address as the run says it; nothing where it does not.</param>
    /// <param name="variable">The environment.</param>
    /// <exception cref="UriFormatException">A variable says what is no address.</exception>
    public static Uri Of(string? endpoint, Func<string, string?> variable) => (endpoint, variable("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"), variable("OTEL_EXPORTER_OTLP_ENDPOINT")) switch
    {
        ({ Length: > 0 } said, _, _) => said.TrimEnd('/').EndsWith(Path, StringComparison.Ordinal) ? new(said) : Below(said),
        // That of metrics alone is taken as it is.
        (_, { Length: > 0 } own, _) => new(own),
        (_, _, { Length: > 0 } all) => Below(all),
        _ => Below(Standard),
    };

    /// <summary>What requests say beside: <c>OTEL_EXPORTER_OTLP_HEADERS</c>, names and values with = between them and commas between pairs.</summary>
    public static Params<string> Headers(Func<string, string?> variable) =>
        (variable("OTEL_EXPORTER_OTLP_METRICS_HEADERS") ?? variable("OTEL_EXPORTER_OTLP_HEADERS") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries)
            .Select(static pair => pair.Split('=', 2)).Where(static pair => pair.Length == 2 && pair[0].Trim().Length > 0)
            .DistinctBy(static pair => pair[0].Trim(), StringComparer.OrdinalIgnoreCase).Select(static pair => (pair[0].Trim(), Uri.UnescapeDataString(pair[1].Trim()))).ToParams();

    static Uri Below(string address) => new($"{address.TrimEnd('/')}/{Path}");
}
