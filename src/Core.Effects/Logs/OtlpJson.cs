using System.Globalization;
using System.Text.Json;
using Functional.Base;
using Functional.Runs;

namespace Functional.Logs;

/// <summary>A batch of records as an <c>ExportMetricsServiceRequest</c> of OTLP in its JSON form (opentelemetry-proto 1): a gauge for each number, and its points.</summary>
static class OtlpJson
{
    /// <summary>What OpenTelemetry calls a number of a run.</summary>
    public static string MetricOf(string name) => $"functional.{name.Replace('/', '.').Replace(':', '.')}";

    /// <summary>Its unit, in UCUM's letters; empty where it has none.</summary>
    public static string UnitOf(string name) => name switch { "step_ms" => "ms", "tokens_per_second" => "{token}/s", "step" => "{step}", _ => "" };

    /// <summary>The body of a request.</summary>
    /// <param name="resource">What the run is.</param>
    /// <param name="records">Records and when they came, in nanoseconds since 1970.</param>
    public static byte[] Of(Params<string> resource, IReadOnlyCollection<(long Time, LogRecord Record)> records)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteStartArray("resourceMetrics");
            json.WriteStartObject();
            json.WriteStartObject("resource");
            json.WriteStartArray("attributes");
            foreach (var (key, value) in resource)
            {
                json.WriteStartObject();
                json.WriteString("key", key);
                json.WriteStartObject("value");
                json.WriteString("stringValue", value);
                json.WriteEndObject();
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteStartArray("scopeMetrics");
            json.WriteStartObject();
            json.WriteStartObject("scope");
            json.WriteString("name", MeterLog.MeterName);
            json.WriteEndObject();
            json.WriteStartArray("metrics");
            foreach (var metric in records.SelectMany(static r => r.Record.Numbers.Append(("step", r.Record.Step)).Select(n => (r.Time, n.Item1, n.Item2)))
                .GroupBy(static p => p.Item2, StringComparer.Ordinal)) Metric(json, metric.Key, metric.Select(static p => (p.Time, p.Item3)));
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return stream.ToArray();
    }

    static void Metric(Utf8JsonWriter json, string name, IEnumerable<(long Time, double Value)> points)
    {
        json.WriteStartObject();
        json.WriteString("name", MetricOf(name));
        if (UnitOf(name) is { Length: > 0 } unit) json.WriteString("unit", unit);
        json.WriteStartObject("gauge");
        json.WriteStartArray("dataPoints");
        foreach (var (time, value) in points)
        {
            json.WriteStartObject();
            // Numbers of 64 bits are texts in protobuf's JSON.
            json.WriteString("timeUnixNano", time.ToString(CultureInfo.InvariantCulture));
            json.WriteNumber("asDouble", value);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
