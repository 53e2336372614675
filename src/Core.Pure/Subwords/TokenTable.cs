namespace Functional.Subwords;

/// <summary>Tokens as bytes, by id and back. Ids may have holes, whose tokens are empty and never found.</summary>
sealed class TokenTable
{
    readonly byte[] bytes;
    readonly int[] starts, slots;

    /// <summary>A table of these tokens; of equal ones the first is found.</summary>
    /// <param name="tokens">The bytes of each id; nothing or empty for a hole.</param>
    public TokenTable(IReadOnlyList<byte[]?> tokens)
    {
        Count = tokens.Count;
        starts = new int[Count + 1];
        for (var id = 0; id < Count; id++) starts[id + 1] = starts[id] + (tokens[id]?.Length ?? 0);
        bytes = new byte[starts[Count]];
        slots = new int[(int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, 2 * Count))];
        for (var id = 0; id < Count; id++)
        {
            if (tokens[id] is not { Length: > 0 } token) continue;
            token.CopyTo(bytes.AsSpan(starts[id]));
            if (Slot(token) is var slot && slots[slot] == 0) slots[slot] = id + 1;
        }
    }

    /// <summary>The number of ids.</summary>
    public int Count { get; }

    /// <summary>The bytes of a token.</summary>
    public ReadOnlySpan<byte> this[int id] => bytes.AsSpan(starts[id], starts[id + 1] - starts[id]);

    /// <summary>The id of a token; -1 for none.</summary>
    public int Find(ReadOnlySpan<byte> token) => token.IsEmpty ? -1 : slots[Slot(token)] - 1;

    // Where the token stands, or would.
    int Slot(ReadOnlySpan<byte> token)
    {
        var mask = slots.Length - 1;
        var slot = (int)WordTable.Hash(token) & mask;
        while (slots[slot] != 0 && !this[slots[slot] - 1].SequenceEqual(token)) slot = (slot + 1) & mask;
        return slot;
    }
}
