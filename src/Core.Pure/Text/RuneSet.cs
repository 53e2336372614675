using System.Text;
using Functional.Base;

namespace Functional.Text;

/// <summary>
/// A set of Unicode characters that grows as text streams by. Immutable: adding text gives another set, the same one when nothing is new,
/// so a pass over a long text copies only as often as it meets a new character in a piece.
/// </summary>
public sealed class RuneSet
{
    const int Words = 0x110000 / 64;
    readonly ulong[] bits;
    readonly char high;

    RuneSet(ulong[] bits, char high) => (this.bits, this.high) = (bits, high);

    /// <summary>No character.</summary>
    public static RuneSet Empty { get; } = new(new ulong[Words], '\0');

    /// <summary>
    /// The set with every character of a piece of text. A surrogate pair may be cut between two pieces; unpaired surrogates are no
    /// characters and are left out.
    /// </summary>
    public RuneSet Add(ReadOnlySpan<char> text)
    {
        var (set, pending) = (bits, high);
        foreach (var unit in text)
        {
            var value = char.IsSurrogate(unit)
                ? char.IsLowSurrogate(unit) && pending != 0 ? char.ConvertToUtf32(pending, unit) : -1
                : unit;
            pending = char.IsHighSurrogate(unit) ? unit : '\0';
            if (value < 0 || (set[value >> 6] >> (value & 63) & 1) != 0) continue;
            if (ReferenceEquals(set, bits)) set = (ulong[])bits.Clone();
            set[value >> 6] |= 1UL << (value & 63);
        }
        return ReferenceEquals(set, bits) && pending == high ? this : new(set, pending);
    }

    /// <summary>The characters in ascending order of code point.</summary>
    public Vec<Rune> Sorted()
    {
        var runes = new List<Rune>();
        for (var word = 0; word < Words; word++)
            for (var rest = bits[word]; rest != 0; rest &= rest - 1)
                runes.Add(new Rune(word * 64 + System.Numerics.BitOperations.TrailingZeroCount(rest)));
        return runes.ToVec();
    }
}
