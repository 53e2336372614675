using System.Text;
using Functional.Testing;
using LanguageExt;
using Xunit;

namespace Functional.Tests.Properties.Text;

public class TokenizerLaws
{
    static int[] Ids(Tokenizer tokenizer, string text) => tokenizer.Encode(text).IfFail(f => throw new InvalidOperationException(f.Lines()));
    static string Faults(Tokenizer tokenizer, string text) => tokenizer.Encode(text).FailToSeq().Lines();

    [Property]
    public bool Char_decode_undoes_encode(int[] numbers)
    {
        var text = Texts.Of(numbers);
        var tokenizer = CharTokenizer.Train(text);
        return tokenizer.Decode(Ids(tokenizer, text)) == text && Ids(tokenizer, text).Length == text.EnumerateRunes().Count();
    }

    [Property]
    public bool Byte_decode_undoes_encode(int[] numbers) =>
        Texts.Of(numbers) is var text && ByteTokenizer.Instance.Decode(Ids(ByteTokenizer.Instance, text)) == text;

    [Property]
    public bool Bytes_come_back_whatever_they_are(byte[] bytes) =>
        ByteTokenizer.Instance.DecodeBytes(ByteTokenizer.EncodeBytes(bytes)).SequenceEqual(bytes);

    [Property]
    public bool Vocabulary_depends_on_the_set_of_characters_alone(int[] numbers, int seed)
    {
        var text = Texts.Of(numbers);
        var runes = text.EnumerateRunes().Concat(text.EnumerateRunes().Take(3)).ToArray();
        new Random(seed).Shuffle(runes);
        var shuffled = CharTokenizer.Train(string.Concat(runes.Select(r => r.ToString())));
        var tokenizer = CharTokenizer.Train(text);
        return tokenizer.Equals(shuffled) && tokenizer.Fingerprint == shuffled.Fingerprint
            && tokenizer.Runes == text.EnumerateRunes().Distinct().OrderBy(r => r.Value).ToVec();
    }

    [Property]
    public bool Vocabulary_streams_in_any_pieces(int[] numbers, byte cut)
    {
        var text = Texts.Of(numbers);
        var at = cut % (text.Length + 1);
        var set = RuneSet.Empty.Add(text.AsSpan(0, at)).Add(text.AsSpan(at));
        return CharTokenizer.Of(set).Equals(CharTokenizer.Train(text)) && ReferenceEquals(set.Add(text), set);
    }

    [Property]
    public bool Encoding_streams_in_pieces(int[] numbers, byte cut)
    {
        var text = Texts.Of(numbers);
        var at = cut % (text.Length + 1);
        if (at < text.Length && char.IsLowSurrogate(text[at])) at--;
        return ((Tokenizer[])[CharTokenizer.Train(text), ByteTokenizer.Instance])
            .All(t => Ids(t, text[..at]).Concat(Ids(t, text[at..])).SequenceEqual(Ids(t, text)));
    }

    [Property]
    public bool Unknown_characters_are_faults_at_their_first_place(int[] numbers, int stranger, byte place)
    {
        var known = Texts.Of(numbers);
        var tokenizer = CharTokenizer.Train(known);
        var odd = Texts.Of([stranger]);
        if (known.Contains(odd, StringComparison.Ordinal)) return true;
        var at = place % (known.Length + 1);
        if (at < known.Length && char.IsLowSurrogate(known[at])) at--;
        return tokenizer.Encode(known.Insert(at, odd) + odd, 1000).Match(
            _ => false,
            faults => faults.Count == 1 && faults.Head.Where == $"position {1000 + at}"
                && faults.Head.What.Contains($"U+{odd.EnumerateRunes().First().Value:X4}", StringComparison.Ordinal));
    }

    [Property]
    public bool Fingerprints_tell_vocabularies_apart(int[] a, int[] b)
    {
        Tokenizer x = CharTokenizer.Train(Texts.Of(a)), y = CharTokenizer.Train(Texts.Of(b));
        var same = Texts.Of(a).EnumerateRunes().ToHashSet().SetEquals(Texts.Of(b).EnumerateRunes());
        return (x.Fingerprint == y.Fingerprint) == same && x.Equals(y) == same && x.Fingerprint.Length == 32 && !x.Equals(ByteTokenizer.Instance);
    }

    [Property]
    public bool Json_reads_back_to_the_same(int[] numbers)
    {
        var tokenizer = CharTokenizer.Train("x" + Texts.Of(numbers));
        return ((Tokenizer[])[tokenizer, ByteTokenizer.Instance]).All(t => TokenizerJson.Parse(TokenizerJson.Write(t)).Match(
            read => read.Equals(t) && read.GetType() == t.GetType() && TokenizerJson.Write(read) == TokenizerJson.Write(t), _ => false));
    }

    [Property]
    public bool Cut_json_is_a_fault(int[] numbers, ushort cut)
    {
        var json = TokenizerJson.Write(CharTokenizer.Train("x" + Texts.Of(numbers))).TrimEnd();
        return TokenizerJson.Parse(json[..(cut % json.Length)]).IsFail;
    }

    [Theory]
    [InlineData("[]", "model: is missing")]
    [InlineData("{\"model\":{\"type\":\"BPE\"}}", "model.vocab: is missing")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{}}}", "model.vocab: is empty")]
    [InlineData("{\"model\":{\"type\":\"Unigram\",\"vocab\":{\"a\":0}}}", "model.vocab: is {\"a\":0}; allowed: a list")]
    [InlineData("{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":0}}}", "model.type: is WordPiece; allowed: BPE, Unigram; WordPiece and WordLevel are not supported")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"dropout\":0.1,\"vocab\":{\"a\":0}}}", "model.dropout: is 0.1: dropping merges by chance is not supported")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[\"a a\"]}}", "model.merges[0]: makes aa, which is not in the vocabulary")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":2147483647}}}", "model.vocab[\"a\"]: has id 2147483647; allowed: 0 to 4194303")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":0}}}", "model.vocab[\"b\"]: has id 0, which another token has")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"a\":1}}}", "model.vocab[\"a\"]: stands there twice")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"\\ud800\":0}}}", "half a surrogate pair")]
    [InlineData("{\"pre_tokenizer\":{\"type\":\"UnicodeScripts\"},\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0}}}", "pre_tokenizer.type: UnicodeScripts is not supported")]
    [InlineData("{\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"((\"},\"behavior\":\"Isolated\"},\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0}}}", "pre_tokenizer.pattern: the regular expression lacks a )")]
    [InlineData("{\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(a)\\\\1\"},\"behavior\":\"Isolated\"},\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0}}}", "pre_tokenizer.pattern: the regular expression has \\1, which is not known")]
    [InlineData("{\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"a{2000}\"},\"behavior\":\"Isolated\"},\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0}}}", "pre_tokenizer.pattern: the regular expression counts beyond 1000")]
    [InlineData("{\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"},\"content\":\"aaaaaaaaaaaaaaaaaaaaaaaa\"},{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"},\"content\":\"aaaaaaaaaaaaaaaaaaaaaaaa\"},{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"},\"content\":\"aaaaaaaaaaaaaaaaaaaaaaaa\"},{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"},\"content\":\"aaaaaaaaaaaaaaaaaaaaaaaa\"}]},\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0}}}", "normalizer: makes a text up to 3.32E+05 times as long; allowed: up to 10000 times")]
    [InlineData("{\n\n?", "line 3: is not JSON; expected a tokenizer.json")]
    public void Json_faults_name_the_field(string json, string fault) =>
        Assert.Contains(fault, TokenizerJson.Parse(json).FailToSeq().Lines(), StringComparison.Ordinal);

    [Fact]
    public void All_json_faults_come_at_once() => Assert.Equal(4, TokenizerJson.Parse(
        "{\"normalizer\":{\"type\":\"Nmt\"},\"model\":{\"type\":\"BPE\",\"merges\":[\"a\",7],\"vocab\":{\"ab\":-7,\"a\":0}}}").FailToSeq().Count);

    [Fact]
    public void Faults_read_well() => Assert.Equal(
        "position 1: 'é' (U+00E9) is not in the vocabulary; allowed: the 8 characters \\n space ! a-d z\n"
        + "position 2: half a surrogate pair (U+D800) is no character; allowed: the 8 characters \\n space ! a-d z",
        Faults(CharTokenizer.Train("zabcd! \n"), "aé\uD800é"));

    [Theory]
    [InlineData("a\n", '\r', " (CRLF or CR line ends, where the vocabulary has LF; a run with line-ends lf reads them all)")]
    [InlineData("a\r", '\n', " (LF line ends, where the vocabulary has CR; a run with line-ends lf reads them all)")]
    [InlineData("a", '\r', " (a line end; the vocabulary has none)")]
    [InlineData("a", '\n', " (a line end; the vocabulary has none)")]
    [InlineData("a\n", '\uFEFF', " (a byte order mark, which is taken off at the beginning of a file only)")]
    [InlineData("a\n", '\0', " (UTF-16 text has such; save it as UTF-8)")]
    [InlineData("a\n", '\t', "")]
    [InlineData("a\r\n", '\u2028', "")]
    public void A_stranger_that_has_a_cause_names_it(string known, char stranger, string cause)
    {
        var tokenizer = CharTokenizer.Train(known);
        var expected = $"position 1: {Characters.Quote(new Rune(stranger))} (U+{(int)stranger:X4}) is not in the vocabulary{cause}; allowed: the {known.Length} characters ";
        Assert.StartsWith(expected, Faults(tokenizer, $"a{stranger}"), StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_refuse_half_pairs_only() => Assert.Equal(
        "position 3: half a surrogate pair (U+DC00) is no character; allowed: every Unicode text", Faults(ByteTokenizer.Instance, "😀a\uDC00"));

    [Fact]
    public void Many_strangers_are_cut_short() =>
        Assert.Equal(9, CharTokenizer.Train("a").Encode("bcdefghijklmnop").FailToSeq().Count);

    [Theory]
    [InlineData('a', "'a'")]
    [InlineData('\n', "'\\n'")]
    [InlineData('\u0301', "'\\u{301}'")]
    public void Tokens_are_shown_plainly(char c, string shown) => Assert.Equal(shown, CharTokenizer.Train([c]).Describe(0));

    [Fact]
    public void Lone_bytes_are_shown_as_numbers() =>
        Assert.Equal(("<0xC3>", "'A'"), (ByteTokenizer.Instance.Describe(0xC3), ByteTokenizer.Instance.Describe(65)));

    [Property]
    public void Ids_outside_are_refused(byte over) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => ByteTokenizer.Instance.Decode([256 + over]));

    [Fact]
    public void A_character_twice_is_refused() => Assert.Throws<ArgumentException>(() => CharTokenizer.Of([new Rune('a'), new Rune('a')]));
}
