using System.Globalization;
using System.Text;
using Functional.Base;

namespace Functional.Text;

/// <summary>How characters are shown to people.</summary>
static class Characters
{
    /// <summary>Half a surrogate pair in a text, as a fault; nothing where there is none.</summary>
    /// <param name="text">The text.</param>
    /// <param name="position">Where it begins in a longer one.</param>
    public static Fault? Half(ReadOnlySpan<char> text, long position)
    {
        for (int i = text.IndexOfAnyInRange('\uD800', '\uDFFF'), used; (uint)i < (uint)text.Length; i += used)
            if (Rune.DecodeFromUtf16(text[i..], out _, out used) != System.Buffers.OperationStatus.Done)
                return new($"position {position + i}", $"half a surrogate pair ({CodePoint(text[i])}) is no character", "allowed: every Unicode text");
        return null;
    }

    /// <summary>In quotes, control characters and separators escaped.</summary>
    public static string Quote(Rune rune) => $"'{Plain(rune)}'";

    /// <summary>UTF-8 in quotes, control characters and separators escaped; nothing where it is none.</summary>
    public static string? Quote(ReadOnlySpan<byte> text)
    {
        var shown = new StringBuilder("'");
        if (text.IsEmpty) return "''";
        while (!text.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(text, out var rune, out var used) != System.Buffers.OperationStatus.Done) return null;
            shown.Append(Plain(rune));
            text = text[used..];
        }
        return shown.Append('\'').ToString();
    }

    /// <summary>As <c>U+00E9</c>.</summary>
    public static string CodePoint(int value) => $"U+{value:X4}";

    /// <summary>A set in ascending order as single characters and ranges, cut after <paramref name="most"/> of them: <c>\n, space, A-Z</c>.</summary>
    public static string Ranges(ReadOnlySpan<Rune> sorted, int most = 24)
    {
        var parts = new List<string>();
        for (int i = 0, end; i < sorted.Length; i = end)
        {
            for (end = i + 1; end < sorted.Length && sorted[end].Value == sorted[end - 1].Value + 1 && SameKind(sorted[i], sorted[end]);) end++;
            if (end - i > 2) parts.Add($"{Name(sorted[i])}-{Name(sorted[end - 1])}");
            else for (var k = i; k < end; k++) parts.Add(Name(sorted[k]));
        }
        return parts.Count <= most ? string.Join(' ', parts) : $"{string.Join(' ', parts.Take(most))} …";
    }

    static bool SameKind(Rune a, Rune b) => Rune.GetUnicodeCategory(a) == Rune.GetUnicodeCategory(b);

    static string Name(Rune rune) => rune.Value == ' ' ? "space" : Plain(rune);

    static string Plain(Rune rune) => rune.Value switch
    {
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\\' => "\\\\",
        ' ' => " ",
        _ => Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate
            or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.NonSpacingMark
            or UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
            ? $"\\u{{{rune.Value:x}}}" : rune.ToString(),
    };
}
