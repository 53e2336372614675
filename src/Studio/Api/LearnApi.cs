using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Functional.Base;
using Functional.Lessons;
using Functional.Server;

namespace Functional.Studio;

/// <summary>The lessons: what they are, what they write while they run, their pictures, and cases of their laws.</summary>
/// <param name="lessons">The lessons.</param>
/// <param name="most">How long one of them may run, or a law be looked at. Who leaves stops it sooner.</param>
sealed class LearnApi(Vec<Lesson> lessons, TimeSpan most)
{
    // Two at once leave the machine to others; who comes next waits.
    const int AtOnce = 2, UsualCases = 100;

    // The largest whole number that a page's script can count to.
    const long MostSeed = (1L << 53) - 1;

    readonly ConcurrentDictionary<(string, long, bool), Lazy<Task<string>>> drawn = new();

    /// <summary>All lessons, for two minutes each.</summary>
    public LearnApi()
        : this(Lesson.All, TimeSpan.FromMinutes(2))
    {
    }

    public IEnumerable<Route> Routes
    {
        get
        {
            var turns = new SemaphoreSlim(AtOnce);
            return
            [
                Route.Get("learn", call => call.Send(new JsonArray([.. lessons.Select(static l => (JsonNode)Brief(l))]))), Route.Get("learn/lesson", call => call.Send(Whole(Named(call.Needed("name"))))),
                Route.Get("learn/picture", Draw), Route.Post("learn/run", call => Run(call, turns)), Route.Post("learn/check", call => Check(call, turns)),
            ];
        }
    }

    Lesson Named(string name) => lessons.FirstOrDefault(l => l.Name == name) ?? throw new ApiException(404, $"name: there is no lesson {name}; there are {lessons[0].Name} to {lessons[^1].Name}", "name");

    static JsonObject Brief(Lesson lesson) => new() { ["name"] = lesson.Name, ["number"] = lesson.Number, ["title"] = lesson.Title, ["learns"] = lesson.Learns, ["seconds"] = lesson.Seconds };

    static JsonObject Whole(Lesson lesson)
    {
        var whole = Brief(lesson);
        whole["pictures"] = new JsonArray([.. lesson.Pictures.Select(static p => (JsonNode)new JsonObject { ["title"] = p.Title, ["caption"] = p.Caption })]);
        whole["laws"] = new JsonArray([.. lesson.Laws.Select(static l => (JsonNode)new JsonObject { ["name"] = l.Name, ["says"] = l.Says })]);
        whole["sources"] = new JsonArray([.. lesson.Sources.Select(static s => (JsonNode)new JsonObject { ["name"] = s.Name, ["text"] = s.Text })]);
        whole["most_cases"] = Law.MostCases;
        return whole;
    }

    // The same numbers make the same picture, so each is drawn once; some of them train for it.
    async Task Draw(Call call)
    {
        var lesson = Named(call.Needed("name"));
        if (!long.TryParse(call.Query("picture") ?? "0", System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var at) || at >= lesson.Pictures.Count)
            throw new ApiException(404, $"picture: {lesson.Name} has none of that number; allowed: 0 to {lesson.Pictures.Count - 1}", "picture");
        var narrow = call.Query("narrow") == "true";
        var svg = await drawn.GetOrAdd((lesson.Name, at, narrow), _ => new(() => Task.Run(() => lesson.Pictures[(int)at].Svg(narrow)))).Value.WaitAsync(call.Stop).ConfigureAwait(false);
        await call.Send(new JsonObject { ["svg"] = svg }).ConfigureAwait(false);
    }

    Task Run(Call call, SemaphoreSlim turns)
    {
        var lesson = Named(call.Text("name"));
        return Stream<string>(call, turns, async (channel, stop) => await lesson.RunAsync(new Pieces(channel), stop).ConfigureAwait(false), static pieces => new() { ["text"] = string.Concat(pieces) });
    }

    Task Check(Call call, SemaphoreSlim turns)
    {
        var lesson = Named(call.Text("name"));
        var name = call.Text("law");
        var (seed, cases) = (call.Body.Whole("seed", 0, MostSeed) ?? 1, call.Body.Whole("cases", 1, Law.MostCases) ?? UsualCases);
        call.Body.Check();
        var law = lesson.Laws.FirstOrDefault(l => l.Name == name)
            ?? throw new ApiException(404, $"law: {lesson.Name} has no law {name}; it has {string.Join(", ", lesson.Laws.Select(static l => l.Name))}", "law");
        // Of cases that hold only the last is told, however many came since; and the result stands behind all.
        return Stream<(int Held, LawResult? Result)>(call, turns,
            (channel, stop) => Task.FromResult(channel.TryWrite((0, law.Run((ulong)seed, (int)cases, held => channel.TryWrite((held, null)), stop)))),
            static told => told[^1] is { Result: { } result } ? new()
            {
                ["held"] = result.Held, ["cases"] = result.Cases, ["seed"] = (long)result.Seed, ["counterexample"] = result.Counterexample, ["says"] = $"{result}",
            } : new() { ["held"] = told[^1].Held });
    }

    // Whatever is at work tells a channel, and everything that has come since the last event is one event: a page that reads slowly gets fewer of them. It is over when
    // the work is; and the work is stopped, and waited for, when nobody is there any more.
    async Task Stream<T>(Call call, SemaphoreSlim turns, Func<ChannelWriter<T>, CancellationToken, Task> work, Func<IReadOnlyList<T>, JsonObject> told)
    {
        var events = EventStream.Begin(call.Context, call.Stop);
        await events.Open().ConfigureAwait(false);
        await turns.WaitAsync(call.Stop).ConfigureAwait(false);
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(call.Stop);
            limit.CancelAfter(most);
            var channel = Channel.CreateUnbounded<T>(new() { SingleReader = true });
            var working = Task.Run(async () =>
            {
                try
                {
                    await work(channel.Writer, limit.Token).ConfigureAwait(false);
                }
                finally
                {
                    channel.Writer.Complete();
                }
            }, CancellationToken.None);
            try
            {
                for (var came = new List<T>(); await channel.Reader.WaitToReadAsync(call.Stop).ConfigureAwait(false); came.Clear())
                {
                    while (channel.Reader.TryRead(out var one)) came.Add(one);
                    await events.Send(told(came)).ConfigureAwait(false);
                }
                await working.ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (limit.IsCancellationRequested && !call.Stop.IsCancellationRequested)
            {
                await events.Send(new ApiException(504, FormattableString.Invariant($"it took longer than {most.TotalSeconds:0} seconds, and was stopped"), null, "timeout").Body).ConfigureAwait(false);
            }
            catch (Exception e) when (Faulty.Of(e) is { } known)
            {
                await events.Send(known.Body).ConfigureAwait(false);
            }
            finally
            {
                await limit.CancelAsync().ConfigureAwait(false);
                await working.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        finally
        {
            turns.Release();
        }
        await events.Done().ConfigureAwait(false);
    }

    // What a lesson writes, as pieces. Lines end as everywhere on a page.
    sealed class Pieces : TextWriter
    {
        readonly ChannelWriter<string> channel;

        public Pieces(ChannelWriter<string> channel)
            : base(System.Globalization.CultureInfo.InvariantCulture) => (this.channel, NewLine) = (channel, "\n");

        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value) => channel.TryWrite($"{value}");

        public override void Write(string? value) => channel.TryWrite(value ?? "");

        public override void Write(char[] buffer, int index, int count) => channel.TryWrite(new(buffer, index, count));
    }
}
