using static Functional.Tests.Properties.Subwords.GoldenTokenizers;

namespace Functional.Tests.Properties.Subwords;

/// <summary>Encoding on several cores is encoding on one.</summary>
public sealed class ParallelLaws
{
    static readonly string[] Bits = ["word", " word", "s", "'s", "'", " ", "  ", "\n", "\r\n", "\n\n", "12", ".", "É", "HTTPx", "中文", "😀", "𝒜", "\u0301", "<|end|>", "/", "\t"];

    static string Text(int[] numbers) => Functional.Tests.Properties.Text.Texts.Of(numbers, Bits, Bits.Length);

    static readonly Tokenizer[] tokenizers =
    [
        ByteTokenizer.Instance, CharTokenizer.Train(string.Concat(Bits)),
        .. Splitter.All.Select(static s => SubwordTokenizers.Of(BpeTrainer.Train(WordCounts.Of(Shakespeare.AsSpan(0, 20_000), s), new(400, 2, ["<|end|>"])), new(400, 2, ["<|end|>"]), s)),
        Read(Json("trained-llama3")),
        // Places leave out the blanks that its post-processor takes for its own, but for the first.
        Plain("prefixtrim"),
        // Of these no place to cut is known.
        Read(Component("nfc").Json), Read(Component("llama").Json), Read(Component("o200k").Json),
    ];

    static SubwordTokenizer Plain(string name) => new(Read(Component(name).Json).Definition with { Steps = [new SplitterStep(Splitter.Gpt2)] });

    static int[] Ids(Tokenizer tokenizer, string text, int cores, int size, int pieces)
    {
        var (encoder, ids) = (new ParallelEncoder(tokenizer, cores, size), new List<int>());
        for (int at = 0, end; at < text.Length; at = end)
        {
            end = Math.Min(text.Length, at + pieces);
            if (end < text.Length && char.IsLowSurrogate(text[end])) end++;
            foreach (var part in Get(encoder.Push(text.AsSpan(at, end - at)))) ids.AddRange(part);
        }
        foreach (var part in Get(encoder.Finish())) ids.AddRange(part);
        return [.. ids];
    }

    static T Get<T>(LanguageExt.Validation<Fault, T> outcome) => outcome.IfFail(static f => throw new InvalidOperationException(f.Lines()));

    [Property(MaxTest = 200)]
    public bool Ids_are_those_of_one_core(int[] numbers, byte which, byte cores, byte size, byte pieces)
    {
        var (tokenizer, text) = (tokenizers[which % tokenizers.Length], Text(numbers));
        return Ids(tokenizer, text, 1 + cores % 5, 8 + size % 40, 1 + pieces % 20).SequenceEqual(GoldenTokenizers.Ids(tokenizer, text));
    }

    static readonly Tokenizer[] all = [.. tokenizers, .. Components.Select(static name => Read(Component(name).Json)), Microsoft("gpt2")];

    static Tokenizer Microsoft(string name) => Get(MicrosoftTokenizer.Find(name));

    /// <summary>Whoever goes on where another stood has the tokens of the rest, on however many cores both work.</summary>
    [Property(MaxTest = 600)]
    public bool Another_goes_on_where_one_stood(int[] numbers, byte which, byte cores, byte size, byte pieces, byte left)
    {
        var (tokenizer, text) = (all[which % all.Length], Text([.. numbers, .. numbers]));
        if (tokenizer.Encode(text).IsFail) return true;
        var (encoder, ids, given, step) = (new ParallelEncoder(tokenizer, 1 + (cores % 3), 8 + (size % 40)), new List<int>(), 0, 1 + (pieces % 20));
        for (var turn = 0; given < text.Length; turn++)
        {
            var end = Math.Min(text.Length, given + step);
            if (end < text.Length && char.IsLowSurrogate(text[end])) end++;
            foreach (var part in Get(encoder.Push(text.AsSpan(given, end - given)))) ids.AddRange(part);
            given = end;
            if ((left + turn) % 3 != 0) continue;
            var point = encoder.Point;
            if (point.Position > given) return false;
            (encoder, given) = (new(tokenizer, 1 + ((cores + turn) % 3), 8 + (size % 40), point), (int)point.Position);
            // A piece that could not be used whole must grow, lest it be given again and again.
            step = Math.Min(step * 2, text.Length);
        }
        foreach (var part in Get(encoder.Finish())) ids.AddRange(part);
        return ids.SequenceEqual(GoldenTokenizers.Ids(tokenizer, text));
    }

    [Property(MaxTest = 200)]
    public bool Places_are_those_of_one_core(int[] numbers, byte which, byte cores, byte size)
    {
        var (tokenizer, text) = (tokenizers[which % tokenizers.Length], Text(numbers));
        return Get(ParallelEncoder.Tokens(tokenizer, text, SpecialTokens.Allow, 1 + cores % 5, 8 + size % 40)).SequenceEqual(Get(tokenizer.Tokens(text)));
    }

    [Property]
    public bool Faults_are_at_their_places(int[] numbers, byte size)
    {
        var text = Text(numbers) + " word word ☃";
        var tokenizer = tokenizers[1];
        var encoder = new ParallelEncoder(tokenizer, 3, 8 + size % 40);
        return encoder.Push(text).Bind(_ => encoder.Finish()).FailToSeq().Lines() == tokenizer.Encode(text).FailToSeq().Lines()
            && ParallelEncoder.Tokens(tokenizer, text, SpecialTokens.Allow, 3, 8 + size % 40).FailToSeq().Lines() == tokenizer.Encode(text).FailToSeq().Lines();
    }

    /// <summary>Behind the last place to cut one core goes on alone.</summary>
    [Fact]
    public void Faults_behind_the_last_border_are_at_their_places()
    {
        var text = "word word word" + new string('é', 100) + "\uD800x";
        var encoder = new ParallelEncoder(tokenizers[2], 3, 4);
        Assert.Equal($"position {text.Length - 2}", encoder.Push(text.AsSpan(0, 10)).Bind(_ => encoder.Push(text.AsSpan(10))).Bind(_ => encoder.Finish()).FailToSeq().Head.Where);
        var stream = tokenizers[2].Stream();
        Assert.True(stream.Between("some words", 70).IsSuccess);
        Assert.Equal("position 104", stream.Between("word\uD800", 100).FailToSeq().Head.Where);
        encoder = new(tokenizers[2], 3, 4);
        Assert.Equal($"position {text.Length - 2}", text.Chunk(5).Aggregate(encoder.Push(""), (so, piece) => so.Bind(_ => encoder.Push(piece))).Bind(_ => encoder.Finish()).FailToSeq().Head.Where);
    }

    [Fact]
    public void A_long_text_is_cut_into_parts_of_the_usual_size()
    {
        var text = string.Concat(Enumerable.Repeat(Shakespeare, 8));
        foreach (var tokenizer in tokenizers[2..])
            Assert.Equal(GoldenTokenizers.Ids(tokenizer, text), Ids(tokenizer, text, 3, 1 << 18, 1 << 16));
    }
}
