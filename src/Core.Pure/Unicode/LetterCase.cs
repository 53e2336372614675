using System.Globalization;

namespace Functional.Unicode;

/// <summary>What splitting patterns ask of the letters and marks of a word, as bits.</summary>
[Flags]
public enum LetterCase
{
    /// <summary>Neither a letter nor a mark.</summary>
    None = 0,
    /// <summary>It may stand where a word has its capitals: <c>[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]</c>.</summary>
    Upper = 1,
    /// <summary>It may stand where a word has its small letters: <c>[\p{Ll}\p{Lm}\p{Lo}\p{M}]</c>.</summary>
    Lower = 2,
    /// <summary>It may stand in both places, as a letter of a script without case or a mark.</summary>
    Both = Upper | Lower,
}

/// <summary>Cases of characters, by .NET's own tables of The Unicode Standard.</summary>
public static class LetterCases
{
    static readonly byte[] Bmp = [.. Enumerable.Range(0, 0x10000).Select(static c => (byte)Compute(c))];

    /// <summary>The case of the character that begins at <paramref name="at"/>, and its length in UTF-16 code units; half a pair has none.</summary>
    public static LetterCase At(ReadOnlySpan<char> text, int at, out int length)
    {
        var c = text[at];
        length = 1;
        if (!char.IsHighSurrogate(c) || at + 1 >= text.Length || !char.IsLowSurrogate(text[at + 1])) return (LetterCase)Bmp[c];
        length = 2;
        return Compute(char.ConvertToUtf32(c, text[at + 1]));
    }

    static LetterCase Compute(int rune) => CharUnicodeInfo.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter => LetterCase.Upper,
        UnicodeCategory.LowercaseLetter => LetterCase.Lower,
        UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark
            or UnicodeCategory.EnclosingMark => LetterCase.Both,
        _ => LetterCase.None,
    };
}
