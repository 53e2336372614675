using System.Text;
using Functional.Testing;

namespace Functional.Tests.Properties.Text;

public class Utf8Laws
{
    static string Decode(byte[] bytes, IEnumerable<int> cuts)
    {
        var (stream, text, at) = (Utf8Stream.Start, new StringBuilder(), 0);
        foreach (var cut in cuts.Select(c => c % (bytes.Length + 1)).Append(bytes.Length).Order())
        {
            var (piece, next) = stream.Push(bytes.AsSpan(at, cut - at));
            text.Append(piece);
            (stream, at) = (next, cut);
        }
        return text.Append(stream.Flush()).ToString();
    }

    /// <summary>Bytes near the borders of UTF-8's forms, so that most sequences are almost right.</summary>
    static byte[] Tricky(byte[] raw) =>
        [.. raw.Select(b => (byte[])[0x41, 0x80, 0xBF, 0xC1, 0xC2, 0xDF, 0xE0, 0xA0, 0x9F, 0xED, 0xEF, 0xF0, 0x90, 0x8F, 0xF4, 0xF5] is var t ? t[b % 16] : b)];

    [Property(MaxTest = 500)]
    public bool Any_cut_of_any_bytes_decodes_as_the_whole(byte[] bytes, byte[] cuts) =>
        Decode(bytes, cuts.Select(c => (int)c)) == Encoding.UTF8.GetString(bytes);

    [Property(MaxTest = 1000)]
    public bool Any_cut_of_nearly_right_bytes_decodes_as_the_whole(byte[] raw, byte[] cuts)
    {
        var bytes = Tricky(raw);
        return Decode(bytes, cuts.Select(c => (int)c)) == Encoding.UTF8.GetString(bytes)
            && Decode(bytes, Enumerable.Range(0, bytes.Length)) == Encoding.UTF8.GetString(bytes);
    }

    [Property(MaxTest = 300)]
    public bool Valid_text_never_shows_half_a_character(int[] codePoints)
    {
        var text = Texts.Of(codePoints);
        var stream = Utf8Stream.Start;
        var shown = new StringBuilder();
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            var (piece, next) = stream.Push([b]);
            if (!text.StartsWith(shown.Append(piece).ToString(), StringComparison.Ordinal) || next.Pending > 3) return false;
            stream = next;
        }
        return shown.ToString() == text && stream == Utf8Stream.Start && stream.Flush().Length == 0;
    }
}

static class Texts
{
    /// <summary>A valid Unicode text from any numbers, with characters of one to four bytes.</summary>
    public static string Of(int[] numbers) => string.Concat(numbers.Select(n =>
    {
        var limit = new[] { 0x80, 0x800, 0x10000, 0x110000 }[(n & int.MaxValue) % 4];
        var value = (int)((n & int.MaxValue) * 2654435761L % limit);
        return Rune.IsValid(value) ? new Rune(value).ToString() : "\n";
    }));

    /// <summary>As many numbers, 0 or more and far apart: generated ones are small and mostly 0, of which few choices among many would come.</summary>
    public static IEnumerable<int> Mixed(int[] numbers)
    {
        var mixed = (ulong)numbers.Length;
        foreach (var number in numbers)
        {
            mixed = (mixed ^ (uint)number) * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019;
            yield return (int)((mixed ^ (mixed >> 29)) >> 33);
        }
    }

    /// <summary>A text of such parts, and of any characters where there are more numbers than parts.</summary>
    /// <param name="numbers">Any numbers.</param>
    /// <param name="parts">Parts to choose from.</param>
    /// <param name="choices">Among how many it is chosen, as many as parts or more.</param>
    public static string Of(int[] numbers, string[] parts, int choices) =>
        string.Concat(Mixed(numbers).Select(n => n % choices is var k && k < parts.Length ? parts[k] : Of([n / choices])));
}
