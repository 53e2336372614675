using System.Text.Json;
using static Functional.Tests.Properties.Subwords.GoldenTokenizers;

namespace Functional.Tests.Properties.Subwords;

public sealed class GoldenTokenizerTests
{
    static int[] Numbers(JsonElement list) => [.. list.EnumerateArray().Select(static x => x.GetInt32())];

    [Theory]
    [InlineData("trained-gpt2", "gpt2")]
    [InlineData("trained-llama3", "gpt4")]
    public void Training_reproduces_the_official_merges(string name, string split)
    {
        var merges = Read(Json(name)).Definition.Merges.Count;
        var trained = BpeTrainer.Train(WordCounts.Of(Shakespeare, split == "gpt2" ? Splitter.Gpt2 : Splitter.Gpt4), new(256 + merges));
        using var golden = JsonDocument.Parse(Json(name));
        Assert.Equal(golden.RootElement.GetProperty("model").GetProperty("merges").EnumerateArray().Select(static m => $"{m[0]} {m[1]}"),
            trained.Merges.Select(m => $"{StandIns.Text(trained.Tokens[m.Left])} {StandIns.Text(trained.Tokens[m.Right])}"));
    }

    [Theory]
    [InlineData("trained-gpt2")]
    [InlineData("trained-llama3")]
    public void Awkward_strings_have_the_official_ids_tokens_and_offsets(string name)
    {
        var (tokenizer, golden) = (Read(Json(name)), Golden(name));
        foreach (var row in golden.GetProperty("strings").EnumerateArray())
        {
            var text = row.GetProperty("text").GetString()!;
            var tokens = tokenizer.Tokens(text).IfFail(static f => throw new InvalidOperationException(f.Lines()));
            var ids = Numbers(row.GetProperty("ids"));
            Assert.Equal(ids, tokens.Select(static t => t.Id));
            Assert.Equal(ids, Ids(tokenizer, text));
            Assert.Equal(row.GetProperty("tokens").EnumerateArray().Select(static t => t.GetString()!), tokens.Select(static t => t.Text));
            Assert.Equal(row.GetProperty("offsets").EnumerateArray().Select(static o => (o[0].GetInt32(), o[1].GetInt32())), tokens.Select(static t => (t.Start, t.End)));
            if (row.TryGetProperty("ids_with_special", out var framed)) Assert.Equal(Numbers(framed), tokenizer.EncodeFramed(text).IfFail([]));
            var decoded = row.TryGetProperty("decoded", out var other) ? other.GetString() : text;
            Assert.Contains(decoded, new[] { tokenizer.Decode(ids), tokenizer.DecodeText(ids) });
        }
        var pair = golden.GetProperty("pair");
        Assert.Equal(Numbers(pair.GetProperty("ids")), tokenizer.EncodePair(pair.GetProperty("a").GetString()!, pair.GetProperty("b").GetString()!).IfFail([]));
    }

    public static TheoryData<string> Names => [.. Components];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_part_does_what_the_official_one_does(string name)
    {
        var (json, rows) = Component(name);
        var tokenizer = Read(json);
        foreach (var row in rows)
        {
            var tokens = tokenizer.Tokens(row.Text).IfFail(static f => throw new InvalidOperationException(f.Lines()));
            Assert.Equal((row.Text, string.Join(' ', row.Ids)), (row.Text, string.Join(' ', tokens.Select(static t => t.Id))));
            Assert.Equal((row.Text, string.Join(' ', row.Offsets)), (row.Text, string.Join(' ', tokens.Select(static t => (t.Start, t.End)))));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void However_a_text_is_cut_it_has_the_same_ids(string name)
    {
        var (json, rows) = Component(name);
        var tokenizer = Read(json);
        foreach (var row in rows)
            for (var size = 1; size <= row.Text.Length; size += size < 6 ? 1 : 5)
                Assert.Equal((row.Text, size, string.Join(' ', row.Ids)), (row.Text, size, string.Join(' ', Streamed(tokenizer, row.Text, size))));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Saving_and_loading_is_the_identity(string name)
    {
        var tokenizer = Read(Component(name).Json);
        var text = TokenizerJson.Write(tokenizer);
        var again = Read(text);
        Assert.True(again.Equals(tokenizer));
        Assert.Equal(text, TokenizerJson.Write(again));
    }

    [Fact]
    public void Fingerprints_tell_the_parts_apart()
    {
        var all = Components.Select(static c => Read(Component(c).Json).Fingerprint).ToList();
        Assert.Equal(all.Count, all.Distinct().Count());
    }
}
