using System.Text;
using Functional.Testing;
using Functional.Tests.Properties.Training;
using Xunit;

namespace Functional.Tests.Properties.Storage;

public class MetricsLaws
{
    static StepMetrics Line(long step) => new(step, 1f / step, 1e-3 / step, 2f / 3, 12.5, 1000);

    static void Write(string path, long from, long to)
    {
        using var file = TinyRun.Get(MetricsFile.Open(path, from - 1));
        for (var step = from; step <= to; step++)
        {
            TinyRun.Get(file.Append(Line(step)));
            if (step % 3 == 0) TinyRun.Get(file.AppendMeasured(step, 1.0 / step));
        }
        TinyRun.Get(file.Flush());
    }

    [Fact]
    public void Lines_are_those_that_people_were_promised()
    {
        using var scratch = new Scratch();
        Write(scratch["m"], 3, 3);
        Assert.Equal(
            "{\"step\":3,\"loss\":0.33333334,\"lr\":0.0003333333333333333,\"grad_norm\":0.6666667,\"step_ms\":12.5,\"tokens_per_second\":1000}\n{\"step\":3,\"val_loss\":0.3333333333333333}\n",
            File.ReadAllText(scratch["m"]));
    }

    [Property]
    public bool Going_on_after_any_step_gives_the_unbroken_lines(byte steps, byte crash, byte saved, ushort torn)
    {
        using var scratch = new Scratch();
        var total = 1 + steps % 12;
        var reached = 1 + crash % total;
        var resumed = saved % (reached + 1);
        Write(scratch["whole"], 1, total);
        Write(scratch["broken"], 1, reached);
        // The next line of the process that died, as much of it as was written.
        var next = Encoding.ASCII.GetBytes("{\"step\":4,\"loss\":0.25,\"lr\":1,\"grad_norm\":1,\"step_ms\":1,\"tokens_per_second\":1}");
        File.AppendAllBytes(scratch["broken"], next[..(torn % next.Length)]);
        Write(scratch["broken"], resumed + 1, total);
        return File.ReadAllBytes(scratch["broken"]).AsSpan().SequenceEqual(File.ReadAllBytes(scratch["whole"]));
    }

    /// <summary>Whoever reads on sees what whoever reads all sees, whatever happens to the file: it grows, by whole lines and by pieces of some; is put back to an earlier step; goes and comes.</summary>
    [Property]
    public bool Reading_on_is_reading_all(byte[] events)
    {
        using var scratch = new Scratch();
        var (tail, told) = (new MetricsTail(scratch["m"]), 0);
        return events.All(e =>
        {
            var text = File.Exists(scratch["m"]) ? File.ReadAllText(scratch["m"]) : "";
            // No two steps take the same time.
            var line = $"{{\"step\":{told % 7},\"loss\":1,\"lr\":1,\"grad_norm\":1,\"step_ms\":{++told},\"tokens_per_second\":1}}\n";
            switch (e % 8)
            {
                case 0: File.AppendAllText(scratch["m"], $"no line {told}\n"); break;
                case 1: File.AppendAllText(scratch["m"], line[..(e % line.Length)]); break;
                case 2: File.WriteAllText(scratch["new"], text[..(text.Length * e / 256)] + line); File.Move(scratch["new"], scratch["m"], overwrite: true); break;
                case 3: File.Delete(scratch["m"]); break;
                case 4: File.AppendAllText(scratch["m"], new string('x', 70_000)); break;
                default: File.AppendAllText(scratch["m"], string.Concat(Enumerable.Repeat(line, 1 + e % 3))); break;
            }
            if (e % 5 == 0) return true;
            var (on, all) = (TinyRun.Get(tail.Read()), TinyRun.Get(new MetricsTail(scratch["m"]).Read()));
            var now = File.Exists(scratch["m"]) ? File.ReadAllText(scratch["m"]) : "";
            foreach (var name in all.Names) Assert.Equal(all.Lines.SelectMany(l => l.Record.Numbers.Where(n => n.Name == name).Select(n => ((double)l.Step, n.Value))), on.Series(name));
            return on.Names == all.Names && on.Lines == all.Lines && on.Broken == all.Broken && on.Lines.Count + on.Broken == now.Count(static c => c == '\n') && on.Lines.Count == now.Split('\n')[..^1].Count(static l => l.StartsWith('{') && l.EndsWith('}') && l.Count(static c => c == '{') == 1);
        });
    }

    /// <summary>What was told of a file stays as it was when that has grown, also where it is asked for only then.</summary>
    [Property]
    public bool A_table_stays_as_it_was(byte first, byte more)
    {
        using var scratch = new Scratch();
        var (before, after) = (1 + first % 9, 1 + more % 9);
        Write(scratch["m"], 1, before);
        var tail = new MetricsTail(scratch["m"]);
        var then = TinyRun.Get(tail.Read());
        Write(scratch["m"], before + 1, before + after);
        var now = TinyRun.Get(tail.Read());
        return then.Series("loss").Count == before && now.Series("loss").Count == before + after && then.Series("loss").SequenceEqual(now.Series("loss").Take(before));
    }

    [Property]
    public bool Bytes_that_are_no_lines_are_left_out(byte[] junk)
    {
        using var scratch = new Scratch();
        File.WriteAllBytes(scratch["m"], [.. "{\"step\":1,\"val_loss\":2}\n"u8, .. junk, (byte)'\n']);
        Write(scratch["m"], 2, 2);
        var lines = TinyRun.Get(MetricsFile.Read(scratch["m"]));
        return lines[0] == new MetricsLine(1, null, 2) && lines[^1] == new MetricsLine(2, Line(2), null)
            && !File.ReadAllBytes(scratch["m"]).AsSpan().ContainsAnyExceptInRange((byte)'\n', (byte)'}');
    }

    [Fact]
    public void Reading_gives_back_the_numbers()
    {
        using var scratch = new Scratch();
        Write(scratch["m"], 1, 7);
        var lines = TinyRun.Get(MetricsFile.Read(scratch["m"]));
        Assert.Equal(Enumerable.Range(1, 7).Select(static s => Line(s)), lines.Select(static l => l.Training).OfType<StepMetrics>());
        Assert.Equal([1.0 / 3, 1.0 / 6], lines.Select(static l => l.ValidationLoss).OfType<double>());
    }
}
