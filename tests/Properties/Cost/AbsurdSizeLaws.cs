using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;
using Functional.Cli;

namespace Functional.Tests.Properties;

/// <summary>Runs of any size: each is refused in words that are true, or costed in numbers that are.</summary>
public sealed partial class AbsurdSizeLaws
{
    [GeneratedRegex(@"makes (?<factors>[\w ×-]+) = (?<product>-?\d+)")]
    private static partial Regex Product();

    /// <summary>What no tensor holds and no step counts is refused, and nothing else.</summary>
    [Property(Arbitrary = [typeof(AnySizes)], MaxTest = 1000)]
    public bool Sizes_are_refused_when_something_cannot_be_held(AnySizes any) => any.Config.Validate().IsSuccess == RunByHand.Fits(any.Config);

    /// <summary>On the edge, a factor more is too many.</summary>
    [Property(Arbitrary = [typeof(ValidSizes)], MaxTest = 300)]
    public bool Edges_are_where_they_are_said_to_be(ValidSizes any, bool drops)
    {
        var (c, m) = (any.Config, any.Config.Model with { Dropout = drops ? 0.1 : 0 });
        var (width, scores) = ((long)m.Width, (long)m.Heads * m.Context * m.Context);
        long[] batches = [(1 << 28) / m.Context, int.MaxValue / (4 * width * m.Context), int.MaxValue / scores, int.MaxValue / c.Stage.Accumulate];
        return batches.SelectMany(static n => (long[])[n, n + 1]).Where(static n => n is >= 1 and <= int.MaxValue)
            .Select(n => c with { Model = m, Stage = c.Stage with { Batch = (int)n } })
            .All(static edge => edge.Validate().IsSuccess == RunByHand.Fits(edge));
    }

    /// <summary>The faults of a configuration name products as they are, never wrapped.</summary>
    [Property(Arbitrary = [typeof(AnySizes)], MaxTest = 500)]
    public void What_is_refused_is_refused_for_what_it_is(AnySizes any)
    {
        var sizes = RunConfig.Fields.Where(static f => f.Allowed.StartsWith("a whole", StringComparison.Ordinal))
            .ToDictionary(static f => f.Name, f => BigInteger.Parse(f.Get(any.Config)!, CultureInfo.InvariantCulture));
        sizes["vocabulary"] = any.Config.Model.Vocabulary;
        foreach (var fault in any.Config.Validate().Match(static _ => [], static f => f.ToArray()))
            if (Product().Match(fault.What) is { Success: true } said)
            {
                var factors = said.Groups["factors"].Value.Split(" × ")
                    .Select(word => sizes.TryGetValue(word, out var size) ? size : BigInteger.Parse(word, CultureInfo.InvariantCulture));
                Assert.Equal(factors.Aggregate(BigInteger.Multiply), BigInteger.Parse(said.Groups["product"].Value, CultureInfo.InvariantCulture));
            }
    }

    /// <summary>Every valid run has a cost: no graph of a few blocks is refused, no number overflows, and what is kept is what it is by hand.</summary>
    [Property(Arbitrary = [typeof(ValidSizes)])]
    public void What_is_not_refused_has_a_true_cost(ValidSizes any)
    {
        var config = any.Config;
        Assert.Equal("", config.Validate().Match(static _ => "", static f => f.Lines()));
        var cost = RunCost.Of(config);
        var tokens = (BigInteger)config.Stage.Batch * config.Model.Context * config.Stage.Accumulate;
        Assert.Equal((RunByHand.Parameters(config.Model), RunByHand.Kept(config), tokens, tokens * config.Stage.Steps),
            ((BigInteger)cost.Memory.Parameters, (BigInteger)cost.Memory.Bytes, (BigInteger)cost.TokensPerStep, (BigInteger)cost.TotalTokens));
        Assert.All(Transformer.Of(config.Model, 1).Specs.Values, static spec => Assert.True(spec.Init is not Initializer.Normal { Std: not (> 0 and < 2) }, $"{spec}"));
        foreach (var number in Numbers(cost)) Assert.True(double.IsFinite(number) && number > 0, $"{cost}");
    }

    /// <summary>No size makes a run cheaper by growing.</summary>
    [Property(Arbitrary = [typeof(ValidSizes)], MaxTest = 25)]
    public void Larger_runs_cost_no_less(ValidSizes any, bool far)
    {
        var cost = RunCost.Of(any.Config);
        foreach (var larger in ValidSizes.Changes(any.Config, n => far ? 2 * (Int128)n : n + 1).Where(c => c != any.Config && c.Validate().IsSuccess))
        {
            var more = RunCost.Of(larger);
            // A step in parts works on less at a time.
            var parts = any.Config.Stage.Accumulate == 1 && larger.Stage.Accumulate > 1;
            Assert.True(more.Memory.Parameters >= cost.Memory.Parameters && more.Memory.Bytes >= cost.Memory.Bytes && more.TokensPerStep >= cost.TokensPerStep
                && more.TotalTokens >= cost.TotalTokens && more.StepFlops >= cost.StepFlops && more.TotalFlops >= cost.TotalFlops
                && more.StepBytes >= cost.StepBytes && (parts || more.WorkBytes >= cost.WorkBytes), $"{new AnySizes(larger)}");
        }
    }

    static double[] Numbers(RunCost c) =>
    [
        (double)c.Bytes, (double)c.WorkBytes, c.StepFlops, c.StepBytes, c.FlopsPerToken, c.TotalFlops, c.TotalBytes, c.TokensPerStep, (double)c.TotalTokens,
            c.Steps,
    ];

    /// <summary>What is refused is what a run certainly keeps, to the byte.</summary>
    [Property(Arbitrary = [typeof(ValidSizes)])]
    public void A_device_that_lacks_a_byte_has_no_room(ValidSizes any)
    {
        var kept = RunByHand.Kept(any.Config);
        bool Fits(BigInteger memory) => Memory.Check(any.Config, new OfferedDevice(Device.Cpu, "", (long)BigInteger.Min(memory, long.MaxValue))).IsSuccess;
        Assert.Equal(kept <= long.MaxValue, Fits(kept));
        Assert.False(Fits(kept - 1));
        Assert.False(Fits(0));
    }

    /// <summary>A need that is a little too large does not read like what there is.</summary>
    [Fact]
    public void A_fault_shows_more_than_there_is()
    {
        var config = new RunConfig { Model = new() { Layers = 1000, Width = 1024 } };
        var kept = (long)RunMemory.Of(config).Bytes;
        Assert.Contains("take 140.8 GiB; allowed: up to 140.7 GiB on this machine",
            Memory.Check(config, new OfferedDevice(Device.Cpu, "", kept - 1)).Match(static _ => "", static f => f.Lines()), StringComparison.Ordinal);
    }

    /// <summary>The learning rate stays between nothing and its highest, for any length of run and warm-up.</summary>
    [Property(Arbitrary = [typeof(AnySizes)])]
    public void The_learning_rate_of_an_absurd_run_is_one(AnySizes any, ScheduleKind schedule, bool warms, byte part)
    {
        var config = any.Config with { Stage = any.Config.Stage with { Optimiser = any.Config.Stage.Optimiser with { Schedule = schedule, Warmup = warms
            ? any.Config.Stage.Steps : 0 } } };
        foreach (var step in (long[])[0, config.Stage.Steps / 256 * part, config.Stage.Steps - 1])
            Assert.InRange(config.Stage.LearningRates.At(step), double.Epsilon, config.Stage.Optimiser.LearningRate);
    }

    [Property]
    public void Any_duration_reads_as_one(double seconds, byte power)
    {
        var text = Show.Duration(Math.Abs(seconds) * Math.Pow(10, power));
        Assert.Matches(@"^(0 s|\d+(\.\d)? (ms|s|days)|\d+ min \d+ s|\d+ h \d+ min|[\d,]+\.\d years|more than 10,000 years)$", text);
    }

    [Theory]
    [InlineData(999 * 86_400.0, "999.0 days")]
    [InlineData(1001 * 86_400.0, "2.7 years")]
    [InlineData(3e11, "9,506.6 years")]
    [InlineData(3.2e11, "more than 10,000 years")]
    [InlineData(double.PositiveInfinity, "more than 10,000 years")]
    public void Ages_read_well(double seconds, string text) => Assert.Equal(text, Show.Duration(seconds));

    [Fact]
    public void Numbers_of_any_size_read_well()
    {
        Assert.Equal("170,141,183,460,469,231,731,687,303,715,884,105,727", Show.Count(Int128.MaxValue));
        Assert.Equal(("1.00 ZiB", "128 YiB"), (Show.Bytes(Math.Pow(2, 70)), Show.Bytes(Math.Pow(2, 87))));
        Assert.Equal(("1.00 Q", "1.00E+6 Q"), (Show.Short(1e30), Show.Short(1e36)));
    }

    /// <summary>A run without end shows how long it takes.</summary>
    [Fact]
    public void An_endless_run_has_a_pace()
    {
        var pace = new Pace();
        pace.Begin(new(new() { Stage = new() { Steps = long.MaxValue } }, "", 1, 1, 1, 0));
        pace.Add(new(1, 1, 1, 1, 3600_000, 1));
        Assert.EndsWith("more than 10,000 years left", pace.ToString(), StringComparison.Ordinal);
    }
}
