using System.Text;
using Functional.Testing;
using LanguageExt;
using static LanguageExt.Prelude;
using Functional.Tests.Properties.Text;
using Xunit;

namespace Functional.Tests.Properties.Data;

public sealed class TextFileLaws : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("functional-text-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    string File(byte[] bytes, string name = "a.txt")
    {
        var path = Path.Combine(folder, name);
        System.IO.File.WriteAllBytes(path, bytes);
        return path;
    }

    static string Show<T>(Validation<Fault, T> outcome) => outcome.Match(_ => "fine", faults => faults.Lines());

    static int[] All(TokenStream stream)
    {
        var into = new int[stream.Length];
        stream.CopyTo(0, into);
        return into;
    }

    /// <summary>
    /// Long enough for several pieces, with characters of every length across their borders; zeros in alternation are refused, and tested apart.
    /// </summary>
    static string Long(int[] numbers, int characters) =>
        Texts.Of(numbers).Replace('\0', '0') + "ö" is var unit ? string.Concat(Enumerable.Repeat(unit, 1 + characters / unit.Length)) : "";

    [Property(MaxTest = 20)]
    public bool Pieces_join_to_the_text(int[] numbers, bool mark, ushort extra)
    {
        var text = new string('a', extra % 7) + Long(numbers, 150_000);
        var path = File([.. mark ? Encoding.UTF8.Preamble : [], .. Encoding.UTF8.GetBytes(text)]);
        return TextFile.Fold(path, new StringBuilder(), (all, piece) => Success<Fault, StringBuilder>(all.Append(piece)))
            .Match(all => all.ToString() == text, _ => false);
    }

    [Property(MaxTest = 20)]
    public bool Loading_is_training_and_encoding(int[] numbers)
    {
        var text = Long(numbers, 400_000);
        var path = File(Encoding.UTF8.GetBytes(text));
        return ((string, Tokenizer)[])[("char", CharTokenizer.Train(text)), ("byte", ByteTokenizer.Instance)] is var rows && rows.All(row =>
            LoadedText.Load(path, row.Item1, LineEnds.Keep).Match(
                loaded => loaded.Tokenizer.Equals(row.Item2) && loaded.Tokenizer.Decode(All(loaded.Tokens)) == text, _ => false));
    }

    [Property(MaxTest = 30)]
    public bool Invalid_bytes_are_found_where_they_are(int place, byte which)
    {
        var bytes = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("aé€😀", 50_000)));
        var at = (place & int.MaxValue) % bytes.Length;
        // A character that a bad byte breaks is reported where it begins.
        var first = at;
        while ((bytes[first] & 0xC0) == 0x80) first--;
        bytes[at] = which % 2 == 0 ? (byte)0xC0 : (byte)0xFF;
        var path = File(bytes);
        return Show(TextFile.Characters(RuneSet.Empty, path,
            LineEnds.Keep)) == $"{path}, byte {first}: 0x{bytes[first]:X2} does not continue or begin a UTF-8 character; expected UTF-8 text";
    }

    [Fact]
    public void Faults_name_the_file()
    {
        Assert.Equal($"{folder}/none: does not exist; expected a file", Show(LoadedText.Load($"{folder}/none", "char", LineEnds.Keep)));
        Assert.Equal($"{folder}/none/none: is in a folder that does not exist; expected a file in an existing folder",
            Show(LoadedText.Load($"{folder}/none/none", "char", LineEnds.Keep)));
        Assert.Equal($"{folder}: is a folder; expected a file", Show(LoadedText.Load(folder, "byte", LineEnds.Keep)));
        var empty = File([]);
        Assert.Equal($"{empty}: is empty; expected text", Show(LoadedText.Load(empty, "char", LineEnds.Keep)));
        Assert.Equal($"{empty}: is empty; expected text", Show(LoadedText.Load(File([0xEF, 0xBB, 0xBF]), "char", LineEnds.Keep)));
        var cut = File([0x61, 0xE2, 0x82]);
        Assert.Equal($"{cut}, byte 1: 0xE2 does not continue or begin a UTF-8 character; expected UTF-8 text",
            Show(LoadedText.Load(cut, "char", LineEnds.Keep)));
        Assert.Equal("path: is empty; expected the name of a file", Show(LoadedText.Load("", "char", LineEnds.Keep)));
        var path = File([(byte)'a', (byte)'b', (byte)'\n', (byte)'c']);
        Assert.Equal($"{path}, position 3: 'c' (U+0063) is not in the vocabulary; allowed: the 3 characters \\n a b",
            Show(TextFile.Tokens(path, CharTokenizer.Train("ab\n"), LineEnds.Keep)));
    }

    /// <summary>A text is read twice, and to its end: what has none is refused at once.</summary>
    [Theory]
    [InlineData("/dev/zero")]
    [InlineData("/dev/urandom")]
    public void What_never_ends_is_no_text(string path)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), $"needs {path}");
        foreach (var tokenizer in (string[])["char", "byte"])
            Assert.Equal($"{path}: is a pipe or device; expected a regular file, which can be read twice",
                Show(LoadedText.Load(path, tokenizer, LineEnds.Keep)));
    }

    [Fact]
    public void Characters_far_in_are_faulted_at_their_place()
    {
        var path = File(Encoding.UTF8.GetBytes(new string('a', 100_000) + "b"));
        Assert.StartsWith($"{path}, position 100000: 'b'", Show(TextFile.Tokens(path, CharTokenizer.Train("a"), LineEnds.Keep)), StringComparison.Ordinal);
    }

    [Property(MaxTest = 10)]
    public bool Tokenizer_files_read_back(int[] numbers)
    {
        var tokenizer = CharTokenizer.Train("x" + Texts.Of(numbers));
        var path = Path.Combine(folder, "tokenizer.json");
        return TokenizerFile.Write(path, tokenizer).IsSuccess && TokenizerFile.Read(path).Match(read => read.Equals(tokenizer), _ => false)
            && Directory.GetFiles(folder).All(f => !f.EndsWith(".partial", StringComparison.Ordinal));
    }

    [Fact]
    public void Tokenizer_files_name_themselves_in_faults()
    {
        var path = File("{"u8.ToArray(), "tokenizer.json");
        Assert.Equal($"{path}, line 1: is not JSON; expected a tokenizer.json", Show(TokenizerFile.Read(path)));
        Assert.Equal($"{folder}/no/t.json: is in a folder that does not exist; expected a file in an existing folder",
            Show(TokenizerFile.Write($"{folder}/no/t.json", ByteTokenizer.Instance)));
    }

    [Fact]
    public void Large_vocabularies_are_stored_whole()
    {
        var store = new TokenStore.Builder(100_000).Add([.. Enumerable.Range(0, 300_000).Select(i => i % 100_000)]).Build();
        Assert.Equal(Enumerable.Range(0, 300_000).Select(i => i % 100_000), All(store));
    }
}
