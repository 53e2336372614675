using System.Globalization;

namespace Functional.Grammars;

/// <summary>An end of a range of numbers.</summary>
/// <param name="Value">The number.</param>
/// <param name="IsOpen">Whether it is not itself in the range.</param>
readonly record struct Limit(decimal Value, bool IsOpen);

/// <summary>Numbers between bounds as terms: with a fraction or without, and no exponent.</summary>
/// <param name="grammar">The grammar.</param>
/// <param name="texts">Whole numbers.</param>
sealed class DecimalTerms(Grammar grammar, JsonTexts texts)
{
    // Digits behind the one that decides: with those of a bound no more than a double tells apart.
    const int Free = 6;

    /// <summary>The most digits that a bound may have, but for zeros at its ends.</summary>
    public const int MostDigits = 9;

    /// <summary>Whether a number is a bound that texts can be compared with digit by digit.</summary>
    public static bool IsBound(decimal value) => Math.Abs(value) < 1_000_000_000 && Split(Math.Abs(value)) is var (whole, fraction) && whole.Length + fraction.Length <= MostDigits + 1;

    /// <summary>All numbers from one bound to the other, where there are such.</summary>
    /// <param name="least">Nothing for none.</param>
    /// <param name="most">Nothing for none.</param>
    public int Between(Limit? least, Limit? most)
    {
        // Of negative ones the size goes the other way; 0 has no sign.
        var below = least is { Value: >= 0 } ? Grammar.None
            : grammar.Row(grammar.Literal("-"), Sizes(most is { Value: < 0 } m ? new(-m.Value, m.IsOpen) : new(0, true), least is { } l ? new(-l.Value, l.IsOpen) : null));
        var above = most is { Value: < 0 } ? Grammar.None : Sizes(least is { Value: >= 0 } from ? from : new(0, false), most);
        return grammar.Either(below, above);
    }

    int Sizes(Limit low, Limit? high)
    {
        var (whole, fraction) = Split(low.Value);
        var first = long.Parse(whole, CultureInfo.InvariantCulture);
        var lowest = grammar.Literal(whole);
        if (high is not { } top) return grammar.Either(grammar.Row(lowest, Written(Above(fraction, low.IsOpen))), grammar.Row(texts.Whole(first + 1, long.MaxValue), Any));
        if (top.Value < low.Value) return Grammar.None;
        var (topWhole, topFraction) = Split(top.Value);
        if (topWhole == whole) return grammar.Row(lowest, Written(Between(fraction, low.IsOpen, topFraction, top.IsOpen)));
        var last = long.Parse(topWhole, CultureInfo.InvariantCulture);
        return grammar.Either(grammar.Row(lowest, Written(Above(fraction, low.IsOpen))),
            first + 1 < last ? grammar.Row(texts.Whole(first + 1, last - 1), Any) : Grammar.None, grammar.Row(grammar.Literal(topWhole), Written(Below(topFraction, top.IsOpen))));
    }

    // Digits behind the point: whether there may be none, and the terms of one or more.
    readonly record struct Digits(bool MayLack, int Some);

    int Written(Digits digits) => grammar.Either(digits.MayLack ? Grammar.Empty : Grammar.None, grammar.Row(grammar.Literal("."), digits.Some));

    int Rest(Digits digits) => grammar.Either(digits.MayLack ? Grammar.Empty : Grammar.None, digits.Some);

    int Any => Written(new(true, Some(1)));

    int Some(int least) => grammar.Repeat(Digit('0', '9'), least, Free);

    int Digit(char first, char last) => first > last ? Grammar.None : grammar.Chars([(first, last)]);

    // At least 0.bound, or above it.
    Digits Above(string bound, bool isOpen)
    {
        if (bound.Length == 0) return new(!isOpen, isOpen ? grammar.Row(grammar.Repeat(Digit('0', '0'), 0, Free), Digit('1', '9'), Some(0)) : Some(1));
        return new(false, grammar.Either(grammar.Row(Digit((char)(bound[0] + 1), '9'), Some(0)), grammar.Row(Digit(bound[0], bound[0]), Rest(Above(bound[1..], isOpen)))));
    }

    // At most 0.bound, or below it.
    Digits Below(string bound, bool isOpen)
    {
        if (bound.Length == 0) return new(!isOpen, isOpen ? Grammar.None : grammar.Repeat(Digit('0', '0'), 1, Free));
        return new(true, grammar.Either(grammar.Row(Digit('0', (char)(bound[0] - 1)), Some(0)), grammar.Row(Digit(bound[0], bound[0]), Rest(Below(bound[1..], isOpen)))));
    }

    Digits Between(string low, bool lowOpen, string high, bool highOpen)
    {
        if (high.Length == 0)
        {
            var only = low.Length == 0 && !lowOpen && !highOpen;
            return new(only, only ? grammar.Repeat(Digit('0', '0'), 1, Free) : Grammar.None);
        }
        var (first, behind) = low.Length == 0 ? ('0', "") : (low[0], low[1..]);
        if (first > high[0]) return new(false, Grammar.None);
        return new(low.Length == 0 && !lowOpen, first == high[0] ? grammar.Row(Digit(first, first), Rest(Between(behind, lowOpen, high[1..], highOpen)))
            : grammar.Either(grammar.Row(Digit(first, first), Rest(Above(behind, lowOpen))), grammar.Row(Digit((char)(first + 1), (char)(high[0] - 1)), Some(0)),
                grammar.Row(Digit(high[0], high[0]), Rest(Below(high[1..], highOpen)))));
    }

    static (string Whole, string Fraction) Split(decimal size) =>
        size.ToString(CultureInfo.InvariantCulture).Split('.') is [var whole, var fraction] ? (whole, fraction.TrimEnd('0')) : (size.ToString("0", CultureInfo.InvariantCulture), "");
}
