using FsCheck;

namespace Functional.Tests.Properties.Generation;

/// <summary>Caches as values: they roll, are kept, forked and cut back; against models that read every sequence from its beginning without any cache.</summary>
public sealed class SequenceLaws
{
    const double OfFloat = 1e-3, OfReference = 1e-4;

    // Any attention that has a window in every layer, with sinks or none, and positions without an end.
    static DecoderConfig Endless(DecoderConfig c, int shape) => c with
    {
        Positions = (Positions)(1 + shape % 4), Window = 1 + shape % 5, Sinks = shape % 3, KeyHeads = 1, HeadSize = 4,
    };

    // Some layers see all, and so the context is the end.
    static DecoderConfig Mixed(DecoderConfig c, int shape) => c with
    {
        Layers = 2, Positions = (Positions)(shape % 5), Window = 1 + shape % 5, Sinks = shape % 2, Pattern = shape % 2 == 0 ? "wf" : "fw",
    };

    /// <summary>Twenty times the window and further, in memory that does not grow, each token as in a full forward pass with the window's mask.</summary>
    [Property(MaxTest = 12)]
    public void An_endless_sequence_is_the_windowed_forward_pass(PositiveInt seed, PositiveInt shape)
    {
        using var subject = new TinyGpt(seed.Get, shape.Get, new ManagedEngine(2), c => Endless(c, shape.Get));
        using var decoder = subject.Decoder();
        Assert.False(subject.Model.IsBounded);
        var places = subject.Model.Caches(new(1, Batcher.MostPiece)).Values.Select(static t => t.Shape[1]).Distinct();
        Assert.Equal([subject.Config.Sinks + subject.Config.Window + Batcher.MostPiece - 1], places);
        var tokens = subject.Tokens(20 * subject.Config.Window + Batcher.MostPiece + 40);
        var logits = new float[decoder.Vocabulary];
        // Pieces, and then one by one around the ring.
        var read = Math.Min(tokens.Length - 30, Batcher.MostPiece + shape.Get % 20);
        decoder.Read(tokens.AsSpan(0, read), logits);
        Agree(subject.Logits(tokens[..read]), logits, OfFloat);
        for (; read < tokens.Length; read++)
        {
            decoder.Read([tokens[read]], logits);
            if (read % 7 == 0 || read == tokens.Length - 1) Agree(subject.Logits(tokens[..(read + 1)]), logits, OfFloat);
        }
        Assert.Equal(tokens.Length, decoder.Position);
    }

    [Property(MaxTest = 20)]
    public void Any_schedule_of_forks_and_cuts_is_each_sequence_from_its_beginning(PositiveInt seed, PositiveInt shape) =>
        Follow(seed.Get, shape.Get, new ReferenceEngine(), OfReference);

    [Property(MaxTest = 20)]
    public void So_it_is_on_every_engine(PositiveInt seed, PositiveInt shape)
    {
        foreach (var make in EngineList.All.Values) Follow(seed.Get, shape.Get, make(), OfFloat);
    }

    static void Follow(int seed, int shape, IEngine engine, double tolerance)
    {
        using var subject = new TinyGpt(seed, shape, engine, c => shape % 3 == 0 ? Endless(c, shape / 3) : shape % 3 == 1 ? Mixed(c, shape / 3) : c);
        const int Rows = 4;
        using var batcher = subject.Batcher(Rows);
        var (random, limit) = (new Random(seed), subject.Model.IsBounded ? subject.Config.Context : 40);
        var (rows, kept) = (new Dictionary<int, int[]>(), new List<(SequenceState State, int[] Tokens)>());
        var logits = new float[batcher.Vocabulary];
        for (var turn = 0; turn < 30; turn++)
        {
            int[] used = [.. rows.Keys];
            var row = used.Length > 0 ? used[random.Next(used.Length)] : -1;
            switch (random.Next(8))
            {
                case 0 when batcher.Free > 0: rows.Add(batcher.Join(), []); break;
                case 1 when row >= 0 && batcher.Free > 0: rows.Add(batcher.Fork(row), rows[row]); break;
                case 2 when row >= 0: kept.Add((batcher.Keep(row), rows[row])); break;
                case 3 when kept.Count > 0 && batcher.Free > 0 && kept[random.Next(kept.Count)] is var some: rows.Add(batcher.Join(some.State), some.Tokens); break;
                case 4 when row >= 0:
                    var cut = random.Next(rows[row].Length + 1);
                    batcher.CutBack(row, cut);
                    rows[row] = rows[row][..^cut];
                    break;
                case 5 when row >= 0 && random.Next(3) == 0:
                    batcher.Leave(row);
                    rows.Remove(row);
                    break;
                case > 5 when row >= 0 && rows[row].Length < limit:
                    int[] more = [.. Enumerable.Range(0, random.Next(1, Math.Min(13, limit - rows[row].Length + 1))).Select(_ => random.Next(batcher.Vocabulary))];
                    batcher.Read(row, more, logits);
                    rows[row] = [.. rows[row], .. more];
                    Agree(subject.Logits(rows[row]), logits, tolerance);
                    break;
            }
            Assert.All(rows, r => Assert.Equal(r.Value.Length, batcher.Position(r.Key)));
            Assert.All(kept, static k => Assert.Equal(k.Tokens.Length, k.State.Position));
        }
        foreach (var (state, _) in kept) state.Dispose();
    }

    [Fact]
    public void What_a_row_does_not_hold_is_not_cut_back()
    {
        using var subject = new TinyGpt(1, 2, new ManagedEngine(1), static c => Endless(c, 2));
        using var batcher = subject.Batcher(1);
        var (row, logits) = (batcher.Join(), new float[batcher.Vocabulary]);
        batcher.Read(row, subject.Tokens(600), logits);
        Assert.Equal("257 tokens cannot be cut back; allowed: 0 to 256.", Assert.Throws<ArgumentException>(() => batcher.CutBack(row, 257)).Message);
        Assert.Equal("-1 tokens cannot be cut back; allowed: 0 to 256.", Assert.Throws<ArgumentException>(() => batcher.CutBack(row, -1)).Message);
        batcher.CutBack(row, 200);
        // What was not written over since still is too far ahead.
        batcher.Read(row, [1, 2], logits);
        Assert.Throws<ArgumentException>(() => batcher.CutBack(row, 59));
        batcher.CutBack(row, 58);
        Assert.Equal(344, batcher.Position(row));
    }

    /// <summary>The furthest cut that is allowed leaves everything that the window sees.</summary>
    [Property(MaxTest = 10)]
    public void A_cut_as_far_as_allowed_is_as_if_nothing_had_been_read(PositiveInt seed, PositiveInt shape)
    {
        using var subject = new TinyGpt(seed.Get, shape.Get, new ManagedEngine(2), c => Endless(c, shape.Get));
        using var batcher = subject.Batcher(1);
        var (row, logits, tokens) = (batcher.Join(), new float[batcher.Vocabulary], subject.Tokens(700));
        batcher.Read(row, tokens.AsSpan(0, 600 + shape.Get % 50), logits);
        batcher.CutBack(row, Batcher.MostPiece);
        var left = batcher.Position(row);
        batcher.Read(row, [3, 1], logits);
        Agree(subject.Logits([.. tokens[..left], 3, 1]), logits, OfFloat);
    }

    static void Agree(float[] expected, float[] actual, double tolerance)
    {
        var size = 1 + expected.Max(MathF.Abs);
        for (var i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], tolerance * size);
    }
}
