using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Functional.Tests.Properties.Subwords;

/// <summary>What the official tokenizers library 0.23.2 gave: two tokenizers that it trained, and 46 others made of one of them by other parts.</summary>
static class GoldenTokenizers
{
    static string Path(string name) => System.IO.Path.Combine(SourceTree.Root, "tests", "Properties", "Golden", "tokenizers", name);

    /// <summary>One text and what it became.</summary>
    public sealed record Row(string Text, int[] Ids, (int, int)[] Offsets);

    public static SubwordTokenizer Read(string json) => (SubwordTokenizer)TokenizerJson.Parse(json).IfFail(static f => throw new InvalidOperationException(f.Lines()));

    public static string Json(string name) => File.ReadAllText(Path($"{name}.json"));

    public static JsonElement Golden(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path($"{name}.golden.json")));
        return document.RootElement.Clone();
    }

    public static string Shakespeare { get; } = Unpacked("shakespeare-200k.txt.gz");

    static string Unpacked(string name)
    {
        using var reader = new StreamReader(new GZipStream(File.OpenRead(Path(name)), CompressionMode.Decompress));
        return reader.ReadToEnd();
    }

    static readonly JsonNode components = JsonNode.Parse(Unpacked("components.json.gz"))!;

    public static IEnumerable<string> Components => components["cases"]!.AsArray().Select(static c => (string)c!["name"]!);

    public static (string Json, List<Row> Rows) Component(string name)
    {
        var one = components["cases"]!.AsArray().First(c => (string)c!["name"]! == name)!;
        var json = JsonNode.Parse(Json("trained-gpt2"))!.AsObject();
        foreach (var (key, value) in one["patch"]!.AsObject()) json[key] = value?.DeepClone();
        var texts = components["texts"]!.AsArray().Select(static t => (string)t!);
        return (json.ToJsonString(), [.. texts.Select((text, i) => new Row(text, Ids(one["ids"]![i]!),
            [.. one["offsets"]![i]!.AsArray().Select(static o => ((int)o![0]!, (int)o[1]!))]))]);
    }

    static int[] Ids(JsonNode list) => [.. list.AsArray().Select(static i => (int)i!)];

    /// <summary>The ids of a text that comes in pieces of so many characters.</summary>
    public static int[] Streamed(Tokenizer tokenizer, string text, int size)
    {
        var (stream, ids) = (tokenizer.Stream(), new List<int>());
        for (int at = 0, end; at < text.Length; at = end)
        {
            end = Math.Min(text.Length, at + Math.Max(1, size));
            if (end < text.Length && char.IsLowSurrogate(text[end])) end++;
            ids.AddRange(stream.Push(text.AsSpan(at, end - at)).IfFail(static f => throw new InvalidOperationException(f.Lines())));
        }
        return [.. ids, .. stream.Finish().IfFail(static f => throw new InvalidOperationException(f.Lines()))];
    }

    public static int[] Ids(Tokenizer tokenizer, string text) => tokenizer.Encode(text).IfFail(static f => throw new InvalidOperationException(f.Lines()));
}
