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
        var (finder, patient) = (Of(source).Matcher(), Of(source).Matcher(oneText: false, patience: 0));
        FsCheck.Check.QuickThrowOnFailure(FsCheck.Fluent.Prop.ForAll<int[]>(FsCheck.Fluent.ArbMap.Default.ArbFor<int[]>(), numbers =>
        {
            var text = Letters(numbers);
            var expected = net.Matches(text).Where(static m => m.Length > 0).Select(static m => (m.Index, m.Index + m.Length)).FirstOrDefault((-1, -1));
            var found = finder.Find(text, 0, out var sure);
            return found == expected && patient.Find(text, 0, out var same) == expected && same == sure;
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

    /// <summary>What is sure stays, where it was found by what was remembered of earlier matches, too.</summary>
    [Theory]
    [MemberData(nameof(Twisted))]
    public void What_is_remembered_is_as_sure(string source)
    {
        var pattern = Of(source);
        if (!pattern.IsLocal) return;
        FsCheck.Check.QuickThrowOnFailure(FsCheck.Fluent.Prop.ForAll<int[], int[]>(FsCheck.Fluent.ArbMap.Default.ArbFor<int[]>(), FsCheck.Fluent.ArbMap.Default.ArbFor<int[]>(), (a, b) =>
        {
            var finder = pattern.Matcher(oneText: true, patience: 0);
            var text = Letters(a);
            for (var at = 0; ;)
            {
                var (start, end) = finder.Find(text, at, out var sure);
                var (later, laterEnd) = pattern.Matcher().Find(text + Letters(b), at, out _);
                if (start >= 0 && sure == end ? (later, laterEnd) != (start, end) : later >= 0 && later < sure) return false;
                if (start < 0) return true;
                at = end;
            }
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
    [InlineData("a{99999}", "counts beyond 1000")]
    [InlineData("((((a{1000}){1000}){1000}){1000})", "is too long")]
    public void What_is_not_known_is_refused(string source, string fault) => Assert.Contains(fault, Pattern.Parse(source, "p").FailToSeq().Lines(), StringComparison.Ordinal);

    [Fact]
    public void Deep_nesting_is_refused() => Assert.Contains("nests too deeply", Pattern.Parse(new string('(', 5000), "p").FailToSeq().Lines(), StringComparison.Ordinal);

    // Repetitions of what may be nothing, and parts that are run by themselves.
    public static TheoryData<string> Twisted =>
    [
        .. Sources.Select(static s => s.Data), "(a*)*b|a", "(?:a?)*?B", "(?:(?:a|b?)*)*B|.", "(?:a*?b?)*1", "(?:(?=a*b)a|b)*B", "(?:(?>a*)b?)*_|.", "(?:(?!a*B)a)*|b+", "(?:a|aa)+?b|[^b]",
        "(?:(?:a|b)*?(?=B|$))*.", @"(?:\ba*)*\s|.", "a{2,3}?(?:ba{1,2})*(?!b)|.", "(?:a{1,3}){2,}b|.", "(?:(?:a?b?){2,3})*B|.", "(?:a+|b+)*(?=1)|.", "(?>(?:a|b)+?(?=b))*B|.",
    ];

    /// <summary>All matches of a text, one after the other, are the same whether what was tried is remembered or not.</summary>
    [Theory]
    [MemberData(nameof(Twisted))]
    public void What_is_remembered_changes_no_match(string source)
    {
        var pattern = Of(source);
        FsCheck.Check.QuickThrowOnFailure(FsCheck.Fluent.Prop.ForAll<int[], FsCheck.NonNegativeInt>(FsCheck.Fluent.ArbMap.Default.ArbFor<int[]>(), FsCheck.Fluent.ArbMap.Default.ArbFor<FsCheck.NonNegativeInt>(),
            (numbers, patience) =>
        {
            var text = Letters([.. numbers, .. numbers.Select(static n => n / 2), .. numbers]);
            List<(int, int)> All(Pattern.Finder finder)
            {
                var all = new List<(int, int)>();
                for (var at = 0; ; at = all[^1].Item2)
                {
                    all.Add(finder.Find(text, at, out _));
                    if (all[^1].Item1 < 0) return all;
                }
            }
            var alone = All(pattern.Matcher(oneText: false, patience: 10_000));
            return All(pattern.Matcher(oneText: true, patience: 0)).SequenceEqual(alone) && All(pattern.Matcher(oneText: true, patience: 1 + (patience.Get % 30))).SequenceEqual(alone)
                && All(pattern.Matcher(oneText: true)).SequenceEqual(alone) && All(pattern.Matcher()).SequenceEqual(alone);
        }));
    }

    /// <summary>What would take too many steps or too much memory is told by its place in its file, wherever a text is made even or cut.</summary>
    [Theory, InlineData("pre_tokenizer"), InlineData("normalizer")]
    public void What_would_take_too_much_is_told(string part)
    {
        const string pattern = "(?:a{1,9}){1,900}b|a";
        var json = (part == "normalizer" ? $$"""{"type": "Replace", "pattern": {"Regex": "{{pattern}}"}, "content": "x"}""" : $$"""{"type": "Split", "pattern": {"Regex": "{{pattern}}"}, "behavior": "Isolated"}""");
        var tokenizer = Tokenizer($$"""{"{{part}}": {{json}}, "model": {"type": "BPE", "vocab": {"a": 0, "x": 1}, "merges": []} }""");
        Assert.Equal(4, tokenizer.Encode("aaaa").Match(static ids => ids.Length, static _ => -1));
        Assert.Equal($"tokenizer.json: {part}.pattern: the regular expression {pattern} needs more steps or memory for a text than are granted; "
            + "allowed: one that repeats less inside of what it repeats", tokenizer.Encode(new string('a', 20_000)).FailToSeq().Lines());
    }

    /// <summary>A tokenizer whose pattern would take the cube of a line takes a line that others wrote.</summary>
    [Fact]
    public async Task A_tokenizer_with_a_hostile_pattern_reads_a_long_line()
    {
        var tokenizer = Tokenizer("""
            {"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "(a+)+$"}, "behavior": "Isolated"}, "model": {"type": "BPE", "vocab": {"a": 0, "B": 1}, "merges": []} }
            """);
        var ids = Task.Run(() => tokenizer.Encode(new string('a', 100_000) + "B"));
        Assert.Same(ids, await Task.WhenAny(ids, Task.Delay(TimeSpan.FromSeconds(20))));
        Assert.Equal(100_001, (await ids).Match(static i => i.Length, static _ => -1));
    }

    static Tokenizer Tokenizer(string json) => TokenizerJson.Parse(json).IfFail(static f => throw new InvalidOperationException(f.Lines()));

    [Fact]
    public void No_pattern_takes_exponential_time()
    {
        var clock = Stopwatch.StartNew();
        Assert.Equal(-1, Of("(a|a|ab?)*(a*)*c").Matcher().Match(new string('a', 2000), 0, out _));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10));
    }

    /// <summary>All matches of a long text are found in a time that grows as the text does, whatever the pattern asks for again and again.</summary>
    [Theory]
    [InlineData("(a+)+$", 1)]
    [InlineData("(a+)+b|a", 200_000)]
    [InlineData("(a|a)*b", 1)]
    [InlineData("(a*)*b", 1)]
    [InlineData("(?:(?:a?)*)*b", 1)]
    [InlineData("a+$", 1)]
    [InlineData("(?=a*B)a", 200_000)]
    [InlineData("(?!a*B)a|(?>a+)b|a", 200_000)]
    [InlineData("(?>a+)b|a", 200_000)]
    [InlineData("a{2,}b|a", 200_000)]
    [InlineData("(?:aa|a){1,90}b|a", 200_000)]
    [InlineData("a+?b", 1)]
    public async Task No_pattern_takes_the_square_of_a_text(string source, int matches)
    {
        var text = new string('a', 200_000) + "B";
        var found = Task.Run(() =>
        {
            var (finder, count) = (Of(source, lines: false).Matcher(oneText: true), 0);
            for (var at = 0; finder.Find(text, at, out _) is (>= 0, var end); at = end) count++;
            return count;
        });
        Assert.Same(found, await Task.WhenAny(found, Task.Delay(TimeSpan.FromSeconds(20))));
        Assert.Equal(matches == 1 ? 0 : matches, await found);
    }

    /// <summary>A state that failed only because it led back to one on its way is tried again by a later match, which comes to it from elsewhere.</summary>
    [Theory, InlineData(0), InlineData(4096)]
    public void What_led_back_to_what_then_succeeded_is_tried_again(int patience)
    {
        var finder = Of("(?=(?:1...|_)(?:a?b?)*B).").Matcher(oneText: true, patience);
        Assert.Equal((0, 1), finder.Find("1_aaB", 0, out _));
        Assert.Equal((1, 2), finder.Find("1_aaB", 1, out _));
        Assert.Equal((-1, -1), finder.Find("1_aaB", 2, out _));
    }

    [Fact]
    public void Letters_beyond_the_basic_plane_are_letters() => Assert.Equal((0, 4), Of(@"\p{L}+").Matcher().Find("𝒜𠀀!", 0, out _));
}
