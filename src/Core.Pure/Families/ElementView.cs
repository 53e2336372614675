using Functional.Base;

namespace Functional.Families;

/// <summary>
/// Some of a tensor's elements in some order: index <c>i</c> stands for the row-major element <c>Offset + Σ i[k] · Strides[k]</c>. Transposed matrices,
/// rows of packed ones and heads that stand between others are all views, so that layouts are data and are read both ways.
/// </summary>
/// <param name="Sizes">The length of each axis of the view, each 1 or more.</param>
/// <param name="Strides">How far apart neighbours on each axis are, in elements; not negative.</param>
/// <param name="Offset">The first element.</param>
public sealed record ElementView(Vec<long> Sizes, Vec<long> Strides, long Offset)
{
    /// <summary>All elements of a tensor in their order.</summary>
    public static ElementView Of(Vec<long> shape)
    {
        var strides = new long[shape.Count];
        var stride = 1L;
        for (var axis = shape.Count - 1; axis >= 0; axis--)
        {
            strides[axis] = stride;
            stride *= shape[axis];
        }
        return new(shape, strides.ToVec(), 0);
    }

    /// <summary>All elements of a tensor in their order.</summary>
    public static ElementView Of(params ReadOnlySpan<int> shape)
    {
        var sizes = new long[shape.Length];
        for (var i = 0; i < shape.Length; i++) sizes[i] = shape[i];
        return Of(sizes.ToVec());
    }

    /// <summary>The number of elements.</summary>
    public long Count => Sizes.Aggregate(1L, static (n, size) => n * size);

    /// <summary>The element after the last that the view reaches.</summary>
    public long End => Offset + Sizes.Zip(Strides, static (size, stride) => (size - 1) * stride).Sum() + 1;

    /// <summary>The axes in another order.</summary>
    public ElementView Permute(params Vec<int> axes) => this with { Sizes = axes.Map(a => Sizes[a]), Strides = axes.Map(a => Strides[a]) };

    /// <summary>Two axes, <c>[out, in]</c>, as <c>[in, out]</c>.</summary>
    public ElementView Transpose() => Permute([1, 0]);

    /// <summary>A stretch of one axis.</summary>
    public ElementView Slice(int axis, long first, long count) => this with { Sizes = Sizes.With(axis, count), Offset = Offset + (first * Strides[axis]) };

    /// <summary>One axis as two: <paramref name="outer"/> groups of as many as there are in each.</summary>
    public ElementView Split(int axis, long outer)
    {
        var inner = Sizes[axis] / outer;
        return this with
        {
            Sizes = [.. Sizes.Take(axis), outer, inner, .. Sizes.Skip(axis + 1)],
            Strides = [.. Strides.Take(axis), Strides[axis] * inner, Strides[axis], .. Strides.Skip(axis + 1)],
        };
    }

    /// <summary>What stands at one place of an axis, without that axis.</summary>
    public ElementView At(int axis, long place) => Slice(axis, place, 1) is var one
        ? one with { Sizes = [.. one.Sizes.Take(axis), .. one.Sizes.Skip(axis + 1)], Strides = [.. one.Strides.Take(axis), .. one.Strides.Skip(axis + 1)] }
        : one;

    /// <summary>The row-major places of the view's elements, in the view's order.</summary>
    public IEnumerable<long> Places()
    {
        var index = new long[Sizes.Count];
        var place = Offset;
        for (var n = Count; n > 0; n--)
        {
            yield return place;
            for (var axis = index.Length - 1; axis >= 0; axis--)
            {
                place += Strides[axis];
                if (++index[axis] < Sizes[axis]) break;
                place -= Strides[axis] * Sizes[axis];
                index[axis] = 0;
            }
        }
    }
}
