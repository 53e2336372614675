using System.Globalization;
using FsCheck;
using Functional.Testing;
using Functional.Tests.Properties.Training;
using LanguageExt;
using Xunit;

namespace Functional.Tests.Properties.Logs;

/// <summary>Every log says what metrics.jsonl says; none of them touches the run, whatever becomes of it.</summary>
public class LogLaws
{
    const LogKinds Files = LogKinds.Csv | LogKinds.TensorBoard;

    static readonly RunConfig logged = With(new() { Kinds = Files, NormsEvery = 2, HistogramsEvery = 3 });

    static RunConfig With(LogConfig logs, int accumulate = 2) => TinyRun.Config with { Logs = logs, Stage = TinyRun.Config.Stage with { Accumulate = accumulate } };

    static string Home(string run) => Path.Combine(run, "stages", "pretrain");

    static Vec<LogRecord> Told(string run) => TinyRun.Get(MetricsFile.Read(Path.Combine(Home(run), "metrics.jsonl"))).Map(static l => l.Record);

    static List<(string, long, float)> Scalars(string run) => EventReader.Scalars(EventReader.Read(Path.Combine(Home(run), "tensorboard")));

    static List<(string, long, float)> Scalars(Vec<LogRecord> records) => [.. records.SelectMany(static r => r.Numbers.Select(n => (n.Name, r.Step, (float)n.Value)))];

    // The rows of a CSV, each cell under its column's name; empty ones left out.
    static List<(string, long, string)> Cells(string file)
    {
        var lines = File.ReadAllLines(file).Select(static l => l.Split(',')).ToArray();
        Assert.All(lines, l => Assert.Equal(lines[0].Length, l.Length));
        return [.. lines.Skip(1).SelectMany(l => l.Skip(1).Select((cell, i) => (lines[0][i + 1], long.Parse(l[0], CultureInfo.InvariantCulture), cell)).Where(static c => c.cell.Length > 0))];
    }

    static SortedDictionary<string, byte[]> Weights(string run)
    {
        var files = TinyRun.Remains(run);
        files.Remove("metrics.jsonl");
        return files;
    }

    static RunResult Train(string folder, RunConfig config, Func<LogScene, Vec<(string Name, Func<ILog> Open)>>? more = null, IRunObserver? observer = null)
    {
        var data = TinyRun.Data(config);
        using var engine = new ReferenceEngine();
        using var session = TinyRun.Get(RunSession.Begin(folder, Recipe.Of(config), data, Disk.Real));
        return TinyRun.Get(Loop.Run(engine, session, observer, StillClock.Instance, more ?? (static _ => []), CancellationToken.None));
    }

    [Fact]
    public void Every_log_has_the_numbers_of_metrics()
    {
        using var scratch = new Scratch();
        Assert.Empty(Train(scratch["run"], logged).LogFaults);
        var told = Told(scratch["run"]);
        Assert.Equal(["step", .. LogRecord.Usual], File.ReadLines(Path.Combine(Home(scratch["run"]), "metrics.csv")).First().Split(',').Take(7));
        Assert.Equal(told.SelectMany(static r => r.Numbers.Select(n => (n.Name, r.Step, n.Value.ToString("R", CultureInfo.InvariantCulture)))), Cells(Path.Combine(Home(scratch["run"]), "metrics.csv")));
        Assert.Equal(Scalars(told), Scalars(scratch["run"]));
        // Seven steps, two measurements after the third and sixth and one at the end, three norms.
        Assert.Equal((7, 3, 3), (told.Count(static r => r is LogRecord.Stepped), told.Count(static r => r is LogRecord.Measured), told.Count(static r => r is LogRecord.Normed)));
        var events = EventReader.Read(Path.Combine(Home(scratch["run"]), "tensorboard"));
        Assert.Equal("brain.Event:2", events[0].Version);
        Assert.All(events.Skip(1), static e => Assert.Null(e.Version));
    }

    [Fact]
    public void TensorBoard_has_texts_settings_and_histograms()
    {
        using var scratch = new Scratch();
        Train(scratch["run"], logged);
        var values = EventReader.Read(Path.Combine(Home(scratch["run"]), "tensorboard")).SelectMany(static e => e.Values.Select(v => (e.Step, Value: v))).ToArray();
        var began = Assert.Single(values, static v => v.Value.Tag == "_hparams_/session_start_info").Value;
        Assert.Equal("hparams", began.Plugin);
        var settings = EventReader.HParams(began);
        Assert.Equal((1.0, 0.2, "cosine", true), (settings["layers"], settings["dropout"], settings["schedule"], settings["tied-head"] is bool));
        Assert.Equal("hparams", Assert.Single(values, static v => v.Value.Tag == "_hparams_/session_end_info").Value.Plugin);
        var samples = values.Where(static v => v.Value.Tag == "sample/text_summary").ToArray();
        Assert.Equal([2L, 4, 6], samples.Select(static s => s.Step));
        Assert.All(samples, static s => Assert.Equal(("text", 1), (s.Value.Plugin, s.Value.Texts.Count)));
        var story = TinyRun.Get(StoryLog.Read(Path.Combine(Home(scratch["run"]), StoryLog.FileName)));
        Assert.Equal(story.Select(static l => l.Written).OfType<string>().Select(static t => $"    {t.Replace("\n", "\n    ", StringComparison.Ordinal)}"), samples.Select(static s => s.Value.Texts[0]));
        var histograms = values.Where(static v => v.Value.Histogram is not null).ToArray();
        Assert.Equal([3L, 6], histograms.Select(static h => h.Step).Distinct());
        Assert.Contains("histogram/gradient/blocks.0", histograms.Select(static h => h.Value.Tag));
        Assert.All(histograms, static h =>
        {
            var (limits, counts) = (EventReader.Doubles(h.Value.Histogram!, 6), EventReader.Doubles(h.Value.Histogram!, 7));
            Assert.Equal(limits.Length, counts.Length);
            Assert.Equal(limits.Order(), limits);
            Assert.Equal((double)EventReader.One(h.Value.Histogram!, 3)!, counts.Sum());
        });
    }

    /// <summary>Looking changes nothing: the weights of a run are the same bits with all logs and with none, however its batches are made.</summary>
    [Theory, InlineData(1), InlineData(2)]
    public void Logs_do_not_touch_the_run(int accumulate)
    {
        using var scratch = new Scratch();
        Train(scratch["plain"], With(new(), accumulate));
        Train(scratch["logged"], With(logged.Logs, accumulate));
        Assert.Equal("", TinyRun.Differences(Weights(scratch["plain"]), Weights(scratch["logged"])));
        Assert.Equal(Scalars(Told(scratch["plain"])), Scalars([.. Told(scratch["logged"]).Where(static r => r is not LogRecord.Normed)]));
    }

    /// <summary>Killed at any operation of its disk and resumed: each log holds each step once, as if nobody had been killed.</summary>
    [Property(MaxTest = 25)]
    public void Killed_and_resumed_no_line_is_lost_or_doubled(byte at)
    {
        using var scratch = new Scratch();
        TinyRun.Get(TinyRun.Train(scratch["whole"], logged));
        var counting = new FailingDisk(-1, kill: true);
        TinyRun.Get(TinyRun.Train(scratch["counted"], logged, counting));
        var disk = new FailingDisk(at % counting.Done, kill: true);
        try { _ = TinyRun.Train(scratch["run"], logged, disk); }
        catch (KilledException) { }
        TinyRun.Get(TinyRun.Train(scratch["run"], logged));
        Assert.Equal(File.ReadAllText(Path.Combine(Home(scratch["whole"]), "metrics.csv")), File.ReadAllText(Path.Combine(Home(scratch["run"]), "metrics.csv")));
        Assert.Equal(Scalars(scratch["whole"]), Scalars(scratch["run"]));
        Assert.Equal(Texts(scratch["whole"]), Texts(scratch["run"]));

        static List<(long, string)> Texts(string run) => [.. TinyRun.Get(StoryLog.Read(Path.Combine(Home(run), StoryLog.FileName))).Where(static l => l.Written is not null).Select(static l => (l.Step, l.Written!))];
    }

    /// <summary>Logs may come and go when a run goes on: what was told before stands in them, too.</summary>
    [Fact]
    public void A_log_that_comes_later_has_what_was_told_before()
    {
        using var scratch = new Scratch();
        var plain = TinyRun.Config;
        TinyRun.Get(TinyRun.Train(scratch["run"], plain with { Stage = plain.Stage with { Steps = 4 } }));
        Assert.False(File.Exists(Path.Combine(Home(scratch["run"]), "metrics.csv")));
        Assert.False(Directory.Exists(Path.Combine(Home(scratch["run"]), "tensorboard")));
        TinyRun.Get(TinyRun.Train(scratch["run"], plain with { Stage = plain.Stage with { Steps = 6 }, Logs = new() { Kinds = Files } }));
        Assert.Equal(Scalars(Told(scratch["run"])), Scalars(scratch["run"]));
        Assert.Equal(Scalars(Told(scratch["run"])).Count, Cells(Path.Combine(Home(scratch["run"]), "metrics.csv")).Count);
        Assert.Equal([1L, 2, 3, 4, 5, 6], Told(scratch["run"]).OfType<LogRecord.Stepped>().Select(static s => s.Step));
    }

    /// <summary>A log that throws when it is opened, at any record or when it is closed changes no bit, is told once, and the others hear of everything.</summary>
    [Property(MaxTest = 40)]
    public void A_log_that_fails_changes_nothing(byte at, bool first)
    {
        using var scratch = new Scratch();
        Train(scratch["plain"], With(new()));
        var (heard, whole, told) = (new Recorder(), new Recorder(), new Teller());
        Train(scratch["whole"], With(new()), _ => [("recorder", () => whole)]);
        // Of the last records none: then it is closing that fails.
        var broken = new Broken(at % (whole.Records.Count + 2) - 1);
        Vec<(string, Func<ILog>)> pair = [("broken", () => broken.Opened()), ("recorder", () => heard)];
        var result = Train(scratch["run"], With(new()), _ => first ? pair : [pair[1], pair[0]], told);
        Assert.Equal("", TinyRun.Differences(TinyRun.Remains(scratch["plain"]), TinyRun.Remains(scratch["run"])));
        Assert.Equal(StopReason.Completed, result.Reason);
        Assert.Equal("broken: no more of it; the run goes on without it", Assert.Single(result.LogFaults).ToString());
        // What fails when it is closed, fails when the run is over.
        Assert.Equal(result.LogFaults, told.Faults);
        Assert.Equal(whole.Records.Select(static r => r.GetType()), heard.Records.Select(static r => r.GetType()));
        Assert.Null(result.WatchFailure);
        Assert.False(broken.ToldAgain, "a log that has failed is told no more");
    }

    /// <summary>No room, and no folder: the run's own files are unharmed, and it says which log it goes on without.</summary>
    [Theory, InlineData("csv"), InlineData("tensorboard"), InlineData("story")]
    public void A_file_that_cannot_be_written_ends_no_run(string which)
    {
        if (!OperatingSystem.IsLinux()) return;
        using var scratch = new Scratch();
        Train(scratch["plain"], With(new()));
        var told = new Teller { Before = session =>
        {
            // The folder is there by then, and no log is open yet.
            var home = session.Folder.Home;
            if (which == "csv") File.CreateSymbolicLink(Path.Combine(home, "metrics.csv"), "/dev/full");
            else File.WriteAllText(Path.Combine(home, which == "tensorboard" ? "tensorboard" : "story.jsonl.partial"), "");
            if (which == "story") { File.Delete(Path.Combine(home, "story.jsonl.partial")); Directory.CreateDirectory(Path.Combine(home, "story.jsonl")); }
        } };
        var result = Train(scratch["run"], With(new() { Kinds = Files }), observer: told);
        Assert.Equal("", TinyRun.Differences(TinyRun.Remains(scratch["plain"]), TinyRun.Remains(scratch["run"])));
        Assert.StartsWith(which switch { "csv" => "metrics.csv: No space left on device", "story" => "story.jsonl: ", _ => "tensorboard: " }, Assert.Single(result.LogFaults).ToString(), StringComparison.Ordinal);
        Assert.Equal(result.LogFaults, told.Faults);
        if (which != "csv") Assert.NotEmpty(Cells(Path.Combine(Home(scratch["run"]), "metrics.csv")));
        if (which != "tensorboard") Assert.Equal(Scalars(Told(scratch["run"])), Scalars(scratch["run"]));
    }

    /// <summary>A run that ended before its first step leaves a folder in which another may begin, whatever its logs have said.</summary>
    [Fact]
    public void A_run_without_a_step_leaves_nothing_to_lose()
    {
        using var scratch = new Scratch();
        var data = TinyRun.Data(logged);
        using (var session = TinyRun.Get(RunSession.Begin(scratch["run"], Recipe.Of(logged), data, Disk.Real)))
        using (var engine = new ReferenceEngine())
        using (var trainer = new Trainer(engine, data.Stage(session.Config)))
        using (RunLogs.Open(new(engine, session, trainer, RunState.Start(logged.Key), TimeProvider.System), RunLogs.Of(new(engine, session, trainer, RunState.Start(logged.Key), TimeProvider.System)), static _ => { }))
            Assert.True(File.Exists(Path.Combine(Home(scratch["run"]), "metrics.csv")));
        TinyRun.Get(RunSession.Begin(scratch["run"], Recipe.Of(logged), data, Disk.Real)).Dispose();
    }

    sealed class Recorder : ILog
    {
        public List<LogRecord> Records { get; } = [];
        public string Name => "recorder";
        public void Write(LogRecord record) => Records.Add(record);
        public void Dispose() { }
    }

    // −1 fails to open, n at its n-th record, and whoever has taken all at closing.
    sealed class Broken(int at) : ILog
    {
        int taken;
        bool broken;

        public string Name => "broken";

        public bool ToldAgain { get; private set; }

        public Broken Opened() => at < 0 ? throw new InvalidOperationException("no more of it") : this;

        public void Write(LogRecord record)
        {
            ToldAgain |= broken;
            if (taken++ != at) return;
            broken = true;
            throw new InvalidOperationException("no more of it");
        }

        public void Dispose()
        {
            if (!broken) throw new InvalidOperationException("no more of it");
        }
    }

    sealed class Teller : IRunObserver
    {
        public Action<RunSession>? Before { get; init; }
        public List<Fault> Faults { get; } = [];
        public void Began(RunSession session, Trainer trainer, RunState state) => Before?.Invoke(session);
        public void LogFailed(Fault fault) => Faults.Add(fault);
    }
}
