namespace Functional.Tests.Properties.Training;

/// <summary>Runs whose tokenizer is trained for their text.</summary>
public sealed class BpeRunTests
{
    static RunConfig Config(string? file) => TinyRun.Config with
    {
        Tokenizer = "bpe", Bpe = new() { Vocabulary = 300, SpecialTokens = "<|end|>" },
        Stage = TinyRun.Config.Stage with { Steps = 6, SaveEvery = 3, Source = TinyRun.Config.Stage.Source with { File = file, CorpusSize = 3000 } },
    };

    static string Text(Scratch scratch)
    {
        File.WriteAllText(scratch["text.txt"], string.Concat(Enumerable.Range(0, 400).Select(static i => $"Line {i}: what a day it was\r\n{(i % 9 == 0 ? "<|end|>" : "")}")));
        return scratch["text.txt"];
    }

    static void Train(string folder, RunConfig config, IRunObserver? observer = null, CancellationToken stop = default)
    {
        using var engine = new ReferenceEngine();
        using var session = TinyRun.Get(RunFolder.Holds(folder) ? RunSession.Resume(folder, null, stop) : RunSession.Begin(folder, Recipe.Of(config), stop));
        TinyRun.Get(Loop.Run(engine, session, observer, StillClock.Instance, stop));
    }

    sealed class StopAfter(long steps, CancellationTokenSource stop) : IRunObserver
    {
        long done;

        public void Stepped(in StepMetrics metrics)
        {
            if (++done == steps) stop.Cancel();
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_run_that_was_stopped_goes_on_bit_for_bit(bool file)
    {
        using var scratch = new Scratch();
        var config = Config(file ? Text(scratch) : null);
        Train(scratch["whole"], config);
        using (var stop = new CancellationTokenSource()) Train(scratch["parts"], config, new StopAfter(4, stop), stop.Token);
        Train(scratch["parts"], config);
        Assert.Equal("", TinyRun.Differences(TinyRun.Remains(scratch["whole"]), TinyRun.Remains(scratch["parts"])));
        var run = TinyRun.Get(RunFolder.Open(scratch["whole"]));
        Assert.Equal(("bpe", 300), (run.Tokenizer.Kind, run.Config.Model.Vocabulary));
    }

    [Fact]
    public void Special_tokens_in_a_text_are_tokens_of_it()
    {
        using var scratch = new Scratch();
        var data = (TextData)TinyRun.Get(RunData.Load(Recipe.Of(Config(Text(scratch)))));
        var ids = new int[data.Train.Length];
        data.Train.CopyTo(0, ids);
        Assert.Contains(0, ids);
        Assert.DoesNotContain("\r", data.Tokenizer.Decode(ids), StringComparison.Ordinal);
    }

    [Fact]
    public void A_tokenizers_file_serves_a_run()
    {
        using var scratch = new Scratch();
        var trained = TinyRun.Get(RunData.Load(Recipe.Of(Config(Text(scratch))))).Tokenizer;
        TinyRun.Get(TokenizerFile.Write(scratch["tokenizer.json"], trained));
        var data = TinyRun.Get(RunData.Load(Recipe.Of(Config(Text(scratch)) with { Tokenizer = scratch["tokenizer.json"] })));
        Assert.True(data.Tokenizer.Equals(trained));
        Assert.StartsWith("tokenizer: is nowhere, which is no file or folder and no encoding",
            TinyRun.Faults(RunData.Load(Recipe.Of(Config(null) with { Tokenizer = "nowhere" }))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_vocabulary_without_room_for_bytes_is_refused() => Assert.Equal("vocabulary: is 256; allowed: 257 or more, for 256 bytes and 1 special tokens",
        TinyRun.Faults((Config(null) with { Bpe = new() { Vocabulary = 256, SpecialTokens = "<|end|>" } }).Validate()));
}
