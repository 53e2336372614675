using System.IO.Compression;
using System.Text;
using static Functional.Tests.Properties.Subwords.GoldenTokenizers;

namespace Functional.Tests.Properties.Subwords;

/// <summary>Microsoft.ML.Tokenizers and this project's own tokenizers give the same ids and places, where both can.</summary>
public sealed class MicrosoftLaws
{
    static readonly string[] Odd =
    [
        "the", " the", "Tokens", "izer", "'s", "'LL", "'", " 12", "345", "6789", "\n", "\n\n", "\r\n", "\r", "  ", "   ", "\t", "é", "e\u0301", "\u0301", "ß", "中文", "Привет", "हिन्दी", "?!", ".", "/",
        "//\n", "HTTP", "xY", "😀", "👨‍👩‍👧", "🇩🇪", "\0", "\u0007", "\u007f", "\u200b", "\u200d", "\ufeff", "\ufffd", "\u00a0", "\u3000", "\u2028", "½", "Ⅷ", "<|endoftext|>", "<|end", "ǅ", "ʰ",
    ];

    // Its patterns are .NET's: they see UTF-16 code units, of which no half is a letter, and where case does not matter the long s is no s.
    static bool IsAlike(Rune rune) => rune.Value != 0x17F
        && (rune.IsBmp || (CharClasses.At(rune.ToString(), 0, out _) == CharClass.Other && LetterCases.At(rune.ToString(), 0, out _) == LetterCase.None));

    static string Awkward(int[] numbers) => string.Concat(Text.Texts.Of(numbers, Odd, 64).EnumerateRunes().Where(IsAlike).Select(static r => r.ToString()));

    static T Get<T>(LanguageExt.Validation<Fault, T> outcome) => outcome.IfFail(static f => throw new InvalidOperationException(f.Lines()));

    static readonly (Tokenizer Ours, Tokenizer Theirs)[] encodings = [.. Encodings.Names.Select(static n => (Get(TokenizerFile.Find(n)), Get(TokenizerFile.Find("microsoft:" + n))))];

    static bool Agree(Tokenizer ours, Tokenizer theirs, string text, SpecialTokens special) =>
        Get(ours.Encode(text, special)).SequenceEqual(Get(theirs.Encode(text, special))) && Get(ours.Tokens(text, special)).SequenceEqual(Get(theirs.Tokens(text, special)));

    [Property(MaxTest = 500)]
    public bool Encodings_agree(int[] numbers, byte which, bool special)
    {
        var (ours, theirs) = encodings[which % encodings.Length];
        return Agree(ours, theirs, Awkward(numbers), special ? SpecialTokens.Allow : SpecialTokens.Text);
    }

    [Property(MaxTest = 60)]
    public bool Encodings_stream_and_decode(int[] numbers, byte which, byte size)
    {
        var (ours, theirs) = encodings[which % encodings.Length];
        return Streamed(theirs, Awkward(numbers), 1 + size % 7).SequenceEqual(Ids(ours, Awkward(numbers))) && theirs.Decode(Ids(ours, Awkward(numbers))) == Awkward(numbers);
    }

    [Fact]
    public void Both_refuse_the_same()
    {
        foreach (var (ours, theirs) in encodings)
        {
            Assert.Equal(ours.Encode("a<|endoftext|>b", SpecialTokens.Refuse).FailToSeq().Lines(), theirs.Encode("a<|endoftext|>b", SpecialTokens.Refuse).FailToSeq().Lines());
            foreach (var half in (string[])["😀a\uDC00", "\uD83D", "a\uD83Db"])
                Assert.Equal(ours.Encode(half, 4).FailToSeq().Lines(), theirs.Encode(half, 4).FailToSeq().Lines());
            Assert.Equal(ours.VocabularySize, theirs.VocabularySize);
            var stream = theirs.Stream(position: 4);
            Assert.Equal($"position {4 + 11 + 5}", stream.Push("word word\nw").Bind(_ => stream.Push("ords \uD83Dx and more and more")).Bind(_ => stream.Finish()).FailToSeq().Head.Where);
            Assert.False(ours.Equals(theirs));
        }
    }

    static byte[] Model(string name)
    {
        using var packed = new GZipStream(File.OpenRead(Path.Combine(SourceTree.Root, "tests", "Properties", "Golden", "tokenizers", $"sentencepiece-{name}.model.gz")), CompressionMode.Decompress);
        using var all = new MemoryStream();
        packed.CopyTo(all);
        return all.ToArray();
    }

    // A model without the table of its normaliser, without user-defined symbols, and with all its blanks.
    static byte[] Plain(byte[] model)
    {
        var all = new List<byte>();
        for (var reader = new WireReader(model); reader.Next();)
        {
            var inner = reader.Bytes.ToArray();
            if (reader.Field == 3)
            {
                var kept = new List<byte>();
                for (var part = new WireReader(inner); part.Next();)
                    if (part.Field is 3 or 4 or 5) kept.AddRange([.. Varint(part.Field << 3), .. Varint(part.Field == 4 ? 0 : (int)part.Number)]);
                inner = [.. kept];
            }
            if (reader.Field == 1 && IsUserDefined(inner)) continue;
            all.AddRange([.. Varint((reader.Field << 3) | 2), .. Varint(inner.Length), .. inner]);
        }
        return [.. all];
    }

    static bool IsUserDefined(byte[] piece)
    {
        for (var part = new WireReader(piece); part.Next();)
            if (part.Field == 3 && part.Number == 4) return true;
        return false;
    }

    static byte[] Varint(int value) => value < 128 ? [(byte)value] : [(byte)(value & 127 | 128), .. Varint(value >> 7)];

    static (Tokenizer Ours, Tokenizer Theirs) Both(string name, byte[] model)
    {
        using var scratch = new Training.Scratch();
        File.WriteAllBytes(scratch[$"{name}.model"], model);
        return (Get(TokenizerFile.Find(scratch[$"{name}.model"])), Get(TokenizerFile.Find("microsoft:" + scratch[$"{name}.model"])));
    }

    static readonly (Tokenizer Ours, Tokenizer Theirs)[] models =
        [Both("own", Model("own")), Both("ident", Model("ident")), Both("nmt", Model("nmt-unigram")), Both("pairs", Plain(Model("own2")))];

    /// <summary>
    /// Unknown characters side by side are one unknown token, as SentencePiece has them; Microsoft's library gives one for each. Characters that a table takes away are left
    /// out: beside them that library keeps blanks that SentencePiece does not.
    /// </summary>
    [Property(MaxTest = 300)]
    public bool Models_agree(int[] numbers, byte which)
    {
        var (ours, theirs) = models[which % models.Length];
        var even = ((SubwordTokenizer)ours).Definition.Normalizer!;
        var text = string.Concat(Awkward(numbers).EnumerateRunes().Select(static r => r.ToString()).Where(r => even.Apply(Shaped.Of(r, 0), false, false).Text.Length > 0));
        return Fused(Get(ours.Tokens(text, SpecialTokens.Text))).SequenceEqual(Fused(Get(theirs.Tokens(text, SpecialTokens.Text))));
    }

    static List<Functional.Text.Token> Fused(Vec<Functional.Text.Token> tokens)
    {
        var all = new List<Functional.Text.Token>();
        foreach (var token in tokens)
            if (all.Count > 0 && token.Text == "<unk>" && all[^1].Text == "<unk>") all[^1] = all[^1] with { End = token.End, Last = token.Last };
            else all.Add(token);
        return all;
    }

    [Fact]
    public void What_it_does_not_have_is_refused()
    {
        using var scratch = new Training.Scratch();
        File.WriteAllBytes(scratch["own2.model"], Model("own2"));
        Assert.Contains("a byte-pair encoding with a character table", TokenizerFile.Find("microsoft:" + scratch["own2.model"]).FailToSeq().Lines(), StringComparison.Ordinal);
        Assert.Contains("is nothing that Microsoft.ML.Tokenizers reads", TokenizerFile.Find("microsoft:p50k_base").FailToSeq().Lines(), StringComparison.Ordinal);
        Assert.Contains("cannot hold what another library does", TokenizerFile.Write(scratch["t.json"], encodings[0].Theirs).FailToSeq().Lines(), StringComparison.Ordinal);
    }
}
