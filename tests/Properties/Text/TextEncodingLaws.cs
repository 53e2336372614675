using System.Text;
using FsCheck;
using Functional.Testing;
using Xunit;

namespace Functional.Tests.Properties.Text;

public class TextEncodingLaws
{
    static readonly (string Name, Encoding Encoding)[] encodings =
    [
        ("UTF-16", Encoding.Unicode), ("UTF-16", Encoding.BigEndianUnicode),
        ("UTF-32", Encoding.UTF32), ("UTF-32", new UTF32Encoding(bigEndian: true, byteOrderMark: true)),
    ];

    const string Letters = "etaoin shrdlu\n\r\t,.ÄÖÜäöüßéè0123456789";

    static string? Name(ReadOnlySpan<byte> bytes) => TextEncoding.Other(bytes)?.Name;

    /// <summary>As people of western Europe write.</summary>
    static string Western(byte[] raw) => "De" + string.Concat(raw.Select(static b => Letters[b % Letters.Length]));

    [Property]
    public bool Western_text_is_known_by_its_zeros(byte[] raw)
    {
        var text = Western(raw);
        return encodings.All(e => Name(e.Encoding.GetBytes(text)) == e.Name);
    }

    [Property]
    public bool Any_text_is_known_by_its_mark(NonNull<string> text) => encodings.All(e =>
        // A UTF-16 text that begins with NUL has the mark of UTF-32.
        Name([.. e.Encoding.Preamble, .. e.Encoding.GetBytes("x" + text.Get)]) == e.Name && Name(e.Encoding.Preamble) == e.Name);

    [Property]
    public bool A_text_cut_anywhere_looks_the_same(byte[] raw, ushort at)
    {
        var text = string.Concat(Enumerable.Repeat(Western(raw), 20));
        return encodings.All(e => e.Encoding.GetBytes(text) is var bytes && Name(bytes.AsSpan(0, 4 + at % (bytes.Length - 3))) == e.Name);
    }

    [Property]
    public bool Utf8_without_zeros_is_never_taken_for_another(int[] numbers, bool mark)
    {
        var text = Texts.Of(numbers).Replace("\0", "", StringComparison.Ordinal);
        return TextEncoding.Other([.. mark ? Encoding.UTF8.Preamble : [], .. Encoding.UTF8.GetBytes(text)]) is null;
    }

    /// <summary>A zero here and there, rows of them, and nothing but zeros are no other encoding.</summary>
    [Property]
    public bool A_few_zeros_are_no_other_encoding(byte[] raw, byte[] places, byte row)
    {
        var bytes = Encoding.UTF8.GetBytes(Western(raw));
        foreach (var place in places.Take(bytes.Length / 8)) bytes[place % bytes.Length] = 0;
        return TextEncoding.Other(bytes) is null && TextEncoding.Other(new byte[row]) is null
            && TextEncoding.Other([.. "some text"u8, .. new byte[row], .. "and more"u8]) is null;
    }

    [Theory]
    [InlineData("FF FE", "UTF-16", "it begins with 0xFF 0xFE")]
    [InlineData("FE FF 00 61", "UTF-16", "it begins with 0xFE 0xFF")]
    [InlineData("FF FE 00 00 61 00 00 00", "UTF-32", "it begins with 0xFF 0xFE 0x00 0x00")]
    [InlineData("00 00 FE FF 00 00 00 61", "UTF-32", "it begins with 0x00 0x00 0xFE 0xFF")]
    [InlineData("61 00 62 00", "UTF-16", "about every other byte is 0x00")]
    [InlineData("00 00 00 61", "UTF-32", "most bytes are 0x00")]
    [InlineData("61 00", null, null)]
    [InlineData("FF 61", null, null)]
    [InlineData("EF BB BF", null, null)]
    [InlineData("", null, null)]
    public void It_says_by_what(string bytes, string? name, string? sign)
    {
        var found = TextEncoding.Other(Convert.FromHexString(bytes.Replace(" ", "", StringComparison.Ordinal)));
        Assert.Equal((name, sign), (found?.Name, found?.Sign));
    }
}
