using Functional.Learning;

namespace Functional.Runs;

/// <summary>What a stage that practises carries from round to round, beside its weights; checkpoints keep its numbers bit for bit.</summary>
/// <param name="Kl">What the distance from the reference costs in rewards.</param>
/// <param name="Rewards">What judges gave so far.</param>
/// <param name="Asked">How many prompts were answered so far.</param>
public sealed record PracticeState(KlControl Kl, RunningMoments Rewards, long Asked)
{
    /// <summary>How many words its numbers have.</summary>
    public const int Words = 10;

    /// <summary>Of a stage that has not begun.</summary>
    /// <param name="kl">What the distance costs at first.</param>
    public static PracticeState Begin(KlControl kl) => new(kl, RunningMoments.None, 0);

    /// <summary>Its numbers, as whole words.</summary>
    public int[] ToWords()
    {
        long[] numbers = [.. new[] { Kl.Coefficient, Rewards.Count, Rewards.Mean, Rewards.Squares }.Select(BitConverter.DoubleToInt64Bits), Asked];
        return [.. numbers.SelectMany(static n => new[] { (int)n, (int)(n >> 32) })];
    }

    /// <summary>The same rules with the numbers that <see cref="ToWords"/> gave.</summary>
    /// <param name="words">So many words.</param>
    public PracticeState Of(ReadOnlySpan<int> words)
    {
        Span<long> numbers = stackalloc long[Words / 2];
        for (var i = 0; i < numbers.Length; i++) numbers[i] = (uint)words[2 * i] | (long)words[2 * i + 1] << 32;
        return new(Kl with { Coefficient = BitConverter.Int64BitsToDouble(numbers[0]) },
            new(BitConverter.Int64BitsToDouble(numbers[1]), BitConverter.Int64BitsToDouble(numbers[2]), BitConverter.Int64BitsToDouble(numbers[3])), numbers[4]);
    }
}
