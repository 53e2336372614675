using System.Text;
using static Functional.Tests.Properties.Subwords.GoldenTokenizers;

namespace Functional.Tests.Properties.Subwords;

public sealed class BpeLaws
{
    // Few letters, so that pairs are frequent, tie and overlap.
    static string Few(int[] numbers) => string.Concat(numbers.Select(static n => "aab \nbA1'é😀"[Math.Abs(n % 9)])).Replace("\uD83D", "", StringComparison.Ordinal);

    static string Awkward(int[] numbers) => string.Concat(numbers.Select(static n => Math.Abs(n % 31) is var k && k < Odd.Length ? Odd[k] : Text.Texts.Of([n])));

    static readonly string[] Odd = ["'", "s", "'LL", "ve", " ", "  ", "\n", "\r\n", "\t", "a", "É", "1", "23", "½", "!", ".\n", "\u00a0", "😀", "𝒜", "\u0301", "中", "ſ"];

    /// <summary>Counts every pair anew before each merge: the definition.</summary>
    static List<(string, string)> Slowly(string text, int merges, long least)
    {
        var counts = WordCounts.Of(text, Splitter.Gpt2);
        var words = Enumerable.Range(0, counts.Count).Select(i => (Parts: Encoding.UTF8.GetBytes(counts.Word(i).ToString())
            .Select(static b => StandIns.Text([b])).ToList(), Times: counts.Times(i))).ToList();
        var ids = StandIns.Alphabet.Select(static (b, id) => (StandIns.Text([b]), id)).ToDictionary();
        var learned = new List<(string, string)>();
        while (ids.Count < 256 + merges)
        {
            var pairs = words.SelectMany(static w => w.Parts.Zip(w.Parts.Skip(1)).Select(p => (p, w.Times))).GroupBy(static p => p.p)
                .Select(g => (Pair: g.Key, Count: g.Sum(static p => p.Times))).ToList();
            if (pairs.Count == 0) break;
            var ((left, right), count) = pairs.OrderByDescending(static p => p.Count).ThenBy(p => ids[p.Pair.Item1]).ThenBy(p => ids[p.Pair.Item2]).First();
            if (count < least) break;
            ids.TryAdd(left + right, ids.Count);
            learned.Add((left, right));
            foreach (var (parts, _) in words)
                for (var i = 0; i + 1 < parts.Count; i++)
                    if (parts[i] == left && parts[i + 1] == right)
                    {
                        parts[i] = left + right;
                        parts.RemoveAt(i + 1);
                    }
        }
        return learned;
    }

    [Property]
    public bool Counts_that_are_kept_up_to_date_are_those_counted_anew(int[] numbers, byte merges, byte least)
    {
        var trained = BpeTrainer.Train(WordCounts.Of(Few(numbers), Splitter.Gpt2), new(256 + merges % 40, 1 + least % 3));
        return Slowly(Few(numbers), merges % 40, 1 + least % 3)
            .SequenceEqual(trained.Merges.Select(m => (StandIns.Text(trained.Tokens[m.Left]), StandIns.Text(trained.Tokens[m.Right]))));
    }

    [Property]
    public bool Counting_streams_in_any_pieces(int[] numbers, byte cut)
    {
        var text = Awkward(numbers);
        var at = cut % (text.Length + 1);
        if (at < text.Length && char.IsLowSurrogate(text[at])) at--;
        WordCounts whole = WordCounts.Of(text, Splitter.Gpt4), parts = new WordCounts(Splitter.Gpt4).Add(text.AsSpan(0, at)).Add(text.AsSpan(at)).Finish();
        return Counted(whole).SetEquals(Counted(parts));
    }

    static System.Collections.Generic.HashSet<(string, long)> Counted(WordCounts c) => [.. Enumerable.Range(0, c.Count).Select(i => (c.Word(i).ToString(), c.Times(i)))];

    [Property]
    public bool Counts_of_two_texts_add(int[] a, int[] b)
    {
        var both = WordCounts.Of(Awkward(a), Splitter.Gpt4).Add(WordCounts.Of(Awkward(b), Splitter.Gpt4));
        var one = new WordCounts(Splitter.Gpt4).Add(Awkward(a)).Finish().Add(Awkward(b)).Finish();
        return Counted(both).SetEquals(Counted(one));
    }

    [Fact]
    public void A_line_without_an_end_is_counted_in_parts()
    {
        var text = string.Concat(Enumerable.Repeat("word 12 ", 200_000));
        Assert.Equal(200_000, new WordCounts(Splitter.Gpt2).Add(text).Finish() is var c ? Enumerable.Range(0, c.Count).Where(i => c.Word(i) is " 12").Sum(c.Times) : 0);
    }

    static SubwordTokenizer Trained(string text, int vocabulary, Splitter splitter, params Vec<string> special) =>
        SubwordTokenizers.Of(BpeTrainer.Train(WordCounts.Of(text, splitter), new(vocabulary, 1, special)), new(vocabulary, 1, special), splitter);

    [Property]
    public bool Decode_undoes_encode(int[] numbers, int[] other)
    {
        var tokenizer = Trained(Awkward(numbers), 300, Splitter.Gpt4);
        var text = Awkward(other);
        return tokenizer.Decode(Ids(tokenizer, text)) == text;
    }

    [Property]
    public bool Any_cutting_gives_the_same_ids(int[] numbers, byte size, bool two)
    {
        var text = Awkward(numbers);
        var tokenizer = Trained(text, 290, two ? Splitter.Gpt2 : Splitter.Gpt4, "<|end|>", "aé");
        return Streamed(tokenizer, text + "<|end|>" + text, 1 + size % 9).SequenceEqual(Ids(tokenizer, text + "<|end|>" + text));
    }

    [Property]
    public bool Parts_between_borders_are_encoded_apart(int[] numbers, byte near)
    {
        var text = Awkward(numbers) + "end of it";
        var tokenizer = Trained(text, 290, Splitter.Gpt4, "<|end|>");
        var at = tokenizer.Border(text, near % text.Length);
        return at <= near % text.Length && Ids(tokenizer, text[..at]).Concat(Ids(tokenizer, text[at..])).SequenceEqual(Ids(tokenizer, text));
    }

    [Property]
    public bool Offsets_cut_the_text(int[] numbers)
    {
        var text = Awkward(numbers);
        var tokens = Trained(text, 300, Splitter.Gpt4).Tokens(text).IfFail([]);
        return tokens.All(t => text[..t.First].EnumerateRunes().Count() == t.Start && text[..t.Last].EnumerateRunes().Count() == t.End && t.Last > t.First)
            && tokens.Zip(tokens.Skip(1)).All(static p => p.Item2.First >= p.Item1.First && p.Item2.First <= p.Item1.Last) && (text.Length == 0 || tokens[^1].Last == text.Length);
    }

    /// <summary>Merging by looking through all pairs and merging by a heap are the same, for short words and long ones.</summary>
    [Property]
    public bool Long_words_merge_as_short_ones_do(int[] numbers)
    {
        var letters = string.Concat(numbers.Select(static n => "abc"[Math.Abs(n % 3)])) + "ab";
        var tokenizer = Trained(letters, 290, Splitter.Gpt2);
        var word = string.Concat(Enumerable.Repeat(letters, 1 + 200 / letters.Length));
        return Ids(tokenizer, word).SequenceEqual(Merged(tokenizer, word)) && Ids(tokenizer, letters).SequenceEqual(Merged(tokenizer, letters));
    }

    static IEnumerable<int> Merged(SubwordTokenizer tokenizer, string word)
    {
        var ids = word.Select(c => tokenizer.Find(c.ToString())!.Value).ToList();
        while (true)
        {
            var best = Enumerable.Range(0, Math.Max(0, ids.Count - 1))
                .Select(i => (Rank: tokenizer.Merges.Select(static (m, rank) => (m, rank)).FirstOrDefault(m => (m.m.Left, m.m.Right) == (ids[i], ids[i + 1]), (default, int.MaxValue)), i))
                .OrderBy(static x => x.Rank.Item2).ThenBy(static x => x.i).FirstOrDefault();
            if (ids.Count < 2 || best.Rank.Item2 == int.MaxValue) return ids;
            ids[best.i] = best.Rank.Item1.Made;
            ids.RemoveAt(best.i + 1);
        }
    }

    [Fact]
    public void Special_tokens_are_read_refused_or_text()
    {
        var tokenizer = Trained("hello there", 280, Splitter.Gpt4, "<|end|>");
        Assert.Contains(0, Ids(tokenizer, "a<|end|>b"));
        Assert.DoesNotContain(0, tokenizer.Encode("a<|end|>b", SpecialTokens.Text).IfFail([0]));
        Assert.Equal("position 1: <|end|> is a special token; allowed: text without special tokens; or have them read, or taken as text",
            tokenizer.Encode("a<|end|>b", SpecialTokens.Refuse).FailToSeq().Lines());
    }

    [Fact]
    public void Half_a_pair_is_a_fault_at_its_place() => Assert.Equal(
        "position 7: half a surrogate pair (U+DC00) is no character; allowed: every Unicode text", Trained("a", 257, Splitter.Gpt2).Encode("😀a\uDC00", 4).FailToSeq().Lines());

    [Fact]
    public void Merges_decide_the_fingerprint()
    {
        var (a, b) = (Read(Json("trained-gpt2")), Read(Swapped(Json("trained-gpt2"))));
        Assert.NotEqual(a.Fingerprint, b.Fingerprint);
        Assert.False(a.Equals(b));
    }

    static string Swapped(string json)
    {
        var node = System.Text.Json.Nodes.JsonNode.Parse(json)!;
        var merges = node["model"]!["merges"]!.AsArray();
        var first = merges[0]!.DeepClone();
        merges.RemoveAt(0);
        merges.Insert(1, first);
        return node.ToJsonString();
    }
}
