using System.Globalization;
using System.Text;

namespace Functional.Unicode;

/// <summary>What splitting patterns ask of a character, as bits.</summary>
[Flags]
public enum CharClass
{
    /// <summary>None of the others, such as punctuation.</summary>
    Other = 0,
    /// <summary><c>\p{L}</c>.</summary>
    Letter = 1,
    /// <summary><c>\p{N}</c>.</summary>
    Number = 2,
    /// <summary><c>\s</c>: the White_Space property.</summary>
    White = 4,
    /// <summary>Carriage return or line feed.</summary>
    LineEnd = 8,
}

/// <summary>Classes and categories of characters, by .NET's own tables of The Unicode Standard.</summary>
public static class CharClasses
{
    static readonly byte[] Bmp = [.. Enumerable.Range(0, 0x10000).Select(static c => (byte)Compute(c))];

    /// <summary>The class of the character that begins at <paramref name="at"/>, and its length in UTF-16 code units; half a pair is of no class.</summary>
    public static CharClass At(ReadOnlySpan<char> text, int at, out int length)
    {
        var c = text[at];
        length = 1;
        if (!char.IsHighSurrogate(c) || at + 1 >= text.Length || !char.IsLowSurrogate(text[at + 1])) return (CharClass)Bmp[c];
        length = 2;
        return Compute(char.ConvertToUtf32(c, text[at + 1]));
    }

    /// <summary>The class of one code unit, half a pair being of none.</summary>
    public static CharClass Of(char c) => (CharClass)Bmp[c];

    /// <summary>Whether a code point is white space (The Unicode Standard, White_Space).</summary>
    public static bool IsWhite(int rune) => rune < 0x10000 && (Bmp[rune] & (int)CharClass.White) != 0;

    /// <summary>
    /// Whether it is part of a word, as <c>\w</c> has it: letters, marks, decimal digits, letter numbers, connectors, and circled letters, which are
    /// alphabetic though symbols (Unicode Technical Standard #18, Annex C).
    /// </summary>
    public static bool IsWord(int rune) => CharUnicodeInfo.GetUnicodeCategory(rune) switch
    {
        <= UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation => true,
        UnicodeCategory.OtherSymbol => rune is (>= 0x24B6 and <= 0x24E9) or (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169)
            or (>= 0x1F170 and <= 0x1F189),
        _ => false,
    };

    /// <summary>Whether it is ASCII punctuation or symbol, or of a category P.</summary>
    public static bool IsPunctuation(int rune) => rune < 128
        ? rune is (>= '!' and <= '/') or (>= ':' and <= '@') or (>= '[' and <= '`') or (>= '{' and <= '~')
        : CharUnicodeInfo.GetUnicodeCategory(rune) is >= UnicodeCategory.ConnectorPunctuation and <= UnicodeCategory.OtherPunctuation;

    /// <summary>What a character is compared as where case does not matter: its lower case by simple mappings; the long s and the Kelvin sign are s and k.</summary>
    public static int Fold(int rune) => rune switch
    {
        < 128 => rune is >= 'A' and <= 'Z' ? rune + 32 : rune,
        0x17F => 's',
        0x212A => 'k',
        _ => Rune.IsValid(rune) ? Rune.ToLowerInvariant(Rune.ToUpperInvariant(new Rune(rune))).Value : rune,
    };

    static CharClass Compute(int rune) => CharUnicodeInfo.GetUnicodeCategory(rune) switch
    {
        <= UnicodeCategory.OtherLetter => CharClass.Letter,
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => CharClass.Number,
        UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => CharClass.White,
        UnicodeCategory.Control => rune switch
        {
            '\r' or '\n' => CharClass.White | CharClass.LineEnd,
            '\t' or '\v' or '\f' or 0x85 => CharClass.White,
            _ => CharClass.Other,
        },
        _ => CharClass.Other,
    };
}
