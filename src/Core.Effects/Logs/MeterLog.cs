using System.Diagnostics.Metrics;
using Functional.Runs;

namespace Functional.Logs;

/// <summary>
/// The meter <c>Functional</c> (System.Diagnostics.Metrics), for whoever listens in this process: gauges <c>functional.loss</c>, <c>functional.lr</c> and so on, one for each
/// number of a run, the counter <c>functional.steps</c>; all with the tags <c>run</c> and <c>stage</c>. Where nobody listens it costs next to nothing.
/// </summary>
sealed class MeterLog(string run, string stage) : ILog
{
    /// <summary>What the meter is called.</summary>
    public const string MeterName = "Functional";

    static readonly Meter meter = new(MeterName, typeof(MeterLog).Assembly.GetName().Version?.ToString(3));
    static readonly Counter<long> steps = meter.CreateCounter<long>("functional.steps", "{step}", "steps done");
    static readonly Dictionary<string, Gauge<double>> gauges = new(StringComparer.Ordinal);

    readonly KeyValuePair<string, object?>[] tags = [new("run", run), new("stage", stage)];

    public string Name => "meter";

    public void Write(LogRecord record)
    {
        if (record is LogRecord.Stepped) steps.Add(1, tags);
        // Instruments that nobody has asked for yet can be asked for only once they are there.
        foreach (var (name, value) in record.Numbers) GaugeOf(name).Record(value, tags);
    }

    public void Dispose() { }

    static Gauge<double> GaugeOf(string name)
    {
        lock (gauges)
        {
            if (!gauges.TryGetValue(name, out var gauge)) gauges.Add(name, gauge = meter.CreateGauge<double>(OtlpJson.MetricOf(name), OtlpJson.UnitOf(name)));
            return gauge;
        }
    }
}
