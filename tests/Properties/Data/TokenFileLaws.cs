namespace Functional.Tests.Properties.Data;

public sealed class TokenFileLaws
{
    static T Get<T>(LanguageExt.Validation<Fault, T> outcome) => outcome.IfFail(static f => throw new InvalidOperationException(f.Lines()));

    static string Written(Training.Scratch scratch, string name, string text)
    {
        File.WriteAllText(scratch[name], text);
        return scratch[name];
    }

    static int[] All(TokenStream stream)
    {
        var ids = new int[stream.Length];
        stream.CopyTo(0, ids);
        return ids;
    }

    [Property(MaxTest = 30)]
    public bool Tokens_in_a_file_are_those_in_memory(int[] numbers, bool wide)
    {
        using var scratch = new Training.Scratch();
        var (a, b) = (Written(scratch, "a.txt", "x\r\n" + Text.Texts.Of(numbers)), Written(scratch, "b.txt", "and more"));
        var tokenizer = wide ? Get(Encodings.Read("cl100k_base")) : ByteTokenizer.Instance;
        var count = Get(TokenFile.Write(scratch["c.tokens"], [a, b], tokenizer, LineEnds.Lf));
        using var file = Get(TokenFile.Open(scratch["c.tokens"]));
        return count == file.Length && file.Vocabulary == tokenizer.VocabularySize && file.Tokenizer == tokenizer.Fingerprint
            && All(file).SequenceEqual([.. All(Get(TextFile.Tokens(a, tokenizer, LineEnds.Lf))), .. All(Get(TextFile.Tokens(b, tokenizer, LineEnds.Lf)))])
            && TokenFile.IsOne(scratch["c.tokens"]) && !TokenFile.IsOne(a);
    }

    [Fact]
    public void What_was_broken_off_is_not_taken_for_whole()
    {
        using var scratch = new Training.Scratch();
        var text = Written(scratch, "a.txt", string.Concat(Enumerable.Repeat("some text\n", 50_000)));
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        Assert.Throws<OperationCanceledException>(() => TokenFile.Write(scratch["c.tokens"], [text], ByteTokenizer.Instance, LineEnds.Lf, stop.Token));
        Assert.False(File.Exists(scratch["c.tokens"]));
        // As a killed one leaves it: the header comes last.
        Assert.False(File.Exists(scratch["c.tokens.partial"]));
        File.WriteAllBytes(scratch["c.tokens"], new byte[1000]);
        Assert.Contains("is no file of tokens", TokenFile.Open(scratch["c.tokens"]).FailToSeq().Lines(), StringComparison.Ordinal);
        Assert.Equal(500_000, Get(TokenFile.Write(scratch["c.tokens"], [text], ByteTokenizer.Instance, LineEnds.Lf, default)));
    }

    [Fact]
    public void A_text_is_not_written_over_and_a_fault_leaves_nothing()
    {
        using var scratch = new Training.Scratch();
        var text = Written(scratch, "a.txt", "a text");
        File.CreateSymbolicLink(scratch["link.txt"], text);
        string Faults(string path, params string[] texts) => TokenFile.Write(path, texts, ByteTokenizer.Instance, LineEnds.Lf).FailToSeq().Lines();
        Assert.Equal($"{text}: is {text}, a text that is read; allowed: another file", Faults(text, text));
        Assert.Contains("a text that is read", Faults(text, scratch["link.txt"]), StringComparison.Ordinal);
        Assert.Equal("a text", File.ReadAllText(text));
        File.WriteAllBytes(scratch["bad.txt"], [65, 255]);
        Assert.Contains("bad.txt, byte 1", Faults(scratch["c.tokens"], text, scratch["bad.txt"]), StringComparison.Ordinal);
        Assert.StartsWith($"{scratch["no/c.tokens"]}: is in a folder that does not exist", Faults(scratch["no/c.tokens"], text), StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(scratch["."], "c.tokens*"));
    }

    [Property(MaxTest = 50)]
    public bool Cut_or_changed_headers_are_faults(byte place, byte change, ushort cut)
    {
        using var scratch = new Training.Scratch();
        Get(TokenFile.Write(scratch["c.tokens"], [Written(scratch, "a.txt", "a text of some length, more than its header")], ByteTokenizer.Instance, LineEnds.Lf));
        var bytes = File.ReadAllBytes(scratch["c.tokens"]);
        File.WriteAllBytes(scratch["cut"], bytes[..(cut % bytes.Length)]);
        var changed = (byte[])bytes.Clone();
        changed[place % 24] ^= (byte)(change | 1);
        File.WriteAllBytes(scratch["changed"], changed);
        // Any vocabulary is one as far as the header can tell; the tokenizer decides.
        return TokenFile.Open(scratch["cut"]).IsFail && (TokenFile.Open(scratch["changed"]).IsFail || place % 24 is >= 12 and < 16);
    }

    [Fact]
    public void A_run_trains_on_tokens_of_its_own_tokenizer_alone()
    {
        using var scratch = new Training.Scratch();
        var text = Written(scratch, "a.txt", string.Concat(Enumerable.Range(0, 300).Select(static i => $"Line {i} of it\n")));
        Get(TokenFile.Write(scratch["c.tokens"], [text], ByteTokenizer.Instance, LineEnds.Lf));
        RunConfig Config(string file, string tokenizer) => new() { Tokenizer = tokenizer, Stage = new() { Source = new() { File = file } }, Model = new() { Vocabulary = 0, Context = 16 } };
        var (tokens, plain) = (Get(RunData.Load(Recipe.Of(Config(scratch["c.tokens"], "byte")))), Get(RunData.Load(Recipe.Of(Config(text, "byte")))));
        Assert.Equal(plain.Identity, tokens.Identity);
        Assert.Contains("was made by another tokenizer", RunData.Load(Recipe.Of(Config(scratch["c.tokens"], "gpt2"))).FailToSeq().Lines(), StringComparison.Ordinal);
        Assert.Contains("is a file of tokens", RunData.Load(Recipe.Of(Config(scratch["c.tokens"], "char"))).FailToSeq().Lines(), StringComparison.Ordinal);
        Assert.Contains("is a file of tokens", RunData.Load(Recipe.Of(Config(scratch["c.tokens"], "bpe"))).FailToSeq().Lines(), StringComparison.Ordinal);
    }

    /// <summary>Two trainings on different texts have tokens of the same number and other bytes; a merge moved up leaves even those the same.</summary>
    [Fact]
    public void Tokens_of_another_tokenizer_of_the_same_size_are_refused()
    {
        using var scratch = new Training.Scratch();
        var text = Written(scratch, "a.txt", "Some words of a text, which both tokenizers read.");
        SubwordTokenizer Trained(string on) => SubwordTokenizers.Of(BpeTrainer.Train(WordCounts.Of(on, Splitter.Gpt4), new(262)), new(262), Splitter.Gpt4);
        var (one, other) = (Trained("some words, some words, some"), Trained("other texts, other texts, other"));
        var moved = new SubwordTokenizer(one.Definition with { Merges = [one.Merges[1], one.Merges[0], .. one.Merges.Skip(2)] });
        var marked = new SubwordTokenizer(one.Definition with { Added = [new(5, one.Definition.Names[5]!)] });
        Assert.All((Tokenizer[])[other, moved, marked], t => Assert.Equal(one.VocabularySize, t.VocabularySize));
        Get(TokenFile.Write(scratch["c.tokens"], [text], one, LineEnds.Lf));
        Assert.True(TextFile.Tokens(scratch["c.tokens"], one, LineEnds.Lf).IsSuccess);
        Assert.All((Tokenizer[])[other, moved, marked], t =>
            Assert.Contains("was made by another tokenizer", TextFile.Tokens(scratch["c.tokens"], t, LineEnds.Lf).FailToSeq().Lines(), StringComparison.Ordinal));
    }
}
