using System.Numerics;
using Functional.Base;

namespace Functional.Data;

/// <summary>
/// Which examples share a row. Examples that come in any order are put, the longest first, each into the fullest row that still has room (best fit decreasing;
/// at most 11/9 of the fewest rows, and a few more: Johnson et al. 1974); those whose order matters fill one row after another.
/// </summary>
sealed class Packing
{
    readonly int[] members;
    readonly int[] ends;

    // The row of each example, counted from 0; within a row in the order in which they were put there.
    Packing(IEnumerable<int> order, int[] rowOf, int rows)
    {
        (members, ends) = (new int[rowOf.Length], new int[rows]);
        foreach (var row in rowOf) ends[row]++;
        for (int i = 0, start = 0; i < rows; i++) (ends[i], start) = (start, start + ends[i]);
        foreach (var example in order) members[ends[rowOf[example]]++] = example;
    }

    public int Rows => ends.Length;

    public ReadOnlySpan<int> this[int row] => members.AsSpan((row == 0 ? 0 : ends[row - 1])..ends[row]);

    /// <summary>One example a row.</summary>
    public static Packing None(int count) => new(Enumerable.Range(0, count), [.. Enumerable.Range(0, count)], count);

    /// <summary>Rows of examples in an order, each filled until the next has no room.</summary>
    public static Packing InOrder(int[] order, int[] lengths, int room)
    {
        var (rowOf, rows, left) = (new int[order.Length], 0, 0);
        foreach (var example in order)
        {
            if (lengths[example] > left) (rows, left) = (rows + 1, room);
            left -= lengths[example];
            rowOf[example] = rows - 1;
        }
        return new(order, rowOf, rows);
    }

    /// <summary>As few rows as are found quickly. Of equal lengths, the key draws which go together.</summary>
    public static Packing Tight(int[] lengths, int room, Key key)
    {
        var chance = lengths.Length == 0 ? default : new Permutation(key, lengths.Length);
        int[] order = [.. Enumerable.Range(0, lengths.Length).OrderByDescending(i => lengths[i]).ThenBy(i => chance.PlaceOf(i))];
        var (rowOf, rows, open) = (new int[lengths.Length], 0, new OpenRows(room));
        foreach (var example in order)
        {
            var (row, left) = open.Take(lengths[example]) ?? (rows++, room);
            open.Put(row, left - lengths[example]);
            rowOf[example] = row;
        }
        return new(order, rowOf, rows);
    }

    /// <summary>Rows by the room that is left in them; a bit for each room of which there is a row.</summary>
    sealed class OpenRows(int room)
    {
        readonly Stack<int>?[] rows = new Stack<int>[room + 1];
        readonly ulong[] any = new ulong[room / 64 + 1];

        public (int Row, int Left)? Take(int length)
        {
            for (var word = length / 64; word < any.Length; word++)
            {
                var bits = word == length / 64 ? any[word] & (ulong.MaxValue << (length % 64)) : any[word];
                if (bits == 0) continue;
                var left = word * 64 + BitOperations.TrailingZeroCount(bits);
                var row = rows[left]!.Pop();
                if (rows[left]!.Count == 0) any[word] &= ~(1ul << (left % 64));
                return (row, left);
            }
            return null;
        }

        public void Put(int row, int left)
        {
            if (left == 0) return;
            (rows[left] ??= new()).Push(row);
            any[left / 64] |= 1ul << (left % 64);
        }
    }
}
