using FsCheck;
using Functional.Cli;

namespace Functional.Tests.Properties.Cli;

/// <summary>What is drawn stays where it belongs, whatever the numbers are.</summary>
public sealed class TerminalLaws
{
    [Property]
    public void A_curve_has_its_height_and_never_more_than_its_width((int Step, double Loss)[] losses, (int Step, double Loss)[] evaluations, PositiveInt width)
    {
        var columns = 20 + width.Get;
        var text = LossCurve.Draw([.. losses.Select(static l => ((long)Math.Abs(l.Step % 100_000), l.Loss))],
            [.. evaluations.Select(static l => ((long)Math.Abs(l.Step % 100_000), l.Loss))], columns, 6);
        if (losses.Concat(evaluations).All(static l => !double.IsFinite(l.Loss))) Assert.Empty(text);
        else
        {
            var lines = text.Split('\n');
            Assert.Equal(6 + 2 + 1, lines.Length);
            Assert.All(lines[..^2], line => Assert.True(line.Length <= columns, line));
        }
    }

    [Fact]
    public void A_falling_loss_is_a_falling_line()
    {
        var text = LossCurve.Draw([.. Enumerable.Range(0, 200).Select(static i => ((long)i, 2.0 - i / 200.0))], [(199, 1.0)], 40, 4).Split('\n');
        int First(int line) => text[line][9..].TakeWhile(static c => c == ' ').Count();
        Assert.True(First(0) < First(1) && First(1) < First(2) && First(2) < First(3));
        Assert.EndsWith("o", text[3], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "0 s")]
    [InlineData(0.25, "250 ms")]
    [InlineData(3.14, "3.1 s")]
    [InlineData(59, "59 s")]
    [InlineData(59.6, "1 min 0 s")]
    [InlineData(119.7, "2 min 0 s")]
    [InlineData(3599.7, "1 h 0 min")]
    [InlineData(7170, "2 h 0 min")]
    [InlineData(112, "1 min 52 s")]
    [InlineData(11220, "3 h 7 min")]
    [InlineData(260000, "3.0 days")]
    public void Durations_read_well(double seconds, string text) => Assert.Equal(text, Show.Duration(seconds));

    [Theory]
    [InlineData(0, "0 bytes")]
    [InlineData(1023, "1023 bytes")]
    [InlineData(1024, "1.00 KiB")]
    [InlineData(1536 * 1024, "1.50 MiB")]
    public void Bytes_read_well(double bytes, string text) => Assert.Equal(text, Show.Bytes(bytes));

    [Property]
    public void Text_for_a_terminal_keeps_everything_but_control_characters(NonNull<string> text)
    {
        var shown = Show.Harmless(text.Get + "\u001b[2J\u009b\a\n\té☃");
        Assert.EndsWith("\uFFFD[2J\uFFFD\uFFFD\n\té☃", shown, StringComparison.Ordinal);
        Assert.DoesNotContain(shown, static c => char.IsControl(c) && c is not ('\n' or '\t'));
    }

    [Fact]
    public async Task A_prompt_that_never_ends_is_refused()
    {
        using StringWriter output = new(), error = new();
        Assert.Equal(1, await App.Run(["sample", "--run", "none", "--prompt-file", "-"],
            new(output, error, Live: false, Width: 100) { In = static () => new Endless() }));
        Assert.Equal("error: --prompt-file: never ends, or nearly so; allowed: up to 10,000,000 characters from standard input", error.ToString().TrimEnd());
    }

    sealed class Endless : TextReader
    {
        public override int Read(char[] buffer, int index, int count) => count;
    }

    /// <summary>What a user typed or a file says comes back in an error, but moves no cursor.</summary>
    [Theory]
    [InlineData("train", "--steps", "\u001b[31m5")]
    [InlineData("train", "--data", "\u001b]0;a\u0007")]
    [InlineData("eval", "--run", "\u001b[2J")]
    [InlineData("\u001b[2J")]
    [InlineData("train", "--\u001b[2J")]
    public async Task No_error_moves_a_cursor(params string[] args)
    {
        using StringWriter output = new(), error = new();
        Assert.NotEqual(0, await App.Run(args, new(output, error, Live: false, Width: 100)));
        Assert.Contains("\uFFFD", error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(error.ToString(), static c => char.IsControl(c) && c is not ('\n' or '\t' or '\r'));
    }

    /// <summary>Line ends of every kind show as line ends, also where a piece ends between CR and LF; a raw CR would let a line be written over.</summary>
    [Property(MaxTest = 300)]
    public void Line_ends_show_as_line_ends_in_any_pieces(byte[] raw, byte[] cuts)
    {
        var text = string.Concat(raw.Select(static b => "\r\n\r\na\u001b"[b % 6]));
        var (lines, shown, at) = (LineEndStream.Start(LineEnds.Lf), "", 0);
        foreach (var cut in cuts.Select(c => c % (text.Length + 1)).Append(text.Length).Order())
        {
            (var piece, lines) = Show.Harmless(text[at..cut], lines);
            (shown, at) = (shown + piece, cut);
        }
        Assert.Equal(text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n').Replace('\u001b', '\uFFFD'), shown);
        Assert.Equal(shown, Show.Harmless(text));
    }

    [Fact]
    public void A_text_of_several_lines_is_set_off_on_each() =>
        Assert.Equal("  │ a\n  │ b\n  │ \n  │ c", TrainText.Indented("a\r\nb\r\rc\r\n"));

    /// <summary>While a bar is drawn, what is said about a signal is drawn above it, and not over it.</summary>
    [Fact]
    public async Task What_is_said_while_a_bar_moves_goes_through_the_bar()
    {
        var said = new List<string>();
        using var interruption = new Interruption(said.Add);
        using var output = new StringWriter();
        await LiveView.Run(new(output, TextWriter.Null, Live: true, 80), interruption, _ =>
        {
            interruption.Say("stopping");
            return Task.CompletedTask;
        });
        Assert.Contains("stopping", output.ToString(), StringComparison.Ordinal);
        Assert.Empty(said);
        interruption.Say("again");
        Assert.Equal(["again"], said);
    }

    [Fact]
    public void Whatever_cannot_be_written_is_told_once()
    {
        List<string> told = [];
        using var writer = new ForgivingWriter(new Broken(), e => told.Add(e.Message));
        foreach (var write in (Action[])[writer.Flush, () => writer.Write('a'), () => writer.Write("a"), () => writer.Write(['a', 'b'], 0, 2), () =>
            writer.Write("ab".AsSpan()), () => writer.WriteLine("a"), writer.WriteLine, writer.Flush])
            write();
        Assert.Equal(["flush"], told);
        using var silent = new ForgivingWriter(new Broken());
        silent.WriteLine("a");
    }

    sealed class Broken : TextWriter
    {
        public override System.Text.Encoding Encoding => System.Text.Encoding.UTF8;

        public override void Write(char value) => throw new IOException("write");

        public override void Flush() => throw new IOException("flush");
    }

    /// <summary>Each option of an engine reaches the engine.</summary>
    [Theory]
    [InlineData("engine", "managed")]
    [InlineData("device", "cpu")]
    [InlineData("precision", "bf16")]
    [InlineData("threads", "3")]
    public void An_option_of_an_engine_is_what_is_asked_for(string name, string value)
    {
        var asked = EngineFlags.Asked(new(new Dictionary<string, string> { [$"--{name}"] = value })).OrThrow();
        var config = new RunConfig();
        Assert.Equal(RunConfig.Field(name)!.Set(config, value)!.Execution, asked);
        Assert.NotEqual(config.Execution, asked);
    }

    [Property]
    public void A_number_never_shows_as_a_thousand_of_a_unit(PositiveInt n) => Assert.DoesNotMatch(@"^\d{4}", Show.Short(n.Get));
}
