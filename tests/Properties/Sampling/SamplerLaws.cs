using FsCheck;

namespace Functional.Tests.Properties;

/// <summary>Sampling rules against their definitions by sorting everything.</summary>
public sealed class SamplerLaws
{
    // Coarse values, so that ties happen; −∞ among them.
    static float[] Logits(byte[] bytes) => bytes.Length == 0 ? [0] : [.. bytes.Select((b, i) => i > 0 && b % 11 == 0 ? float.NegativeInfinity : b % 13 / 2f)];

    static SamplingConfig Config(byte temperature, byte k, byte p) =>
        new() { Temperature = (1 + temperature % 30) / 10.0, TopK = k % 12, TopP = p % 5 == 0 ? 1 : (1 + p % 99) / 100.0 };

    /// <summary>The probabilities by sorting everything.</summary>
    internal static double[] Expected(SamplingConfig c, float[] logits)
    {
        if (c.Temperature == 0) return [.. logits.Select((_, i) => i == Array.IndexOf(logits, logits.Max()) ? 1.0 : 0)];
        var order = Enumerable.Range(0, logits.Length).OrderByDescending(i => logits[i]).ThenBy(static i => i).ToArray();
        var kept = order.Take(c.TopK == 0 ? logits.Length : c.TopK).ToArray();
        var mass = logits.Select(l => Math.Exp((l - logits.Max()) / c.Temperature)).ToArray();
        var (total, sum, result) = (kept.Sum(i => mass[i]), 0.0, new double[logits.Length]);
        foreach (var i in kept)
        {
            if (c.TopP < 1 && sum >= c.TopP * total) break;
            sum += result[i] = mass[i];
        }
        return [.. result.Select(m => m / sum)];
    }

    [Property(MaxTest = 500)]
    public void Probabilities_are_those_of_the_definition(byte[] bytes, byte t, byte k, byte p)
    {
        var (config, logits) = (Config(t, k, p), Logits(bytes));
        var (expected, actual) = (Expected(config, logits), new Sampler(config).Probabilities(logits));
        for (var i = 0; i < logits.Length; i++) Assert.Equal(expected[i], actual[i], 1e-12);
        Assert.Equal(1, actual.Sum(), 1e-12);
    }

    [Property(MaxTest = 30)]
    public void Draws_have_those_probabilities(byte[] bytes, byte t, byte k, byte p, ushort seed)
    {
        const int Draws = 3000;
        var (config, logits) = (Config(t, k, p), Logits(bytes));
        var sampler = new Sampler(config);
        var (probabilities, counts) = (sampler.Probabilities(logits), new int[logits.Length]);
        for (var i = 0u; i < Draws; i++) counts[sampler.Next(logits, Key.Seed(seed).FoldIn(i))]++;
        for (var i = 0; i < logits.Length; i++)
        {
            if (probabilities[i] == 0) Assert.Equal(0, counts[i]);
            // Six standard errors, and one draw for the rarest.
            Assert.Equal(probabilities[i], counts[i] / (double)Draws, 6 * Math.Sqrt(probabilities[i] * (1 - probabilities[i]) / Draws) + 1.0 / Draws);
        }
    }

    [Property]
    public void Temperature_0_takes_the_first_of_the_largest(byte[] bytes, ushort seed)
    {
        var logits = Logits(bytes);
        Assert.Equal(Array.IndexOf(logits, logits.Max()), new Sampler(SamplingConfig.Greedy).Next(logits, Key.Seed(seed)));
        Assert.Equal(Array.IndexOf(logits, logits.Max()), new Sampler(new() { TopK = 1 }).Next(logits, Key.Seed(seed)));
        Assert.Equal(Array.IndexOf(logits, logits.Max()), new Sampler(new() { TopP = 1e-9 }).Next(logits, Key.Seed(seed)));
    }

    [Property]
    public void The_same_key_draws_the_same_token(byte[] bytes, byte t, byte k, byte p, ushort seed)
    {
        var (sampler, logits) = (new Sampler(Config(t, k, p)), Logits(bytes));
        Assert.Equal(sampler.Next(logits, Key.Seed(seed)), sampler.Next(logits, Key.Seed(seed)));
    }

    [Fact]
    public void The_token_that_crosses_p_is_kept()
    {
        float[] logits = [MathF.Log(0.5f), MathF.Log(0.3f), MathF.Log(0.2f)];
        Assert.Equal([0.625, 0.375, 0], new Sampler(new() { TopP = 0.6 }).Probabilities(logits).Select(static p => Math.Round(p, 6)));
        Assert.Equal([1.0, 0, 0], new Sampler(new() { TopP = 0.49 }).Probabilities(logits));
    }

    [Fact]
    public void Every_bad_setting_is_named()
    {
        var faults = new SamplingConfig { Temperature = -1, TopK = -2, TopP = 0 }.Validate().Match(static _ => [], static f => f.ToArray());
        Assert.Equal(["temperature", "top-k", "top-p"], faults.Select(static f => f.Where));
        Assert.True(new SamplingConfig { Temperature = double.NaN }.Validate().IsFail);
        Assert.True(new SamplingConfig { TopP = double.NaN }.Validate().IsFail);
        Assert.Throws<ArgumentException>(() => new Sampler(new() { TopP = 2 }));
    }

    [Fact]
    public void Logits_that_cannot_be_sampled_are_refused()
    {
        var sampler = new Sampler(new());
        Assert.Throws<ArgumentException>(() => sampler.Next([], default));
        Assert.Throws<ArgumentException>(() => sampler.Next([1, float.NaN], default));
        Assert.Throws<ArgumentException>(() => sampler.Next([float.PositiveInfinity, 1], default));
        Assert.Throws<ArgumentException>(() => sampler.Next([float.NegativeInfinity], default));
    }

    [Fact]
    public void A_draw_allocates_nothing_of_note()
    {
        var logits = Enumerable.Range(0, 5000).Select(static i => i % 97 / 10f).ToArray();
        foreach (var config in new SamplingConfig[] { new(), new() { TopK = 50 }, new() { TopP = 0.9 }, SamplingConfig.Greedy })
        {
            var sampler = new Sampler(config);
            sampler.Next(logits, default);
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0u; i < 100; i++) sampler.Next(logits, new(i, i));
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4096);
        }
    }

    /// <summary>Tokens that are as likely, the share, top-k, and how many are kept.</summary>
    public static TheoryData<int, double, int, int> ExactShares => new()
    {
        { 4, 0.25, 0, 1 }, { 4, 0.5, 0, 2 }, { 4, 0.75, 0, 3 }, { 4, 0.5000001, 0, 3 }, { 4, 0.4999999, 0, 2 },
        { 8, 0.125, 0, 1 }, { 8, 0.375, 0, 3 }, { 8, 0.5, 4, 2 }, { 8, 0.75, 4, 3 },
    };

    /// <summary>
    /// A share that is hit exactly keeps no token more: masses that are equal add up without rounding. With top-k first as well, of what that leaves.
    /// </summary>
    [Theory, MemberData(nameof(ExactShares))]
    public void A_share_that_is_hit_exactly_is_enough(int tokens, double share, int topK, int kept)
    {
        // Between two that cannot be drawn.
        float[] logits = [float.NegativeInfinity, .. Enumerable.Repeat(1.5f, tokens), float.NegativeInfinity];
        var sampler = new Sampler(new() { TopP = share, TopK = topK });
        Assert.Equal(kept, sampler.Probabilities(logits).Count(static p => p > 0));
        Assert.Equal(kept, Enumerable.Range(0, 400).Select(i => sampler.Next(logits, Key.Seed(1).FoldIn(i))).Distinct().Count());
    }
}
