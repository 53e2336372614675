using System.Net.Http.Headers;
using System.Threading.Channels;
using Functional.Base;
using Functional.Files;
using Functional.Runs;

namespace Functional.Logs;

/// <summary>
/// Numbers to OpenTelemetry's collector, by OTLP over HTTP in its JSON form, a POST for as many as have come meanwhile. Written over <see cref="HttpClient"/>: a request is a
/// page of JSON, and the exporter's package would bring four more, with times of its own and not of the steps. It works in the background, from a queue that holds so
/// many and no more; a collector that is not there is told once, and loses what does not fit.
/// </summary>
sealed class OtlpLog : ILog
{
    const int Most = 4096, Batch = 512, LongestAnswer = 1 << 16;
    static readonly TimeSpan patience = TimeSpan.FromSeconds(10), pause = TimeSpan.FromMilliseconds(500), goodbye = TimeSpan.FromSeconds(2);

    readonly Channel<(long Time, LogRecord Record)> queue = Channel.CreateBounded<(long, LogRecord)>(new BoundedChannelOptions(Most) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
    readonly CancellationTokenSource given = new();
    readonly HttpClient client;
    readonly Uri address;
    readonly Params<string> resource;
    readonly TimeProvider clock;
    readonly Task work;
    volatile Fault? fault;

    /// <summary>Begins to send.</summary>
    /// <param name="address">Where metrics are taken, such as <c>http://localhost:4318/v1/metrics</c>.</param>
    /// <param name="headers">What each request says beside.</param>
    /// <param name="resource">What the run is.</param>
    /// <param name="clock">What time it is.</param>
    public OtlpLog(Uri address, Params<string> headers, Params<string> resource, TimeProvider clock)
    {
        (this.address, this.resource, this.clock, client) = (address, resource, clock, new() { Timeout = patience, MaxResponseContentBufferSize = LongestAnswer });
        foreach (var (name, value) in headers) client.DefaultRequestHeaders.TryAddWithoutValidation(name, value);
        work = Task.Run(Send);
    }

    public string Name => "otlp";

    public Fault? Fault => fault;

    public void Write(LogRecord record)
    {
        if (record.Numbers.Any()) queue.Writer.TryWrite(((clock.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100, record));
    }

    // What is left goes out if somebody takes it soon.
    public void Dispose()
    {
        queue.Writer.TryComplete();
        if (!work.Wait(goodbye))
        {
            fault ??= Wrong("does not answer in time, and the last numbers are lost");
            given.Cancel();
        }
        work.Wait(goodbye);
        client.Dispose();
        given.Dispose();
    }

    async Task Send()
    {
        var some = new List<(long, LogRecord)>();
        try
        {
            while (await queue.Reader.WaitToReadAsync(given.Token).ConfigureAwait(false))
            {
                while (some.Count < Batch && queue.Reader.TryRead(out var next)) some.Add(next);
                await Post(some).ConfigureAwait(false);
                some.Clear();
                // Steps of a millisecond are sent many at a time.
                if (!queue.Reader.Completion.IsCompleted && queue.Reader.Count < Batch) await Task.WhenAny(queue.Reader.Completion, Task.Delay(pause, given.Token)).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // Nobody waits any more.
        }
    }

    async Task Post(List<(long, LogRecord)> some)
    {
        try
        {
            using var body = new ByteArrayContent(OtlpJson.Of(resource, some));
            body.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using var answer = await client.PostAsync(address, body, given.Token).ConfigureAwait(false);
            if (!answer.IsSuccessStatusCode) fault ??= Wrong($"answers {(int)answer.StatusCode}");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or TaskCanceledException && !given.IsCancellationRequested)
        {
            fault ??= Wrong(e is TaskCanceledException ? "does not answer" : Disk.Reason(e));
        }
    }

    // Without what may stand before the host: names and passwords.
    Fault Wrong(string what) => new($"{address.Scheme}://{address.Authority}{address.AbsolutePath}", what, "expected a collector that takes OTLP over HTTP; the run goes on");
}
