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

    static readonly Lazy<Tokenizer[]> tokenizers = new(() =>
    [
        ByteTokenizer.Instance, Get(Encodings.Read("gpt2")), Subwords.GoldenTokenizers.Read(Subwords.GoldenTokenizers.Json("trained-llama3")),
        // Of these no place to cut is known.
        .. ((string[])["nfc", "llama", "o200k"]).Select(static name => Subwords.GoldenTokenizers.Read(Subwords.GoldenTokenizers.Component(name).Json)),
    ]);

    // Pieces of a file are 64 KiB, and what is read ahead is to be more than one.
    static string Long(int seed, int pieces) => string.Concat(Enumerable.Range(0, pieces).Select(i => Corpus.Text((ulong)(seed + i), 60_000).Replace("\n", i % 2 == 0 ? "\r\n" : "\n", StringComparison.Ordinal)));

    /// <summary>Broken off wherever, by a wish to stop or without one, and gone on with on however many cores, a file is what it is without a break.</summary>
    [Property(MaxTest = 30)]
    public void Broken_off_and_gone_on_with_it_is_the_same_file(byte seed, byte which, byte first, byte second, bool asked, byte size)
    {
        using var scratch = new Training.Scratch();
        var tokenizer = tokenizers.Value[which % tokenizers.Value.Length];
        string[] texts = [Written(scratch, "a.txt", Long(seed, 2 + (seed % 3))), Written(scratch, "b.txt", "a little\r\n"), Written(scratch, "c.txt", Long(which, 3))];
        Get(TokenFile.Write(scratch["whole"], texts, tokenizer, LineEnds.Lf));
        foreach (var after in (int[])[1 + (first % 7), 1 + (second % 4)])
        {
            if (Left(after, scratch["parts"], texts)) break;
            Assert.False(File.Exists(scratch["parts"]));
            Assert.Contains("is no file of tokens", TokenFile.Open(scratch["parts.partial"]).FailToSeq().Lines(), StringComparison.Ordinal);
            // What was written after the last note counts for nothing.
            using var file = File.Open(scratch["parts.partial"], FileMode.Append);
            file.Write(new byte[seed]);
        }
        var told = new List<long>();
        using (var writer = new TokenFileWriter(scratch["parts"], texts, tokenizer, LineEnds.Lf, default, cores: 1 + (size % 3)) { GoesOn = told.Add })
            if (!File.Exists(scratch["parts"])) _ = Get(writer.Write());
        Assert.True(told is [> 0] or []);
        Assert.True(File.ReadAllBytes(scratch["whole"]).AsSpan().SequenceEqual(File.ReadAllBytes(scratch["parts"])));
        Assert.Equal([scratch["parts"]], Directory.EnumerateFiles(scratch["."], "parts*").Select(Path.GetFullPath));

        // Whether it was done before.
        bool Left(int after, string path, string[] files)
        {
            using var stop = new CancellationTokenSource();
            var notes = 0;
            using var writer = new TokenFileWriter(path, files, tokenizer, LineEnds.Lf, stop.Token, every: 1, cores: 1 + (after % 3), part: 1000 + (100 * size))
            {
                Noted = () =>
                {
                    if (++notes != after) return;
                    if (!asked) throw new Training.KilledException();
                    stop.Cancel();
                },
            };
            try
            {
                return writer.Write().IsSuccess;
            }
            catch (Exception e) when (e is OperationCanceledException or Training.KilledException)
            {
                return false;
            }
        }
    }

    /// <summary>Whatever is another than it was, it begins anew, and the file is that of what there is now.</summary>
    [Theory]
    [InlineData("a text that is done")]
    [InlineData("the beginning of a text")]
    [InlineData("the end of what was read")]
    [InlineData("a shorter text")]
    [InlineData("another tokenizer")]
    [InlineData("other line ends")]
    [InlineData("other texts")]
    [InlineData("other tokens")]
    [InlineData("fewer tokens")]
    [InlineData("another note")]
    [InlineData("no note")]
    [InlineData("nothing")]
    public void What_was_changed_is_not_gone_on_with(string change)
    {
        using var scratch = new Training.Scratch();
        string[] texts = [Written(scratch, "a.txt", Long(1, 1)), Written(scratch, "c.txt", Long(5, 6)), Written(scratch, "d.txt", Long(1, 1))];
        var tokenizer = tokenizers.Value[1];
        var (notes, ends) = (0, LineEnds.Lf);
        using (var writer = new TokenFileWriter(scratch["parts"], texts, tokenizer, ends, default, every: 1, cores: 2, part: 2000) { Noted = () => { if (++notes == 5) throw new Training.KilledException(); } })
            _ = Assert.Throws<Training.KilledException>(() => writer.Write());
        void Change(string path, Func<byte[], byte[]> how) => File.WriteAllBytes(path, how(File.ReadAllBytes(path)));
        byte[] Turned(byte[] bytes, int at) { bytes[at] = bytes[at] == 'x' ? (byte)'y' : (byte)'x'; return bytes; }
        switch (change)
        {
            case "a text that is done": Change(texts[0], static b => [.. b, (byte)'x']); break;
            case "the beginning of a text": Change(texts[1], b => Turned(b, 0)); break;
            case "the end of what was read": Change(texts[1], b => Turned(b, (3 << 16) - 100)); break;
            case "a shorter text": Change(texts[1], static b => b[..(1 << 16)]); break;
            case "another tokenizer": tokenizer = tokenizers.Value[3]; break;
            case "other line ends": ends = LineEnds.Keep; break;
            case "other texts": texts = [texts[2], .. texts[1..]]; break;
            case "other tokens": Change(scratch["parts.partial"], b => Turned(b, 1000)); break;
            case "fewer tokens": Change(scratch["parts.partial"], static b => b[..2000]); break;
            case "another note": Change(scratch["parts.progress"], static b => b[..(b.Length / 2)]); break;
            case "no note": File.Delete(scratch["parts.progress"]); break;
        }
        var told = new List<long>();
        _ = Get(TokenFile.Write(scratch["parts"], texts, tokenizer, ends, told.Add, default));
        Assert.Equal(change == "nothing" ? 1 : 0, told.Count);
        _ = Get(TokenFile.Write(scratch["whole"], texts, tokenizer, ends));
        Assert.True(File.ReadAllBytes(scratch["whole"]).AsSpan().SequenceEqual(File.ReadAllBytes(scratch["parts"])));
        Assert.Equal([scratch["parts"]], Directory.EnumerateFiles(scratch["."], "parts*").Select(Path.GetFullPath));
    }

    /// <summary>A fault far behind leaves what is done: whoever has mended the text goes on.</summary>
    [Fact]
    public void A_text_that_was_mended_behind_what_is_done_is_gone_on_with()
    {
        using var scratch = new Training.Scratch();
        var text = Written(scratch, "a.txt", Long(1, 4));
        var whole = File.ReadAllBytes(text);
        File.WriteAllBytes(text, [.. whole, 255]);
        using (var writer = new TokenFileWriter(scratch["parts"], [text], tokenizers.Value[1], LineEnds.Lf, default, every: 1, part: 2000))
            Assert.Contains($"a.txt, byte {whole.Length}", writer.Write().FailToSeq().Lines(), StringComparison.Ordinal);
        Assert.True(File.Exists(scratch["parts.partial"]));
        File.WriteAllBytes(text, whole);
        var told = new List<long>();
        _ = Get(TokenFile.Write(scratch["parts"], [text], tokenizers.Value[1], LineEnds.Lf, told.Add, default));
        Assert.Single(told);
        _ = Get(TokenFile.Write(scratch["whole"], [text], tokenizers.Value[1], LineEnds.Lf));
        Assert.True(File.ReadAllBytes(scratch["whole"]).AsSpan().SequenceEqual(File.ReadAllBytes(scratch["parts"])));
    }

    /// <summary>Two that write the same file do not take each other's work away.</summary>
    [Fact]
    public void One_that_is_being_written_is_left_alone()
    {
        using var scratch = new Training.Scratch();
        var text = Written(scratch, "a.txt", Long(1, 3));
        var faults = "";
        using (var writer = new TokenFileWriter(scratch["parts"], [text], tokenizers.Value[0], LineEnds.Lf, default, every: 1, part: 2000) { Noted = () =>
            faults = TokenFile.Write(scratch["parts"], [text], tokenizers.Value[0], LineEnds.Lf).FailToSeq().Lines() })
            _ = Get(writer.Write());
        Assert.Contains("being used by another process", faults, StringComparison.Ordinal);
        Assert.True(TokenFile.Open(scratch["parts"]).Map(static f => { using (f) return f.Length > 0; }).IfFail(false));
    }
}
