using System.Buffers;

namespace Functional.Sampling;

/// <summary>Tokens from the largest score down, of equal ones the lower number first; −∞ is no score. A heap, since few of many are wanted.</summary>
readonly ref struct TokenOrder : IDisposable
{
    readonly ReadOnlySpan<double> scores;
    readonly int[] rented;

    public TokenOrder(ReadOnlySpan<double> scores)
    {
        this.scores = scores;
        rented = ArrayPool<int>.Shared.Rent(scores.Length);
        for (var i = 0; i < scores.Length; i++) rented[i] = i;
        for (var i = scores.Length / 2 - 1; i >= 0; i--) Sink(i, scores.Length);
    }

    /// <summary>The token at the top.</summary>
    public int First => rented[0];

    /// <summary>Those that are left when so many were taken, in no order.</summary>
    public ReadOnlySpan<int> Left(int taken) => rented.AsSpan(0, scores.Length - taken);

    /// <summary>Takes the token at the top.</summary>
    /// <param name="taken">How many were taken before.</param>
    public int Take(int taken)
    {
        var (first, last) = (rented[0], scores.Length - 1 - taken);
        (rented[0], rented[last]) = (rented[last], first);
        Sink(0, last);
        return first;
    }

    public void Dispose() => ArrayPool<int>.Shared.Return(rented);

    void Sink(int i, int length)
    {
        for (var child = 2 * i + 1; child < length; child = 2 * i + 1)
        {
            if (child + 1 < length && Before(rented[child + 1], rented[child])) child++;
            if (Before(rented[i], rented[child])) return;
            (rented[i], rented[child]) = (rented[child], rented[i]);
            i = child;
        }
    }

    bool Before(int a, int b) => scores[a] > scores[b] || (scores[a] == scores[b] && a < b);
}
