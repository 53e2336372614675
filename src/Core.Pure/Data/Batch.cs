using System.Runtime.InteropServices;
using Functional.Base;
using Functional.Graphs;

namespace Functional.Data;

/// <summary>The tensors of a batch in memory, to be written by a <see cref="Source"/> again and again.</summary>
public sealed class Batch
{
    readonly Params<byte[]> tensors;

    /// <summary>A batch of zeros.</summary>
    /// <param name="rows">How many rows.</param>
    /// <param name="feed">The types of its tensors, each <c>[rows, …]</c>.</param>
    public Batch(int rows, Params<TensorType> feed) => (Rows, Feed, tensors) = (rows, feed, feed.Map(static t => new byte[t.Bytes]));

    /// <summary>How many rows.</summary>
    public int Rows { get; }

    /// <summary>The types of its tensors.</summary>
    public Params<TensorType> Feed { get; }

    /// <summary>A tensor's bytes, row after row.</summary>
    public ReadOnlySpan<byte> this[string name] => tensors[name];

    /// <summary>A row of a tensor of whole numbers.</summary>
    public Span<int> Ints(string name, int row) => Row<int>(name, row);

    /// <summary>A row of a tensor of numbers.</summary>
    public Span<float> Floats(string name, int row) => Row<float>(name, row);

    /// <summary>Takes a row of another batch of the same tensors.</summary>
    /// <param name="row">Where it goes.</param>
    /// <param name="from">The other batch.</param>
    /// <param name="which">Which of its rows.</param>
    public void CopyRow(int row, Batch from, int which)
    {
        foreach (var (name, to) in tensors)
        {
            var length = to.Length / Rows;
            from.tensors[name].AsSpan(which * length, length).CopyTo(to.AsSpan(row * length));
        }
    }

    /// <summary>Takes all rows of a tensor.</summary>
    public void Write(string name, ReadOnlySpan<byte> bytes) => bytes.CopyTo(tensors[name]);

    Span<T> Row<T>(string name, int row) where T : unmanaged
    {
        var all = MemoryMarshal.Cast<byte, T>(tensors[name].AsSpan());
        return all.Slice(row * (all.Length / Rows), all.Length / Rows);
    }
}
