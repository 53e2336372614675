using FsCheck;
using Xunit;

namespace Functional.Tests.Properties;

/// <summary>Each rule against its definition by sorting and counting everything; and lists of rules.</summary>
public sealed class SamplingRuleLaws
{
    static readonly double none = double.NegativeInfinity;

    // Coarse values, so that ties happen; −∞ among them, but not all.
    static float[] Logits(byte[] bytes) => bytes.Length == 0 ? [0] : [.. bytes.Select((b, i) => i > 0 && b % 11 == 0 ? float.NegativeInfinity : b % 13 / 2f - 3)];

    static double[] Apply(SamplingRule rule, float[] logits, int[]? prompt = null, int[]? written = null) => new SamplingRules([rule]).Apply(logits, new(prompt ?? [], written ?? []));

    static double[] Shares(IReadOnlyList<double> logits)
    {
        var max = logits.Max();
        var total = logits.Sum(l => Math.Exp(l - max));
        return [.. logits.Select(l => Math.Exp(l - max) / total)];
    }

    static void Same(IEnumerable<double> expected, IEnumerable<double> actual)
    {
        foreach (var (e, a) in expected.Zip(actual))
            if (double.IsNegativeInfinity(e) || double.IsNegativeInfinity(a)) Assert.Equal(e, a);
            else Assert.Equal(e, a, 1e-9);
    }

    /// <summary>A configuration is the list of rules that it stands for: as a list by other code, and as itself to the bit.</summary>
    [Property(MaxTest = 300)]
    public void A_configuration_means_its_rules(byte[] bytes, byte t, byte k, byte p, ushort seed)
    {
        var logits = Logits(bytes);
        var config = new SamplingConfig { Temperature = t % 7 / 3.0, TopK = k % 12, TopP = p % 5 == 0 ? 1 : (1 + p % 99) / 100.0 };
        var (own, sampler) = (SamplingRules.Of(config), new Sampler(config));
        Assert.Equal(config, own.Config);
        Assert.Equal(sampler.Next(logits, Key.Seed(seed)), own.Next(logits, new([], []), Key.Seed(seed)));
        // A bias of nothing makes them rules that are gone through one by one.
        var rules = new SamplingRules([new BiasRule([new(0, 0)]), .. SamplingRules.In(config)]);
        Assert.True(rules.Config.IsNone);
        foreach (var (e, a) in sampler.Probabilities(logits).Zip(rules.Probabilities(logits, new([], [])))) Assert.Equal(e, a, 1e-12);
        Assert.True(rules.Probabilities(logits, new([], []))[rules.Next(logits, new([], []), Key.Seed(seed))] > 0);
    }

    [Property(MaxTest = 200)]
    public void Min_p_keeps_what_is_a_share_of_the_likeliest(byte[] bytes, byte p)
    {
        var (logits, share) = (Logits(bytes), (1 + p % 100) / 100.0);
        var probabilities = Shares([.. logits.Select(static l => (double)l)]);
        Same(logits.Select((l, i) => probabilities[i] >= share * probabilities.Max() * (1 - 1e-12) ? l : none), Apply(new MinPRule(share), logits));
    }

    [Property(MaxTest = 200)]
    public void Typical_p_keeps_the_nearest_to_the_entropy(byte[] bytes, byte p)
    {
        var (logits, share) = (Logits(bytes), (1 + p % 99) / 100.0);
        var probabilities = Shares([.. logits.Select(static l => (double)l)]);
        var entropy = -probabilities.Where(static q => q > 0).Sum(static q => q * Math.Log(q));
        var (kept, sum) = (new HashSet<int>(), 0.0);
        foreach (var i in Enumerable.Range(0, logits.Length).Where(i => probabilities[i] > 0).OrderBy(i => Math.Round(Math.Abs(-Math.Log(probabilities[i]) - entropy), 10)).ThenBy(static i => i))
        {
            if (sum >= share - 1e-12) break;
            kept.Add(i);
            sum += probabilities[i];
        }
        var actual = Apply(new TypicalPRule(share), logits);
        // On an edge, rounding decides.
        if (Math.Abs(sum - share) > 1e-9) Assert.Equal(kept.Count, actual.Count(static l => !double.IsNegativeInfinity(l)));
        for (var i = 0; i < logits.Length; i++) Assert.True(double.IsNegativeInfinity(actual[i]) || actual[i] == logits[i]);
        Assert.True(actual.Max() > none);
    }

    /// <summary>What reaches the share exactly is enough: no token more.</summary>
    [Fact]
    public void What_is_exactly_the_share_is_enough()
    {
        // A half and two quarters, and four quarters: exact in binary; the entropies are 1.5 and 2 bits.
        double[] Of(params double[] shares) => [.. shares.Select(static s => Math.Log(s))];
        int Kept(SamplingRule rule, double[] logits)
        {
            rule.Apply(new([], []), logits);
            return logits.Count(static l => !double.IsNegativeInfinity(l));
        }
        double Half() => Math.Exp(Of(0.5, 0.25, 0.25)[0]);
        Assert.Equal(0.5, Half());
        for (var n = 1; n <= 4; n++)
        {
            var share = Enumerable.Range(0, n).Aggregate(0.0, static (sum, _) => sum + Math.Exp(Math.Log(0.25)));
            Assert.Equal(n, Kept(new TypicalPRule(share), Of(0.25, 0.25, 0.25, 0.25)));
            Assert.Equal(n, Kept(new TopPRule(share), Of(0.25, 0.25, 0.25, 0.25)));
        }
        Assert.Equal(1, Kept(new TopPRule(Half()), Of(0.5, 0.25, 0.25)));
    }

    [Property(MaxTest = 200)]
    public void Penalties_are_of_tokens_that_were_seen(byte[] bytes, byte[] prompt, byte[] written, byte x)
    {
        var (logits, amount) = (Logits(bytes), (x - 100) / 40.0);
        int[] Tokens(byte[] from) => [.. from.Select(b => b % logits.Length)];
        var (p, w) = (Tokens(prompt), Tokens(written));
        var factor = 0.1 + x / 50.0;
        Same(logits.Select((l, i) => !p.Contains(i) && !w.Contains(i) ? l : l > 0 ? l / factor : l * factor), Apply(new RepetitionRule(factor), logits, p, w));
        Same(logits.Select((l, i) => w.Contains(i) ? l - amount : l), Apply(new PresenceRule(amount), logits, p, w));
        Same(logits.Select((l, i) => l - amount * w.Count(t => t == i)), Apply(new FrequencyRule(amount), logits, p, w));
    }

    [Property(MaxTest = 100)]
    public void Banned_biased_and_forced_tokens(byte[] bytes, byte a, byte b, byte at)
    {
        var logits = Logits([.. bytes, 1, 2]);
        var (one, other) = (a % logits.Length, b % logits.Length);
        Same(logits.Select((l, i) => i == one || i == other ? none : l), Apply(new BanRule([one, other]), logits));
        Same(logits.Select((l, i) => l + (i == one ? 1.5 : 0) + (i == other ? -2 : 0)), Apply(new BiasRule([new(one, 1.5), new(other, -2)]), logits));
        var forced = new SamplingRules([new BanRule([one]), new ForceRule([new(at % 3, one)])]);
        int[] written = [.. new int[at % 3]];
        Assert.Equal(one, forced.Next(logits, new([], written), Key.Seed(1)));
        Assert.Equal(1, forced.Probabilities(logits, new([], written))[one]);
        Assert.NotEqual(one, forced.Next([.. logits, 0], new([], [.. written, 0]), Key.Seed(1)));
    }

    /// <summary>The caller's order is kept; the usual one is the documented.</summary>
    [Fact]
    public void Rules_apply_in_order()
    {
        float[] logits = [2, 1, 0];
        SamplingRule[] rules = [new TopKRule(1), new BanRule([0])];
        Assert.Equal(new double[] { 0, 1, 0 }, SamplingRules.Usual([.. rules]).Probabilities(logits, new([], [])));
        Assert.Throws<ArgumentException>(() => new SamplingRules([.. rules]).Next(logits, new([], []), default));
        SamplingRule[] all =
        [
            new TypicalPRule(0.5), new MinPRule(0.1), new TopPRule(0.5), new TopKRule(1), new TemperatureRule(1), new ForceRule([]), new BanRule([]), new BiasRule([]), new FrequencyRule(0),
            new PresenceRule(0), new RepetitionRule(1),
        ];
        Assert.Equal(all.Reverse(), SamplingRules.Usual([.. all]).Rules);
        Assert.Equal(all.Reverse().Take(6), SamplingRules.Usual([.. all]).OfTokens.Rules);
        Assert.True(new SamplingRules([new TopPRule(0.5), new TemperatureRule(0.5)]).Config.IsNone);
        Assert.True(new SamplingRules([new TemperatureRule(0.5), new TemperatureRule(0.5)]).Config.IsNone);
    }

    [Fact]
    public void Every_bad_rule_is_named()
    {
        Vec<SamplingRule> bad =
        [
            new TemperatureRule(-1), new TopKRule(-1), new TopPRule(0), new MinPRule(1.1), new TypicalPRule(0), new RepetitionRule(0), new PresenceRule(double.NaN),
            new FrequencyRule(double.PositiveInfinity), new BiasRule([new(-1, 1), new(1, double.NaN)]), new BanRule([-1]), new ForceRule([new(1, 1), new(1, 2), new(-1, 0)]),
        ];
        Assert.Equal(["temperature", "top-k", "top-p", "min-p", "typical-p", "repetition-penalty", "presence-penalty", "frequency-penalty", "bias", "bias", "ban", "force", "force"],
            SamplingRules.Validate(bad).Match(static _ => [], static f => f.Select(static x => x.Where).ToArray()));
        Assert.Throws<ArgumentException>(() => new SamplingRules([new MinPRule(2)]));
    }

    [Fact]
    public void Rules_allocate_nothing_of_note()
    {
        var logits = Enumerable.Range(0, 5000).Select(static i => i % 97 / 10f).ToArray();
        var rules = SamplingRules.Usual([new RepetitionRule(1.1), new PresenceRule(0.1), new TopKRule(50), new TopPRule(0.9), new MinPRule(0.01), new TypicalPRule(0.9)]);
        int[] seen = [1, 2, 3, 2];
        rules.Next(logits, new(seen, seen), default);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0u; i < 100; i++) rules.Next(logits, new(seen, seen), new(i, i));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4096);
    }

    /// <summary>What each rule makes of a distribution: first the model's own, last what is drawn from, each between is what the rules up to it give, and none stands there twice.</summary>
    [Property]
    public void A_trace_leads_from_the_models_own_to_what_is_drawn_from(ushort seed)
    {
        var key = Key.Seed(seed);
        var logits = new float[9];
        for (var i = 0; i < logits.Length; i++) logits[i] = (float)(6 * key.Uniform(i) - 3);
        var rules = SamplingRules.Usual([new TopKRule(1 + seed % 8), new TemperatureRule(seed % 4 / 2.0), new MinPRule(seed % 3 * 0.1), new RepetitionRule(1 + seed % 2), new TopPRule(seed % 5 == 0 ? 1 : 0.7)]);
        int[] prompt = [1, 2], written = [3];
        var trace = rules.Trace(logits, new(prompt, written));
        Assert.Null(trace[0].Rule);
        Assert.Equal(new SamplingRules([]).Probabilities(logits, new(prompt, written)), trace[0].Probabilities);
        Assert.Equal(rules.Probabilities(logits, new(prompt, written)), trace[^1].Probabilities);
        for (var i = 1; i < trace.Count; i++)
        {
            var upTo = rules.Rules.TakeWhile(r => r != trace[i].Rule).Append(trace[i].Rule!).ToVec();
            Assert.Equal(new SamplingRules(upTo).Probabilities(logits, new(prompt, written)), trace[i].Probabilities);
            Assert.NotEqual(trace[i - 1].Probabilities, trace[i].Probabilities);
        }
    }
}
