using Functional.Unicode;

namespace Functional.Subwords;

/// <summary>
/// The pattern of o200k: words end where small letters are followed by a capital, and take their contraction along. A word is capitals and then small letters, of
/// which there must be one; else capitals alone. Letters without case and marks may be either, so that a word may give back the last of them.
/// </summary>
sealed class CasedSplitter : Splitter
{
    public override string Regex =>
        @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
        + @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
        + @"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    public override int End(ReadOnlySpan<char> text, int at, out bool open)
    {
        var kind = CharClasses.At(text, at, out var length);
        var next = at + length;
        if (kind == CharClass.Number)
        {
            var count = 1;
            for (; count < 3 && next < text.Length && CharClasses.At(text, next, out length) == CharClass.Number; count++) next += length;
            open = count < 3 && next == text.Length;
            return next;
        }
        var first = LetterCases.At(text, at, out _);
        var mayPrefix = kind != CharClass.Letter && (kind & CharClass.LineEnd) == 0;
        var letters = kind == CharClass.Letter ? at : mayPrefix && next < text.Length && LetterCases.At(text, next, out _) != LetterCase.None ? next : -1;
        if (letters < 0 && first != LetterCase.None) letters = at;
        if (letters >= 0)
        {
            var end = Word(text, letters, letters > at && first != LetterCase.None ? next : 0, out open);
            return Contracted(text, end, ref open);
        }
        var mark = text[at] == ' ' && next < text.Length ? next : at;
        if (CharClasses.At(text, mark, out length) == CharClass.Other)
        {
            var end = Run(text, mark + length, CharClass.Other);
            while (end < text.Length && text[end] is '\r' or '\n' or '/') end++;
            open = end == text.Length;
            return end;
        }
        var blank = White(text, at);
        open = blank == text.Length;
        var line = text[at..blank].LastIndexOfAny('\r', '\n');
        return line >= 0 ? at + line + 1 : Blanks(text, at, blank);
    }

    // The end of the word whose letters begin there. Where they are capitals alone, a mark before them that could be their prefix is a word by itself, which ends
    // at alone; 0 where there is none.
    static int Word(ReadOnlySpan<char> text, int at, int alone, out bool open)
    {
        var (end, given) = (at, 0);
        var kind = LetterCase.None;
        for (int length; end < text.Length && ((kind = LetterCases.At(text, end, out length)) & LetterCase.Upper) != 0; end += length)
            if (kind == LetterCase.Both) given = end + length;
        open = end == text.Length;
        if (open || kind != LetterCase.Lower) return given > 0 ? given : alone > 0 ? alone : end;
        for (int length; end < text.Length && (LetterCases.At(text, end, out length) & LetterCase.Lower) != 0; end += length) { }
        open = end == text.Length;
        return end;
    }

    // A word takes an apostrophe's contraction along.
    static int Contracted(ReadOnlySpan<char> text, int end, ref bool open)
    {
        if (end == text.Length || text[end] != '\'') return end;
        var longer = Contraction(text, end, true);
        open |= longer < 0;
        return longer > 0 ? longer : end;
    }
}
