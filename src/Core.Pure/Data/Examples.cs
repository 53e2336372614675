using System.Numerics;
using Functional.Dialogues;
using Functional.Graphs;

namespace Functional.Data;

/// <summary>
/// The tokens of many examples in one row of numbers, with what of them is learned. An example of n tokens asks for n − 1 predictions: that of a place is the
/// token after it.
/// </summary>
public sealed class Examples
{
    // A token that is no target stands as its complement, which is below 0; and nothing predicts the first.
    readonly int[] coded;
    readonly int[] ends;

    Examples(int[] coded, int[] ends)
    {
        (this.coded, this.ends) = (coded, ends);
        var sum = ~0u;
        for (var i = 0; i < ends.Length; i++)
        {
            (Longest, sum) = (Math.Max(Longest, Length(i)), BitOperations.Crc32C(sum, (uint)Length(i)));
            foreach (var token in Coded(i)) sum = BitOperations.Crc32C(sum, (uint)token);
        }
        Checksum = ~sum;
        foreach (var token in coded) Learned += token >= 0 ? 1 : 0;
    }

    /// <summary>How many examples.</summary>
    public int Count => ends.Length;

    /// <summary>How many tokens they have together.</summary>
    public long Tokens => coded.Length;

    /// <summary>How many of those are learned.</summary>
    public long Learned { get; }

    /// <summary>The tokens of the longest.</summary>
    public int Longest { get; }

    /// <summary>CRC-32C of lengths, tokens and what is learned: against accidents, not against forgers.</summary>
    public uint Checksum { get; }

    /// <summary>How many tokens an example has.</summary>
    public int Length(int example) => ends[example] - Start(example);

    /// <summary>An example.</summary>
    public Example this[int example] => new([.. Coded(example).ToArray().Select(static t => t < 0 ? ~t : t)], [.. Coded(example).ToArray().Select(static t => t >= 0)]);

    /// <summary>Some of them, in that order.</summary>
    public Examples Only(IReadOnlyList<int> which)
    {
        var builder = new Builder();
        foreach (var i in which) builder.Add(Coded(i));
        return builder.Build();
    }

    /// <summary>The width of rows that hold every example: up to <paramref name="most"/>, and a multiple of 8 where that is less.</summary>
    /// <param name="most">The model's context.</param>
    /// <param name="whole">Whether a row holds an example's last token, too, from which nothing is predicted.</param>
    public int Width(int most, bool whole = false) => Math.Min(most, Math.Max(1, (Longest - (whole ? 0 : 1) + 7) / 8) * 8);

    /// <summary>These examples.</summary>
    public static Examples Of(IEnumerable<Example> examples)
    {
        var builder = new Builder();
        foreach (var example in examples) builder.Add(example);
        return builder.Build();
    }

    int Start(int example) => example == 0 ? 0 : ends[example - 1];

    ReadOnlySpan<int> Coded(int example) => coded.AsSpan(Start(example), Length(example));

    // Inputs and, one token later, labels. Gives back how many places were taken.
    internal int Shifted(int example, Span<int> inputs, Span<int> labels)
    {
        var tokens = Coded(example);
        for (var i = 0; i < tokens.Length - 1; i++)
        {
            inputs[i] = tokens[i] < 0 ? ~tokens[i] : tokens[i];
            labels[i] = tokens[i + 1] < 0 ? LinearCrossEntropy.Ignore : tokens[i + 1];
        }
        return tokens.Length - 1;
    }

    // With the last token, and nothing behind.
    internal void Whole(int example, Span<int> inputs, Span<int> labels)
    {
        var tokens = Coded(example);
        var at = Shifted(example, inputs, labels);
        inputs[at] = tokens[at] < 0 ? ~tokens[at] : tokens[at];
        inputs[(at + 1)..].Clear();
        labels[at..].Fill(LinearCrossEntropy.Ignore);
    }

    /// <summary>Gathers examples. Used by one owner.</summary>
    public sealed class Builder
    {
        readonly List<int> coded = [], ends = [];

        /// <summary>How many tokens so far.</summary>
        public long Tokens => coded.Count;

        /// <summary>One more.</summary>
        /// <exception cref="ArgumentException">It has fewer than two tokens, or nothing behind the first is learned.</exception>
        public void Add(Example example)
        {
            if (example.Ids.Count < 2 || !example.Learns.Skip(1).Any(static l => l)) throw new ArgumentException("an example needs a token that is learned behind another.", nameof(example));
            for (var i = 0; i < example.Ids.Count; i++) coded.Add(i > 0 && example.Learns[i] ? example.Ids[i] : ~example.Ids[i]);
            ends.Add(coded.Count);
        }

        internal void Add(ReadOnlySpan<int> tokens)
        {
            coded.AddRange(tokens);
            ends.Add(coded.Count);
        }

        /// <summary>All of them.</summary>
        public Examples Build() => new([.. coded], [.. ends]);
    }
}
