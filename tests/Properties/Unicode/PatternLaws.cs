using System.Diagnostics;

namespace Functional.Tests.Properties.Unicode;

public sealed class PatternLaws
{
    static Pattern Of(string source, bool lines = true) => Pattern.Parse(source, "pattern", lines).IfFail(static f => throw new InvalidOperationException(f.Lines()));

    static string Letters(int[] numbers) => string.Concat(numbers.Select(static n => "aab \nB1_é"[Math.Abs(n % 9)]));

    public static TheoryData<string> Sources =>
    [
        "a+", "a*b", "(a|b)+?c?", "(?:ab|a)(?!b)", "a{2,3}", "[^ab]+", @"\w+|\s+", @"\bab?\B", "(?i:AB)+", "(?>a+)b", "a?+a", "[a-b&&[^b]]+", @"\p{Lu}\P{Lu}*", "x*", "(?:a|b)*B", "^a|b$", @"\x61\u0062|\x{e9}", ".+", "(?=a)aa?",
        "a{,2}b", "(?i)b+",
    ];

    [Theory]
    [MemberData(nameof(Sources))]
    public void Patterns_match_as_those_of_the_base_library(string source)
    {
        var net = new System.Text.RegularExpressions.Regex(source.Replace("?+", "?", StringComparison.Ordinal) is var s && source == "a?+a" ? "(?>a?)a"
            : s.Replace("[a-b&&[^b]]", "a", StringComparison.Ordinal).Replace(@"\x{e9}", "é", StringComparison.Ordinal).Replace("{,2}", "{0,2}", StringComparison.Ordinal),
            System.Text.RegularExpressions.RegexOptions.CultureInvariant | System.Text.RegularExpressions.RegexOptions.Multiline);
        var finder = Of(source).Matcher();
        FsCheck.Check.QuickThrowOnFailure(FsCheck.Fluent.Prop.ForAll<int[]>(FsCheck.Fluent.ArbMap.Default.ArbFor<int[]>(), numbers =>
        {
            var text = Letters(numbers);
            var expected = net.Matches(text).Where(static m => m.Length > 0).Select(static m => (m.Index, m.Index + m.Length)).FirstOrDefault((-1, -1));
            return finder.Find(text, 0, out _) == expected;
        }));
    }

    [Theory]
    [MemberData(nameof(Sources))]
    public void What_is_sure_stays_whatever_follows(string source)
    {
        var pattern = Of(source);
        if (!pattern.IsLocal) return;
        FsCheck.Check.QuickThrowOnFailure(FsCheck.Fluent.Prop.ForAll<int[], int[]>(FsCheck.Fluent.ArbMap.Default.ArbFor<int[]>(), FsCheck.Fluent.ArbMap.Default.ArbFor<int[]>(), (a, b) =>
        {
            var (start, end) = pattern.Matcher().Find(Letters(a), 0, out var sure);
            var (later, laterEnd) = pattern.Matcher().Find(Letters(a) + Letters(b), 0, out _);
            return start >= 0 && sure == end ? (later, laterEnd) == (start, end) : later < 0 || later >= sure;
        }));
    }

    [Theory]
    [InlineData("(a", "lacks a ) at character 3")]
    [InlineData("a)", "closes no group at character 2")]
    [InlineData("[a", "lacks a ] at character 3")]
    [InlineData("*a", "repeats nothing at character 1")]
    [InlineData(@"\p{Han}", @"asks for \p{Han}, which is no general category")]
    [InlineData("(?<=a)b", "has a group that is not known at character 2")]
    [InlineData(@"\k", @"has \k, which is not known")]
    [InlineData("a{3,2}", "counts wrongly at character 7")]
    [InlineData("a{99999}", "counts wrongly")]
    [InlineData("((((a{1000}){1000}){1000}){1000})", "is too long")]
    public void What_is_not_known_is_refused(string source, string fault) => Assert.Contains(fault, Pattern.Parse(source, "p").FailToSeq().Lines(), StringComparison.Ordinal);

    [Fact]
    public void Deep_nesting_is_refused() => Assert.Contains("nests too deeply", Pattern.Parse(new string('(', 5000), "p").FailToSeq().Lines(), StringComparison.Ordinal);

    [Fact]
    public void No_pattern_takes_exponential_time()
    {
        var clock = Stopwatch.StartNew();
        Assert.Equal(-1, Of("(a|a|ab?)*(a*)*c").Matcher().Match(new string('a', 2000), 0, out _));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void Letters_beyond_the_basic_plane_are_letters() => Assert.Equal((0, 4), Of(@"\p{L}+").Matcher().Find("𝒜𠀀!", 0, out _));
}
