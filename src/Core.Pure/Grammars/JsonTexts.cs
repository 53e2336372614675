using System.Collections.Immutable;
using System.Globalization;

namespace Functional.Grammars;

/// <summary>The parts of JSON texts as terms: strings, numbers, and whole numbers between bounds.</summary>
/// <param name="grammar">The grammar.</param>
sealed class JsonTexts(Grammar grammar)
{
    // What 64 bits and a double hold, whatever the digits.
    const int MostDigits = 18, MostFraction = 17, MostExponent = 2;

    static readonly ImmutableArray<(int First, int Last)> plain = RuneRanges.Both(RuneRanges.All, [(' ', '!'), ('#', '['), (']', 0x10FFFF)]);

    static readonly ImmutableArray<(char Name, int Meant)> escapes = [('"', '"'), ('\\', '\\'), ('/', '/'), ('b', '\b'), ('f', '\f'), ('n', '\n'), ('r', '\r'), ('t', '\t')];

    int Digits(int first = '0', int last = '9') => grammar.Chars([(first, last)]);

    /// <summary>A character of a string, in any way to write it.</summary>
    public int Character()
    {
        var hex = grammar.Chars([('0', '9'), ('A', 'F'), ('a', 'f')]);
        var notD = grammar.Row(grammar.Chars([('0', '9'), ('A', 'C'), ('E', 'F'), ('a', 'c'), ('e', 'f')]), hex);
        // No half of a surrogate pair.
        var belowD800 = grammar.Row(grammar.Chars([('D', 'D'), ('d', 'd')]), Digits(last: '7'));
        var code = grammar.Row(grammar.Literal("u"), grammar.Either(notD, belowD800), hex, hex);
        return grammar.Either(grammar.Chars(plain), grammar.Row(grammar.Literal("\\"), grammar.Either(grammar.Chars(escapes.Select(static e => ((int)e.Name, (int)e.Name))), code)));
    }

    /// <summary>A character of some, as it is or, where JSON has it so, by its escape.</summary>
    public int Written(IEnumerable<(int First, int Last)> of)
    {
        var asked = RuneRanges.Both(RuneRanges.Union(of), RuneRanges.All);
        var terms = new List<int> { grammar.Chars(RuneRanges.Both(asked, plain)) };
        foreach (var (first, last) in RuneRanges.Both(asked, [(0, 0x1F), ('"', '"'), ('\\', '\\')]))
            for (var rune = first; rune <= last; rune++) terms.Add(Escaped(rune));
        return grammar.Either([.. terms]);
    }

    int Escaped(int rune) => escapes.FirstOrDefault(e => e.Meant == rune) is { Name: not '\0' and var name } ? grammar.Literal($"\\{name}") : grammar.Literal($"\\u{rune:x4}");

    /// <summary>A string of so many characters.</summary>
    public int Text(int least, int most) => grammar.Row(grammar.Literal("\""), grammar.Repeat(Character(), least, most), grammar.Literal("\""));

    /// <summary>Any number that a double holds.</summary>
    /// <param name="isPositive">Whether it is 0 or above.</param>
    public int Number(bool isPositive)
    {
        var fraction = grammar.Row(grammar.Literal("."), grammar.Repeat(Digits(), 1, MostFraction));
        var exponent = grammar.Row(grammar.Chars([('e', 'e'), ('E', 'E')]), grammar.Maybe(grammar.Chars([('+', '+'), ('-', '-')])), grammar.Repeat(Digits(), 1, MostExponent));
        return grammar.Row(isPositive ? Grammar.Empty : grammar.Maybe(grammar.Literal("-")), AnyWhole(), grammar.Maybe(fraction), grammar.Maybe(exponent));
    }

    int AnyWhole() => grammar.Either(Digits(last: '0'), grammar.Row(Digits('1'), grammar.Repeat(Digits(), 0, MostDigits - 1)));

    /// <summary>A whole number between bounds, of at most 18 digits where there is none.</summary>
    public int Whole(long least, long most)
    {
        const long Limit = 999_999_999_999_999_999;
        (least, most) = (Math.Max(least, -Limit), Math.Min(most, Limit));
        var below = least < 0 ? grammar.Row(grammar.Literal("-"), Between(Math.Max(1, -most), -least)) : Grammar.None;
        return grammar.Either(below, most >= 0 ? Between(Math.Max(0, least), most) : Grammar.None);
    }

    // Of each number of digits apart.
    int Between(long low, long high)
    {
        var terms = new List<int>();
        for (var from = low; from <= high;)
        {
            var text = from.ToString(CultureInfo.InvariantCulture);
            var to = Math.Min(high, (long)Math.Pow(10, text.Length) - 1);
            terms.Add(SameLength(text, to.ToString(CultureInfo.InvariantCulture)));
            if (to == long.MaxValue) break;
            from = to + 1;
        }
        return grammar.Either([.. terms]);
    }

    // Digits between two rows of as many: those that have the lower one's first digit, those between, those that have the upper one's.
    int SameLength(string low, string high)
    {
        // All there are: else both halves of every digit would be gone through.
        if (low.All(static c => c == '0') && high.All(static c => c == '9')) return grammar.Repeat(Digits(), low.Length, low.Length);
        if (low[0] == high[0]) return grammar.Row(Digits(low[0], low[0]), SameLength(low[1..], high[1..]));
        var rest = low.Length - 1;
        var between = low[0] + 1 < high[0] ? grammar.Row(Digits(low[0] + 1, high[0] - 1), grammar.Repeat(Digits(), rest, rest)) : Grammar.None;
        return grammar.Either(grammar.Row(Digits(low[0], low[0]), SameLength(low[1..], new('9', rest))), between,
            grammar.Row(Digits(high[0], high[0]), SameLength(new('0', rest), high[1..])));
    }
}
