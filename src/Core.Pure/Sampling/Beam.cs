using System.Collections.Immutable;
using Functional.Base;

namespace Functional.Sampling;

/// <summary>A sequence of a beam.</summary>
/// <param name="Tokens">Its tokens, with the one that ended it.</param>
/// <param name="LogProb">Σ log p of them, in nats.</param>
/// <param name="HasEnded">Whether an end token ended it.</param>
public sealed record Hypothesis(ImmutableList<int> Tokens, double LogProb, bool HasEnded)
{
    /// <summary>What it is worth: Σ log p / length^α (Wu et al. 2016); with 0 the sum alone.</summary>
    /// <param name="alpha">How much length matters.</param>
    public double Score(double alpha) => LogProb / Math.Pow(Math.Max(1, Tokens.Count), alpha);
}

/// <summary>How a beam goes on: the next state, and of which row each live sequence of it is a continuation, by which token.</summary>
/// <param name="Next">The state.</param>
/// <param name="From">For each live sequence the index of the one before.</param>
public readonly record struct BeamStep(Beam Next, Vec<int> From);

/// <summary>
/// Beam search as a state machine: the likeliest sequences so far, each a token longer with every step. A sequence that ends keeps its place (Sutskever et al. 2014), so that there
/// are as many live ones fewer; one beam is the greedy text, and as many as there are sequences find the best of all.
/// </summary>
/// <param name="Width">How many sequences there are, live and ended, 1 or more.</param>
/// <param name="Most">How many tokens a sequence has at most.</param>
/// <param name="Alpha">How much length matters to the score, see <see cref="Hypothesis.Score"/>.</param>
/// <param name="Ends">Tokens that end a sequence.</param>
/// <param name="Live">The sequences that go on, likeliest first; all as long.</param>
/// <param name="Done">Those that are over, by an end or by their length.</param>
public sealed record Beam(int Width, int Most, double Alpha, Vec<int> Ends, Vec<Hypothesis> Live, Vec<Hypothesis> Done)
{
    /// <summary>A beam with the empty sequence alone.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The width is below 1, or the length below 0.</exception>
    public static Beam Of(int width, int most, double alpha, Vec<int> ends)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(most);
        var empty = new Hypothesis([], 0, false);
        return most == 0 ? new(width, most, alpha, ends, [], [empty]) : new(width, most, alpha, ends, [empty], []);
    }

    /// <summary>Whether no sequence goes on.</summary>
    public bool IsOver => Live.Count == 0;

    /// <summary>All that are over, best first; of equal ones the earlier.</summary>
    public Vec<Hypothesis> Best => [.. Done.OrderByDescending(h => h.Score(Alpha))];

    /// <summary>The likeliest continuations: of equal ones those of the earlier sequence, then the lower token.</summary>
    /// <param name="logProbs">Log-probabilities of what comes next, in nats, <c>[live, vocabulary]</c>; −∞ is never taken.</param>
    /// <param name="ends">Whether a live sequence is over with a token that ends none by itself.</param>
    /// <exception cref="ArgumentException">There are not as many numbers for each live sequence.</exception>
    public BeamStep Advance(ReadOnlySpan<double> logProbs, Func<int, int, bool>? ends = null)
    {
        if (IsOver || logProbs.Length == 0 || logProbs.Length % Live.Count != 0) throw new ArgumentException($"{logProbs.Length} numbers are not those of {Live.Count} sequences.");
        var vocabulary = logProbs.Length / Live.Count;
        var sums = new double[logProbs.Length];
        for (var i = 0; i < sums.Length; i++) sums[i] = Live[i / vocabulary].LogProb + logProbs[i];
        using var order = new TokenOrder(sums);
        var (live, from, done) = (new List<Hypothesis>(), new List<int>(), new List<Hypothesis>(Done));
        for (var taken = 0; live.Count + done.Count < Width && taken < sums.Length && !double.IsNegativeInfinity(sums[order.First]);)
        {
            var (before, token) = Math.DivRem(order.Take(taken++), vocabulary);
            var next = new Hypothesis(Live[before].Tokens.Add(token), sums[before * vocabulary + token], Ends.Contains(token) || (ends?.Invoke(before, token) ?? false));
            if (next.HasEnded || next.Tokens.Count == Most)
            {
                done.Add(next);
                continue;
            }
            live.Add(next);
            from.Add(before);
        }
        return new(this with { Live = [.. live], Done = [.. done] }, [.. from]);
    }
}
