using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Functional.Chat;

/// <summary>What a program listens to: the meter and the source of activities, by the names of OpenTelemetry's conventions for generative AI.</summary>
/// <example><code>
/// services.AddOpenTelemetry().WithMetrics(m => m.AddMeter(Telemetry.Name)).WithTracing(t => t.AddSource(Telemetry.Name));
/// </code></example>
public static class Telemetry
{
    /// <summary>The name of both.</summary>
    public const string Name = "Functional";

    internal const string Provider = "functional";

    internal static readonly ActivitySource Activities = new(Name);

    static readonly Meter meter = new(Name);

    // The boundaries that the conventions ask for.
    internal static readonly Histogram<double> Duration = meter.CreateHistogram("gen_ai.client.operation.duration", "s", "How long an operation takes.", null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92] });

    internal static readonly Histogram<long> Tokens = meter.CreateHistogram("gen_ai.client.token.usage", "{token}", "Tokens that are read and written.", null,
        new InstrumentAdvice<long> { HistogramBucketBoundaries = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864] });

    internal static readonly Histogram<double> FirstToken = meter.CreateHistogram("gen_ai.server.time_to_first_token", "s", "How long the first token takes, where the text is whole.", null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10] });
}
