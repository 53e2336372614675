#if !PUBLIC_FEED
using System.Reflection;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;

namespace Functional.Tests.Properties;

/// <summary>The checking itself: what is false must be reported, shrunk, and be repeatable from what is printed.</summary>
public sealed class PropertySupportTests
{
    // Not public, so that the runner does not find them: most of them are meant to fail.
#pragma warning disable xUnit1000
    sealed class Specimens
#pragma warning restore xUnit1000
    {
        public List<int> Seen { get; } = [];

        [Property]
        public void Records(int x) => Seen.Add(x);

        [Property(MaxTest = 7)]
        public bool HoldsSevenTimes(int x) { Seen.Add(x); return true; }

        [Property]
        public static bool IsBelow30(PositiveInt x) => x.Get < 30;

        [Property]
        public static void ThrowsFrom30(PositiveInt x) => Assert.True(x.Get < 30, $"{x.Get} is too big");

        [Property]
        public static async Task ThrowsFrom30Later(PositiveInt x)
        {
            await Task.Yield();
            Assert.True(x.Get < 30);
        }

        [Property]
        public static Property IsLabelled(int x) => (x == x + 1).Label("sum");

        [Property]
        public static Property IsNeverTried(int x) => (x >= 0).When(false);

        [Property(Arbitrary = [typeof(Sevens)])]
        public static bool IsSeven(int x) => x == 7;

        [Property(StartSize = 5, EndSize = 5)]
        public static bool IsShort(int[] x) => x.Length <= 5;

        [Property(Replay = "(1,3)")]
        public void RecordsReplay(int x) => Seen.Add(x);
    }

    static class Sevens
    {
        public static Arbitrary<int> Seven() => Gen.Constant(7).ToArbitrary();
    }

    static Specimens Checked(string name)
    {
        var specimens = new Specimens();
        PropertyCheck.Run(typeof(Specimens).GetMethod(name)!, specimens, _ => { });
        return specimens;
    }

    static PropertyFailedException Failure(string name) =>
        Assert.Throws<PropertyFailedException>(() => Checked(name));

    [Theory]
    [InlineData(nameof(Specimens.IsBelow30))]
    [InlineData(nameof(Specimens.ThrowsFrom30))]
    [InlineData(nameof(Specimens.ThrowsFrom30Later))]
    public void A_false_property_fails_with_its_smallest_counter_example(string name)
    {
        var message = Failure(name).Message;
        Assert.Matches(new Regex(@"^Shrunk: .*\b30\b", RegexOptions.Multiline), message);
        Assert.Matches(new Regex(@"^Original: .*\d", RegexOptions.Multiline), message);
        Assert.Matches(new Regex(@"Replay = ""\(\d+,\d+,\d+\)""", RegexOptions.Multiline), message);
    }

    [Fact]
    public void An_assertion_is_the_cause_of_the_failure() =>
        Assert.Contains("30 is too big", Failure(nameof(Specimens.ThrowsFrom30)).InnerException!.Message, StringComparison.Ordinal);

    [Fact]
    public void A_label_is_printed() =>
        Assert.Contains("Label: sum", Failure(nameof(Specimens.IsLabelled)).Message, StringComparison.Ordinal);

    [Fact]
    public void Discarding_every_case_fails() =>
        Assert.Contains("exhausted", Failure(nameof(Specimens.IsNeverTried)).Message, StringComparison.Ordinal);

    [Fact]
    public void The_seed_of_a_property_is_fixed()
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable("FUNCTIONAL_SEED") is not (null or ""), "the run chose its own seed");
        Assert.Equal(Checked(nameof(Specimens.Records)).Seen, Checked(nameof(Specimens.Records)).Seen);
    }

    [Fact]
    public void Properties_do_not_share_a_seed() =>
        Assert.NotEqual(
            Checked(nameof(Specimens.Records)).Seen[..7],
            Checked(nameof(Specimens.HoldsSevenTimes)).Seen);

    [Fact]
    public void Replay_chooses_the_seed()
    {
        Assert.Equal(Checked(nameof(Specimens.RecordsReplay)).Seen, Checked(nameof(Specimens.RecordsReplay)).Seen);
        Assert.NotEqual(Checked(nameof(Specimens.RecordsReplay)).Seen, Checked(nameof(Specimens.Records)).Seen);
    }

    [Fact]
    public void A_property_runs_as_many_cases_as_it_asks() =>
        Assert.Equal((100, 7), (Checked(nameof(Specimens.Records)).Seen.Count, Checked(nameof(Specimens.HoldsSevenTimes)).Seen.Count));

    [Fact]
    public void Own_generators_replace_the_default_ones() => Checked(nameof(Specimens.IsSeven));

    [Fact]
    public void Sizes_stay_in_their_range() => Checked(nameof(Specimens.IsShort));

    [Property]
    public bool Parameters_are_generated_under_the_runner(int x, int y) => x + y == y + x;

    [Property]
    public async Task Tasks_are_awaited_under_the_runner(int x)
    {
        await Task.Delay(1, TestContext.Current.CancellationToken);
        Assert.Equal(x, -(-x));
    }
}
#endif
