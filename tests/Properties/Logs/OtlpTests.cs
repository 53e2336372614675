using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Functional.Tests.Properties.Training;
using LanguageExt;
using Xunit;

namespace Functional.Tests.Properties.Logs;

/// <summary>What a collector on this machine is told; and that one that is not there, or says nothing, costs no run anything.</summary>
public class OtlpTests
{
    static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    static RunConfig Told(string endpoint) => TinyRun.Config with { Logs = new() { Kinds = LogKinds.Otlp, Endpoint = endpoint } };

    [Fact]
    public async Task A_collector_is_told_the_numbers_of_metrics()
    {
        using var scratch = new Scratch();
        var address = $"http://127.0.0.1:{FreePort()}";
        using var collector = new HttpListener();
        collector.Prefixes.Add($"{address}/");
        collector.Start();
        var bodies = new List<(string Path, string Kind, string Body)>();
        var serving = Task.Run(async () =>
        {
            while (true)
            {
                HttpListenerContext context;
                try { context = await collector.GetContextAsync(); }
                catch (Exception e) when (e is HttpListenerException or ObjectDisposedException) { return; }
                using var reader = new StreamReader(context.Request.InputStream);
                bodies.Add((context.Request.Url!.AbsolutePath, context.Request.ContentType ?? "", await reader.ReadToEndAsync()));
                context.Response.StatusCode = 200;
                context.Response.Close();
            }
        });
        var result = TinyRun.Get(TinyRun.Train(scratch["run"], Told(address)));
        collector.Stop();
        await serving;
        Assert.Empty(result.LogFaults);
        Assert.NotEmpty(bodies);
        Assert.All(bodies, static b => Assert.Equal(("/v1/metrics", "application/json"), (b.Path, b.Kind)));
        var points = new List<(string, double)>();
        foreach (var (_, _, body) in bodies)
        {
            using var json = JsonDocument.Parse(body);
            var resource = json.RootElement.GetProperty("resourceMetrics")[0];
            Assert.Contains(resource.GetProperty("resource").GetProperty("attributes").EnumerateArray(), static a => a.GetProperty("key").GetString() == "service.name" && a.GetProperty("value").GetProperty("stringValue").GetString() == "functional");
            foreach (var metric in resource.GetProperty("scopeMetrics")[0].GetProperty("metrics").EnumerateArray())
                foreach (var point in metric.GetProperty("gauge").GetProperty("dataPoints").EnumerateArray())
                {
                    Assert.True(long.Parse(point.GetProperty("timeUnixNano").GetString()!, null) > 1_600_000_000_000_000_000);
                    points.Add((metric.GetProperty("name").GetString()!, point.GetProperty("asDouble").GetDouble()));
                }
        }
        var lines = TinyRun.Get(MetricsFile.Read(Path.Combine(scratch["run"], "stages", "pretrain", "metrics.jsonl"))).Map(static l => l.Record);
        Assert.Equal(lines.SelectMany(static r => r.Numbers.Append(("step", r.Step)).Select(static n => ($"functional.{n.Item1}", n.Item2))).Order(), points.Order());
    }

    [Fact]
    public void A_collector_that_is_not_there_is_told_of_once()
    {
        using var scratch = new Scratch();
        TinyRun.Get(TinyRun.Train(scratch["plain"], TinyRun.Config));
        var address = $"http://user:secret@127.0.0.1:{FreePort()}";
        var result = TinyRun.Get(TinyRun.Train(scratch["run"], Told(address)));
        Assert.Equal("", TinyRun.Differences(TinyRun.Remains(scratch["plain"]), TinyRun.Remains(scratch["run"])));
        var fault = Assert.Single(result.LogFaults).ToString();
        Assert.Contains("/v1/metrics: ", fault, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", fault, StringComparison.Ordinal);
    }

    /// <summary>One that takes a connection and never answers: the run does not wait for it.</summary>
    [Fact]
    public async Task A_collector_that_says_nothing_keeps_no_run()
    {
        using var scratch = new Scratch();
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var result = await Task.Run(() => TinyRun.Get(TinyRun.Train(scratch["run"], Told($"http://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}")))).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Contains("does not answer in time, and the last numbers are lost", Assert.Single(result.LogFaults).ToString(), StringComparison.Ordinal);
    }

    /// <summary>One whose answer has no end is not listened to for ever.</summary>
    [Fact]
    public async Task A_collector_that_says_too_much_is_told_of()
    {
        using var endless = new TcpListener(IPAddress.Loopback, 0);
        endless.Start();
        var sent = 0L;
        var serving = Task.Run(async () =>
        {
            using var client = await endless.AcceptTcpClientAsync();
            var stream = client.GetStream();
            var (request, answer) = (new byte[1 << 16], new byte[1 << 16]);
            _ = await stream.ReadAsync(request);
            await stream.WriteAsync("HTTP/1.1 200 OK\r\n\r\n"u8.ToArray());
            try
            {
                for (; sent < 64 << 20; sent += answer.Length) await stream.WriteAsync(answer);
            }
            catch (IOException) { }
        });
        using (var log = new OtlpLog(new($"http://127.0.0.1:{((IPEndPoint)endless.LocalEndpoint).Port}/"), Params<string>.Empty, Params<string>.Empty, TimeProvider.System))
        {
            log.Write(new LogRecord.Measured(1, 1));
            await serving.WaitAsync(TimeSpan.FromSeconds(30));
            for (var waited = 0; log.Fault is null && waited < 300; waited++) await Task.Delay(100);
            Assert.NotNull(log.Fault);
        }
        Assert.InRange(sent, 0, 16 << 20);
    }

    /// <summary>What does not fit the queue is lost, and nobody waits.</summary>
    [Fact]
    public void More_than_anybody_takes_is_left_out()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        using var log = new OtlpLog(new($"http://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}/"), Params<string>.Empty, Params<string>.Empty, TimeProvider.System);
        for (var step = 1; step <= 100_000; step++) log.Write(new LogRecord.Measured(step, 1));
    }

    [Theory]
    [InlineData("http://a:1", null, null, "http://a:1/v1/metrics")]
    [InlineData("http://a:1/", "http://b", "http://c", "http://a:1/v1/metrics")]
    [InlineData("http://a/v1/metrics", null, null, "http://a/v1/metrics")]
    [InlineData("https://a/otlp", null, null, "https://a/otlp/v1/metrics")]
    [InlineData(null, "http://b/own", "http://c", "http://b/own")]
    [InlineData(null, null, "http://c:4318/", "http://c:4318/v1/metrics")]
    [InlineData(null, "", "", "http://localhost:4318/v1/metrics")]
    [InlineData(null, null, null, "http://localhost:4318/v1/metrics")]
    public void The_address_is_the_run_s_or_the_environment_s(string? said, string? own, string? all, string expected) => Assert.Equal(expected,
        OtlpAddress.Of(said, name => name switch { "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT" => own, "OTEL_EXPORTER_OTLP_ENDPOINT" => all, _ => null }).ToString());

    [Fact]
    public void Headers_are_pairs() => Assert.Equal([("api-key", "a b"), ("x", "1=2")], OtlpAddress.Headers(static name => name == "OTEL_EXPORTER_OTLP_HEADERS" ? "api-key=a%20b, x=1=2,nothing,=no" : null));

    /// <summary>The meter is there for whoever listens in the process, whatever logs a run has; and what a listener throws touches nothing.</summary>
    [Theory, InlineData(false), InlineData(true)]
    public void The_meter_is_always_there(bool throws)
    {
        using var scratch = new Scratch();
        var heard = new List<double>();
        using var listener = new System.Diagnostics.Metrics.MeterListener();
        listener.InstrumentPublished = (instrument, self) => { if (instrument.Meter.Name == "Functional") self.EnableMeasurementEvents(instrument); };
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) =>
        {
            if (instrument.Name != "functional.loss" || !tags.ToArray().Contains(new("run", scratch.Path.Split('/')[^1]))) return;
            heard.Add(value);
            if (throws) throw new InvalidOperationException("cannot hear");
        });
        listener.Start();
        var result = TinyRun.Get(TinyRun.Train(scratch.Path, TinyRun.Config));
        Assert.Equal(throws ? 1 : 0, result.LogFaults.Count);
        Assert.Equal(throws ? 1 : 7, heard.Count);
        Assert.Equal(StopReason.Completed, result.Reason);
    }
}
