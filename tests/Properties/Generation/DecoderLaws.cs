using FsCheck;

namespace Functional.Tests.Properties.Generation;

/// <summary>Decoding with caches computes what the whole forward pass computes.</summary>
public sealed class DecoderLaws
{
    // Both run in double precision and are rounded to float32 in between: only the caches are rounded more often.
    const double Tolerance = 1e-5;

    [Property(MaxTest = 30)]
    public void Reading_in_any_pieces_gives_the_logits_of_the_whole_forward_pass(PositiveInt seed, PositiveInt shape, PositiveInt length)
    {
        using var subject = new TinyGpt(seed.Get, shape.Get);
        var tokens = subject.Tokens(1 + length.Get % subject.Config.Context);
        using var decoder = subject.Decoder();
        var logits = new float[subject.Config.Vocabulary];
        var cuts = Key.Seed((ulong)seed.Get).FoldIn("cuts");
        for (int at = 0, piece = 0; at < tokens.Length;)
        {
            var count = 1 + (int)cuts.Below(piece++, tokens.Length - at);
            decoder.Read(tokens.AsSpan(at, count), logits);
            at += count;
        }
        Assert.Equal(tokens.Length, decoder.Position);
        AssertClose(subject.Logits(tokens), logits);
    }

    /// <summary>A model whose every layer has a window goes on beyond its context, and what it forgets is what the windows no longer show.</summary>
    [Theory]
    [InlineData(Positions.Rotary, 0)]
    [InlineData(Positions.Rotary, 2)]
    [InlineData(Positions.Alibi, 1)]
    public void Windows_go_on_without_end(Positions positions, int sinks)
    {
        using var subject = new TinyGpt(5, new DecoderConfig
        {
            Layers = 2, Heads = 2, Width = 8, Context = 6, Vocabulary = TinyGpt.Tokenizer.VocabularySize, Positions = positions, Window = 4, Sinks = sinks, Norm = NormKind.Rms,
        });
        // Caches hold what is read at once beside the window: this is more.
        var tokens = subject.Tokens(2 * Functional.Generation.Batcher.MostPiece + 50);
        using var decoder = subject.Decoder();
        var logits = new float[subject.Config.Vocabulary];
        decoder.Read(tokens.AsSpan(0, tokens.Length - 3), logits);
        foreach (var token in tokens[^3..]) decoder.Read([token], logits);
        Assert.Equal(tokens.Length, decoder.Position);
        AssertClose(subject.Logits(tokens), logits);
    }

    [Property(MaxTest = 20)]
    public void Every_engine_decodes_what_the_reference_computes(PositiveInt seed, PositiveInt shape)
    {
        // Float32 where the reference has double precision; a norm over few numbers multiplies its rounding.
        const double ofFloat = 5e-4;
        using var reference = new TinyGpt(seed.Get, shape.Get);
        var tokens = reference.Tokens(reference.Config.Context);
        var expected = Enumerable.Range(1, tokens.Length).Select(n => reference.Logits(tokens[..n])).ToList();
        foreach (var (name, make) in EngineList.All)
        {
            using var subject = new TinyGpt(seed.Get, shape.Get, make());
            using var decoder = subject.Decoder();
            var logits = new float[subject.Config.Vocabulary];
            for (var at = 0; at < tokens.Length; at++)
            {
                decoder.Read([tokens[at]], logits);
                for (var i = 0; i < logits.Length; i++)
                    Assert.True(Math.Abs(logits[i] - expected[at][i]) <= ofFloat * (1 + expected[at].Max(Math.Abs)),
                        $"{name}: logit {i} at {at} is {logits[i]}, by the reference {expected[at][i]}");
            }
        }
    }

    [Property(MaxTest = 15)]
    public void Greedy_tokens_are_those_of_the_whole_forward_pass(PositiveInt seed, PositiveInt shape)
    {
        using var subject = new TinyGpt(seed.Get, shape.Get);
        using var decoder = subject.Decoder();
        var prompt = subject.Tokens(1);
        var cached = new Generator(decoder, TinyGpt.Tokenizer, LineEnds.Lf).Tokens(prompt, new(SamplingConfig.Greedy), default)
            .Take(subject.Config.Context - 1).ToArray();
        var all = prompt.ToList();
        while (all.Count < subject.Config.Context) all.Add(Best(subject.Logits([.. all])));
        Assert.Equal(all.Skip(1), cached);
    }

    [Property(MaxTest = 15)]
    public void When_the_context_is_full_the_last_half_is_read_again(PositiveInt seed, PositiveInt shape, PositiveInt beyond)
    {
        using var subject = new TinyGpt(seed.Get, shape.Get);
        using var decoder = subject.Decoder();
        var (context, logits) = (subject.Config.Context, new float[subject.Config.Vocabulary]);
        var tokens = subject.Tokens(context + 1 + beyond.Get % (2 * context));
        foreach (var token in tokens) decoder.Read([token], logits);
        Assert.InRange(decoder.Position, Math.Max(1, context / 2), context);
        AssertClose(subject.Logits(tokens[^decoder.Position..]), logits);
    }

    [Property(MaxTest = 10)]
    public void Of_a_prompt_longer_than_the_context_the_end_is_read(PositiveInt seed, PositiveInt shape, PositiveInt beyond)
    {
        using var subject = new TinyGpt(seed.Get, shape.Get);
        using var decoder = subject.Decoder();
        var (context, logits) = (subject.Config.Context, new float[subject.Config.Vocabulary]);
        var tokens = subject.Tokens(context + beyond.Get % 20);
        decoder.Read(tokens, logits);
        Assert.Equal(context, decoder.Position);
        AssertClose(subject.Logits(tokens[^context..]), logits);
    }

    [Property(MaxTest = 10)]
    public void A_decoder_that_was_reset_is_a_new_one(PositiveInt seed, PositiveInt shape)
    {
        using var subject = new TinyGpt(seed.Get, shape.Get);
        using var decoder = subject.Decoder();
        var (fresh, again) = (new float[subject.Config.Vocabulary], new float[subject.Config.Vocabulary]);
        decoder.Read(subject.Tokens(1), fresh);
        decoder.Read(subject.Tokens(subject.Config.Context - 1), again);
        decoder.Reset();
        decoder.Read(subject.Tokens(1), again);
        Assert.Equal(fresh, again);
    }

    [Property]
    public void Pieces_are_powers_of_two_that_the_text_holds(PositiveInt tokens)
    {
        var piece = Functional.Generation.Batcher.PieceOf(tokens.Get);
        Assert.True(System.Numerics.BitOperations.IsPow2(piece) && piece <= tokens.Get && piece <= 256);
    }

    static int Best(float[] logits) => Array.IndexOf(logits, logits.Max());

    static void AssertClose(float[] expected, float[] actual)
    {
        for (var i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], Tolerance);
    }
}
