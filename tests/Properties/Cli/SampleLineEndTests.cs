using Functional.Cli;

namespace Functional.Tests.Properties.Cli;

/// <summary>Line ends that a model writes, and those of its prompt, as <c>functional sample</c> shows them.</summary>
public sealed class SampleLineEndTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("functional-sample-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    string Run => Path.Combine(folder, "run");

    static async Task<string> Ran(bool live, params string[] args)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        Assert.True(await App.Run(args, new(output, error, live, 100)) == 0, error.ToString());
        return output.ToString();
    }

    async Task Train(string tokenizer)
    {
        var text = Path.Combine(folder, "text.txt");
        await File.WriteAllTextAsync(text, string.Concat(Enumerable.Repeat("ab\r\nba\r", 100)));
        await Ran(false, "train", "--out", Run, "--data", text, "--tokenizer", tokenizer, "--line-ends", "keep",
            "--layers", "1", "--heads", "1", "--width", "8", "--context", "8", "--batch", "4", "--steps", "80", "--lr", "0.03", "--eval-batches", "1",
                "--threads", "1");
    }

    [Theory]
    [InlineData("char")]
    [InlineData("byte")]
    public async Task A_terminal_shows_line_ends_and_a_file_gets_what_was_written(string tokenizer)
    {
        await Train(tokenizer);
        foreach (var prompt in (string[])["", "ab\r", "ab\r\n", "\r"])
        {
            string[] args = ["sample", "--run", Run, "--prompt", prompt, "--tokens", "200", "--temperature", "1"];
            var (file, shown) = (await Ran(false, args), await Ran(true, args));
            Assert.StartsWith(prompt, file, StringComparison.Ordinal);
            Assert.Matches("\r\n", file);
            Assert.Matches("\r[^\n]", file);
            // The last line end is the command's own.
            Assert.Equal(Show.Harmless(file[..^1]) + "\n", shown);
            Assert.DoesNotContain('\r', shown);
        }
    }

    /// <summary>The line feed of a CRLF may be the first that is written, after a prompt that ends in the return.</summary>
    [Fact]
    public async Task A_line_end_between_prompt_and_text_is_one()
    {
        await Train("char");
        string[] args = ["sample", "--run", Run, "--prompt", "ab\r", "--tokens", "20", "--temperature", "0"];
        Assert.StartsWith("ab\r\nba\r", await Ran(false, args), StringComparison.Ordinal);
        Assert.StartsWith("ab\nba\n", await Ran(true, args), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_prompt_alone_is_shown_the_same_way()
    {
        await Train("char");
        string[] args = ["sample", "--run", Run, "--prompt", "a\r\nb\ra", "--tokens", "0"];
        Assert.Equal("a\r\nb\ra\n", await Ran(false, args));
        Assert.Equal("a\nb\na\n", await Ran(true, args));
    }

    /// <summary>A terminal that cannot redraw lines is one all the same.</summary>
    [Fact]
    public async Task A_dumb_terminal_gets_no_return_either()
    {
        await Train("char");
        using var output = new StringWriter { NewLine = "\n" };
        await App.Run(["sample", "--run", Run, "--prompt", "a\r", "--tokens", "50"], new(output, TextWriter.Null, Live: false, 100) { IsTerminal = true });
        Assert.DoesNotContain('\r', output.ToString());
    }
}
