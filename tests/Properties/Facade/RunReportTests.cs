using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using FsCheck;
using Functional.Testing;
using Functional.Tests.Properties.Training;
using LanguageExt;
using Xunit;

namespace Functional.Tests.Properties.Facade;

/// <summary>Pages and comparisons say what the files say, of any run, and nothing in a run becomes a part of the page.</summary>
public class RunReportTests
{
    static string Train(string folder, RunConfig? config = null, IRunObserver? observer = null, CancellationToken stop = default)
    {
        TinyRun.Get(TinyRun.Train(folder, config ?? TinyRun.Config, observer: observer, stop: stop));
        return folder;
    }

    static string Home(string run) => Path.Combine(run, "stages", "pretrain");

    // Nothing is fetched and nothing runs, and every picture is one.
    static string Sound(string page)
    {
        Assert.DoesNotMatch("<script|<link|<img|<iframe|\\bon[a-z]+\\s*=|\\bsrc\\s*=|\\bhref\\s*=|@import|url\\((?!#)", Regex.Replace(page, "<pre>.*?</pre>", "", RegexOptions.Singleline));
        Assert.All(Regex.Matches(page, "https?://[^\"< ]*").Select(static m => m.Value), static address => Assert.StartsWith("http://www.w3.org/", address, StringComparison.Ordinal));
        foreach (Match svg in Regex.Matches(page, "<svg .*?</svg>", RegexOptions.Singleline)) Assert.NotNull(XElement.Parse(svg.Value).Attribute("viewBox"));
        return page;
    }

    [Fact]
    public async Task A_report_has_the_numbers_of_its_run()
    {
        using var scratch = new Scratch();
        var run = Train(scratch["poems"], TinyRun.Config with { Logs = new() { NormsEvery = 2 } });
        var page = Sound(await RunReport.HtmlAsync(run));
        var lines = TinyRun.Get(MetricsFile.Read(Path.Combine(Home(run), "metrics.jsonl")));
        Assert.Contains(lines.Last(static l => l.Training is not null).Training!.Value.Loss.ToString("0.####", CultureInfo.InvariantCulture), page, StringComparison.Ordinal);
        Assert.Contains(lines.Where(static l => l.ValidationLoss is not null).Min(static l => l.ValidationLoss!.Value).ToString("0.####", CultureInfo.InvariantCulture), page, StringComparison.Ordinal);
        foreach (var what in (string[])["completed at step 7 of 7", "Gradient norms by layer", "Attention", "head 2", "What it wrote while it learned", "after step 6", "sample-tokens", "the whole recipe", "Where and when"])
            Assert.Contains(what, page, StringComparison.Ordinal);
        Assert.DoesNotContain(scratch.Path, page, StringComparison.Ordinal);
        await RunReport.WriteAsync(run, scratch["page.html"]);
        Assert.Equal(page, await File.ReadAllTextAsync(scratch["page.html"]));
    }

    /// <summary>What stands in texts, names and files is shown, and does nothing.</summary>
    [Fact]
    public async Task Hostile_texts_are_inert()
    {
        const string Evil = "</pre><script>alert(1)</script><img src=x onerror=alert(2)>\u202e\u0007\"'&";
        using var scratch = new Scratch();
        var data = scratch["<img src=x onerror=alert(3)>"];
        File.WriteAllText(data, string.Concat(Enumerable.Repeat("abcab cabba. ", 20)));
        var run = Train(scratch["<b onmouseover=alert(4)>"], TinyRun.Config with { Logs = new() { Kinds = LogKinds.Otlp, Endpoint = "http://name:secret@127.0.0.1:9/x" }, Stage = TinyRun.Config.Stage with { Source = new() { File = data } } });
        var story = Path.Combine(Home(run), "story.jsonl");
        File.AppendAllText(story, $"{{\"step\":7,\"time\":{System.Text.Json.JsonSerializer.Serialize(Evil)},\"written\":{System.Text.Json.JsonSerializer.Serialize(Evil)}}}\n{{\"step\":7,\"time\":\"\",\"began\":{{\"engine\":{System.Text.Json.JsonSerializer.Serialize(Evil)},\"parameters\":\"<i>\"}}}}\n");
        File.AppendAllText(Path.Combine(Home(run), "metrics.jsonl"), $"{{\"step\":8,\"loss\":1,\"lr\":1,\"grad_norm\":1,\"step_ms\":1,\"tokens_per_second\":1,\"shown\":{{{System.Text.Json.JsonSerializer.Serialize(Evil)}:1}}}}\n");
        var page = await RunReport.HtmlAsync(run);
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<img", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<b on", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<i>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", page, StringComparison.Ordinal);
        Assert.DoesNotContain('\u202e', page);
        Assert.Contains("&lt;/pre&gt;&lt;script&gt;alert(1)", page, StringComparison.Ordinal);
        foreach (Match svg in Regex.Matches(page, "<svg .*?</svg>", RegexOptions.Singleline)) XElement.Parse(svg.Value);
    }

    [Fact]
    public async Task Any_run_has_a_report()
    {
        using var scratch = new Scratch();
        // One step; one that was stopped; one that is at work; and one of which there is nothing yet.
        Assert.Contains("completed at step 1 of 1", Sound(await RunReport.HtmlAsync(Train(scratch["one"], TinyRun.Config with { Stage = TinyRun.Config.Stage with { Steps = 1, Optimiser = new() { Warmup = 0 } } }))), StringComparison.Ordinal);
        using var stop = new CancellationTokenSource();
        Assert.Contains("interrupted at step 3 of 7", Sound(await RunReport.HtmlAsync(Train(scratch["stopped"], null, new Stopper(stop), stop.Token))), StringComparison.Ordinal);
        var seen = "";
        Train(scratch["working"], observer: new Looker(() => seen = RunReport.HtmlAsync(scratch["working"]).GetAwaiter().GetResult()));
        Assert.Contains("running, or broken off at step 3 of 7", Sound(seen), StringComparison.Ordinal);
        var data = TinyRun.Data(TinyRun.Config);
        TinyRun.Get(RunSession.Begin(scratch["new"], Recipe.Of(TinyRun.Config), data, Disk.Real)).Dispose();
        Assert.Contains("not begun at step 0 of 7", Sound(await RunReport.HtmlAsync(scratch["new"])), StringComparison.Ordinal);
        // Torn lines are counted; files that are gone are not missed.
        File.AppendAllText(Path.Combine(Home(scratch["one"]), "metrics.jsonl"), "junk\n{\"step\":2}\n{\"step\":9,\"loss\":");
        File.WriteAllText(Path.Combine(Home(scratch["one"]), "story.jsonl"), "junk\n{}\n[]\n");
        Assert.Contains("2 lines of its metrics could not be read", Sound(await RunReport.HtmlAsync(scratch["one"])), StringComparison.Ordinal);
        File.Delete(Path.Combine(Home(scratch["one"]), "metrics.jsonl"));
        File.Delete(Path.Combine(Home(scratch["one"]), "story.jsonl"));
        Directory.Delete(Path.Combine(Home(scratch["one"]), "checkpoints"), recursive: true);
        Assert.Contains("not begun", Sound(await RunReport.HtmlAsync(scratch["one"])), StringComparison.Ordinal);
        Assert.Contains("nowhere", (await Assert.ThrowsAsync<FunctionalException>(() => RunReport.HtmlAsync(scratch["nowhere"]))).Message, StringComparison.Ordinal);
    }

    /// <summary>A page that is sent says of files their names alone, also of several.</summary>
    [Fact]
    public async Task No_page_says_where_texts_lie()
    {
        using var scratch = new Scratch();
        File.WriteAllText(scratch["a.txt"], string.Concat(Enumerable.Repeat("abcab cabba. ", 20)));
        File.WriteAllText(scratch["b.txt"], string.Concat(Enumerable.Repeat("cab bac, a bcc ", 20)));
        string[] runs = [.. new[] { 3, 2 }.Select(weight =>
        {
            var recipe = Recipe.Of(TinyRun.Config with { Stage = TinyRun.Config.Stage with { Source = new() { Mixture = $"{scratch["a.txt"]}={weight}+{scratch["b.txt"]}=1", ValidationPart = 0.2 } } });
            using var engine = new ReferenceEngine();
            using var session = TinyRun.Get(RunData.Load(recipe).Bind(data => RunSession.Begin(scratch[$"run{weight}"], recipe, data, Disk.Real)));
            TinyRun.Get(Loop.Run(engine, session, null, StillClock.Instance));
            return scratch[$"run{weight}"];
        })];
        var (page, compared) = (Sound(await RunReport.HtmlAsync(runs[0])), await RunComparison.OfAsync(runs));
        foreach (var text in (string[])[page, compared.Html, compared.Text])
        {
            Assert.DoesNotContain(Path.GetDirectoryName(scratch["a.txt"])!, text, StringComparison.Ordinal);
            Assert.Contains("a.txt=3+b.txt=1", text, StringComparison.Ordinal);
        }
        // Each text has a line of its own in one picture.
        Assert.Contains("Validation loss of each text", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Seeds_are_taken_together()
    {
        using var scratch = new Scratch();
        string[] runs = [Train(scratch["a"], TinyRun.Config with { Seed = 1 }), Train(scratch["b"], TinyRun.Config with { Seed = 2 }), Train(scratch["c"], TinyRun.Config with { Seed = 3 }),
            Train(scratch["d"], TinyRun.Config with { Seed = 3, Stage = TinyRun.Config.Stage with { Optimiser = new() { Warmup = 2, LearningRate = 0.01 } } })];
        var compared = await RunComparison.OfAsync(runs);
        Assert.Equal(["seed", "lr"], compared.Settings.Select(static s => s.Setting));
        Assert.Equal(["1", "2", "3", "3"], compared.Settings[0].Values);
        var seeds = Assert.Single(compared.Seeds);
        Assert.Equal(["a", "b", "c"], seeds.Runs);
        var best = compared.Runs.Take(3).Select(static r => r.Best).ToArray();
        Assert.Equal(best.Average(), seeds.Best!.Mean, 12);
        Assert.Equal(Math.Sqrt(best.Sum(b => (b - best.Average()) * (b - best.Average())) / 2), seeds.Best.Deviation, 12);
        Assert.Empty(compared.Warnings);
        foreach (var (run, i) in runs.Select(static (r, i) => (r, i)))
        {
            var lines = TinyRun.Get(MetricsFile.Read(Path.Combine(Home(run), "metrics.jsonl")));
            Assert.Equal(lines.Where(static l => l.ValidationLoss is not null).Min(static l => l.ValidationLoss!.Value), compared.Runs[i].Best);
            Assert.Equal(lines.Last(static l => l.Training is not null).Training!.Value.Loss, (float)compared.Runs[i].Loss);
        }
        Sound(compared.Html);
        Assert.Contains("a, b, c", compared.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_compared_is_said()
    {
        using var scratch = new Scratch();
        var (a, b) = (Train(scratch["x/run"]), Train(scratch["y/run"], TinyRun.Config with { Stage = TinyRun.Config.Stage with { Source = new() { CorpusSize = 301 } } }));
        TinyRun.Get(TokenizerFile.Write(Path.Combine(b, "tokenizer.json"), CharTokenizer.Of(RuneSet.Empty.Add("abcdefgh. "))));
        var compared = await RunComparison.OfAsync([a, b]);
        Assert.Contains(compared.Warnings, static w => w.StartsWith("tokenizers differ", StringComparison.Ordinal));
        Assert.Contains(compared.Warnings, static w => w.StartsWith("data differ", StringComparison.Ordinal));
        Assert.Empty(compared.Seeds);
        // Folders of one name are told apart.
        Assert.Equal([a, b], compared.Runs.Select(static r => r.Name));
        await Assert.ThrowsAsync<ArgumentException>(() => RunComparison.OfAsync([a]));
        Assert.Contains("is given twice", (await Assert.ThrowsAsync<FunctionalException>(() => RunComparison.OfAsync([a, a + "/"]))).Message, StringComparison.Ordinal);
        Assert.Contains("has no stage sft", (await Assert.ThrowsAsync<FunctionalException>(() => RunComparison.OfAsync([a, b], "sft"))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new[] { 1.0, 2, 3 }, 2, 1, 2 - 2.4843, 2 + 2.4843)]
    [InlineData(new[] { 5.0 }, 5, 0, 5, 5)]
    [InlineData(new[] { 5.0, double.NaN }, 5, 0, 5, 5)]
    public void A_spread_is_student_s(double[] numbers, double mean, double deviation, double low, double high)
    {
        var spread = SeedSpread.Of(numbers)!;
        Assert.Equal((mean, deviation), (spread.Mean, spread.Deviation));
        Assert.Equal(low, spread.Low, 3);
        Assert.Equal(high, spread.High, 3);
    }

    [Fact]
    public void Of_nothing_there_is_no_spread() => Assert.Null(SeedSpread.Of([double.NaN]));

    /// <summary>Each row of attention is a share of what the token sees: itself and what stands before it.</summary>
    [Fact]
    public async Task Attention_is_over_what_a_token_sees()
    {
        using var scratch = new Scratch();
        var run = Train(scratch["run"]);
        using var model = await LanguageModel.LoadAsync(run);
        var layer = Assert.Single(await model.AttentionAsync("abc"));
        Assert.Equal((3, 2), (layer.Time, layer.Heads.Count));
        foreach (var head in layer.Heads)
            for (var i = 0; i < 3; i++)
            {
                Assert.Equal(1, head.Skip(3 * i).Take(3).Sum(), 4);
                Assert.All(head.Skip(3 * i + i + 1).Take(2 - i), static w => Assert.Equal(0, w));
            }
        Assert.Contains("allowed: up to 3", (await Assert.ThrowsAsync<FunctionalException>(() => model.AttentionAsync("abca"))).Message, StringComparison.Ordinal);
        Assert.Equal(2, await model.DrawAttentionAsync("abca bc", scratch["a.svg"]));
        var picture = XElement.Load(scratch["a.svg"]);
        Assert.Equal(2, picture.Elements().Count(static e => e.Name.LocalName == "svg"));
        Assert.Equal(2, await model.DrawAttentionAsync("a b", scratch["a.html"], layer: 0));
        await Assert.ThrowsAsync<ArgumentException>(() => model.DrawAttentionAsync("abc", scratch["a.png"]));
        Assert.Contains("layer: is 1; allowed: 0 to 0", (await Assert.ThrowsAsync<FunctionalException>(() => model.DrawAttentionAsync("abc", scratch["a.svg"], layer: 1))).Message, StringComparison.Ordinal);
    }

    /// <summary>Pictures are sound whatever numbers and names they have.</summary>
    [Property(MaxTest = 40)]
    public void Any_chart_is_a_picture(double[] values, string? name, bool log)
    {
        var chart = new Chart(name ?? "", "x", "y", [new(name ?? "", [.. values.Select(static (v, i) => ((double)i, v))]), new("<b>&", [(0, 1)])]) { LogY = log, NamesBelow = !log };
        Assert.NotNull(XElement.Parse(Safe(chart.Svg())).Attribute("viewBox"));
        XElement.Parse(Safe(new HeatChart(name ?? "", ["a", "<"], ["b"], [[0.5, double.NaN]]).Svg()));

        // Signs that XML has no way to say are no matter of pictures.
        static string Safe(string svg) => Regex.Replace(svg, "&#x?[0-9a-fA-F]+;|[\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\ufffe\\uffff\\ud800-\\udfff]", "");
    }

    sealed class Stopper(CancellationTokenSource stop) : IRunObserver
    {
        public void Stepped(in StepMetrics metrics) { if (metrics.Step == 3) stop.Cancel(); }
    }

    sealed class Looker(Action look) : IRunObserver
    {
        public void Stepped(in StepMetrics metrics) { if (metrics.Step == 3) look(); }
    }
}
