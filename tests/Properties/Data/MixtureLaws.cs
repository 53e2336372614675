using Functional.Testing;
using Xunit;

namespace Functional.Tests.Properties.Data;

using Place = Functional.Data.Place;

public class MixtureLaws
{
    static Vec<double> Weights(byte[] weights) => [.. weights.Prepend((byte)3).Take(9).Select(static w => 0.25 * (1 + w % 40))];

    /// <summary>A text whose tokens say which text and where in it they are.</summary>
    const int Apart = 10_000;

    static Vec<MixedText> Texts(Vec<double> weights, int context, Random random) => weights.Map((w, i) =>
    {
        var text = TokenStream.Of(Enumerable.Range(i * Apart, 10 * (context + 1) + random.Next(100)).ToArray());
        var (train, validation) = text.Split(0.8);
        return new MixedText($"t{i}", w, train, validation);
    });

    static RunConfig Config(Random random, int context, WindowOrder order) => new()
    {
        Seed = random.Next(), Model = new() { Layers = 1, Heads = 1, Width = 4, Context = context, Vocabulary = 10 * Apart },
        Stage = new() { Batch = 1 + random.Next(5), Accumulate = 1 + random.Next(3), EvalBatches = 1 + random.Next(3), Source = new() { Order = order } },
    };

    static int[] Firsts(Source source, Place place, long first, int rows)
    {
        var batch = new Batch(rows, source.Feed(rows));
        source.Fill(place, first, batch);
        return [.. Enumerable.Range(0, rows).Select(row => batch.Ints("inputs", row)[0])];
    }

    /// <summary>At every prefix each source has its share up to less than two rows, of three or fewer up to less than one; and the rows of each are its 0, 1, 2 …</summary>
    [Property]
    public void Each_source_has_its_share_of_every_beginning(byte[] weights)
    {
        var all = Weights(weights);
        var (mixture, taken) = (Mixture.Of(all), new long[all.Count]);
        for (var n = 0; n < 700; n++)
        {
            for (var s = 0; s < all.Count; s++)
            {
                Assert.Equal(taken[s], mixture.Taken(s, n));
                Assert.True(Math.Abs(taken[s] - n * all[s] / all.Sum()) < (all.Count <= 3 ? 1 : 2), $"{taken[s]} of {n} at {all[s]} of {all}");
            }
            var (source, row) = mixture.At(n);
            Assert.Equal(taken[source]++, row);
        }
    }

    /// <summary>So it is however far a run has come, and however unlike the weights are.</summary>
    [Property]
    public void Far_rows_are_as_exact(ulong far, double[] weights)
    {
        Vec<double> all = [.. weights.Select(static w => Math.Clamp(Math.Abs(w), 1e-5, 1e3)).Where(double.IsFinite).Append(1).Take(40)];
        var (mixture, n) = (Mixture.Of(all), (long)(far >> 2));
        Assert.Equal(1, Enumerable.Range(0, all.Count).Sum(mixture.Share), 1e-9);
        Assert.Equal(n, Enumerable.Range(0, all.Count).Sum(s => mixture.Taken(s, n)));
        var (source, row) = mixture.At(n);
        for (var s = 0; s < all.Count; s++)
        {
            Assert.Equal(s == source ? 1 : 0, mixture.Taken(s, n + 1) - mixture.Taken(s, n));
            Assert.Equal(all[s] / all.Sum(), mixture.Share(s), 1e-9);
            if (n < 1L << 50) Assert.True(Math.Abs(mixture.Taken(s, n) - n * (decimal)mixture.Share(s)) < 2.5m);
        }
        Assert.Equal(mixture.Taken(source, n), row);
    }

    [Fact]
    public void Weights_that_mean_nothing_are_refused()
    {
        foreach (var weights in (Vec<double>[])[[], [0], [1, -1], [double.NaN], [1, double.PositiveInfinity], [1, 1e-10]]) Assert.Throws<ArgumentException>(() => Mixture.Of(weights));
        Assert.Equal(Enumerable.Range(0, 8).Select(static i => i % 4 == 2 ? 1 : 0), Enumerable.Range(0, 8).Select(static i => Mixture.Of([3, 1]).At(i).Source));
    }

    /// <summary>Nothing of what is held out is learned, whichever text; each text is gone through without replacement, in its own epochs; micro-batches and places change nothing.</summary>
    [Property(MaxTest = 40)]
    public void Rows_are_those_of_the_texts(byte[] weights, int seed, byte contexts, byte orders, byte cut)
    {
        var (random, context, order) = (new Random(seed), 1 + contexts % 6, (WindowOrder)(orders % 3));
        var texts = Texts(Weights(weights), context, random);
        var config = Config(random, context, order);
        var (source, mixture) = (Stage.Pretraining(config, texts).Source, Mixture.Of(texts.Map(static t => t.Weight)));
        if (texts.Count == 1) { Assert.IsType<TrainingWindows>(source); return; }
        const int Rows = 400;
        var starts = Firsts(source, default, 0, Rows);
        for (var s = 0; s < texts.Count; s++)
        {
            var own = starts.Where((_, n) => mixture.At(n).Source == s).ToArray();
            Assert.All(own, first => Assert.InRange(first, s * Apart, (s * Apart) + texts[s].Train.Length - 1 - context));
            var epoch = (int)(texts[s].Train.Length - 1) / context;
            if (order != WindowOrder.Random)
                Assert.All(own.Chunk(epoch), pass => Assert.Equal(pass.Length, pass.Select(first => (first - s * Apart) / context).Where(i => i < epoch).Distinct().Count()));
            if (order == WindowOrder.Ordered) Assert.Equal(own.Select((_, i) => s * Apart + i % epoch * context), own);
        }
        // Divided into steps and micro-batches of any size, the same.
        var (again, place, part) = (new List<int>(), default(Place), 1 + cut % 7);
        while (again.Count < Rows - 24)
        {
            var step = 1 + random.Next(12);
            for (var first = 0; first < step; first += part) again.AddRange(Firsts(source, place, first, Math.Min(part, step - first)));
            place = source.After(place, step);
        }
        Assert.Equal(starts.Take(again.Count), again);
        Assert.Equal(new Place(0, again.Count), place);
        Assert.Throws<ArgumentOutOfRangeException>(() => source.After(new(1, 0), 1));
    }

    /// <summary>Random windows of two texts are drawn apart, and again other ones with another key.</summary>
    [Fact]
    public void Each_text_has_an_order_of_its_own()
    {
        var texts = Texts([1, 1], 3, new Random(1)) is [var one, var other] ? (Vec<MixedText>)[one, one with { Name = "again" }, other] : [];
        foreach (var order in (WindowOrder[])[WindowOrder.Random, WindowOrder.Shuffled])
        {
            int[] Of(ulong seed, int text) => [.. Firsts(Stage.Pretraining(Config(new(1), 3, order) with { Seed = (long)seed }, texts).Source, default, 0, 60)
                .Where((_, n) => Mixture.Of([1, 1, 1]).At(n).Source == text)];
            Assert.NotEqual(Of(1, 0), Of(1, 1));
            Assert.NotEqual(Of(1, 0), Of(2, 0));
            Assert.Equal(Of(1, 0), Of(1, 0));
        }
    }

    /// <summary>What is measured is of the held-out parts alone; each has its share of the windows in whole batches, or all of them; asked for one by one or together, the same.</summary>
    [Property(MaxTest = 40)]
    public void What_is_measured_is_held_out(byte[] weights, int seed, byte contexts, bool all)
    {
        var (random, context) = (new Random(seed), 1 + contexts % 4);
        var texts = Texts(Weights(weights), context, random).Where(t => t.Validation.Length > context).ToVec();
        var config = Config(random, context, WindowOrder.Random);
        config = config with { Stage = config.Stage with { EvalBatches = all ? 0 : config.Stage.EvalBatches } };
        if (texts.Count < 2) return;
        var measured = Stage.Pretraining(config, texts).Measured;
        Assert.Equal(texts.Select(static t => t.Name), measured.Parts.Select(static p => p.Name));
        Assert.Equal(texts.Select(t => t.Weight / texts.Sum(static u => u.Weight)), measured.Parts.Select(static p => p.Share), static (a, b) => Math.Abs(a - b) < 1e-9);
        var firsts = new List<int>();
        foreach (var (part, text) in measured.Parts.Zip(texts))
        {
            var its = Firsts(part.Source, default, 0, (int)part.Source.Rows!.Value);
            var (from, whole) = (text.Train.Length + int.Parse(text.Name[1..], System.Globalization.CultureInfo.InvariantCulture) * Apart, (text.Validation.Length - 1) / context);
            Assert.All(its, first => Assert.InRange(first, from, from + text.Validation.Length - 1 - context));
            Assert.Equal(its.Length, its.Distinct().Count());
            Assert.True(all ? its.Length == whole : its.Length == whole || its.Length % config.Stage.Batch == 0);
            firsts.AddRange(its);
        }
        Assert.Equal(firsts.Count, measured.Rows);
        Assert.Equal(firsts, Firsts(measured, default, 0, firsts.Count));
        Assert.Equal(firsts.Skip(1), Firsts(measured, measured.After(default, 1), 0, firsts.Count - 1));
    }

    /// <summary>Streams one after the other are one.</summary>
    [Property]
    public void Streams_join(ushort[][] parts, byte start, byte length)
    {
        var (whole, joined) = (TokenStream.Of(parts.SelectMany(static p => p).ToArray()), TokenStream.Of(parts.Select(static p => TokenStream.Of(p)).ToVec()));
        Assert.Equal(whole.Length, joined.Length);
        var (from, count) = (Math.Min(start, whole.Length), (int)Math.Min(length, whole.Length - Math.Min(start, whole.Length)));
        var (a, b) = (new int[count], new int[count]);
        whole.CopyTo(from, a);
        joined.CopyTo(from, b);
        Assert.Equal(a, b);
    }
}
