using Functional.Base;

namespace Functional.Subwords;

/// <summary>Which pairs of tokens merge, how early, and into what: an open hash table.</summary>
sealed class MergeTable
{
    /// <summary>The rank of a pair that does not merge.</summary>
    public const int Never = int.MaxValue;

    readonly ulong[] keys;
    readonly (int Rank, int Made)[] values;

    /// <summary>A table of merges in the order of their ranks; of a pair that stands there twice, the later holds, as in the official library.</summary>
    public MergeTable(Vec<Merge> merges)
    {
        var size = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, 2 * merges.Count));
        (keys, values) = (new ulong[size], new (int, int)[size]);
        for (var rank = 0; rank < merges.Count; rank++)
        {
            var slot = Slot(Key(merges[rank].Left, merges[rank].Right));
            (keys[slot], values[slot]) = (Key(merges[rank].Left, merges[rank].Right), (rank, merges[rank].Made));
        }
    }

    // 0 is an empty slot.
    static ulong Key(int left, int right) => (((ulong)(uint)left << 32) | (uint)right) + 1;

    int Slot(ulong key)
    {
        var mask = keys.Length - 1;
        var slot = (int)((key * 0x9E3779B97F4A7C15) >> 33) & mask;
        while (keys[slot] != 0 && keys[slot] != key) slot = (slot + 1) & mask;
        return slot;
    }

    /// <summary>The rank of a pair, and what it merges into.</summary>
    public int Rank(int left, int right, out int made)
    {
        var slot = Slot(Key(left, right));
        var found = keys[slot] != 0;
        made = values[slot].Made;
        return found ? values[slot].Rank : Never;
    }
}

/// <summary>One merge of a byte-pair encoding: two neighbouring tokens become one.</summary>
/// <param name="Left">The id of the first.</param>
/// <param name="Right">The id of the second.</param>
/// <param name="Made">The id of what they become.</param>
public readonly record struct Merge(int Left, int Right, int Made);
