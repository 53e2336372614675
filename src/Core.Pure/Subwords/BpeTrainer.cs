using System.Runtime.InteropServices;
using System.Text;
using Functional.Base;

namespace Functional.Subwords;

/// <summary>What a byte-pair encoding is to become.</summary>
/// <param name="Vocabulary">The most tokens it may have: special tokens, 256 bytes, and one a merge.</param>
/// <param name="MinFrequency">How often a pair must stand in the text to be merged, at least 1.</param>
/// <param name="Special">Special tokens, which get the first ids.</param>
public sealed record BpeTraining(int Vocabulary, long MinFrequency = 1, Vec<string> Special = default);

/// <summary>The outcome of a training.</summary>
/// <param name="Tokens">The bytes of each token but the special ones: the 256 bytes by their stand-ins' code points, then what merges made.</param>
/// <param name="Merges">The two tokens of each merge, in the order of learning, as indices into <paramref name="Tokens"/>.</param>
public sealed record BpeTrained(Vec<byte[]> Tokens, Vec<(int Left, int Right)> Merges);

/// <summary>
/// Byte-pair encoding, trained (Gage 1994; Sennrich et al. 2016): of all pairs of neighbouring tokens, the most frequent is merged into a new token, again
/// and again. Counts of pairs are kept up to date word by word and the next pair comes off a heap, so the work is that of the changes. Of equally frequent
/// pairs the one with the smaller ids is first, as in the official tokenizers library, whose merges these are.
/// </summary>
public static class BpeTrainer
{
    /// <summary>Where a pair stands: several entries of a pair hold different words, those that were there when they were made.</summary>
    sealed record Candidate(ulong Pair, List<int> Words);

    // The largest count first, then the smallest pair.
    sealed class MostFrequentFirst : IComparer<(long Count, ulong Pair)>
    {
        public static MostFrequentFirst Instance { get; } = new();

        public int Compare((long Count, ulong Pair) x, (long Count, ulong Pair) y) =>
            x.Count != y.Count ? y.Count.CompareTo(x.Count) : x.Pair.CompareTo(y.Pair);
    }

    /// <summary>The merges that word counts lead to.</summary>
    /// <param name="counts">The pieces of the text.</param>
    /// <param name="training">What is wanted.</param>
    public static BpeTrained Train(WordCounts counts, BpeTraining training)
    {
        var tokens = StandIns.Alphabet.Select(static b => new[] { b }).ToList();
        var known = tokens.Select(static (t, id) => (t, id)).ToDictionary(static e => StandIns.Text(e.t), static e => e.id, StringComparer.Ordinal);
        var (symbols, starts, lengths) = Words(counts, tokens);
        var pairs = new Dictionary<ulong, long>();
        var places = new Dictionary<ulong, List<int>>();
        for (var word = 0; word < lengths.Length; word++)
        {
            var row = symbols.AsSpan(starts[word], lengths[word]);
            for (var i = 0; i + 1 < row.Length; i++) Change(pairs, places, Pair(row[i], row[i + 1]), counts.Times(word), word);
        }
        var queue = new PriorityQueue<Candidate, (long, ulong)>(MostFrequentFirst.Instance);
        Enqueue(queue, pairs, places);
        var merges = new List<(int, int)>();
        var most = training.Vocabulary - training.Special.Count;
        while (tokens.Count < most && queue.TryDequeue(out var top, out var priority))
        {
            var now = pairs[top.Pair];
            if (now != priority.Item1)
            {
                queue.Enqueue(top, (now, top.Pair));
                continue;
            }
            if (now < Math.Max(1, training.MinFrequency)) break;
            var (left, right) = ((int)(top.Pair >> 32), (int)(uint)top.Pair);
            byte[] joined = [.. tokens[left], .. tokens[right]];
            if (known.TryAdd(StandIns.Text(joined), tokens.Count)) tokens.Add(joined);
            var made = known[StandIns.Text(joined)];
            merges.Add((left, right));
            foreach (var word in top.Words)
                Merge(symbols.AsSpan(starts[word], lengths[word]), ref lengths[word], left, right, made, pairs, places, counts.Times(word), word);
            Enqueue(queue, pairs, places);
        }
        return new(tokens.ToVec(), merges.ToVec());
    }

    static ulong Pair(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    static (int[] Symbols, int[] Starts, int[] Lengths) Words(WordCounts counts, List<byte[]> alphabet)
    {
        var ids = new int[256];
        for (var id = 0; id < 256; id++) ids[alphabet[id][0]] = id;
        var (starts, lengths) = (new int[counts.Count], new int[counts.Count]);
        var size = 0;
        for (var word = 0; word < starts.Length; word++)
        {
            (starts[word], lengths[word]) = (size, Encoding.UTF8.GetByteCount(counts.Word(word)));
            size += lengths[word];
        }
        var symbols = new int[size];
        var bytes = new byte[lengths.Append(0).Max()];
        for (var word = 0; word < starts.Length; word++)
        {
            Encoding.UTF8.GetBytes(counts.Word(word), bytes);
            for (var i = 0; i < lengths[word]; i++) symbols[starts[word] + i] = ids[bytes[i]];
        }
        return (symbols, starts, lengths);
    }

    static void Enqueue(PriorityQueue<Candidate, (long, ulong)> queue, Dictionary<ulong, long> pairs, Dictionary<ulong, List<int>> places)
    {
        foreach (var (pair, words) in places)
            if (pairs[pair] is > 0 and var count) queue.Enqueue(new(pair, words), (count, pair));
        places.Clear();
    }

    static void Change(Dictionary<ulong, long> pairs, Dictionary<ulong, List<int>> places, ulong pair, long change, int word)
    {
        CollectionsMarshal.GetValueRefOrAddDefault(pairs, pair, out _) += change;
        if (change <= 0) return;
        ref var words = ref CollectionsMarshal.GetValueRefOrAddDefault(places, pair, out _);
        words ??= [];
        if (words.Count == 0 || words[^1] != word) words.Add(word);
    }

    // In place, from the left: what is merged has its new neighbour before it, and its old one behind.
    static void Merge(Span<int> row, ref int length, int left, int right, int made, Dictionary<ulong, long> pairs, Dictionary<ulong, List<int>> places,
        long times, int word)
    {
        var written = 0;
        for (var i = 0; i < row.Length; i++)
        {
            if (row[i] != left || i + 1 >= row.Length || row[i + 1] != right) { row[written++] = row[i]; continue; }
            if (written > 0)
            {
                Change(pairs, places, Pair(row[written - 1], left), -times, word);
                Change(pairs, places, Pair(row[written - 1], made), times, word);
            }
            row[written++] = made;
            i++;
            if (i + 1 >= row.Length) continue;
            Change(pairs, places, Pair(right, row[i + 1]), -times, word);
            Change(pairs, places, Pair(made, row[i + 1]), times, word);
        }
        length = written;
    }
}
