namespace Functional.Generation;

/// <summary>Which tokens of one sequence a row of the caches holds, and what is read when it is full.</summary>
/// <param name="context">How many a row holds at most.</param>
sealed class Transcript(int context)
{
    readonly int[] seen = new int[context];

    /// <summary>How many tokens the caches hold: where the next one stands.</summary>
    public int Count { get; private set; }

    /// <summary>Whether so many more find room.</summary>
    public bool Fits(int tokens) => Count + tokens <= context;

    /// <summary>Whatever the caches hold counts for so many tokens; 0 begins another sequence.</summary>
    public void Seek(int position) => Count = position;

    /// <summary>These tokens were read.</summary>
    public void Add(ReadOnlySpan<int> tokens)
    {
        tokens.CopyTo(seen.AsSpan(Count));
        Count += tokens.Length;
    }

    /// <summary>
    /// What is read instead of tokens that do not fit, from position 0, where the transcript then stands: of a prompt that does not fit whole its
    /// last part alone; otherwise half of the context, which leaves room for as many tokens as are read again.
    /// </summary>
    public int[] Rewind(ReadOnlySpan<int> tokens)
    {
        var kept = Count == 0 || tokens.Length >= context ? context : Math.Max(tokens.Length, context / 2);
        var again = new int[Math.Min(kept, Count + tokens.Length)];
        var fresh = Math.Min(again.Length, tokens.Length);
        tokens[^fresh..].CopyTo(again.AsSpan(again.Length - fresh));
        seen.AsSpan(Count - (again.Length - fresh), again.Length - fresh).CopyTo(again);
        Count = 0;
        return again;
    }
}
