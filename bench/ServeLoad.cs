using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Functional.Server;

namespace Functional.Bench;

/// <summary>
/// A server of a run under load, over loopback, with its clients in the same process: from start to ready; the first token beside the bare decoder; one client beside 32 that
/// stream at once; and a thousand requests of which a third leaves in the middle, with what memory and handles come to.
/// </summary>
static class ServeLoad
{
    const int Clients = 32, Tokens = 128, Soak = 1000;

    public static async Task Run(string run)
    {
        var clock = Stopwatch.StartNew();
        await using var server = await ModelServer.StartAsync(new() { Runs = [new("model", run)], Port = 0, Host = new() { Rows = Clients }, MostTokens = 1_000_000 });
        await server.Loaded;
        Say("ready", ("milliseconds", clock.Elapsed.TotalMilliseconds));
        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 256 }) { BaseAddress = new(server.Address), Timeout = Timeout.InfiniteTimeSpan };
        // Programs for each number of rows are compiled when they are first asked for.
        for (var rows = 1; rows <= Clients; rows *= 2) await Task.WhenAll(Enumerable.Range(0, rows).Select(_ => Stream(http, 16)));

        using (var model = await LanguageModel.LoadAsync(run))
        {
            var (bare, served) = (new List<double>(), new List<double>());
            for (var i = 0; i < 21; i++)
            {
                var start = Stopwatch.GetTimestamp();
                await foreach (var _ in model.GenerateAsync("The ", new() { Tokens = 8 })) break;
                bare.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                served.Add((await Stream(http, 8)).First);
            }
            Say("first token", ("bare_ms", Median(bare)), ("served_ms", Median(served)));
        }
        for (var turn = 0; turn < 5; turn++)
        {
            var one = await Stream(http, Tokens * 4);
            var start = Stopwatch.GetTimestamp();
            var all = await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => Stream(http, Tokens)));
            var together = Clients * Tokens / Stopwatch.GetElapsedTime(start).TotalSeconds;
            Say("streams", ("one", Tokens * 4 / one.Whole * 1e3), ("all", together), ("times", together / (Tokens * 4 / one.Whole * 1e3)), ("longest_to_mean", all.Max(static a => a.Whole) / all.Average(static a => a.Whole)),
                ("longest_first_to_mean", all.Max(static a => a.First) / all.Average(static a => a.First)));
        }
        using (var model = await LanguageModel.LoadAsync(run))
        {
            await using var host = new ModelHost(model, new() { Rows = Clients });
            async Task Write(int seed, int tokens)
            {
                await foreach (var _ in (await host.CompleteAsync("The ", new() { Tokens = tokens, Seed = seed })).Pieces) { }
            }
            for (var rows = 1; rows <= Clients; rows *= 2) await Task.WhenAll(Enumerable.Range(0, rows).Select(i => Write(i, 16)));
            for (var turn = 0; turn < 3; turn++)
            {
                var start = Stopwatch.GetTimestamp();
                await Write(1, Tokens * 4);
                var one = Tokens * 4 / Stopwatch.GetElapsedTime(start).TotalSeconds;
                start = Stopwatch.GetTimestamp();
                await Task.WhenAll(Enumerable.Range(0, Clients).Select(i => Write(i, Tokens)));
                Say("without HTTP", ("one", one), ("all", Clients * Tokens / Stopwatch.GetElapsedTime(start).TotalSeconds));
            }
        }
        foreach (var part in Enumerable.Range(0, 4))
        {
            await Parallel.ForEachAsync(Enumerable.Range(0, Soak / 4), new ParallelOptions { MaxDegreeOfParallelism = 48 }, async (i, stop) =>
            {
                if (i % 3 != 0) await Stream(http, 32);
                else await Stream(http, 4096, leaves: true);
            });
            // Clients that leave read on for two seconds, to keep their connections.
            await Task.Delay(TimeSpan.FromSeconds(3));
            GC.Collect();
            using var process = Process.GetCurrentProcess();
            var text = await http.GetStringAsync(new Uri("/metrics", UriKind.Relative));
            Say($"after {(part + 1) * Soak / 4} requests", ("resident_mb", process.WorkingSet64 / 1e6), ("managed_mb", GC.GetTotalMemory(true) / 1e6), ("handles", Directory.Exists("/proc/self/fd") ? Directory.GetFiles("/proc/self/fd").Length : process.HandleCount),
                ("threads", process.Threads.Count), ("writing", Metric(text, "functional_writing")), ("waiting", Metric(text, "functional_waiting")));
        }
    }

    static async Task<(double First, double Whole)> Stream(HttpClient http, int tokens, bool leaves = false)
    {
        var start = Stopwatch.GetTimestamp();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/completions")
        {
            Content = new StringContent(JsonSerializer.Serialize(new { prompt = "The ", max_tokens = tokens, stream = true, seed = 1, temperature = 0.8 }), Encoding.UTF8, "application/json"),
        };
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        answer.EnsureSuccessStatusCode();
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync());
        var first = 0.0;
        for (var seen = 0; await lines.ReadLineAsync() is { } line;)
        {
            if (!line.StartsWith("data: {", StringComparison.Ordinal)) continue;
            if (seen++ == 0) first = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            if (leaves && seen == 10) break;
        }
        return (first, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }

    static double Median(List<double> times) => times.Order().ElementAt(times.Count / 2);

    static double Metric(string text, string name) => text.Split('\n').Where(line => line.StartsWith(name + "{", StringComparison.Ordinal)).Sum(static line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));

    static void Say(string what, params ReadOnlySpan<(string Name, double Value)> numbers)
    {
        var text = new StringBuilder($"{{\"what\":\"{what}\"");
        foreach (var (name, value) in numbers) text.Append(CultureInfo.InvariantCulture, $",\"{name}\":{value:0.###}");
        Console.WriteLine(text.Append('}'));
    }
}
