namespace Functional.Tests.Properties.Subwords;

/// <summary>Scanners against the published regular expressions that they stand for.</summary>
public sealed class SplitterLaws
{
    static readonly string[] Odd =
    [
        "'", "'s", "'S", "'ll", "'Re", "'r", "'ſ", "s", "LL", "ve", " ", "  ", "\n", "\r\n", "\r", "\t", "a", "É", "1", "23", "½", "Ⅷ", "!", ".\n", "?\r", "\u00a0", "\u3000",
        "😀", "𝒜", "𝟘", "\u0301", "中", "\u0085", "\0", "\u200d", "_",
        "A", "BC", "\u01C5", "\u02B0", "𝐀", "𝐚", "\u0903", "/", "//\n", "\U00010400", "\U00010428", "x'", "Z's",
    ];

    static string Awkward(int[] numbers) => string.Concat(numbers.Select(static n => Math.Abs(n % 60) is var k && k < Odd.Length ? Odd[k] : Text.Texts.Of([n])));

    static Splitter Of(byte which) => Splitter.All[which % Splitter.All.Count];

    static Pattern Parsed(Splitter splitter) => Pattern.Parse(splitter.Regex, "", lines: false).IfFail(static f => throw new InvalidOperationException(f.Lines()));

    static List<int> Ends(Splitter splitter, string text)
    {
        var ends = new List<int>();
        for (var at = 0; at < text.Length; at = ends[^1]) ends.Add(splitter.End(text, at, out _));
        return ends;
    }

    [Property(MaxTest = 500)]
    public bool A_scanner_cuts_where_its_pattern_matches(int[] numbers, byte which)
    {
        var (text, finder, ends) = (Awkward(numbers), Parsed(Of(which)).Matcher(), new List<int>());
        for (var at = 0; at < text.Length; at = ends[^1]) ends.Add(finder.Match(text, at, out _));
        return Ends(Of(which), text).SequenceEqual(ends);
    }

    /// <summary>.NET's regular expressions see no letters beyond U+FFFF, and no long s where case is ignored.</summary>
    [Property(MaxTest = 500)]
    public bool So_do_the_expressions_of_the_base_library(int[] numbers, byte which)
    {
        var text = string.Concat(Awkward(numbers).Where(static c => !char.IsSurrogate(c) && c != 'ſ'));
        var regex = Of(which).Regex.Replace("?+", "?", StringComparison.Ordinal).Replace("++", "+", StringComparison.Ordinal)
            .Replace("*+", "*", StringComparison.Ordinal);
        var ends = System.Text.RegularExpressions.Regex.Matches(text, regex, System.Text.RegularExpressions.RegexOptions.CultureInvariant).Select(static m => m.Index + m.Length);
        return Ends(Of(which), text).SequenceEqual(ends);
    }

    [Property(MaxTest = 500)]
    public bool A_piece_that_is_not_open_stays_whatever_follows(int[] numbers, int[] more, byte which)
    {
        var (text, whole) = (Awkward(numbers), Awkward(numbers) + Awkward(more));
        for (int at = 0, end; at < text.Length; at = end)
        {
            end = Of(which).End(text, at, out var open);
            if (!open && Of(which).End(whole, at, out _) != end) return false;
            if (open) break;
        }
        return true;
    }

    [Property]
    public bool A_border_is_an_end_of_a_piece(int[] numbers, byte which, byte near)
    {
        var text = Awkward(numbers) + "x";
        return Splitter.Cut(text, near) is var at && (at == 0 || Ends(Of(which), text).Contains(at));
    }

    [Fact]
    public void Every_scanner_is_found_by_its_pattern() =>
        Assert.All(Splitter.All, static s => Assert.Same(s, Splitter.Of(s.Regex)));
}
