using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using static Functional.Tests.Properties.Subwords.GoldenTokenizers;

namespace Functional.Tests.Properties.Subwords;

/// <summary>
/// SentencePiece's character tables: whole models against what SentencePiece 0.1.97 gave, tables in a <c>tokenizer.json</c> against what the official tokenizers library
/// 0.23.2 gave, and tables that are made here against a search through all keys.
/// </summary>
public sealed class SentencePieceTests
{
    static byte[] Unpacked(string name)
    {
        using var packed = new GZipStream(File.OpenRead(System.IO.Path.Combine(SourceTree.Root, "tests", "Properties", "Golden", "tokenizers", name)), CompressionMode.Decompress);
        using var all = new MemoryStream();
        packed.CopyTo(all);
        return all.ToArray();
    }

    static readonly JsonNode golden = JsonNode.Parse(Unpacked("sentencepiece.json.gz"))!;
    static readonly string[] texts = [.. golden["texts"]!.AsArray().Select(static t => (string)t!)];

    static T Get<T>(LanguageExt.Validation<Fault, T> outcome) => outcome.IfFail(static f => throw new InvalidOperationException(f.Lines()));

    static byte[] Bytes(string name) => Unpacked($"sentencepiece-{name}.model.gz");

    static SubwordTokenizer Model(string name) => (SubwordTokenizer)Get(SentencePieceModel.Parse(Bytes(name)));

    static byte[] Table(string name) => Convert.FromBase64String((string)JsonNode.Parse(TokenizerJson.Write(Model(name)))!["normalizer"]!["normalizers"]![0]!["precompiled_charsmap"]!);

    public static TheoryData<string> Models => ["nmt-unigram", "own", "own2", "ident"];

    [Theory]
    [MemberData(nameof(Models))]
    public void Models_give_SentencePieces_ids(string name)
    {
        var tokenizer = Model(name);
        Assert.All(texts.Zip(golden["models"]![name]!.AsArray()), row =>
        {
            var ids = string.Join(' ', row.Item2!.AsArray());
            Assert.Equal((row.Item1, ids), (row.Item1, string.Join(' ', tokenizer.Encode(row.Item1, SpecialTokens.Text).IfFail([]))));
            Assert.Equal((row.Item1, ids), (row.Item1, string.Join(' ', Get(tokenizer.Tokens(row.Item1, SpecialTokens.Text)).Select(static t => t.Id))));
        });
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Models_give_the_same_ids_however_a_text_is_cut(string name)
    {
        var tokenizer = Model(name);
        foreach (var text in texts.Concat([string.Concat(texts.Reverse())]))
            foreach (var size in (int[])[1, 2, 3, 7])
                Assert.Equal((text, size, string.Join(' ', Ids(tokenizer, text))), (text, size, string.Join(' ', Streamed(tokenizer, text, size))));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Models_are_saved_and_read_back_with_their_table(string name)
    {
        var tokenizer = Model(name);
        var again = Read(TokenizerJson.Write(tokenizer));
        Assert.True(again.Equals(tokenizer));
        Assert.Equal(TokenizerJson.Write(tokenizer), TokenizerJson.Write(again));
        if (name != "ident") Assert.True(Bytes(name).AsSpan().IndexOf(Table(name)) > 0);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Places_lie_in_the_text_and_in_order(string name)
    {
        var tokenizer = Model(name);
        foreach (var text in texts)
        {
            var tokens = Get(tokenizer.Tokens(text, SpecialTokens.Text));
            Assert.All(tokens, t => Assert.True(t.First >= 0 && t.First < t.Last && t.Last <= text.Length));
            Assert.All(tokens.Zip(tokens.Skip(1)), static p => Assert.True(p.Item1.First <= p.Item2.First && p.Item1.Last <= p.Item2.Last));
        }
    }

    public static TheoryData<string> Cases => [.. golden["cases"]!.AsArray().Select(static c => (string)c!["name"]!)];

    static SubwordTokenizer Case(JsonNode one)
    {
        var name = ((string)one["table"]!).Replace('_', '-');
        var json = one["json"]!.DeepClone();
        var definition = Model(name).Definition;
        json["model"]!["vocab"] = new JsonArray([.. definition.Names.Zip(definition.Scores).Select(static p => (JsonNode)new JsonArray(p.Item1, p.Item2))]);
        return Read(json.ToJsonString().Replace("\"@\"", $"\"{Convert.ToBase64String(Table(name))}\"", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Precompiled_does_what_the_official_one_does(string name)
    {
        var one = golden["cases"]!.AsArray().First(c => (string)c!["name"]! == name)!;
        var tokenizer = Case(one);
        foreach (var (text, row) in texts.Zip(one["rows"]!.AsArray()))
        {
            var tokens = Get(tokenizer.Tokens(text, SpecialTokens.Allow));
            Assert.Equal((text, string.Join(' ', row![0]!.AsArray())), (text, string.Join(' ', tokens.Select(static t => t.Id))));
            Assert.Equal((text, string.Join(' ', row[1]!.AsArray())), (text, string.Join(' ', tokens.Select(static t => $"{t.Start} {t.End}"))));
            foreach (var size in (int[])[1, 2, 5])
                Assert.Equal((text, size, string.Join(' ', Ids(tokenizer, text))), (text, size, string.Join(' ', Streamed(tokenizer, text, size))));
        }
        var json = TokenizerJson.Write(tokenizer);
        Assert.Contains(Convert.ToBase64String(Table(((string)one["table"]!).Replace('_', '-'))), json, StringComparison.Ordinal);
        Assert.True(Read(json).Equals(tokenizer));
    }

    [Fact]
    public void Long_texts_leave_the_stream_as_they_come()
    {
        var stream = Case(golden["cases"]!.AsArray().First(static c => (string)c!["name"]! == "xlmr")!).Stream();
        var given = Enumerable.Range(0, 50).Sum(_ => Get(stream.Push("some words, and then  some more; ")).Length);
        Assert.InRange(Get(stream.Finish()).Length, 0, given / 10);
    }

    // A trie as a double array: each node where all bytes that lead on from it are free.
    static byte[] Made(IReadOnlyDictionary<string, string> map)
    {
        var (texts, places) = (new List<byte>(), new Dictionary<string, int>());
        foreach (var by in map.Values.Distinct())
        {
            places[by] = texts.Count;
            texts.AddRange(Encoding.UTF8.GetBytes(by + "\0"));
        }
        var keys = map.Select(p => (Key: Encoding.UTF8.GetBytes(p.Key), Value: places[p.Value])).ToList();
        var units = new uint[1 << 16];
        var (used, free) = (new bool[units.Length], 1);
        used[0] = true;
        void Put(int unit, IReadOnlyList<(byte[] Key, int Value)> below, int depth)
        {
            var labels = below.Select(k => depth < k.Key.Length ? k.Key[depth] : 0).Distinct().ToArray();
            while (labels.Any(l => used[free ^ l]) || used[free]) free++;
            // Bit 31 of a value keeps it from being taken for a label.
            var node = free;
            used[node] = true;
            foreach (var l in labels) used[node ^ l] = true;
            units[unit] |= (uint)(unit ^ node) << 10;
            foreach (var l in labels)
            {
                if (l == 0) { units[unit] |= 1 << 8; units[node] = 1u << 31 | (uint)below.First(k => k.Key.Length == depth).Value; continue; }
                units[node ^ l] |= (uint)l;
                Put(node ^ l, [.. below.Where(k => depth < k.Key.Length && k.Key[depth] == l)], depth + 1);
            }
        }
        Put(0, keys, 0);
        var blob = new byte[4 + 4 * units.Length + texts.Count];
        BinaryPrimitives.WriteInt32LittleEndian(blob, 4 * units.Length);
        for (var i = 0; i < units.Length; i++) BinaryPrimitives.WriteUInt32LittleEndian(blob.AsSpan(4 + 4 * i), units[i]);
        texts.CopyTo(blob, 4 + 4 * units.Length);
        return blob;
    }

    static readonly string[] Bits = ["a", "b", "c", "é", "\u0301", "中", "😀", " ", "ab"];

    static string Text(IEnumerable<int> numbers) => string.Concat(numbers.Select(static n => Bits[Math.Abs(n % Bits.Length)]));

    static Dictionary<string, string> Map(int[] numbers) => numbers.Chunk(4).Where(static c => c.Length > 2)
        .GroupBy(static c => Text(c.Take(1 + Math.Abs(c[0] % 3)))).ToDictionary(static g => g.Key, static g => Text(g.First().Skip(2)));

    [Property]
    public bool A_table_finds_what_a_search_through_all_keys_finds(int[] numbers, int[] words)
    {
        var map = Map([.. numbers, 0, 1, 2, 3]);
        var (table, text) = (Get(CharacterTable.Parse(Made(map), "table")), Text(words));
        for (var at = 0; at < text.Length; at++)
        {
            if (char.IsLowSurrogate(text[at])) continue;
            var rest = text[at..];
            var keys = map.Keys.Where(k => rest.StartsWith(k, StringComparison.Ordinal)).OrderBy(static k => k.Length).ToList();
            var found = table.Longest(rest, out var length);
            if ((keys.Count == 0 ? null : map[keys[^1]], keys.Count == 0 ? 0 : keys[^1].Length) != (found, length)) return false;
            if (table.Shortest(rest) != (keys.Count == 0 ? null : map[keys[0]])) return false;
        }
        return "abcé\u0301中😀 ".EnumerateRunes().All(r => table.IsInside(r) == map.Keys.Any(k => k.EnumerateRunes().Skip(1).Contains(r)));
    }

    [Property]
    public bool A_text_with_a_table_is_made_even_in_parts(int[] numbers, int[] words, bool prefix, bool extra)
    {
        var even = new SentencePieceNormalizer(Get(CharacterTable.Parse(Made(Map([.. numbers, 0, 1, 2, 3])), "table")), new(prefix, extra, true, ["ca", "中a b"], []));
        var text = Text(words);
        for (var at = 1; at < text.Length; at++)
        {
            if (char.IsLowSurrogate(text[at])) continue;
            Rune.DecodeLastFromUtf16(text.AsSpan(0, at), out var before, out _);
            if (!even.MayCut(before, Rune.GetRuneAt(text, at))) continue;
            var whole = new string(even.Apply(Shaped.Of(text, 0), true, true).Text);
            var parts = new string(even.Apply(Shaped.Of(text.AsSpan(0, at), 0), true, false).Text) + new string(even.Apply(Shaped.Of(text.AsSpan(at), at), false, true).Text);
            if (whole != parts) return false;
        }
        return true;
    }

    static byte[] Small => Made(new Dictionary<string, string> { ["a"] = "b", ["ab"] = "c", ["é"] = "e\u0301" });

    static string Faults(byte[] table) => CharacterTable.Parse(table, "table").FailToSeq().Lines();

    static byte[] With(byte[] bytes, int at, uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), value);
        return bytes;
    }

    [Fact]
    public void Wrong_tables_are_refused()
    {
        Assert.StartsWith("table: is cut off", Faults([1, 2]), StringComparison.Ordinal);
        Assert.StartsWith("table: has a trie of 4294967292 bytes", Faults(With(Small, 0, uint.MaxValue - 3)), StringComparison.Ordinal);
        Assert.StartsWith("table: has a trie of 0 bytes", Faults(With(Small, 0, 0)), StringComparison.Ordinal);
        Assert.StartsWith("table: has a trie of 6 bytes", Faults(With(Small, 0, 6)), StringComparison.Ordinal);
        Assert.StartsWith("table: is cut off inside of a replacement", Faults(Small[..^1]), StringComparison.Ordinal);
        Assert.StartsWith("table: has replacements that are not UTF-8", Faults([.. Small[..^2], 0xFF, 0]), StringComparison.Ordinal);
        Assert.Contains("has a trie that leads to", Faults(With(Small, 4, 0x1FFFFF << 10 | 512)), StringComparison.Ordinal);
        Assert.Contains("has a replacement of", Faults([.. Small[..^1], .. Enumerable.Repeat((byte)'x', 300), 0]), StringComparison.Ordinal);
        // The root's unit leads to node n; the unit of the byte a there leads back to n.
        var table = new byte[4 + 4 * 512 + 1];
        With(With(With(table, 0, 4 * 512), 4, 256u << 10), 4 + 4 * (256 ^ 'a'), 'a' | (uint)'a' << 10);
        Assert.StartsWith("table: has a trie that goes in circles at 256", Faults(table), StringComparison.Ordinal);
        // A value beyond the replacements.
        table = new byte[4 + 4 * 512 + 1];
        With(With(With(With(table, 0, 4 * 512), 4, 256u << 10), 4 + 4 * (256 ^ 'a'), 'a' | 1u << 8 | (uint)(256 ^ 'a' ^ 128) << 10), 4 + 4 * 128, 1u << 31 | 7);
        Assert.StartsWith("table: has a replacement at byte 7", Faults(table), StringComparison.Ordinal);
    }

    [Property]
    public bool Cut_or_changed_tables_are_faults_or_tables(int cut, int place, byte change, bool real)
    {
        var bytes = real ? Table("own") : Small;
        if (cut % 3 == 0) bytes = bytes[..(Math.Abs(cut % bytes.Length))];
        if (bytes.Length > 0) bytes[Math.Abs(place % bytes.Length)] = change;
        return CharacterTable.Parse(bytes, "table").Match(
            static table => table.Longest("abé\u0301 fin th…😀", out var length) is null == (length == 0) && (table.IsInside(new('a')) || true), static faults => faults.Count == 1);
    }

    [Theory]
    [InlineData("{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"(\"},\"content\":\"\"}", "normalizer.pattern: ")]
    [InlineData("{\"type\":\"Precompiled\"}", "normalizer.precompiled_charsmap: is missing or empty")]
    [InlineData("{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"!\"}", "normalizer.precompiled_charsmap: is not in base 64")]
    [InlineData("{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"AAAAAA==\"}", "normalizer.precompiled_charsmap: has a trie of 0 bytes")]
    [InlineData("{\"type\":\"Sequence\",\"normalizers\":[],\"sentencepiece\":{\"reserved\":[-1],\"add_dummy_prefix\":1}}", "normalizer.sentencepiece.add_dummy_prefix: is 1")]
    public void Wrong_normalisers_are_refused(string normalizer, string fault)
    {
        var json = JsonNode.Parse(Json("trained-gpt2"))!;
        json["normalizer"] = JsonNode.Parse(normalizer);
        Assert.Contains(fault, TokenizerJson.Parse(json.ToJsonString()).FailToSeq().Lines(), StringComparison.Ordinal);
    }
}
