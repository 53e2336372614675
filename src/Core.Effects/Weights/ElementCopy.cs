using Functional.Families;

namespace Functional.Weights;

/// <summary>Copies elements from one memory to another by two views of equal sizes.</summary>
static class ElementCopy
{
    /// <summary>An axis of both views: its length, and how far apart neighbours are in each.</summary>
    public readonly record struct Axis(long Size, long From, long To);

    /// <summary>Copies all elements of the views.</summary>
    public static void Copy(ReadOnlySpan<float> source, ElementView from, Span<float> target, ElementView to) =>
        Scatter(Axes(from, to), source[checked((int)from.Offset)..], target[checked((int)to.Offset)..]);

    /// <summary>The axes, from the widest stride in the source to the narrowest; neighbours that are one stretch in both are one.</summary>
    public static Axis[] Axes(ElementView from, ElementView to)
    {
        var merged = new List<Axis>();
        foreach (var axis in from.Sizes.Select((size, k) => new Axis(size, from.Strides[k], to.Strides[k])).Where(static a =>
            a.Size > 1).OrderByDescending(static a => a.From))
            if (merged.Count > 0 && merged[^1] is var outer && outer.From == axis.From * axis.Size && outer.To == axis.To * axis.Size)
                merged[^1] = axis with { Size = outer.Size * axis.Size };
            else merged.Add(axis);
        return merged.Count == 0 ? [new(1, 1, 1)] : [.. merged];
    }

    /// <summary>Copies the elements of axes.</summary>
    public static void Scatter(ReadOnlySpan<Axis> axes, ReadOnlySpan<float> from, Span<float> to)
    {
        switch (axes)
        {
            case [var only]:
                Plane(new(1, 0, 0), only, from, to);
                break;
            case [var rows, var columns]:
                Plane(rows, columns, from, to);
                break;
            default:
                for (var i = 0; i < axes[0].Size; i++) Scatter(axes[1..], from[(int)(i * axes[0].From)..], to[(int)(i * axes[0].To)..]);
                break;
        }
    }

    static void Plane(Axis rows, Axis columns, ReadOnlySpan<float> from, Span<float> to)
    {
        if (columns is { From: 1, To: 1 })
        {
            for (var i = 0; i < rows.Size; i++)
                from.Slice((int)(i * rows.From), (int)columns.Size).CopyTo(to[(int)(i * rows.To)..]);
            return;
        }
        // Squares, so that both sides stay in the cache.
        const int Side = 32;
        for (var top = 0L; top < rows.Size; top += Side)
            for (var left = 0L; left < columns.Size; left += Side)
            {
                var (bottom, right) = (Math.Min(rows.Size, top + Side), Math.Min(columns.Size, left + Side));
                for (var j = left; j < right; j++)
                    for (var i = top; i < bottom; i++)
                        to[(int)((i * rows.To) + (j * columns.To))] = from[(int)((i * rows.From) + (j * columns.From))];
            }
    }
}
