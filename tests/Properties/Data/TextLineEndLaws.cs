using System.Text;
using Functional.Testing;
using LanguageExt;
using static LanguageExt.Prelude;
using Functional.Tests.Properties.Text;
using Xunit;

namespace Functional.Tests.Properties.Data;

/// <summary>What line ends and encodings of a file come to when it is read.</summary>
public sealed class TextLineEndLaws : IDisposable
{
    const int Piece = 1 << 16;
    static readonly string[] kinds = ["char", "byte"];
    readonly string folder = Directory.CreateTempSubdirectory("functional-lines-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    string File(ReadOnlySpan<byte> bytes, string name = "a.txt")
    {
        var path = Path.Combine(folder, name);
        System.IO.File.WriteAllBytes(path, bytes);
        return path;
    }

    string File(string text, bool mark = false) => File([.. mark ? Encoding.UTF8.Preamble : [], .. Encoding.UTF8.GetBytes(text)]);

    static string Plain(string text) => text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');

    static string Show<T>(Validation<Fault, T> outcome) => outcome.Match(_ => "fine", faults => faults.Lines());

    /// <summary>What a file's tokens stand for, by a tokenizer of its own.</summary>
    static string Read(string path, string kind, LineEnds ends) => LoadedText.Load(path, kind, ends).Match(
        static loaded =>
        {
            var ids = new int[loaded.Tokens.Length];
            loaded.Tokens.CopyTo(0, ids);
            return loaded.Tokenizer.Decode(ids);
        },
        static faults => faults.Lines());

    /// <summary>Line ends all around the place where the reader cuts, and at the end.</summary>
    static string AroundTheCut(byte[] raw, byte shift) =>
        new string('a', Piece - 1 - shift % 8) + string.Concat(raw.Select(static b => "\r\n\r\rö\n"[b % 6])) + "end\r";

    [Property(MaxTest = 100)]
    public bool Read_as_lf_a_file_is_its_text_with_line_ends_replaced(byte[] raw, byte shift, bool mark)
    {
        var text = AroundTheCut(raw, shift);
        var path = File(text, mark);
        return kinds.All(kind => Read(path, kind, LineEnds.Lf) == Plain(text))
            && LoadedText.Load(path, "char", LineEnds.Lf).Match(loaded => loaded.Tokenizer.Equals(CharTokenizer.Train(Plain(text))), static _ => false);
    }

    [Property(MaxTest = 30)]
    public bool Read_as_it_is_a_file_keeps_its_line_ends(byte[] raw, byte shift, bool mark)
    {
        var text = AroundTheCut(raw, shift);
        var path = File(text, mark);
        var plainly = TextFile.Fold(path, new StringBuilder(), static (all, piece) => Success<Fault, StringBuilder>(all.Append(piece)));
        return kinds.All(kind => Read(path, kind, LineEnds.Keep) == text) && plainly.Match(all => all.ToString() == text, static _ => false);
    }

    [Theory]
    [InlineData(LineEnds.Lf)]
    [InlineData(LineEnds.Keep)]
    public void A_long_file_of_short_lines(LineEnds ends)
    {
        var text = string.Concat(Enumerable.Range(0, 60_000).Select(static i => $"{i}\r\n"));
        var path = File(text);
        foreach (var kind in kinds) Assert.Equal(LineEndStream.Whole(ends, text), Read(path, kind, ends));
    }

    [Theory]
    [InlineData("\r")]
    [InlineData("\r\n")]
    [InlineData("a\r")]
    [InlineData("\r\r\n\n\r")]
    public void Short_files_of_line_ends(string text)
    {
        foreach (var kind in kinds) Assert.Equal((Plain(text), text), (Read(File(text), kind, LineEnds.Lf), Read(File(text), kind, LineEnds.Keep)));
    }

    /// <summary>A return at the end of a piece, and the line feed alone in the last one.</summary>
    [Fact]
    public void The_last_piece_may_be_half_a_line_end()
    {
        var text = new string('a', Piece - 1) + "\r\n";
        foreach (var kind in kinds) Assert.Equal(new string('a', Piece - 1) + "\n", Read(File(text), kind, LineEnds.Lf));
    }

    [Fact]
    public void Places_are_counted_with_one_character_a_line_end()
    {
        var path = File(string.Concat(Enumerable.Repeat("ab\r\n", 50_000)) + "c");
        Assert.StartsWith($"{path}, position 150000: 'c'", Show(TextFile.Tokens(path, CharTokenizer.Train("ab\n"), LineEnds.Lf)), StringComparison.Ordinal);
        Assert.StartsWith($"{path}, position 200000: 'c'", Show(TextFile.Tokens(path, CharTokenizer.Train("ab\r\n"), LineEnds.Keep)), StringComparison.Ordinal);
    }

    /// <summary>The mark is taken off at the beginning, once; elsewhere it is a character as any other.</summary>
    [Fact]
    public void A_byte_order_mark_is_no_token()
    {
        foreach (var kind in kinds)
        {
            Assert.Equal("ab", Read(File("ab", mark: true), kind, LineEnds.Lf));
            Assert.Equal("a\uFEFFb", Read(File("a\uFEFFb", mark: true), kind, LineEnds.Lf));
        }
    }

    [Fact]
    public void Other_encodings_are_named_and_what_to_do()
    {
        const string text = "To be, or not to be:\r\nthat is the question.\r\n";
        (string Name, string Sign, Encoding Encoding, bool Mark)[] rows =
        [
            ("UTF-16", "it begins with 0xFF 0xFE", Encoding.Unicode, true),
            ("UTF-16", "it begins with 0xFE 0xFF", Encoding.BigEndianUnicode, true),
            ("UTF-16", "about every other byte is 0x00", Encoding.Unicode, false),
            ("UTF-16", "about every other byte is 0x00", Encoding.BigEndianUnicode, false),
            ("UTF-32", "it begins with 0xFF 0xFE 0x00 0x00", Encoding.UTF32, true), ("UTF-32", "most bytes are 0x00", Encoding.UTF32, false),
        ];
        foreach (var (name, sign, encoding, mark) in rows)
            foreach (var kind in kinds)
            {
                var path = File([.. mark ? encoding.Preamble : [], .. encoding.GetBytes(string.Concat(Enumerable.Repeat(text, 3000)))]);
                var expected = $"{path}: looks like {name}, as {sign}; expected UTF-8 text: save it as UTF-8";
                Assert.Equal(expected, Read(path, kind, LineEnds.Lf));
                Assert.Equal(expected, Show(ConfigYaml.Read(path)));
            }
    }
}
