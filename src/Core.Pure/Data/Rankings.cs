namespace Functional.Data;

/// <summary>Answers that are compared, as tokens: of each comparison the answers behind their prompt, the best first, and its margin.</summary>
public sealed class Rankings
{
    readonly int[] ends;
    readonly float[] margins;

    internal Rankings(Examples answers, int[] ends, float[] margins)
    {
        (Answers, this.ends, this.margins) = (answers, ends, margins);
        for (var i = 0; i < ends.Length; i++) Most = Math.Max(Most, AnswersOf(i));
    }

    /// <summary>The answers of all comparisons, one after the other.</summary>
    public Examples Answers { get; }

    /// <summary>How many comparisons.</summary>
    public int Count => ends.Length;

    /// <summary>The most answers that one has.</summary>
    public int Most { get; }

    /// <summary>Where the first answer of a comparison stands among all.</summary>
    public int First(int ranking) => ranking == 0 ? 0 : ends[ranking - 1];

    /// <summary>How many answers a comparison has.</summary>
    public int AnswersOf(int ranking) => ends[ranking] - First(ranking);

    /// <summary>How much better each answer is than the next; 0 where no more is known than that it is better.</summary>
    public float Margin(int ranking) => margins[ranking];

    /// <summary>CRC-32C of tokens, numbers of answers and margins.</summary>
    public uint Checksum
    {
        get
        {
            var sum = ~Answers.Checksum;
            for (var i = 0; i < Count; i++)
                sum = System.Numerics.BitOperations.Crc32C(System.Numerics.BitOperations.Crc32C(sum, (uint)ends[i]), BitConverter.SingleToUInt32Bits(margins[i]));
            return ~sum;
        }
    }

    /// <summary>Some of them, in that order.</summary>
    public Rankings Only(IReadOnlyList<int> which)
    {
        int[] counts = [.. which.Select(AnswersOf)];
        for (var i = 1; i < counts.Length; i++) counts[i] += counts[i - 1];
        return new(Answers.Only([.. which.SelectMany(i => Enumerable.Range(First(i), AnswersOf(i)))]), counts, [.. which.Select(Margin)]);
    }

    /// <summary>How many tokens the answers of each have together, prompts included.</summary>
    internal int[] Lengths => [.. Enumerable.Range(0, Count).Select(i => Enumerable.Range(First(i), AnswersOf(i)).Sum(Answers.Length))];
}

/// <summary>Answers that were judged one by one, as tokens.</summary>
public sealed class Judgements
{
    readonly bool[] good;

    internal Judgements(Examples answers, Examples strangers, bool[] good) => (Answers, Strangers, this.good) = (answers, strangers, good);

    /// <summary>Each answer behind its prompt.</summary>
    public Examples Answers { get; }

    /// <summary>Behind each prompt the answer to the next prompt of the data set, behind the last that to the first: what a model thinks of them says how far it has gone.</summary>
    public Examples Strangers { get; }

    /// <summary>How many.</summary>
    public int Count => good.Length;

    /// <summary>Whether an answer is as wished.</summary>
    public bool IsGood(int which) => good[which];

    /// <summary>How many are.</summary>
    public int Good => good.Count(static g => g);

    /// <summary>CRC-32C of tokens and judgements.</summary>
    public uint Checksum => ~good.Aggregate(~Answers.Checksum, static (sum, g) => System.Numerics.BitOperations.Crc32C(sum, (byte)(g ? 1 : 0)));

    /// <summary>Some of them, in that order; each keeps the other answer that it had.</summary>
    public Judgements Only(IReadOnlyList<int> which) => new(Answers.Only(which), Strangers.Only(which), [.. which.Select(IsGood)]);
}
