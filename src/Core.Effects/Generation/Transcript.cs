namespace Functional.Generation;

/// <summary>Which tokens of one sequence a row of the caches holds, and what is read when it is full.</summary>
/// <param name="context">How many a row holds at most.</param>
/// <param name="bounded">Whether it is full then; else older tokens make room, until positions are too large for float32 to tell apart.</param>
sealed class Transcript(int context, bool bounded)
{
    const int Furthest = 1 << 23;

    // The last tokens, each at its position modulo the context.
    readonly int[] seen = new int[context];

    // The furthest position that was ever written and is not yet written over.
    int furthest;

    /// <summary>How many tokens were read: where the next one stands.</summary>
    public int Count { get; private set; }

    int Most => bounded ? context : Math.Max(context, Furthest);

    /// <summary>Whether so many more find room.</summary>
    public bool Fits(int tokens) => Count + (long)tokens <= Most;

    /// <summary>Whatever the caches hold counts for so many tokens; 0 begins another sequence.</summary>
    public void Seek(int position) => Count = furthest = position;

    /// <summary>These tokens were read.</summary>
    public void Add(ReadOnlySpan<int> tokens)
    {
        foreach (var token in tokens) seen[Count++ % context] = token;
        furthest = Math.Max(furthest, Count);
    }

    /// <summary>The last tokens were not read after all.</summary>
    /// <param name="tokens">How many.</param>
    /// <param name="most">Behind the furthest position, as many as caches that roll still hold beside a window.</param>
    /// <exception cref="ArgumentException">It does not hold so many.</exception>
    public void CutBack(int tokens, int most)
    {
        var held = bounded ? Count : Math.Min(Count, most - (furthest - Count));
        if (tokens < 0 || tokens > held) throw new ArgumentException($"{tokens} tokens cannot be cut back; allowed: 0 to {held}.");
        Count -= tokens;
    }

    /// <summary>The same tokens in a transcript of their own.</summary>
    public Transcript Copy()
    {
        var copy = new Transcript(context, bounded) { Count = Count, furthest = furthest };
        seen.CopyTo(copy.seen, 0);
        return copy;
    }

    /// <summary>
    /// What is read instead of tokens that do not fit, from position 0, where the transcript then stands: of a prompt that does not fit whole its
    /// last part alone; otherwise half of the context, which leaves room for as many tokens as are read again.
    /// </summary>
    public int[] Rewind(ReadOnlySpan<int> tokens)
    {
        var kept = Count == 0 || tokens.Length >= context ? (bounded ? context : tokens.Length) : Math.Max(tokens.Length, context / 2);
        var again = new int[Math.Min(kept, Math.Min(Count, context) + tokens.Length)];
        var fresh = Math.Min(again.Length, tokens.Length);
        tokens[^fresh..].CopyTo(again.AsSpan(again.Length - fresh));
        for (var i = 0; i < again.Length - fresh; i++) again[i] = seen[(Count - (again.Length - fresh) + i) % context];
        Count = furthest = 0;
        return again;
    }
}
