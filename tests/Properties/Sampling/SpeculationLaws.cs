using FsCheck;
using Xunit;

namespace Functional.Tests.Properties;

/// <summary>Drafts change nothing: every way in which they may go is counted, none is drawn.</summary>
public sealed class SpeculationLaws
{
    const int Vocabulary = 3, Parts = 4, Grid = 12;

    // Probabilities in quarters, so that every edge is a twelfth.
    static double[] Quarters(Key key)
    {
        var parts = new double[Vocabulary];
        for (var i = 0; i < Parts; i++) parts[key.Below(i, Vocabulary)] += 1.0 / Parts;
        return parts;
    }

    static double Middle(int i) => (i + 0.5) / Grid;

    /// <summary>What cannot be is never taken, at the least number either, and what is certain always.</summary>
    [Fact]
    public void Numbers_on_the_edge_take_nothing_that_cannot_be()
    {
        Assert.Equal((0, 0), Speculation.Accept([[1, 0], [1, 0]], [null], [1], [0], [0, 0]));
        Assert.Equal((0, 0), Speculation.Accept([[1, 0], [1, 0]], [[0, 1]], [1], [0], [0, 0]));
        Assert.Equal((1, 0), Speculation.Accept([[0, 1], [1, 0]], [[0, 1]], [1], [Math.BitDecrement(1)], [0, 0]));
    }

    /// <summary>One draft and the token behind it, over all drafts and all numbers on a grid on which no edge lies: of each sequence exactly what the model alone gives it.</summary>
    [Property(MaxTest = 60)]
    public void The_distribution_is_the_models(PositiveInt seed, bool certain)
    {
        var key = Key.Seed((ulong)seed.Get);
        double[] q = Quarters(key.FoldIn("q")), p = Quarters(key.FoldIn("p"));
        if (certain) q = [.. q.Select((_, i) => i == seed.Get % Vocabulary ? 1.0 : 0)];
        var behind = Enumerable.Range(0, Vocabulary).Select(i => Quarters(key.FoldIn("behind").FoldIn(i))).ToArray();
        var counted = new double[Vocabulary, Vocabulary];
        for (var d = 0; d < Vocabulary; d++)
            for (var a = 0; q[d] > 0 && a < Grid; a++)
                for (var b = 0; b < Grid; b++)
                {
                    var (accepted, next) = Speculation.Accept([p, behind[d]], [certain ? null : q], [d], [Middle(a)], [Middle(b), Middle(b)]);
                    var mass = q[d] / Grid / Grid;
                    if (accepted == 1) counted[d, next] += mass;
                    // What follows a refused draft is drawn anew, by the model alone.
                    else
                        for (var after = 0; after < Vocabulary; after++) counted[next, after] += mass * behind[next][after];
                }
        for (var i = 0; i < Vocabulary; i++)
            for (var j = 0; j < Vocabulary; j++) Assert.Equal(p[i] * behind[i][j], counted[i, j], 1e-12);
    }

    /// <summary>Under every rule that makes the model's probabilities, and other rules of the draft: acceptance and residual make them again.</summary>
    [Property(MaxTest = 100)]
    public void Acceptance_and_residual_make_the_models_probabilities(byte[] bytes, byte kind, byte t)
    {
        float[] logits = [.. bytes.Take(7).Select(static b => b % 17 / 4f), 0, 1], other = [.. logits.Reverse()];
        SamplingRule rule = (kind % 7) switch
        {
            0 => new TopKRule(2), 1 => new TopPRule(0.6), 2 => new MinPRule(0.3), 3 => new TypicalPRule(0.5), 4 => new RepetitionRule(1.7), 5 => new BanRule([0]), _ => new TemperatureRule(0),
        };
        var p = new SamplingRules([rule, new TemperatureRule(t % 5 / 2.0)]).Probabilities(logits, new([0, 1], [1]));
        foreach (var q in new[] { p, SamplingRules.Of(new()).Probabilities(other, new([], [])), SamplingRules.Greedy.Probabilities(other, new([], [])) })
        {
            var total = new double[p.Length];
            for (var d = 0; d < q.Length; d++)
            {
                if (q[d] == 0) continue;
                var accept = Speculation.Acceptance(p, q, d);
                total[d] += q[d] * accept;
                var rest = Speculation.Residual(p, q, d);
                if (rest.Sum() is > 0 and var sum)
                    for (var i = 0; i < rest.Length; i++) total[i] += q[d] * (1 - accept) * rest[i] / sum;
            }
            for (var i = 0; i < p.Length; i++) Assert.Equal(p[i], total[i], 1e-9);
        }
    }

    /// <summary>Drafts are accepted up to the first that is refused, and a token that cannot be never comes.</summary>
    [Property(MaxTest = 200)]
    public void The_first_refused_draft_is_the_last(PositiveInt seed, byte count)
    {
        var (key, n) = (Key.Seed((ulong)seed.Get), count % 5);
        var target = Enumerable.Range(0, n + 1).Select(i => Quarters(key.FoldIn(i))).ToArray();
        var draft = Enumerable.Range(0, n).Select(i => (double[]?)Quarters(key.FoldIn(100 + i))).ToArray();
        int[] drafts = [.. draft.Select(static q => System.Array.FindIndex(q!, static x => x > 0))];
        double[] tests = [.. Enumerable.Range(0, n).Select(i => key.Uniform(i))], last = [.. Enumerable.Range(0, n + 1).Select(i => key.Uniform(50 + i))];
        var (accepted, next) = Speculation.Accept(target, draft, drafts, tests, last);
        Assert.Equal(Enumerable.Range(0, n).TakeWhile(i => tests[i] * draft[i]![drafts[i]] < target[i][drafts[i]]).Count(), accepted);
        Assert.True(target[accepted][next] > 0);
        if (accepted < n) Assert.True(target[accepted][next] > draft[accepted]![next]);
    }

    [Property(MaxTest = 200)]
    public void A_look_up_gives_what_stood_behind(byte[] text, byte length, byte most)
    {
        int[] seen = [.. text.Select(static b => b % 3)];
        var (n, m) = (1 + length % 3, 1 + most % 4);
        var found = PromptLookup.Draft(seen, n, m).ToArray();
        var places = Enumerable.Range(0, Math.Max(0, seen.Length - n)).Where(i => seen.AsSpan(i, n).SequenceEqual(seen.AsSpan(seen.Length - n))).ToArray();
        Assert.Equal(places.Length == 0 ? [] : seen.Skip(places[^1] + n).Take(m), found);
    }

    [Fact]
    public void There_is_a_number_for_each() => Assert.Throws<ArgumentException>(() => Speculation.Accept([[1.0]], [null], [0], [0.5], [0.5, 0.5]));
}
