using System.Buffers;

namespace Functional.Subwords;

/// <summary>
/// How often each piece of a text stands there: what byte-pair encoding is trained on. Collects text that streams by in any pieces; counts of several
/// parts of a text may be added together. As the official library counts files, each line is split by itself, its line end with it. Used by one owner.
/// </summary>
/// <param name="splitter">Cuts lines into pieces.</param>
public sealed class WordCounts(Splitter splitter)
{
    // A line that is longer is counted in parts, so that memory does not grow with it.
    const int LongestLine = 1 << 20;
    readonly WordTable words = new();
    readonly ArrayBufferWriter<char> line = new();
    long[] counts = new long[1 << 9];

    /// <summary>How many different pieces there are.</summary>
    public int Count => words.Count;

    /// <summary>A piece.</summary>
    public ReadOnlySpan<char> Word(int index) => words[index];

    /// <summary>How often a piece stands in the text.</summary>
    public long Times(int index) => counts[index];

    /// <summary>The pieces of some text.</summary>
    public static WordCounts Of(ReadOnlySpan<char> text, Splitter splitter)
    {
        var counts = new WordCounts(splitter);
        counts.Add(text);
        counts.Finish();
        return counts;
    }

    /// <summary>Counts more text, which goes on where the text before ended.</summary>
    /// <param name="text">Some text; never half a surrogate pair.</param>
    public WordCounts Add(ReadOnlySpan<char> text)
    {
        while (text.IndexOf('\n') is >= 0 and var end)
        {
            if (line.WrittenCount == 0) Split(text[..(end + 1)], true);
            else
            {
                line.Write(text[..(end + 1)]);
                Finish();
            }
            text = text[(end + 1)..];
        }
        line.Write(text);
        if (line.WrittenCount >= LongestLine)
        {
            var done = Split(line.WrittenSpan, false);
            var rest = line.WrittenSpan[(done == 0 ? line.WrittenCount : done)..].ToArray();
            if (done == 0) Split(line.WrittenSpan, true);
            line.Clear();
            line.Write(rest);
        }
        return this;
    }

    /// <summary>The text ends here; what comes is another.</summary>
    public WordCounts Finish()
    {
        Split(line.WrittenSpan, true);
        line.Clear();
        return this;
    }

    /// <summary>Adds the counts of another part of the text.</summary>
    public WordCounts Add(WordCounts other)
    {
        for (var i = 0; i < other.Count; i++) Tally(other.words[i], other.counts[i]);
        return this;
    }

    int Split(ReadOnlySpan<char> text, bool ends)
    {
        var at = 0;
        while (at < text.Length)
        {
            var end = splitter.End(text, at, out var open);
            if (open && !ends) break;
            Tally(text[at..end], 1);
            at = end;
        }
        return at;
    }

    void Tally(ReadOnlySpan<char> word, long times)
    {
        var index = words.Add(word);
        if (index == counts.Length) Array.Resize(ref counts, 2 * counts.Length);
        counts[index] += times;
    }
}
