using System.Text.Json;
using Functional.Cli;
using Functional.Tests.Properties.Training;
using Xunit;

namespace Functional.Tests.Properties.Facade;

/// <summary>Every way to write, from C# and by the command: each option reaches what it is for.</summary>
public sealed class DecodingTests(DecodingTests.Runs runs) : IClassFixture<DecodingTests.Runs>
{
    /// <summary>A model of bytes, a smaller one, and one of another tokenizer.</summary>
    public sealed class Runs : IDisposable
    {
        readonly Scratch scratch = new();

        public Runs()
        {
            File.WriteAllText(this["text.txt"], string.Concat(Enumerable.Repeat("abcab cabba. ", 200)));
            (Model, Small, Other) = (Train("model", 16, "byte"), Train("small", 8, "byte"), Train("other", 8, "char"));
        }

        public string Model { get; }

        public string Small { get; }

        public string Other { get; }

        public string this[string name] => scratch[name];

        string Train(string name, int width, string tokenizer)
        {
            var config = new RunConfig
            {
                Model = new() { Layers = 1, Heads = 2, Width = width, Context = 96, Vocabulary = 0, Bias = Biases.None, TiedHead = false }, Tokenizer = tokenizer,
                Stage = new() { Batch = 2, Steps = 6, EvalEvery = 0, SaveEvery = 0, Source = new() { File = this["text.txt"] }, Optimiser = new() { Warmup = 0, LearningRate = 0.03 } },
            };
            using var engine = new ReferenceEngine();
            using var session = TinyRun.Get(RunSession.Begin(this[name], Recipe.Of(config)));
            TinyRun.Get(Loop.Run(engine, session, null, StillClock.Instance));
            return this[name];
        }

        public void Dispose() => scratch.Dispose();
    }

    static Task<LanguageModel> Load(string run) => LanguageModel.LoadAsync(run, new() { Engine = EngineKind.Managed, Threads = 1 });

    static async Task<string> Collect(IAsyncEnumerable<string> pieces)
    {
        var text = "";
        await foreach (var piece in pieces) text += piece;
        return text;
    }

    static async Task<(int Code, string Out, string Error)> Command(params string[] args)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var code = await App.Run(args, new(output, error, Live: false, 100) { In = static () => new StringReader("") });
        return (code, output.ToString(), error.ToString());
    }

    static readonly GenerationOptions basis = new() { Tokens = 24, Temperature = 1.2, Seed = 3 };

    /// <summary>Each option by itself changes what is written, in the same way by the command, by whole texts and by pieces.</summary>
    [Fact]
    public async Task Each_option_reaches_the_writing()
    {
        using var model = await Load(runs.Model);
        var plain = await Collect(model.GenerateAsync("ab", basis));
        File.WriteAllText(runs["schema.json"], """{"type":"array","items":{"type":"integer"},"minItems":2}""");
        // A text that it says: two letters of ASCII, for halves of characters are no text.
        var at = Enumerable.Range(0, plain.Length - 1).First(i => char.IsAscii(plain[i]) && char.IsAscii(plain[i + 1]));
        var said = plain.Substring(at, 2);
        var likeliest = (await model.CompleteAsync("ab", basis with { LogProbs = 2 }))[0].Likely[0].Map(static l => l.Token);
        (GenerationOptions Options, string[] Flags)[] ways =
        [
            (basis with { RepetitionPenalty = 5 }, ["--repetition-penalty", "5"]), (basis with { PresencePenalty = 9 }, ["--presence-penalty", "9"]),
            (basis with { FrequencyPenalty = -9 }, ["--frequency-penalty=-9"]), (basis with { Biases = [new(100, 9), new(98, -2)] }, ["--bias", "100=9,98=-2"]),
            (basis with { Banned = likeliest }, ["--ban", string.Join(',', likeliest)]), (basis with { MinP = 0.5 }, ["--min-p", "0.5"]), (basis with { TypicalP = 0.2 }, ["--typical-p", "0.2"]),
            (basis with { Stops = ["nowhere", said] }, ["--stop", "nowhere", "--stop", said]),
            (basis with { Stops = [said], KeepsStop = true }, ["--stop", said, "--keep-stop"]), (basis with { Regex = "[xyz]{3,9}\\." }, ["--regex", "[xyz]{3,9}\\."]),
            (basis with { Schema = File.ReadAllText(runs["schema.json"]) }, ["--schema", runs["schema.json"]]), (basis with { Draft = runs.Small, DraftTokens = 3 }, ["--draft", runs.Small, "--draft-tokens", "3"]),
            (basis with { Lookup = 1, DraftTokens = 2 }, ["--lookup", "1", "--draft-tokens", "2"]), (basis with { Seed = 4 }, ["--seed", "4"]), (basis with { TopK = 1 }, ["--top-k", "1"]),
            (basis with { Forced = [new(0, 'z'), new(2, 'y')] }, ["--force", "0=122,2=121"]),
        ];
        var seen = new HashSet<string> { plain };
        foreach (var (options, flags) in ways)
        {
            var text = await Collect(model.GenerateAsync("ab", options));
            Assert.True(seen.Add(text), string.Join(' ', flags));
            Assert.Equal(text, Assert.Single(await model.CompleteAsync("ab", options)).Text);
            string[] seed = flags.Contains("--seed") ? [] : ["--seed", "3"];
            Assert.Equal((0, $"ab{text}\n", ""), await Command(["sample", "--run", runs.Model, "--prompt", "ab", "--tokens", "24", "--temperature", "1.2", "--threads", "1", "--engine", "managed", .. seed, .. flags]));
        }
        Assert.Equal((plain[..at], plain[..(at + 2)]), (seen.ElementAt(8), seen.ElementAt(9)));
        using var list = JsonDocument.Parse(seen.ElementAt(11));
        Assert.True(list.RootElement.GetArrayLength() >= 2);
        Assert.Equal(('z', 'y'), (seen.Last()[0], seen.Last()[2]));
    }

    /// <summary>Fewer samples are the first of more; the best are those that the model finds likeliest, by the mean or by the sum.</summary>
    [Fact]
    public async Task Samples_and_the_best_of_them()
    {
        using var model = await Load(runs.Model);
        var told = new Told();
        var six = await model.CompleteAsync("ab", basis with { Samples = 6, Stops = ["c"], LogProbs = 1 }, told);
        Assert.Equal([1, 2, 3, 4, 5, 6], told.All);
        Assert.Equal(await Collect(model.GenerateAsync("ab", basis with { Stops = ["c"] })), six[0].Text);
        Assert.Equal(six.Take(2).Select(static a => a.Text), (await model.CompleteAsync("ab", basis with { Samples = 2, Stops = ["c"] })).Select(static a => a.Text));
        Assert.True(six.Select(static a => a.Text).Distinct().Count() > 1);
        foreach (var (by, score) in new (BestBy, Func<Answer, double>)[] { (BestBy.Mean, static a => a.LogProb / a.Tokens.Count), (BestBy.Sum, static a => a.LogProb) })
            Assert.Equal(six.OrderByDescending(score).Take(2).Select(static a => a.Text),
                (await model.CompleteAsync("ab", basis with { Samples = 2, BestOf = 6, BestBy = by, Stops = ["c"] })).Select(static a => a.Text));
        Assert.All(six, static a => Assert.Equal((a.Tokens.Count, a.Tokens.Count), (a.LogProbs.Count, a.Likely.Count)));
        Assert.Equal(3, (await model.CompleteAsync("ab", basis with { Samples = 3, Tokens = 0 })).Count(static a => a.Text.Length == 0));
    }

    [Fact]
    public async Task Beams_and_json_come_from_the_command()
    {
        using var model = await Load(runs.Model);
        var options = basis with { Beams = 3, Samples = 2, LengthPenalty = 0.5, Tokens = 6 };
        var found = await model.CompleteAsync("ab", options);
        Assert.Equal((await model.CompleteAsync("ab", basis with { Temperature = 0, Tokens = 6 }))[0].Text, (await model.CompleteAsync("ab", options with { Beams = 1, Samples = 1 }))[0].Text);
        // Only of texts of different lengths does their length matter.
        var either = basis with { Beams = 6, Tokens = 6, Regex = "a|[b-z]{5}" };
        Assert.Equal("a", (await model.CompleteAsync("ab", either with { LengthPenalty = 0 }))[0].Text);
        Assert.Equal(5, (await model.CompleteAsync("ab", either with { LengthPenalty = 6 }))[0].Text.Length);
        var (code, text, error) = await Command("sample", "--run", runs.Model, "--prompt", "ab", "--tokens", "6", "--beams", "3", "--samples", "2", "--length-penalty", "0.5", "--json", "--threads", "1", "--engine", "managed");
        Assert.Equal((0, ""), (code, error));
        using var json = JsonDocument.Parse(text);
        Assert.Equal(found.Select(static a => a.Text), json.RootElement.GetProperty("samples").EnumerateArray().Select(static s => s.GetProperty("text").GetString()!));
        (code, text, _) = await Command("sample", "--run", runs.Model, "--prompt", "ab", "--tokens", "3", "--logprobs", "2", "--json", "--threads", "1", "--engine", "managed", "--seed", "3", "--temperature", "1.2");
        using var drawn = JsonDocument.Parse(text);
        var own = (await model.CompleteAsync("ab", basis with { Tokens = 3, LogProbs = 2 }))[0];
        var tokens = drawn.RootElement.GetProperty("samples")[0].GetProperty("tokens").EnumerateArray().ToArray();
        Assert.Equal(own.Tokens, tokens.Select(static t => t.GetProperty("id").GetInt32()));
        Assert.All(tokens, static t => Assert.Equal(2, t.GetProperty("likely").GetArrayLength()));
        Assert.Equal("length", drawn.RootElement.GetProperty("samples")[0].GetProperty("end").GetString());
    }

    /// <summary>Answers, too: by rules, constraints and drafts.</summary>
    [Fact]
    public async Task Questions_are_answered_by_the_same_options()
    {
        using var model = await Load(runs.Model);
        var plain = await model.AskAsync("ab", new() { Template = "user-assistant", Tokens = 12, Temperature = 1 });
        var must = await model.AskAsync("ab", new() { Template = "user-assistant", Tokens = 12, Temperature = 1, Regex = "(?:yes|no)!" });
        Assert.Contains(must.Text, (string[])["yes!", "no!"]);
        Assert.True(must.Answer.IsWhole);
        var banned = await model.AskAsync("ab", new() { Template = "user-assistant", Tokens = 12, Temperature = 1, Banned = [.. plain.Answer.Tokens.Distinct()] });
        Assert.Empty(banned.Answer.Tokens.Intersect(plain.Answer.Tokens));
        var (code, text, _) = await Command("ask", "--from", runs.Model, "ab", "--template", "user-assistant", "--tokens", "12", "--temperature", "1", "--regex", "(?:yes|no)!", "--threads", "1", "--engine", "managed");
        Assert.Equal((0, must.Text + "\n"), (code, text));
        (code, _, var error) = await Command("ask", "--from", runs.Model, "ab", "--template", "user-assistant", "--draft", runs.Other);
        Assert.Equal(1, code);
        Assert.Contains("--draft: ", error, StringComparison.Ordinal);
    }

    /// <summary>Several answers, the best of them, and those that a search finds: from the library and from the command, and the first is the one that is given alone.</summary>
    [Fact]
    public async Task A_question_has_several_answers()
    {
        using var model = await Load(runs.Model);
        var options = new AskOptions { Template = "user-assistant", Tokens = 9, Temperature = 1.5, Seed = 7 };
        var four = await model.RepliesAsync("ab", options with { Samples = 4, LogProbs = 2 });
        Assert.Equal((await model.AskAsync("ab", options)).Text, four[0].Text);
        Assert.Equal(four[0].Answer.Likely, (await model.AskAsync("ab", options with { LogProbs = 2 })).Answer.Likely);
        Assert.Equal(four.OrderByDescending(static r => r.Answer.LogProb).Take(2).Select(static r => r.Text),
            (await model.RepliesAsync("ab", options with { Samples = 2, BestOf = 4, BestBy = BestBy.Sum })).Select(static r => r.Text));
        var found = (await model.RepliesAsync("ab", options with { Beams = 3, Samples = 2 })).Select(static r => r.Text);
        string[] asked = ["ask", "--from", runs.Model, "ab", "--template", "user-assistant", "--tokens", "9", "--threads", "1", "--engine", "managed", "--json"];
        string[] drawn = ["--temperature", "1.5", "--seed", "7"];
        foreach (var (flags, expected) in new (string[], IEnumerable<string>)[]
        {
            (["--samples", "4", .. drawn], four.Select(static r => r.Text)), (["--beams", "3", "--samples", "2"], found),
            (["--samples", "2", "--best-of", "4", "--best-by", "sum", .. drawn], four.OrderByDescending(static r => r.Answer.LogProb).Take(2).Select(static r => r.Text)),
        })
        {
            var (code, text, error) = await Command([.. asked, .. flags]);
            Assert.Equal((0, ""), (code, error));
            using var json = JsonDocument.Parse(text);
            Assert.Equal(expected, json.RootElement.GetProperty("samples").EnumerateArray().Select(static s => s.GetProperty("text").GetString()!));
        }
        AskOptions talk = options with { Before = [.. Enumerable.Range(0, 12).SelectMany(static i => (Message[])[new(Role.User, $"say {i}"), new(Role.Assistant, "abc")])] };
        var forgotten = (await model.AskAsync("ab", talk)).Forgotten;
        Assert.True(forgotten > 0);
        Assert.Equal((forgotten, (await model.AskAsync("ab", talk)).Text), (await model.RepliesAsync("ab", talk with { Samples = 2 }))[0] is var reply ? (reply.Forgotten, reply.Text) : default);
        foreach (var more in new[] { options with { Samples = 2 }, options with { BestOf = 2 }, options with { Beams = 2 } })
            Assert.Contains("RepliesAsync", (await Assert.ThrowsAsync<FunctionalException>(() => model.AskAsync("ab", more))).Message, StringComparison.Ordinal);
        Assert.Contains("RepliesAsync", Assert.Throws<FunctionalException>(() => model.AskStreamAsync("ab", options with { LogProbs = 2 })).Message, StringComparison.Ordinal);
        Assert.Contains("Banned: names 256", (await Assert.ThrowsAsync<FunctionalException>(() => model.AskAsync("ab", options with { Banned = [256] }))).Message, StringComparison.Ordinal);
        var (both, _, refused) = await Command([.. asked, "--beams", "2", .. drawn]);
        Assert.Equal(1, both);
        Assert.Contains("--temperature: stands beside --beams", refused, StringComparison.Ordinal);
        var (chat, _, told) = await Command("ask", "--from", runs.Model, "--chat", "--samples", "2");
        Assert.Equal(1, chat);
        Assert.Contains("--chat: stands beside several answers", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_is_told_by_its_name()
    {
        var bad = new GenerationOptions
        {
            Tokens = -1, Temperature = -1, TopK = -1, TopP = 0, MinP = 2, TypicalP = 0, RepetitionPenalty = 0, PresencePenalty = double.NaN, FrequencyPenalty = double.NaN, Biases = [new(1, double.NaN)],
            Banned = [-1], Forced = [new(-1, 0)], Stops = [""], Regex = "a", Schema = "{", Draft = "", DraftTokens = 64, Lookup = -1, Samples = 0, BestOf = -1, Beams = 300, LengthPenalty = -1,
            LogProbs = -1, Window = -1, Sinks = -1, BestBy = (BestBy)7,
        };
        var names = bad.Validate().Match(static _ => [], static f => f.Select(static x => x.Where.Split(',')[0]).Distinct().ToArray());
        foreach (var name in typeof(GenerationOptions).GetProperties().Select(static p => p.Name).Except(["StopsAtEnd", "Seed", "KeepsStop", "Regex", "SchemaOptional", "EqualityContract"]))
            Assert.Contains(name, names);
        Assert.Equal(["Tokens", "Seed", "MinP"], new AskOptions { Tokens = 0, Seed = -1, MinP = 2 }.Validate().Match(static _ => [], static f => f.Select(static x => x.Where).ToArray()));
        using var model = await Load(runs.Model);
        async Task<string> Fault(GenerationOptions options) => (await Assert.ThrowsAsync<FunctionalException>(() => model.CompleteAsync("ab", options))).Message;
        Assert.Contains("has another tokenizer: char tokenizer", await Fault(basis with { Draft = runs.Other }), StringComparison.Ordinal);
        Assert.Contains("Banned: names 256, which is no token", await Fault(basis with { Banned = [256] }), StringComparison.Ordinal);
        Assert.Contains("leaves no token", await Fault(basis with { Banned = [.. Enumerable.Range(0, 256)] }), StringComparison.Ordinal);
        Assert.Contains("the vocabulary cannot write U+0061", await Fault(basis with { Regex = "a+", Banned = ['a'] }), StringComparison.Ordinal);
        foreach (var options in new[] { basis with { Samples = 2 }, basis with { BestOf = 2 }, basis with { Beams = 2 }, basis with { LogProbs = 2 } })
            Assert.Contains("CompleteAsync", (await Assert.ThrowsAsync<FunctionalException>(() => Collect(model.GenerateAsync("ab", options)))).Message, StringComparison.Ordinal);
        var (code, _, error) = await Command("sample", "--run", runs.Model, "--draft", runs.Other);
        Assert.Equal(1, code);
        Assert.Contains("--draft: ", error, StringComparison.Ordinal);
    }

    /// <summary>A pattern that the empty text alone fits has nothing to write where no token ends a text, whichever way it is written.</summary>
    [Theory, InlineData("", ""), InlineData("^$", ""), InlineData("a{0}", ""), InlineData("x?", "120"), InlineData("(ax)*", "120")]
    public async Task The_empty_text_cannot_be_written(string pattern, string banned)
    {
        using var model = await Load(runs.Model);
        var options = basis with { Regex = pattern, Banned = [.. banned.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)] };
        var asked = new AskOptions { Template = "user-assistant", Regex = pattern, Banned = options.Banned };
        foreach (var write in (Func<Task>[])[() => model.CompleteAsync("ab", options), () => model.CompleteAsync("ab", options with { Beams = 2 }), () => Collect(model.GenerateAsync("ab", options)),
            () => model.AskAsync("ab", asked), () => model.RepliesAsync("ab", asked with { Samples = 2 })])
            Assert.Contains("fits the empty text alone", (await Assert.ThrowsAsync<FunctionalException>(write)).Message, StringComparison.Ordinal);
    }

    /// <summary>How a run learns is not how it is read: every command that reads says so.</summary>
    [Theory]
    [InlineData("sample --run nowhere"), InlineData("eval --run nowhere"), InlineData("ask --from nowhere hi"), InlineData("logits nowhere --ids 1"), InlineData("export nowhere --out there")]
    [InlineData("quantise nowhere"), InlineData("attention nowhere --text hi"), InlineData("merge nowhere --out there"), InlineData("evaluate --from nowhere --data rows.jsonl")]
    [InlineData("bestof --from nowhere"), InlineData("annotate --from nowhere --prompts rows.jsonl --out there"), InlineData("inspect --run nowhere --experts")]
    public async Task Half_precision_is_of_training_alone(string command)
    {
        foreach (var precision in (string[])["bf16", "f16"])
        {
            var (code, _, error) = await Command([.. command.Split(' '), "--precision", precision]);
            Assert.Equal(1, code);
            Assert.Contains($"--precision: is {precision}, which is how a run learns, and not how it is read", error, StringComparison.Ordinal);
        }
    }

    /// <summary>A text that has no room for its end is told to be unfinished.</summary>
    [Fact]
    public async Task Too_little_room_is_told()
    {
        using var model = await Load(runs.Model);
        var cut = Assert.Single(await model.CompleteAsync("ab", basis with { Regex = "[a-z]{30}", Tokens = 9 }));
        Assert.Equal((AnswerEnd.Length, false), (cut.End, cut.IsWhole));
        var fits = Assert.Single(await model.CompleteAsync("ab", basis with { Regex = "[a-z]+(?:,[a-z]{4})*", Tokens = 9 }));
        Assert.True(fits.IsWhole);
        var (_, _, error) = await Command("sample", "--run", runs.Model, "--regex", "[a-z]{30}", "--tokens", "9", "--threads", "1", "--engine", "managed");
        Assert.Contains("unfinished", error, StringComparison.Ordinal);
    }

    sealed class Told : IProgress<int>
    {
        public List<int> All { get; } = [];

        public void Report(int value) => All.Add(value);
    }
}
