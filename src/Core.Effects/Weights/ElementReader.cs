using System.Buffers;
using System.Runtime.InteropServices;
using Functional.Families;
using Microsoft.Win32.SafeHandles;

namespace Functional.Weights;

/// <summary>
/// Copies elements of a file into memory by two views of equal sizes, one of the file's elements and one of the memory's. It goes through the file in its
/// order, a few megabytes at a time, so that nothing of a tensor is ever held twice.
/// </summary>
/// <param name="file">An open file.</param>
/// <param name="start">The byte of its first element.</param>
/// <param name="type">What the elements are; floating-point numbers.</param>
/// <param name="chunk">How many elements are read at a time.</param>
readonly ref struct ElementReader(SafeFileHandle file, long start, ElementType type, int chunk = 1 << 20)
{
    /// <summary>Copies all elements of the views.</summary>
    /// <exception cref="EndOfStreamException">The file ends before.</exception>
    public void Copy(ElementView from, Span<float> memory, ElementView to)
    {
        var axes = ElementCopy.Axes(from, to);
        var (bytes, numbers) = (ArrayPool<byte>.Shared.Rent(chunk * type.Bytes), ArrayPool<float>.Shared.Rent(chunk));
        try
        {
            Copy(axes, from.Offset, memory, to.Offset, bytes.AsSpan(0, chunk * type.Bytes), numbers.AsSpan(0, chunk));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
            ArrayPool<float>.Shared.Return(numbers);
        }
    }

    void Copy(ReadOnlySpan<ElementCopy.Axis> axes, long from, Span<float> memory, long to, Span<byte> bytes, Span<float> numbers)
    {
        if (axes is [{ From: 1, To: 1 } all])
        {
            Straight(from, memory.Slice(checked((int)to), checked((int)all.Size)), bytes);
            return;
        }
        var rest = 1L;
        foreach (var axis in axes[1..]) rest += (axis.Size - 1) * axis.From;
        var (first, group) = (axes[0], rest > chunk ? 1 : Math.Max(1, ((chunk - rest) / axes[0].From) + 1));
        for (var i = 0L; i < first.Size; i += group)
        {
            var count = Math.Min(group, first.Size - i);
            var (place, target) = (from + (i * first.From), to + (i * first.To));
            if (rest > chunk) Copy(axes[1..], place, memory, target, bytes, numbers);
            else
            {
                var extent = (int)(((count - 1) * first.From) + rest);
                Straight(place, numbers[..extent], bytes);
                ElementCopy.Scatter([first with { Size = count }, .. axes[1..]], numbers, memory[checked((int)target)..]);
            }
        }
    }

    void Straight(long from, Span<float> to, Span<byte> bytes)
    {
        if (type.Name == "F32")
        {
            Fill(start + (from * 4), MemoryMarshal.AsBytes(to));
            return;
        }
        for (var at = 0; at < to.Length; at += chunk)
        {
            var part = to[at..Math.Min(to.Length, at + chunk)];
            var raw = bytes[..(part.Length * type.Bytes)];
            Fill(start + ((from + at) * type.Bytes), raw);
            type.Read(raw, part);
        }
    }

    void Fill(long at, Span<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var read = RandomAccess.Read(file, bytes, at);
            if (read == 0) throw new EndOfStreamException("the file ends before the tensor does");
            at += read;
            bytes = bytes[read..];
        }
    }
}
