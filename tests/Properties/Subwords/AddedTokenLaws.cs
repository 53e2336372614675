using static Functional.Tests.Properties.Subwords.GoldenTokenizers;

namespace Functional.Tests.Properties.Subwords;

/// <summary>Added tokens in texts that come in pieces: one that a cut goes through, or that a longer one may yet become, waits.</summary>
public sealed class AddedTokenLaws
{
    // The beginnings of some are others; some take white space along, or ask what stands beside them.
    static readonly AddedToken[] added =
    [
        new(300, "<|e|>"), new(301, "<|e|>x"), new(302, "<|"), new(303, "wo"), new(304, "😀é"), new(305, "<r>", RightStrip: true), new(306, "<l>", LeftStrip: true),
        new(307, "w", SingleWord: true), new(308, " a b"), new(309, "<n>", Normalized: true), new(310, "<n>n", Normalized: true, LeftStrip: true),
    ];

    static readonly string[] Bits = ["<|e|>", "<|e|>x", "<|", "e|>", "wo", "w", "😀", "é", "<r>", "<l>", " ", "  ", "\n", " a", " b", "<n>", "<n>n", "n", "<", "a", "."];

    static readonly SubwordTokenizer trained = SubwordTokenizers.Of(BpeTrainer.Train(WordCounts.Of(Shakespeare.AsSpan(0, 5000), Splitter.Gpt4), new(290)), new(290), Splitter.Gpt4);

    // Its blanks are pieces that end wherever the text is cut, so that only added tokens hold any back.
    static readonly SubwordTokenizer bare = new(trained.Definition with { Steps = [new PatternStepOf(Pattern.Parse(@"\s", "").IfFail(static _ => throw new InvalidOperationException()), SplitBehavior.Isolated, false)] });

    // One kind at a time, or all; what holds back for one would hide what another needs.
    static SubwordTokenizer With(byte which) =>
        new((which % 2 == 0 ? trained : bare).Definition with { Added = which / 2 % (added.Length + 1) is var k && k < added.Length ? [added[k]] : [.. added] });

    static string Text(int[] numbers) => Functional.Tests.Properties.Text.Texts.Of(numbers, Bits, Bits.Length);

    [Property(MaxTest = 400)]
    public bool Wherever_one_cut_is_the_ids_are_those_of_the_whole(int[] numbers, byte which)
    {
        var (tokenizer, text) = (With(which), Text(numbers));
        var whole = Ids(tokenizer, text);
        for (var at = 0; at <= text.Length; at++)
        {
            if (at < text.Length && char.IsLowSurrogate(text[at])) continue;
            var stream = tokenizer.Stream();
            if (!Get(stream.Push(text.AsSpan(0, at))).Concat(Get(stream.Push(text.AsSpan(at)))).Concat(Get(stream.Finish())).SequenceEqual(whole)) return false;
        }
        return true;
    }

    [Property(MaxTest = 200)]
    public bool Whatever_cuts_there_are_the_ids_are_those_of_the_whole(int[] numbers, byte size, byte which) =>
        Streamed(With(which), Text(numbers), 1 + size % 4).SequenceEqual(Ids(With(which), Text(numbers)));

    /// <summary>Each token by itself, with white space that it may take and letters beside it, in pieces of every size.</summary>
    [Fact]
    public void A_token_that_a_cut_goes_through_is_found()
    {
        foreach (var token in added)
            foreach (var text in (string[])[token.Content, "a " + token.Content + " b", token.Content + token.Content, token.Content + "x", token.Content + "   b", "a   " + token.Content + "x"])
                foreach (var definition in (SubwordDefinition[])[trained.Definition with { Added = [token] }, bare.Definition with { Added = [token] }])
                    for (var size = 1; size < text.Length; size++)
                        Assert.Equal((text, size, string.Join(' ', Ids(new(definition), text))), (text, size, string.Join(' ', Streamed(new SubwordTokenizer(definition), text, size))));
    }

    static int[] Get(LanguageExt.Validation<Fault, int[]> outcome) => outcome.IfFail(static f => throw new InvalidOperationException(f.Lines()));

    static int[] Ids(SubwordTokenizer tokenizer, string text) => GoldenTokenizers.Ids(tokenizer, text);
}
