using FsCheck;

namespace Functional.Tests.Properties.Generation;

/// <summary>What a seed decides, and how tokens become text.</summary>
public sealed class GeneratorLaws
{
    [Property(MaxTest = 10)]
    public void The_same_seed_gives_the_same_text_and_another_seed_another(PositiveInt seed, PositiveInt shape)
    {
        using var subject = new TinyGpt(seed.Get, shape.Get);
        using var decoder = subject.Decoder();
        var generator = new Generator(decoder, TinyGpt.Tokenizer, LineEnds.Lf);
        string Draw(ulong s) => string.Concat(generator.Text(subject.Tokens(1), 40, new(new()), Key.Seed(s)));
        Assert.Equal(Draw(1), Draw(1));
        Assert.NotEqual(Draw(1), Draw(2));
    }

    [Property(MaxTest = 10)]
    public void Text_is_the_drawn_tokens_decoded(PositiveInt seed, PositiveInt shape, PositiveInt count)
    {
        using var subject = new TinyGpt(seed.Get, shape.Get);
        using var decoder = subject.Decoder();
        var generator = new Generator(decoder, TinyGpt.Tokenizer, LineEnds.Lf);
        var tokens = generator.Tokens(subject.Tokens(1), new(new()), Key.Seed(7)).Take(count.Get).ToArray();
        Assert.Equal(TinyGpt.Tokenizer.Decode(tokens), string.Concat(generator.Text(subject.Tokens(1), count.Get, new(new()), Key.Seed(7))));
    }

    [Fact]
    public void A_prompt_outside_the_vocabulary_is_a_fault_and_an_empty_one_begins_a_line()
    {
        using var subject = new TinyGpt(1, 1);
        using var decoder = subject.Decoder();
        var generator = new Generator(decoder, TinyGpt.Tokenizer, LineEnds.Lf);
        Assert.Equal("prompt, position 1: 'X' (U+0058) is not in the vocabulary; allowed: the 11 characters \\n space a-h é",
            generator.Encode("aX").Match(static _ => "", static faults => faults.Lines()));
        Assert.Equal([0], generator.Encode("").IfFail([]));
        Assert.Equal("\n", TinyGpt.Tokenizer.Decode([0]));
    }

    [Fact]
    public void Line_ends_of_a_prompt_are_those_of_the_text_that_was_learned()
    {
        using var subject = new TinyGpt(1, 1);
        using var decoder = subject.Decoder();
        Assert.Equal("a\nb\n\nc\n", TinyGpt.Tokenizer.Decode(new Generator(decoder, TinyGpt.Tokenizer, LineEnds.Lf).Encode("a\r\nb\r\rc\r").IfFail([])));
        Assert.Contains("prompt, position 1: '\\r' (U+000D) is not in the vocabulary (CRLF or CR line ends, where the vocabulary has LF;",
            new Generator(decoder, TinyGpt.Tokenizer, LineEnds.Keep).Encode("a\r\nb").Match(static _ => "", static faults => faults.Lines()),
                StringComparison.Ordinal);
    }

    /// <summary>An empty prompt begins a line in whatever way the vocabulary can.</summary>
    [Theory]
    [InlineData("abcdefgh\r\né", "\n")]
    [InlineData("\tabcdefg\rxé", "\r")]
    [InlineData("abcdefghxyé", "a")]
    public void An_empty_prompt_is_a_line_end_where_there_is_one(string known, string read)
    {
        using var subject = new TinyGpt(1, 1);
        using var decoder = subject.Decoder();
        var tokenizer = CharTokenizer.Train(known);
        Assert.Equal(read, tokenizer.Decode(new Generator(decoder, tokenizer, LineEnds.Keep).Encode("").IfFail([])));
    }

    [Fact]
    public void Each_token_is_a_draw_of_its_own()
    {
        using var subject = new TinyGpt(1, 1);
        using var decoder = subject.Decoder();
        var hot = new Sampler(new() { Temperature = 1e9 });
        Assert.True(new Generator(decoder, TinyGpt.Tokenizer, LineEnds.Lf).Tokens([1], hot, Key.Seed(3)).Take(40).Distinct().Count() > 5);
    }

    [Fact]
    public void No_token_gives_no_text()
    {
        using var subject = new TinyGpt(1, 1);
        using var decoder = subject.Decoder();
        Assert.Empty(new Generator(decoder, TinyGpt.Tokenizer, LineEnds.Lf).Text([1], 0, new(new()), default));
    }

    [Fact]
    public void A_tokenizer_of_another_size_is_refused()
    {
        using var subject = new TinyGpt(1, 1);
        using var decoder = subject.Decoder();
        Assert.Throws<ArgumentException>(() => new Generator(decoder, ByteTokenizer.Instance, LineEnds.Lf));
    }
}
