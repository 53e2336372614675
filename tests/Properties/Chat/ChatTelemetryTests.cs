using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Functional.Chat;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;

namespace Functional.Tests.Properties.Chat;

/// <summary>What loggers, meters and activities see of a request, by a name of the test's own, since others ask at the same time.</summary>
public sealed class ChatTelemetryTests(ChatRuns runs) : IClassFixture<ChatRuns>
{
    static readonly ChatMessage[] question = [new(ChatRole.User, "secret ab?")];

    static (MeterListener Listener, ConcurrentQueue<(string Name, double Value, Dictionary<string, object?> Tags)> Seen) Listen(string model)
    {
        var seen = new ConcurrentQueue<(string, double, Dictionary<string, object?>)>();
        var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Meter.Name == "Functional") listener.EnableMeasurementEvents(instrument);
            },
        };
        void See(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var all = tags.ToArray().ToDictionary();
            if (all.TryGetValue("gen_ai.request.model", out var name) && (string?)name == model) seen.Enqueue(($"{instrument.Name} {instrument.Unit}", value, all));
        }

        listener.SetMeasurementEventCallback<double>((i, v, t, _) => See(i, v, t));
        listener.SetMeasurementEventCallback<long>((i, v, t, _) => See(i, v, t));
        listener.Start();
        return (listener, seen);
    }

    /// <summary>How long it took, when the first token came, and tokens of both kinds; of a failure how long, and of what kind.</summary>
    [Fact]
    public async Task Meters()
    {
        using var client = new ChatClient(runs.Host, new() { ModelId = "metered" });
        var (listener, seen) = Listen("metered");
        using (listener)
        {
            var response = await client.GetResponseAsync(question, ChatRuns.Options);
            Assert.Equal(["gen_ai.client.operation.duration s", "gen_ai.client.token.usage {token}", "gen_ai.client.token.usage {token}", "gen_ai.server.time_to_first_token s"], seen.Select(static s => s.Name).Order());
            Assert.All(seen, static s => Assert.Equal(("chat", "functional", "metered", false), (s.Tags["gen_ai.operation.name"], s.Tags["gen_ai.provider.name"], s.Tags["gen_ai.response.model"], s.Tags.ContainsKey("error.type"))));
            double Of(string name, string? type = null) => seen.Single(s => s.Name.StartsWith(name, StringComparison.Ordinal) && (type is null || type == (string?)s.Tags["gen_ai.token.type"])).Value;
            Assert.Equal((response.Usage!.InputTokenCount, response.Usage.OutputTokenCount), ((long)Of("gen_ai.client.token", "input"), (long)Of("gen_ai.client.token", "output")));
            Assert.InRange(Of("gen_ai.server"), 0, Of("gen_ai.client.operation"));
            seen.Clear();
            await Assert.ThrowsAsync<FunctionalException>(() => client.GetResponseAsync([]));
            Assert.Equal(("gen_ai.client.operation.duration s", "Functional.FunctionalException"), (Assert.Single(seen).Name, seen.Single().Tags["error.type"]));
            seen.Clear();
            using var generator = new EmbeddingGenerator(runs.Model, new() { ModelId = "metered" });
            await generator.GenerateAsync(["abc"]);
            Assert.Equal([("gen_ai.client.operation.duration s", "embeddings"), ("gen_ai.client.token.usage {token}", "embeddings")], seen.Select(static s => (s.Name, (string)s.Tags["gen_ai.operation.name"]!)).Order());
        }
    }

    /// <summary>An activity a request, with what was asked and what it took; what goes on between two pieces is not within it.</summary>
    [Fact]
    public async Task Activities()
    {
        var stopped = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name == "Functional", Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                if (activity.OperationName.EndsWith(" traced", StringComparison.Ordinal)) stopped.Enqueue(activity);
            },
        };
        ActivitySource.AddActivityListener(listener);
        using var outer = new Activity("outer").Start();
        using var client = new ChatClient(runs.Host, new() { ModelId = "traced" });
        var options = ChatRuns.Options;
        (options.StopSequences, options.ResponseFormat) = (["zz"], ChatResponseFormat.Text);
        await foreach (var _ in client.GetStreamingResponseAsync(question, options)) Assert.Same(outer, Activity.Current);
        var one = Assert.Single(stopped);
        Assert.Equal(("chat traced", outer.SpanId, ActivityStatusCode.Unset), (one.DisplayName, one.ParentSpanId, one.Status));
        Assert.Equal(("chat", "functional", "traced", 1.2f, 3L, 24, "text", 24L), (one.GetTagItem("gen_ai.operation.name"), one.GetTagItem("gen_ai.provider.name"), one.GetTagItem("gen_ai.request.model"),
            one.GetTagItem("gen_ai.request.temperature"), one.GetTagItem("gen_ai.request.seed"), one.GetTagItem("gen_ai.request.max_tokens"), one.GetTagItem("gen_ai.output.type"), one.GetTagItem("gen_ai.usage.output_tokens")));
        Assert.Equal(["length"], Assert.IsType<string[]>(one.GetTagItem("gen_ai.response.finish_reasons")));
        Assert.Equal(["zz"], Assert.IsType<string[]>(one.GetTagItem("gen_ai.request.stop_sequences")));
        Assert.DoesNotContain(one.TagObjects, static t => t.Value is string text && text.Contains("secret", StringComparison.Ordinal));
        stopped.Clear();
        await Assert.ThrowsAsync<FunctionalException>(() => client.GetResponseAsync(question, new() { Temperature = -1 }));
        Assert.Equal(("Functional.FunctionalException", ActivityStatusCode.Error), (Assert.Single(stopped).GetTagItem("error.type"), stopped.Single().Status));
        stopped.Clear();
        await foreach (var _ in client.GetStreamingResponseAsync(question, options)) break;
        Assert.Single(stopped);
        using var generator = new EmbeddingGenerator(runs.Model, new() { ModelId = "traced" });
        await generator.GenerateAsync(["abc"]);
        Assert.Equal("embeddings traced", stopped.Last().DisplayName);
        Assert.Same(outer, Activity.Current);
    }

    /// <summary>Counts at Debug, failures at Warning; what is said is told to nobody, unless a program wants it.</summary>
    [Fact]
    public async Task Logs()
    {
        foreach (var sensitive in (bool[])[false, true])
        {
            var logger = new ToldLogger();
            using var client = new ChatClient(runs.Host, new() { ModelId = "logged", LoggerFactory = logger, EnableSensitiveData = sensitive });
            var response = await client.GetResponseAsync(question, new() { MaxOutputTokens = 9, AdditionalProperties = new() { ["regex"] = "[hush]{9}" } });
            Assert.Equal(9, response.Text.Length);
            var debug = logger.All.Where(static l => l.Level == LogLevel.Debug).Select(static l => l.Text).ToArray();
            Assert.Equal("chat logged begins: 1 messages or texts", debug[0]);
            Assert.StartsWith($"chat logged ends: {response.Usage!.InputTokenCount} tokens read, 9 written, stop, in ", debug[1], StringComparison.Ordinal);
            await Assert.ThrowsAsync<FunctionalException>(() => client.GetResponseAsync(question, new() { ModelId = "secret" }));
            using (var generator = new EmbeddingGenerator(runs.Model, new() { ModelId = "logged", LoggerFactory = logger, EnableSensitiveData = sensitive })) await generator.GenerateAsync(["secret"]);
            var warning = Assert.Single(logger.All, static l => l.Level == LogLevel.Warning);
            Assert.Equal(("chat logged fails: Functional.FunctionalException ModelId", sensitive), (warning.Text, warning.Exception is not null));
            await foreach (var _ in client.GetStreamingResponseAsync(question, ChatRuns.Options)) break;
            Assert.Contains(logger.All, static l => l.Level == LogLevel.Debug && l.Text.Contains("is given up", StringComparison.Ordinal));
            Assert.Equal(sensitive, logger.All.Any(l => l.Text.Contains("secret", StringComparison.Ordinal) || l.Text.Contains(response.Text, StringComparison.Ordinal)));
            Assert.All(logger.All, l => Assert.True(l.Level != LogLevel.Trace || sensitive));
        }
    }
}
