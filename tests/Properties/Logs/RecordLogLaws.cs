using System.Text;
using Functional.Tests.Properties.Training;
using LanguageExt;
using Xunit;

namespace Functional.Tests.Properties.Logs;

/// <summary>Logs by themselves, told records that a small run has none of.</summary>
public class RecordLogLaws
{
    static LogRecord Step(long step, params (string, float)[] shown) =>
        new LogRecord.Stepped(new(step, 1f / step, 0.1, 0.3f, 1.23456, 7) { Shown = shown.Length == 0 ? null : shown.ToParams(), PeakShare = step == 2 ? 0.25 : null });

    static List<(string, long, float)> Expected(params IEnumerable<LogRecord> records) => [.. records.SelectMany(static r => r.Numbers.Select(n => (n.Name, r.Step, (float)n.Value)))];

    /// <summary>A round that a checkpoint keeps is not written again when the run goes on, and still stands behind the restart.</summary>
    [Fact]
    public void A_round_that_is_kept_is_there_after_a_restart()
    {
        using var scratch = new Scratch();
        LogRecord[] first = [new LogRecord.RolledOut(1, Params.Of(("reward", 0.5f))), Step(1), Step(2, ("kl", 0.25f)), new LogRecord.RolledOut(3, Params.Of(("reward", 0.75f), ("even", float.NaN))), Step(3)];
        using (var log = new TensorBoardLog(scratch["tb"], 0, [], new Clock(1000)))
            foreach (var record in first) log.Write(record);
        // It goes on after the second step, with a clock that went back.
        LogRecord[] kept = [.. first[..4]], more = [Step(3), Step(4)];
        using (var log = new TensorBoardLog(scratch["tb"], 2, kept, new Clock(10)))
            foreach (var record in more) log.Write(record);
        Assert.Equal(Expected([.. kept, .. more]), EventReader.Scalars(EventReader.Read(scratch["tb"])));
        using (new TensorBoardLog(scratch["tb"], 4, [], new Clock(2000))) { }
        Assert.Equal(3, Directory.GetFiles(scratch["tb"]).Length);
        Assert.Equal(Expected([.. kept, .. more]), EventReader.Scalars(EventReader.Read(scratch["tb"])));
        // What each file says of the others.
        Assert.Equal([(1L, 3L), (1, 5)], EventReader.Read(scratch["tb"]).Where(static e => e.Session is not null).Select(static e => (e.Session!.Value, e.Step)));
    }

    /// <summary>Numbers that come later become columns at the end; what is no number stays empty; names with commas and quotes are cells.</summary>
    [Fact]
    public void A_csv_widens()
    {
        using var scratch = new Scratch();
        using (var log = new CsvLog(scratch["m.csv"], [Step(1)]))
            foreach (var record in (LogRecord[])[Step(2, ("a,\"b\"", 0.5f), ("nan", float.NaN)), new LogRecord.Written(2, "text"), new LogRecord.Measured(2, 0.1), new LogRecord.Normed(2, Params.Of(("gradient/x", 2f)))]) log.Write(record);
        Assert.Equal("""
            step,loss,lr,grad_norm,step_ms,tokens_per_second,val_loss,peak_share,"shown/a,""b""\",norm/gradient/x
            1,1,0.1,0.3,1.235,7,,,,
            2,0.5,0.1,0.3,1.235,7,,0.25,0.5,
            2,,,,,,0.1,,,
            2,,,,,,,,,2

            """.Replace("\\\"", "\"", StringComparison.Ordinal).ReplaceLineEndings("\n"), File.ReadAllText(scratch["m.csv"]));
    }

    /// <summary>The checksum is Castagnoli's, and a record is laid out as TFRecord's is.</summary>
    [Fact]
    public void A_record_is_framed()
    {
        Assert.Equal(0xe3069283, EventReader.Crc("123456789"u8));
        var record = TensorBoardEvents.Framed("abc"u8);
        Assert.Equal(16 + 3, record.Length);
        Assert.Equal((3ul, "abc"), (BitConverter.ToUInt64(record), Encoding.ASCII.GetString(record, 12, 3)));
        static uint Masked(ReadOnlySpan<byte> data) => EventReader.Crc(data) is var crc ? unchecked(((crc >> 15) | (crc << 17)) + 0xa282ead8u) : 0;
        Assert.Equal((Masked(record.AsSpan(0, 8)), Masked("abc"u8)), (BitConverter.ToUInt32(record, 8), BitConverter.ToUInt32(record, 15)));
    }

    /// <summary>Where steps take the time that the machine's peak allows, the share is 1; it reaches the lines of metrics.</summary>
    [Fact]
    public async Task The_share_of_the_peak_is_told_where_it_is_asked_for()
    {
        using var scratch = new Scratch();
        var config = TinyRun.Config with { Logs = new() { PeakShare = true }, Stage = TinyRun.Config.Stage with { Steps = 2, SampleEvery = 0 } };
        await Functional.Training.RunAsync(config, scratch["run"]);
        var lines = await Functional.Training.MetricsAsync(scratch["run"]);
        Assert.All(lines.Where(static l => l.Training is not null), static l => Assert.InRange(l.Training!.Value.PeakShare!.Value, 0, 2));
        await Functional.Training.RunAsync(config with { Logs = new() }, scratch["plain"]);
        Assert.All((await Functional.Training.MetricsAsync(scratch["plain"])).Where(static l => l.Training is not null), static l => Assert.Null(l.Training!.Value.PeakShare));
    }

    sealed class Clock(long seconds) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeSeconds(seconds);
    }
}
