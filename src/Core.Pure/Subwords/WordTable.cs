using System.Runtime.InteropServices;

namespace Functional.Subwords;

/// <summary>
/// Different words with a number each, in the order of their first coming: an open hash table over one row of characters. Grows; used by one owner.
/// </summary>
sealed class WordTable
{
    int[] slots = new int[1 << 10];
    char[] letters = new char[1 << 14];
    uint[] hashes = new uint[1 << 9];
    int[] ends = new int[1 << 9];

    /// <summary>How many words there are.</summary>
    public int Count { get; private set; }

    /// <summary>How many characters all words have.</summary>
    public int Letters => Count == 0 ? 0 : ends[Count - 1];

    /// <summary>A word.</summary>
    public ReadOnlySpan<char> this[int word] => letters.AsSpan(Start(word), ends[word] - Start(word));

    int Start(int word) => word == 0 ? 0 : ends[word - 1];

    /// <summary>The number of a word, which is <see cref="Count"/> before the call where the word is new.</summary>
    public int Add(ReadOnlySpan<char> word)
    {
        var hash = Hash(MemoryMarshal.AsBytes(word));
        var mask = slots.Length - 1;
        for (var slot = (int)hash & mask; ; slot = (slot + 1) & mask)
        {
            var found = slots[slot] - 1;
            if (found < 0)
            {
                slots[slot] = Count + 1;
                break;
            }
            if (hashes[found] == hash && this[found].SequenceEqual(word)) return found;
        }
        if (Letters + word.Length > letters.Length) Array.Resize(ref letters, Math.Max(2 * letters.Length, Letters + word.Length));
        word.CopyTo(letters.AsSpan(Letters));
        if (Count == ends.Length)
        {
            Array.Resize(ref ends, 2 * Count);
            Array.Resize(ref hashes, 2 * Count);
        }
        (ends[Count], hashes[Count]) = (Letters + word.Length, hash);
        Count++;
        if (2 * Count > slots.Length) Grow();
        return Count - 1;
    }

    /// <summary>Forgets all words.</summary>
    public void Clear()
    {
        Array.Clear(slots);
        Count = 0;
    }

    void Grow()
    {
        slots = new int[2 * slots.Length];
        var mask = slots.Length - 1;
        for (var word = 0; word < Count; word++)
        {
            var slot = (int)hashes[word] & mask;
            while (slots[slot] != 0) slot = (slot + 1) & mask;
            slots[slot] = word + 1;
        }
    }

    /// <summary>A hash of some bytes, eight at a time.</summary>
    public static uint Hash(ReadOnlySpan<byte> bytes)
    {
        const ulong Odd = 0x9E3779B97F4A7C15;
        var hash = (ulong)bytes.Length * Odd;
        for (; bytes.Length >= 8; bytes = bytes[8..]) hash = (hash ^ MemoryMarshal.Read<ulong>(bytes)) * Odd ^ (hash >> 29);
        var rest = 0UL;
        for (var i = 0; i < bytes.Length; i++) rest |= (ulong)bytes[i] << (8 * i);
        hash = (hash ^ rest) * Odd;
        hash = (hash ^ (hash >> 32)) * Odd;
        return (uint)(hash >> 32);
    }
}
