using System.IO.Compression;
using System.Text;
using Functional.Testing;
using LanguageExt;
using Parquet;
using Parquet.Schema;
using Parquet.Serialization;
using Xunit;

namespace Functional.Tests.Properties.Data;

/// <summary>Rows are the same from files of every kind, and what is wrong with a file is said with its line.</summary>
public sealed class RowFileTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("functional-rows-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    string File(string name, byte[] bytes)
    {
        var path = Path.Combine(folder, name);
        System.IO.File.WriteAllBytes(path, bytes);
        return path;
    }

    string File(string name, string text) => File(name, Encoding.UTF8.GetBytes(text));

    static byte[] Zip(byte[] bytes)
    {
        using var memory = new MemoryStream();
        using (var gzip = new GZipStream(memory, CompressionLevel.Optimal)) gzip.Write(bytes);
        return memory.ToArray();
    }

    static byte[] Parquet(IReadOnlyList<Params<string>> rows)
    {
        using var memory = new MemoryStream();
        ParquetSerializer.SerializeUntypedAsync([.. rows.Select(static r => (IDictionary<string, object?>)r.ToDictionary(static m => m.Name, static m => (object?)m.Value))],
            new ParquetSchema(rows[0].Names.Select(static n => (Field)new DataField<string>(n))), memory, new ParquetOptions { RowGroupSize = 3 }).GetAwaiter().GetResult();
        return memory.ToArray();
    }

    string Read(string path) => string.Join('\n', RowFiles.Read(path).Select(row => row.Match(
        r => $"{r.Place}: {string.Join(", ", r.Fields.Select(static f => $"{f.Name}={(f.Value is Json.Text t ? t.Value : f.Value.Kind)}"))}",
        f => $"FAULT {f.Lines()}"))).Replace(folder + Path.DirectorySeparatorChar, "", StringComparison.Ordinal);

    static readonly string[] pieces = ["a", "ö", "你", "😀", ",", "\t", "\"", "\"\"", "\n", "\r\n", "\\", "{", "]", " ", "'"];

    static string Quote(string text, char separator) => text.Length > 0 && text.IndexOfAny([separator, '"', '\n', '\r']) < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    static string Compact(Params<string> row) => System.Text.Json.JsonSerializer.Serialize(row.ToDictionary(static m => m.Name, static m => m.Value));

    /// <summary>Whatever the texts are, and whether a file is gzipped or has a byte order mark.</summary>
    [Property(MaxTest = 60)]
    public void Every_kind_of_file_says_the_same(int seed)
    {
        var random = new Random(seed);
        string Text() => string.Concat(Enumerable.Range(0, random.Next(1, 9)).Select(_ => pieces[random.Next(pieces.Length)]));
        Params<string>[] rows = [.. Enumerable.Range(0, 1 + random.Next(8)).Select(_ => Params.Of(("prompt", Text()), ("completion", Text()), ("c", Text())))];
        string Table(char s) => string.Concat(rows.Select(r => string.Join(s, r.Values.Select(v => Quote(v, s))) + (random.Next(2) == 0 ? "\n" : "\r\n")).Prepend(string.Join(s, rows[0].Names) + "\n"));
        foreach (var (name, bytes) in ((string, byte[])[])
        [
            ("a.jsonl", Encoding.UTF8.GetBytes(string.Concat(rows.Select(static r => Compact(r) + "\n\n")))), ("a.ndjson", Encoding.UTF8.GetBytes(string.Join("\r\n", rows.Select(Compact)))),
            ("a.json", Encoding.UTF8.GetBytes($"[{string.Join(",\n", rows.Select(Compact))}]\n")), ("b.json", Encoding.UTF8.GetBytes(string.Join("\n ", rows.Select(Compact)))),
            ("a.csv", Encoding.UTF8.GetBytes(Table(','))), ("a.tsv", Encoding.UTF8.GetBytes(Table('\t'))), ("a.parquet", Parquet(rows)),
        ])
        {
            byte[] content = name.EndsWith("parquet", StringComparison.Ordinal) || random.Next(2) == 0 ? bytes : [.. Encoding.UTF8.Preamble, .. bytes];
            foreach (var path in (string[])[File(name, content), File(name + ".gz", Zip(content))])
            {
                var read = RowFiles.Read(path).Gather();
                Assert.Equal(rows, read.Match(static all => all.Select(static r => r.Fields.Map(static v => ((Json.Text)v).Value)), static f => throw new InvalidOperationException(f.Lines())));
            }
        }
    }

    [Theory]
    [InlineData("a.jsonl", "{\"a\":\"x\"}\n{\"a\":}\n[1]\n{\"a\":\"y\"}\n", "line 1: a=x\nFAULT a.jsonl, line 2: is not JSON; expected one value, at most 64 deep\nFAULT a.jsonl, line 3: is a list; expected an object on each line\nline 4: a=y")]
    [InlineData("a.jsonl", "{\"a\":1,\"a\":2}", "FAULT a.jsonl, line 1: a: is there twice; allowed: once")]
    [InlineData("a.jsonl", "", "FAULT a.jsonl: is empty; expected rows")]
    [InlineData("a.json", "[\n{\"a\":\"x\"},\n\n{\"a\":\"{]\\\"\"}]", "row 1, line 2: a=x\nrow 2, line 4: a={]\"")]
    [InlineData("a.json", "[]", "")]
    [InlineData("a.json", "[{\"a\":\"x\"}", "row 1, line 1: a=x\nFAULT a.json, line 1: ends inside the list; expected a list of objects")]
    [InlineData("a.json", "[{\"a\":\"x\"}\n{\"a\":\"y\"}]", "row 1, line 1: a=x\nFAULT a.json, line 2: there is no comma after row 1; expected a list of objects")]
    [InlineData("a.json", "[{\"a\":\"x\"},]", "row 1, line 1: a=x\nFAULT a.json, row 2, line 1: begins with ]; expected a list of objects")]
    [InlineData("a.json", "[{\"a\":\"x\"}] 1", "row 1, line 1: a=x\nFAULT a.json, line 1: goes on behind the list; expected a list of objects")]
    [InlineData("a.json", "[\n1,\"b\"]", "FAULT a.json, row 1, line 2: is a whole number; expected a list of objects\nFAULT a.json, row 2, line 2: is a text; expected a list of objects")]
    [InlineData("a.json", "[{\"a\":", "FAULT a.json, row 1, line 1: ends inside of a value; expected a whole file")]
    [InlineData("a.json", "}", "FAULT a.json, row 1, line 1: begins with }; expected a list of objects")]
    [InlineData("a.csv", "a,b\n1,2\n3\n\n\"4\n5\",6", "line 2: a=1, b=2\nFAULT a.csv, line 3: has 1 fields; expected 2, as the first line has; a field with a comma, a quote or a line end stands in quotes\nline 5: a=4\n5, b=6")]
    [InlineData("a.csv", "a,b\n1,2,3\n", "FAULT a.csv, line 2: has 3 fields; expected 2")]
    [InlineData("a.csv", "a,a\n1,2", "FAULT a.csv, line 1: names a twice; allowed: once")]
    [InlineData("a.csv", ",a\n1,2\n", "line 2: column 1=1, a=2")]
    [InlineData("a.csv", "a,b\n\"1,2\n3,4\n", "FAULT a.csv, line 2: begins a field in quotes that does not end; expected a quote at its end, and quotes inside of it doubled")]
    [InlineData("a.csv", "a,b\n\"1\"x,2\n", "FAULT a.csv, line 2: field 1 goes on behind its quotes; expected a quote inside of quotes to be doubled")]
    [InlineData("a.csv", "a,messages\nx y \"z\",\"[{\"\"role\"\":1}]\"\n", "line 2: a=x y \"z\", messages=a list")]
    [InlineData("a.tsv", "a\tb\n1,\t\"2\"\r\n", "line 2: a=1,, b=2")]
    [InlineData("a.csv", "a\n\nx\n", "line 2: a=\nline 3: a=x")]
    [InlineData("a.txt", "a", "FAULT a.txt: is no kind of file that rows are read from; allowed: .json, .jsonl, .ndjson, .csv, .tsv, .parquet, each with or without .gz")]
    [InlineData("a.parquet", "PAR1 is not all there is to it PAR1", "FAULT a.parquet: cannot be read as Parquet")]
    public void What_stands_in_a_file_is_read_or_said(string name, string text, string said) => Assert.StartsWith(said, Read(File(name, text)), StringComparison.Ordinal);

    [Fact]
    public void Encodings_and_bytes_that_are_none_are_said()
    {
        Assert.Equal("FAULT a.jsonl: looks like UTF-16, as it begins with 0xFF 0xFE; expected UTF-8 text: save it as UTF-8", Read(File("a.jsonl", [.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes("{}")])));
        Assert.Equal("FAULT b.jsonl, line 2: holds bytes that are not UTF-8; expected UTF-8 text: save it as UTF-8\nline 3: a=c",
            Read(File("b.jsonl", [.. "\n{\"a\":\""u8, 0xE9, .. "\"}\n{\"a\":\"c\"}"u8])));
        Assert.Equal("FAULT b.csv, line 2: holds bytes that are not UTF-8; expected UTF-8 text: save it as UTF-8", Read(File("b.csv", [.. "a,b\n"u8, 0xE9, .. ",x"u8])));
    }

    [Fact]
    public void A_gzipped_file_that_is_cut_off_is_a_fault()
    {
        var whole = Zip(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 3000).Select(static i => $"{{\"a\":\"{i * 7919 % 104729}\"}}\n"))));
        foreach (var cut in (int[])[1, 4, 8, 9, 500, whole.Length / 2, whole.Length - 11, whole.Length - 1])
            Assert.Contains("is damaged or cut off", Read(File("a.jsonl.gz", whole[..^cut])), StringComparison.Ordinal);
        // Two gzipped parts, one behind the other, are one file; and it may be cut off, too.
        byte[] two = [.. Zip("{\"a\":\"1\"}\n"u8.ToArray()), .. whole, .. Zip("{\"a\":\"2\"}\n"u8.ToArray())];
        Assert.Equal(3002, RowFiles.Read(File("b.jsonl.gz", two)).Gather().Match(static all => all.Count, static f => throw new InvalidOperationException(f.Lines())));
        Assert.Contains("is damaged or cut off", Read(File("b.jsonl.gz", two[..^3])), StringComparison.Ordinal);
        Assert.Contains("is damaged or cut off", Read(File("c.jsonl.gz", "no gzip at all"u8.ToArray())), StringComparison.Ordinal);
        Assert.Contains("FAULT d.jsonl.gz", Read(File("d.jsonl.gz", [])), StringComparison.Ordinal);
    }

    /// <summary>Small files that would be large: a row that never ends, and depth without end.</summary>
    [Fact]
    public void Hostile_files_are_bounded()
    {
        var bomb = Zip(new byte[RowFiles.MostRow + 1000].Select(static _ => (byte)'x').ToArray());
        foreach (var name in (string[])["a.jsonl.gz", "a.json.gz", "a.csv.gz"])
            Assert.Contains("is a row of more than 64 MiB", Read(File(name, bomb)), StringComparison.Ordinal);
        var deep = new string('[', 5_000_000);
        Assert.Contains("line 1: is not JSON", Read(File("b.jsonl", deep)), StringComparison.Ordinal);
        Assert.Contains("ends inside of a value", Read(File("b.json", deep)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_is_its_files_by_name()
    {
        File("b.jsonl", "{\"a\":\"2\"}");
        File("a.csv", "a\n1\n");
        File("README.md", "words");
        File(".hidden.json", "no");
        Assert.Equal("line 2: a=1\nline 1: a=2", Read(folder));
        Assert.Equal("FAULT none.json: does not exist; expected a file", Read(Path.Combine(folder, "none.json")));
        Assert.Contains("holds no file that rows are read from", Read(Directory.CreateDirectory(Path.Combine(folder, "empty")).FullName), StringComparison.Ordinal);
    }

    /// <summary>Columns of lists and objects, numbers and truth, and what is missing.</summary>
    [Fact]
    public async Task Parquet_holds_messages()
    {
        using var memory = new MemoryStream();
        await ParquetSerializer.SerializeAsync((IEnumerable<Kept>)
        [
            new() { messages = [new() { role = "user", content = "a" }, new() { role = "assistant", content = "b" }], n = 3, x = 0.5, label = true, answers = ["p", "q"] }, new(),
        ], memory, cancellationToken: TestContext.Current.CancellationToken);
        var rows = RowFiles.Read(File("m.parquet", memory.ToArray())).Gather().Match(static all => all, static f => throw new InvalidOperationException(f.Lines()));
        Assert.Equal(Json.Parse("""{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}],"n":3,"x":0.5,"label":true,"answers":["p","q"]}""", "").Match(static j => ((Json.Map)j).Members, static _ => null!), rows[0].Fields);
        Assert.Equal(("row 2", new Json.Null()), (rows[1].Place, rows[1].Fields["n"]));
        var cut = memory.ToArray();
        cut.AsSpan(20, 30).Fill(0xFF);
        Assert.Contains("FAULT c.parquet: cannot be read as Parquet", Read(File("c.parquet", cut)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_longer_than_its_Parquet_file_takes_no_memory() => Assert.Equal(
        "FAULT a.parquet: cannot be read as Parquet (its directory is to have 2147483647 bytes, where there is room for 0); expected a whole Parquet file",
        Read(File("a.parquet", [.. "PAR1"u8, 0xFF, 0xFF, 0xFF, 0x7F, .. "PAR1"u8])));

    [Fact]
    public void A_pipe_that_nothing_writes_to_is_said_and_not_waited_for()
    {
        if (OperatingSystem.IsWindows()) return;
        var path = Path.Combine(folder, "p.jsonl");
        using (var made = System.Diagnostics.Process.Start("mkfifo", [path])) made.WaitForExit();
        Assert.Equal("FAULT p.jsonl: is a pipe that nothing writes to; expected a regular file, which can be read twice", Read(path));
    }

    public sealed class Said
    {
        public string? role { get; set; }
        public string? content { get; set; }
    }

    public sealed class Kept
    {
        public List<Said>? messages { get; set; }
        public int? n { get; set; }
        public double x { get; set; }
        public bool? label { get; set; }
        public List<string>? answers { get; set; }
    }
}
