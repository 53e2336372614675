using Functional.Tests.Properties.Training;

namespace Functional.Tests.Properties.Facade;

// Within this namespace: folders of other tests are called the same.
using Training = Functional.Training;

/// <summary>A run's setting of line ends reaches everything that its text, its evaluation and its prompts go through.</summary>
public sealed class LineEndTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("functional-ends-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    string this[string name] => Path.Combine(folder, name);

    string File(string name, string end)
    {
        System.IO.File.WriteAllText(this[name], string.Concat(Enumerable.Repeat($"to be or{end}not to be,{end}{end}that is{end}", 40)));
        return this[name];
    }

    static RunConfig Config(string file, string tokenizer, LineEnds ends) =>
        new RunConfig { LineEnds = ends, Stage = new() { EvalEvery = 3, EvalBatches = 0 }, Execution = new() { Threads = 1 } }
            .OnFile(file, tokenizer).Sized(layers: 1, heads: 2, width: 8, context: 8).For(steps: 6, batch: 2, learningRate: 1e-2);

    async Task<RunFolder> Trained(string name, string end, string tokenizer, LineEnds ends)
    {
        await Training.RunAsync(Config(File($"{name}.txt", end), tokenizer, ends), this[name]);
        return RunFolder.Open(this[name]).OrThrow();
    }

    static byte[] Weights(RunFolder run) => System.IO.File.ReadAllBytes(Path.Combine(run.Checkpoint().OrThrow().Folder, "model.safetensors"));

    [Theory]
    [InlineData("char")]
    [InlineData("byte")]
    public async Task The_same_text_with_other_line_ends_is_the_same_run(string tokenizer)
    {
        var plain = await Trained("plain", "\n", tokenizer, LineEnds.Lf);
        using var one = await LanguageModel.LoadAsync(this["plain"]);
        var own = await one.EvaluateAsync();
        foreach (var end in (string[])["\r\n", "\r"])
        {
            var name = end.Length == 1 ? "cr" : "crlf";
            var other = await Trained(name, end, tokenizer, LineEnds.Lf);
            Assert.Equal(plain.Tokenizer, other.Tokenizer);
            Assert.Equal(plain.Checkpoint().OrThrow().Identity, other.Checkpoint().OrThrow().Identity);
            Assert.Equal(Weights(plain), Weights(other));
            using var two = await LanguageModel.LoadAsync(this[name]);
            Assert.Equal(own, await two.EvaluateAsync());
            Assert.Equal(await one.EvaluateAsync(this["plain.txt"]), await one.EvaluateAsync(this[$"{name}.txt"]));
            Assert.Equal(await Collect(one.GenerateAsync("to be\nor\n")), await Collect(one.GenerateAsync($"to be{end}or{end}")));
            Assert.Equal(await one.BaselinesAsync(), await two.BaselinesAsync());
        }
    }

    [Theory]
    [InlineData("char")]
    [InlineData("byte")]
    public async Task Kept_line_ends_are_tokens_everywhere(string tokenizer)
    {
        var run = await Trained("run", "\r\n", tokenizer, LineEnds.Keep);
        using var engine = Functional.Engine.Create();
        using var model = TrainedModel.Open(engine, this["run"]).OrThrow();
        var text = System.IO.File.ReadAllText(this["run.txt"]);
        Assert.Equal(LineEnds.Keep, run.Config.LineEnds);
        Assert.Equal(text.Length, run.Checkpoint().OrThrow().Identity.Text.Tokens);
        Assert.Equal(RunData.Load(Recipe.Of(run.Config)).OrThrow().ValidationTokens, model.Data().OrThrow().Validation.Length);
        Assert.Equal(text.Length, model.Text(this["run.txt"]).OrThrow().Length);
        Assert.Equal("be\r\nor\rnot\n", run.Tokenizer.Decode(model.Generator().OrThrow().Encode("be\r\nor\rnot\n").OrThrow()));
    }

    [Theory]
    [InlineData("char")]
    [InlineData("byte")]
    public async Task Line_ends_made_lf_are_so_everywhere(string tokenizer)
    {
        var run = await Trained("run", "\r\n", tokenizer, LineEnds.Lf);
        using var engine = Functional.Engine.Create();
        using var model = TrainedModel.Open(engine, this["run"]).OrThrow();
        var text = System.IO.File.ReadAllText(this["run.txt"]).ReplaceLineEndings("\n");
        Assert.Equal(text.Length, run.Checkpoint().OrThrow().Identity.Text.Tokens);
        Assert.Equal(RunData.Load(Recipe.Of(run.Config)).OrThrow().ValidationTokens, model.Data().OrThrow().Validation.Length);
        Assert.Equal(text.Length, model.Text(this["run.txt"]).OrThrow().Length);
        Assert.Equal("be\nor\nnot\n\n", run.Tokenizer.Decode(model.Generator().OrThrow().Encode("be\r\nor\rnot\n\r").OrThrow()));
    }

    [Fact]
    public async Task Who_says_nothing_gets_lf()
    {
        File("text.txt", "\r\n");
        var config = new RunConfig().OnFile(this["text.txt"]).Sized(context: 8);
        var (said, unsaid) = (await Training.OutlookAsync(config with { LineEnds = LineEnds.Lf }), await Training.OutlookAsync(config));
        Assert.Equal(said, unsaid);
        Assert.NotEqual(said.TrainTokens, (await Training.OutlookAsync(config with { LineEnds = LineEnds.Keep })).TrainTokens);
    }

    [Fact]
    public async Task A_run_cannot_go_on_with_other_line_ends()
    {
        await Trained("run", "\n", "char", LineEnds.Lf);
        var refused = await Assert.ThrowsAsync<FunctionalException>(() => Training.ResumeAsync(this["run"], changes: [("line-ends", "keep"), ("steps", "8")]));
        Assert.Equal("line-ends: is keep, but the run was begun with lf; allowed: lf", refused.Message);
        Assert.Equal(LineEnds.Lf, RunFolder.Open(this["run"]).OrThrow().Config.LineEnds);
    }

    /// <summary>As when a version control system writes the file anew.</summary>
    [Fact]
    public async Task A_run_goes_on_when_its_file_got_other_line_ends()
    {
        await Trained("run", "\n", "char", LineEnds.Lf);
        File("run.txt", "\r\n");
        Assert.Equal(8, (await Training.ResumeAsync(this["run"], changes: [("steps", "8")])).Step);
    }

    static async Task<string> Collect(IAsyncEnumerable<string> pieces)
    {
        var text = new System.Text.StringBuilder();
        await foreach (var piece in pieces) text.Append(piece);
        return text.ToString();
    }
}
