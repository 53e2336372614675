using System.Net;
using System.Text.RegularExpressions;

namespace Functional.Tests.Snapshots.Cli;

/// <summary>What is told of runs, from files whose numbers are fixed.</summary>
public sealed class RunReportSnapshots : IDisposable
{
    readonly Shell shell = new();

    public void Dispose() => shell.Dispose();

    // A run as the command makes it, with numbers and a story that are the same on every machine.
    async Task<string> Run(string name, double shift, params string[] settings)
    {
        var (folder, text) = (shell[name], shell.File("text.txt", string.Concat(Enumerable.Repeat("to be or not to be, that is the question.\n", 20))));
        var (code, said) = await Shell.Quietly(["train", "--out", folder, "--data", text, "--layers", "1", "--heads", "1", .. settings.Contains("--width") ? Array.Empty<string>() : ["--width", "4"], "--context", "4", "--batch", "2", "--steps", "3", "--eval-every", "2", "--threads", "1", .. settings]);
        Assert.True(code == 0, said);
        var home = Path.Combine(folder, "stages", "pretrain");
        File.WriteAllText(Path.Combine(home, "metrics.jsonl"), string.Concat(Enumerable.Range(1, 3).Select(step => FormattableString.Invariant($$"""
            {"step":{{step}},"loss":{{3.5 - step + shift:R}},"lr":0.001,"grad_norm":{{1.5 / step:R}},"step_ms":{{250 * step}},"tokens_per_second":{{32 / step}}}

            """) + (step < 2 ? "" : FormattableString.Invariant($$"""
            {"step":{{step}},"val_loss":{{3.25 - step / 4.0 + shift:R}}}

            """)))) + "torn {\n");
        File.WriteAllText(Path.Combine(home, "story.jsonl"), """
            {"step":0,"time":"2026-01-31T12:00:00Z","began":{"parameters":"1234567","train_tokens":"756","validation_tokens":"84","bytes_per_token":"1","data":"text.txt","engine":"managed","device":"cpu","processor":"a processor","processors":"8","system":"a system","runtime":".NET 10","version":"1.0.0"}}
            {"step":2,"time":"2026-01-31T12:00:01Z","written":"to be <or> \u202enot"}
            {"step":3,"time":"2026-01-31T12:00:02Z","ended":"completed"}

            """);
        return folder;
    }

    [Fact]
    public async Task A_report_says()
    {
        var (code, said) = await Shell.Quietly("report", await Run("poems", 0, "--lr", "0.002"), "--out", shell["page.html"], "--no-model");
        Assert.True(code == 0, said);
        var page = await File.ReadAllTextAsync(shell["page.html"]);
        // What a person reads: pictures by their titles, everything else line by line.
        var shown = Regex.Replace(page, "<style>.*?</style>", "", RegexOptions.Singleline);
        shown = Regex.Replace(shown, "<svg.*?</svg>", static svg => "[picture: " + string.Join(' ', Regex.Matches(svg.Value, ">([^<>\\n]*[a-z]{3}[^<>\\n]*)</text>").Select(static t => t.Groups[1].Value)) + "]", RegexOptions.Singleline);
        shown = WebUtility.HtmlDecode(Regex.Replace(Regex.Replace(shown, "</t[dh]><t[dh][^>]*>", " | "), "<[^>]*>", "\n"));
        await Verify(Regex.Replace(shown, "\n{2,}", "\n").Replace(shell.Folder, "DIR", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Runs_are_compared()
    {
        string[] runs = [await Run("one", 0), await Run("two", 0.125, "--seed", "2"), await Run("three", -0.125, "--seed", "3"), await Run("wide", 0.5, "--width", "8")];
        await shell.Run(["compare", .. runs]);
        await shell.Run("compare", runs[0], runs[1], "--json");
        await shell.Run("compare", runs[0], runs[0]);
        await shell.Run("compare", runs[0]);
        await shell.Run("compare", runs[0], shell["nowhere"]);
        await shell.Run("compare", runs[0], runs[1], "--stage", "sft");
        await shell.Run("report", shell["nowhere"]);
        await shell.Run("report", runs[0], "--out", shell["nowhere/page.html"], "--no-model");
        await shell.Run("attention", runs[0], "--text", "to be", "--out", shell["a.png"]);
        await shell.Run("attention", runs[0], "--text", "to be", "--out", shell["a.svg"], "--layer", "1");
        await shell.Run("attention", runs[0], "--text", "Ω", "--out", shell["a.svg"]);
        await shell.Run("train", "--logs", "wandb");
        await shell.Run("train", "--logs", "csv", "--otlp-endpoint", "localhost:4318", "--norms-every", "-1");
        await Verify(shell.Log);
    }
}
