using FsCheck;
using Xunit;

namespace Functional.Tests.Properties;

/// <summary>Beams against every sequence there is.</summary>
public sealed class BeamLaws
{
    const int Vocabulary = 3, End = 2;

    // Any model: log-probabilities that depend on all tokens before.
    static double[] LogProbs(Key key, IEnumerable<int> tokens)
    {
        foreach (var token in tokens) key = key.FoldIn(token);
        double[] logits = [.. Enumerable.Range(0, Vocabulary).Select(i => 2 * key.Normal(i))];
        var normal = Math.Log(logits.Sum(Math.Exp));
        return [.. logits.Select(l => l - normal)];
    }

    static Beam Run(Key key, int width, int most, double alpha)
    {
        var beam = Beam.Of(width, most, alpha, [End]);
        while (!beam.IsOver)
        {
            var before = beam;
            var step = beam.Advance([.. beam.Live.SelectMany(h => LogProbs(key, h.Tokens))]);
            beam = step.Next;
            Assert.Equal(beam.Live.Count, step.From.Count);
            foreach (var (h, from) in beam.Live.Zip(step.From)) Assert.Equal(before.Live[from].Tokens, h.Tokens.SkipLast(1));
            Assert.True(beam.Live.Count + beam.Done.Count <= width);
            // Whoever is over stays.
            Assert.Equal(before.Done, beam.Done.Take(before.Done.Count));
        }
        return beam;
    }

    static IEnumerable<int[]> All(int most) => most == 0 ? [[]] : Enumerable.Range(0, Vocabulary).SelectMany(t => t == End ? [[t]] : All(most - 1).Select(rest => (int[])[t, .. rest]));

    static double Sum(Key key, int[] tokens) => Enumerable.Range(0, tokens.Length).Sum(i => LogProbs(key, tokens.Take(i))[tokens[i]]);

    [Property(MaxTest = 40)]
    public void As_many_beams_as_sequences_find_the_best(PositiveInt seed, byte length, byte alpha)
    {
        var (key, most, a) = (Key.Seed((ulong)seed.Get), 1 + length % 4, alpha % 4 / 2.0);
        var all = All(most).Select(t => (Tokens: t, Score: Sum(key, t) / Math.Pow(t.Length, a))).OrderByDescending(static s => s.Score).ToArray();
        var best = Run(key, 81, most, a).Best;
        Assert.Equal(all.Length, best.Count);
        Assert.Equal(all[0].Tokens, best[0].Tokens);
        foreach (var (expected, found) in all.Zip(best)) Assert.Equal(expected.Score, found.Score(a), 1e-9);
    }

    [Property(MaxTest = 60)]
    public void One_beam_is_the_greedy_text(PositiveInt seed, byte length, byte alpha)
    {
        var (key, most) = (Key.Seed((ulong)seed.Get), 1 + length % 9);
        var greedy = new List<int>();
        while (greedy.Count < most && (greedy.Count == 0 || greedy[^1] != End))
            greedy.Add(LogProbs(key, greedy) is var p ? System.Array.IndexOf(p, p.Max()) : 0);
        var only = Assert.Single(Run(key, 1, most, alpha / 100.0).Best);
        Assert.Equal(greedy, only.Tokens);
        Assert.Equal(greedy[^1] == End, only.HasEnded);
        Assert.Equal(Sum(key, [.. greedy]), only.LogProb, 1e-9);
    }

    [Fact]
    public void What_cannot_be_is_never_taken()
    {
        var step = Beam.Of(5, 3, 1, [End]).Advance([double.NegativeInfinity, 0, double.NegativeInfinity]);
        Assert.Equal([1], Assert.Single(step.Next.Live).Tokens);
        Assert.Throws<ArgumentException>(() => step.Next.Advance([]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Beam.Of(0, 3, 1, []));
        Assert.True(Beam.Of(1, 0, 1, []).IsOver);
    }
}
