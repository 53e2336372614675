using System.Text;
using System.Text.Json;
using Microsoft.ML.Tokenizers;
using static Functional.Tests.Properties.Subwords.GoldenTokenizers;

namespace Functional.Tests.Properties.Subwords;

/// <summary>Published encodings against tiktoken's own ids and against Microsoft's library, and the other files that tokenizers come in.</summary>
public sealed class EncodingTests
{
    static readonly Dictionary<string, Functional.Text.Tokenizer> ours = Encodings.Names.ToDictionary(static n => n, static n => Get(Encodings.Read(n)));

    static T Get<T>(LanguageExt.Validation<Fault, T> outcome) => outcome.IfFail(static f => throw new InvalidOperationException(f.Lines()));

    static readonly Dictionary<string, TiktokenTokenizer> microsofts = Encodings.Names.Where(static n => n != "gpt2")
        .ToDictionary(static n => n, static n => n == "r50k_base" ? TiktokenTokenizer.CreateForModel("gpt2") : TiktokenTokenizer.CreateForEncoding(n));

    [Theory]
    [InlineData("r50k_base")]
    [InlineData("cl100k_base")]
    public void Ids_are_those_of_tiktoken(string name)
    {
        using var golden = JsonDocument.Parse(File.ReadAllText(Path.Combine(SourceTree.Root, "tests", "Properties", "Golden", "tokenizers", $"{name}.json")));
        foreach (var row in golden.RootElement.GetProperty("strings").EnumerateArray())
        {
            var text = row.GetProperty("text").GetString()!;
            Assert.Equal((text, string.Join(' ', row.GetProperty("ids").EnumerateArray())),
                (text, string.Join(' ', ours[name].Encode(text, SpecialTokens.Text).IfFail([]))));
        }
    }

    // Where the text ends in white space, Microsoft's patterns are those of an older tiktoken; and its classes are of UTF-16 code units.
    [Property]
    public bool Microsofts_library_agrees(int[] numbers, byte which)
    {
        var name = microsofts.Keys.ElementAt(which % microsofts.Count);
        var text = string.Concat(Enumerable.Select(numbers, static n => Words[Math.Abs(n % Words.Length)])) + "x";
        return ours[name].Encode(text, SpecialTokens.Text).IfFail([]).SequenceEqual(microsofts[name].EncodeToIds(text));
    }

    static readonly string[] Words = ["the", " the", " Tokens", "izer", "'s", "'LL", " 12", "345", "\n", "\n\n", "  ", "é", "ß", "中文", "Привет", "?!", ".", "/", "_", "HTTP", "xY"];

    [Theory]
    [InlineData("gpt2", 50257)]
    [InlineData("cl100k_base", 100277)]
    [InlineData("o200k_base", 200019)]
    public void Vocabularies_have_their_sizes(string name, int size) => Assert.Equal(size, ours[name].VocabularySize);

    [Property]
    public bool Encodings_stream_in_any_pieces(int[] numbers, byte size, byte which)
    {
        var text = string.Concat(Enumerable.Select(numbers, static n => Words[Math.Abs(n % Words.Length)]));
        var tokenizer = ours.Values.ElementAt(which % ours.Count);
        return Streamed(tokenizer, text, 1 + size % 7).SequenceEqual(Ids(tokenizer, text)) && tokenizer.Decode(Ids(tokenizer, text)) == text;
    }

    [Fact]
    public void Encodings_are_saved_and_read_back()
    {
        var tokenizer = ours["o200k_base"];
        Assert.True(Get(TokenizerJson.Parse(TokenizerJson.Write(tokenizer))).Equals(tokenizer));
    }

    static string Ranks(Vec<byte[]> tokens) => string.Join('\n', tokens.Select(static (t, i) => $"{Convert.ToBase64String(t)} {i}"));

    [Fact]
    public void Ranks_decide_as_merges_do()
    {
        var trained = BpeTrainer.Train(WordCounts.Of(Shakespeare.AsSpan(0, 20_000), Splitter.Gpt4), new(400));
        var merges = SubwordTokenizers.Of(trained, new(400), Splitter.Gpt4);
        var ranks = Get(RankFile.Parse(Ranks(trained.Tokens), Splitter.Gpt4.Regex));
        Assert.Equal(Ids(merges, Shakespeare[..50_000]), Ids(ranks, Shakespeare[..50_000]));
    }

    [Theory]
    [InlineData("", "ranks: has no tokens")]
    [InlineData("IQ== 0\nIQ==", "ranks, line 2: is no token in base 64 and its rank")]
    [InlineData("IQ== 0\nIg== 0", "ranks, line 2: has rank 0 for the second time")]
    [InlineData("IQ== 0\nIQ== 1", "ranks: has a token twice")]
    [InlineData("IQ== 99999999", "ranks, line 1: is no token in base 64 and its rank")]
    [InlineData("!! 1", "ranks, line 1: is no token in base 64 and its rank")]
    public void Wrong_ranks_are_refused(string text, string fault) =>
        Assert.StartsWith(fault, RankFile.Parse(text, Splitter.Gpt2.Regex).FailToSeq().Lines(), StringComparison.Ordinal);

    [Fact]
    public void Vocabulary_and_merges_in_two_files_are_the_one_tokenizer()
    {
        var one = Read(Json("trained-gpt2"));
        using var json = JsonDocument.Parse(Json("trained-gpt2"));
        var merges = "#version: 0.2\n" + string.Join('\n', json.RootElement.GetProperty("model").GetProperty("merges").EnumerateArray().Select(static m => $"{m[0]} {m[1]}"));
        var two = Get(MergesFile.Parse(json.RootElement.GetProperty("model").GetProperty("vocab").GetRawText(), merges));
        Assert.Equal(Ids(one, Shakespeare[..5000] + "<|endoftext|>"), Ids(two, Shakespeare[..5000] + "<|endoftext|>"));
    }

    [Theory]
    [InlineData("{\"a\":0}", "a b", "merges.txt: line 1: merges b, which is not in the vocabulary")]
    [InlineData("{\"a\":0,\"b\":1}", "a b", "merges.txt: line 1: makes ab, which is not in the vocabulary")]
    [InlineData("{\"a\":0}", "a b c", "merges.txt: line 1: is \"a b c\"")]
    [InlineData("[", "", "vocab.json, line 1: is not JSON")]
    [InlineData("{\"a\":-1}", "", "vocab.json: the vocabulary[\"a\"]: has id -1")]
    public void Wrong_pairs_of_files_are_refused(string vocabulary, string merges, string fault) =>
        Assert.Contains(fault, MergesFile.Parse(vocabulary, merges).FailToSeq().Lines(), StringComparison.Ordinal);

    // A message of SentencePiece's, field by field.
    static byte[] Field(int number, params byte[] bytes) => [.. Varint((number << 3) | 2), .. Varint(bytes.Length), .. bytes];

    static byte[] Number(int number, int value) => [.. Varint(number << 3), .. Varint(value)];

    static byte[] Varint(int value) => value < 128 ? [(byte)value] : [(byte)(value & 127 | 128), .. Varint(value >> 7)];

    static byte[] Piece(string text, float score, int kind) => Field(1, [.. Field(1, Encoding.UTF8.GetBytes(text)), 0x15, .. BitConverter.GetBytes(score), .. Number(3, kind)]);

    static byte[] Model(int type, bool fallback, params (string, float, int)[] pieces) =>
        [.. pieces.SelectMany(static p => Piece(p.Item1, p.Item2, p.Item3)), .. Field(2, [.. Number(3, type), .. Number(35, fallback ? 1 : 0)]), .. Field(3, [.. Number(3, 1), .. Number(4, 0), .. Number(5, 1)])];

    static byte[] Bpe => Model(2, true, [("<unk>", 0, 2), ("<s>", 0, 3), ("</s>", 0, 3), .. Enumerable.Range(0, 256).Select(static b => ($"<0x{b:X2}>", 0f, 6)),
        ("▁t", -0f, 1), ("he", -1f, 1), ("▁the", -2f, 1), ("▁", -3f, 1), ("t", -4f, 1), ("h", -5f, 1), ("e", -6f, 1), ("n", -7f, 1)]);

    [Fact]
    public void SentencePieces_pairs_merge_by_score()
    {
        var tokenizer = Get(SentencePieceModel.Parse(Bpe));
        Assert.Equal(["▁the", "▁the", "n", "▁", "<0xC3>", "<0xA9>"], Get(tokenizer.Tokens("the then é")).Select(static t => t.Text));
        Assert.Equal("the then é", tokenizer.Decode(Ids(tokenizer, "the then é")));
    }

    [Fact]
    public void SentencePieces_unigrams_are_the_likeliest()
    {
        var tokenizer = Get(SentencePieceModel.Parse(Model(1, false, ("<unk>", 0, 2), ("▁", -2f, 1), ("▁a", -3f, 1), ("ab", -2.5f, 1), ("a", -4f, 1), ("b", -4f, 1))));
        Assert.Equal(["▁", "ab", "▁a", "<unk>"], Get(tokenizer.Tokens("ab a?!")).Select(static t => t.Text));
    }

    [Fact]
    public void What_SentencePiece_has_and_this_has_not_is_refused()
    {
        Assert.Contains("is a model of kind word", SentencePieceModel.Parse(Model(3, false, ("a", 0, 1))).FailToSeq().Lines(), StringComparison.Ordinal);
        Assert.Contains("precompiled_charsmap: is cut off", SentencePieceModel.Parse([.. Model(1, false, ("a", 0, 1)), .. Field(3, Field(2, 1, 2, 3))]).FailToSeq().Lines(), StringComparison.Ordinal);
        Assert.Contains("denormalizer that maps", SentencePieceModel.Parse([.. Model(1, false, ("a", 0, 1)), .. Field(5, Field(2, 1, 2, 3))]).FailToSeq().Lines(), StringComparison.Ordinal);
        Assert.Contains("puts blanks behind words", SentencePieceModel.Parse([.. Model(1, false, ("a", 0, 1)), .. Field(2, [.. Varint(24 << 3), 1])]).FailToSeq().Lines(), StringComparison.Ordinal);
    }

    [Property]
    public bool Cut_or_changed_models_are_faults_or_tokenizers(ushort cut, byte change, ushort place)
    {
        var bytes = Bpe[..(cut % Bpe.Length)];
        if (bytes.Length > 0) bytes[place % bytes.Length] = change;
        return SentencePieceModel.Parse(bytes).Match(static _ => true, static faults => faults.Count > 0);
    }

    [Property]
    public bool Changed_json_is_a_fault_or_a_tokenizer(ushort place, byte change)
    {
        var json = Json("trained-gpt2").ToCharArray();
        json[place % json.Length] = (char)(change % 127);
        return TokenizerJson.Parse(new string(json)).Match(static t => t.VocabularySize > 0, static faults => faults.Count > 0);
    }
}
