using System.Text;
using Functional.Settings;
using Functional.Subwords;
using Functional.Text;

namespace Functional.Samples;

/// <summary>
/// Lesson 5: a vocabulary out of nothing but counts. Byte-pair encoding is trained on a few words, merge by merge; a word that it never saw is encoded by
/// the same merges; and a text needs fewer tokens the more there are to choose from.
/// </summary>
public static class BpeFromNothing
{
    internal const string Words = "low low low low low lower lower newest newest newest newest newest newest widest widest widest\n";

    /// <summary>The exercise's text.</summary>
    public const string Exercise = "aaabdaaabac";

    /// <summary>The lesson.</summary>
    public static string Text()
    {
        var text = new StringBuilder("""
            Byte-pair encoding from nothing
            ===============================
            Which tokens should a text be made of? Begin with its bytes, and merge the pair of neighbours that is most frequent,
            again and again (Sennrich et al. 2016).

            1. The text is cut into words, and those are counted. Merges never reach across words, so counts are all it takes.


            """);
        var counts = WordCounts.Of(Words, Splitter.Gpt4);
        for (var i = 0; i < counts.Count; i++) text.Append(FormattableString.Invariant($"   {counts.Times(i),3} × {Quoted(counts.Word(i).ToString())}\n"));
        text.Append("""

            2. The pairs are counted, the most frequent one is merged, and the counts of its neighbours change. Each line is a merge:
               the two tokens, and how often they stood side by side.


            """);
        const int Merges = 10;
        var tokenizer = Tokenizers.Train(Words, new BpeConfig { Vocabulary = 256 + Merges });
        for (var i = 0; i < Merges; i++)
            text.Append(FormattableString.Invariant($"   {i + 1,2}. {Quoted(Token(tokenizer, tokenizer.Merges[i].Left)),-8} + {Quoted(Token(tokenizer, tokenizer.Merges[i].Right)),-8} {Times(i),3} times\n"));
        text.Append("""

            3. A word that was never there is encoded by the same merges, in the order in which they were learned.


            """);
        foreach (var word in (string[])[" lowest", " newer", " wider"])
            text.Append(FormattableString.Invariant($"   {Quoted(word),-10} {string.Join(" | ", Ids(tokenizer, word).Select(id => Token(tokenizer, id)))}\n"));
        text.Append("""

            4. The law: decoding undoes encoding, whatever the text, for every byte is a token. And a text that comes in pieces has
               the tokens of the whole, wherever it is cut.


            """);
        foreach (var any in (string[])["lowest!", "Ω ≈ 3", "👋"])
            text.Append(FormattableString.Invariant($"   {any,-8} {Ids(tokenizer, any).Length,2} tokens   decoded the same: {tokenizer.Decode(Ids(tokenizer, any)) == any}   cut anywhere: {CutAnywhere(tokenizer, any)}\n"));
        text.Append("""

            5. More merges, fewer tokens: bytes a token on a text that the tokenizer was not trained on.


            """);
        foreach (var size in (int[])[256, 288, 320, 512, 1024])
        {
            var ratio = Ratio(size);
            text.Append(FormattableString.Invariant($"   {size,5} tokens  {ratio:0.00}  {new string('█', (int)Math.Round(ratio * 8))}\n"));
        }
        text.Append(FormattableString.Invariant($"""

            Exercise: what are the first two merges of {Exercise}, and how many tokens does it have after them? (Of pairs that are
            equally frequent, the one whose bytes come first is merged.) The answer stands in tests/Snapshots/Samples.

            """));
        return text.ToString();
    }

    /// <summary>The first merges of a text, each as its two tokens, and how many tokens the text has after them.</summary>
    public static (string Merges, int Tokens) Answer(string text, int merges)
    {
        var tokenizer = Tokenizers.Train(text, new BpeConfig { Vocabulary = 256 + merges });
        return (string.Join(", ", tokenizer.Merges.Select(m => $"{Token(tokenizer, m.Left)}+{Token(tokenizer, m.Right)}")), Ids(tokenizer, text).Length);
    }

    /// <summary>Bytes a token with a vocabulary of a size, on a text that it was not learned from.</summary>
    internal static double Ratio(int size)
    {
        var (learned, kept) = (Stories.Corpus.Text(1, 100_000), Stories.Corpus.Text(2, 20_000));
        return (double)Encoding.UTF8.GetByteCount(kept) / Ids(Tokenizers.Train(learned, new BpeConfig { Vocabulary = size }), kept).Length;
    }

    // How often the pair of a merge stood in the text when it was its turn: counted anew with the merges before it.
    internal static int Times(int merge)
    {
        var (before, after) = (Tokenizers.Train(Words, new BpeConfig { Vocabulary = 256 + merge }), Tokenizers.Train(Words, new BpeConfig { Vocabulary = 257 + merge }));
        return Ids(before, Words).Length - Ids(after, Words).Length;
    }

    internal static bool CutAnywhere(Tokenizer tokenizer, string text) => Enumerable.Range(0, text.Length + 1).Where(at => at == text.Length || !char.IsLowSurrogate(text[at])).All(at =>
    {
        var stream = tokenizer.Stream();
        return (int[])[.. stream.Push(text.AsSpan(0, at)).OrThrow(), .. stream.Push(text.AsSpan(at)).OrThrow(), .. stream.Finish().OrThrow()] is var ids
            && ids.SequenceEqual(Ids(tokenizer, text));
    });

    internal static int[] Ids(Tokenizer tokenizer, string text) => tokenizer.Encode(text).OrThrow();

    static string Token(Tokenizer tokenizer, int id) => Encoding.UTF8.GetString(tokenizer.Bytes(id));

    static string Quoted(string word) => $"'{word.Replace("\n", "\\n", StringComparison.Ordinal)}'";
}
